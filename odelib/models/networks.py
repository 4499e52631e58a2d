"""A fully connected network: loss, back-propagation and Hessian-vector product, compiled.

Layer l maps rows A (m, n_in) to σ(A W + b), W (n_in, n_out), b (n_out,); the last has no σ. θ
holds W and b layer by layer, each W row by row. `hidden` is the widths of the hidden layers; the
number of outputs k is read off the number of parameters. With scores s (k,) a row's loss ℓ is

    softmax        log Σ_c e^(s_c) − s_y,   y = 0 … k−1
    squared        ½|s − y|²,               y (k,)

and the whole is (1/m) Σᵢ wᵢ ℓᵢ + (penalty/2) Σ W², without the biases. The derivative of ReLU at
0 is taken as 0.

References
----------
Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994) 147–160,
doi:10.1162/neco.1994.6.1.147.
"""

import functools
import math

import numpy as np

from odelib.pointers import compiled, shared

TANH, RELU = range(2)


@functools.cache
def of_layers(row_loss):
    """(loss, gradient, hvp, scores) of a network, by the `Loss` of its outputs."""
    total, to_slope, bend = row_loss

    @shared(lambda theta, *data: ())
    def loss(theta, X, y, w, hidden, activation, penalty):
        """Mean loss of the rows plus the penalty."""
        m = len(X)
        widths = layer_widths(len(theta), X.shape[1], hidden)
        S = _last(_forward(theta, X, widths, activation), m, widths)
        mean = total(S, y, w) / m
        return mean + 0.5 * penalty * _sum_of_squares(theta, widths)

    @shared(lambda theta, *data: (len(theta),))
    def gradient(theta, X, y, w, hidden, activation, penalty):
        """Gradient of `loss` by back-propagation, shape (p,)."""
        m = len(X)
        widths = layer_widths(len(theta), X.shape[1], hidden)
        values = _forward(theta, X, widths, activation)
        end = len(values)
        D = _last(values, m, widths)
        to_slope(D, y, w / m)
        result = np.empty(len(theta))
        at = len(theta)
        for layer in range(len(widths) - 2, -1, -1):
            n_in, n_out = widths[layer], widths[layer + 1]
            end -= m * n_out
            at -= (n_in + 1) * n_out
            A = X if layer == 0 else _matrix(values, end - m * n_in, m, n_in)
            _of_layer(A, D, theta, penalty, at, result)
            if layer > 0:
                W = _matrix(theta, at, n_in, n_out)
                D = np.dot(D, W.T)
                for i in range(m):
                    for j in range(n_in):
                        D[i, j] *= _derivative(A[i, j], activation)
        return result

    @shared(lambda theta, *data: (len(theta),))
    def hvp(theta, v, X, y, w, hidden, activation, penalty):
        """Hessian of `loss` times v (p,): the derivative of back-propagation along v, shape (p,).

        A letter with the prefix R is the derivative of the array along v.
        """
        m = len(X)
        widths = layer_widths(len(theta), X.shape[1], hidden)
        values = _forward(theta, X, widths, activation)
        slopes = _forward_along(theta, v, X, values, widths, activation)
        end = len(values)
        P = _last(values, m, widths)
        RD = _last(slopes, m, widths)
        bend(RD, P, y, w / m)
        D = _last(values, m, widths)
        to_slope(D, y, w / m)
        result = np.empty(len(theta))
        at = len(theta)
        for layer in range(len(widths) - 2, -1, -1):
            n_in, n_out = widths[layer], widths[layer + 1]
            end -= m * n_out
            at -= (n_in + 1) * n_out
            A = X if layer == 0 else _matrix(values, end - m * n_in, m, n_in)
            _of_layer(A, RD, v, penalty, at, result)
            if layer > 0:
                W = _matrix(theta, at, n_in, n_out)
                V = _matrix(v, at, n_in, n_out)
                RA = _matrix(slopes, end - m * n_in, m, n_in)
                _matrix(result, at, n_in, n_out)[:] += np.dot(RA.T, D)
                B, RB = np.dot(D, W.T), np.dot(RD, W.T) + np.dot(D, V.T)
                for i in range(m):
                    for j in range(n_in):
                        # σ′(z) of the layer is a function g of its value; along v it changes by
                        # g′ RA, where RA = g Rz
                        slope = _derivative(A[i, j], activation)
                        change = -2.0 * A[i, j] * RA[i, j] if activation == TANH else 0.0
                        RB[i, j] = RB[i, j] * slope + B[i, j] * change
                        B[i, j] *= slope
                D, RD = B, RB
        return result

    return loss, gradient, hvp, scores


