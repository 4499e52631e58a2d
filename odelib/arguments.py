"""Arguments checked once, at the border: each returns the value in the form that kernels take."""

import math
import warnings

import numpy as np

from odelib.tableaus import METHODS

_EPS = float(np.finfo(float).eps)


def check_method(method):
    """The tableau of a method by its name."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}; got {method!r}")
    return METHODS[method]


def check_t_span(t_span):
    """(t0, t_end) as floats."""
    try:
        t0, t_end = map(float, t_span)
    except (TypeError, ValueError):
        raise ValueError(f"t_span must be two numbers (start, end), got {t_span!r}") from None
    if not math.isfinite(t0) or math.isnan(t_end):
        raise ValueError(f"t_span must start at a finite time and end at a number, got {t_span!r}")
    if math.isinf(t_end):
        raise ValueError("t_span must end at a finite time, got an infinite one")
    return t0, t_end


def check_y0(y0):
    """The initial state as a new float array (n,)."""
    state = np.asarray(y0)
    if state.dtype.kind not in "biuf":
        raise TypeError(f"y0 must be real numbers, got dtype {state.dtype}")
    if state.ndim != 1:
        raise ValueError(f"y0 must be 1-dimensional, got shape {state.shape}; try np.ravel(y0)")
    state = state.astype(float)
    if not np.isfinite(state).all():
        j = int(np.flatnonzero(~np.isfinite(state))[0])
        raise ValueError(f"y0 must be finite, got y0[{j}] = {state[j]}")
    return state


def check_args(args):
    """args as a tuple; a single number or array that is not in a tuple is a common slip."""
    if not isinstance(args, tuple | list):
        raise TypeError(f"args must be a tuple, got {type(args).__name__}; write args=(value,)")
    return tuple(args)


def check_step(step, length, others):
    """(h, number of steps) of a fixed-step solve over an interval of this length."""
    for name, value in others.items():
        if value is not None:
            raise ValueError(f"step= fixes the step size, so {name}= has no meaning; give one")
    step = float(step)
    if not 0.0 < step < math.inf:
        raise ValueError(f"step must be a positive number, got {step}")
    steps = abs(length) / step
    if steps > 2**53:
        raise ValueError(f"step = {step} makes {steps:.3g} steps; take a larger one")
    whole = round(steps)
    return step, max(1, whole if abs(steps - whole) <= 4 * _EPS * steps else math.ceil(steps))


def check_first_step(first_step, length):
    """The first step, or 0.0 for one that the solver chooses."""
    if first_step is None:
        return 0.0
    first_step = float(first_step)
    if not 0.0 < first_step <= length:
        raise ValueError(f"first_step must be in (0, {length:.6g}], got {first_step}")
    return first_step


def check_max_step(max_step):
    """The bound on the step, infinite by default."""
    max_step = math.inf if max_step is None else float(max_step)
    if not max_step > 0.0:
        raise ValueError(f"max_step must be positive, got {max_step}")
    return max_step


def check_tolerances(rtol, atol, n):
    """(rtol, atol) as arrays (n,)."""
    rtol = _tolerance("rtol", 1e-3 if rtol is None else rtol, n)
    atol = _tolerance("atol", 1e-6 if atol is None else atol, n)
    if (rtol < 100 * _EPS).any():
        warnings.warn(
            f"rtol = {rtol.min():.3g} is below what float64 resolves; {100 * _EPS:.3g} is used",
            stacklevel=3,
        )
        rtol = np.maximum(rtol, 100 * _EPS)
    return rtol, atol


def _tolerance(name, value, n):
    tolerance = np.asarray(value, dtype=float)
    if tolerance.shape not in ((), (n,)):
        raise ValueError(f"{name} must be a number or have shape ({n},), got {tolerance.shape}")
    if not (tolerance >= 0).all():
        raise ValueError(f"{name} must not be negative, got {value}")
    return np.full(n, tolerance)


def check_t_eval(t_eval, t0, t_end):
    """The times to store, shape (m,), or None for every step."""
    if t_eval is None:
        return None
    times = np.array(t_eval, dtype=float)
    if times.ndim != 1:
        raise ValueError(f"t_eval must be 1-dimensional, got shape {times.shape}")
    low, high = min(t0, t_end), max(t0, t_end)
    if not ((times >= low) & (times <= high)).all():
        raise ValueError(f"t_eval must lie within t_span = ({t0}, {t_end})")
    gaps = np.diff(times)
    if not ((gaps > 0).all() if t_end >= t0 else (gaps < 0).all()):
        raise ValueError("t_eval must be sorted in the direction of t_span, without repetitions")
    return times


def check_max_steps(max_steps):
    """The bound on the number of steps; by default there is none."""
    if max_steps is None:
        return 2**62
    if not max_steps >= 1:
        raise ValueError(f"max_steps must be at least 1, got {max_steps}")
    return int(max_steps)
