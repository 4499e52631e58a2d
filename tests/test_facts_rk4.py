"""The quantitative facts of the Runge–Kutta chapter, each computed with odelib."""

import numpy as np
import pytest

import odelib
from facts import FACTS, expect


def solve(method, f, t_end, y0, step):
    """The library's solution from t = 0."""
    sol = odelib.solve_ivp(f, (0.0, t_end), y0, method=method, step=step)
    assert sol.success
    return sol


def decay(t, y):
    return -y


def oscillator(t, y):
    return (y[1], -y[0])


def energy_factor(method, h):
    """By how much one step multiplies y₁² + y₂² of the harmonic oscillator."""
    return np.sum(solve(method, oscillator, h, [1.0, 0.0], h).y[:, 1] ** 2)


def border(grows, inside, outside):
    """Where `grows` turns from False to True, by bisection."""
    assert not grows(inside)
    assert grows(outside)
    while outside - inside > 1e-11:
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if grows(middle) else (middle, outside)
    return inside


def slope(method):
    """Slope of log error against log h on y′ = y cos t at t = 2, for 80, 160 and 320 steps."""
    h = 2.0 / np.array([80, 160, 320])
    ends = [solve(method, lambda t, y: y * np.cos(t), 2.0, [1.0], step).y[0, -1] for step in h]
    errors = np.abs(np.array(ends) - np.exp(np.sin(2.0)))
    return np.polyfit(np.log(h), np.log(errors), 1)[0]


@pytest.mark.parametrize("method", ["RK3", "RK23"])
def test_ode_04_intervals_of_the_methods_of_order_three(method):
    expect("ODE-04", odelib.stability_interval(method))
    # and found by running one step on decay and on the oscillator
    decay_grows = border(lambda h: abs(solve(method, decay, h, [1.0], h).y[0, 1]) > 1, 2.0, 3.0)
    energy_grows = border(lambda h: energy_factor(method, h) > 1, 1.0, 2.5)
    expect("ODE-04", [decay_grows, energy_grows])


def test_ode_10_midpoint_is_of_order_two():
    expect("ODE-10-midpoint", slope("Midpoint"))


def test_ode_10_heun_is_of_order_two():
    expect("ODE-10-heun", slope("Heun"))


def test_ode_10_ralston_is_of_order_two():
    expect("ODE-10-ralston", slope("Ralston"))


def test_ode_10_rk3_of_kutta_is_of_order_three():
    expect("ODE-10-rk3", slope("RK3"))


def test_ode_10_rk4_is_of_order_four():
    expect("ODE-10-rk4", slope("RK4"))


def test_ode_12_one_step_of_decay():
    sol = solve("RK4", decay, 1.0, [1.0], 1.0)
    expect("ODE-12", sol.y[0, -1])
    assert sol.nfev == 4


def test_ode_13_one_step_of_the_oscillator_loses_energy():
    h = 0.5
    expect("ODE-13", energy_factor("RK4", h))
    expect("ODE-13", 1 - h**6 / 72 + h**8 / 576)
    assert energy_factor("RK4", 2.82) < 1 < energy_factor("RK4", 2.84)


def test_ode_51_contraction_per_gradient_at_the_best_step():
    flow = odelib.gradient_flow(lambda theta: np.array([1.0, 100.0]) * theta)

    def factors(h):  # by which one step multiplies the two modes
        return np.abs(solve("RK4", flow, h, [1.0, 1.0], h).y[:, 1])

    h = border(lambda h: factors(h)[1] > factors(h)[0], 0.02, 0.0278)
    np.testing.assert_allclose(h, 0.027669605910812, rtol=0, atol=1e-9)
    expect("ODE-51", np.max(factors(h)) ** (1 / 4))
    # a longer or a shorter step is worse
    assert np.max(factors(h - 1e-5)) > np.max(factors(h)) < np.max(factors(h + 1e-5))

    h_euler = 2 / 101
    run = solve("Euler", flow, 40 * h_euler, [1.0, 1.0], h_euler)
    per_gradient = (np.linalg.norm(run.y[:, -1]) / np.sqrt(2)) ** (1 / run.nfev)
    np.testing.assert_allclose(per_gradient, 99 / 101, rtol=0, atol=1e-12)
    assert per_gradient < FACTS["ODE-51"]["expected"]


def test_ode_52_stable_step_per_gradient():
    def step_per_gradient(method, inside, outside):
        last = border(lambda h: abs(solve(method, decay, h, [1.0], h).y[0, 1]) > 1, inside, outside)
        return last / solve(method, decay, 1.0, [1.0], 1.0).nfev

    expect("ODE-52", step_per_gradient("RK4", 2.0, 3.0))
    np.testing.assert_allclose(step_per_gradient("Euler", 1.0, 3.0), 2.0, rtol=0, atol=1e-9)
    # many steps just inside the border decay, just outside they grow
    inside, outside = 2.785, 2.786
    assert abs(solve("RK4", decay, 10_000 * inside, [1.0], inside).y[0, -1]) < 0.1
    assert abs(solve("RK4", decay, 10_000 * outside, [1.0], outside).y[0, -1]) > 10
