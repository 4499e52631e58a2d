"""The stability regions of some methods, and the eigenvalues that move through them.

Two more panels show what that means at equal cost: the path that a number of gradients pays for,
and the distance that it leaves for every learning rate.
"""

import numpy as np

from odelib.interactive.digits import decimals, fixed, rounded, short
from odelib.interactive.figure import SliderFigure
from odelib.interactive.gradient_descent import landscape, log10
from odelib.interactive.panel import Mark, Panel, equal_window, factor_stems, style_of
from odelib.interactive.words import all_texts
from odelib.methods import tableau_of
from odelib.methods.stability import stability_function, stability_interval, stability_polynomial

TEXTS = {
    "title": "Which methods are stable at each learning rate",
    "slider": "Learning rate α",
    "choice": "Method",
    "alpha.before": "learning rate",
    "alpha.below": "z = {z}",
    "factors.before": "factors per step",
    "factors.below": "{method} is {verdict}",
    "each.before": "largest factor per gradient",
    "each.below": "{method}: border α = {border}",
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
    "path.alt": "Contours of the loss are tilted ellipses around the optimum; the flow bends into "
    "it. From the same start, the steps of the chosen method that {gradients} gradients pay for "
    "follow the flow, zigzag or leave the picture, as the learning rate grows.",
    "path.across": "θ<sub>0</sub>",
    "path.up": "θ<sub>1</sub>",
    "path.flow": "flow",
    "path.steps": "{method}, {steps} steps",
    "path.caption": "{gradients} gradients",
    "reach.alt": "The distance to the optimum after {gradients} gradients against the learning "
    "rate, on a logarithmic axis, one line for each of {methods}: each falls to a lowest point "
    "and rises steeply beyond it. The line of the chosen method is strong, and a dot on it marks "
    "the chosen learning rate.",
    "reach.across": "learning rate α",
    "reach.up": "distance at the end",
    "reach.caption": "after {gradients} gradients; {method}, {steps} steps: {distance}",
    "table.method": "method",
    "table.length": "stable for αλ up to",
    "table.border": "largest learning rate",
}


