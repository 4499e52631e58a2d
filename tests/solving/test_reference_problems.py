"""The adaptive methods on problems whose end values are known to twenty digits.

The global error, in the norm that the tolerances are measured in, is below 100 × tolerance and
falls with it. Four orbits amplify errors so much that no method of this kind can promise that:
their own bounds stand in `AMPLIFYING`, and a test measures the cause.
"""

import json

import numba
import numpy as np
import pytest
import scipy.integrate

from conftest import ROOT
from odelib import rhs, solve_ivp

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="says nothing about lines; takes long as plain Python"
)
PROBLEMS = {
    problem["name"]: problem
    for problem in json.loads(
        (ROOT / "tests" / "data" / "reference_problems.json").read_text("utf-8")
    )["problems"]
}
TOLERANCES = (1e-5, 1e-7, 1e-9)


# --- The right-hand sides -------------------------------------------------------------------------


@rhs
def detest_A1(t, y):
    return (-y[0],)


@rhs
def detest_A4(t, y):
    return (0.25 * y[0] * (1 - y[0] / 20),)


@rhs
def detest_B1(t, y):
    return 2 * (y[0] - y[0] * y[1]), -(y[1] - y[0] * y[1])


@rhs
def detest_B4(t, y):
    r = np.hypot(y[0], y[1])
    return -y[1] - y[0] * y[2] / r, y[0] - y[1] * y[2] / r, y[0] / r


@rhs(inplace=True)
def detest_C2(t, y, dy):
    """A chain of decays with the rates 1, 2, …, 9."""
    dy[0] = -y[0]
    for i in range(1, 9):
        dy[i] = i * y[i - 1] - (i + 1) * y[i]
    dy[9] = 9 * y[8]


@rhs(inplace=True)
def detest_C5(t, y, dy, G, sun, masses):
    """Five outer planets about the sun: positions (5, 3), then velocities (5, 3)."""
    for j in range(5):
        r = np.sqrt(y[3 * j] ** 2 + y[3 * j + 1] ** 2 + y[3 * j + 2] ** 2)
        for i in range(3):
            dy[3 * j + i] = y[15 + 3 * j + i]
            dy[15 + 3 * j + i] = -G * (sun + masses[j]) * y[3 * j + i] / r**3
        for k in range(5):
            if k == j:
                continue
            distance, far = 0.0, 0.0
            for i in range(3):
                distance += (y[3 * k + i] - y[3 * j + i]) ** 2
                far += y[3 * k + i] ** 2
            for i in range(3):
                pull = (y[3 * k + i] - y[3 * j + i]) / distance**1.5 - y[3 * k + i] / far**1.5
                dy[15 + 3 * j + i] += G * masses[k] * pull


@rhs
def kepler(t, y):
    cubed = (y[0] ** 2 + y[1] ** 2) ** 1.5
    return y[2], y[3], -y[0] / cubed, -y[1] / cubed


@rhs
def detest_E1(t, y):
    """Bessel's equation of order 1/2."""
    return y[1], -(y[1] / (t + 1) + (1 - 0.25 / (t + 1) ** 2) * y[0])


@rhs
def detest_E3(t, y):
    """Duffing's equation."""
    return y[1], y[0] ** 3 / 6 - y[0] + 2 * np.sin(2.78535 * t)


@rhs(inplace=True)
def pleiades(t, y, dy):
    """Seven stars of masses 1 … 7 in a plane: x, y, then their velocities."""
    for i in range(7):
        dy[i], dy[7 + i] = y[14 + i], y[21 + i]
        dy[14 + i] = dy[21 + i] = 0.0
        for j in range(7):
            if j != i:
                across, up = y[j] - y[i], y[7 + j] - y[7 + i]
                cubed = (across**2 + up**2) ** 1.5
                dy[14 + i] += (j + 1) * across / cubed
                dy[21 + i] += (j + 1) * up / cubed


@rhs
def arenstorf(t, y):
    """A satellite of earth and moon, in the frame that turns with them."""
    moon = 0.012277471
    earth = 1 - moon
    to_earth = ((y[0] + moon) ** 2 + y[1] ** 2) ** 1.5
    to_moon = ((y[0] - earth) ** 2 + y[1] ** 2) ** 1.5
    return (
        y[2],
        y[3],
        y[0] + 2 * y[3] - earth * (y[0] + moon) / to_earth - moon * (y[0] - earth) / to_moon,
        y[1] - 2 * y[2] - earth * y[1] / to_earth - moon * y[1] / to_moon,
    )


@rhs
def lorenz(t, y):
    return 10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]


@rhs
def lotka_volterra(t, y):
    return 1.5 * y[0] - y[0] * y[1], -3 * y[1] + y[0] * y[1]


@rhs
def brusselator(t, y):
    return 1 + y[0] ** 2 * y[1] - 4 * y[0], 3 * y[0] - y[0] ** 2 * y[1]


@rhs
def van_der_pol(t, y):
    return y[1], (1 - y[0] ** 2) * y[1] - y[0]


