"""What implicit methods share: the group of arrays they work in, f and its Jacobian, and norms.

An implicit method solves, at every step, equations with the Jacobian J = ∂f/∂y, by a simplified
Newton iteration: the same J, and the same LU decomposition, serve as long as the iteration
converges. A complex problem of n / 2 components is the real one of its n real and imaginary parts.

Each method has

    attempt(rhs, ctx, t, t_new, h, fixed, y, y_new, K, tolerances, system) -> an outcome, below

which tries one step from y. When it is accepted, its end is in y_new and the slopes of its
interpolant are in K (see `Tableau.F`). Either way memory[NEXT] is the size to try next, unless the
step is fixed. Where f fails, its argument is in y_new.

References
----------
.. [HW] Hairer, Wanner, *Solving Ordinary Differential Equations II*, 2nd ed., Springer 1996,
        doi:10.1007/978-3-642-05221-7, section IV.8.
.. [S97] Shampine, Reichelt, "The MATLAB ODE suite", SIAM J. Sci. Comput. 18 (1997) 1–22,
         doi:10.1137/S1064827594276424, and Salane, "Adaptive routines for forming Jacobians
         numerically", Sandia Report SAND86-1319, 1986 (the increments of the differences).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from odelib.pointers import call_rhs, called, data, offset

EPS = 2.0**-52


# What an attempt says, and its iteration.
ACCEPTED, REFUSED, FAILED, NOT_CONVERGED, UNDECIDED = range(5)


@dataclass(frozen=True, eq=False)
class Implicit:
    """The row of an implicit method; what it holds is what `METHODS` asks for."""

    attempt: Callable
    order: int  # at most
    stages: int
    fixed_step: bool
    error_exponent: float
    F: np.ndarray  # as `Tableau.F`
    matrices: int  # of n × n numbers that are decomposed
    rows: int  # of work
    slopes: tuple  # rows of work where the latest values of f are: from, up to
    R: tuple | None = None  # its stability function: numerator and denominator, of 1, z, z², …
    implicit = adaptive = True
    halves = fsal = two_estimates = False

    def make_step(self):
        """One attempt at a step as a Python function."""
        return getattr(self.attempt, "py_func", self.attempt)


class System(NamedTuple):
    """The equations of an implicit method: J, what solves them, and what the steps remember."""

    jac: int  # the address of the user's Jacobian, or one of the two below
    ctx_jac: np.ndarray
    J: np.ndarray  # (n, n)
    factors: np.ndarray  # (matrices, n, n) decomposed
    pivots: np.ndarray  # (matrices, n)
    work: np.ndarray  # (rows, n)
    memory: np.ndarray  # of numbers
    tally: np.ndarray  # of integers


DIFFERENCES, CONSTANT = 0, 1  # in the place of an address: how else J is known

# memory: the size to try next; where f or the Jacobian failed; the step that the decomposed
# matrices belong to (0: none); the last step that was accepted, and its error.
NEXT, FAILED_AT, STEP_OF_FACTORS, LAST, LAST_ERROR, MEMORY = range(6)

# tally: calls of f (those for differences are not counted, as in SciPy) and of the Jacobian,
# decompositions; whether row F holds f(t, y); how far J may be trusted; whether the last attempt
# had too large an error; what a failing function returned, and whether it is the Jacobian; the
# order of the method and for how many steps it has been the same.
(
    CALLS, JACOBIANS, DECOMPOSITIONS, KNOWN, TRUST, TOO_LARGE, RETURNED, BY_JACOBIAN, ORDER, EQUAL,
    TALLY,
) = range(11)  # fmt: skip

MISSING, OLD, CURRENT = range(3)  # TRUST

# work: f at the start, the scale of the norm, increments of the differences, room for them, and for
# right-hand sides; a method's own rows follow.
F, SCALE, INCREMENT, MOVED, RIGHT, OWN = range(6)


@called
def call_f(rhs, ctx, t, y, system, row):
    """Write f(t, y) into a row of work; False if it failed."""
    n, tally = len(y), system.tally
    tally[CALLS] += 1
    tally[RETURNED] = call_rhs(rhs, t, data(y), ctx, offset(data(system.work), row * n))
    if tally[RETURNED] != 0:
        system.memory[FAILED_AT] = t
        return False
    return True


@called
def scale_to(y, y_new, tolerances, system):
    """Fill row SCALE with atol + rtol·max(|y|, |y_new|), which `size_of` divides by."""
    n, count = len(y), len(tolerances.atol)
    rtol, atol, scale = tolerances.rtol, tolerances.atol, system.work[SCALE]
    if count == n:
        for j in range(n):
            scale[j] = atol[j] + rtol[j] * max(abs(y[j]), abs(y_new[j]))
    else:  # pairs of real and imaginary part have one scale
        for j in range(0, n, 2):
            larger = max(np.hypot(y[j], y[j + 1]), np.hypot(y_new[j], y_new[j + 1]))
            scale[j] = scale[j + 1] = atol[j // 2] + rtol[j // 2] * larger


@called
def size_of(first, rows, count, system):
    """Root mean square of these rows of work, each number divided by its scale."""
    work, total = system.work, 0.0
    for i in range(first, first + rows):
        for j in range(work.shape[1]):
            scaled = work[i, j] / work[SCALE, j]
            total += scaled * scaled
    return np.sqrt(total / (rows * count))


@called
def all_finite(first, rows, system):
    """Whether all numbers of these rows of work are finite."""
    total = 0.0
    for i in range(first, first + rows):
        for j in range(system.work.shape[1]):
            total += abs(system.work[i, j]) * 0.0
    return total == 0.0


@called
def same_size(h, other, t):
    """Whether two steps at t differ by the rounding of t only; 0 stands for none."""
    return other != 0.0 and abs(h - other) <= 2.0 * EPS * (abs(t) + abs(h))


@called
def newton_tolerance(rtol):
    """How small the last change of the iteration has to be, against the scale of the error."""
    smallest = rtol[0]
    for j in range(1, len(rtol)):
        smallest = min(smallest, rtol[j])
    return max(10.0 * EPS / smallest, min(0.03, smallest**0.5))


@called
def verdict(size, before, left, tolerance):
    """(what a change of this size says of Newton's iteration, its rate of convergence).

    `before` is the size of the last change (0: none), `left` how many more there may be.
    """
    rate = size / before if before > 0.0 else 0.0
    if not size < np.inf or rate >= 1.0 or rate**left / (1.0 - rate) * size > tolerance:
        return NOT_CONVERGED, rate
    if size == 0.0 or (before > 0.0 and rate / (1.0 - rate) * size < tolerance):
        return ACCEPTED, rate
    return UNDECIDED, rate


# --- The Jacobian ---------------------------------------------------------------------------------


@called
def refresh_jacobian(rhs, ctx, t, y, y_new, tolerances, system):
    """Make J that of (t, y), where row F is f; False if f or the Jacobian failed.

    y_new is room; where it fails the argument stands there.
    """
    n, tally = len(y), system.tally
    tally[JACOBIANS] += 1
    tally[TRUST] = CURRENT
    system.memory[STEP_OF_FACTORS] = 0.0
    if system.jac == DIFFERENCES:
        return differences(rhs, ctx, t, y, y_new, tolerances, system)
    for j in range(n):
        y_new[j] = y[j]
    tally[RETURNED] = call_rhs(system.jac, t, data(y), data(system.ctx_jac), data(system.J))
    if tally[RETURNED] != 0:
        tally[BY_JACOBIAN] = 1
        system.memory[FAILED_AT] = t
        return False
    if len(tolerances.atol) != n:
        spread_complex(system.J, n)
    return True


@called
def spread_complex(J, n):
    """Make the complex matrix (n/2, n/2) in the upper half of J the real one of twice the size."""
    m = n // 2
    for i in range(m - 1, -1, -1):  # from behind, so that nothing is overwritten before it is read
        for k in range(m):
            J[2 * i + 1, 2 * k], J[2 * i + 1, 2 * k + 1] = J[i, 2 * k + 1], J[i, 2 * k]
        for k in range(m):
            J[2 * i, 2 * k], J[2 * i, 2 * k + 1] = J[2 * i + 1, 2 * k + 1], -J[2 * i + 1, 2 * k]


@called
def differences(rhs, ctx, t, y, y_new, tolerances, system):
    """J by forward differences; each component's increment is adapted from call to call, [S97]."""
    n, work, tally = len(y), system.work, system.tally
    per = n // len(tolerances.atol)
    for k in range(n):
        if work[INCREMENT, k] == 0.0:  # as a part of |y|
            work[INCREMENT, k] = EPS**0.5
        sign = 1.0 if work[F, k] >= 0.0 else -1.0
        unit = sign * max(tolerances.atol[k // per], abs(y[k]))
        if unit == 0.0:
            unit = sign * EPS
        h = (y[k] + work[INCREMENT, k] * unit) - y[k]
        while h == 0.0:
            work[INCREMENT, k] *= 10.0
            h = (y[k] + work[INCREMENT, k] * unit) - y[k]
        if not column(rhs, ctx, t, y, y_new, k, h, system):
            return False
        change, size = largest_change(system)
        if change < EPS**0.875 * size:  # lost in rounding: is ten times as far better?
            further = (y[k] + 10.0 * work[INCREMENT, k] * unit) - y[k]
            if not column(rhs, ctx, t, y, y_new, k, further, system):
                return False
            change_further, size_further = largest_change(system)
            if change * size_further < change_further * size:
                work[INCREMENT, k] *= 10.0
                h, change, size = further, change_further, size_further
            elif not column(rhs, ctx, t, y, y_new, k, h, system):
                return False
        for i in range(n):
            system.J[i, k] = (work[MOVED, i] - work[F, i]) / h
        if change < EPS**0.75 * size:
            work[INCREMENT, k] *= 10.0
        if change > EPS**0.25 * size:
            work[INCREMENT, k] *= 0.1
        work[INCREMENT, k] = max(work[INCREMENT, k], 1e3 * EPS)
    tally[RETURNED] = 0
    return True


@called
def column(rhs, ctx, t, y, y_new, k, h, system):
    """Write f(t, y + h·e_k) into row MOVED; False if it failed."""
    for j in range(len(y)):
        y_new[j] = y[j]
    y_new[k] += h
    fine = call_f(rhs, ctx, t, y_new, system, MOVED)
    system.tally[CALLS] -= 1  # not counted
    return fine


@called
def largest_change(system):
    """(the largest change of f by an increment, the size of f in that component)."""
    work, largest, size = system.work, -1.0, 0.0
    for i in range(work.shape[1]):
        change = abs(work[MOVED, i] - work[F, i])
        if change > largest:
            largest, size = change, max(abs(work[F, i]), abs(work[MOVED, i]))
    return largest, size
