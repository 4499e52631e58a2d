"""The loop over steps that serves every explicit Runge–Kutta method and every right-hand side.

It is compiled once per machine. It takes the address of a method's step (steps.py) and that of
the right-hand side, and knows neither.

The loop can be paused: `advance` runs until it is done, has no room for output, has used its
budget of steps, is stopped by an event, or fails, and says which. All that it needs to go on
stands in its arguments.

References
----------
.. [HNW] Hairer, Nørsett, Wanner, *Solving Ordinary Differential Equations I*, 2nd ed.,
         Springer 1993, doi:10.1007/978-3-540-78862-1, section II.4 (step size, first step).
"""

import numpy as np

from odelib.kernels.between import evaluate, find_events, interpolant_coefficients, interpolate
from odelib.kernels.states import (
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
    T,
)
from odelib.pointers import call_rhs, call_step, data, inlined, kernel, offset

# The step-size controller, as in [HNW] II.4 and SciPy.
SAFETY, SMALLEST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 10.0
NEGLIGIBLE, TINY = 1e-14, 1e-300  # NEGLIGIBLE·|t| + TINY is more than ten spacings of t
ROUNDING = 1e-13  # of the length of the interval: a last step this close to whole is whole


# --- The start ------------------------------------------------------------------------------------


@inlined
def begin(
    rhs, ctx, clock, counts, t_end, fixed_step, max_step, rtol, atol, exponent, y, K, y_new,
    events, ctx_events, g,
):  # fmt: skip
    """The events' values at the start, and the first step unless there is one."""
    for i in range(len(events)):
        if not evaluate(i, events, clock[T], y, ctx_events, g, i, clock, counts):
            return RHS_FAILED
    if fixed_step == 0.0 and clock[H] == 0.0:
        return first_step(
            rhs, ctx, clock, counts, t_end, max_step, rtol, atol, exponent, y, K, y_new
        )
    return DONE


@inlined
def first_step(rhs, ctx, clock, counts, t_end, max_step, rtol, atol, exponent, y, K, y_new):
    """The first step of an adaptive solve, [HNW] II.4: small against the scales of y, f and f′."""
    n = len(y)
    t = clock[T]
    counts[STATUS] = call_rhs(rhs, t, data(y), data(ctx), data(K))
    counts[EVALUATIONS] += 1
    if counts[STATUS] != 0:
        clock[T_FAILED] = t
        return RHS_FAILED
    counts[FRESH] = 1
    y_, K_, rtol_, atol_ = data(y), data(K), data(rtol), data(atol)
    size_y = norm(y_, y_, n, rtol_, atol_, len(atol))
    size_f = norm(K_, y_, n, rtol_, atol_, len(atol))
    if not np.isfinite(size_f):
        return NOT_FINITE
    length = abs(t_end - t)
    guess = 1e-6 if size_y < 1e-5 or size_f < 1e-5 else 0.01 * size_y / size_f
    guess = min(guess, length)

    # An Euler step of that size measures how fast f itself changes.
    h = guess if t_end >= t else -guess
    for j in range(n):
        y_new[j] = y[j] + h * K[j]
    t_new = t_end if guess == length else t + h
    counts[STATUS] = call_rhs(rhs, t_new, data(y_new), data(ctx), offset(data(K), n))
    counts[EVALUATIONS] += 1
    if counts[STATUS] != 0:
        clock[T_FAILED] = t_new
        return RHS_FAILED
    for j in range(n):
        K[n + j] -= K[j]
    change = norm(offset(K_, n), y_, n, rtol_, atol_, len(atol)) / guess
    if size_f <= 1e-15 and change <= 1e-15:
        better = max(1e-6, guess * 1e-3)
    else:
        better = (0.01 / max(size_f, change)) ** exponent
    clock[H] = min(min(100.0 * guess, better), min(length, max_step))
    return DONE


# --- The loop over steps --------------------------------------------------------------------------