@rhs
def two_layers(t, y):
    """Gradient flow of (3 − ab)²/2."""
    return y[1] * (3 - y[0] * y[1]), y[0] * (3 - y[0] * y[1])


MASSES = np.array(
    [
        0.000954786104043,
        0.000285583733151,
        0.0000437273164546,
        0.0000517759138449,
        0.00000277777777778,
    ]
)
RIGHT_HAND_SIDES = {
    "detest_A1": detest_A1,
    "detest_A4": detest_A4,
    "detest_B1": detest_B1,
    "detest_B4": detest_B4,
    "detest_C2": detest_C2,
    "detest_C5": detest_C5,
    "detest_D1": kepler,
    "detest_D5": kepler,
    "detest_E1": detest_E1,
    "detest_E3": detest_E3,
    "pleiades": pleiades,
    "arenstorf": arenstorf,
    "lorenz_T10": lorenz,
    "lotka_volterra": lotka_volterra,
    "brusselator_ode": brusselator,
    "vdpol_mu1": van_der_pol,
    "gf_matrix_factor_2layer": two_layers,
}
ARGS = {"detest_C5": (2.95912208286, 1.00000597682, MASSES)}
# Orbits: an error at some time is worth this much more at the end (measured below), because it
# changes the period, or because close encounters follow. Then the bound on error / tolerance;
# SciPy's RK45 has 1350, 299, 276 and 13 000 there, odelib's the same.
AMPLIFYING = {
    "detest_D1": (78, 2000),
    "detest_D5": (1460, 400),
    "pleiades": (276, 400),
    "arenstorf": (1.8e6, 20_000),
}


def solve(name, method, tolerance, span=None, y0=None, *, solver=solve_ivp, f=None):
    """The end (n,) of a problem, which may start later and elsewhere than it does."""
    problem = PROBLEMS[name]
    return solver(
        f or RIGHT_HAND_SIDES[name],
        span or (float(problem["t0"]), float(problem["t1"])),
        problem["y0"] if y0 is None else y0,
        method,
        args=ARGS.get(name, ()),
        rtol=tolerance,
        atol=tolerance,
    ).y[:, -1]


def size(difference, end):
    """Root mean square of a difference of two end values, as the tolerances measure it."""
    return np.sqrt(np.mean((difference / (1 + abs(end))) ** 2))


def known_end(name):
    return np.array([float(value) for value in PROBLEMS[name]["end"]])


def test_every_problem_has_its_right_hand_side():
    assert set(PROBLEMS) == set(RIGHT_HAND_SIDES)
    assert len(PROBLEMS) == 17


@pytest.mark.parametrize("method", ["RK45", "Tsit5", "DOP853"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_error_is_that_of_the_tolerance_and_falls_with_it(name, method):
    end = known_end(name)
    errors = [size(solve(name, method, tolerance) - end, end) for tolerance in TOLERANCES]
    _, bound = AMPLIFYING.get(name, (1, 100))
    assert (np.array(errors) <= bound * np.array(TOLERANCES)).all(), np.divide(errors, TOLERANCES)
    assert errors[0] > errors[1] > errors[2]


@pytest.mark.parametrize("method", ["RK45", "DOP853"])
@pytest.mark.parametrize("name", AMPLIFYING)
def test_where_the_bound_is_wider_scipys_error_is_the_same(name, method):
    end = known_end(name)
    f = RIGHT_HAND_SIDES[name]
    theirs = f

    if name == "pleiades":  # SciPy knows no in-place form

        def theirs(t, y):
            dy = np.empty(len(y))
            f(t, y, dy)
            return dy

    for tolerance in TOLERANCES:
        ours = size(solve(name, method, tolerance) - end, end)
        other = solve(name, method, tolerance, solver=scipy.integrate.solve_ivp, f=theirs)
        np.testing.assert_allclose(ours, size(other - end, end), rtol=1e-2, atol=0)


@pytest.mark.parametrize("name", PROBLEMS)
def test_only_the_orbits_named_amplify_errors_much(name):
    """The largest growth, until the end, of a small change of one component at any tenth."""
    problem = PROBLEMS[name]
    t0, t1 = float(problem["t0"]), float(problem["t1"])
    state, end = np.array(problem["y0"]), known_end(name)
    growth, change = 0.0, 1e-7
    for tenth in range(10):
        t, later = (t0 + (t1 - t0) * (tenth + i) / 10 for i in range(2))
        for j in range(len(state)):
            moved = state.copy()
            moved[j] += change * (1 + abs(state[j]))
            reached = solve(name, "DOP853", 1e-12, (t, t1), moved)
            growth = max(growth, size(reached - end, end) / change)
        state = solve(name, "DOP853", 1e-12, (t, later), state)
    expected, _ = AMPLIFYING.get(name, (None, None))
    if expected is None:
        assert growth < 20
    else:
        np.testing.assert_allclose(growth, expected, rtol=0.1)
