"""Is a gradient the derivative of its loss? What finite differences say, and where it is wrong.

The slope of the loss along v is compared with gradient·v, first along random directions, which see
every component at once. A difference is then traced: the same factor in every direction (−1 is a
wrong sign), or the components that are wrong, by halving.
"""

from typing import NamedTuple

import numpy as np

STEP = 1e-6  # of the finite differences, times the size of theta
TOLERANCE = 1e-4  # of a slope, relative to the gradient's norm


class GradientCheck(NamedTuple):
    """What finite differences say of a gradient."""

    fault: str | None  # None, "sign", "scale", "component" or "several components"
    factor: float  # gradient / slope of the loss, where it is the same in every direction
    component: int | None  # the one that is most wrong
    given: float  # gradient[component]
    measured: float  # ∂L/∂θ[component]


def check_gradient(loss, gradient, theta, *, seed=0):
    """Compare ``gradient(theta)`` (p,) with finite differences of ``loss(theta)``.

    Costs about 20 losses if all is well, and about 30 log₂ p more to find a wrong component.
    """
    rng = np.random.default_rng(seed)
    g = np.asarray(gradient(theta), dtype=float)
    n = len(theta)
    around = _Slopes(loss, theta, g)
    random = [v / np.linalg.norm(v) for v in rng.normal(size=(8, n))]
    size = np.linalg.norm(g)
    directions = random + ([g / size] if size > 0 else [])
    gaps = np.array([around.gap(v) for v in directions])
    if (np.abs(gaps) <= around.tolerance(directions)).all():
        return GradientCheck(None, 1.0, None, np.nan, np.nan)
    slopes = np.array([g @ v for v in random])
    measured = slopes + gaps[: len(random)]
    clear = np.abs(measured) > 0.1 * np.abs(measured).max()
    factors = slopes[clear] / measured[clear]
    factor = float(np.median(factors)) if clear.any() else np.nan
    if n > 1 and (np.abs(factors - factor) <= 1e-3 * abs(factor)).all():
        fault = "sign" if abs(factor + 1) < 1e-3 else "scale"
        return GradientCheck(fault, factor, None, np.nan, np.nan)
    worst = _worst_component(around, n, rng)
    unit = np.zeros(n)
    unit[worst] = 1.0
    true = g[worst] + around.gap(unit)
    mended = g.copy()
    mended[worst] = true
    around = _Slopes(loss, theta, mended)
    rest = [around.gap(v) for v in random]
    one = (np.abs(rest) <= around.tolerance(random) + 1e-3 * abs(true - g[worst])).all()
    return GradientCheck(
        "component" if one else "several components", np.nan, worst, float(g[worst]), float(true)
    )


class _Slopes:
    """One-sided slopes of a loss about a point, against the gradient given there."""

    def __init__(self, loss, theta, gradient):
        self.loss, self.theta, self.gradient = loss, theta, gradient
        self.step = STEP * max(1.0, float(np.abs(theta).max()))
        self.middle = loss(theta)

    def gap(self, v):
        """Slope of the loss along v, less gradient·v; 0 between the slopes on the two sides.

        At a kink, every number between the two slopes is that of a subgradient.
        """
        right = (self.loss(self.theta + self.step * v) - self.middle) / self.step
        left = (self.middle - self.loss(self.theta - self.step * v)) / self.step
        given = self.gradient @ v
        if min(left, right) <= given <= max(left, right):
            return 0.0
        return (left + right) / 2 - given

    def tolerance(self, directions):
        """Largest gaps that are finite differences' own: rounding, and a part of the gradient."""
        rounding = 20 * np.finfo(float).eps * abs(self.middle) / self.step
        typical = np.linalg.norm(self.gradient) / np.sqrt(len(self.theta))
        given = np.array([abs(self.gradient @ v) for v in directions])
        return rounding + TOLERANCE * np.maximum(given, typical)


def _worst_component(around, n, rng):
    """Index of the component with the largest error, by halving the set that it must be in."""
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        sizes = []
        for start, stop in ((low, middle), (middle, high)):
            v = np.zeros((4, n))
            v[:, start:stop] = rng.normal(size=(4, stop - start))
            sizes.append(sum(around.gap(row) ** 2 for row in v))
        low, high = (low, middle) if sizes[0] >= sizes[1] else (middle, high)
    return low
