"""BDF: the backward differentiation formulas of orders 1 to 5, with the order and the step varied.

A step looks back on the last ones, as backward differences ∇ʲy of an equidistant grid; they are
changed to another grid when the step changes. The formula of order k, in the form of Klopfenstein
and Shampine that adds a part κ of the next difference, is solved by Newton's iteration for d, the
difference of order k + 1:

    (1 − κ_k) γ_k (y − y_predicted) + Σ_{j ≤ k} γ_j ∇ʲy = h f(t, y),      γ_j = 1 + 1/2 + … + 1/j

References
----------
.. [S97] Shampine, Reichelt, "The MATLAB ODE suite", SIAM J. Sci. Comput. 18 (1997) 1–22,
         doi:10.1137/S1064827594276424 (the method, its κ and its error constants).
.. [BH] Byrne, Hindmarsh, "A polyalgorithm for the numerical solution of ordinary differential
        equations", ACM Trans. Math. Softw. 1 (1975) 71–96, doi:10.1145/355626.355636.
"""

from fractions import Fraction

import numpy as np

from odelib.methods.implicit import (
    ACCEPTED,
    CONSTANT,
    CURRENT,
    DECOMPOSITIONS,
    EQUAL,
    FAILED,
    KNOWN,
    LAST,
    MISSING,
    NEXT,
    NOT_CONVERGED,
    OLD,
    ORDER,
    OWN,
    REFUSED,
    RIGHT,
    STEP_OF_FACTORS,
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
from odelib.methods.lu import decompose, solve
from odelib.methods.tableau import frozen, nested
from odelib.pointers import called

MOST = 5  # order
KAPPA = np.array((0.0, -0.1850, -1 / 9, -0.0823, -0.0415, 0.0))  # [S97] Table 1
GAMMA = np.array([sum(1 / i for i in range(1, k + 1)) for k in range(MOST + 1)])
ALPHA = (1.0 - KAPPA) * GAMMA
ERROR = KAPPA * GAMMA + 1.0 / np.arange(1, MOST + 2)  # times ∇^(k+1) y


def _interpolant():
    """As `Tableau.F` (5, 5): y + θ∇y + Σ_{j ≥ 2} (θ−1)θ(θ+1)…(θ+j−2)/j! ∇ʲy, of slopes ∇ʲy/h."""
    powers = []
    for j in range(1, MOST + 1):
        product = [Fraction(1)]
        for m in range(j):  # times (θ − 1 + m)/(1 + m); the lowest power first
            up = [Fraction(0), *product]
            stay = [*product, Fraction(0)]
            product = [(a + (m - 1) * b) / (1 + m) for a, b in zip(up, stay, strict=True)]
        powers.append([*product[1:], *[Fraction(0)] * (MOST - j)])
    return frozen([[float(weight) for weight in row] for row in nested(powers)])


F_BDF = _interpolant()

MOST_ITERATIONS = 4
SMALLEST_FACTOR, LARGEST_FACTOR = 0.2, 10.0

D = OWN  # rows of work: the differences ∇⁰y … ∇⁷y, where the last two are to judge other orders by
PREDICTED, PSI, SUM, CHANGE, GRID = OWN + 8, OWN + 9, OWN + 10, OWN + 11, OWN + 12
ROWS = OWN + 13 + MOST  # GRID: ∇⁰y … ∇⁵y on another grid


@called
def attempt(rhs, ctx, t, t_new, h, fixed, y, y_new, K, tolerances, system):
    """Try one step; see implicit.py. Its step is never fixed."""
    n, count = len(y), len(tolerances.atol)
    work, memory, tally = system.work, system.memory, system.tally
    if not tally[ORDER] and not start(rhs, ctx, t, h, y, y_new, tolerances, system):
        return FAILED
    if not same_size(h, memory[LAST], t):
        change_grid(h / memory[LAST], system)
        memory[LAST] = h
        tally[EQUAL] = 0

    # The step's end, with a new Jacobian if the iteration does not converge with an old one.
    order = tally[ORDER]
    predict(order, system)
    while True:
        for j in range(n):
            y_new[j] = work[PREDICTED, j]
        scale_to(y_new, y_new, tolerances, system)
        c = h / ALPHA[order]
        if not same_size(c, memory[STEP_OF_FACTORS], t):
            factorize(c, system)
        code, iterations = iterate(rhs, ctx, t_new, c, y_new, tolerances, system)
        if code == FAILED:
            return FAILED
        if code == ACCEPTED or tally[TRUST] == CURRENT:
            break
        for j in range(n):
            work[CHANGE, j] = y_new[j] = work[PREDICTED, j]
        if not call_f(rhs, ctx, t_new, y_new, system, F):
            return FAILED
        if not all_finite(F, 1, system):  # the prediction leaves the domain of f
            break
        if not refresh_jacobian(rhs, ctx, t_new, work[CHANGE], y_new, tolerances, system):
            return FAILED
    if code == NOT_CONVERGED:
        memory[NEXT] = 0.5 * abs(h)
        if system.jac != CONSTANT:  # the next prediction is elsewhere
            tally[TRUST] = OLD
        return REFUSED

    # The error.
    safety = 0.9 * (2 * MOST_ITERATIONS + 1) / (2 * MOST_ITERATIONS + iterations)
    scale_to(y_new, y_new, tolerances, system)
    error = abs(ERROR[order]) * size_of(SUM, 1, count, system)
    if not error <= 1.0:
        factor = safety * error ** (-1.0 / (order + 1))
        memory[NEXT] = max(SMALLEST_FACTOR, factor) * abs(h)
        return REFUSED

    # The differences at the step's end.
    for j in range(n):
        work[D + order + 2, j] = work[SUM, j] - work[D + order + 1, j]
        work[D + order + 1, j] = work[SUM, j]
    for i in range(order, -1, -1):
        for j in range(n):
            work[D + i, j] += work[D + i + 1, j]
    for i in range(MOST):
        for j in range(n):
            K[i * n + j] = work[D + i + 1, j] / h if i < order else 0.0
    if system.jac != CONSTANT:
        tally[TRUST] = OLD
    tally[EQUAL] += 1
    memory[NEXT] = abs(memory[LAST])
    if tally[EQUAL] > order:
        choose_order(h, error, safety, count, system)
    return ACCEPTED


@called
def start(rhs, ctx, t, h, y, y_new, tolerances, system):
    """The first difference is h·f; False if f or the Jacobian failed."""
    work, tally = system.work, system.tally
    for j in range(len(y)):
        y_new[j] = y[j]
    if not tally[KNOWN]:
        if not call_f(rhs, ctx, t, y_new, system, F):
            return False
        tally[KNOWN] = 1
    for j in range(len(y)):
        work[D, j], work[D + 1, j] = y[j], h * work[F, j]
        work[D + 2, j] = work[D + 3, j] = 0.0
    if tally[TRUST] == MISSING and not refresh_jacobian(rhs, ctx, t, y, y_new, tolerances, system):
        return False
    tally[ORDER] = 1
    system.memory[LAST] = h
    return True


@called
def change_grid(factor, system):
    """The differences of steps that are `factor` times as long: [S97] section 2.2."""
    work, order = system.work, system.tally[ORDER]
    n = work.shape[1]
    # ∇ on the new grid is a combination of those on the old one: R(factor) R(1), where R_ij is
    # Π_{m ≤ i} (m − 1 − factor·j)/m
    for target in range(1, order + 1):
        for j in range(n):
            work[GRID + target, j] = 0.0
        for source in range(1, order + 1):
            weight = 0.0
            for middle in range(1, order + 1):
                weight += entry(source, middle, factor) * entry(middle, target, 1.0)
            for j in range(n):
                work[GRID + target, j] += weight * work[D + source, j]
    for i in range(1, order + 1):
        for j in range(n):
            work[D + i, j] = work[GRID + i, j]


@called
def entry(i, j, factor):
    """R_ij of `change_grid`."""
    product = 1.0
    for m in range(1, i + 1):
        product *= (m - 1 - factor * j) / m
    return product


@called
def predict(order, system):
    """Rows PREDICTED, the polynomial through the last states at the step's end, and PSI."""
    work = system.work
    for j in range(work.shape[1]):
        predicted, psi = work[D, j], 0.0
        for i in range(1, order + 1):
            predicted += work[D + i, j]
            psi += work[D + i, j] * GAMMA[i]
        work[PREDICTED, j], work[PSI, j] = predicted, psi / ALPHA[order]


@called
def factorize(c, system):
    """Decompose 1 − cJ."""
    J, A = system.J, system.factors
    n = J.shape[0]
    for i in range(n):
        for j in range(n):
            A[0, i, j] = -c * J[i, j]
        A[0, i, i] += 1.0
    decompose(A[0], system.pivots[0])
    system.tally[DECOMPOSITIONS] += 1
    system.memory[STEP_OF_FACTORS] = c


@called
def iterate(rhs, ctx, t_new, c, y_new, tolerances, system):
    """Newton's iteration for y_new, from the predicted one, and d in SUM: (code, iterations)."""
    n, count, work = len(y_new), len(tolerances.atol), system.work
    tolerance = newton_tolerance(tolerances.rtol)
    before = 0.0
    for j in range(n):
        work[SUM, j] = 0.0
    for k in range(MOST_ITERATIONS):
        if not call_f(rhs, ctx, t_new, y_new, system, RIGHT):
            return FAILED, k + 1
        if not all_finite(RIGHT, 1, system):
            return NOT_CONVERGED, k + 1
        for j in range(n):
            work[CHANGE, j] = c * work[RIGHT, j] - work[PSI, j] - work[SUM, j]
        solve(system.factors[0], system.pivots[0], work[CHANGE])
        size = size_of(CHANGE, 1, count, system)
        outcome, _ = verdict(size, before, MOST_ITERATIONS - k, tolerance)
        if outcome == NOT_CONVERGED:
            return NOT_CONVERGED, k + 1
        for j in range(n):
            work[SUM, j] += work[CHANGE, j]
            y_new[j] += work[CHANGE, j]
        if outcome == ACCEPTED:
            return ACCEPTED, k + 1
        before = size
    return NOT_CONVERGED, MOST_ITERATIONS


@called
def choose_order(h, error, safety, count, system):
    """The order, of three neighbours, that allows the longest step; and that step."""
    order = system.tally[ORDER]
    best, factor = order, gain(error, order)
    if order > 1:
        lower = gain(abs(ERROR[order - 1]) * size_of(D + order, 1, count, system), order - 1)
        if lower >= factor:
            best, factor = order - 1, lower
    if order < MOST:
        higher = gain(abs(ERROR[order + 1]) * size_of(D + order + 2, 1, count, system), order + 1)
        if higher > factor:
            best, factor = order + 1, higher
    system.tally[ORDER], system.tally[EQUAL] = best, 0
    system.memory[NEXT] = min(LARGEST_FACTOR, safety * factor) * abs(h)


@called
def gain(error, order):
    """How much longer a step of this order could be."""
    return np.inf if error == 0.0 else error ** (-1.0 / (order + 1))


METHOD = Implicit(
    attempt,
    order=MOST,
    stages=1,
    fixed_step=False,
    error_exponent=0.5,  # it starts with order 1
    F=F_BDF,
    matrices=1,
    rows=ROWS,
    slopes=(RIGHT, RIGHT + 1),
)
