"""Hypothesis looks for a problem that hangs, crashes or misreports.

300 problems, the same in every run; ODELIB_FUZZ=10000 tries that many new ones.
"""

import contextlib
import os
import warnings
from typing import NamedTuple

import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odelib import METHODS, Solution, rhs, solve_ivp
from odelib.solving.reasons import EVENT_OCCURRED, REACHED_END

JIT = not numba.config.DISABLE_JIT
MANY = int(os.environ.get("ODELIB_FUZZ", "0"))
LARGEST, MOST_STEPS = (40, 150) if JIT else (4, 20)  # kernels that run as Python are slow

fuzzed = settings(
    max_examples=MANY or (300 if JIT else 40),
    derandomize=not MANY,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

# --- A family of right-hand sides, compiled once: what it does is decided by its args -------------

KINDS = (
    "decay", "rotation", "blow up", "jump", "huge", "tiny",
    "nan", "infinite", "raises", "out of bounds", "longer", "shorter", "event raises",
)  # fmt: skip
(
    DECAY, ROTATION, BLOW_UP, JUMP, HUGE, TINY,
    NAN, INFINITE, RAISES, OUT_OF_BOUNDS, LONGER, SHORTER, EVENT_RAISES,
) = range(len(KINDS))  # fmt: skip
FAILS = {
    RAISES: ArithmeticError,
    OUT_OF_BOUNDS: IndexError,
    LONGER: ValueError,
    SHORTER: ValueError,
    EVENT_RAISES: ArithmeticError,
}


def wild(t, y, kind, rate, start, after, table):
    """dy/dt (n,); the wild kinds are tame until |t - start| >= after."""
    n = len(y)
    late = abs(t - start) >= after
    dy = np.empty_like(y)
    for j in range(n):
        dy[j] = -rate * y[j] + table[j % 3, 1]
        if kind == ROTATION:
            dy[j] = rate * y[(j + 1) % n] - y[j - 1]
        elif kind == BLOW_UP:
            dy[j] = y[j] * y[j]
        elif kind == JUMP and late:
            dy[j] = rate * 1e6
        elif kind == HUGE:
            dy[j] = 1e300 * y[j]
        elif kind == TINY:
            dy[j] = 1e-300 * y[j]
    if late:
        if kind == NAN:
            dy[n - 1] = np.nan
        elif kind == INFINITE:
            dy[0] = np.inf
        elif kind == RAISES:
            raise ArithmeticError("wild")
        elif kind == OUT_OF_BOUNDS:
            dy[0] = y[n + 3]
        elif kind == LONGER:
            return np.zeros(n + 1, y.dtype)
        elif kind == SHORTER:
            return np.zeros(n - 1, y.dtype)
    return dy


def level(t, y, kind, rate, start, after, table):
    """An event: the first component passes the rate."""
    if kind == EVENT_RAISES and abs(t - start) >= after:
        raise ArithmeticError("wild event")
    return y[0].real - rate


def clock(t, y, kind, rate, start, after, table):
    """An event: |t - start| passes `after`, and again twice that."""
    elapsed = abs(t - start)
    return (elapsed - after) * (elapsed - 2 * after)


COMPILED = {function: rhs(function) for function in (wild, level, clock)}

RETURNS = {  # what a Python function may return by mistake, for n = 2, and what is said to it
    "None": (lambda t, y: None, TypeError),
    "text": (lambda t, y: "ab", TypeError),
    "None within": (lambda t, y: [0.0, None], TypeError),
    "rows": (lambda t, y: [[1.0, 2.0]], ValueError),
    "ragged": (lambda t, y: [[1.0, 2.0], [3.0]], ValueError),
    "a generator": (lambda t, y: (v for v in y), TypeError),
    "a mapping": (lambda t, y: {0: 1.0, 1: 2.0}, TypeError),
    "complex": (lambda t, y: [1j, 1.0], TypeError),
    "one number": (lambda t, y: 1.0, ValueError),
    "nothing": (lambda t, y: [], ValueError),
    "an object": (lambda t, y: object(), TypeError),
}


# --- Problems -------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A problem and how to solve it; `direction` and `terminal` of each event."""

    n: int
    t_span: tuple
    method: str
    options: dict
    kind: int
    args: tuple
    is_complex: bool
    events: list  # of (function, direction, terminal)


LENGTHS = st.one_of(
    st.sampled_from([0.0, 5e-324, 1e-300, 1e-12, 1.0, 10.0, 1e10, 1e300, np.inf]),
    st.floats(1e-6, 1e6),
)
STARTS = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 1e-300, 1e16, -1e8]), st.floats(-1e3, 1e3, width=32)
)


