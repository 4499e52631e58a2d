"""Explicit Runge–Kutta methods: one step of each, and the one loop over steps that serves all.

Both are compiled once per machine. A step is a C function made from the method's tableau; the
loop takes its address and that of the right-hand side, and knows neither.

The loop can be paused: `advance` runs until it is done, has no room for output, has used its
budget of steps, or fails, and says which. All it needs to go on stands in its arguments.

References
----------
.. [HNW] Hairer, Nørsett, Wanner, *Solving Ordinary Differential Equations I*, 2nd ed.,
         Springer 1993, doi:10.1007/978-3-540-78862-1, section II.4 (step size, first step).
"""

import functools

import numpy as np

from odelib.pointers import (
    call_rhs,
    call_step,
    data,
    inlined,
    kernel,
    offset,
    source_stamp,
    step_pointer,
)
from odelib.tableaus import METHODS

# What `advance` says.
DONE, PAUSED, FULL, RHS_FAILED, STEP_TOO_SMALL, NOT_FINITE = range(6)

# clock (float64): the time reached, the size of the next step, and where f failed.
T, H, T_FAILED = range(3)
# counts (int64): FRESH says that K[0] holds f(t, y), RETRYING that the last step was rejected.
STEPS, REJECTED, EVALUATIONS, STORED, FRESH, RETRYING, STATUS, COUNTS = range(8)

# The step-size controller, as in [HNW] II.4 and SciPy.
SAFETY, SMALLEST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 10.0
ROUNDING = 1e-13  # of the length of the interval: a last step this close to whole is whole


@functools.cache
def step_of(method):
    """The compiled step of a method: an object with an `.address` that must be kept alive."""
    tab = METHODS[method]
    return step_pointer(make_step(tab.A, tab.b, tab.c, tab.e, tab.fsal, source_stamp()))


def make_step(A, b, c, e, fsal, stamp):
    """One step of a method as a Python function of the ABI STEP.

    It closes over constant arrays and numbers only, so numba can cache it on disk.
    """
    stages = len(b)

    def step(rhs, t, t_new, h, n, y, ctx, K, y_new, err):
        # On entry the first n numbers of K are f(t, y); K is (stages, n) by rows.
        version = stamp  # noqa: F841 - another source of the package, another function to cache
        for i in range(1, stages):
            for j in range(n):
                slope = 0.0
                for k in range(i):
                    slope += A[i, k] * K[k * n + j]
                y_new[j] = y[j] + h * slope
            # t + h may exceed t_new by a rounding error; f is never called beyond t_new
            t_stage = t_new if c[i] == 1.0 else t + c[i] * h
            status = call_rhs(rhs, t_stage, y_new, ctx, offset(K, i * n))
            if status != 0:
                err[0] = t_stage
                return status
        if not fsal:  # otherwise the last stage was taken at the new point
            for j in range(n):
                slope = 0.0
                for k in range(stages):
                    slope += b[k] * K[k * n + j]
                y_new[j] = y[j] + h * slope
        for j in range(n):
            slope = 0.0
            for k in range(stages):
                slope += e[k] * K[k * n + j]
            err[j] = h * slope
        return 0

    return step


@functools.cache
def loop():
    """The compiled loop over steps, `advance`."""
    return make_loop(source_stamp())


@functools.cache
def starter():
    """The compiled choice of the first step, `first_step`."""
    return make_starter(source_stamp())


def make_starter(stamp):
    """The first step of an adaptive solve, [HNW] II.4: small against the scales of y, f and f′."""

    @kernel
    def first_step(rhs, ctx, clock, counts, t_end, max_step, rtol, atol, exponent, y, K, y_new):
        version = stamp  # noqa: F841 - as in `make_step`
        n = len(y)
        t = clock[T]
        counts[STATUS] = call_rhs(rhs, t, data(y), data(ctx), data(K))
        counts[EVALUATIONS] += 1
        if counts[STATUS] != 0:
            clock[T_FAILED] = t
            return RHS_FAILED
        counts[FRESH] = 1
        size_y = size_f = 0.0
        for j in range(n):
            scale = atol[j] + rtol[j] * abs(y[j])
            size_y += (y[j] / scale) ** 2
            size_f += (K[j] / scale) ** 2
        size_y = np.sqrt(size_y / n)
        size_f = np.sqrt(size_f / n)
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
        change = 0.0
        for j in range(n):
            scale = atol[j] + rtol[j] * abs(y[j])
            change += ((K[n + j] - K[j]) / scale) ** 2
        change = np.sqrt(change / n) / guess
        if size_f <= 1e-15 and change <= 1e-15:
            better = max(1e-6, guess * 1e-3)
        else:
            better = (0.01 / max(size_f, change)) ** -exponent
        clock[H] = min(min(100.0 * guess, better), min(length, max_step))
        return DONE

    return first_step


