"""The quantitative facts on the edge of stability and on early stopping, computed with odelib.

Expected values and tolerances are read from data/facts_stopping.json. A fact ES-05 is tested by the
function whose name starts with test_es_05_.
"""

import numba
import numpy as np

from facts import FACTS, expect, expect_at_most
from odelib import gradient_flow, minimize, solve_ivp

# --- The edge of stability ------------------------------------------------------------------------


@numba.njit
def valley(theta):  # the gradient of (xy − 1)²/2; at a minimum the sharpness is x² + y²
    residual = theta[0] * theta[1] - 1
    return residual * theta[1], residual * theta[0]


def final_sharpness(learning_rate, steps):
    run = minimize(valley, [2.5, 0.2], learning_rate=learning_rate, steps=steps)
    assert run.success and run.gradient_norm[-1] < 1e-8
    return run.theta @ run.theta


def test_eos_01_a_small_learning_rate_keeps_the_flows_sharpness():
    small = final_sharpness(0.01, 4000)
    expect("EOS-01", small)
    flow = solve_ivp(gradient_flow(valley), (0, 50), [2.5, 0.2], rtol=1e-10, atol=1e-12)
    exact = FACTS["EOS-01"]["expected"]
    np.testing.assert_allclose(np.sum(flow.y[:, -1] ** 2), exact, rtol=0, atol=1e-7)
    smaller = final_sharpness(0.005, 8000)
    np.testing.assert_allclose((small - exact) / (smaller - exact), 2.0, rtol=0.02)


def test_eos_02_a_large_learning_rate_ends_at_a_flatter_minimum():
    expect_at_most("EOS-02", final_sharpness(0.6, 20_000))
    assert final_sharpness(0.01, 4000) > 2 / 0.6


def test_eos_03_the_mean_square_of_the_oscillation():
    eta, alpha = 0.1, 0.01
    run = minimize(  # L = x²y/2 − αy
        numba.njit(lambda theta: (theta[0] * theta[1], theta[0] ** 2 / 2 - 0.01)), [0.1, 19.9],
        learning_rate=eta, steps=20_000, trajectory=True,
    )  # fmt: skip
    x, y = run.trajectory
    assert y.min() > 19 and y.max() < 21  # about the edge, 2/η
    mean = np.mean(x[:-1] ** 2)
    expect("EOS-03", mean - 2 * alpha - 2 * (y[0] - y[-1]) / (eta * 20_000))
    np.testing.assert_allclose(mean, 2 * alpha, rtol=0.01)


# --- Early stopping -------------------------------------------------------------------------------


def highest(slope, curvature, start):
    """Where a function with this slope and curvature is largest, by Newton's method."""
    found = minimize(
        lambda x: [-slope(x[0])], [start], "newton", learning_rate=1.0, steps=50,
        hessian=lambda x: np.array([[-curvature(x[0])]]), stop={"gradient_norm": 1e-13},
    )  # fmt: skip
    assert found.stopped_by == "gradient_norm"
    return found.theta[0]


def test_es_01_the_constant_of_early_stopping():
    def ratio(x):  # by how much the flow is above ridge, at x = λt
        return -np.expm1(-x) * (1 + x) / x

    x = highest(  # its logarithm
        lambda x: 1 / np.expm1(x) + 1 / (1 + x) - 1 / x,
        lambda x: -1 / (4 * np.sinh(x / 2) ** 2) - 1 / (1 + x) ** 2 + 1 / x**2,
        1.8,
    )
    expect("ES-01", [ratio(x), ratio(x) ** 2])
    np.testing.assert_allclose(x, 1.793282, rtol=0, atol=1e-6)
    grid = np.geomspace(1e-3, 1e3, 2000)
    assert (ratio(grid) <= ratio(x)).all()
    # the flow and ridge themselves, of one mode that is 1, at that time and penalty 1/t
    flow = solve_ivp(gradient_flow(lambda b: b - 1.0), (0, x), [0.0], rtol=1e-11, atol=1e-13)
    ridge = minimize(
        lambda b: b - 1.0 + b / x, [0.0], "newton", learning_rate=1.0, steps=1,
        hessian=lambda b: np.array([[1 + 1 / x]]),
    )  # fmt: skip
    expect("ES-01", [flow.y[0, -1] / ridge.theta[0], (flow.y[0, -1] / ridge.theta[0]) ** 2])


def design(seed):
    """X (60, 40) with columns of unequal size."""
    return np.random.default_rng(seed).normal(size=(60, 40)) * np.linspace(0.2, 2.0, 40)


def flow_leaves(eigenvalues, until):
    """t -> what the gradient flow leaves of the error in each mode, e^(−λt), by odelib."""
    slope = numba.njit(lambda theta, eigenvalues: eigenvalues * theta)
    sol = solve_ivp(
        gradient_flow(slope), (0, until), np.ones(len(eigenvalues)), "DOP853",
        args=(eigenvalues,), rtol=1e-11, atol=1e-13, dense_output=True,
    )  # fmt: skip
    assert sol.success
    return sol.sol


