"""Arguments checked once, at the border: each returns the value in the form that kernels take."""

import functools
import math
import numbers
import warnings

import numpy as np

from odelib.methods import method_of
from odelib.solving.codes import Span, Tolerances

_EPS = float(np.finfo(float).eps)


def check_method(method, n):
    """The row of a method for n components, by its name."""
    row = method_of(method)
    if row.halves and n % 2:
        raise ValueError(
            f"method {method!r} takes y = (q, v), two halves of equal length; y0 has {n} components"
        )
    return row


def check_t_span(t_span):
    """(t0, t_end) as floats."""
    try:
        t0, t_end = map(float, t_span)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"t_span must be two numbers (start, end), got {t_span!r}") from None
    if not math.isfinite(t0) or math.isnan(t_end):
        raise ValueError(f"t_span must start at a finite time and end at a number, got {t_span!r}")
    if math.isinf(t_end - t0) and math.isfinite(t_end):
        raise ValueError(f"t_span is longer than the largest number, got {t_span!r}; shorten it")
    return t0, t_end


def check_y0(y0):
    """The initial state as a new array (n,) of float64 or complex128."""
    try:
        state = np.asarray(y0)
    except ValueError:  # rows of different lengths
        raise ValueError(f"y0 must be 1-dimensional, got {y0!r}") from None
    if state.dtype.kind not in "biufc":
        raise TypeError(f"y0 must be numbers, got dtype {state.dtype}")
    if state.ndim != 1:
        raise ValueError(f"y0 must be 1-dimensional, got shape {state.shape}; try np.ravel(y0)")
    state = state.astype(complex if state.dtype.kind == "c" else float)
    if len(state) < 32 and state.dtype.kind == "f":  # a tenth of the time
        finite = all(map(math.isfinite, state.tolist()))
    else:
        finite = np.isfinite(state).all()
    if not finite:
        j = int(np.flatnonzero(~np.isfinite(state))[0])
        raise ValueError(
            f"All components of the initial state `y0` must be finite. Got y0[{j}] = {state[j]}"
        )
    return state


def check_y0s(y0s):
    """The initial states of an ensemble as a new array (N, n) of float64 or complex128."""
    states = np.asarray(y0s)
    if states.dtype.kind not in "biufc":
        raise TypeError(f"y0s must be numbers, got dtype {states.dtype}")
    if states.ndim != 2:
        raise ValueError(
            f"y0s must have shape (N, n), a row for each trajectory; got shape {states.shape}. "
            "For one start and N values of an argument: np.tile(y0, (N, 1))"
        )
    states = states.astype(complex if states.dtype.kind == "c" else float, order="C")
    wrong = np.argwhere(~np.isfinite(states))
    if len(wrong):
        i, j = wrong[0]
        raise ValueError(f"All of y0s must be finite. Got y0s[{i}, {j}] = {states[i, j]}")
    return states


def check_vary(vary, args, count):
    """The indices of the args that have a value for each of `count` trajectories, as a set."""
    indices = (vary,) if isinstance(vary, numbers.Integral) else tuple(vary)
    for i in indices:
        if not isinstance(i, numbers.Integral) or not 0 <= i < len(args):
            raise ValueError(
                f"vary must be indices of args, which has {len(args)} element"
                f"{'s' * (len(args) != 1)}; got {i!r}"
            )
        length = len(args[i]) if np.ndim(args[i]) else None
        if length != count:
            raise ValueError(
                f"args[{i}] varies, so it needs a value for each of the {count} rows of y0s; it "
                + ("is a single number" if length is None else f"has {length}")
            )
    return set(map(int, indices))


def check_threads(threads, default):
    """The number of threads."""
    if threads is None:
        return default
    if not isinstance(threads, numbers.Integral) or threads < 1:
        raise ValueError(f"threads must be a whole number of at least 1, got {threads!r}")
    return int(threads)


