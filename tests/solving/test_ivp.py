"""solve_ivp against exact solutions, SciPy, and what its documentation promises."""

import threading

import numba
import numpy as np
import pytest
import scipy.integrate

from odelib import rhs, solve_ivp
from odelib.methods import RUNGE_KUTTA
from problems import LORENZ, lorenz

FIXED = [name for name, tab in RUNGE_KUTTA.items() if not tab.adaptive]
ADAPTIVE = [name for name, tab in RUNGE_KUTTA.items() if tab.adaptive]


@rhs
def growing(t, y):
    return (y[0] * np.cos(t),)


@rhs
def pendulum(t, y):
    return y[1], -np.sin(y[0]) + 0.3 * np.cos(t)


def decay(t, y):
    return -y


# Numbers of steps at which the error of a method of this order is far from round-off.
STEPS = {1: (80, 160), 2: (80, 160), 3: (80, 160), 4: (80, 160), 5: (40, 80), 8: (8, 16)}


# --- Accuracy -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", RUNGE_KUTTA)
def test_global_order_is_that_of_the_tableau(method):
    exact, order = np.exp(np.sin(2.0)), RUNGE_KUTTA[method].order
    errors = [
        abs(solve_ivp(growing, (0, 2), [1.0], method, step=2 / n).y[0, -1] - exact)
        for n in STEPS[order]
    ]
    assert abs(np.log2(errors[0] / errors[1]) - order) < (0.1 if order < 5 else 0.5)


@pytest.mark.parametrize("method", RUNGE_KUTTA)
def test_solution_at_t_eval_has_the_order_of_the_method(method):
    # the interpolant may be one order below the method: it is used once, not at every step
    times = np.linspace(0.013, 1.987, 1999)
    exact = np.exp(np.sin(times))
    errors = []
    for n in STEPS[RUNGE_KUTTA[method].order]:
        sol = solve_ivp(growing, (0, 2), [1.0], method, t_eval=times, step=2 / n)
        errors.append(abs(sol.y[0] - exact).max())
    slope = np.log2(errors[0] / errors[1])
    assert RUNGE_KUTTA[method].order - 0.3 < slope < RUNGE_KUTTA[method].order + 1.2


@pytest.mark.parametrize("method", ADAPTIVE)
@pytest.mark.parametrize("tolerance", [1e-4, 1e-7, 1e-10])
def test_error_follows_the_tolerance(method, tolerance):
    sol = solve_ivp(growing, (0, 2), [1.0], method, rtol=tolerance, atol=tolerance)
    error = abs(sol.y[0] - np.exp(np.sin(sol.t))).max()
    assert tolerance / 100 < error < 30 * tolerance


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
@pytest.mark.parametrize("span", [(0.0, 3.0), (3.0, 0.0)])
def test_steps_and_evaluations_are_those_of_scipy(method, span):
    ours = solve_ivp(pendulum, span, [1.0, 2.0], method, rtol=1e-7, atol=1e-9)
    theirs = scipy.integrate.solve_ivp(pendulum, span, [1.0, 2.0], method, rtol=1e-7, atol=1e-9)
    assert ours.nfev == theirs.nfev
    # DOP853's error estimates are differences near round-off, and the step follows them
    np.testing.assert_allclose(ours.t, theirs.t, rtol=0, atol=1e-6 if method == "DOP853" else 1e-9)
    np.testing.assert_allclose(ours.y, theirs.y, rtol=0, atol=1e-5 if method == "DOP853" else 1e-7)


def falls_to_a_half(t, y):
    return y[0] - 0.5


falls_to_a_half.terminal = True


@pytest.mark.parametrize(
    ("f", "options"),
    [
        (decay, {}),
        (decay, {"t_eval": [0.25, 0.5], "dense_output": True}),
        (decay, {"events": falls_to_a_half}),
        (decay, {"events": [falls_to_a_half], "t_eval": [1.5]}),
        (lambda t, y: y * y, {}),  # y = 1/(1 − t)
    ],
)
def test_the_result_has_all_that_scipys_has_and_says_the_same(f, options):
    ours = solve_ivp(f, (0, 2), [1.0], **options)
    theirs = scipy.integrate.solve_ivp(f, (0, 2), [1.0], **options)
    for name, value in theirs.items():
        found = getattr(ours, name)
        if name in ("status", "success", "nfev", "njev", "nlu"):
            assert (name, found, type(found)) == (name, value, type(value))
        elif name == "message":  # of a failure odelib says more
            assert found == value if ours.success else found.startswith(value)
        elif name == "sol":
            assert (found is None) == (value is None)
        else:
            assert np.shape(found) == np.shape(value), name
    assert ours.status == (-1 if f is not decay else 1 if "events" in options else 0)


