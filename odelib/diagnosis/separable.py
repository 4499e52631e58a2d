"""Can a linear classifier be right on every row? Then its loss has no minimum."""

import numpy as np

LARGEST = 20_000_000  # entries of the constraints that are still worth solving


def is_separable(model, data, theta):
    """Whether some parameters of a linear classifier put every row on its right side.

    theta itself may prove it. Otherwise a linear programme decides, unless it is too large: then
    the answer is no. False for models that are not linear classifiers.

    Parameters
    ----------
    model : Model
        'logistic' or 'softmax'.
    data : (X, y, w)
        As the model's `check` returns them.
    theta : (p,) array
    """
    if model.name not in ("logistic", "softmax"):
        return False
    X, y, _ = data
    rows = _constraints(X, y, model.size(X, y) // X.shape[1])
    if rows is None:
        return False
    if (rows @ theta > 0).all():
        return True
    from scipy.optimize import linprog  # imported where it is used: odelib needs no SciPy before

    size = np.abs(rows).max(axis=0)
    rows = rows / np.where(size > 0, size, 1.0)
    found = linprog(
        np.zeros(rows.shape[1]), A_ub=-rows, b_ub=-np.ones(len(rows)), bounds=(None, None)
    )
    return found.status == 0


def _constraints(X, y, k):
    """Rows a with a·θ > 0 exactly where θ is right on every row of X; None if there are too many.

    Two classes: yᵢxᵢ (m, d). More: for each wrong class c of a row, x at y less x at c.
    """
    if y.dtype != np.int64:
        return y[:, None] * X
    m, d = X.shape
    if m * (k - 1) * d * k > LARGEST:
        return None
    rows = np.zeros((m, k, d, k))
    i = np.arange(m)
    rows[i, :, :, y] = X[:, None, :]
    for c in range(k):
        rows[i, c, :, c] -= X
    wrong = np.arange(k) != y[:, None]
    return rows[wrong].reshape(m * (k - 1), d * k)
