"""What a user's function returned: taken over where it can be, refused in words where not."""

import contextlib

import numpy as np

from odelib import pointers


def as_slope(value, n, dtype, event):
    """What f returned, checked: n numbers (n,), or one number when n = 1."""
    try:
        slope = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        if error.__traceback__.tb_next:  # no: raised by Python code, of a signal's handler say
            raise
        raise ValueError(f"{_must_return(event)}; it returned {value!r}") from None
    if slope.dtype.kind not in "fiub":
        slope = _as_numbers(value, slope, dtype, event)
    if slope.shape != (n,) and not (slope.ndim == 0 and n == 1):
        raise _length_error(n, slope.shape, event)
    return slope


def as_shaped(value, name, shape):
    """What the function of this name returned, checked: real numbers of this shape, flat."""
    wanted = f"shape {shape}" if shape else "a number"
    if value is None:
        raise TypeError(f"{name} returned None; it must return {wanted} (is a `return` missing?)")
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must return real numbers, it returned dtype {array.dtype}")
    if array.shape != shape and not (array.size == 1 and shape in ((), (1,))):
        raise ValueError(f"{name} must return {wanted}, it returned shape {array.shape}")
    return array.ravel()


def _as_numbers(value, slope, dtype, event):
    """What f returned where it is not an array of real numbers."""
    if value is None:
        raise _none_error(event)
    if slope.dtype.kind == "c":
        if dtype.kind != "c":
            raise TypeError(
                f"{_must_return(event)}; it returns complex numbers where real ones are needed"
            )
        return slope
    if slope.dtype.kind == "O" and None not in slope.ravel().tolist():
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return slope.astype(dtype)  # of fractions, say
    raise TypeError(f"{_must_return(event)}; it returned {value!r}")


def explain_compiled(fun, n, args, inplace, event, status, t, y):
    """The exception behind a status of a compiled f: f is called there again, from Python."""
    if status == pointers.RETURNED_NONE:
        return _none_error(event)
    try:
        if inplace:
            fun(t, y.copy(), np.empty(n, y.dtype), *args)
        else:
            value = fun(t, y.copy(), *args)
            if status == pointers.WRONG_LENGTH:
                return _length_error(n, np.shape(value), event)
    except BaseException as error:
        return error
    name = "an event" if event else "fun"
    return RuntimeError(
        f"{name} raised an exception at t = {t:.6g} that a second call did not raise"
    )


def _must_return(event):
    return "an event must return one number" if event else "fun must return numbers"


def _none_error(event):
    if event:
        return TypeError(
            "an event returned None; it must return one number (is a `return` missing?)"
        )
    return TypeError("fun returned None; it must return dy/dt (is a `return` missing?)")


def _length_error(n, shape, event):
    if event:
        return ValueError(f"{_must_return(event)}; it returned shape {shape}")
    return ValueError(
        f"fun must return {n} component{'s' * (n != 1)}, as many as y0 has; "
        f"it returned shape {shape}"
    )
