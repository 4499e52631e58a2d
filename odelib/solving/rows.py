"""The loop over the trajectories of an ensemble, round the loop over the steps of one."""

from odelib.pointers import called, kernel
from odelib.solving import loop
from odelib.solving.codes import (
    BUDGET,
    DONE,
    EVALUATIONS,
    NOT_SOLVED,
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
OUT_OF_STEPS = NOT_SOLVED + 1  # what `solve_rows` says beside what `advance` does

ADVANCE = loop.advance.part  # the very kernel that solves a single problem


@kernel
def solve_rows(queue, trajectories, method, field, span, tolerances, state, output, asked, watched):
    """Solve rows until the last, or a failure of row place[ROW], or the budget of steps."""
    place, budget, counts = queue.place, queue.budget, state.counts
    while place[ROW] < place[STOP]:
        code = allow(queue, budget, trajectories, span, state)
        if code != DONE:
            return code
        tried = counts[STEPS] + counts[REJECTED]
        code = ADVANCE(
            method, field_of_row(queue, trajectories, field), span, tolerances, state, output,
            asked_of_row(queue, trajectories, asked), watched,
        )  # fmt: skip
        budget -= counts[STEPS] + counts[REJECTED] - tried
        if code == DONE:
            finish(queue, trajectories, state)
        elif code != PAUSED:
            return code
    return DONE


@called
def allow(queue, budget, trajectories, span, state):
    """Begin the row unless it has begun, and say how many steps it may try; DONE, or why none."""
    place, clock, counts = queue.place, state.clock, state.counts
    if not place[BEGUN]:
        place[BEGUN] = 1
        clock[T], clock[H] = span.t0, queue.first_step
        for i in range(len(counts)):
            counts[i] = 0
        for j in range(len(state.y)):
            state.y[j] = trajectories.starts[place[ROW], j]
        for i in range(len(state.K)):
            state.K[i] = 0.0
    tried = counts[STEPS] + counts[REJECTED]
    if tried >= queue.max_steps:
        return OUT_OF_STEPS
    if budget <= 0:
        return PAUSED
    counts[BUDGET] = min(budget, queue.max_steps - tried)
    return DONE


@called
def field_of_row(queue, trajectories, field):
    """The right-hand side with the args of the row."""
    return Field(rhs=field.rhs, ctx=trajectories.contexts[queue.place[ROW] - queue.origin])


@called
def asked_of_row(queue, trajectories, asked):
    """The times asked for, and where the row's states are kept."""
    return Asked(t_eval=asked.t_eval, y_eval=trajectories.between[queue.place[ROW]])


@called
def finish(queue, trajectories, state):
    """Keep the end of the row, and go to the next."""
    place, rows, counts, row = queue.place, trajectories, state.counts, queue.place[ROW]
    for j in range(len(state.y)):
        rows.ends[row, j] = state.y[j]
    rows.t_reached[row] = state.clock[T]
    rows.tallies[row, 0] = counts[EVALUATIONS]
    rows.tallies[row, 1] = counts[STEPS]
    rows.tallies[row, 2] = counts[REJECTED]
    rows.done[row] = True
    place[ROW] = row + 1
    place[BEGUN] = 0