@pytest.mark.parametrize("method", RUNGE_KUTTA)
def test_compiled_and_python_right_hand_sides_agree_bit_for_bit(method):
    step = {} if RUNGE_KUTTA[method].adaptive else {"step": 0.01}
    compiled = solve_ivp(lorenz, (0, 2), [1.0, 1.0, 1.0], method, args=LORENZ, **step)
    python = solve_ivp(
        getattr(lorenz, "py_func", lorenz), (0, 2), [1.0, 1.0, 1.0], method, args=LORENZ, **step
    )
    assert not python.compiled
    np.testing.assert_array_equal(compiled.t, python.t)
    np.testing.assert_array_equal(compiled.y, python.y)


# --- Where the steps are --------------------------------------------------------------------------


@pytest.mark.parametrize("method", FIXED)
def test_fixed_steps_stand_at_multiples_and_the_last_is_shortened(method):
    sol = solve_ivp(decay, (1.0, 2.0), [1.0], method, step=0.3)
    np.testing.assert_array_equal(sol.t, [1.0, 1.3, 1.6, 1.0 + 3 * 0.3, 2.0])
    assert sol.nfev == 4 * len(RUNGE_KUTTA[method].b)
    back = solve_ivp(decay, (2.0, 1.0), [1.0], method, step=0.3)
    np.testing.assert_array_equal(back.t, [2.0, 1.7, 1.4, 2.0 - 3 * 0.3, 1.0])


@pytest.mark.parametrize("alpha", [0.1, 0.3, 0.895, 1.0, 1 / 3])
@pytest.mark.parametrize("steps", [1, 7, 60, 1000])
def test_an_interval_of_n_steps_takes_n_steps_all_of_the_same_size(alpha, steps):
    sol = solve_ivp(lambda t, y: [1.0], (0, alpha * steps), [0.0], "Euler", step=alpha)
    expected = 0.0
    for _ in range(steps):
        expected += alpha
    assert len(sol.t) == steps + 1
    assert sol.y[0, -1] == expected  # bit for bit: also the last step was alpha


def test_a_sliver_at_the_end_is_a_step_of_its_own():
    sol = solve_ivp(decay, (0, 1.0 + 1e-9), [1.0], "Euler", step=0.5)
    assert sol.steps == 3
    assert sol.t[-1] == 1.0 + 1e-9


@pytest.mark.parametrize("method", RUNGE_KUTTA)
@pytest.mark.parametrize("span", [(0.0, 0.7), (5.0, -1 / 3)])
def test_f_is_never_called_outside_the_interval(method, span):
    times = []

    def watched(t, y):
        times.append(t)
        return -y

    for options in {"step": 0.1}, {"first_step": 0.3}, {}:
        if "step" in options or RUNGE_KUTTA[method].adaptive:
            solve_ivp(watched, span, [1.0], method, **options)
    assert min(span) <= min(times)
    assert max(times) <= max(span)


def test_t_eval_at_a_step_returns_the_step_itself():
    every = solve_ivp(decay, (0, 1), [1.0], "Euler", step=0.25)
    some = solve_ivp(decay, (0, 1), [1.0], "Euler", t_eval=[0.0, 0.5, 0.6, 1.0], step=0.25)
    np.testing.assert_array_equal(some.t, [0.0, 0.5, 0.6, 1.0])
    np.testing.assert_array_equal(some.y[0, [0, 1, 3]], every.y[0, [0, 2, 4]])
    # between the steps Euler's polygon is a straight line
    np.testing.assert_allclose(some.y[0, 2], 0.6 * every.y[0, 2] + 0.4 * every.y[0, 3], rtol=1e-15)


def test_first_step_and_max_step_are_obeyed():
    sol = solve_ivp(decay, (0, 10), [1.0], first_step=0.01, max_step=0.5)
    assert sol.t[1] == 0.01
    assert np.diff(sol.t).max() <= 0.5 + 1e-15
    assert np.diff(sol.t)[5:-1].min() > 0.1


def test_vector_tolerances_are_per_component():
    tight = solve_ivp(lorenz, (0, 1), [1.0, 1, 1], args=LORENZ, rtol=1e-6, atol=[1e-6] * 3)
    same = solve_ivp(lorenz, (0, 1), [1.0, 1, 1], args=LORENZ, rtol=[1e-6] * 3, atol=1e-6)
    np.testing.assert_array_equal(tight.t, same.t)
    loose = solve_ivp(lorenz, (0, 1), [1.0, 1, 1], args=LORENZ, rtol=1e-6, atol=[1e-6, 1e-6, 10.0])
    assert loose.steps < tight.steps


