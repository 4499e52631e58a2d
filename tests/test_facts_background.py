"""The facts of the background chapter, computed with odelib.

Each test follows a trajectory and measures; none evaluates the formula that it checks.
"""

from numpy.testing import assert_allclose

import odelib
from facts import expect


def valleys(x):
    return x**4 / 4 - x**2 / 2 + x / 10


def end_of_valleys(start):
    """Where the flow of `valleys` from start is at time 60."""
    flow = odelib.gradient_flow(lambda x: x**3 - x + 0.1)
    sol = odelib.solve_ivp(flow, (0.0, 60.0), [start], method="RK45", rtol=1e-11, atol=1e-13)
    assert sol.success, sol.message
    return sol.y[0, -1]


def error_after_100_steps(slope, target=1.0):
    """f − target after 100 steps of descent, which is Euler's method, from f = 0 with step 0.1.

    `slope(f)` is what the program takes for ∂L/∂f.
    """
    flow = odelib.gradient_flow(slope)
    sol = odelib.solve_ivp(flow, (0.0, 10.0), [0.0], method="Euler", step=0.1)
    assert sol.steps == 100
    return sol.y[0, -1] - target


def test_seed_05_half_the_squared_error_has_the_slope_output_minus_target():
    """f moves at speed 1 to both sides; on a quadratic the central quotient is exact."""

    def at(time):
        moved = odelib.solve_ivp(lambda t, f: (1.0,), (0.0, time), [5.0], method="Euler", step=1.0)
        return 0.5 * (2.0 - moved.y[0, -1]) ** 2

    expect("SEED-05", (at(1.0) - at(-1.0)) / 2.0)  # its tol is 0; y − f would be −3
    # the flow with this slope brings f to the target, with the other sign away from it
    for sign, arrives in ((+1.0, True), (-1.0, False)):
        flow = odelib.gradient_flow(lambda f, sign: sign * (f - 2.0))
        end = odelib.solve_ivp(flow, (0.0, 5.0), [5.0], args=(sign,), rtol=1e-8).y[0, -1]
        assert (abs(end - 2.0) < 0.03) == arrives


def test_seed_06_the_wrong_sign_multiplies_the_error_by_11_tenths_a_step():
    wrong = error_after_100_steps(lambda f: 1.0 - f)
    expect("SEED-06", abs(wrong))
    assert_allclose(abs(wrong), 1.1**100, rtol=1e-12, atol=0)  # the fact allows 1e-6
    assert abs(error_after_100_steps(lambda f: f - 1.0)) < 3e-5  # the right sign: 0.9^100


def test_clm_02_the_flow_from_one_half_ends_in_the_shallower_valley():
    local, lowest = end_of_valleys(0.5), end_of_valleys(-0.5)
    expect("CLM-02", [local, valleys(local)])
    assert_allclose([lowest, valleys(lowest)], [-1.046681, -0.352386], rtol=0, atol=1e-6)