@kernel
def advance(
    step, more, exponent, stages, fsal, F,  # the method (steps.py): addresses (more may be 0), …
    rhs, ctx,  # the problem
    clock, counts,  # where we stand (states.py)
    t0, t_end, fixed_step, last, max_step,  # fixed_step = 0: adaptive; last: number of steps
    rtol, atol,  # of shape (n / 2,) where y is complex
    y, K, y_new, err,  # state (n,), stages, the step's end (n,), what the step says of it
    t_out, y_out, h_out, q_out,  # every step: (room,), (room, n), (room,), (room, q, n)
    t_eval, y_eval,  # the times asked for (m,), the states there (m, n)
    events, ctx_events, directions, left, g,  # (e,): addresses of both, …, how many until the end
    t_found, which, y_found,  # (found,), (found,), (found, n)
    y_mid, g_mid,  # room for find_events: (n,), (e + 1,)
):  # fmt: skip
    """Steps until one of the reasons in states.py to return; it can be called again to go on."""
    n = len(y)
    every_step, dense, watched = len(t_out) > 0, len(q_out) > 0, len(events) > 0
    if not counts[BEGUN]:
        if every_step:
            t_out[0] = clock[T]
            for j in range(n):
                y_out[0, j] = y[j]
            counts[STORED] = 1
        code = begin(
            rhs, ctx, clock, counts, t_end, fixed_step, max_step, rtol, atol, exponent,
            y, K, y_new, events, ctx_events, g,
        )  # fmt: skip
        if code != DONE:
            return code
        counts[BEGUN] = 1
    direction = 1.0 if t_end >= t0 else -1.0
    safety = SAFETY * len(atol) ** (0.5 * exponent)  # for a sum over the components, not a mean
    swapped = False  # y and y_new change places after a step, so that nothing is copied

    # What changes at every step is not in memory, where a call could have changed it.
    t, next_size, fresh, retrying = clock[T], clock[H], counts[FRESH], counts[RETRYING]
    steps, rejected, evaluations = counts[STEPS], counts[REJECTED], counts[EVALUATIONS]
    stored, stored_eval = counts[STORED], counts[STORED_EVAL]
    t_next = t_eval[stored_eval] if stored_eval < len(t_eval) else direction * np.inf
    code, status = PAUSED, 0
    for _ in range(counts[BUDGET]):
        if t == t_end:
            code = DONE
            break
        if every_step and stored == len(t_out):
            code = FULL
            break
        if watched and counts[FOUND] + SUBDIVISIONS * len(events) + 1 > len(t_found):
            code = FULL
            break

        if not fresh:
            status = call_rhs(rhs, t, data(y), data(ctx), data(K))
            evaluations += 1
            if status != 0:
                clock[T_FAILED] = t
                code = RHS_FAILED
                break
            fresh = 1

        # The step to try: from t to t_new.
        if fixed_step > 0.0:
            t_new = t0 + direction * (steps + 1) * fixed_step
            h = direction * fixed_step
            if steps + 1 >= last:
                # the last step is shortened, unless the interval is a whole number of steps
                if abs(t_end - t_new) > ROUNDING * abs(t_end - t0):
                    h = t_end - t
                t_new = t_end
        else:
            size = next_size
            if not NEGLIGIBLE * abs(t) + TINY < size <= max_step:  # rarely
                size = min(size, max_step)
                smallest = 10.0 * abs(np.nextafter(t, direction * np.inf) - t)
                if not size >= smallest:
                    if retrying:
                        code = STEP_TOO_SMALL
                        break
                    size = smallest
            t_new = t + direction * size
            if direction * (t_new - t_end) > 0.0:
                t_new = t_end
            h = t_new - t

        status = call_step(
            step, rhs, t, t_new, h, n, data(y), data(ctx), data(K), data(y_new), data(err)
        )
        evaluations += stages - 1
        if status != 0:
            clock[T_FAILED] = err[0]
            code = RHS_FAILED
            break

        if fixed_step > 0.0:
            if err[0] > 0.0:
                code = NOT_FINITE
                break
        else:
            square = squared_error(
                offset(data(err), 1), (len(err) - 1) // n, data(y), data(y_new), n,
                data(rtol), data(atol), len(atol),
            )  # fmt: skip
            size, next_size = abs(h), np.inf
            if square != 0.0:
                next_size = safety * size * square ** (-0.5 * exponent)
            if not square < len(atol) or err[0] > 0.0:  # NaN rejects the step too
                smallest = SMALLEST_FACTOR * size
                next_size = next_size if smallest < next_size < size else smallest
                rejected += 1
                retrying = 1
                continue
            next_size = min(next_size, size if retrying else LARGEST_FACTOR * size)
            retrying = 0

        # The step is accepted. Does anything ask for the solution within it?
        if more != 0 and (dense or watched or direction * (t_next - t_new) < 0.0):
            status = call_step(
                more, rhs, t, t_new, h, n, data(y), data(ctx), data(K), data(y_new), data(err)
            )
            evaluations += len(F) - stages
            if status != 0:
                clock[T_FAILED] = err[0]
                code = RHS_FAILED
                break
        t_stop = t_new
        if watched:
            found, counts[STEPS] = counts[FOUND], steps
            code = find_events(
                t, t_new, h, y, y_new, K, F, events, ctx_events, directions, left, g,
                clock, counts, t_found, which, y_found, y_mid, g_mid,
            )  # fmt: skip
            if code == RHS_FAILED:
                counts[FOUND], status = found, counts[STATUS]
                break
            if code == EVENT:
                t_stop = t_found[counts[FOUND] - 1]
        while direction * (t_next - t_stop) <= 0.0:
            if t_next == t_new:
                for j in range(n):
                    y_eval[stored_eval, j] = y_new[j]
            else:
                interpolate((t_next - t) / h, h, y, K, F, y_eval[stored_eval])
            stored_eval += 1
            t_next = t_eval[stored_eval] if stored_eval < len(t_eval) else direction * np.inf
        if dense:
            h_out[stored] = h
            interpolant_coefficients(h, n, K, F, q_out[stored])
        if t_stop != t_new:  # an event ends the solve within the step
            for j in range(n):
                y_new[j] = y_found[counts[FOUND] - 1, j]
        if every_step:
            t_out[stored] = t_stop
            for j in range(n):
                y_out[stored, j] = y_new[j]
            stored += 1
        y, y_new = y_new, y
        swapped = not swapped
        if fsal:
            for j in range(n):
                K[j] = K[(stages - 1) * n + j]
        fresh = 1 if fsal else 0
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