def _shape_of_scores(theta, X, hidden, *rest):
    return len(X), int(_layer_widths(len(theta), X.shape[1], hidden)[-1])


@shared(_shape_of_scores)
def scores(theta, X, hidden, activation, penalty):
    """The network's outputs before the softmax, shape (m, k)."""
    m = len(X)
    widths = layer_widths(len(theta), X.shape[1], hidden)
    return _last(_forward(theta, X, widths, activation), m, widths)


@compiled
def _matrix(numbers, start, rows, columns):
    """A matrix (rows, columns) that stands row by row in an array, from `start` on: a view."""
    return numbers[start : start + rows * columns].reshape((rows, columns))


@compiled
def _last(values, m, widths):
    """A copy of what stands last in the values of all layers: the outputs, (m, k)."""
    return _matrix(values, len(values) - m * widths[-1], m, widths[-1]).copy()


def _layer_widths(parameters, features, hidden):
    """Widths of all layers, (2 + number of hidden layers,): features, hidden, outputs."""
    widths = np.empty(len(hidden) + 2, np.int64)
    widths[0] = features
    for layer in range(len(hidden)):
        widths[layer + 1] = hidden[layer]
        parameters -= (widths[layer] + 1) * hidden[layer]
    widths[-1] = parameters // (widths[-2] + 1)
    return widths


layer_widths = compiled(_layer_widths)


@compiled
def _forward(theta, X, widths, activation):
    """The values of all layers behind X, one after the other, each (m, width) row by row."""
    m, layers = len(X), len(widths) - 1
    values = np.empty(m * np.sum(widths[1:]))
    A, at, start = X, 0, 0
    for layer in range(layers):
        n_in, n_out = widths[layer], widths[layer + 1]
        W = _matrix(theta, at, n_in, n_out)
        bias = theta[at + n_in * n_out : at + (n_in + 1) * n_out]
        Z = _matrix(values, start, m, n_out)
        np.dot(A, W, Z)
        for i in range(m):
            for j in range(n_out):
                Z[i, j] += bias[j]
                if layer + 1 < layers:
                    if activation == TANH:
                        Z[i, j] = math.tanh(Z[i, j])
                    elif Z[i, j] < 0.0:  # a NaN stays one
                        Z[i, j] = 0.0
        A = Z
        at += (n_in + 1) * n_out
        start += m * n_out
    return values


@compiled
def _forward_along(theta, v, X, values, widths, activation):
    """The derivative of `_forward` along v, in the same form."""
    m, layers = len(X), len(widths) - 1
    slopes = np.empty(len(values))
    A, RA, at, start = X, X, 0, 0
    for layer in range(layers):
        n_in, n_out = widths[layer], widths[layer + 1]
        W = _matrix(theta, at, n_in, n_out)
        V = _matrix(v, at, n_in, n_out)
        v_bias = v[at + n_in * n_out : at + (n_in + 1) * n_out]
        Z = _matrix(values, start, m, n_out)
        RZ = _matrix(slopes, start, m, n_out)
        np.dot(A, V, RZ)
        if layer > 0:
            RZ += np.dot(RA, W)
        for i in range(m):
            for j in range(n_out):
                RZ[i, j] += v_bias[j]
                if layer + 1 < layers:
                    RZ[i, j] *= _derivative(Z[i, j], activation)
        A, RA = Z, RZ
        at += (n_in + 1) * n_out
        start += m * n_out
    return slopes


@compiled
def _derivative(value, activation):
    """σ′(z), from the value σ(z)."""
    if activation == TANH:
        return 1.0 - value * value
    return 1.0 if value > 0.0 else 0.0


@compiled
def _of_layer(A, D, theta, penalty, at, result):
    """Write the gradient of a layer, from `at` on: AᵀD + penalty·W, then the sum of D's rows."""
    n_in, n_out = A.shape[1], D.shape[1]
    end = at + n_in * n_out
    np.dot(A.T, D, _matrix(result, at, n_in, n_out))
    for j in range(at, end):
        result[j] += penalty * theta[j]
    result[end : end + n_out] = 0.0
    for i in range(D.shape[0]):
        for j in range(n_out):
            result[end + j] += D[i, j]


@compiled
def _sum_of_squares(theta, widths):
    """Sum of the squares of all weights, without the biases."""
    total, at = 0.0, 0
    for layer in range(len(widths) - 1):
        n_in, n_out = widths[layer], widths[layer + 1]
        for j in range(n_in * n_out):
            total += theta[at + j] ** 2
        at += (n_in + 1) * n_out
    return total