def regions(
    hessian,
    minimiser,
    start,
    *,
    methods=("Euler", "Midpoint", "RK3", "RK4"),
    gradients=60,
    slider=(0.01, 1.4, 0.005),
    value=0.9,
    marks=(),
    panels=("region", "size"),
    texts=None,
):
    """Stability regions, and in them z = −αλᵢ of a quadratic loss with a slider for α.

    Parameters
    ----------
    hessian : (2, 2) array
        Symmetric and positive definite.
    minimiser, start : (2,) array
    methods : sequence of str
        Names in `METHODS`, each with one connected region; a second control chooses among them.
    gradients : int
        Evaluations that each method may spend; a step costs one a stage, less one with FSAL.
    slider : (float, float, float)
        First and last learning rate, and the step between two.
    value : float
        The learning rate at which the figure starts.
    marks : sequence of float
        Learning rates offered as buttons.
    panels : sequence of str
        Which are shown, and in what order: "region", the plane of z; "size", |R(z)| on the real
        axis; "path", the steps among the contours of the loss; "reach", the last distance for every
        rate.
    texts : dict, optional
        Words that replace English ones, by the keys of `stability_regions.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-alpha, data-border, data-factors, data-each, data-distance and
        data-stable hold the unrounded learning rate; border, factors R(z), largest factor per
        gradient and last distance of the chosen method (data-method); and the names of the methods
        for which no |R(z)| is above 1.
    """
    shows_region = "region" in panels
    unknown = set(panels) - {"region", "size", "path", "reach"}
    if unknown:
        raise ValueError(
            f"panels must be among 'region', 'size', 'path', 'reach'; got {unknown.pop()!r}"
        )
    minimiser, start = np.asarray(minimiser, float), np.asarray(start, float)
    eigenvalues, vectors = np.linalg.eigh(hessian)
    if not eigenvalues[0] > 0:
        raise ValueError(f"hessian must have positive eigenvalues, got {eigenvalues[0]:g}")
    vectors = vectors * np.sign(vectors[np.argmax(np.abs(vectors), axis=0), [0, 1]])
    error = vectors.T @ (start - minimiser)
    hidden = {"region", "size", "path", "reach"} - set(panels)
    english = {key: text for key, text in TEXTS.items() if key.split(".")[0] not in hidden}
    texts = all_texts(english, texts)
    tableaus = {method: tableau_of(method) for method in methods}
    prices = {method: len(tab.b) - int(tab.fsal) for method, tab in tableaus.items()}
    lengths = {method: stability_interval(method)[0] for method in methods}
    borders = {method: length / eigenvalues[-1] for method, length in lengths.items()}
    outlines = {method: region_boundary(method).round(3) for method in methods}
    z = -value * eigenvalues
    first = methods[0]
    factors = stability_function(first, z)
    steps = gradients // prices[first]
    path = minimiser + (error * factors ** np.arange(steps + 1)[:, None]) @ vectors.T
    stable = [m for m in methods if style_of(stability_function(m, z)) == "method"]
    style = style_of(factors)

    def reach_of(method, alphas):
        """(α, log₁₀ of the distance after all gradients) for learning rates (m,): (m, 2)."""
        factors = stability_function(method, -np.outer(alphas, eigenvalues))
        left = error * factors ** (gradients // prices[method])
        return np.column_stack([alphas, log10(np.linalg.norm(left, axis=1))])

    reach = round(1.05 * slider[1] * eigenvalues[-1], 2)
    height = 1.18 * max(abs(points.imag).max() for points in outlines.values())
    axis = np.linspace(-reach, 0, 116)
    tops = {method: points[points.imag.argmax()] for method, points in outlines.items()}
    left, right, bottom, top = window = equal_window(np.array([-0.25 * reach, 0]), height)
    drawn = {}
    drawn["region"] = Panel(
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
    highest = max(curve[:, 1].max() for curve in curves.values())
    drawn["size"] = Panel(
        name="size",
        window=(-reach, 0.15, 0.0, round(1.02 * max(highest, 1.3), 2)),
        still=[
            Mark("line", "guide dashed", [(-reach, 1.0), (0.15, 1.0)]),
            *(Mark("line", "guide faint", curve) for curve in curves.values()),
        ],
        moving=[Mark("line", "guide", curves[first]), *factor_stems(z, factors)],
    )
    drawn["path"] = Panel(
        name="path",
        window=equal_window(minimiser, 1.25 * np.abs(start - minimiser).max()),
        still=landscape(eigenvalues, vectors, minimiser, error),
        moving=[Mark("line", f"{style} thin", path), Mark("dots", style, path)],
        legend=(("line flow", "path.flow"), ("dot method", "path.steps")),
    )
    count = round((slider[1] - slider[0]) / slider[2] / 2)
    rates = slider[0] + (slider[1] - slider[0]) / count * np.arange(count + 1)
    reaches = {method: reach_of(method, rates) for method in methods}
    lowest = {method: points[points[:, 1].argmin()] for method, points in reaches.items()}
    floor = np.floor(min(point[1] for point in lowest.values())) - 0.5
    drawn["reach"] = Panel(
        name="reach",
        window=(0.0, round(1.02 * slider[1], 3), float(floor), float(floor) + 6.0),
        still=[
            *(Mark("line", "guide faint", points) for points in reaches.values()),
            *(Mark("text", "below", [point], name) for name, point in lowest.items()),
        ],
        moving=[
            Mark("line", "method", reaches[first]),
            Mark("dots", f"{style} large", reach_of(first, [value])),
        ],
        powers=True,
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
            "each": fixed(abs(factors).max() ** (1 / prices[first]), 4),
            "gradients": str(gradients),
            "steps": str(steps),
            "distance": short(np.linalg.norm(path[-1] - minimiser)),
        },
        panels=tuple(drawn[name] for name in panels),
        slider=slider,
        value=value,
        marks=marks,
        choices=tuple(methods),
        readout=("alpha", "factors", "each"),
        style=style,
        data={
            "eigenvalues": rounded(eigenvalues),
            "eigenvectors": [rounded(vector) for vector in vectors.T],
            "error": rounded(error),
            "minimiser": rounded(minimiser),
            "prices": prices,
            "gradients": gradients,
            "rates": [slider[0], slider[1], count],
            "panels": list(panels),
            "polynomials": {m: rounded(stability_polynomial(m)) for m in methods},
            "borders": dict(zip(methods, rounded(borders.values()), strict=True)),
            "boundaries": {m: [_plane(p).tolist()] for m, p in outlines.items() if shows_region},
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
