"""Events and the continuous solution, against exact solutions and SciPy."""

import sys

import numba
import numpy as np
import pytest
import scipy.integrate

from odelib import METHODS, rhs, solve_ivp
from odelib.solving.solve import Solve

FORMS = [lambda f: f, rhs]  # Python, compiled
each_form = pytest.mark.parametrize("decorate", FORMS, ids=["python", "compiled"])


def oscillator(t, y):
    return y[1], -y[0]


def event(function, decorate=lambda f: f, **attributes):
    function = decorate(function)
    for name, value in attributes.items():
        setattr(function, name, value)
    return function


TIGHT = dict(rtol=1e-10, atol=1e-12)


@each_form
@pytest.mark.parametrize("method", ["RK23", "RK45", "Tsit5", "DOP853"])
def test_every_zero_of_the_cosine_is_found(decorate, method):
    zero = event(lambda t, y: y[0], decorate)
    sol = solve_ivp(
        decorate(oscillator), (0, 20), [1.0, 0.0], method, events=zero, rtol=1e-8, atol=1e-10
    )
    np.testing.assert_allclose(sol.t_events[0], (np.arange(6) + 0.5) * np.pi, rtol=1e-6)
    np.testing.assert_allclose(sol.y_events[0][:, 0], 0, atol=1e-14)
    assert sol.status == 0


@each_form
@pytest.mark.parametrize(("direction", "first"), [(1, 1.5), (-1, 0.5), (0, 0.5)])
def test_direction(decorate, direction, first):
    zero = event(lambda t, y: y[0], decorate, direction=direction)
    sol = solve_ivp(decorate(oscillator), (0, 20), [1.0, 0.0], events=zero, **TIGHT)
    assert len(sol.t_events[0]) == (6 if direction == 0 else 3)
    np.testing.assert_allclose(sol.t_events[0][0], first * np.pi, rtol=1e-8)


@each_form
@pytest.mark.parametrize(("terminal", "count"), [(True, 1), (1, 1), (3, 3), (100, 6), (False, 6)])
def test_terminal_events_stop_after_their_count(decorate, terminal, count):
    zero = event(lambda t, y: y[0], decorate, terminal=terminal)
    sol = solve_ivp(decorate(oscillator), (0, 20), [1.0, 0.0], events=zero, **TIGHT)
    assert len(sol.t_events[0]) == count
    stopped = terminal and count == terminal
    assert sol.status == (1 if stopped else 0)
    assert sol.message.startswith("A termination event" if stopped else "The solver successfully")
    end = (count - 0.5) * np.pi if stopped else 20.0
    np.testing.assert_allclose(sol.t[-1], end, rtol=1e-8)
    if stopped:
        np.testing.assert_array_equal(sol.y[:, -1], sol.y_events[0][-1])


@each_form
def test_the_first_of_several_events_in_one_step_ends_the_solve(decorate):
    late = event(lambda t, y: y[0] - 0.2, decorate, terminal=True)
    early = event(lambda t, y: y[0] - 0.3, decorate, terminal=True)
    seen = event(lambda t, y: y[0] - 0.4, decorate)
    sol = solve_ivp(
        decorate(lambda t, y: (-1.0 + 0 * y[0],)), (0, 9), [1.0], events=[late, early, seen]
    )
    assert [len(times) for times in sol.t_events] == [0, 1, 1]
    np.testing.assert_allclose(sol.t_events[1], [0.7], rtol=1e-12)
    np.testing.assert_allclose(sol.t_events[2], [0.6], rtol=1e-12)
    assert sol.t[-1] == sol.t_events[1][0]


@each_form
def test_two_crossings_within_one_step_are_both_found(decorate):
    # one step of RK4 from 0 to 1: y = t, and g changes its sign twice in it
    g = event(lambda t, y: (y[0] - 0.3) * (y[0] - 0.6), decorate)
    sol = solve_ivp(
        decorate(lambda t, y: (1.0 + 0 * y[0],)), (0, 1), [0.0], "RK4", events=g, step=1.0
    )
    np.testing.assert_allclose(sol.t_events[0], [0.3, 0.6], rtol=1e-12)


@each_form
@pytest.mark.parametrize("direction", [-1, 0, 1])
@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("where", [0.25, 0.5, 1.0])
def test_a_zero_at_the_end_of_a_step_is_reported_once(decorate, direction, terminal, where):
    """Also at the end of the last step; and a step that ends there is the last, if terminal."""
    g = event(lambda t, y, where: y[0] - where, decorate, direction=direction, terminal=terminal)
    rise = decorate(lambda t, y, where: (1.0 + 0 * y[0],))
    sol = solve_ivp(rise, (0, 1), [0.0], "Euler", events=g, step=0.25, args=(where,))
    found = direction >= 0  # it rises
    np.testing.assert_array_equal(sol.t_events[0], [where] if found else [])
    assert sol.t[-1] == (where if found and terminal else 1.0)
    assert sol.status == (found and terminal)


