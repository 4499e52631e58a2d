"""The stability regions of some methods, and the eigenvalues that move through them."""

import numpy as np

from odelib.interactive.digits import decimals, fixed, rounded
from odelib.interactive.figure import SliderFigure
from odelib.interactive.panel import Mark, Panel, equal_window, factor_stems, style_of
from odelib.interactive.words import all_texts
from odelib.methods.stability import stability_function, stability_interval, stability_polynomial

TEXTS = {
    "title": "Which methods are stable at each learning rate",
    "slider": "Learning rate α",
    "choice": "Method",
    "alpha.before": "learning rate",
    "alpha.below": "z = {z}",
    "factors.before": "factors per step",
    "factors.below": "|R(z)| of {method}",
    "verdict.before": "{method} is",
    "verdict.below": "border α = {border}",
    "method": "stable",
    "unstable": "unstable",
    "none": "none",
    "region.alt": "Outlines of the stability regions of {methods} in the complex plane, each left "
    "of the imaginary axis or nearly so; that of the chosen method is shaded. A dot for each "
    "z = −αλ lies on the real axis. The dots move left as the learning rate grows, and turn red "
    "outside the shaded region.",
    "region.across": "Re z",
    "region.up": "Im z",
    "region.inside": "region of {method}",
    "region.z": "z = −αλ<sub>i</sub>",
    "region.caption": "every z inside: {stable}",
    "size.alt": "The factor |R(z)| of the chosen method over z on the real axis, and a stem at "
    "each z = −αλ. A stem that rises above 1 is red: the error in that direction grows.",
    "size.across": "z on the real axis",
    "size.up": "|R(z)|",
    "size.caption": "The same on the real axis: one stem for each direction of the loss.",
    "table.method": "method",
    "table.length": "stable for αλ up to",
    "table.border": "largest learning rate",
}


def regions(
    eigenvalues,
    *,
    methods=("Euler", "Midpoint", "RK3", "RK4"),
    slider=(0.01, 1.6, 0.005),
    value=0.9,
    marks=(),
    texts=None,
):
    """Stability regions, and in them z = −αλᵢ of a quadratic loss with a slider for α.

    Parameters
    ----------
    eigenvalues : (n,) array
        Eigenvalues of the Hessian, all positive.
    methods : sequence of str
        Names in `METHODS`, each with one connected region; a second control chooses among them.
    slider : (float, float, float)
        First and last learning rate, and the step between two.
    value : float
        The learning rate at which the figure starts.
    marks : sequence of float
        Learning rates offered as buttons.
    texts : dict, optional
        Words that replace English ones, by the keys of `stability_regions.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-alpha, data-border, data-factors and data-stable hold the unrounded
        learning rate, border and factors R(z) of the chosen method (data-method), and the names
        of the methods for which no |R(z)| is above 1.
    """
    eigenvalues = np.sort(np.ravel(eigenvalues).astype(float))
    if not eigenvalues[0] > 0:
        raise ValueError(f"eigenvalues must all be positive, got {eigenvalues[0]:g}")
    texts = all_texts(TEXTS, texts)
    lengths = {method: stability_interval(method)[0] for method in methods}
    borders = {method: length / eigenvalues[-1] for method, length in lengths.items()}
    outlines = {method: region_boundary(method).round(3) for method in methods}
    z = -value * eigenvalues
    first = methods[0]
    factors = stability_function(first, z)
    stable = [m for m in methods if style_of(stability_function(m, z)) == "method"]
    style = style_of(factors)

    reach = round(1.05 * slider[1] * eigenvalues[-1], 2)
    height = 1.18 * max(abs(points.imag).max() for points in outlines.values())
    axis = np.linspace(-reach, 0, 116)
    tops = {method: points[points.imag.argmax()] for method, points in outlines.items()}
    left, right, bottom, top = window = equal_window(np.array([-0.25 * reach, 0]), height)
    plane = Panel(
        name="region",
        window=window,
        still=[
            Mark("line", "guide faint", [(left, 0), (right, 0)]),
            Mark("line", "guide faint", [(0, bottom), (0, top)]),
            *(Mark("line", "guide fine", _plane(points)) for points in outlines.values()),
            *(
                Mark("line", "guide dashed", [(at.real, at.imag), (0.5, at.imag)])
                for at in tops.values()
            ),
            *(Mark("text", "right", [(0.4, at.imag)], name) for name, at in tops.items()),
        ],
        moving=[
            Mark("area", "method", _plane(outlines[first])),
            *(
                Mark("dots", style_of(factor) + " large", [(at, 0)])
                for at, factor in zip(z, factors, strict=True)
            ),
        ],
        legend=(("area method", "region.inside"), ("dot verdict", "region.z")),
    )
    curves = {m: np.column_stack([axis, np.abs(stability_function(m, axis))]) for m in methods}
    size = Panel(
        name="size",
        window=(-reach, 0.15, 0.0, 1.4),
        still=[
            Mark("line", "guide dashed", [(-reach, 1.0), (0.15, 1.0)]),
            *(Mark("line", "guide faint", curve) for curve in curves.values()),
        ],
        moving=[Mark("line", "guide", curves[first]), *factor_stems(z, factors)],
    )
    return SliderFigure(
        kind="stability_regions",
        texts=texts,
        fields={
            "alpha": fixed(value, decimals(slider[2])),
            "z": ", ".join(fixed(at, 2) for at in z),
            "method": first,
            "border": fixed(borders[first], 4),
            "factors": ", ".join(fixed(abs(factor), 3) for factor in factors),
            "verdict": texts[style],
            "stable": ", ".join(stable) or texts["none"],
            "methods": ", ".join(methods),
        },
        panels=(plane, size),
        slider=slider,
        value=value,
        marks=marks,
        choices=tuple(methods),
        readout=("alpha", "factors", "verdict"),
        style=style,
        data={
            "eigenvalues": rounded(eigenvalues),
            "polynomials": {m: rounded(stability_polynomial(m)) for m in methods},
            "borders": dict(zip(methods, rounded(borders.values()), strict=True)),
            "boundaries": {m: [_plane(p).tolist()] for m, p in outlines.items()},
            "reach": reach,
            "decimals": decimals(slider[2]),
        },
        table=(
            ("table.method", "table.length", "table.border"),
            *((m, fixed(lengths[m], 4), fixed(borders[m], 4)) for m in methods),
        ),
    )


def region_boundary(method, points=32):
    """The closed curve |R(z)| = 1 through z = 0, complex (s·points,), s the degree of R.

    On it R(z) = e^(iφ). While φ turns once, each of the s roots z moves to the place of another,
    so s turns lead back to 0.
    """
    coefficients = stability_polynomial(method)
    degree = len(coefficients) - 1
    curve = [0j]
    for j in range(1, degree * points):
        shifted = coefficients.astype(complex)
        shifted[0] -= np.exp(2j * np.pi * j / points)
        roots = np.polynomial.polynomial.polyroots(shifted)
        curve.append(roots[np.argmin(np.abs(roots - curve[-1]))])
    return np.array(curve)


def _plane(z):
    """Complex numbers (m,) as points (m, 2)."""
    return np.column_stack([z.real, z.imag])
