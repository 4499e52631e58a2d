"""Arguments of `minimize` and `train`, checked once, at the border."""

import math
import numbers

import numpy as np

from odelib.optimizers.table import OPTIMIZERS
from odelib.training import codes as at


def check_optimizer(method):
    """The row of OPTIMIZERS."""
    if not isinstance(method, str) or method not in OPTIMIZERS:
        raise ValueError(
            f"method must be one of {', '.join(map(repr, OPTIMIZERS))}; got {method!r}"
        )
    return OPTIMIZERS[method]


def check_settings(method, given, caller):
    """The hyperparameters of a method with their defaults, as a dict in the row's order."""
    row = OPTIMIZERS[method]
    for name, value in given.items():
        if name not in row.settings:
            takes = ", ".join(f"{known}=" for known in row.settings) or "no hyperparameters"
            raise TypeError(
                f"{caller}() got an unexpected keyword argument {name!r}; method {method!r} takes "
                f"{takes}"
            )
        if not isinstance(value, numbers.Real) or not math.isfinite(value) or value < 0:
            raise ValueError(f"{name} must be a number that is not negative, got {value!r}")
        if name != "eps" and value > 1:
            raise ValueError(f"{name} must be at most 1, got {value}")
        if name in ("beta1", "beta2") and value == 1:
            raise ValueError(f"{name} must be below 1, got {value}: nothing would be averaged")
    return row.settings | {name: float(value) for name, value in given.items()}


def check_decay_and_clip(method, weight_decay, clip):
    """(weight decay, level of clipping or −1), as numbers."""
    row = OPTIMIZERS[method]
    if row.weight_decay is None:
        for name, value in (("weight_decay", weight_decay), ("clip", clip)):
            if value is not None:
                raise ValueError(
                    f"method {method!r} takes no {name}; write it into grad, or take a method "
                    "with one gradient a step"
                )
        return 0.0, -1.0
    decay = float(row.weight_decay if weight_decay is None else weight_decay)
    if not 0.0 <= decay < math.inf:
        raise ValueError(f"weight_decay must be a number that is not negative, got {weight_decay}")
    if clip is None:
        return decay, -1.0
    if not 0.0 < float(clip) < math.inf:
        raise ValueError(f"clip must be a positive number, got {clip}")
    return decay, float(clip)


def check_theta0(theta0):
    """The initial parameters as a new array (n,) of float64."""
    theta = np.asarray(theta0)
    if theta.dtype.kind not in "biuf":
        raise TypeError(f"theta0 must be real numbers, got dtype {theta.dtype}")
    if theta.ndim != 1 or not len(theta):
        raise ValueError(
            f"theta0 must have shape (n,) with n at least 1, got shape {theta.shape}; flatten the "
            "parameters with np.ravel and shape them again inside grad"
        )
    theta = theta.astype(float)
    if not np.isfinite(theta).all():
        j = int(np.flatnonzero(~np.isfinite(theta))[0])
        raise ValueError(f"theta0 must be finite, got theta0[{j}] = {theta[j]}")
    return theta


def check_count(name, value, least=1):
    """A whole number that is at least so large."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or value % 1:
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if not least <= value <= 2**62:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def check_learning_rate(learning_rate, steps):
    """A function (k, count) -> the rates of the steps k … k + count − 1, or one for all (1,)."""
    if callable(learning_rate):

        def called(k, count):
            count = min(count, steps - k)
            return _rates([learning_rate(i) for i in range(k, k + count)], k)

        return called
    rates = _rates(learning_rate, 0)
    if np.ndim(learning_rate) == 0:
        return lambda k, count: rates
    if len(rates) != steps:
        raise ValueError(
            f"learning_rate must be a number, a function k -> learning rate, or have shape "
            f"({steps},), one for each step; got shape {rates.shape}"
        )
    return lambda k, count: rates[k : k + count]


def _rates(values, first):
    try:
        rates = np.atleast_1d(np.array(values, dtype=float))
    except (TypeError, ValueError):
        raise TypeError(f"learning_rate must be numbers, got {values!r}") from None
    if rates.ndim != 1:
        raise ValueError(f"learning_rate must be 1-dimensional, got shape {rates.shape}")
    wrong = np.flatnonzero(~((rates >= 0) & np.isfinite(rates)))
    if len(wrong):
        where = f" in step {first + wrong[0]}" if len(rates) > 1 or first else ""
        raise ValueError(
            f"learning_rate must be finite and not negative, got {rates[wrong[0]]}{where}"
        )
    return rates


CRITERIA = ("gradient_norm", "relative_change", "loss", "seconds", "when")


def check_stop(stop, fun, also=()):
    """The criteria as a dict, each of them checked."""
    if stop is None:
        return {}
    if not isinstance(stop, dict):
        raise TypeError(
            f"stop must be a dict such as {{'gradient_norm': 1e-8}}, got {type(stop).__name__}"
        )
    for name, value in stop.items():
        if name not in CRITERIA + tuple(also):
            known = ", ".join(map(repr, CRITERIA + tuple(also)))
            raise ValueError(f"stop has the criteria {known}; got {name!r}")
        if name == "when":
            if not callable(value):
                raise TypeError(
                    f"stop['when'] must be a function (k, theta) -> bool, got {value!r}"
                )
        elif not isinstance(value, numbers.Real) or math.isnan(value):
            raise TypeError(f"stop[{name!r}] must be a number, got {value!r}")
        elif name != "loss" and value < 0:
            raise ValueError(f"stop[{name!r}] must not be negative, got {value}")
    if "loss" in stop and not fun:
        raise ValueError("stop['loss'] needs fun=, the loss")
    return dict(stop)


def levels(stop, clip=-1.0, decay=0.0, average_from=None):
    """The numbers that the kernel looks at (see codes.py)."""
    values = np.full(at.LEVELS, -1.0)
    values[at.CLIP], values[at.DECAY] = clip, decay
    values[at.GRADIENT_LEVEL] = stop.get("gradient_norm", -1.0)
    values[at.CHANGE_LEVEL] = stop.get("relative_change", -1.0)
    values[at.LOSS_LEVEL] = stop.get("loss", -math.inf)
    if average_from is not None:
        values[at.AVERAGE_FROM] = average_from
    return values
