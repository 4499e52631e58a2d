"""Losses of models that are linear in their parameters, with their derivatives, compiled.

For a score s = xᵀθ a row and a target y, one loss ℓ(s, y) of the five:

    squared        ½(s − y)²
    logistic       log(1 + e^(−ys)),      y = ±1
    hinge          max(0, 1 − ys),        y = ±1
    squared hinge  max(0, 1 − ys)²,       y = ±1
    softmax        log Σ_c e^(s_c) − s_y, y = 0 … k−1, scores s = xᵀΘ (k,)

The loss of a set of m rows with weights w is (1/m) Σᵢ wᵢ ℓᵢ + (penalty/2)|θ|², where the first
`free` rows of the parameters (the intercept's) are left out of the penalty. The hinge has a kink
at ys = 1: its derivative there is taken as 0, a subgradient, and its second derivative as 0
everywhere. Dense products go to BLAS, the rest are loops.
"""

import math

import numba
import numpy as np

from odelib.pointers import compiled

SQUARED, LOGISTIC, HINGE, SQUARED_HINGE = range(4)

# log 2 in two parts, of fdlibm's e_exp.c: the first has 33 bits, so its multiples below are exact
_LOG2_HIGH, _LOG2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_TO_INTEGER = 1.5 * 2.0**52  # numbers of this size are integers, written in their last bits
_TAYLOR = tuple(1.0 / math.factorial(j) for j in range(13, 1, -1))


# `contract` lets p·r + c round once instead of twice: without it a logistic loss takes 0.6 µs more
# for 569 rows (benchmarks/optimizers.py).
@numba.njit(error_model="numpy", fastmath={"contract"})
def _exp(x):
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


@compiled
def loss(theta, X, y, w, kind, penalty, free):
    """Mean loss of the rows plus the penalty."""
    scores = np.dot(X, theta)
    total = 0.0
    for i in range(len(y)):
        if kind == SQUARED:
            total += 0.5 * w[i] * (scores[i] - y[i]) ** 2
        elif kind == LOGISTIC:
            margin = y[i] * scores[i]
            # log(1 + e^-margin) without overflow
            total += w[i] * (math.log1p(math.exp(-abs(margin))) + max(-margin, 0.0))
        else:
            short = max(1.0 - y[i] * scores[i], 0.0)
            if scores[i] != scores[i]:  # max() may lose a NaN
                short = np.nan
            total += w[i] * (short if kind == HINGE else short * short)
    squares = 0.0
    for j in range(free, len(theta)):
        squares += theta[j] * theta[j]
    return total / len(y) + 0.5 * penalty * squares


@compiled
def gradient(theta, X, y, w, kind, penalty, free):
    """Gradient of `loss`, shape (d,)."""
    slope = np.dot(X, theta)  # scores first, then overwritten by w ∂ℓ/∂s
    m = len(y)
    if kind == SQUARED:  # a loop for each kind, since one with branches is no vector code
        for i in range(m):
            slope[i] = w[i] * (slope[i] - y[i])
    elif kind == LOGISTIC:
        for i in range(m):
            tail = _exp(-abs(slope[i]))  # σ(−ys) without overflow
            wrong = (tail if y[i] * slope[i] > 0.0 else 1.0) / (1.0 + tail)
            slope[i] = -w[i] * y[i] * wrong
    elif kind == HINGE:
        for i in range(m):
            inside = 0.0 if y[i] * slope[i] >= 1.0 else 1.0
            slope[i] = -w[i] * y[i] * inside if slope[i] == slope[i] else np.nan
    else:
        for i in range(m):  # in this order a NaN stays one
            short = 0.0 if y[i] * slope[i] >= 1.0 else 1.0 - y[i] * slope[i]
            slope[i] = -2.0 * w[i] * y[i] * short
    result = np.dot(slope, X)
    for j in range(len(theta)):
        result[j] = result[j] / m + (penalty * theta[j] if j >= free else 0.0)
    return result


