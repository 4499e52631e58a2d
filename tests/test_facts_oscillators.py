"""The quantitative facts of the lessons on oscillators and circuits, computed with odelib.

Störmer–Verlet stands here in plain NumPy, as in the lesson.
"""

import numpy as np

import odelib
from facts import expect

RESISTANCE, INDUCTANCE, CAPACITY = 10.0, 1e-3, 1e-6  # ohm, henry, farad


def solve(f, t_end, y0, *, rtol=1e-12, atol=1e-14, **options):
    """The solution from t = 0 with DOP853 and tight tolerances."""
    sol = odelib.solve_ivp(f, (0.0, t_end), y0, method="DOP853", rtol=rtol, atol=atol, **options)
    assert sol.success
    return sol


def circuit(t, y):
    """Voltage of the capacitor and current of the free circuit: C v' = i, L i' = -v - R i."""
    v, i = y
    return (i / CAPACITY, -(v + RESISTANCE * i) / INDUCTANCE)


def top(t, y):
    """An event: the first component is at a maximum."""
    return y[1]


top.direction = -1


def next_top(f, t_end, y0, **options):
    """Time and value of the first maximum after a start at a maximum."""
    sol = solve(f, t_end, y0, events=top, **options)
    later = sol.t_events[0] > 0.1 * t_end
    return sol.t_events[0][later][0], sol.y_events[0][later][0, 0]


def verlet(q, v, h, steps):
    """Störmer–Verlet for q″ = −q: path (2, steps + 1)."""
    path = np.empty((2, steps + 1))
    path[:, 0] = q, v
    for n in range(steps):
        v = v - h / 2 * q
        q = q + h * v
        v = v - h / 2 * q
        path[:, n + 1] = q, v
    return path


def test_ode_22_verlet_is_of_order_two():
    distance = [
        np.linalg.norm(verlet(1.0, 0.0, 2 * np.pi / n, n)[:, -1] - [1.0, 0.0]) for n in (50, 100)
    ]
    expect("ODE-22", np.log2(distance[0] / distance[1]))


def test_ode_24_implicit_midpoint_keeps_the_energy():
    spring, h = np.array([[0.0, 1.0], [-1.0, 0.0]]), 0.3
    y = np.array([1.0, 0.0])
    for _ in range(1000):
        y = np.linalg.solve(np.eye(2) - h / 2 * spring, y + h / 2 * spring @ y)
        expect("ODE-24", y @ y)
    # Euler's method, as a control, does not
    euler = odelib.solve_ivp(
        lambda t, y: (y[1], -y[0]), (0.0, h), [1.0, 0.0], method="Euler", step=h
    )
    np.testing.assert_allclose(np.sum(euler.y[:, -1] ** 2), 1 + h**2, rtol=1e-14, atol=0)


def test_ode_42_period_of_the_pendulum_released_at_a_right_angle():
    period, angle = next_top(lambda t, y: (y[1], -np.sin(y[0])), 9.0, [np.pi / 2, 0.0])
    expect("ODE-42", period / (2 * np.pi))
    np.testing.assert_allclose(angle, np.pi / 2, rtol=0, atol=1e-9)


def test_ode_44_invariant_of_lotka_and_volterra():
    def hares_and_foxes(t, z):
        return (z[0] * (1 - z[1]), z[1] * (z[0] - 1))

    x, y = solve(hares_and_foxes, 20.0, [2.0, 1.0], rtol=1e-10, atol=1e-10).y
    assert np.ptp(x) > 1  # it has gone round
    expect("ODE-44", x - np.log(x) + y - np.log(y))


def test_osc_01_frequency_quality_and_critical_resistance_of_a_circuit():
    options = {"rtol": 1e-13, "atol": 1e-16, "max_step": 1e-6}
    period, height = next_top(circuit, 2.5e-4, [1.0, 0.0], **options)
    decrement = -np.log(height)
    natural = np.hypot(2 * np.pi, decrement) / period
    zeta = decrement / np.hypot(2 * np.pi, decrement)
    expect("OSC-01", [natural, 1 / (2 * zeta), RESISTANCE / zeta])


def test_osc_02_free_discharge():
    expect("OSC-02", solve(circuit, 5e-4, [1.0, 0.0]).y[0, -1])


def test_osc_03_logarithmic_decrement():
    period, height = next_top(lambda t, y: (y[1], -y[0] - 0.2 * y[1]), 8.0, [1.0, 0.0])
    expect("OSC-03", np.log(1 / height))
    np.testing.assert_allclose(period, 2 * np.pi / np.sqrt(0.99), rtol=0, atol=1e-9)


def test_osc_04_charging_through_a_resistor():
    time_constant = RESISTANCE * CAPACITY
    sol = solve(lambda t, v: (1 - v) / time_constant, time_constant, [0.0])
    expect("OSC-04", sol.y[0, -1])
