"""The loop over the trajectories of an ensemble, round the loop over the steps of one."""

from odelib.kernels import explicit
from odelib.kernels.states import (
    BUDGET,
    DONE,
    EVALUATIONS,
    NOT_FINITE,
    PAUSED,
    REJECTED,
    STEPS,
    H,
    T,
)
from odelib.pointers import kernel

# place (int64): the row that is being solved, the row to stop before, whether its solve has begun.
ROW, STOP, BEGUN, PLACES = range(4)
OUT_OF_STEPS = NOT_FINITE + 1  # what `solve_rows` says beside what `advance` does

ADVANCE = explicit.advance.part  # the very kernel that solves a single problem


@kernel
def solve_rows(
    place, origin, budget, max_steps, first_step,  # origin: the row of contexts[0]
    starts, contexts, ends, t_reached, tallies, done,  # a row for each trajectory
    step, more, exponent, stages, fsal, F, rhs, clock, counts,
    t0, t_end, fixed_step, last, max_step, rtol, atol, y, K, y_new, err,
    t_out, y_out, h_out, q_out, t_eval, y_evals,
    events, ctx_events, directions, left, g, t_found, which, y_found, y_mid, g_mid,
):  # fmt: skip
    """Solve rows until the last, or a failure of row place[ROW], or the budget of steps."""
    while place[ROW] < place[STOP]:
        row = place[ROW]
        ctx = contexts[row - origin]
        if not place[BEGUN]:
            place[BEGUN] = 1
            clock[T], clock[H] = t0, first_step
            for i in range(len(counts)):
                counts[i] = 0
            for j in range(len(y)):
                y[j] = starts[row, j]
            for i in range(len(K)):
                K[i] = 0.0
        tried = counts[STEPS] + counts[REJECTED]
        if tried >= max_steps:
            return OUT_OF_STEPS
        if budget <= 0:
            return PAUSED
        counts[BUDGET] = min(budget, max_steps - tried)
        code = ADVANCE(
            step, more, exponent, stages, fsal, F, rhs, ctx, clock, counts,
            t0, t_end, fixed_step, last, max_step, rtol, atol, y, K, y_new, err,
            t_out, y_out, h_out, q_out, t_eval, y_evals[row],
            events, ctx_events, directions, left, g, t_found, which, y_found, y_mid, g_mid,
        )  # fmt: skip
        budget -= counts[STEPS] + counts[REJECTED] - tried
        if code == DONE:
            for j in range(len(y)):
                ends[row, j] = y[j]
            t_reached[row] = clock[T]
            tallies[row, 0] = counts[EVALUATIONS]
            tallies[row, 1] = counts[STEPS]
            tallies[row, 2] = counts[REJECTED]
            done[row] = True
            place[ROW] = row + 1
            place[BEGUN] = 0
        elif code != PAUSED:
            return code
    return DONE
