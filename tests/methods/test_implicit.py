"""The numbers of the implicit methods by the theorems that define them; their linear algebra."""

import math
import types

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from odelib import rhs, solve_ivp, stability_function
from odelib.methods import METHODS, bdf, lu, radau


def plain(function):
    """The Python function of a compiled one, which calls Python functions."""
    function = getattr(function, "py_func", function)
    used = function.__globals__.items()
    scope = {name: getattr(value, "py_func", value) for name, value in used}
    return types.FunctionType(function.__code__, scope)


def collocation(nodes):
    """The matrix A_ij = ∫₀^(c_i) ℓ_j of the collocation method with these nodes."""
    columns = []
    for j, node in enumerate(nodes):
        basis = Polynomial([1.0])
        for k, other in enumerate(nodes):
            if k != j:
                basis *= Polynomial([-other, 1.0]) / (node - other)
        columns.append(basis.integ()(np.array(nodes)))
    return np.transpose(columns)


# --- Radau IIA ------------------------------------------------------------------------------------


def test_its_nodes_are_the_zeros_that_define_radau_iia():
    """d²/dx² (x² (x − 1)³) = 0, [HW] IV.5."""
    x = Polynomial([0.0, 1.0])
    zeros = (x**2 * (x - 1) ** 3).deriv(2).roots()
    np.testing.assert_allclose(np.sort(zeros.real), radau.C, rtol=1e-14)


def test_its_transformation_splits_the_inverse_of_the_collocation_matrix():
    inverse = np.linalg.inv(collocation(radau.C))
    mu, re, im = radau.MU_REAL, radau.MU_RE, radau.MU_IM
    np.testing.assert_allclose(radau.T @ radau.T_INVERSE, np.eye(3), atol=1e-15)
    blocks = [[mu, 0, 0], [0, re, -im], [0, im, re]]
    np.testing.assert_allclose(radau.T_INVERSE @ inverse @ radau.T, blocks, atol=3e-14)


def test_its_interpolant_passes_through_the_stages():
    P = np.array(radau.P)
    for i, c in enumerate(radau.C):
        np.testing.assert_allclose(P @ [c, c**2, c**3], np.eye(3)[i], atol=1e-14)


@pytest.mark.parametrize("degree", range(5))
def test_its_error_estimate_is_that_of_an_embedded_formula_of_order_3(degree):
    """For y′ = t^degree with exact stages: it vanishes up to degree 2, and not beyond."""
    Z = np.array(radau.C) ** (degree + 1) / (degree + 1)
    estimate = float(degree == 0) + np.dot(radau.E, Z)
    assert (abs(estimate) < 1e-14) == (degree <= 2)


def pade(z):
    """The (2, 3) Padé approximation of e^z."""
    return (1 + 2 * z / 5 + z**2 / 20) / (1 - 3 * z / 5 + 3 * z**2 / 20 - z**3 / 60)