@compiled
def hvp(theta, v, X, y, w, kind, penalty, free):
    """Hessian of `loss` times v (d,), shape (d,)."""
    scores = np.dot(X, theta)
    bend = np.dot(X, v)  # then overwritten by w ∂²ℓ/∂s² (Xv) / m
    m = len(y)
    for i in range(m):
        if kind == SQUARED:
            curvature = 1.0
        elif kind == LOGISTIC:
            tail = math.exp(-abs(scores[i]))
            curvature = tail / (1.0 + tail) ** 2
        elif kind == HINGE:
            curvature = 0.0
        else:
            curvature = 2.0 if y[i] * scores[i] < 1.0 else 0.0
        bend[i] *= w[i] * curvature / m
    result = np.dot(bend, X)
    for j in range(free, len(theta)):
        result[j] += penalty * v[j]
    return result


@compiled
def scores(theta, X, kind, penalty, free):
    """Xθ, shape (m,)."""
    return np.dot(X, theta)


# --- Softmax: parameters Θ (d, k), flattened by rows; k is read off their number ------------------


@compiled
def softmax_loss(theta, X, y, w, penalty, free):
    """Mean cross-entropy of the rows plus the penalty."""
    m, d = X.shape
    k = len(theta) // d
    S = np.dot(X, theta.reshape((d, k)))
    total = 0.0
    for i in range(m):
        largest = S[i, 0]
        for c in range(1, k):
            largest = max(largest, S[i, c])
        sum_exp = 0.0
        for c in range(k):
            sum_exp += math.exp(S[i, c] - largest)
        total += w[i] * (math.log(sum_exp) + largest - S[i, y[i]])
    squares = 0.0
    for j in range(free * k, len(theta)):
        squares += theta[j] * theta[j]
    return total / m + 0.5 * penalty * squares


@compiled
def softmax_gradient(theta, X, y, w, penalty, free):
    """Gradient of `softmax_loss`, shape (d·k,)."""
    m, d = X.shape
    k = len(theta) // d
    P = np.dot(X, theta.reshape((d, k)))
    _to_probabilities(P)
    for i in range(m):
        P[i, np.int64(y[i])] -= 1.0
        for c in range(k):
            P[i, c] *= w[i] / m
    result = np.dot(X.T, P).reshape(d * k)
    for j in range(free * k, len(theta)):
        result[j] += penalty * theta[j]
    return result


@compiled
def softmax_hvp(theta, v, X, y, w, penalty, free):
    """Hessian of `softmax_loss` times v (d·k,): a row bends by P∘(u − P·u), u = xᵀV."""
    m, d = X.shape
    k = len(theta) // d
    P = np.dot(X, theta.reshape((d, k)))
    _to_probabilities(P)
    U = np.dot(X, v.reshape((d, k)))
    for i in range(m):
        mean = 0.0
        for c in range(k):
            mean += P[i, c] * U[i, c]
        for c in range(k):
            U[i, c] = w[i] * P[i, c] * (U[i, c] - mean) / m
    result = np.dot(X.T, U).reshape(d * k)
    for j in range(free * k, len(theta)):
        result[j] += penalty * v[j]
    return result


@compiled
def softmax_scores(theta, X, penalty, free):
    """XΘ, shape (m, k)."""
    d = X.shape[1]
    return np.dot(X, theta.reshape((d, len(theta) // d)))


@compiled
def _to_probabilities(S):
    """Replace each row of scores by its softmax."""
    for i in range(S.shape[0]):
        largest = S[i, 0]
        for c in range(1, S.shape[1]):
            largest = max(largest, S[i, c])
        for c in range(S.shape[1]):
            S[i, c] -= largest
    flat = S.reshape(S.size)
    for i in range(len(flat)):
        flat[i] = _exp(flat[i])
    for i in range(S.shape[0]):
        total = 0.0
        for c in range(S.shape[1]):
            total += S[i, c]
        for c in range(S.shape[1]):
            S[i, c] /= total


BY_COLUMNS = (gradient, softmax_gradient)  # they read X as well in Fortran's order as in C's