@st.composite
def cases(draw):
    t0, length = draw(STARTS), draw(LENGTHS)
    t_end = t0 + draw(st.sampled_from([1.0, -1.0])) * length
    length = abs(t_end - t0)
    scale = length if 0 < length < np.inf else 1.0
    method = draw(st.sampled_from([*METHODS]))
    options = {"max_steps": draw(st.integers(1, MOST_STEPS)), "dense_output": draw(st.booleans())}
    row = METHODS[method]
    if not row.adaptive or (row.fixed_step and draw(st.integers(0, 3)) == 0):
        step = draw(st.one_of(st.floats(1 / 60, 3.0), st.integers(1, 60).map(lambda k: 1 / k)))
        farthest = max(abs(t0), abs(t_end) if np.isfinite(t_end) else 0.0)
        options["step"] = max(step * scale, 4 * np.spacing(farthest))
    else:
        options["rtol"] = draw(st.sampled_from([0.0, 1e-13, 1e-6, 1e-3, 1.0, 1e3]))
        options["atol"] = draw(st.sampled_from([0.0, 1e-300, 1e-12, 1e-6, 1.0, np.inf]))
        if draw(st.booleans()):
            options["max_step"] = draw(st.sampled_from([5e-324, 1e-9, 0.1, 1e9])) * scale or 5e-324
        if draw(st.booleans()) and length:
            options["first_step"] = min(length, draw(st.sampled_from([5e-324, 0.01, 1.0])))
    if draw(st.booleans()):
        fractions = draw(st.lists(st.floats(0, 1), max_size=12))
        ahead = np.sign(t_end - t0) * scale
        low, high = min(t0, t_end), max(t0, t_end)
        times = {min(high, max(low, t0 + fraction * ahead)) for fraction in fractions}
        options["t_eval"] = sorted(times, reverse=t_end < t0)
    directions = st.sampled_from([-1, 0, 1])
    terminals = st.sampled_from([False, False, True, 2])
    event = st.tuples(st.sampled_from([level, clock]), directions, terminals)
    n = draw(st.integers(0, LARGEST))
    n -= n % 2 if METHODS[method].halves else 0  # they want two halves
    after = draw(st.sampled_from([0.0, 0.1, 0.5, 2.0])) * scale
    return Case(
        n=n,
        t_span=(t0, t_end),
        method=method,
        options=options,
        kind=draw(st.integers(0, len(KINDS) - 1)),
        args=(draw(st.floats(-2, 2)), t0, after, np.eye(3)),
        is_complex=draw(st.booleans()),
        events=draw(st.lists(event, max_size=3, unique_by=lambda event: event[0])),
    )


def solve(case, *, compiled, seen=None):
    """Solve the case; what is raised is returned. `seen` collects what f was called with."""
    form = COMPILED.get if compiled else lambda function: function
    events = []
    for function, direction, terminal in case.events:
        g = form(function)
        g.direction, g.terminal = direction, terminal
        events.append(g)
    f = form(wild)
    if seen is not None:

        def f(t, y, *args):
            seen.append((t, y))
            return wild(t, y, *args)

    y0 = (np.arange(case.n) + 1.0) * (1 + 0.5j if case.is_complex else 1.0)
    before = y0.copy()
    options = case.options | ({"events": events} if events else {})
    args = (case.kind, *case.args)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.filterwarnings("ignore", message="At least one element of `rtol` is too small")
        warnings.filterwarnings("ignore", category=RuntimeWarning)  # of the Python f
        try:
            result = solve_ivp(f, case.t_span, y0, case.method, args=args, **options)
        except Exception as error:
            result = error
    np.testing.assert_array_equal(y0, before)
    np.testing.assert_array_equal(case.args[-1], np.eye(3))
    return result


# --- What must hold of every result ---------------------------------------------------------------


def check(case, sol):
    t0, t_end = case.t_span
    ahead = 1.0 if t_end >= t0 else -1.0
    n, t_eval = case.n, case.options.get("t_eval")
    assert sol.status in (-1, 0, 1)
    assert sol.success == (sol.status >= 0)
    assert (sol.message == REACHED_END) == (sol.status == 0)
    assert (sol.message == EVENT_OCCURRED) == (sol.status == 1)
    assert sol.message and sol.message in repr(sol)
    assert sol.steps + sol.rejected <= case.options["max_steps"]
    moves = n > 0 and t0 != t_end

    if t_eval is not None and moves:
        assert list(sol.t) == t_eval[: len(sol.t)]
        assert sol.status != 0 or len(sol.t) == len(t_eval)
    elif t_eval is None:
        assert sol.t[0] == t0
        assert sol.status != 0 or sol.t[-1] == t_end
        assert len(sol.t) == (sol.steps + 1 if moves else 2)
        advance = np.diff(sol.t) * ahead
        # an event may end the solve where it starts
        may_stand = not moves or sol.status == 1
        assert (advance >= 0).all() if may_stand else (advance > 0).all()
        assert min(t0, t_end) <= sol.t.min() <= sol.t.max() <= max(t0, t_end)
    if len(sol.t) or not moves:
        assert sol.y.shape == (n, len(sol.t))
        assert sol.y.dtype == (complex if case.is_complex else float)
        # the interpolant may overflow between two finite states
        interpolated = t_eval is not None or sol.status == 1
        assert interpolated or np.isfinite(sol.y).all()
    else:
        assert sol.t == sol.y == []

    if case.options["dense_output"]:
        ends = sol.sol.t_min, sol.sol.t_max
        assert min(t0, t_end) <= ends[0] <= ends[1] <= max(t0, t_end)
        with np.errstate(all="ignore"):  # the interpolant may overflow
            assert sol.sol(t0).shape == (n,)
            states = sol.sol(sol.t)
        if t_eval is None and moves:
            # an event so soon that its time is rounded to the last step's is a second state there
            one_state_each = np.append(1.0, np.diff(sol.t)) != 0
            np.testing.assert_array_equal(states[:, one_state_each], sol.y[:, one_state_each])
    else:
        assert sol.sol is None
    check_events(case, sol, ahead, moves)


