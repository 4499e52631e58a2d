"""The losses: each is ℓ with ℓ′ and ℓ″, and what a model needs of it for all of its rows.

For a score s of a row and a target y, one loss ℓ(s, y) of these:

    squared        ½(s − y)²
    logistic       log(1 + e^(−ys)),      y = ±1
    hinge          max(0, 1 − ys),        y = ±1
    squared hinge  max(0, 1 − ys)²,       y = ±1
    softmax        log Σ_c e^(s_c) − s_y, y = 0 … k−1, scores s (k,)

The hinge has a kink at ys = 1: its derivative there is taken as 0, a subgradient, and its second
derivative as 0 everywhere.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np

from odelib.pointers import compiled


class Loss(NamedTuple):
    """What a model needs of a loss: compiled functions of all scores s, (m,) or (m, k)."""

    total: Callable  # (s, y, w) -> Σᵢ wᵢ ℓᵢ
    slope: Callable  # (s, y, w): overwrite s with wᵢ ∂ℓᵢ/∂s
    bend: Callable  # (along, s, y, w): overwrite `along` with wᵢ ∂²ℓᵢ/∂s² · along; it may use up s


# log 2 in two parts, of fdlibm's e_exp.c: the first has 33 bits, so its multiples below are exact
_LOG2_HIGH, _LOG2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_TO_INTEGER = 1.5 * 2.0**52  # numbers of this size are integers, written in their last bits
_TAYLOR = tuple(1.0 / math.factorial(j) for j in range(13, 1, -1))


# `contract` lets p·r + c round once instead of twice: without it a logistic loss takes 0.6 µs more
# for 569 rows (benchmarks/optimizers.py).
@numba.njit(error_model="numpy", fastmath={"contract"})
def exp(x):
    """e^x for x ≤ 0 to one unit in the last place, without a branch; 0 for x < −708.

    With x = k log 2 + r and |r| ≤ (log 2)/2 it is 2^k e^r; the Taylor polynomial of degree 13 has
    e^r with an error below 5e-18. Unlike math.exp it becomes vector code in a loop over an array.
    """
    far = x < -708.0  # e^x is about to leave the normal numbers
    x = -708.0 if far else x
    shifted = x * (1.0 / math.log(2.0)) + _TO_INTEGER
    k = shifted - _TO_INTEGER
    r = (x - k * _LOG2_HIGH) - k * _LOG2_LOW
    p = 0.0
    for coefficient in _TAYLOR:
        p = p * r + coefficient
    exponent = np.float64(shifted).view(np.int64) + 1023  # its last 11 bits are those of 2^k
    power = np.int64(exponent << 52).view(np.float64)
    return 0.0 if far else (1.0 + (r + r * r * p)) * power


# --- One score a row: a loss is ℓ, ℓ′ and ℓ″ ------------------------------------------------------


def _pointwise(value, slope, curvature):
    """The `Loss` of the functions ℓ(s, y), ∂ℓ/∂s and ∂²ℓ/∂s²; scores (m,)."""
    l0, l1, l2 = map(compiled, (value, slope, curvature))

    @compiled
    def total(s, y, w):
        result = 0.0
        for i in range(len(s)):
            result += w[i] * l0(s[i], y[i])
        return result

    @compiled
    def to_slope(s, y, w):
        for i in range(len(s)):  # vector code, as the loop is of one loss only
            s[i] = w[i] * l1(s[i], y[i])

    @compiled
    def bend(along, s, y, w):
        for i in range(len(s)):
            along[i] *= w[i] * l2(s[i], y[i])

    return Loss(total, to_slope, bend)


def _logistic(s, y):
    margin = y * s
    return math.log1p(exp(-abs(margin))) + max(-margin, 0.0)  # it does not overflow


def _logistic_slope(s, y):
    tail = exp(-abs(s))
    return -y * ((tail if y * s > 0.0 else 1.0) / (1.0 + tail))  # −y σ(−ys)


def _logistic_curvature(s, y):
    tail = exp(-abs(s))
    return tail / (1.0 + tail) ** 2


def _short(s, y):
    """max(0, 1 − ys); in this order a NaN stays one."""
    return 0.0 if y * s >= 1.0 else 1.0 - y * s


_short = compiled(_short)


def _hinge_slope(s, y):
    inside = 0.0 if y * s >= 1.0 else 1.0
    return -y * inside if s == s else np.nan


SQUARED = _pointwise(
    lambda s, y: 0.5 * (s - y) ** 2,
    lambda s, y: s - y,
    lambda s, y: 1.0,
)
LOGISTIC = _pointwise(_logistic, _logistic_slope, _logistic_curvature)
HINGE = _pointwise(
    lambda s, y: _short(s, y),
    _hinge_slope,
    lambda s, y: 0.0,
)
SQUARED_HINGE = _pointwise(
    lambda s, y: _short(s, y) ** 2,
    lambda s, y: -2.0 * y * _short(s, y),
    lambda s, y: 2.0 if y * s < 1.0 else 0.0,
)


# --- Several scores a row -------------------------------------------------------------------------


@compiled
def _cross_entropy(s, y, w):
    result = 0.0
    for i in range(s.shape[0]):
        largest = s[i, 0]
        for c in range(1, s.shape[1]):
            largest = max(largest, s[i, c])
        total = 0.0
        for c in range(s.shape[1]):
            total += exp(s[i, c] - largest)
        result += w[i] * (math.log(total) + largest - s[i, y[i]])
    return result


@compiled
def _cross_entropy_slope(s, y, w):
    _to_probabilities(s)
    for i in range(s.shape[0]):
        s[i, np.int64(y[i])] -= 1.0
        for c in range(s.shape[1]):
            s[i, c] *= w[i]


@compiled
def _cross_entropy_bend(along, s, y, w):
    """A row of `along`, u, becomes w P∘(u − P·u) with the probabilities P."""
    _to_probabilities(s)
    for i in range(s.shape[0]):
        mean = 0.0
        for c in range(s.shape[1]):
            mean += s[i, c] * along[i, c]
        for c in range(s.shape[1]):
            along[i, c] = w[i] * s[i, c] * (along[i, c] - mean)


@compiled
def _to_probabilities(s):
    """Replace each row of scores by its softmax."""
    for i in range(s.shape[0]):
        largest = s[i, 0]
        for c in range(1, s.shape[1]):
            largest = max(largest, s[i, c])
        for c in range(s.shape[1]):
            s[i, c] -= largest
    flat = s.reshape(s.size)
    for i in range(len(flat)):
        flat[i] = exp(flat[i])
    for i in range(s.shape[0]):
        total = 0.0
        for c in range(s.shape[1]):
            total += s[i, c]
        for c in range(s.shape[1]):
            s[i, c] /= total


SOFTMAX = Loss(_cross_entropy, _cross_entropy_slope, _cross_entropy_bend)


def _of_each_output(loss):
    """The `Loss` of scores and targets (m, k) that adds up that of each of them."""
    one_total, one_slope, one_bend = loss

    @compiled
    def total(s, y, w):
        return one_total(s.reshape(s.size), y.reshape(y.size), np.repeat(w, s.shape[1]))

    @compiled
    def slope(s, y, w):
        one_slope(s.reshape(s.size), y.reshape(y.size), np.repeat(w, s.shape[1]))

    @compiled
    def bend(along, s, y, w):
        weights = np.repeat(w, s.shape[1])
        one_bend(along.reshape(along.size), s.reshape(s.size), y.reshape(y.size), weights)

    return Loss(total, slope, bend)


SQUARED_OUTPUTS = _of_each_output(SQUARED)
