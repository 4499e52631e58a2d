"""The loop over steps of the implicit methods; each has a kernel of its own, made from it.

It is the plan of loop.py: try, judge, keep, go on. To try and to judge is the method's `attempt`
(methods/implicit.py), because what it learns from solving its equations also says how to go on.
"""

from odelib.methods import IMPLICIT, implicit
from odelib.pointers import called, data, kernel
from odelib.solving import rows
from odelib.solving.codes import (
    BEGUN,
    BUDGET,
    DECOMPOSITIONS,
    DONE,
    EVALUATIONS,
    EVENT,
    FAILED_EVENT,
    FOUND,
    FRESH,
    FULL,
    JACOBIANS,
    NOT_SOLVED,
    PAUSED,
    REJECTED,
    RETRYING,
    RHS_FAILED,
    STATUS,
    STEP_TOO_SMALL,
    STEPS,
    STORED,
    STORED_EVAL,
    SUBDIVISIONS,
    T_FAILED,
    H,
    Step,
    T,
)
from odelib.solving.loop import begin
from odelib.solving.stepsize import chosen_step, fixed_step
from odelib.solving.storing import keep


@called
def begin_implicit(method, field, span, tolerances, state, output, watched, system):
    """`begin`, and nothing remembered of another solve; f at the start is known from it."""
    code = begin(method, field, span, tolerances, state, output, watched)
    for i in range(len(system.memory)):
        system.memory[i] = 0.0
    for i in range(len(system.tally)):
        system.tally[i] = 0
    for j in range(len(state.y)):
        system.work[implicit.INCREMENT, j] = 0.0
        system.work[implicit.F, j] = state.K[j]
    system.memory[implicit.NEXT] = state.clock[H]
    system.tally[implicit.CALLS] = state.counts[EVALUATIONS]
    system.tally[implicit.KNOWN] = state.counts[FRESH]
    if system.jac == implicit.CONSTANT:
        system.tally[implicit.TRUST] = implicit.CURRENT
    return code


def loop_of(attempt):
    """The loop over steps of the method that tries them so."""

    def advance(method, field, span, tolerances, state, output, asked, watched, system):
        clock, counts, memory, tally = state.clock, state.counts, system.memory, system.tally
        if not counts[BEGUN]:
            code = begin_implicit(method, field, span, tolerances, state, output, watched, system)
            if code != DONE:
                return code
        y, y_new, K = state.y, state.y_new, state.K
        n, t, t_end, fixed = len(y), clock[T], span.t_end, span.step > 0.0
        room, watching = len(output.t_out), len(watched.events) > 0
        most_found = len(watched.t_found) - SUBDIVISIONS * len(watched.events) - 1
        direction = 1.0 if t_end >= span.t0 else -1.0
        code = PAUSED
        for _ in range(counts[BUDGET]):
            if t == t_end:
                code = DONE
                break
            if (room > 0 and counts[STORED] == room) or (watching and counts[FOUND] > most_found):
                code = FULL
                break

            # Try a step, from t to t_new, and judge it.
            if fixed:
                h, t_new = fixed_step(span, direction, t, counts[STEPS])
            else:
                h, t_new = chosen_step(span, direction, t, memory[implicit.NEXT], counts[RETRYING])
                if h == 0.0:
                    code = STEP_TOO_SMALL
                    break
            outcome = attempt(
                field.rhs, data(field.ctx), t, t_new, h, fixed, y, y_new, K, tolerances, system
            )
            if outcome == implicit.FAILED:
                counts[STATUS], clock[T_FAILED] = (
                    tally[implicit.RETURNED],
                    memory[implicit.FAILED_AT],
                )
                if tally[implicit.BY_JACOBIAN]:
                    counts[FAILED_EVENT] = -1
                for j in range(n):  # where it failed, for who asks
                    y[j] = y_new[j]
                code = RHS_FAILED
                break
            if outcome == implicit.NOT_CONVERGED:
                code = NOT_SOLVED
                break
            if outcome != implicit.ACCEPTED:
                counts[REJECTED] += 1
                counts[RETRYING] = 1
                continue
            counts[RETRYING] = 0

            # Keep what is asked for of the solution within it, and go on from its end.
            step = Step(t=t, t_new=t_new, h=h, y=y, y_new=y_new, K=K, F=method.F)
            code, t, counts[STORED], counts[STORED_EVAL] = keep(
                step, counts[STORED], counts[STORED_EVAL], output, asked, watched, clock, counts,
                direction,
            )  # fmt: skip
            if code == RHS_FAILED:
                break
            for j in range(n):
                y[j] = y_new[j]
            counts[STEPS] += 1
            if code == EVENT:
                break
            code = PAUSED
        clock[T], clock[H] = t, memory[implicit.NEXT]
        counts[EVALUATIONS] = tally[implicit.CALLS]
        counts[JACOBIANS], counts[DECOMPOSITIONS] = (
            tally[implicit.JACOBIANS],
            tally[implicit.DECOMPOSITIONS],
        )
        return DONE if code == PAUSED and t == t_end else code

    return kernel(advance)


def rows_of(advance):
    """The loop over the trajectories of an ensemble round such a loop: see rows.py."""

    def solve_rows(
        queue, trajectories, method, field, span, tolerances, state, output, asked, watched, system
    ):  # fmt: skip
        place, budget, counts = queue.place, queue.budget, state.counts
        while place[rows.ROW] < place[rows.STOP]:
            code = rows.allow(queue, budget, trajectories, span, state)
            if code != DONE:
                return code
            tried = counts[STEPS] + counts[REJECTED]
            code = advance(
                method, rows.field_of_row(queue, trajectories, field), span, tolerances, state,
                output, rows.asked_of_row(queue, trajectories, asked), watched, system,
            )  # fmt: skip
            budget -= counts[STEPS] + counts[REJECTED] - tried
            if code == DONE:
                rows.finish(queue, trajectories, state)
            elif code != PAUSED:
                return code
        return DONE

    return kernel(solve_rows)


KERNELS = {name: loop_of(row.attempt) for name, row in IMPLICIT.items()}
OVER_ROWS = {name: rows_of(advance.part) for name, advance in KERNELS.items()}
