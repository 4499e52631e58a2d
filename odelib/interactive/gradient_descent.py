"""The first page's figure: the pair, with a slider for the learning rate."""

import numpy as np

from odelib.interactive.digits import decimals, fixed, rounded, short
from odelib.interactive.figure import SliderFigure
from odelib.interactive.panel import Mark, Panel, equal_window, factor_stems, style_of
from odelib.interactive.words import all_texts
from odelib.stability import stability_function, stability_interval, stability_polynomial

TEXTS = {
    "title": "{steps} steps with each learning rate",
    "slider": "Learning rate α",
    "alpha.before": "learning rate",
    "alpha.below": "{steps} steps",
    "distance.before": "distance to the optimum",
    "distance.below": "after the last step",
    "verdict.before": "the method",
    "verdict.below": "border {length}/λ<sub>max</sub> = {border}",
    "method": "converges",
    "unstable": "diverges",
    "path.alt": "Contours of the loss are tilted ellipses around the optimum. The flow bends into "
    "the optimum. From the same start, the {steps} steps of the method follow the flow, zigzag "
    "across it or leave the picture, as the learning rate grows.",
    "path.across": "θ<sub>0</sub>",
    "path.up": "θ<sub>1</sub>",
    "path.flow": "flow",
    "path.steps": "{steps} steps",
    "path.caption": "+ optimum; grey: equal loss",
    "factors.alt": "The factor |R(z)| by which one step multiplies an error, over z on the real "
    "axis, and a stem at z = −αλ for each of the eigenvalues {flat} and {steep}. The stems move "
    "left as the learning rate grows; a stem that rises above 1 turns red.",
    "factors.across": "z = −αλ<sub>i</sub>",
    "factors.up": "|R(z)|",
    "factors.caption": "One stem for each of the two directions of the loss. Its height is the "
    "factor by which one step multiplies the error: above 1, the error grows.",
    "table.alpha": "α",
    "table.distance": "distance to the optimum after {steps} steps",
    "table.verdict": "the method",
}


def descent(
    hessian,
    minimiser,
    start,
    *,
    steps=60,
    method="Euler",
    slider=(0.01, 1.05, 0.005),
    value=0.5,
    marks=(),
    texts=None,
):
    """The pair with a slider for the learning rate: `method` on a quadratic loss.

    Parameters
    ----------
    hessian : (2, 2) array
        Symmetric and positive definite.
    minimiser, start : (2,) array
    steps : int
    method : str
        A name in `METHODS`; "Euler" is gradient descent.
    slider : (float, float, float)
        First and last learning rate, and the step between two.
    value : float
        The learning rate at which the figure starts.
    marks : sequence of float
        Learning rates offered as buttons, and the rows of the table.
    texts : dict, optional
        Words that replace English ones, by the keys of `gradient_descent.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-alpha, data-distance and data-last hold the unrounded learning rate,
        distance to the minimiser after the last step, and last point.
    """
    minimiser, start = np.asarray(minimiser, float), np.asarray(start, float)
    eigenvalues, vectors = np.linalg.eigh(hessian)
    vectors = vectors * np.sign(vectors[np.argmax(np.abs(vectors), axis=0), [0, 1]])
    error = vectors.T @ (start - minimiser)
    length = stability_interval(method)[0]
    texts = all_texts(TEXTS, texts)

    def run(learning_rate):
        """z (2,), the factors R(z) (2,), and the path (steps + 1, 2)."""
        z = -learning_rate * eigenvalues
        factors = stability_function(method, z)
        modes = error * factors ** np.arange(steps + 1)[:, None]
        return z, factors, minimiser + modes @ vectors.T

    def distance(path):
        return short(np.linalg.norm(path[-1] - minimiser))

    z, factors, path = run(value)
    style = style_of(factors)
    left = Panel(
        name="path",
        window=equal_window(minimiser, 1.25 * np.abs(start - minimiser).max()),
        still=_landscape(eigenvalues, vectors, minimiser, error),
        moving=[Mark("line", f"{style} thin", path), Mark("dots", style, path)],
        legend=(("line flow", "path.flow"), ("dot method", "path.steps")),
    )
    reach = round(1.15 * max(length, slider[1] * eigenvalues[-1]), 2)
    axis = np.linspace(-reach, 0, 116)
    curve = np.column_stack([axis, np.abs(stability_function(method, axis))])
    right = Panel(
        name="factors",
        window=(-reach, 0.15, 0.0, 1.4),
        still=[
            Mark("line", "guide dashed", [(-reach, 1.0), (0.15, 1.0)]),
            Mark("line", "guide", curve),
        ],
        moving=factor_stems(z, factors),
    )
    rows = [(alpha, *run(alpha)) for alpha in marks]
    return SliderFigure(
        kind="gradient_descent",
        texts=texts,
        fields={
            "alpha": fixed(value, decimals(slider[2])),
            "distance": distance(path),
            "verdict": texts[style],
            "steps": str(steps),
            "length": f"{length:.4g}",
            "border": f"{length / eigenvalues[-1]:.4f}",
            "flat": f"{eigenvalues[0]:.4g}",
            "steep": f"{eigenvalues[1]:.4g}",
        },
        panels=(left, right),
        slider=slider,
        value=value,
        marks=marks,
        readout=("alpha", "distance", "verdict"),
        style=style,
        data={
            "eigenvalues": rounded(eigenvalues),
            "eigenvectors": [rounded(vector) for vector in vectors.T],
            "error": rounded(error),
            "minimiser": rounded(minimiser),
            "polynomial": rounded(stability_polynomial(method)),
            "steps": steps,
            "decimals": decimals(slider[2]),
        },
        table=(
            ("table.alpha", "table.distance", "table.verdict"),
            *((str(row[0]), distance(row[3]), style_of(row[2])) for row in rows),
        ),
    )


def _landscape(eigenvalues, vectors, minimiser, error):
    """Contours of a quadratic loss, its flow from the start, and a cross at the minimiser."""
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 97))
    ellipse = np.column_stack([circle.real, circle.imag]) / np.sqrt(eigenvalues)
    radius = np.linalg.norm(np.sqrt(eigenvalues) * error)  # where the contour of the start is 1
    contours = [
        Mark("line", "guide faint", minimiser + scale * radius * ellipse @ vectors.T)
        for scale in np.arange(1, 8) / 4
    ]
    decay = np.exp(-np.outer(np.linspace(0, 4, 81) ** 2, eigenvalues / eigenvalues[0] / 2))
    flow = Mark("line", "flow", minimiser + (error * decay) @ vectors.T)
    return [*contours, flow, Mark("cross", "flow", [minimiser])]