def check_events(events):
    """(functions, directions (e,), counts (e,) after which each ends the solve; 0: never)."""
    if events is None:
        return _NO_EVENTS
    if not callable(events) and not isinstance(events, tuple | list):
        raise TypeError(
            f"events must be a function g(t, y, *args) or a list of them; got {events!r}"
        )
    functions = (events,) if callable(events) else tuple(events)
    directions, terminals = np.zeros(len(functions)), np.zeros(len(functions), dtype=np.int64)
    for i, event in enumerate(functions):
        direction = getattr(event, "direction", 0)
        if not isinstance(direction, numbers.Real) or math.isnan(direction):
            raise ValueError(
                "The `direction` attribute of each event must be a number: 1 rising, -1 falling, "
                f"0 both. Event {i} has {direction!r}"
            )
        directions[i] = direction
        terminal = getattr(event, "terminal", None) or 0
        if not _is_count(terminal):
            raise ValueError(
                "The `terminal` attribute of each event must be a boolean or positive integer. "
                f"Event {i} has {terminal!r}"
            )
        terminals[i] = min(int(terminal), 2**62)
    return functions, directions, terminals


_NO_EVENTS = ((), np.zeros(0), np.zeros(0, dtype=np.int64))


def _is_count(value):
    if isinstance(value, bool | np.bool_):
        return True
    return isinstance(value, numbers.Real) and 0 <= value < math.inf and int(value) == value


def check_control(
    method, t0, t_end, n, *, step, rtol, atol, first_step, max_step, max_steps
):  # fmt: skip
    """How to choose the steps from t0 to t_end: the fields `method` to `max_steps` of a Problem."""
    row, h, last = check_method(method, n), 0.0, 0
    if step is None and not row.adaptive:
        raise ValueError(f"method {method!r} has a fixed step: give step=")
    if step is not None and not row.fixed_step:
        raise ValueError(
            f"method {method!r} chooses its order and its step together, so step= has no meaning; "
            "bound the steps with max_step="
        )
    if step is not None:
        for name, value in zip(_CONTROL, (rtol, atol, first_step, max_step), strict=True):
            if value is not None and not (isinstance(value, float) and value == math.inf):
                raise ValueError(f"step= fixes the step size, so {name}= has no meaning; give one")
        far = max(abs(t0), abs(t_end) if math.isfinite(t_end) else 0.0)
        h, last = check_step(step, t_end - t0, far)
    rtol, atol = check_tolerances(rtol, atol, n)
    first_step = check_first_step(first_step, abs(t_end - t0))
    step, max_step = h, check_max_step(max_step)
    span, tolerances = Span(t0, t_end, step, last, max_step), Tolerances(rtol, atol)
    return method, span, tolerances, first_step, check_max_steps(max_steps)


_CONTROL = ("rtol", "atol", "first_step", "max_step")


def check_step(step, length, far):
    """(h, number of steps) of a fixed-step solve over an interval of this length.

    `far` is the time in it that is farthest from zero, where the spacing of numbers is widest.
    """
    step = _number("step", step)
    if not 0.0 < step < math.inf:
        raise ValueError(f"step must be a positive number, got {step}")
    if math.isfinite(far) and step < 4 * math.ulp(far):
        raise ValueError(f"step = {step} is too small: times near {far:.6g} are the same number")
    if math.isinf(length):
        return step, 2**62
    return step, fixed_steps(abs(length), step)


def fixed_steps(length, step):
    """How many fixed steps an interval takes, the last one shortened; also for compiled code."""
    steps = length / step
    whole = round(steps)
    return max(1, whole if abs(steps - whole) <= 4 * _EPS * steps else math.ceil(steps))


def check_first_step(first_step, length):
    """The first step, or 0.0 for one that the solver chooses."""
    if first_step is None:
        return 0.0
    first_step = _number("first_step", first_step)
    if not 0.0 < first_step <= length:
        raise ValueError(f"first_step must be in (0, {length:.6g}], got {first_step}")
    return first_step