def make_loop(stamp):
    """The loop over steps; it closes over numbers only, so numba can cache it on disk."""

    @kernel
    def advance(
        step, rhs, ctx,  # addresses of the C functions, description of the problem
        clock, counts, budget,  # where we stand; how many steps to try before a pause
        t0, t_end, fixed_step, last, max_step,  # fixed_step = 0: adaptive; last: number of steps
        rtol, atol, exponent,  # of the controller; exponent = −1/(order of the estimate + 1)
        y, K, y_new, err,  # state (n,), stages (s·n,), the step's end (n,), its error (n,)
        fsal, P, t_eval,  # t_eval empty: store every step
        t_out, y_out,  # (room,), (room, n)
    ):  # fmt: skip
        version = stamp  # noqa: F841 - as in `make_step`
        n = len(y)
        stages = len(P)
        direction = 1.0 if t_end >= t0 else -1.0
        every_step = len(t_eval) == 0
        for _ in range(budget):
            t = clock[T]
            if t == t_end:
                return DONE
            if every_step and counts[STORED] == len(t_out):
                return FULL

            if not counts[FRESH]:
                counts[STATUS] = call_rhs(rhs, t, data(y), data(ctx), data(K))
                counts[EVALUATIONS] += 1
                if counts[STATUS] != 0:
                    clock[T_FAILED] = t
                    return RHS_FAILED
                counts[FRESH] = 1

            # The step to try: from t to t_new.
            if fixed_step > 0.0:
                i = counts[STEPS]
                t_new = t0 + direction * (i + 1) * fixed_step
                h = direction * fixed_step
                if i + 1 >= last:
                    # the last step is shortened, unless the interval is a whole number of steps
                    if abs(t_end - t_new) > ROUNDING * abs(t_end - t0):
                        h = t_end - t
                    t_new = t_end
            else:
                smallest = 10.0 * abs(np.nextafter(t, direction * np.inf) - t)
                size = min(clock[H], max_step)
                if not size >= smallest:
                    if counts[RETRYING]:
                        return STEP_TOO_SMALL
                    size = smallest
                t_new = t + direction * size
                if direction * (t_new - t_end) > 0.0:
                    t_new = t_end
                h = t_new - t

            counts[STATUS] = call_step(
                step, rhs, t, t_new, h, n, data(y), data(ctx), data(K), data(y_new), data(err)
            )
            counts[EVALUATIONS] += stages - 1
            if counts[STATUS] != 0:
                clock[T_FAILED] = err[0]
                return RHS_FAILED

            if fixed_step > 0.0:
                for j in range(n):
                    if not np.isfinite(y_new[j]):
                        return NOT_FINITE
            else:
                norm = error_norm(err, y, y_new, rtol, atol)
                factor = LARGEST_FACTOR if norm == 0.0 else SAFETY * norm**exponent
                if not norm < 1.0:  # a norm that is not a number rejects the step too
                    clock[H] = abs(h) * (factor if factor > SMALLEST_FACTOR else SMALLEST_FACTOR)
                    counts[REJECTED] += 1
                    counts[RETRYING] = 1
                    continue
                factor = min(factor, 1.0 if counts[RETRYING] else LARGEST_FACTOR)
                clock[H] = abs(h) * factor
                counts[RETRYING] = 0

            # The step is accepted: store what was asked for, then move on.
            if every_step:
                t_out[counts[STORED]] = t_new
                for j in range(n):
                    y_out[counts[STORED], j] = y_new[j]
                counts[STORED] += 1
            else:
                while counts[STORED] < len(t_eval) and (
                    direction * (t_eval[counts[STORED]] - t_new) <= 0.0
                ):
                    i = counts[STORED]
                    t_out[i] = t_eval[i]
                    if t_eval[i] == t_new:
                        for j in range(n):
                            y_out[i, j] = y_new[j]
                    else:
                        interpolate((t_eval[i] - t) / h, h, y, K, P, y_out[i])
                    counts[STORED] += 1
            for j in range(n):
                y[j] = y_new[j]
                if fsal:
                    K[j] = K[(stages - 1) * n + j]
            counts[FRESH] = 1 if fsal else 0
            counts[STEPS] += 1
            clock[T] = t_new
        return DONE if clock[T] == t_end else PAUSED

    return advance


@inlined
def error_norm(err, y, y_new, rtol, atol):
    """Root mean square of err / (atol + rtol·max(|y|, |y_new|)); atol is (n,)."""
    total = 0.0
    for j in range(len(y)):
        scale = atol[j] + rtol[j] * max(abs(y[j]), abs(y_new[j]))
        total += (err[j] / scale) ** 2
    return np.sqrt(total / len(y))


@inlined
def interpolate(theta, h, y, K, P, out):
    """Write y(t + θh) of the step that started at y with the stages K into out (n,)."""
    n = len(y)
    for j in range(n):
        out[j] = 0.0
    for i in range(P.shape[0]):
        weight = 0.0
        for q in range(P.shape[1] - 1, -1, -1):
            weight = theta * (P[i, q] + weight)
        for j in range(n):
            out[j] += weight * K[i * n + j]
    for j in range(n):
        out[j] = y[j] + h * out[j]
