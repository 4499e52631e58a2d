"""Radau IIA of order 5: three stages, implicit, L-stable.

The stages are those of collocation: the polynomial through y that fulfils the differential equation
at t + c_i h, where c_3 = 1, so that the last stage is the step's end. With Z_i the stages minus y
the equations are

    Z = h (A ⊗ 1) f(y + Z),

and A⁻¹ = T Λ T⁻¹ splits Newton's linear systems of 3n unknowns into a real one of n, for the real
eigenvalue MU_REAL of A⁻¹, and a complex one of n. The error is that of an embedded formula of order
3, filtered by the real system so that it stays bounded on stiff components.

References
----------
.. [HW] Hairer, Wanner, *Solving Ordinary Differential Equations II*, 2nd ed., Springer 1996,
        doi:10.1007/978-3-642-05221-7, sections IV.5 (method) and IV.8 (its implementation, also in
        the authors' program RADAU5, whose digits T and its inverse are).
"""

import numpy as np

from odelib.methods.implicit import (
    ACCEPTED,
    CONSTANT,
    CURRENT,
    DECOMPOSITIONS,
    FAILED,
    KNOWN,
    LAST,
    LAST_ERROR,
    MISSING,
    NEXT,
    NOT_CONVERGED,
    OLD,
    OWN,
    REFUSED,
    RIGHT,
    STEP_OF_FACTORS,
    TOO_LARGE,
    TRUST,
    F,
    Implicit,
    all_finite,
    call_f,
    newton_tolerance,
    refresh_jacobian,
    same_size,
    scale_to,
    size_of,
    verdict,
)
from odelib.methods.lu import decompose, decompose_complex, solve, solve_complex
from odelib.methods.tableau import frozen, nested
from odelib.pointers import called

S6 = 6**0.5
C = ((4 - S6) / 10, (4 + S6) / 10, 1.0)
E = ((-13 - 7 * S6) / 3, (-13 + 7 * S6) / 3, -1 / 3)  # of Z: the error before it is filtered
MU_REAL = 3 + 3 ** (2 / 3) - 3 ** (1 / 3)
MU_RE, MU_IM = 3 + 0.5 * (3 ** (1 / 3) - 3 ** (2 / 3)), -0.5 * (3 ** (5 / 6) + 3 ** (7 / 6))
# fmt: off
T = np.array((
    (0.09443876248897524, -0.14125529502095421, 0.03002919410514742),
    (0.25021312296533332, 0.20412935229379994, -0.38294211275726192),
    (1.0, 1.0, 0.0),
))
T_INVERSE = np.array((
    (4.17871859155190428, 0.32768282076106237, 0.52337644549944951),
    (-4.17871859155190428, -0.32768282076106237, 0.47662355450055044),
    (0.50287263494578682, -2.57192694985560522, 0.59603920482822492),
))
# The collocation polynomial y + Σ_i Z_i (P_i1 θ + P_i2 θ² + P_i3 θ³).
P = (
    (13 / 3 + 7 * S6 / 3, -23 / 3 - 22 * S6 / 3, 10 / 3 + 5 * S6),
    (13 / 3 - 7 * S6 / 3, -23 / 3 + 22 * S6 / 3, 10 / 3 - 5 * S6),
    (1 / 3, -8 / 3, 10 / 3),
)
# fmt: on
# As `Tableau.F`; it meets the end of the step to the last bit.
F_RADAU = frozen([(end, *row[1:]) for end, row in zip((0.0, 0.0, 1.0), nested(P), strict=True)])

MOST_ITERATIONS, MOST_ITERATIONS_FIXED = 6, 20
SMALLEST_FACTOR, LARGEST_FACTOR = 0.2, 10.0
WORTH_DECOMPOSING = 1.2  # a step that could be only so much longer stays as long
SLOW = 1e-3  # rate of convergence above which J is made anew

Z, W, SLOPES, CHANGE = OWN, OWN + 3, OWN + 6, OWN + 9  # rows of work, three each
ROWS = OWN + 12