# --- Output ---------------------------------------------------------------------------------------


def test_storage_grows_beyond_its_first_chunks():
    sol = solve_ivp(decay, (0, 1), [1.0], rtol=1e-10, atol=1e-12, max_step=1e-3)
    assert sol.steps > 999
    assert sol.t.shape == (sol.steps + 1,)
    assert sol.y.shape == (1, sol.steps + 1)
    assert np.all(np.diff(sol.t) > 0)
    np.testing.assert_allclose(sol.y[0], np.exp(-sol.t), rtol=1e-9)


def test_large_systems_store_every_step_in_several_chunks():
    n = 20_000
    sol = solve_ivp(lambda t, y: -y, (0, 1), np.arange(n) + 1.0, "Euler", step=0.01)
    np.testing.assert_allclose(sol.y[:, -1], (np.arange(n) + 1.0) * 0.99**100, rtol=1e-12)
    assert sol.y.shape == (n, 101)


@pytest.mark.parametrize("t_eval", [None, [2.0]])
def test_an_interval_of_length_zero_returns_the_start(t_eval):
    sol = solve_ivp(decay, (2, 2), [3.0, 4.0], t_eval=t_eval)
    assert sol.success
    np.testing.assert_array_equal(sol.y[:, -1], [3.0, 4.0])


def test_no_components_is_a_solution():
    sol = solve_ivp(lambda t, y: np.empty(0), (0, 10), np.empty(0))
    assert sol.success
    assert sol.y.shape == (0, 2)


def test_the_initial_state_is_not_touched():
    y0 = np.array([1.0, 2.0])
    solve_ivp(decay, (0, 1), y0)
    np.testing.assert_array_equal(y0, [1.0, 2.0])


def test_repr_says_what_happened():
    text = repr(solve_ivp(decay, (0, 1), [1.0], "Euler", step=0.5))
    assert "3 times from 0 to 1" in text
    assert "2 accepted, 0 rejected" in text


# --- Solves that stop early -----------------------------------------------------------------------


def test_finite_time_blow_up_ends_with_all_that_was_computed():
    sol = solve_ivp(lambda t, y: [0.0, y[1] ** 2], (0, 2), [9.0, 1.0])  # y[1] = 1/(1 − t)
    assert sol.status == -1
    assert not sol.success
    t, y = sol.t[-1], sol.y[1, -1]
    assert sol.message == (
        "Required step size is less than spacing between numbers. This happened at t = "
        f"{t:.6g}, where y[1] = {y:.6g}: the solution may blow up there, or fun may jump. "
        "End before that time, or stop there with a terminal event."
    )
    assert 0.99 < t < 1.01
    assert y > 1e10
    assert np.isfinite(sol.y).all()


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_fixed_step_that_overflows_stops_at_the_last_finite_state():
    sol = solve_ivp(lambda t, y: [y[0], y[1] ** 2], (0, 3), [1.0, 1.0], "RK4", step=0.1)
    assert sol.status == -1
    assert (
        f"y[1] was no longer a finite number in the step after t = {sol.t[-1]:.6g}." in sol.message
    )
    assert "the step is too large: try a smaller one" in sol.message
    assert np.isfinite(sol.y).all()
    assert len(sol.t) == sol.steps + 1


@pytest.mark.parametrize("method", ADAPTIVE)
def test_a_field_that_becomes_nan_ends_and_says_where(method):
    sol = solve_ivp(lambda t, y: [y[0], np.nan if t > 0.5 else 1.0], (0, 1), [1.0, 1.0], method)
    assert sol.status == -1
    assert f"not finite in component 1 at or after t = {sol.t[-1]:.6g}: " in sol.message
    assert abs(sol.t[-1] - 0.5) < 1e-6
    at_once = solve_ivp(lambda t, y: [np.nan], (0, 1), [1.0], method)
    assert at_once.status == -1
    assert "component 0" in at_once.message


@pytest.mark.parametrize("method", ADAPTIVE)
@pytest.mark.parametrize("y0", [1.7e308, 1.7e308 * (1 + 0j)])
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_state_that_overflows_is_never_accepted(method, y0):
    """An infinite state makes the scale of the error infinite, and any error nothing beside it."""
    sol = solve_ivp(rhs(lambda t, y: y / y * 1e307), (0, 5), [y0], method, first_step=3.0)
    assert sol.status == -1
    assert np.isfinite(sol.y).all()
    assert "spacing between numbers" in sol.message


