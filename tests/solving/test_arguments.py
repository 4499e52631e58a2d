"""Bad arguments of solve_ivp: each is refused before any work, in words that help."""

import numpy as np
import pytest

from odelib import solve_ivp

NAMES = "'Euler', 'Midpoint', 'Heun', 'Ralston', 'RK3', 'RK4', 'RK38', 'RK23', 'RK45', 'Tsit5', "
NAMES += "'DOP853', 'SymplecticEuler', 'StormerVerlet', 'Radau', 'BDF'"
UNSORTED = (
    "Values in `t_eval` are not properly sorted. They must run from start to end of t_span, "
    "without repetitions"
)


def _event(**attributes):
    def event(t, y):
        return y[0]

    for name, value in attributes.items():
        setattr(event, name, value)
    return event


BAD = [
    (dict(t_span=5), ValueError, "t_span must be two numbers (start, end), got 5"),
    (dict(t_span=(0, 1, 2)), ValueError, "t_span must be two numbers (start, end), got (0, 1, 2)"),
    (dict(t_span=(0, "x")), ValueError, "t_span must be two numbers (start, end), got (0, 'x')"),
    (
        dict(t_span=(np.nan, 1)),
        ValueError,
        "t_span must start at a finite time and end at a number, got (nan, 1)",
    ),
    (
        dict(t_span=(0, np.inf)),
        ValueError,
        "t_span has no end: give a terminal event, or max_steps",
    ),
    (
        dict(t_span=(np.inf, 0)),
        ValueError,
        "t_span must start at a finite time and end at a number, got (inf, 0)",
    ),
    (
        dict(t_span=(-1e308, 1e308)),
        ValueError,
        "t_span is longer than the largest number, got (-1e+308, 1e+308); shorten it",
    ),
    (dict(t_span=None), ValueError, "t_span must be two numbers (start, end), got None"),
    (dict(y0=1.0), ValueError, "y0 must be 1-dimensional, got shape (); try np.ravel(y0)"),
    (dict(y0=[[1.0]]), ValueError, "y0 must be 1-dimensional, got shape (1, 1); try np.ravel(y0)"),
    (dict(y0=[[1.0], [2.0, 3.0]]), ValueError, "y0 must be 1-dimensional, got [[1.0], [2.0, 3.0]]"),
    (dict(y0=None), TypeError, "y0 must be numbers, got dtype object"),
    (dict(y0=["a"]), TypeError, "y0 must be numbers, got dtype <U1"),
    (
        dict(y0=[1.0, np.inf]),
        ValueError,
        "All components of the initial state `y0` must be finite. Got y0[1] = inf",
    ),
    (dict(method="rk4"), ValueError, f"method must be one of {NAMES}; got 'rk4'"),
    (dict(method=None), ValueError, f"method must be one of {NAMES}; got None"),
    (
        dict(method="StormerVerlet", step=0.1),
        ValueError,
        "method 'StormerVerlet' takes y = (q, v), two halves of equal length; y0 has 1 components",
    ),
    (dict(method=["RK45"]), ValueError, f"method must be one of {NAMES}; got ['RK45']"),
    (dict(method="RK4"), ValueError, "method 'RK4' has a fixed step: give step="),
    (dict(step=-0.1), ValueError, "step must be a positive number, got -0.1"),
    (dict(step=0), ValueError, "step must be a positive number, got 0.0"),
    (dict(step=np.nan), ValueError, "step must be a positive number, got nan"),
    (
        dict(step=1e-17),
        ValueError,
        "step = 1e-17 is too small: times near 1 are the same number",
    ),
    (
        dict(t_span=(-1e8, 0), step=5e-8),
        ValueError,
        "step = 5e-08 is too small: times near 1e+08 are the same number",
    ),
    (dict(step="small"), TypeError, "step must be a number, got 'small'"),
    (
        dict(step=0.1, rtol=1e-6),
        ValueError,
        "step= fixes the step size, so rtol= has no meaning; give one",
    ),
    (
        dict(step=0.1, rtol=np.array([1e-6, 1e-6])),
        ValueError,
        "step= fixes the step size, so rtol= has no meaning; give one",
    ),
    (
        dict(step=0.1, atol=1e-6),
        ValueError,
        "step= fixes the step size, so atol= has no meaning; give one",
    ),
    (
        dict(step=0.1, first_step=0.1),
        ValueError,
        "step= fixes the step size, so first_step= has no meaning; give one",
    ),
    (
        dict(step=0.1, max_step=0.1),
        ValueError,
        "step= fixes the step size, so max_step= has no meaning; give one",
    ),
    (dict(first_step=0), ValueError, "first_step must be in (0, 1], got 0.0"),
    (dict(first_step=2), ValueError, "first_step must be in (0, 1], got 2.0"),
    (dict(first_step=[0.1]), TypeError, "first_step must be a number, got [0.1]"),
    (dict(max_step=0), ValueError, "max_step must be positive, got 0.0"),
    (dict(max_step=1j), TypeError, "max_step must be a number, got 1j"),
    (dict(max_steps="many"), TypeError, "max_steps must be a number, got 'many'"),
    (dict(max_steps=np.nan), ValueError, "max_steps must be at least 1, got nan"),
    (dict(max_steps=0), ValueError, "max_steps must be at least 1, got 0"),
    (dict(rtol=-1), ValueError, "rtol must not be negative, got -1"),
    (dict(atol=np.nan), ValueError, "atol must not be negative, got nan"),
    (dict(atol=[1e-6] * 2), ValueError, "atol must be a number or have shape (1,), got (2,)"),
    (
        dict(rtol="tight"),
        TypeError,
        "rtol must be a number or an array of numbers, got 'tight'",
    ),
    (dict(atol=1j), TypeError, "atol must be a number or an array of numbers, got 1j"),
    (
        dict(t_eval=["a"]),
        TypeError,
        "t_eval must be a number or an array of numbers, got ['a']",
    ),
    (
        dict(t_eval=np.array([0.5j])),
        TypeError,
        "t_eval must be a number or an array of numbers, got array([0.+0.5j])",
    ),
    (
        dict(t_eval=[0, np.nan]),
        ValueError,
        "Values in `t_eval` are not within `t_span`. Got t_span = (0.0, 1.0)",
    ),
    (dict(t_eval=0.5), ValueError, "`t_eval` must be 1-dimensional. Got shape ()"),
    (
        dict(t_eval=[0, 2]),
        ValueError,
        "Values in `t_eval` are not within `t_span`. Got t_span = (0.0, 1.0)",
    ),
    (dict(t_eval=[0.5, 0.2]), ValueError, UNSORTED),
    (dict(t_eval=[0.5, 0.5]), ValueError, UNSORTED),
    (
        dict(args=2.0),
        TypeError,
        "Supplied 'args' cannot be unpacked. Write args=(value,); got float",
    ),
    (
        dict(args="ab"),
        TypeError,
        "Supplied 'args' cannot be unpacked. Write args=(value,); got str",
    ),
    (
        dict(events=3),
        TypeError,
        "events must be a function g(t, y, *args) or a list of them; got 3",
    ),
    (dict(events=["g"]), TypeError, "an event must be a function g(t, y, *args); got 'g'"),
    (
        dict(events=[_event(terminal=-1)]),
        ValueError,
        "The `terminal` attribute of each event must be a boolean or positive integer. "
        "Event 0 has -1",
    ),
    (
        dict(events=[_event(terminal=np.inf)]),
        ValueError,
        "The `terminal` attribute of each event must be a boolean or positive integer. "
        "Event 0 has inf",
    ),
    (
        dict(events=_event(direction=np.nan)),
        ValueError,
        "The `direction` attribute of each event must be a number: 1 rising, -1 falling, 0 both. "
        "Event 0 has nan",
    ),
    (
        dict(events=[_event(), _event(direction="up")]),
        ValueError,
        "The `direction` attribute of each event must be a number: 1 rising, -1 falling, 0 both. "
        "Event 1 has 'up'",
    ),
    (dict(tol=1e-3), TypeError, "solve_ivp() got an unexpected keyword argument 'tol'"),
    (dict(fun="f"), TypeError, "fun must be a function f(t, y, *args); got 'f'"),
    (
        dict(fun=None, vectorized=True),
        TypeError,
        "fun must be a function f(t, y, *args); got None",
    ),
]


