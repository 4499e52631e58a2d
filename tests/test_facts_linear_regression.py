"""The quantitative facts of the linear regression chapter, computed with odelib.

Gradient descent is Euler's method on the gradient flow: wherever a fact speaks of iterations,
odelib takes the steps.
"""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import odelib
from facts import expect


def descent(gradient, theta, learning_rate, steps):
    """All iterates (n, steps + 1) of gradient descent, by odelib's Euler method."""
    flow = odelib.gradient_flow(gradient)
    t_end = learning_rate * steps
    sol = odelib.solve_ivp(flow, (0.0, t_end), theta, method="Euler", step=learning_rate)
    assert sol.success
    assert sol.y.shape == (len(theta), steps + 1)
    return sol.y


@pytest.fixture(scope="module")
def points():
    """Document 001's hundred points: X (100, 2) with a column of ones, y (100,)."""
    np.random.seed(42)
    x = 2 * np.random.rand(100, 1)
    y = 4 + 3 * x + np.random.randn(100, 1)
    return np.column_stack([np.ones(100), x]), y[:, 0]


@pytest.fixture(scope="module")
def gradient(points):
    """∇L of L = 1/(2m) Σ r² on the hundred points."""
    X, y = points
    return lambda theta: X.T @ (X @ theta - y) / len(y)


@pytest.fixture(scope="module")
def one_parameter():
    """Document 003's data and start: x (100,), y (100,), theta0 (1,)."""
    np.random.seed(1)
    x = np.random.randn(100, 1)
    y = 3 * x + np.random.randn(100, 1)
    return x[:, 0], y[:, 0], np.random.randn(1, 1)[0]


def loss(points, theta):
    X, y = points
    return np.mean((X @ theta - y) ** 2) / 2


def least_squares(points):
    return np.linalg.lstsq(*points)[0]


def test_seed_11_euler_shrinks_each_mode_by_its_eigenvalue(points, gradient):
    X, y = points
    eigenvalues, Q = np.linalg.eigh(X.T @ X / len(y))
    path = descent(gradient, np.zeros(2), 0.1, 5)
    modes = Q.T @ (path - least_squares(points)[:, None])
    expect("SEED-11", (1 - modes[:, 1] / modes[:, 0]) / 0.1)
    expect("SEED-11", eigenvalues)


def test_seed_17_shapes_broadcast_silently_until_the_update_raises(points):
    X, y = points
    theta = np.zeros(2)
    residual = X @ theta - y.reshape(100, 1)
    wide = X.T @ residual / 100
    expect("SEED-17", residual.shape + wide.shape)
    with pytest.raises(ValueError, match=r"shapes \(2,\) \(2,100\)"):
        theta = theta - 0.01 * wide
    assert theta.shape == (2,)
    broken = odelib.gradient_flow(lambda theta: X.T @ (X @ theta - y.reshape(100, 1)) / 100)
    with pytest.raises(ValueError, match=r"shape \(2, 100\)"):  # odelib refuses such a field too
        odelib.solve_ivp(broken, (0.0, 1.0), theta, method="Euler", step=0.01)


@pytest.mark.parametrize("theta", [[0.0, 0.0], [1.0, -2.0]])
def test_seed_18_the_printed_loss_has_twice_the_gradient(points, gradient, theta):
    theta, steps = np.array(theta), 1e-6 * np.eye(2)
    printed = [loss(points, theta + s) - loss(points, theta - s) for s in steps]
    expect("SEED-18", 2 * np.array(printed) / 2e-6 / gradient(theta))


def test_seed_20_the_best_step_contracts_by_the_theorems_factor(points, gradient):
    X, y = points
    eigenvalues = np.linalg.eigvalsh(X.T @ X / len(y))
    ols = least_squares(points)

    def factor(learning_rate):
        error = np.linalg.norm(
            descent(gradient, np.zeros(2), learning_rate, 60) - ols[:, None], axis=0
        )
        return error[60] / error[59]

    best = 2 / eigenvalues.sum()
    expect("SEED-20", factor(best))
    assert min(factor(0.97 * best), factor(1.03 * best)) > factor(best) + 1e-3  # it is the best


def test_seed_32_its_gap_to_the_minimum_is_the_exact_recurrence(one_parameter):
    x, y, start = one_parameter
    end = descent(lambda theta: np.array([x @ (x * theta - y) / 100]), start, 0.01, 1000)
    ols = x @ y / (x @ x)
    expect("SEED-32", end[0, -1] - ols)
    expect("SEED-32", (1 - 0.01 * np.mean(x**2)) ** 1000 * (start[0] - ols))


def test_seed_33_the_border_is_two_over_the_mean_square(one_parameter):
    x, y, start = one_parameter
    curvature = np.mean(x**2)
    expect("SEED-33", [curvature, 2 / curvature])
    ols = x @ y / (x @ x)
    for share, grows in ((0.99, False), (1.01, True)):
        path = descent(
            lambda theta: np.array([x @ (x * theta - y) / 100]), start, share * 2 / curvature, 100
        )
        assert (abs(path[0, -1] - ols) > abs(start[0] - ols)) == grows


def test_dat_03_standardising_lowers_the_condition_number():
    raw = load_diabetes(scaled=False).data
    standard = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    ones = np.ones((442, 1))
    expect(
        "DAT-03", [np.linalg.cond(np.hstack([ones, columns])) ** 2 for columns in (raw, standard)]
    )
