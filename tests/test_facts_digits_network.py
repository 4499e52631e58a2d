"""The quantitative facts of the chapter on a neural network, each computed with odelib."""

import numpy as np
import pytest

import odelib
from facts import FACTS, expect

SEEDS = (0, 1, 2, 3)


def matrices(theta):
    """W1 (4, 3) and W2 (2, 4) of the parameters (20,)."""
    return theta[:12].reshape(4, 3), theta[12:].reshape(2, 4)


def gradient(theta, X, Y):
    """Gradient (20,) of ||W2 W1 X - Y||²/(2m), inputs X (3, m), targets Y (2, m)."""
    W1, W2 = matrices(theta)
    R = (W2 @ W1 @ X - Y) / X.shape[1]
    return np.concatenate([(W2.T @ R @ X.T).ravel(), (R @ (W1 @ X).T).ravel()])


def problem(seed):
    """Start (20,), inputs (3, 50) and targets (2, 50) that a linear map explains."""
    rng = np.random.default_rng(seed)
    theta, X = 0.5 * rng.normal(size=20), rng.normal(size=(3, 50))
    return theta, X, rng.normal(size=(2, 3)) @ X


def imbalance(theta):
    """W2ᵀW2 − W1W1ᵀ, (4, 4)."""
    W1, W2 = matrices(theta)
    return W2.T @ W2 - W1 @ W1.T


def drift(seed, t_end, method, **options):
    """Change (4, 4) of the imbalance from 0 to t_end, and the solution."""
    theta, *data = problem(seed)
    flow = odelib.gradient_flow(gradient)
    sol = odelib.solve_ivp(flow, (0.0, t_end), theta, method, args=data, **options)
    assert sol.success
    return imbalance(sol.y[:, -1]) - imbalance(theta), sol


@pytest.mark.parametrize("method", ["RK45", "DOP853"])
@pytest.mark.parametrize("seed", SEEDS)
def test_dln_03_gradient_flow_keeps_the_imbalance(method, seed):
    change, sol = drift(seed, 20.0, method, rtol=1e-10, atol=1e-12)
    expect("DLN-03", change)
    # a loose tolerance does not keep it, and the weights themselves have moved
    loose, _ = drift(seed, 20.0, "RK45", rtol=1e-4, atol=1e-7)
    assert np.abs(loose).max() > FACTS["DLN-03"]["tol"]
    assert np.linalg.norm(sol.y[:, -1] - sol.y[:, 0]) > 0.5


def test_dln_04_descent_drifts_in_proportion_to_the_step():
    steps = np.array([0.025, 0.0125, 0.00625])
    drifts = [np.linalg.norm(drift(0, 5.0, "Euler", step=step)[0]) for step in steps]
    slopes = np.diff(np.log(drifts)) / np.diff(np.log(steps))
    for slope in slopes:
        expect("DLN-04", slope)
    assert abs(slopes[1] - 1) < abs(slopes[0] - 1)


def test_dln_04_one_step_changes_the_imbalance_by_its_second_order_term():
    theta, *data = problem(0)
    G1, G2 = matrices(gradient(theta, *data))
    for step in (0.1, 0.01):
        change, _ = drift(0, step, "Euler", step=step)
        exact = step**2 * (G2.T @ G2 - G1 @ G1.T)
        np.testing.assert_allclose(change, exact, rtol=0, atol=1e-14)
        assert np.abs(exact).max() > 1e-5


def test_midpoint_rule_drifts_with_the_square_of_the_step():
    """A higher order keeps the imbalance better, but no explicit method keeps it exactly."""
    drifts = [np.linalg.norm(drift(0, 5.0, "Midpoint", step=step)[0]) for step in (0.02, 0.01)]
    np.testing.assert_allclose(np.log2(drifts[0] / drifts[1]), 2.0, rtol=0, atol=0.1)
