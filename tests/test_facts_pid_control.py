"""The quantitative facts of the chapter on control, each computed with odelib."""

import numpy as np
from scipy import linalg, signal

import odelib
from facts import FACTS, expect

A = np.array([[0.0, 1.0], [0.0, 0.0]])  # the double integrator
B = np.array([[0.0], [1.0]])


def solve(f, t_end, y0, **options):
    """The library's solution from t = 0, with tolerances well below those of the facts."""
    options = {"method": "DOP853", "rtol": 1e-10, "atol": 1e-12} | options
    sol = odelib.solve_ivp(f, (0.0, t_end), y0, **options)
    assert sol.success
    return sol


def first_peak(f, output, slope, t_end, y0):
    """Value and time of the first maximum of output(y), found as an event of its slope."""

    def turning(t, y):
        return slope(y)

    turning.direction, turning.terminal = -1, True
    sol = solve(f, t_end, y0, events=turning)
    return output(sol.y_events[0][0]), sol.t_events[0][0]


def second_order_peak(zeta):
    """Overshoot and peak time of the step response with ωₙ = 1."""
    value, time = first_peak(
        lambda t, y: (y[1], 1 - 2 * zeta * y[1] - y[0]),
        output=lambda y: y[0] - 1,
        slope=lambda y: y[1],
        t_end=20.0,
        y0=[0.0, 0.0],
    )
    root = np.sqrt(1 - zeta**2)
    np.testing.assert_allclose(value, np.exp(-np.pi * zeta / root), rtol=0, atol=1e-8)
    return value, time


def ziegler_nichols(ultimate_gain=8.0):
    """Kp, Ki, Kd for 1/(s+1)³."""
    period = 2 * np.pi / np.sqrt(3)
    Kp = 0.6 * ultimate_gain
    return Kp, Kp / (period / 2), Kp * period / 8


def lags(gains):
    """The loop around three lags, with the derivative of the measurement."""
    Kp, Ki, Kd = gains

    def f(t, y):
        x1, x2, x3, z = y
        u = Kp * (1 - x3) + Ki * z - Kd * (x2 - x3)
        return (u - x1, x1 - x2, x2 - x3, 1 - x3)

    return f


def lags_overshoot(gains, kick):
    value, _ = first_peak(
        lags(gains),
        output=lambda y: y[2] - 1,
        slope=lambda y: y[1] - y[2],
        t_end=15.0,
        y0=[kick, 0.0, 0.0, 0.0],
    )
    return value


def room_error(Kp, Ki, t_end=40.0):
    """Error that remains at t_end in the loop around 1/(s+1)."""
    sol = solve(lambda t, y: (-y[0] + Kp * (1 - y[0]) + Ki * y[1], 1 - y[0]), t_end, [0.0, 0.0])
    return 1 - sol.y[0, -1]


def riccati(t_end, start, **options):
    """Entries of P(t_end) for the double integrator with Q = I, R = 1."""

    def f(t, p):
        P = p.reshape(2, 2)
        return (A.T @ P + P @ A - P @ B @ B.T @ P + np.eye(2)).ravel()

    return solve(f, t_end, start, **options).y[:, -1]


def test_ctl_01_0_5_overshoot_and_peak_time():
    expect("CTL-01-0.5", second_order_peak(0.5))


def test_ctl_01_0_7_overshoot_and_peak_time():
    expect("CTL-01-0.7", second_order_peak(0.7))


def test_ctl_03_ziegler_nichols_with_the_derivative_kick():
    gains = ziegler_nichols()
    expect("CTL-03", lags_overshoot(gains, kick=gains[2]))
    # with the derivative of the measurement there is no kick, and more overshoot
    np.testing.assert_allclose(lags_overshoot(gains, kick=0.0), 0.5248002542, rtol=0, atol=1e-8)
    # the transfer function says the same
    Kp, Ki, Kd = gains
    closed = np.polyadd(np.polymul([1, 0], [1, 3, 3, 1]), [Kd, Kp, Ki])
    _, response = signal.step(([Kd, Kp, Ki], closed), T=np.linspace(0, 3, 30001))
    expect("CTL-03", response.max() - 1)


def test_ultimate_gain_of_three_lags_is_eight():
    def late_over_early(Kp):
        sol = solve(lags((Kp, 0.0, 0.0)), 100.0, np.zeros(4), t_eval=np.linspace(0, 100, 1001))
        swing = np.abs(sol.y[2] - Kp / (1 + Kp))
        return swing[-100:].max() / swing[100:200].max()

    assert late_over_early(7.9) < 0.8
    np.testing.assert_allclose(late_over_early(8.0), 1, rtol=0, atol=5e-3)
    assert late_over_early(8.1) > 1.25


def test_ctl_04_p_leaves_an_error_and_i_removes_it():
    expect("CTL-04", [room_error(4.0, 0.0), room_error(4.0, 2.0)])
    np.testing.assert_allclose(room_error(9.0, 0.0), 0.1, rtol=0, atol=1e-9)
    assert abs(room_error(4.0, 2.0, t_end=20.0)) > 1e-5  # the slow pole is at −0.438


def test_ctl_05_lqr_of_the_double_integrator():
    are = linalg.solve_continuous_are(A, B, np.eye(2), np.eye(1))
    expect("CTL-05", are.ravel())
    # it is where the Riccati equation rests: odelib stays there
    expect("CTL-05", riccati(5.0, np.array(FACTS["CTL-05"]["expected"])))
    # the cost of a run from (1, 0) is the corner of P, and a neighbour's is higher
    F = B.T @ are

    def cost(f1, f2):
        def f(t, y):
            u = -f1 * y[0] - f2 * y[1]
            return (y[1], u, y[0] ** 2 + y[1] ** 2 + u**2)

        return solve(f, 60.0, [1.0, 0.0, 0.0]).y[2, -1]

    np.testing.assert_allclose(cost(*F[0]), are[0, 0], rtol=0, atol=1e-8)
    assert min(cost(1.1, F[0, 1]), cost(0.9, F[0, 1]), cost(1.0, 1.6), cost(1.0, 1.9)) > are[0, 0]


def test_ctl_06_riccati_equation_runs_into_the_same_matrix():
    expect("CTL-06", riccati(20.0, np.zeros(4)))
    expect("CTL-06", riccati(20.0, np.zeros(4), method="RK45", rtol=1e-9))
    # at t = 3 it is not yet there
    assert np.abs(riccati(3.0, np.zeros(4)) - FACTS["CTL-06"]["expected"]).max() > 1e-3
