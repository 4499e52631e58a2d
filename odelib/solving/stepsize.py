"""How long a step is: the first one, the next one, and whether the one that was tried is accepted.

References
----------
.. [HNW] Hairer, Nørsett, Wanner, *Solving Ordinary Differential Equations I*, 2nd ed.,
         Springer 1993, doi:10.1007/978-3-540-78862-1, section II.4 (step size, first step).
"""

import numpy as np

from odelib.pointers import call_rhs, called, data, inlined, offset
from odelib.solving.codes import (
    DONE,
    EVALUATIONS,
    FRESH,
    NOT_FINITE,
    RHS_FAILED,
    STATUS,
    T_FAILED,
    H,
    T,
)

# The step-size controller, as in [HNW] II.4 and SciPy.
SAFETY, SMALLEST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 10.0
NEGLIGIBLE, TINY = 1e-14, 1e-300  # NEGLIGIBLE·|t| + TINY is more than ten spacings of t
ROUNDING = 1e-13  # of the length of the interval: a last step this close to whole is whole


@called
def first_step(method, field, span, tolerances, state):
    """The first step of an adaptive solve, [HNW] II.4: small against the scales of y, f and f′."""
    clock, counts, y, K, y_new = state.clock, state.counts, state.y, state.K, state.y_new
    n, count = len(y), len(tolerances.atol)
    t = clock[T]
    counts[STATUS] = call_rhs(field.rhs, t, data(y), data(field.ctx), data(K))
    counts[EVALUATIONS] += 1
    if counts[STATUS] != 0:
        clock[T_FAILED] = t
        return RHS_FAILED
    counts[FRESH] = 1
    y_, K_, rtol_, atol_ = data(y), data(K), data(tolerances.rtol), data(tolerances.atol)
    size_y = norm(y_, y_, n, rtol_, atol_, count)
    size_f = norm(K_, y_, n, rtol_, atol_, count)
    if not np.isfinite(size_f):
        return NOT_FINITE
    length = abs(span.t_end - t)
    guess = 1e-6 if size_y < 1e-5 or size_f < 1e-5 else 0.01 * size_y / size_f
    guess = min(guess, length)

    # An Euler step of that size measures how fast f itself changes.
    h = guess if span.t_end >= t else -guess
    for j in range(n):
        y_new[j] = y[j] + h * K[j]
    t_new = span.t_end if guess == length else t + h
    counts[STATUS] = call_rhs(field.rhs, t_new, data(y_new), data(field.ctx), offset(data(K), n))
    counts[EVALUATIONS] += 1
    if counts[STATUS] != 0:
        clock[T_FAILED] = t_new
        return RHS_FAILED
    for j in range(n):
        K[n + j] -= K[j]
    change = norm(offset(K_, n), y_, n, rtol_, atol_, count) / guess
    if size_f <= 1e-15 and change <= 1e-15:
        better = max(1e-6, guess * 1e-3)
    else:
        better = (0.01 / max(size_f, change)) ** method.exponent
    clock[H] = min(min(100.0 * guess, better), min(length, span.max_step))
    return DONE


@inlined
def fixed_step(span, direction, t, steps):
    """(h, t_new) of the fixed step behind `steps` others; the last one is shortened."""
    t_new = span.t0 + direction * (steps + 1) * span.step
    h = direction * span.step
    if steps + 1 >= span.last:  # unless the interval is a whole number of steps
        if abs(span.t_end - t_new) > ROUNDING * abs(span.t_end - span.t0):
            h = span.t_end - t
        t_new = span.t_end
    return h, t_new


@inlined
def chosen_step(span, direction, t, size, retrying):
    """(h, t_new) of the step to try where the error asks for this size; h = 0: it is too small."""
    if not NEGLIGIBLE * abs(t) + TINY < size <= span.max_step:  # rarely
        size = min(size, span.max_step)
        smallest = 10.0 * abs(np.nextafter(t, direction * np.inf) - t)
        if not size >= smallest:
            if retrying:
                return 0.0, t
            size = smallest
    t_new = t + direction * size
    if direction * (t_new - span.t_end) > 0.0:
        t_new = span.t_end
    return t_new - t, t_new


@inlined
def judge(h, square, count, broken, exponent, safety, retrying):
    """(whether a step h is accepted, the size of the next one), from its error.

    `square` is what `squared_error` returns of `count` components; `broken` says that a number
    is not finite.
    """
    size, next_size = abs(h), np.inf
    if square != 0.0:
        next_size = safety * size * square ** (-0.5 * exponent)
    if not square < count or broken:  # NaN rejects the step too
        smallest = SMALLEST_FACTOR * size
        return False, next_size if smallest < next_size < size else smallest
    return True, min(next_size, size if retrying else LARGEST_FACTOR * size)


# Pointers, not arrays, are passed below: each array passed to a function costs two atomic counts of
# its references, and these run at every step: for a small system that was 40 % of the time.


@called
def norm(values, y, n, rtol, atol, count):
    """The size of values against the tolerances at y."""
    return np.sqrt(squared_error(values, 1, y, y, n, rtol, atol, count) / count)


@called
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
