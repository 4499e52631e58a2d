"""The book's data: a hundred noisy points near y = 4 + 3x, as every chapter makes them."""

import numpy as np


def hundred_points():
    """Columns 1 and x, shape (100, 2), and y, shape (100,)."""
    np.random.seed(42)
    x = 2 * np.random.rand(100, 1)
    y = 4 + 3 * x + np.random.randn(100, 1)
    return np.column_stack([np.ones(100), x]), y.ravel()


def valley():
    """Hessian (2, 2) and minimiser (2,) of their least squares loss."""
    X, y = hundred_points()
    hessian = X.T @ X / 100
    return hessian, np.linalg.solve(hessian, X.T @ y / 100)
