"""Where a method is stable: its stability function R(z) and the intervals |R| ≤ 1.

One step of size h on y′ = λy multiplies y by R(z), z = hλ. For an explicit Runge–Kutta method

    R(z) = 1 + Σ_j z^j  b·A^(j−1)·1,

a polynomial of degree at most s; Radau's is a fraction of two polynomials. The method damps every
mode of a linear system exactly when |R(hλ)| ≤ 1 for each of its eigenvalues.

References
----------
Hairer, Wanner, *Solving Ordinary Differential Equations II*, 2nd ed., Springer 1996,
doi:10.1007/978-3-642-05221-7, section IV.2.
"""

import numpy as np

from odelib.methods import IMPLICIT, tableau_of


def stability_function(method, z):
    """Amplification factor R(z) of one step on y′ = λy, z = hλ; same shape as z.

    Parameters
    ----------
    method : str
        A Runge–Kutta method of `METHODS`, Radau among them.
    z : float, complex or array_like
        Step times eigenvalue, dimensionless. For gradient descent z = −αλᵢ with the learning
        rate α and an eigenvalue λᵢ of the Hessian.

    Returns
    -------
    float, complex or ndarray
        R(z): real for real z.

    Examples
    --------
    >>> round(stability_function("RK4", -1.0), 12)
    0.375
    >>> stability_function("Euler", 2j)
    (1+2j)
    """
    z = np.asarray(z)
    above, below = (
        np.polynomial.polynomial.polyval(z, part) for part in stability_fraction(method)
    )
    value = above / below
    return value.item() if value.ndim == 0 else value


def stability_interval(method):
    """Lengths (real, imaginary) of the stable stretches of the two axes that start at 0.

    The method is stable on y′ = −λy, λ > 0, for hλ ≤ real, and on y′ = ±iωy for hω ≤ imaginary
    (and not just beyond; either may be 0).

    Parameters
    ----------
    method : str
        A name in `METHODS`.

    Returns
    -------
    (float, float)

    Examples
    --------
    >>> [round(x, 6) for x in stability_interval("RK4")]
    [2.785294, 2.828427]
    >>> stability_interval("Euler")
    (2.0, 0.0)
    """
    above, below = stability_fraction(method)
    lengths = []
    for direction in (-1, 1j):
        # |R|² − 1, times the denominator's |·|², as a polynomial in the distance x from the origin
        excess = np.polynomial.polynomial.polysub(
            _squared(above, direction), _squared(below, direction)
        )
        if direction == 1j:  # R = e^z + O(z^(p+1)) and |e^iy| = 1: what is left here is round-off
            excess[: _order(method) + 1] = 0
        lengths.append(_first_rise(excess))
    return tuple(lengths)


def stability_fraction(method):
    """Coefficients of R's numerator and denominator, constant term first."""
    fraction = getattr(IMPLICIT.get(method), "R", None)
    return fraction or (stability_polynomial(method), np.ones(1))


def _order(method):
    return IMPLICIT[method].order if method in IMPLICIT else tableau_of(method).order


def _squared(coefficients, direction):
    """|p(direction·x)|² as a polynomial in x."""
    along = coefficients * direction ** np.arange(len(coefficients))
    return np.polynomial.polynomial.polymul(along, along.conj()).real


def stability_polynomial(method):
    """Coefficients of R, constant term first, shape (at most s + 1,)."""
    tab = tableau_of(method)
    power = np.ones(len(tab.b))
    coefficients = [1.0]
    for _ in tab.b:
        coefficients.append(tab.b @ power)
        power = tab.A @ power
    return np.trim_zeros(np.array(coefficients), "b")


def _first_rise(polynomial):
    """The first x ≥ 0 beyond which the polynomial (constant term first) is positive."""
    lowest = np.flatnonzero(polynomial)[0]
    if polynomial[lowest] > 0:
        return 0.0
    roots = np.polynomial.polynomial.polyroots(polynomial[lowest:])
    real = np.sort(roots.real[(abs(roots.imag) < 1e-7) & (roots.real > 0)])
    for left, right in zip(real, np.append(real[1:], 2 * real[-1]), strict=True):
        if np.polynomial.polynomial.polyval((left + right) / 2, polynomial) > 0:
            return float(left)
    return np.inf
