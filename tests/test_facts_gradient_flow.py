"""The facts of the gradient flow chapter, computed with odelib.

Each test follows a trajectory and measures; none evaluates the formula that it checks.
"""

import numpy as np
from numpy.testing import assert_allclose

import odelib
from facts import FACTS, expect

A = np.array([[3.0, 1.0], [1.0, 2.0]])
Z0 = np.array([0.7, -0.4])


def quartic_loss(z):
    return 0.5 * z @ A @ z + 0.25 * np.sum(z**4)


def quartic_flow():
    return odelib.gradient_flow(lambda z: A @ z + z**3, eta=0.3)


def follow(gradient, theta0, t_end, *, eta=1.0, rtol=1e-11, atol=1e-14, **options):
    """The gradient flow from theta0 (n,) until t_end, by RK45."""
    flow = odelib.gradient_flow(gradient, eta=eta)
    sol = odelib.solve_ivp(
        flow, (0.0, t_end), theta0, method="RK45", rtol=rtol, atol=atol, **options
    )
    assert sol.success, sol.message
    return sol


def hundred_points():
    """Document 001's data: X (100, 2) with a column of ones, y (100,)."""
    random = np.random.RandomState(42)
    x = 2 * random.rand(100, 1)
    y = 4 + 3 * x + random.randn(100, 1)
    return np.column_stack([np.ones(100), x]), y.ravel()


def test_seed_01_acceleration_is_eta_squared_hessian_times_gradient():
    """Seven points 2^-7 apart (truncation about 1e-12), RK45 with fixed steps of 2^-10."""
    d = 2.0**-7
    before, after = (
        odelib.solve_ivp(quartic_flow(), (0.0, end), Z0, method="RK45", step=d / 8).y[:, ::8]
        for end in (-3 * d, 3 * d)
    )
    points = np.hstack([before[:, :0:-1], after])
    measured = points @ np.array([2, -27, 270, -490, 270, -27, 2]) / (180 * d**2)
    expect("SEED-01", measured)
    printed = np.array(FACTS["SEED-01"]["expected"]) / 0.3  # with η in the place of η²
    assert np.all(np.abs(measured - printed) > 0.1)


def test_seed_03_third_derivative_on_a_quadratic_is_minus_one():
    """One step of RK4 has the flow's first four derivatives with respect to its length.

    On a linear field it is a polynomial of degree 4 in that length, so that the five-point
    difference formula with spacing 1 is exact.
    """
    flow = odelib.gradient_flow(lambda x: x)
    points = [
        odelib.solve_ivp(flow, (0.0, end), [1.0], method="RK4", step=abs(end)).y[0, -1]
        for end in (-2.0, -1.0, 1.0, 2.0)
    ]
    measured = np.array([-1, 2, -2, 1]) @ points / 2
    expect("SEED-03", measured)


def test_seed_04_loss_falls_at_the_rate_of_the_squared_gradient():
    sol = odelib.solve_ivp(quartic_flow(), (0.0, 1e-6), Z0, rtol=1e-10, atol=1e-14)
    measured = (quartic_loss(sol.y[:, -1]) - quartic_loss(Z0)) / 1e-6
    expect("SEED-04", measured)


def test_seed_16_10000_flow_until_time_100_on_the_hundred_points():
    """At 1e-10, not the fact's 1e-7: gradient descent ends only 6e-10 away."""
    X, y = hundred_points()

    def gradient(theta):
        return X.T @ (X @ theta - y) / 100

    end = follow(gradient, np.zeros(2), 100.0, rtol=1e-12).y[:, -1]
    assert_allclose(end, FACTS["SEED-16-10000"]["expected"], rtol=0, atol=1e-10)
    flow = odelib.gradient_flow(gradient)
    descent = odelib.solve_ivp(flow, (0.0, 100.0), np.zeros(2), method="Euler", step=0.01)
    assert np.all(np.abs(descent.y[:, -1] - FACTS["SEED-16-10000"]["expected"]) > 2e-10)


def test_flow_01_modes_of_a_quadratic_decay_exponentially():
    end = follow(lambda theta: np.array([1.0, 10.0]) * theta, np.ones(2), 1.0, eta=0.5).y[:, -1]
    expect("FLOW-01", end)


def test_flow_03_polyak_lojasiewicz_loss_stays_below_its_exponential_bound():
    def loss(x):
        return x**2 + 3 * np.sin(x) ** 2

    def slope(x):
        return 2 * x + 3 * np.sin(2 * x)

    grid = np.linspace(0.001, 50.0, 200_001)
    mu = np.min(slope(grid) ** 2 / (2 * loss(grid)))
    assert_allclose(mu, 0.175531, rtol=0, atol=1e-6)
    sol = follow(slope, [3.0], 10.0, t_eval=np.linspace(0.0, 10.0, 201))
    excess = loss(sol.y[0]) - loss(3.0) * np.exp(-2 * mu * sol.t)
    assert np.max(excess) <= FACTS["FLOW-03"]["expected"] + FACTS["FLOW-03"]["tol"]
    too_fast = loss(sol.y[0]) - loss(3.0) * np.exp(-40 * mu * sol.t)
    assert np.max(too_fast) > 1  # the comparison can fail


def test_flow_04_quartic_valley_is_left_algebraically():
    end = follow(lambda x: x**3, [1.0], 50.0).y[0, -1]
    expect("FLOW-04", end)
