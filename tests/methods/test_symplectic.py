"""Symplectic methods: order, areas conserved, bounded energy, reversibility, honest counts."""

import numpy as np
import pytest

from odelib import rhs, solve_ivp
from odelib.methods.symplectic import SYMPLECTIC

each_method = pytest.mark.parametrize("method", SYMPLECTIC)


@rhs
def pendulum(t, y):
    return y[1], -np.sin(y[0])


@rhs
def driven(t, y):
    """q″ = −4q + cos t from (0, 0): q = (cos t − cos 2t) / 3."""
    return y[1], -4.0 * y[0] + np.cos(t)


def energy(y):
    return 0.5 * y[1] ** 2 - np.cos(y[0])


@each_method
def test_order_is_exactly_the_declared_one(method):
    t_end, errors = 5.0, []
    exact = np.array([(np.cos(5) - np.cos(10)) / 3, (-np.sin(5) + 2 * np.sin(10)) / 3])
    for n in 400, 800, 1600:
        y = solve_ivp(driven, (0, t_end), [0.0, 0.0], method, step=t_end / n).y[:, -1]
        errors.append(np.linalg.norm(y - exact))
    slopes = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(slopes, SYMPLECTIC[method].order, rtol=0, atol=0.05)


@each_method
def test_a_step_is_the_composition_of_kicks_and_drifts(method):
    h, q, v = 0.3, 0.7, -0.2
    for kick, drift in zip(SYMPLECTIC[method].kicks, SYMPLECTIC[method].drifts, strict=True):
        v -= kick * h * np.sin(q)
        q += drift * h * v
    y = solve_ivp(pendulum, (0, h), [0.7, -0.2], method, step=h).y[:, -1]
    np.testing.assert_allclose(y, [q, v], rtol=1e-15, atol=0)


@pytest.mark.parametrize(
    ("method", "conserves"), [*((m, True) for m in SYMPLECTIC), ("RK4", False)]
)
def test_the_map_of_a_step_conserves_areas(method, conserves):
    def step(y):
        return solve_ivp(pendulum, (0, 0.5), y, method, step=0.5).y[:, -1]

    start, d = np.array([1.0, 0.4]), 1e-4
    jacobian = np.column_stack(
        [(step(start + e) - step(start - e)) / (2 * d) for e in d * np.eye(2)]
    )
    assert (abs(np.linalg.det(jacobian) - 1) < 1e-7) == conserves


def test_the_energy_error_stays_bounded_where_that_of_rk4_grows():
    def worst(method, t_end):
        y = solve_ivp(pendulum, (0, t_end), [2.0, 0.0], method, step=0.2).y
        return abs(energy(y) - energy(y[:, 0])).max()

    for method in SYMPLECTIC:
        assert worst(method, 10000) < 1.05 * worst(method, 100)
    assert worst("RK4", 10000) > 50 * worst("RK4", 100)


def test_stormer_verlet_runs_back_to_where_it_came_from():
    there = solve_ivp(pendulum, (0, 20), [2.0, 0.3], "StormerVerlet", step=0.1).y[:, -1]
    back = solve_ivp(pendulum, (20, 0), there, "StormerVerlet", step=0.1).y[:, -1]
    np.testing.assert_allclose(back, [2.0, 0.3], rtol=0, atol=1e-12)


@each_method
def test_the_interpolant_is_hermites_cubic_and_events_are_found(method):
    h, x = 0.1, 0.3
    sol = solve_ivp(driven, (0, 1), [0.0, 0.0], method, step=h, dense_output=True)
    left, right = sol.y[:, :-1], sol.y[:, 1:]
    slopes = h * np.array([driven(t, y) for t, y in zip(sol.t, sol.y.T, strict=True)]).T
    cubic = (1 + 2 * x) * (1 - x) ** 2 * left + x**2 * (3 - 2 * x) * right
    cubic += x * (1 - x) ** 2 * slopes[:, :-1] + x**2 * (x - 1) * slopes[:, 1:]
    np.testing.assert_allclose(sol.sol(sol.t[:-1] + x * h), cubic, rtol=0, atol=1e-13)

    def crossing(t, y):
        return y[0] - 0.3

    sol = solve_ivp(driven, (0, 2), [0.0, 0.0], method, step=0.05, events=crossing)
    np.testing.assert_allclose(sol.y_events[0][:, 0], 0.3, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("method", "a_step"), [("SymplecticEuler", 2), ("StormerVerlet", 2)])
def test_it_counts_every_call_of_f(method, a_step):
    calls = []

    def counted(t, y):
        calls.append(t)
        assert 0 <= t <= 1
        return y[1], -y[0]

    sol = solve_ivp(counted, (0, 1), [1.0, 0.0], method, step=0.1)
    assert sol.nfev == len(calls) == 10 * a_step + (method == "StormerVerlet")
    calls.clear()
    sol = solve_ivp(counted, (0, 1), [1.0, 0.0], method, step=0.1, t_eval=[0.25, 0.55])
    assert sol.nfev == len(calls)


@each_method
def test_halves_must_be_equal(method):
    with pytest.raises(ValueError, match=r"two halves of equal length; y0 has 3 components"):
        solve_ivp(lambda t, y: y, (0, 1), [1.0, 2.0, 3.0], method, step=0.1)


@each_method
def test_what_f_raises_reaches_the_caller_from_every_stage(method):
    def make(fail_at):
        calls = []

        def f(t, y):
            calls.append(t)
            if len(calls) == fail_at:
                raise KeyError(fail_at)
            return y[1], -y[0]

        return f

    for fail_at in range(1, 6):
        with pytest.raises(KeyError):
            solve_ivp(make(fail_at), (0, 1), [1.0, 0.0], method, step=0.5, dense_output=True)