@each_form
def test_an_event_that_starts_at_zero_and_leaves(decorate):
    up = event(lambda t, y: y[0], decorate, direction=1)
    down = event(lambda t, y: y[0], decorate, direction=-1)
    rise = decorate(lambda t, y: (1.0 + 0 * y[0],))
    sol = solve_ivp(rise, (0, 1), [0.0], events=[up, down])
    np.testing.assert_array_equal(sol.t_events[0], [0.0])
    assert len(sol.t_events[1]) == 0


@each_form
def test_events_backwards_in_time(decorate):
    zero = event(lambda t, y: y[0], decorate, terminal=2)
    sol = solve_ivp(decorate(oscillator), (20, 0), [np.cos(20), -np.sin(20)], events=zero, **TIGHT)
    np.testing.assert_allclose(sol.t_events[0], [5.5 * np.pi, 4.5 * np.pi], rtol=1e-7)
    assert sol.status == 1


@each_form
def test_args_reach_the_events(decorate):
    g = event(lambda t, y, rate, level: y[0] - level[1], decorate, terminal=True)
    f = decorate(lambda t, y, rate, level: (-rate * y[0],))
    sol = solve_ivp(f, (0, 9), [1.0], events=g, args=(2.0, np.array([0.0, 0.5])), **TIGHT)
    np.testing.assert_allclose(sol.t_events[0], [np.log(2) / 2], rtol=1e-9)


@pytest.mark.parametrize("decorate_f", FORMS)
@pytest.mark.parametrize("decorate_g", FORMS)
def test_compiled_and_python_functions_may_be_mixed(decorate_f, decorate_g):
    g = event(lambda t, y, level: y[0] - level, decorate_g, terminal=True)
    f = decorate_f(lambda t, y, level: (-y[0],))
    sol = solve_ivp(f, (0, 9), [1.0], events=g, args=(0.5,), **TIGHT)
    np.testing.assert_allclose(sol.t[-1], np.log(2), rtol=1e-9)


@each_form
def test_an_infinite_interval_ends_at_a_terminal_event(decorate):
    g = event(lambda t, y: y[0] - 1e-3, decorate, terminal=True)
    f = decorate(lambda t, y: (-y[0],))
    for options in TIGHT, {"method": "RK4", "step": 0.01}:
        sol = solve_ivp(f, (0, np.inf), [1.0], events=g, **options)
        np.testing.assert_allclose(sol.t[-1], np.log(1e3), rtol=1e-7)


@each_form
def test_an_exception_in_an_event_reaches_the_caller(decorate):
    def g(t, y):
        if t > 0.5:
            raise ZeroDivisionError("in the event")
        return 1.0

    with pytest.raises(ZeroDivisionError, match="in the event") as caught:
        solve_ivp(decorate(oscillator), (0, 1), [1.0, 0.0], "RK4", events=decorate(g), step=0.125)
    assert caught.value.solution.t[-1] == 0.5


@each_form
def test_an_event_must_return_one_number(decorate):
    for wrong in lambda t, y: (y[0], y[1]), lambda t, y: y:
        with pytest.raises(
            ValueError, match=r"an event must return one number; it returned shape \(2,\)"
        ):
            solve_ivp(decorate(oscillator), (0, 1), [1.0, 0.0], events=decorate(wrong))


@each_form
def test_an_event_that_returns_nothing_is_told_so(decorate):
    def forgetful(t, y):
        y[0] - 0.5

    with pytest.raises(TypeError, match="an event returned None; it must return one number"):
        solve_ivp(decorate(oscillator), (0, 1), [1.0, 0.0], events=decorate(forgetful))


@each_form
def test_many_events_do_not_make_room_for_many_steps(decorate, monkeypatch):
    """The room for events grows on its own: the other would double until no memory is left."""
    rows = []
    room = Solve._room
    monkeypatch.setattr(Solve, "_room", lambda self, many: rows.append(many) or room(self, many))
    g = event(lambda t, y: (t * 1e4) % 1.0 - 0.5, decorate)
    sol = solve_ivp(decorate(oscillator), (0, 1), [1.0, 0.0], "Euler", events=g, step=1 / 400)
    assert len(sol.t_events[0]) == 800
    assert rows == [401]


