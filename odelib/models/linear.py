"""Models that are linear in their parameters: loss, gradient and Hessian-vector product, compiled.

The scores are s = Xθ, (m,), or s = XΘ, (m, k), with θ (d·k,) holding Θ (d, k) row by row; k is
read off its length. The loss of m rows with weights w is (1/m) Σᵢ wᵢ ℓᵢ + (penalty/2)|θ|², where
the first `free` rows of the parameters (the intercept's) are left out of the penalty. Dense
products go to BLAS, the rest are loops.
"""

import functools

import numpy as np

from odelib.pointers import compiled, shared


@functools.cache
def of_vector(row_loss):
    """(loss, gradient, hvp, scores) of a model with one score xᵀθ a row, by its `Loss`."""
    total, to_slope, bend = row_loss

    @shared(lambda theta, *data: ())
    def loss(theta, X, y, w, penalty, free):
        s = np.dot(X, theta)
        return total(s, y, w) / len(y) + 0.5 * penalty * _squares(theta, free)

    @shared(lambda theta, *data: (len(theta),))
    def gradient(theta, X, y, w, penalty, free):
        s = np.dot(X, theta)
        to_slope(s, y, w)
        result, m = np.dot(s, X), len(y)
        for j in range(len(theta)):
            result[j] = result[j] / m + (penalty * theta[j] if j >= free else 0.0)
        return result

    @shared(lambda theta, *data: (len(theta),))
    def hvp(theta, v, X, y, w, penalty, free):
        along = np.dot(X, v)
        bend(along, np.dot(X, theta), y, w / len(y))
        result = np.dot(along, X)
        for j in range(free, len(theta)):
            result[j] += penalty * v[j]
        return result

    return loss, gradient, hvp, vector_scores


@functools.cache
def of_matrix(row_loss):
    """(loss, gradient, hvp, scores) of a model with scores xᵀΘ (k,) a row, by its `Loss`."""
    total, to_slope, bend = row_loss

    @shared(lambda theta, *data: ())
    def loss(theta, X, y, w, penalty, free):
        s = matrix_scores(theta, X, penalty, free)
        return total(s, y, w) / len(X) + 0.5 * penalty * _squares(theta, free * s.shape[1])

    @shared(lambda theta, *data: (len(theta),))
    def gradient(theta, X, y, w, penalty, free):
        s = matrix_scores(theta, X, penalty, free)
        to_slope(s, y, w / len(X))
        result = np.dot(X.T, s).reshape(len(theta))
        for j in range(free * s.shape[1], len(theta)):
            result[j] += penalty * theta[j]
        return result

    @shared(lambda theta, *data: (len(theta),))
    def hvp(theta, v, X, y, w, penalty, free):
        along = matrix_scores(v, X, penalty, free)
        bend(along, matrix_scores(theta, X, penalty, free), y, w / len(X))
        result = np.dot(X.T, along).reshape(len(theta))
        for j in range(free * along.shape[1], len(theta)):
            result[j] += penalty * v[j]
        return result

    return loss, gradient, hvp, matrix_scores


@shared(lambda theta, X, *rest: (len(X),))
def vector_scores(theta, X, penalty, free):
    """Xθ, shape (m,)."""
    return np.dot(X, theta)


@shared(lambda theta, X, *rest: (len(X), len(theta) // X.shape[1]))
def matrix_scores(theta, X, penalty, free):
    """XΘ, shape (m, k)."""
    d = X.shape[1]
    return np.dot(X, theta.reshape((d, len(theta) // d)))


@compiled
def _squares(theta, first):
    """The sum of the squares of θ from the component `first` on."""
    result = 0.0
    for j in range(first, len(theta)):
        result += theta[j] * theta[j]
    return result