@pytest.mark.parametrize(("change", "kind", "message"), BAD, ids=lambda case: str(case)[:40])
def test_a_bad_argument_is_named_with_its_value_and_the_remedy(change, kind, message):
    called = []
    good = dict(fun=lambda t, y: called.append(t), t_span=(0, 1), y0=[1.0])
    with pytest.raises(kind) as caught:
        solve_ivp(**(good | change))
    assert str(caught.value) == message
    assert called == []


def test_a_relative_tolerance_below_round_off_is_raised_with_a_warning():
    with pytest.warns(UserWarning, match="At least one element of `rtol` is too small: 1e-20"):
        sol = solve_ivp(lambda t, y: -y, (0, 0.1), [1.0], rtol=1e-20, atol=1e-12)
    assert sol.success


def test_options_of_implicit_methods_have_no_effect_and_say_so():
    with pytest.warns(UserWarning, match="no effect for a chosen solver: `jac`"):
        solve_ivp(lambda t, y: -y, (0, 0.1), [1.0], jac=lambda t, y: [[-1.0]])


@pytest.mark.parametrize("terminal", [True, np.True_, 1, 1.0, np.int8(1)])
def test_a_terminal_event_may_say_so_in_any_kind_of_number(terminal):
    sol = solve_ivp(
        lambda t, y: [1.0], (0, 1), [-0.5], events=_event(terminal=terminal), t_eval=[0.25]
    )
    assert sol.status == 1


