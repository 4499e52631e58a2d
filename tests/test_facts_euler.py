"""The quantitative facts of the Euler chapter, each computed with odelib."""

import numpy as np
import pytest

import odelib
from facts import FACTS, expect


def euler(f, t_end, y0, step, **options):
    """Values (n, steps + 1) of Euler's method from t = 0."""
    sol = odelib.solve_ivp(f, (0.0, t_end), y0, method="Euler", step=step, **options)
    assert sol.success
    return sol.y


def decay(t, y):
    return -y


def test_seed_19b_beyond_the_border_the_top_mode_grows_by_a_constant_factor():
    rng = np.random.RandomState(42)  # the stream of np.random.seed(42)
    x = 2 * rng.rand(100, 1)
    y = 4 + 3 * x + rng.randn(100, 1)
    X = np.column_stack([np.ones(100), x])
    y = y.ravel()
    hessian = X.T @ X / 100
    minimiser = np.linalg.solve(hessian, X.T @ y / 100)
    eigenvalues, Q = np.linalg.eigh(hessian)

    flow = odelib.gradient_flow(lambda theta: X.T @ (X @ theta - y) / 100)
    for share in (0.95, 1.01):
        learning_rate = share * 2 / eigenvalues[1]
        path = euler(flow, 40 * learning_rate, np.zeros(2), learning_rate)
        error = path - minimiser[:, None]
        top = Q[:, 1] @ error
        factors = np.abs(top[1:] / top[:-1])
        assert len(factors) == 40
        if share == 1.01:
            expect("SEED-19b", factors)
            # the norm mixes in the slow mode: only the projection shows the factor at once
            growth = np.linalg.norm(error[:, 1]) / np.linalg.norm(error[:, 0])
            assert abs(growth - 1.0082) < 1e-4
        else:
            np.testing.assert_allclose(factors, 0.9, rtol=0, atol=1e-6)


def test_ode_01_the_real_stability_interval_ends_at_two():
    def bounded(x):  # x = hλ: one step of y′ = −y from 1
        return abs(euler(decay, x, [1.0], x)[0, -1]) <= 1

    inside, outside = 1.0, 3.0
    assert bounded(inside)
    assert not bounded(outside)
    while outside - inside > 1e-12:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if bounded(middle) else (inside, middle)
    expect("ODE-01", inside)
    expect("ODE-01", odelib.stability_interval("Euler")[0])
    # at the end of the interval y neither decays nor grows; strictly inside it decays
    assert abs(euler(decay, 2000.0, [1.0], 2.0)[0, -1]) == 1
    assert abs(euler(decay, 1990.0, [1.0], 1.99)[0, -1]) < 1e-4
    assert abs(euler(decay, 2010.0, [1.0], 2.01)[0, -1]) > 1e4


def test_ode_10_euler_the_global_error_is_of_first_order():
    steps = 10 * 2 ** np.arange(8)  # 10 … 1280
    ends = [euler(lambda t, y: y * np.cos(t), 2.0, [1.0], 2.0 / n)[0, -1] for n in steps]
    errors = np.abs(np.array(ends) - np.exp(np.sin(2.0)))
    slope = np.polyfit(np.log(2.0 / steps), np.log(errors), 1)[0]
    expect("ODE-10-euler", slope)


def test_ode_11_the_leading_error_on_decay():
    step = 1e-4
    quotient = (np.exp(-1.0) - euler(decay, 1.0, [1.0], step)[0, -1]) / step
    expect("ODE-11", quotient)
    assert abs(quotient - 0.183947385) < 1e-9  # the value at this h, not its limit


def test_ode_41_descent_on_a_cubic_loss_doubles_its_period():
    def period(step, transient=4000, longest=64):
        """Smallest p with y_k = y_(k−p) after 4000 steps from 0.5."""
        y = euler(lambda t, y: y * (1 - y), transient * step, [0.5], step)[0]
        return next(p for p in range(1, longest) if abs(y[-1] - y[-1 - p]) < 1e-9)

    expect("ODE-41", [period(step) for step in (1.9, 2.3, 2.48)])
    # the borders 2 and √6, from both sides
    assert [period(step) for step in (1.99, 2.01, 2.44, 2.46)] == [1, 2, 2, 4]


def test_ode_54_the_solution_of_a_square_before_it_blows_up():
    def square(t, y):
        return y * y

    tight = {"method": "RK45", "rtol": 1e-10, "atol": 1e-10}
    before = odelib.solve_ivp(square, (0.0, 0.9), [1.0], **tight)
    assert before.success
    expect("ODE-54", before.y[0, -1])
    beyond = odelib.solve_ivp(square, (0.0, 1.1), [1.0], **tight)
    assert not beyond.success
    assert abs(beyond.t[-1] - 1) < 1e-6


@pytest.mark.parametrize(("start", "equality"), [((1.0, 2.0), False), ((0.0, 2.0), True)])
def test_clm_09_one_step_lowers_the_loss_as_the_descent_lemma_says(start, equality):
    # L(z) = (z₁² + 3z₂²)/2, so the gradient is Lipschitz with constant 3; the step is 0.3
    step, smoothness = 0.3, 3.0
    curvature = np.array([1.0, 3.0])
    flow = odelib.gradient_flow(lambda z: curvature * z)
    before, after = euler(flow, step, start, step).T
    squared_gradient = np.sum(np.square((after - before) / step))
    bound = 0.5 * curvature @ before**2 - step * (1 - step * smoothness / 2) * squared_gradient
    measured = 0.5 * curvature @ after**2
    assert measured <= bound + FACTS["CLM-09"]["tol"]
    if equality:  # the gradient lies in the top mode
        np.testing.assert_allclose(measured, bound, rtol=0, atol=1e-12)
    else:
        expect("CLM-09", bound)
        assert measured <= FACTS["CLM-09"]["expected"] - 0.08