@called
def attempt(rhs, ctx, t, t_new, h, fixed, y, y_new, K, tolerances, system):
    """Try one step; see implicit.py."""
    n, count = len(y), len(tolerances.atol)
    work, memory, tally = system.work, system.memory, system.tally
    if not tally[KNOWN]:
        for j in range(n):
            y_new[j] = y[j]
        if not call_f(rhs, ctx, t, y_new, system, F):
            return FAILED
        tally[KNOWN] = 1
    if tally[TRUST] == MISSING and not refresh_jacobian(rhs, ctx, t, y, y_new, tolerances, system):
        return FAILED

    # The stages, with a new Jacobian if the iteration does not converge with an old one.
    tolerance = 1e-10 if fixed else newton_tolerance(tolerances.rtol)
    while True:
        if not same_size(h, memory[STEP_OF_FACTORS], t):
            factorize(h, system)
        extrapolate(h, K, system)
        scale_to(y, y, tolerances, system)
        code, iterations, rate = iterate(
            rhs, ctx, t, t_new, h, fixed, tolerance, y, y_new, count, system
        )
        if code == FAILED:
            return FAILED
        if code == ACCEPTED or tally[TRUST] == CURRENT:
            break
        if not refresh_jacobian(rhs, ctx, t, y, y_new, tolerances, system):
            return FAILED
    if code == NOT_CONVERGED:
        memory[NEXT] = 0.5 * abs(h)
        return NOT_CONVERGED if fixed else REFUSED

    # The error, and the size of the next step.
    factor = 1.0
    for j in range(n):
        y_new[j] = y[j] + work[Z + 2, j]
    if not fixed:
        error = error_of(F, h, y, y_new, tolerances, system)
        if error > 1.0 and tally[TOO_LARGE]:
            for j in range(n):
                y_new[j] = y[j] + work[RIGHT, j]
            if not call_f(rhs, ctx, t, y_new, system, CHANGE):
                return FAILED
            for j in range(n):
                y_new[j] = y[j] + work[Z + 2, j]
            error = error_of(CHANGE, h, y, y_new, tolerances, system)
        factor = next_factor(h, error, iterations, memory)
        if not error <= 1.0:
            memory[NEXT] = max(SMALLEST_FACTOR, factor) * abs(h)
            tally[TOO_LARGE] = 1
            return REFUSED
        memory[LAST_ERROR] = error
    tally[TOO_LARGE] = tally[KNOWN] = 0
    memory[LAST] = h
    for i in range(3):
        for j in range(n):
            K[i * n + j] = work[Z + i, j] / h

    # A Jacobian that converged slowly is made anew; a step that could hardly be longer stays.
    if system.jac != CONSTANT:
        tally[TRUST] = MISSING if fixed or (iterations > 2 and rate > SLOW) else OLD
    memory[NEXT] = min(LARGEST_FACTOR, factor) * abs(h)
    if tally[TRUST] != MISSING and factor < WORTH_DECOMPOSING:
        memory[NEXT] = abs(memory[STEP_OF_FACTORS])
    return ACCEPTED


@called
def factorize(h, system):
    """Decompose MU_REAL/h − J and MU_COMPLEX/h − J."""
    J, factors = system.J, system.factors
    n = J.shape[0]
    for i in range(n):
        for j in range(n):
            factors[0, i, j] = factors[1, i, j] = -J[i, j]
            factors[2, i, j] = 0.0
        factors[0, i, i] += MU_REAL / h
        factors[1, i, i] += MU_RE / h
        factors[2, i, i] = MU_IM / h
    decompose(factors[0], system.pivots[0])
    decompose_complex(factors[1], factors[2], system.pivots[1])
    system.tally[DECOMPOSITIONS] += 2
    system.memory[STEP_OF_FACTORS] = h


@called
def extrapolate(h, K, system):
    """Guess the stages from the polynomial of the last step: rows Z, and W = T⁻¹ Z."""
    work, last = system.work, system.memory[LAST]
    n = work.shape[1]
    for i in range(3):
        for j in range(n):
            work[Z + i, j] = 0.0
        if last != 0.0:
            theta = 1.0 + C[i] * h / last
            for k in range(3):
                weight = 0.0
                for q in range(2, -1, -1):
                    weight = (theta if q % 2 == 0 else 1.0 - theta) * (F_RADAU[k, q] + weight)
                if k == 2:
                    weight -= 1.0
                for j in range(n):
                    work[Z + i, j] += last * weight * K[k * n + j]
    for i in range(3):
        for j in range(n):
            work[W + i, j] = (
                T_INVERSE[i, 0] * work[Z, j]
                + T_INVERSE[i, 1] * work[Z + 1, j]
                + T_INVERSE[i, 2] * work[Z + 2, j]
            )