def check_max_step(max_step):
    """The bound on the step, infinite by default."""
    max_step = math.inf if max_step is None else _number("max_step", max_step)
    if not max_step > 0.0:
        raise ValueError(f"max_step must be positive, got {max_step}")
    return max_step


def check_tolerances(rtol, atol, n):
    """(rtol, atol) as arrays (n,)."""
    given = 1e-3 if rtol is None else rtol
    rtol = _tolerance("rtol", given, n)
    atol = _tolerance("atol", 1e-6 if atol is None else atol, n)
    smallest = given if isinstance(given, float) else rtol.min(initial=math.inf)
    if n and smallest < 100 * _EPS:
        warnings.warn(
            f"At least one element of `rtol` is too small: {smallest:.3g} is below what float64 "
            f"resolves; {100 * _EPS:.3g} is used",
            stacklevel=4,  # whoever called solve_ivp or ensemble
        )
        rtol = np.maximum(rtol, 100 * _EPS)
    return rtol, atol


def _tolerance(name, value, n):
    if isinstance(value, float) and value >= 0.0:
        return _constant(n, value) if n < 1000 else np.full(n, value)
    tolerance = _numbers(name, value)
    if tolerance.shape not in ((), (n,)):
        raise ValueError(f"{name} must be a number or have shape ({n},), got {tolerance.shape}")
    if not (tolerance >= 0).all():
        raise ValueError(f"{name} must not be negative, got {value}")
    return np.full(n, tolerance)


@functools.lru_cache(64)
def _constant(n, value):
    """A read-only array of n equal numbers."""
    numbers = np.full(n, value)
    numbers.flags.writeable = False
    return numbers


def check_t_eval(t_eval, t0, t_end):
    """The times to store, shape (m,), or None for every step."""
    if t_eval is None:
        return None
    times = _numbers("t_eval", t_eval).copy()
    if times.ndim != 1:
        raise ValueError(f"`t_eval` must be 1-dimensional. Got shape {times.shape}")
    if not len(times):
        return times
    low, high = min(t0, t_end), max(t0, t_end)
    rising = times if t_end >= t0 else times[::-1]
    is_sorted = len(times) == 1 or (rising[1:] > rising[:-1]).all()
    if is_sorted and low <= rising.item(0) and rising.item(-1) <= high:
        return times
    if not ((times >= low) & (times <= high)).all():
        raise ValueError(
            f"Values in `t_eval` are not within `t_span`. Got t_span = ({t0}, {t_end})"
        )
    raise ValueError(
        "Values in `t_eval` are not properly sorted. "
        "They must run from start to end of t_span, without repetitions"
    )


def check_max_steps(max_steps):
    """The bound on the number of steps; by default there is none."""
    if max_steps is None:
        return 2**62
    bound = _number("max_steps", max_steps)
    if not bound >= 1:
        raise ValueError(f"max_steps must be at least 1, got {max_steps}")
    return int(min(bound, 2**62))


def check_scipy_options(options, without_effect):
    """Options of other solvers: known ones have no effect and say so, unknown ones are errors."""
    unknown = set(options) - without_effect
    if unknown:
        raise TypeError(f"solve_ivp() got an unexpected keyword argument {min(unknown)!r}")
    given = [name for name, value in options.items() if value is not None]
    if given:
        warnings.warn(
            "The following arguments have no effect for a chosen solver: "
            + ", ".join(f"`{name}`" for name in given),
            stacklevel=3,
        )


def _number(name, value):
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None


def _numbers(name, value):
    try:
        array = np.asarray(value)
        if array.dtype.kind != "c":
            return array.astype(float, copy=False)
    except (TypeError, ValueError, OverflowError):
        pass
    raise TypeError(f"{name} must be a number or an array of numbers, got {value!r}")