@pytest.mark.parametrize("z", [-0.5, -3.0, 1.0, -100.0, 2j, -1 + 3j, -1e4 + 1e4j])
def test_one_step_of_radau_multiplies_by_the_pade_approximation(z):
    sol = solve_ivp(lambda t, y: z * y, (0, 1), [1.0 + 0 * z], "Radau", step=1.0)
    assert sol.steps == 1
    np.testing.assert_allclose(sol.y[0, -1], pade(z), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(stability_function("Radau", z), pade(z), rtol=1e-14)


def test_radau_is_l_stable():
    """|R| ≤ 1 on the imaginary axis, with no pole in the left half plane, and R(−∞) = 0."""
    assert (abs(pade(1j * np.logspace(-3, 6, 1000))) <= 1 + 1e-15).all()
    poles = Polynomial([1, -3 / 5, 3 / 20, -1 / 60]).roots()
    assert (poles.real > 0).all()
    sol = solve_ivp(lambda t, y: -1e9 * y, (0, 1), [1.0], "Radau", step=1.0)
    np.testing.assert_allclose(sol.y[0, -1], pade(-1e9), rtol=1e-4)
    assert abs(sol.y[0, -1]) < 1e-8


def errors_of_steps(f, exact, steps, **options):
    return np.array(
        [
            abs(solve_ivp(f, (0, 1), [exact(0.0)], "Radau", step=1 / n, **options).y[0, -1]
                - exact(1.0))
            for n in steps
        ]
    )  # fmt: skip


def test_radau_has_order_5_and_not_6():
    errors = errors_of_steps(lambda t, y: np.cos(t) * y, lambda t: np.exp(np.sin(t)), (4, 8, 16))
    orders = np.log2(errors[:-1] / errors[1:])
    assert (orders > 4.7).all() and (orders < 5.4).all()


def test_on_a_stiff_problem_its_order_is_that_of_its_stages():
    """Prothero and Robinson's y′ = λ(y − φ) + φ′: error O(h³/λ) for |hλ| ≫ 1, [HW] IV.15."""
    stiffness = 1e6

    def f(t, y):
        return -stiffness * (y - np.cos(3 * t)) - 3 * np.sin(3 * t)

    errors = errors_of_steps(f, lambda t: np.cos(3 * t), (4, 8, 16))
    orders = np.log2(errors[:-1] / errors[1:])
    assert (orders > 2.6).all() and (orders < 3.5).all(), orders


def test_its_interpolant_has_order_3():
    """Within a step the error of the collocation polynomial is O(h⁴)."""
    errors = []
    for h in 0.2, 0.1, 0.05:
        sol = solve_ivp(lambda t, y: y, (0, h), [1.0], "Radau", step=h, dense_output=True)
        errors.append(abs(sol.sol(0.3 * h)[0] - math.exp(0.3 * h)))
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert (abs(orders - 4) < 0.25).all(), orders


# --- BDF ------------------------------------------------------------------------------------------


def differences(values):
    """∇⁰ … of the last of equidistant values."""
    rows = [np.asarray(values)]
    while len(rows[-1]) > 1:
        rows.append(np.diff(rows[-1]))
    return np.array([row[-1] for row in rows])


@pytest.mark.parametrize("order", range(1, 6))
def test_without_kappa_the_formula_is_the_backward_differentiation_formula(order):
    """Σ_{j ≤ k} ∇ʲy/j = h y′ is exact for polynomials of degree k and not of degree k + 1."""
    for degree in range(order + 2):
        values = np.arange(-order - 1.0, 1.0) ** degree + 0.0
        D = differences(values)
        formula = sum(D[j] / j for j in range(1, order + 1))
        slope = float(degree == 1)
        assert (abs(formula - slope) < 1e-12) == (degree <= order)
        # the form that is solved: γ_k (y − predicted) + Σ γ_j ∇ʲ of the last step
        before = differences(values[:-1])[: order + 1]
        d = values[-1] - before.sum()
        rewritten = bdf.GAMMA[order] * d + before[1:] @ bdf.GAMMA[1 : order + 1]
        np.testing.assert_allclose(rewritten, formula, atol=1e-11)


@pytest.mark.parametrize("order", range(1, 6))
@pytest.mark.parametrize("factor", [0.5, 1.0, 0.2, 3.7])
def test_the_differences_on_another_grid_are_those_of_the_same_polynomial(order, factor):
    polynomial = Polynomial([1.0, -2.0, 0.5, 0.3, -0.1, 0.02][: order + 1])

    class System:
        work = np.zeros((METHODS["BDF"].rows, 1))
        tally = np.zeros(20, dtype=np.int64)

    System.tally[bdf.ORDER] = order
    grid = np.arange(-order, 1.0)
    System.work[bdf.D : bdf.D + order + 1, 0] = differences(polynomial(grid))
    plain(bdf.change_grid)(factor, System)
    expected = differences(polynomial(factor * grid))
    np.testing.assert_allclose(
        System.work[bdf.D : bdf.D + order + 1, 0], expected, rtol=1e-10, atol=1e-12
    )


def test_its_interpolant_is_the_polynomial_through_the_last_states():
    polynomial = Polynomial([1.0, -2.0, 0.5, 0.3, -0.1, 0.02])
    D, F = differences(polynomial(np.arange(-5.0, 1.0))), METHODS["BDF"].F
    for theta in 0.0, 0.3, 1.0, -2.0:
        weights = np.zeros(5)
        for q in range(4, -1, -1):
            weights = (theta if q % 2 == 0 else 1 - theta) * (F[:, q] + weights)
        value = polynomial(-1.0) + weights @ D[1:]
        np.testing.assert_allclose(value, polynomial(theta - 1), rtol=1e-12)


def test_its_error_constants_are_those_of_the_formulas():
    """With κ the leading error is (κ_k γ_k + 1/(k + 1)) ∇^(k+1) y."""
    for order in range(1, 6):
        # on y = tᵏ⁺¹, where ∇^(k+1) y = (k + 1)!: what the formula with κ leaves
        values = np.arange(-order - 1.0, 1.0) ** (order + 1)
        D = differences(values)
        left = (
            sum(D[j] / j for j in range(1, order + 1))
            - bdf.KAPPA[order] * bdf.GAMMA[order] * D[order + 1]
        )
        np.testing.assert_allclose(-left, bdf.ERROR[order] * D[order + 1], rtol=1e-12)


@rhs
def decay(t, y):
    return (-y[0],)


def test_bdf_is_an_order_of_five_at_most_and_of_five_where_it_pays():
    """A method of order p needs 10^(1/p) times the steps for a tenth of the error per unit step."""
    steps, errors = [], []
    for rtol in 1e-6, 1e-7, 1e-8, 1e-9:
        sol = solve_ivp(decay, (0, 20), [1.0], "BDF", rtol=1e-12, atol=rtol)
        steps.append(sol.steps)
        errors.append(abs(sol.y[0] - np.exp(-sol.t)).max())
    order = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 4 < order < 6.5, order


# --- LU -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 7, 30])
def test_lu_solves_as_numpy_does(n):
    rng = np.random.default_rng(n)
    for _ in range(20):
        A, b = rng.normal(size=(n, n)), rng.normal(size=n)
        A[0, 0] = 0.0 if n > 1 else A[0, 0]  # without a change of rows it would be divided by
        expected = np.linalg.solve(A, b)
        pivots = np.zeros(n, dtype=np.int64)
        factors, x = A.copy(), b.copy()
        plain(lu.decompose)(factors, pivots)
        plain(lu.solve)(factors, pivots, x)
        np.testing.assert_allclose(A @ x, b, atol=1e-11 * np.linalg.norm(expected) * n)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 30])
def test_complex_lu_solves_as_numpy_does(n):
    rng = np.random.default_rng(n)
    for _ in range(20):
        A = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
        b = rng.normal(size=n) + 1j * rng.normal(size=n)
        A[0, 0] = 0.0 if n > 1 else A[0, 0]
        re, im, x, y = A.real.copy(), A.imag.copy(), b.real.copy(), b.imag.copy()
        pivots = np.zeros(n, dtype=np.int64)
        plain(lu.decompose_complex)(re, im, pivots)
        plain(lu.solve_complex)(re, im, pivots, x, y)
        expected = np.linalg.solve(A, b)
        np.testing.assert_allclose(A @ (x + 1j * y), b, atol=1e-11 * np.linalg.norm(expected) * n)
