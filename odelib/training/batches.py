"""The gradient of all rows, or of mini-batches: random rows, a field that changes with every step.

The rows of a batch are gathered into contiguous buffers, so that the model's own gradient, with its
dense products, serves batches too. Which rows they are is told by the time t of the field: all
stages of a step see the same batch, and a pause changes nothing.
"""

import numba
import numpy as np

from odelib.fields.gradients import Function, bind_function, field_of
from odelib.fields.rhs import bind
from odelib.pointers import CACHE_LINE, aligned_zeros
from odelib.training.codes import TICK

_DRAWN = 2**16  # rows that may be drawn ahead
_CACHED = 2**20  # bytes of X that stay in a core's cache from one step to the next


class Batches:
    """The order in which the rows of (X, y, w) are visited: each once an epoch, shuffled anew."""

    def __init__(self, rows, size, rng, ahead):
        self.rows, self.size, self.rng = rows, size, rng
        self.per_epoch = -(-rows // size)
        # epochs that run at a time, as their rows are drawn beforehand
        self.ahead = ahead if size == rows else max(1, min(ahead, _DRAWN // rows))
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
            if model.by_columns and X.nbytes <= _CACHED:
                args = (*_columns(X, y, w), *model.args)
                return Function(bind(field_of(model.gradient, _by_columns), n, args), None, None)
            return bind_function(model.gradient, "gradient", (n,), n, (X, y, w, *model.args))
        buffers = [np.empty((self.size, *array.shape[1:]), array.dtype) for array in (X, y, w)]
        args = (
            self.first, self.order, self.size, self.rows, X, y, w, *buffers, *model.args,
        )  # fmt: skip
        return Function(bind(field_of(model.gradient, _of_batch), n, args), None, None)


# --- All rows ---------------------------------------------------------------------------------


def _by_columns(gradient):
    @numba.njit
    def field(t, theta, columns, y, w, *args):
        return gradient(theta, columns.T, y, w, *args)

    return field


def _columns(X, y, w):
    """Xᵀ (d, rows), y and w, filled up with rows of weight 0 so that columns are whole cache lines.

    A column is a long vector where a row is a short one, and BLAS reads a vector from the start of
    a cache line on more quickly: a step of benchmarks/optimizers.py takes 0.6 of the time at 30
    columns, 0.45 at 10.
    """
    rows, d = X.shape
    line = CACHE_LINE // X.itemsize
    padded = -(-rows // line) * line
    columns = aligned_zeros(d * padded).reshape((d, padded))
    y_padded, w_padded = np.zeros(padded, y.dtype), np.zeros(padded)
    columns[:, :rows], y_padded[:rows] = X.T, y
    w_padded[:rows] = w * (padded / rows)  # the mean is over more rows
    return columns, y_padded, w_padded


# --- Mini-batches -----------------------------------------------------------------------------


def _of_batch(gradient):
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
    args = (X, y, w, *model.args)
    return Function(bind(field_of(model.hvp, _hessian), n, args, outputs=n * n), None, None)


def _hessian(hvp):
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

    return field
