"""The loop over steps that serves every explicit method and every right-hand side.

It is compiled once per machine. It takes the address of a method's step (methods/steps.py) and that
of the right-hand side, and knows neither.

The loop can be paused: `advance` runs until it is done, has no room for output, has used its
budget of steps, is stopped by an event, or fails, and says which. All that it needs to go on
stands in its arguments (codes.py).
"""

from odelib.pointers import call_rhs, call_step, called, data, kernel, offset
from odelib.solving.codes import (
    BEGUN,
    BUDGET,
    DONE,
    EVALUATIONS,
    EVENT,
    FOUND,
    FRESH,
    FULL,
    NOT_FINITE,
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
from odelib.solving.events import evaluate
from odelib.solving.stepsize import (
    SAFETY,
    chosen_step,
    first_step,
    fixed_step,
    judge,
    squared_error,
)
from odelib.solving.storing import keep, next_asked, store_start


@called
def begin(method, field, span, tolerances, state, output, watched):
    """Keep the start and the events' values there; choose the first step unless there is one."""
    clock, counts = state.clock, state.counts
    if len(output.t_out) > 0:
        store_start(clock[T], state.y, output)
        counts[STORED] = 1
    for i in range(len(watched.events)):
        if not evaluate(i, clock[T], state.y, watched, watched.g, i, clock, counts):
            return RHS_FAILED
    if span.step == 0.0 and clock[H] == 0.0:
        code = first_step(method, field, span, tolerances, state)
        if code != DONE:
            return code
    counts[BEGUN] = 1
    return DONE


@kernel
def advance(method, field, span, tolerances, state, output, asked, watched):
    """Steps until one of the reasons in codes.py to return; it can be called again to go on."""
    clock, counts, err = state.clock, state.counts, state.err
    if not counts[BEGUN]:
        code = begin(method, field, span, tolerances, state, output, watched)
        if code != DONE:
            return code
    rhs, ctx, K, F = field.rhs, data(field.ctx), state.K, method.F
    n, t_end, fixed = len(state.y), span.t_end, span.step > 0.0
    room, dense, watching = len(output.t_out), len(output.q_out) > 0, len(watched.events) > 0
    most_found = len(watched.t_found) - SUBDIVISIONS * len(watched.events) - 1
    direction = 1.0 if t_end >= span.t0 else -1.0
    count = len(tolerances.atol)
    safety = SAFETY * count ** (0.5 * method.exponent)  # for a sum over components, not a mean
    y, y_new = state.y, state.y_new
    swapped = False  # y and y_new change places after a step, so that nothing is copied

    # What changes at every step is not in memory, where a call could have changed it.
    t, next_size, fresh, retrying = clock[T], clock[H], counts[FRESH], counts[RETRYING]
    steps, rejected, evaluations = counts[STEPS], counts[REJECTED], counts[EVALUATIONS]
    stored, stored_eval = counts[STORED], counts[STORED_EVAL]
    code, status = PAUSED, 0
    for _ in range(counts[BUDGET]):
        if t == t_end:
            code = DONE
            break
        if (room > 0 and stored == room) or (watching and counts[FOUND] > most_found):
            code = FULL
            break

        # Try a step, from t to t_new.
        if not fresh:
            status = call_rhs(rhs, t, data(y), ctx, data(K))
            evaluations += 1
            if status != 0:
                clock[T_FAILED] = t
                code = RHS_FAILED
                break
            fresh = 1
        if fixed:
            h, t_new = fixed_step(span, direction, t, steps)
        else:
            h, t_new = chosen_step(span, direction, t, next_size, retrying)
            if h == 0.0:
                code = STEP_TOO_SMALL
                break
        status = call_step(
            method.step, rhs, t, t_new, h, n, data(y), ctx, data(K), data(y_new), data(err)
        )
        evaluations += method.stages - 1
        if status != 0:
            clock[T_FAILED] = err[0]
            code = RHS_FAILED
            break

        # Judge it.
        broken = err[0] > 0.0
        if fixed:
            if broken:
                code = NOT_FINITE
                break
        else:
            square = squared_error(
                offset(data(err), 1), (len(err) - 1) // n, data(y), data(y_new), n,
                data(tolerances.rtol), data(tolerances.atol), count,
            )  # fmt: skip
            accepted, next_size = judge(h, square, count, broken, method.exponent, safety, retrying)
            if not accepted:
                rejected += 1
                retrying = 1
                continue
            retrying = 0

        # Keep what is asked for of the solution within it.
        t_next = next_asked(asked, stored_eval, direction)
        within = direction * (t_next - t_new) < 0.0
        if method.extra_stages != 0 and (dense or watching or within):
            status = call_step(
                method.extra_stages, rhs, t, t_new, h, n,
                data(y), ctx, data(K), data(y_new), data(err),
            )  # fmt: skip
            evaluations += len(F) - method.stages
            if status != 0:
                clock[T_FAILED] = err[0]
                code = RHS_FAILED
                break
        step = Step(t=t, t_new=t_new, h=h, y=y, y_new=y_new, K=K, F=F)
        if watching:
            counts[STEPS] = steps
        code, t_stop, stored, stored_eval = keep(
            step, stored, stored_eval, output, asked, watched, clock, counts, direction
        )
        if code == RHS_FAILED:
            status = counts[STATUS]
            break

        # Go on from its end.
        y, y_new = y_new, y
        swapped = not swapped
        if method.fsal:
            for j in range(n):
                K[j] = K[(method.stages - 1) * n + j]
        fresh = 1 if method.fsal else 0
        steps += 1
        t = t_stop
        if code == EVENT:
            break
        code = PAUSED
    if swapped:
        for j in range(n):
            y[j], y_new[j] = y_new[j], y[j]
    clock[T], clock[H], counts[FRESH], counts[RETRYING] = t, next_size, fresh, retrying
    counts[STEPS], counts[REJECTED], counts[EVALUATIONS] = steps, rejected, evaluations
    counts[STORED], counts[STORED_EVAL], counts[STATUS] = stored, stored_eval, status
    return DONE if code == PAUSED and t == t_end else code