def ridge_leaves(eigenvalues, penalty):
    """What ridge leaves of it: 1 minus the minimiser of Σ λ(b − 1)²/2 + penalty |b|²/2."""
    run = minimize(
        lambda b: eigenvalues * (b - 1) + penalty * b, np.zeros(len(eigenvalues)), "newton",
        learning_rate=1.0, steps=1, hessian=lambda b: np.diag(eigenvalues + penalty),
    )  # fmt: skip
    return 1 - run.theta


def risk(left, eigenvalues, signal, noise):
    """Of an estimate that leaves this share of each mode: bias and variance."""
    return np.sum(signal * left**2 + noise * (1 - left) ** 2 / eigenvalues)


def test_es_02_stopping_is_at_most_that_much_worse_than_ridge():
    ratios = []
    for seed in range(10):
        X = design(seed)
        eigenvalues, Q = np.linalg.eigh(X.T @ X / 60)
        signal = (Q.T @ np.random.default_rng(100 + seed).normal(size=40)) ** 2
        stay = flow_leaves(eigenvalues, 300.0)
        for t in np.geomspace(1e-3, 300.0, 60):
            stopped = risk(stay(t), eigenvalues, signal, 1 / 60)
            ratios.append(
                stopped / risk(ridge_leaves(eigenvalues, 1 / t), eigenvalues, signal, 1 / 60)
            )
    expect_at_most("ES-02", max(ratios))
    assert max(ratios) > 1.3  # the bound is not idle


def test_es_02_the_estimates_are_those_of_the_data():
    """The flow of |y − Xb|²/2m stopped at t = 2, and both shares left, against closed forms."""
    X, rng = design(0), np.random.default_rng(1)
    y = X @ rng.normal(size=40) + rng.normal(size=60)
    H, b = X.T @ X / 60, X.T @ y / 60
    eigenvalues, Q = np.linalg.eigh(H)
    end = solve_ivp(
        gradient_flow(lambda theta: H @ theta - b), (0, 2), np.zeros(40), rtol=1e-10, atol=1e-12
    ).y[:, -1]
    stay = np.exp(-2.0 * eigenvalues)
    np.testing.assert_allclose(flow_leaves(eigenvalues, 2.0)(2.0), stay, rtol=0, atol=1e-10)
    np.testing.assert_allclose(Q.T @ end, (1 - stay) * (Q.T @ b) / eigenvalues, rtol=0, atol=1e-8)
    np.testing.assert_allclose(
        ridge_leaves(eigenvalues, 0.3), 0.3 / (eigenvalues + 0.3), rtol=1e-12, atol=0
    )


def best_of(values):
    """(place, least value) by the parabola through the least of values (m,) and its neighbours."""
    i = int(np.argmin(values))
    assert 0 < i < len(values) - 1
    left, middle, right = values[i - 1 : i + 2]
    shift = (left - right) / (2 * (left - 2 * middle + right))
    return i + shift, middle - (left - right) * shift / 4


def test_es_03_the_best_stopping_is_nearly_the_best_ridge():
    """In the mean over parameters of variance 1/40 a component."""
    eigenvalues = np.linalg.eigvalsh(design(0).T @ design(0) / 60)
    stay = flow_leaves(eigenvalues, 300.0)
    for noise in (0.001, 0.02, 0.5):
        times = np.geomspace(1e-2, 300.0, 200)
        stopped = [risk(stay(t), eigenvalues, 1 / 40, noise) for t in times]
        ridge = [risk(ridge_leaves(eigenvalues, 1 / t), eigenvalues, 1 / 40, noise) for t in times]
        ratio = best_of(stopped)[1] / best_of(ridge)[1]
        expect_at_most("ES-03", ratio)
        assert 1 <= ratio <= 1.0787  # the bound for a finite sample and an isotropic prior


def test_es_05_the_best_ridge_penalty():
    """λ* = s²p/(n r²), where the mean risk of ridge, of odelib's minimisers, is least."""
    n, p, r2 = 60, 40, 1.0
    s2 = 4 / 9 * r2
    eigenvalues = np.linalg.eigvalsh(design(0).T @ design(0) / n)
    logarithms = np.log(FACTS["ES-05"]["expected"]) + np.linspace(-0.5, 0.45, 20)  # not symmetric

    def risks(logarithms):
        return [
            risk(ridge_leaves(eigenvalues, np.exp(u)), eigenvalues, r2 / p, s2 / n)
            for u in logarithms
        ]

    for _ in range(4):  # finer and finer
        width = logarithms[1] - logarithms[0]
        place, _ = best_of(risks(logarithms))
        best = logarithms[0] + place * width
        logarithms = best + width * np.linspace(-0.5, 0.45, 20)
    expect("ES-05", np.exp(best))
