"""Mini-batches: the gradient of a random set of rows, as a field that changes with every step.

The rows of a batch are gathered into contiguous buffers, so that the model's own gradient, with its
dense products, serves batches too. Which rows they are is told by the time t of the field: all
stages of a step see the same batch, and a pause changes nothing.
"""

import numba
import numpy as np

from odelib.fields import Function, bind_function
from odelib.kernels.outcomes import TICK
from odelib.rhs import bind

_DRAWN = 2**16  # rows that may be drawn ahead


class Batches:
    """The order in which the rows of (X, y, w) are visited: each once an epoch, shuffled anew."""

    def __init__(self, rows, size, rng, ahead):
        self.rows, self.size, self.rng = rows, size, rng
        self.per_epoch = -(-rows // size)
        self.ahead = max(1, min(ahead, _DRAWN // rows))  # epochs drawn at a time
        self.order = np.zeros(self.ahead * rows if size < rows else 0, dtype=np.int64)
        self.first = np.zeros(1, dtype=np.int64)  # the step at which the order begins

    def draw(self, epoch, count):
        """Draw the orders of `count` epochs, the first of which is this one."""
        if self.size < self.rows:
            self.first[0] = epoch * self.per_epoch
            for i in range(count):
                self.order[i * self.rows : (i + 1) * self.rows] = self.rng.permutation(self.rows)

    def gradient(self, model, X, y, w, n):
        """The gradient of the batch of the present step as a `Function` of theta (n,)."""
        if self.size == self.rows:
            return bind_function(model.gradient, "gradient", (n,), n, (X, y, w, *model.args))
        buffers = [np.empty((self.size, *array.shape[1:]), array.dtype) for array in (X, y, w)]
        args = (
            self.first, self.order, self.size, self.rows, X, y, w, *buffers, *model.args,
        )  # fmt: skip
        bound = bind(_field(model.gradient), n, args)
        return Function(bound, None, None)


def _field(gradient):
    """f(t, theta, …) from a model's gradient, compiled once for each model's function."""
    known = gradient.__dict__.setdefault("_odelib_fields", {})
    if "batch" not in known:
        known["batch"] = _make_field(gradient)
    return known["batch"]


def _make_field(gradient):
    @numba.njit
    def field(t, theta, first, order, size, rows, X, y, w, Xb, yb, wb, *args):
        per_epoch = (rows + size - 1) // size
        k = round(t / TICK) - first[0]
        start = (k % per_epoch) * size
        m = min(size, rows - start)
        for i in range(m):
            row = order[(k // per_epoch) * rows + start + i]
            for j in range(X.shape[1]):
                Xb[i, j] = X[row, j]
            if y.ndim == 1:
                yb[i] = y[row]
            else:
                for j in range(y.shape[1]):
                    yb[i, j] = y[row, j]
            wb[i] = w[row]
        return gradient(theta, Xb[:m], yb[:m], wb[:m], *args)

    return field


def bind_hessian(model, X, y, w, n):
    """The Hessian of all rows as a `Function`, from n Hessian-vector products."""
    bound = bind(_hessian_field(model.hvp), n, (X, y, w, *model.args), outputs=n * n)
    return Function(bound, None, None)


def _hessian_field(hvp):
    known = hvp.__dict__.setdefault("_odelib_fields", {})
    if "hessian" not in known:

        @numba.njit
        def field(t, theta, X, y, w, *args):
            n = len(theta)
            matrix, unit = np.empty(n * n), np.zeros(n)
            for i in range(n):
                unit[i] = 1.0
                column = hvp(theta, unit, X, y, w, *args)
                unit[i] = 0.0
                for j in range(n):
                    matrix[i * n + j] = column[j]  # H is symmetric
            return matrix

        known["hessian"] = field
    return known["hessian"]