@pytest.mark.parametrize("method", ADAPTIVE)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_rejected_step_is_tried_smaller_even_where_its_error_is_zero(method):
    """A constant slope has no error at all, and the state at the end of the step is infinite."""
    f = rhs(lambda t, y: (1e308,))
    sol = solve_ivp(f, (0, 10), [1e308], method, max_steps=1000)
    assert "spacing between numbers" in sol.message
    np.testing.assert_allclose(sol.y[0, -1], np.finfo(float).max, rtol=1e-12)


@pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT),
    reason="Python's own division by zero raises: NUMBA_DISABLE_JIT=1",
)
@pytest.mark.parametrize("method", ADAPTIVE)
def test_a_tolerance_of_zero_is_named_where_it_cannot_be_met(method):
    for options in {}, {"first_step": 0.5}:
        sol = solve_ivp(lambda t, y: [1.0, 0 * t], (0, 1), [1.0, 0.0], method, atol=0, **options)
        assert sol.status == -1
        assert sol.message == (
            "atol + rtol·|y[1]| is 0 at t = 0, so no error of y[1] is small enough: "
            "give a positive atol."
        )


@pytest.mark.parametrize("asked", [{"dense_output": True}, {"t_eval": [0.5, 1.0]}])
def test_an_exception_in_a_stage_of_the_interpolant_reaches_the_caller(asked):
    """Only DOP853 has such stages: y = t passes 0.15 … 0.22 in the second of them."""

    def f(t, y):
        if 0.15 < y[0] < 0.22:
            raise ZeroDivisionError("in between")
        return (1.0,)

    for form in f, rhs(f):
        assert solve_ivp(form, (0, 1), [0.0], "DOP853", step=1.0).success
        with pytest.raises(ZeroDivisionError, match="in between"):
            solve_ivp(form, (0, 1), [0.0], "DOP853", step=1.0, **asked)


def test_max_steps_stops_and_keeps_what_there_is():
    sol = solve_ivp(lorenz, (0, 10), [1.0, 1, 1], args=LORENZ, max_steps=37)
    assert sol.status == -1
    assert sol.steps + sol.rejected == 37
    assert sol.message.startswith(f"max_steps = 37 steps were tried and t = {sol.t[-1]:.6g} was")
    assert "raise max_steps" in sol.message
    full = solve_ivp(lorenz, (0, 10), [1.0, 1, 1], args=LORENZ)
    np.testing.assert_array_equal(sol.y, full.y[:, : sol.steps + 1])
    assert solve_ivp(decay, (0, 1), [1.0], "Euler", step=0.1, max_steps=10).success
    assert not solve_ivp(decay, (0, 1), [1.0], "Euler", step=0.1, max_steps=9).success


# --- Side by side, and inside each other ----------------------------------------------------------


def test_a_solve_inside_the_right_hand_side_of_another():
    def outer(t, y):
        inner = solve_ivp(decay, (0, 1), [y[0]], "RK4", step=0.1)
        return [-inner.y[0, -1]]

    factor = solve_ivp(decay, (0, 1), [1.0], "RK4", step=0.1).y[0, -1]
    nested = solve_ivp(outer, (0, 1), [1.0], "RK4", step=0.1)
    plain = solve_ivp(lambda t, y: -factor * y, (0, 1), [1.0], "RK4", step=0.1)
    np.testing.assert_allclose(nested.y, plain.y, rtol=1e-14)


def test_threads_solve_at_once_and_get_the_bits_of_one_alone():
    alone = [solve_ivp(lorenz, (0, 5), [k, 1.0, 1.0], args=LORENZ).y for k in range(4)]
    together = [None] * 4

    def work(k):
        together[k] = solve_ivp(lorenz, (0, 5), [k, 1.0, 1.0], args=LORENZ).y

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_too_many_fixed_steps_are_told_to_grow():
    sol = solve_ivp(lambda t, y: -y, (0, 1), [1.0], "Euler", step=0.1, max_steps=9)
    assert sol.status == -1
    assert sol.message == (
        "max_steps = 9 steps were tried and t = 0.9 was reached; raise max_steps, or take a larger "
        "step."
    )


def test_a_result_is_a_dictionary_too_as_scipys():
    sol = solve_ivp(lambda t, y: -y, (0, 1), [1.0])
    assert sol["y"] is sol.y
    assert dict(sol).keys() == vars(sol).keys()
    with pytest.raises(KeyError, match="nothing"):
        sol["nothing"]