@called
def iterate(rhs, ctx, t, t_new, h, fixed, tolerance, y, y_new, count, system):
    """Newton's iteration for the stages: (ACCEPTED, FAILED or NOT_CONVERGED, iterations, rate)."""
    n, work, factors, pivots = len(y), system.work, system.factors, system.pivots
    most = MOST_ITERATIONS_FIXED if fixed else MOST_ITERATIONS
    real, re, im = MU_REAL / h, MU_RE / h, MU_IM / h
    before = rate = 0.0
    for k in range(most):
        for i in range(3):
            for j in range(n):
                y_new[j] = y[j] + work[Z + i, j]
            at = t_new if i == 2 else t + C[i] * h
            if not call_f(rhs, ctx, at, y_new, system, SLOPES + i):
                return FAILED, k + 1, rate
        if not all_finite(SLOPES, 3, system):
            return NOT_CONVERGED, k + 1, rate
        for j in range(n):
            f1, f2, f3 = work[SLOPES, j], work[SLOPES + 1, j], work[SLOPES + 2, j]
            w1, w2, w3 = work[W, j], work[W + 1, j], work[W + 2, j]
            work[CHANGE, j] = (
                T_INVERSE[0, 0] * f1 + T_INVERSE[0, 1] * f2 + T_INVERSE[0, 2] * f3
            ) - real * w1
            work[CHANGE + 1, j] = (
                T_INVERSE[1, 0] * f1 + T_INVERSE[1, 1] * f2 + T_INVERSE[1, 2] * f3
            ) - (re * w2 - im * w3)
            work[CHANGE + 2, j] = (
                T_INVERSE[2, 0] * f1 + T_INVERSE[2, 1] * f2 + T_INVERSE[2, 2] * f3
            ) - (re * w3 + im * w2)
        solve(factors[0], pivots[0], work[CHANGE])
        solve_complex(factors[1], factors[2], pivots[1], work[CHANGE + 1], work[CHANGE + 2])
        size = size_of(CHANGE, 3, count, system)
        outcome, rate = verdict(size, before, most - k, tolerance)
        if outcome == NOT_CONVERGED:
            return NOT_CONVERGED, k + 1, rate
        for j in range(n):
            for i in range(3):
                work[W + i, j] += work[CHANGE + i, j]
            for i in range(3):
                work[Z + i, j] = (
                    T[i, 0] * work[W, j] + T[i, 1] * work[W + 1, j] + T[i, 2] * work[W + 2, j]
                )
        if outcome == ACCEPTED:
            return ACCEPTED, k + 1, rate
        before = size
    return NOT_CONVERGED, most, rate


@called
def error_of(slope, h, y, y_new, tolerances, system):
    """The size of the error, from f at the start as this row of work has it; the error in RIGHT."""
    work = system.work
    for j in range(len(y)):
        embedded = E[0] * work[Z, j] + E[1] * work[Z + 1, j] + E[2] * work[Z + 2, j]
        work[RIGHT, j] = work[slope, j] + embedded / h
    solve(system.factors[0], system.pivots[0], work[RIGHT])
    scale_to(y, y_new, tolerances, system)
    return size_of(RIGHT, 1, len(tolerances.atol), system)


@called
def next_factor(h, error, iterations, memory):
    """What to multiply the step by, from the last two errors: [HW] IV.8, equation (8.25)."""
    if error == 0.0:
        return LARGEST_FACTOR
    factor = error**-0.25
    if memory[LAST_ERROR] > 0.0:
        trend = abs(h / memory[LAST]) * (memory[LAST_ERROR] / error) ** 0.25
        factor *= min(1.0, trend)
    return 0.9 * (2 * MOST_ITERATIONS + 1) / (2 * MOST_ITERATIONS + iterations) * factor


METHOD = Implicit(
    attempt,
    order=5,
    stages=3,
    fixed_step=True,
    error_exponent=0.25,
    F=F_RADAU,
    matrices=3,  # one real, one complex
    rows=ROWS,
    slopes=(SLOPES, SLOPES + 3),
    R=(np.array((1, 2 / 5, 1 / 20)), np.array((1, -3 / 5, 3 / 20, -1 / 60))),  # Padé (2, 3)
)
