"""The loop over the trajectories of an ensemble, round the loop over the steps of one."""

from odelib.pointers import kernel
from odelib.solving import loop
from odelib.solving.codes import (
    BUDGET,
    DONE,
    EVALUATIONS,
    NOT_FINITE,
    PAUSED,
    REJECTED,
    STEPS,
    Asked,
    Field,
    H,
    T,
)

# place (int64): the row that is being solved, the row to stop before, whether its solve has begun.
ROW, STOP, BEGUN, PLACES = range(4)
OUT_OF_STEPS = NOT_FINITE + 1  # what `solve_rows` says beside what `advance` does

ADVANCE = loop.advance.part  # the very kernel that solves a single problem


@kernel
def solve_rows(queue, trajectories, method, field, span, tolerances, state, output, asked, watched):
    """Solve rows until the last, or a failure of row place[ROW], or the budget of steps."""
    place, budget, rows = queue.place, queue.budget, trajectories
    clock, counts, y, K = state.clock, state.counts, state.y, state.K
    while place[ROW] < place[STOP]:
        row = place[ROW]
        if not place[BEGUN]:
            place[BEGUN] = 1
            clock[T], clock[H] = span.t0, queue.first_step
            for i in range(len(counts)):
                counts[i] = 0
            for j in range(len(y)):
                y[j] = rows.starts[row, j]
            for i in range(len(K)):
                K[i] = 0.0
        tried = counts[STEPS] + counts[REJECTED]
        if tried >= queue.max_steps:
            return OUT_OF_STEPS
        if budget <= 0:
            return PAUSED
        counts[BUDGET] = min(budget, queue.max_steps - tried)
        code = ADVANCE(
            method, Field(rhs=field.rhs, ctx=rows.contexts[row - queue.origin]), span, tolerances,
            state, output, Asked(t_eval=asked.t_eval, y_eval=rows.between[row]), watched,
        )  # fmt: skip
        budget -= counts[STEPS] + counts[REJECTED] - tried
        if code == DONE:
            for j in range(len(y)):
                rows.ends[row, j] = y[j]
            rows.t_reached[row] = clock[T]
            rows.tallies[row, 0] = counts[EVALUATIONS]
            rows.tallies[row, 1] = counts[STEPS]
            rows.tallies[row, 2] = counts[REJECTED]
            rows.done[row] = True
            place[ROW] = row + 1
            place[BEGUN] = 0
        elif code != PAUSED:
            return code
    return DONE