def check_events(case, sol, ahead, moves):
    if not case.events:
        assert sol.t_events is sol.y_events is None
        return
    last = case.t_span[1]
    if case.options.get("t_eval") is None and sol.status != 0:
        last = sol.t[-1]
    stops = []
    for (_, _, terminal), times, states in zip(
        case.events, sol.t_events, sol.y_events, strict=True
    ):
        assert states.shape == ((len(times), case.n) if len(times) else (0,))
        assert (np.diff(times) * ahead >= 0).all()
        assert ((times - case.t_span[0]) * ahead >= 0).all()
        assert ((times - last) * ahead <= 0).all()
        assert not terminal or len(times) <= terminal
        stops.append(bool(terminal) and len(times) == terminal)
    assert any(stops) == (sol.status == 1)


@pytest.mark.slow
@fuzzed
@given(cases())
def test_every_solve_ends_with_a_result_or_the_exception_of_its_function(case):
    results = []
    for compiled in True, False:
        seen = None if compiled else []
        result = solve(case, compiled=compiled, seen=seen)
        if isinstance(result, Exception):
            assert type(result) is FAILS.get(case.kind), repr(result)
            result = result.solution
            assert result.status == -1
            assert type(result) is Solution
        else:
            check(case, result)
        if seen:
            low, high = min(case.t_span), max(case.t_span)
            assert all(low <= t <= high and y.shape == (case.n,) for t, y in seen)
        results.append(result)
    # The same arithmetic: the same bits, whichever way f runs.
    compiled, python = results
    assert (compiled.status, compiled.message) == (python.status, python.message)
    assert (compiled.nfev, compiled.rejected) == (python.nfev, python.rejected)
    np.testing.assert_array_equal(compiled.t, python.t)
    np.testing.assert_array_equal(compiled.y, python.y)


@pytest.mark.parametrize("what", RETURNS)
@pytest.mark.parametrize("method", [*METHODS])
def test_what_is_not_an_array_of_n_numbers_is_refused_by_every_method(what, method):
    f, kind = RETURNS[what]
    step = {} if METHODS[method].adaptive else {"step": 0.1}
    with pytest.raises(kind, match="fun (must return|returned)") as caught:
        solve_ivp(f, (0, 1), [1.0, 2.0], method, **step)
    np.testing.assert_array_equal(caught.value.solution.y, [[1.0], [2.0]])


# --- Arguments of any kind ------------------------------------------------------------------------

THINGS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3),
    st.binary(max_size=3), st.complex_numbers(), st.lists(st.floats(), max_size=3),
    st.lists(st.text(max_size=2)),
    st.lists(st.lists(st.integers(), max_size=2), max_size=2), st.just(object()),
    st.sampled_from(["RK45", "Euler", np.float32(0.5), np.array(0.5), np.array([1j]), 10**400]),
)  # fmt: skip
NAMES = [
    "fun", "t_span", "y0", "method", "t_eval", "dense_output", "events", "vectorized", "args",
    "step", "rtol", "atol", "first_step", "max_step", "max_steps", "jac", "nonsense",
]  # fmt: skip


@pytest.mark.slow
@fuzzed
@given(st.dictionaries(st.sampled_from(NAMES), THINGS, min_size=1, max_size=3))
def test_arguments_of_any_kind_are_refused_by_name_or_solved(change):
    good = dict(fun=lambda t, y, *args: -y, t_span=(0, 1), y0=[1.0], max_steps=50)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="At least one element of `rtol` is too small")
        warnings.filterwarnings("ignore", message="The following arguments have no effect")
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        with contextlib.suppress(ValueError, TypeError):
            sol = solve_ivp(**(good | change))
            assert sol.success == (sol.status >= 0)
