"""Bad arguments of solve_ivp: each is refused before any work, in words that help."""

import numpy as np
import pytest

from odelib import solve_ivp

NAMES = "'Euler', 'Midpoint', 'Heun', 'Ralston', 'RK3', 'RK4', 'RK38', 'RK23', 'RK45', 'Tsit5', "
NAMES += "'DOP853'"
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
    (dict(y0=1.0), ValueError, "y0 must be 1-dimensional, got shape (); try np.ravel(y0)"),
    (dict(y0=[[1.0]]), ValueError, "y0 must be 1-dimensional, got shape (1, 1); try np.ravel(y0)"),
    (dict(y0=["a"]), TypeError, "y0 must be numbers, got dtype <U1"),
    (
        dict(y0=[1.0, np.inf]),
        ValueError,
        "All components of the initial state `y0` must be finite. Got y0[1] = inf",
    ),
    (dict(method="rk4"), ValueError, f"method must be one of {NAMES}; got 'rk4'"),
    (dict(method=None), ValueError, f"method must be one of {NAMES}; got None"),
    (dict(method="RK4"), ValueError, "method 'RK4' has a fixed step: give step="),
    (dict(step=-0.1), ValueError, "step must be a positive number, got -0.1"),
    (dict(step=0), ValueError, "step must be a positive number, got 0.0"),
    (dict(step=np.nan), ValueError, "step must be a positive number, got nan"),
    (dict(step=1e-17), ValueError, "step = 1e-17 makes 1e+17 steps; take a larger one"),
    (
        dict(step=0.1, rtol=1e-6),
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
    (dict(max_step=0), ValueError, "max_step must be positive, got 0.0"),
    (dict(max_steps=0), ValueError, "max_steps must be at least 1, got 0"),
    (dict(rtol=-1), ValueError, "rtol must not be negative, got -1"),
    (dict(atol=np.nan), ValueError, "atol must not be negative, got nan"),
    (dict(atol=[1e-6] * 2), ValueError, "atol must be a number or have shape (1,), got (2,)"),
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
        dict(events=[_event(), _event(direction="up")]),
        ValueError,
        "The `direction` attribute of each event must be a number: 1 rising, -1 falling, 0 both. "
        "Event 1 has 'up'",
    ),
    (dict(tol=1e-3), TypeError, "solve_ivp() got an unexpected keyword argument 'tol'"),
    (dict(fun="f"), TypeError, "fun must be a function f(t, y, *args); got 'f'"),
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
