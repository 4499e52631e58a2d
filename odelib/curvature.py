"""How curved a loss is: the largest eigenvalues of its Hessian, from Hessian-vector products.

Lanczos's method on a random vector: after j products with H, the eigenvalues of a tridiagonal
j × j matrix (Ritz values) approach the extreme ones of H, fast where these stand apart. All its
vectors are kept and orthogonalised against, so that no eigenvalue appears twice.

References
----------
Parlett, *The Symmetric Eigenvalue Problem*, SIAM 1998, doi:10.1137/1.9781611971163, chapter 13;
theorem 11.7.1 for the error of a Ritz value, at most residual²/gap.
"""

from typing import NamedTuple

import numpy as np

from odelib.models.model import Model


class Spectrum(NamedTuple):
    """Largest eigenvalues of a Hessian (p, p)."""

    values: np.ndarray  # (k,) from the largest down
    vectors: np.ndarray  # (p, k) of length 1
    errors: np.ndarray  # (k,) estimated errors of the values
    products: int  # Hessian-vector products that it took
    smallest: float  # lowest Ritz value: not below the smallest eigenvalue of the Hessian


def sharpness(model, data=None, theta=None, *, size=None, tol=3e-4, max_products=200, seed=0):
    """The largest eigenvalue λmax of the Hessian of a loss: gradient descent needs α < 2/λmax.

    Parameters
    ----------
    model : Model or callable
        A model, with its data and parameters; or a function ``hvp(v)`` that returns the Hessian
        (n, n) times v (n,), with `size`.
    data : (X, y) or (X, y, weights)
        As the model's `check` takes them.
    theta : (p,) array
        Where the loss is looked at.
    size : int
        n, with a function.
    tol : float
        Relative error at which to stop, estimated from the residual.
    max_products : int
        Bound on the products of the Hessian with a vector; more than most cases need.
    seed : int or numpy.random.Generator
        Seed of the starting vector.

    Returns
    -------
    float
        λmax, in the units of loss/θ². It is approached from below.

    Raises
    ------
    ValueError
        A product is not finite, or `max_products` were not enough.

    See Also
    --------
    odelib.curvature.spectrum : more eigenvalues, and their directions.

    Examples
    --------
    >>> from odelib import models
    >>> X, y = [[1.0, 0.0], [1.0, 2.0]], [0.0, 1.0]  # XᵀX/m = [[1, 1], [1, 2]]
    >>> print(round(sharpness(models.least_squares(), (X, y), [0.0, 0.0]), 4))
    2.618
    >>> round(sharpness(lambda v: 3 * v, size=1000), 12)
    3.0
    """
    return float(
        spectrum(
            model, data, theta, size=size, tol=tol, max_products=max_products, seed=seed
        ).values[0]
    )


def spectrum(
    model, data=None, theta=None, *, count=1, size=None, tol=3e-4, max_products=200, seed=0
):
    """The `count` largest eigenvalues of a Hessian, with their directions.

    Parameters
    ----------
    count : int
        How many eigenvalues. Of a multiple one, a single copy is seen.
    model, data, theta, size, tol, max_products, seed
        As in `sharpness`.

    Returns
    -------
    Spectrum

    Examples
    --------
    >>> spectrum(lambda v: [1, 2, 5] * v, size=3, count=2).values.round(3)
    array([5., 2.])
    """
    product, n = _product(model, data, theta, size)
    if not 1 <= count <= n:
        raise ValueError(f"count must be between 1 and the {n} parameters, got {count}")
    if not tol > 0:
        raise ValueError(f"tol must be positive, got {tol}")
    v = np.random.default_rng(seed).normal(size=n)
    basis, diagonal, below = [v / np.linalg.norm(v)], [], []
    for products in range(1, min(n, max_products) + 1):
        v = np.array(product(basis[-1]), dtype=float)
        if not np.isfinite(v).all():
            raise ValueError("the Hessian is not finite here; look at the loss and its gradient")
        diagonal.append(basis[-1] @ v)
        for _ in range(2):  # once is not enough in floating point
            for q in basis:
                v -= (q @ v) * q
        below.append(np.linalg.norm(v))
        values, weights, errors, ended = _ritz(diagonal, below)
        close = errors[:count] <= tol * np.abs(values[:count])
        if ended or products == n or (products > count and close.all()):
            break
        basis.append(v / below[-1])
    else:
        raise ValueError(
            f"{max_products} products give λmax only to within {errors[0]:.2g}: {values[0]:.6g}; "
            "raise max_products or tol"
        )
    vectors = np.array(basis[: len(diagonal)]).T @ weights[:, :count]
    return Spectrum(values[:count], vectors, errors[:count], products, float(values[-1]))


def left_to_gain(hvp, g, products=60):
    """(gᵀH⁻¹g/2, whether no negative curvature was met), by conjugate gradients.

    The first is what a quadratic with gradient g (p,) lies above its minimum; of a loss it is an
    estimate, and too small if `products` do not suffice.
    """
    x, r, p = np.zeros_like(g), g.copy(), g.copy()
    square = r @ r
    target = 1e-8 * square
    for _ in range(min(products, 2 * len(g))):
        if square <= target or square == 0:
            break
        bent = hvp(p)
        curvature = p @ bent
        if curvature <= 0:
            return 0.5 * (g @ x), curvature == 0
        x += square / curvature * p
        r -= square / curvature * bent
        previous, square = square, r @ r
        p = r + square / previous * p
    return 0.5 * (g @ x), True


def _ritz(diagonal, below):
    """Ritz values from the largest down, their vectors in the basis, error estimates; whether the
    basis spans an invariant subspace, so that they are exact.
    """
    size = len(diagonal)
    tridiagonal = np.diag(diagonal) + np.diag(below[:-1], 1) + np.diag(below[:-1], -1)
    values, weights = np.linalg.eigh(tridiagonal)
    values, weights = values[::-1], weights[:, ::-1]
    residuals = below[-1] * np.abs(weights[-1])
    distances = np.abs(values[:, None] - values) + np.diag(np.full(size, np.inf))
    gap = distances.min(axis=1)  # to the next Ritz value
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.fmin(residuals, residuals**2 / gap)
    if size == 1:
        errors = residuals
    scale = max(abs(values[0]), abs(values[-1]))
    return values, weights, errors, below[-1] <= 1e-13 * scale


def _product(model, data, theta, size):
    """v -> Hv, and the size of v."""
    if isinstance(model, Model):
        if data is None or theta is None:
            raise TypeError("a model needs its data and theta: sharpness(model, data, theta)")
        X, y, w = model.check(data)
        theta = model.check_theta(theta, X, y)
        return lambda v: model.hvp(theta, v, X, y, w, *model.args), len(theta)
    if not callable(model):
        raise TypeError(f"model must be a Model or a function hvp(v), got {type(model).__name__}")
    if data is not None or theta is not None or size is None:
        raise TypeError("a function hvp(v) goes with size alone: sharpness(hvp, size=n)")
    return model, int(size)
