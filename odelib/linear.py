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

import numpy as np

from odelib.pointers import compiled

SQUARED, LOGISTIC, HINGE, SQUARED_HINGE = range(4)


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
    slope = np.dot(X, theta)  # scores first, then overwritten by w ∂ℓ/∂s / m
    m = len(y)
    for i in range(m):
        score = slope[i]
        if kind == SQUARED:
            slope[i] = w[i] * (score - y[i]) / m
        elif kind == LOGISTIC:
            tail = math.exp(-abs(score))  # σ(−ys) without overflow
            wrong = (tail if y[i] * score > 0.0 else 1.0) / (1.0 + tail)
            slope[i] = -w[i] * y[i] * wrong / m
        elif kind == HINGE:
            slope[i] = -w[i] * y[i] / m if y[i] * score < 1.0 else 0.0
        else:
            slope[i] = -2.0 * w[i] * y[i] * max(1.0 - y[i] * score, 0.0) / m
        if score != score:
            slope[i] = score
    result = np.dot(slope, X)
    for j in range(free, len(theta)):
        result[j] += penalty * theta[j]
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
        P[i, y[i]] -= 1.0
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
        total = 0.0
        for c in range(S.shape[1]):
            S[i, c] = math.exp(S[i, c] - largest)
            total += S[i, c]
        for c in range(S.shape[1]):
            S[i, c] /= total