@pytest.mark.parametrize("max_steps", [np.inf, 2**70, 1e30, np.int64(2**62), None])
def test_any_bound_on_the_steps_that_is_large_is_no_bound(max_steps):
    assert solve_ivp(lambda t, y: -y, (0, 1), [1.0], max_steps=max_steps).success


def test_an_event_that_never_ends_the_solve_may_count_to_any_number():
    sol = solve_ivp(lambda t, y: [1.0], (0, 1), [-0.5], events=_event(terminal=2**70))
    assert sol.status == 0
    assert len(sol.t_events[0]) == 1


# --- What f or an event returns: said at the first call -------------------------------------------

RETURNED = [
    (None, TypeError, "fun returned None; it must return dy/dt (is a `return` missing?)"),
    ("ab", TypeError, "fun must return numbers; it returned 'ab'"),
    ({}, TypeError, "fun must return numbers; it returned {}"),
    ([None, 1.0], TypeError, "fun must return numbers; it returned [None, 1.0]"),
    ([[1.0], [2.0, 3.0]], ValueError, "fun must return numbers; it returned [[1.0], [2.0, 3.0]]"),
    (
        [1j, 0.0],
        TypeError,
        "fun must return numbers; it returns complex numbers where real ones are needed",
    ),
    (
        [1.0],
        ValueError,
        "fun must return 2 components, as many as y0 has; it returned shape (1,)",
    ),
    (
        [[1.0, 2.0]],
        ValueError,
        "fun must return 2 components, as many as y0 has; it returned shape (1, 2)",
    ),
    (1.0, ValueError, "fun must return 2 components, as many as y0 has; it returned shape ()"),
]
RETURNED_BY_EVENT = [
    (
        None,
        TypeError,
        "an event returned None; it must return one number (is a `return` missing?)",
    ),
    ("ab", TypeError, "an event must return one number; it returned 'ab'"),
    ([1.0, 2.0], ValueError, "an event must return one number; it returned shape (2,)"),
    ([], ValueError, "an event must return one number; it returned shape (0,)"),
    (
        1j,
        TypeError,
        "an event must return one number; it returns complex numbers where real ones are needed",
    ),
]


@pytest.mark.parametrize(("value", "kind", "message"), RETURNED, ids=lambda case: str(case)[:20])
def test_what_a_function_returned_is_said(value, kind, message):
    with pytest.raises(kind) as caught:
        solve_ivp(lambda t, y: value, (0, 1), [1.0, 2.0])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "kind", "message"), RETURNED_BY_EVENT, ids=lambda case: str(case)[:20]
)
def test_what_an_event_returned_is_said_in_an_events_words(value, kind, message):
    with pytest.raises(kind) as caught:
        solve_ivp(lambda t, y: -y, (0, 1), [1.0, 2.0], events=lambda t, y: value)
    assert str(caught.value) == message


def test_numbers_of_any_kind_are_numbers():
    from fractions import Fraction

    sol = solve_ivp(lambda t, y: [Fraction(1, 2), np.True_], (0, 1), [0, 0], "Euler", step=1)
    np.testing.assert_array_equal(sol.y[:, -1], [0.5, 1.0])