def test_more_events_than_the_first_room_holds():
    zero = event(lambda t, y: np.sin(50 * t))
    sol = solve_ivp(lambda t, y: -y, (0.01, 10), [1.0], events=zero, max_step=0.01)
    np.testing.assert_allclose(sol.t_events[0], np.arange(1, 160) * np.pi / 50, rtol=1e-10)


def test_t_eval_stops_at_the_event():
    g = event(lambda t, y: y[0] - 0.5, terminal=True)
    sol = solve_ivp(lambda t, y: -y, (0, 2), [1.0], t_eval=np.linspace(0, 2, 21), events=g, **TIGHT)
    np.testing.assert_allclose(sol.t, np.arange(7) * 0.1, atol=1e-15)
    never = solve_ivp(lambda t, y: -y, (0, 2), [1.0], t_eval=[1.9], events=g)
    assert never.t == []
    assert "0 times" in repr(never)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="counts calls of compiled code")
@pytest.mark.parametrize("compiled", [True, False])
def test_compiled_events_are_not_called_from_python(compiled):
    """The interpreter would report each call of their Python code; the control is one that does."""
    f, g = rhs(lambda t, y: (-y[0],)), rhs(lambda t, y: y[0] - 0.5)
    codes, called = {f.py_func.__code__, g.py_func.__code__}, []

    def watch(frame, what, argument):
        if what == "call" and frame.f_code in codes:
            called.append(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        sol = solve_ivp(f, (0, 2), [1.0], events=g if compiled else g.py_func, max_step=0.01)
    finally:
        sys.setprofile(before)
    np.testing.assert_allclose(sol.t_events[0], [np.log(2)], rtol=1e-3)
    if compiled:
        assert called == []
    else:
        assert set(called) == {g.py_func.__code__} and len(called) > 200


# --- The continuous solution ----------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("span", [(0.0, 2.0), (2.0, 0.0)])
def test_dense_output_is_t_eval_at_every_time(method, span):
    step = {} if METHODS[method].adaptive else {"step": 0.1}
    start = [np.cos(span[0]), -np.sin(span[0])]
    dense = solve_ivp(oscillator, span, start, method, dense_output=True, **step)
    times = np.linspace(*span, 33)
    asked = solve_ivp(oscillator, span, start, method, t_eval=times, **step)
    np.testing.assert_allclose(dense.sol(times), asked.y, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(dense.sol(dense.t), dense.y)
    np.testing.assert_array_equal(dense.sol(dense.t[1]), dense.y[:, 1])
    assert (dense.sol.t_min, dense.sol.t_max) == (0.0, 2.0)


def test_dense_output_with_t_eval_keeps_every_step():
    both = solve_ivp(oscillator, (0, 9), [1.0, 0.0], t_eval=[1.0, 2.0], dense_output=True, **TIGHT)
    np.testing.assert_array_equal(both.t, [1.0, 2.0])
    times = np.linspace(0, 9, 50)
    np.testing.assert_allclose(both.sol(times)[0], np.cos(times), atol=1e-8)


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
def test_dense_output_is_that_of_scipy(method):
    times = np.linspace(0, 9, 101)
    ours = solve_ivp(oscillator, (0, 9), [1.0, 0.0], method, dense_output=True)
    theirs = scipy.integrate.solve_ivp(oscillator, (0, 9), [1.0, 0.0], method, dense_output=True)
    np.testing.assert_allclose(ours.sol(times), theirs.sol(times), rtol=0, atol=1e-8)
    assert ours.nfev == theirs.nfev


def test_the_continuous_solution_reaches_to_the_event_and_not_to_the_steps_end():
    g = event(lambda t, y: y[0] - 0.5, terminal=True)
    sol = solve_ivp(lambda t, y: -y, (0, 9), [1.0], events=g, dense_output=True, **TIGHT)
    assert sol.sol.t_max == sol.t[-1]
    times = np.linspace(0, sol.t[-1], 20)
    np.testing.assert_allclose(sol.sol(times)[0], np.exp(-times), rtol=1e-9)


def test_shapes_of_the_continuous_solution():
    sol = solve_ivp(oscillator, (0, 1), [1.0, 0.0], dense_output=True).sol
    assert sol(0.5).shape == (2,)
    assert sol([0.5]).shape == (2, 1)
    assert sol(np.zeros(0)).shape == (2, 0)
    with pytest.raises(ValueError, match="1-dimensional"):
        sol([[0.5]])


def test_complex_dense_output():
    sol = solve_ivp(lambda t, y: 1j * y, (0, 3), [1.0 + 0j], dense_output=True, **TIGHT)
    times = np.linspace(0, 3, 20)
    np.testing.assert_allclose(sol.sol(times)[0], np.exp(1j * times), rtol=1e-8)
