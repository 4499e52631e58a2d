"""The quantitative facts on the edge of stability and on early stopping, computed with odelib.

Expected values and tolerances are read from data/facts_stopping.json. A fact ES-05 is tested by the
function whose name starts with test_es_05_.
"""

import json
from pathlib import Path

import numba
import numpy as np
from scipy.optimize import minimize_scalar

from odelib import gradient_flow, minimize, solve_ivp

FACTS = {
    fact["id"]: fact
    for fact in json.loads((Path(__file__).parent / "data/facts_stopping.json").read_text("utf-8"))
}


def expect(fact_id, value):
    """Assert that the value is the fact's, within its absolute tolerance."""
    fact = FACTS[fact_id]
    np.testing.assert_allclose(value, fact["expected"], rtol=0, atol=fact["tol"])


def expect_at_most(fact_id, value):
    """Assert that the value is not above the fact's."""
    assert np.all(value <= np.array(FACTS[fact_id]["expected"]))


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


def test_es_01_the_constant_of_early_stopping():
    found = minimize_scalar(
        lambda x: np.expm1(-x) * (1 + x) / x, bounds=(0.1, 10), options={"xatol": 1e-10}
    )
    expect("ES-01", [-found.fun, found.fun**2])
    np.testing.assert_allclose(found.x, 1.793282, rtol=0, atol=1e-5)


def test_es_02_stopping_is_at_most_that_much_worse_than_ridge():
    ratios = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(60, 40)) * np.linspace(0.2, 2.0, 40)
        H, beta = X.T @ X / 60, rng.normal(size=40)
        eigenvalues, Q = np.linalg.eigh(H)
        size, noise = (Q.T @ beta) ** 2, 1.0 / 60
        if seed == 0:  # the filter 1 − e^(−λt) is what the gradient flow makes of the data
            y = X @ beta + rng.normal(size=60)
            flow = gradient_flow(lambda theta, H=H, b=X.T @ y / 60: H @ theta - b)
            end = solve_ivp(flow, (0, 2), np.zeros(40), rtol=1e-10, atol=1e-12).y[:, -1]
            filtered = (1 - np.exp(-2 * eigenvalues)) / eigenvalues
            np.testing.assert_allclose(end, Q @ (filtered * (Q.T @ X.T @ y / 60)), atol=1e-8)
        for t in np.geomspace(1e-3, 1e4, 300):
            stay, shrink = np.exp(-eigenvalues * t), 1 / (1 + eigenvalues * t)
            stopped = np.sum(size * stay**2 + noise * (1 - stay) ** 2 / eigenvalues)
            ridge = np.sum(size * shrink**2 + noise * (1 - shrink) ** 2 / eigenvalues)
            ratios.append(stopped / ridge)
    expect_at_most("ES-02", max(ratios))
    assert max(ratios) > 1.3  # the bound is not idle


def bayes_risks(eigenvalues, prior, noise):
    """The risks of the flow stopped at t and of ridge with λ, for a prior of this variance."""

    def stopped(t):
        stay = np.exp(-eigenvalues * t)
        return np.sum(prior * stay**2 + noise * (1 - stay) ** 2 / eigenvalues)

    def ridge(penalty):
        shrink = penalty / (eigenvalues + penalty)
        return np.sum(prior * shrink**2 + noise * eigenvalues / (eigenvalues + penalty) ** 2)

    return stopped, ridge


def least(risk):
    """(where, how much): the least risk over a positive number."""
    grid = np.geomspace(1e-4, 1e4, 400)
    best = np.log(grid[np.argmin([risk(value) for value in grid])])
    found = minimize_scalar(
        lambda u: risk(np.exp(u)), bounds=(best - 0.1, best + 0.1), options={"xatol": 1e-12}
    )
    return np.exp(found.x), found.fun


def spectrum():
    X = np.random.default_rng(0).normal(size=(60, 40)) * np.linspace(0.2, 2.0, 40)
    return np.linalg.eigvalsh(X.T @ X / 60)


def test_es_03_the_best_stopping_is_nearly_the_best_ridge():
    for noise in (0.001, 0.02, 0.5):
        stopped, ridge = bayes_risks(spectrum(), 1 / 40, noise)
        ratio = least(stopped)[1] / least(ridge)[1]
        expect_at_most("ES-03", ratio)
        assert 1 <= ratio <= 1.0787  # the bound for a finite sample and an isotropic prior


def test_es_05_the_best_ridge_penalty():
    n, p, r2 = 60, 40, 1.0
    s2 = 4 / 9 * r2
    _, ridge = bayes_risks(spectrum(), r2 / p, s2 / n)
    expect("ES-05", least(ridge)[0])


def test_every_fact_has_a_test():
    tests = [name for name in globals() if name.startswith("test_")]
    for fact_id in FACTS:
        prefix = f"test_{fact_id.lower().replace('-', '_')}_"
        assert any(name.startswith(prefix) for name in tests), fact_id