# Pointers, not arrays, are passed below: each array passed to a function costs two atomic counts of
# its references, and these run at every step: for a small system that was 40 % of the time.


@inlined
def norm(values, y, n, rtol, atol, count):
    """The size of values against the tolerances at y."""
    return np.sqrt(squared_error(values, 1, y, y, n, rtol, atol, count) / count)


@inlined
def squared_error(err, estimates, y, y_new, n, rtol, atol, count):
    """Σ (error / (atol + rtol·max(|y|, |y_new|)))² over the components.

    A step is accepted where it is less than their number: where the mean is below 1.

    All are pointers; where there are half as many components as numbers n, y holds pairs of real
    and imaginary part, and |·| is theirs. Two estimates are combined as in DOP853.
    """
    total = low = 0.0
    if count == n:
        for j in range(n):
            scale = atol[j] + rtol[j] * max(abs(y[j]), abs(y_new[j]))
            scaled = err[j] / scale
            total += scaled * scaled
            if estimates == 2:
                scaled = err[n + j] / scale
                low += scaled * scaled
    else:
        for j in range(0, n, 2):
            size = max(np.hypot(y[j], y[j + 1]), np.hypot(y_new[j], y_new[j + 1]))
            scale = atol[j // 2] + rtol[j // 2] * size
            scaled = np.hypot(err[j], err[j + 1]) / scale
            total += scaled * scaled
            if estimates == 2:
                scaled = np.hypot(err[n + j], err[n + j + 1]) / scale
                low += scaled * scaled
    if estimates == 2 and total > 0.0:
        return total * total / (total + 0.01 * low)
    return total
