"""Gradient descent on a quadratic loss, with a slider for the learning rate.

The pair is path and factors; further panels show the loss at each step, above its minimum or as it
is, and the distance that every learning rate reaches.
"""

import numpy as np

from odelib.interactive.digits import decimals, fixed, rounded, short
from odelib.interactive.figure import SliderFigure
from odelib.interactive.panel import Mark, Panel, equal_window, factor_stems, style_of
from odelib.interactive.words import all_texts
from odelib.methods.stability import stability_function, stability_interval, stability_polynomial

TEXTS = {
    "title": "{steps} steps with each learning rate",
    "slider": "Learning rate α",
    "alpha.before": "learning rate",
    "alpha.below": "{steps} steps",
    "play": "▶ Play",
    "pause": "❚❚ Pause",
    "end.before": "loss",
    "end.below": "after {steps} steps, from {first}",
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
    "loss.alt": "The loss above its minimum after each of the {steps} steps, on a logarithmic "
    "axis, and the loss of the flow at the same times. Both fall faster as the learning rate "
    "grows; close to the border the line of the method turns upwards.",
    "loss.across": "step k",
    "loss.up": "L − L*",
    "loss.flow": "flow at time αk",
    "loss.steps": "the method",
    "level.alt": "The loss after each of the {steps} steps, on a logarithmic axis, and the loss of "
    "the flow at the same times. Both fall towards the lowest loss, {lowest}, faster as the "
    "learning rate grows; close to the border the line of the method turns upwards.",
    "level.across": "step k",
    "level.up": "loss",
    "level.flow": "flow",
    "level.steps": "the method",
    "reach.alt": "The distance to the optimum after {steps} steps against the learning rate, on a "
    "logarithmic axis: it falls down to a sharp lowest point and rises steeply from there; beyond "
    "the dotted border at {border} the line is red. A dot marks the chosen learning rate.",
    "reach.across": "learning rate α",
    "reach.up": "distance after the last step",
    "reach.flow": "flow at time {steps}α",
    "reach.border": "border {border}",
    "table.alpha": "α",
    "table.distance": "distance to the optimum after {steps} steps",
    "table.end": "loss after {steps} steps",
    "table.verdict": "the method",
}

PANELS = ("path", "factors", "loss", "level", "reach")


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
    panels=("path", "factors"),
    stops=(),
    minimum=0.0,
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
    panels : sequence of str
        Which are shown, and in what order: "path" among the contours of the loss; "factors",
        |R(z)| and its stems; "loss" at each step, above its minimum; "level", the loss as it is,
        and then the readout says it; "reach", the last distance for every rate.
    stops : sequence of float
        All learning rates of the slider, in place of `slider`: it may spend most of its track
        where things happen. It marks the border, and a button lets it play. `value` and `marks`
        are among them.
    minimum : float
        Loss at the minimiser, for the panel "level".
    texts : dict, optional
        Words that replace English ones, by the keys of `gradient_descent.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-alpha, data-distance, data-loss and data-last hold the unrounded
        learning rate; distance to the minimiser and loss above its minimum after the last step;
        and last point.
    """
    unknown = set(panels) - set(PANELS)
    if unknown:
        raise ValueError(f"panels must be among {PANELS}; got {unknown.pop()!r}")
    stops = tuple(map(float, stops))
    if stops:
        if not {value, *marks} <= set(stops):
            raise ValueError(f"value and marks must be among the stops; got {(value, *marks)}")
        slider = (stops[0], stops[-1], min(np.diff(stops).round(6)))
    minimiser, start = np.asarray(minimiser, float), np.asarray(start, float)
    eigenvalues, vectors = np.linalg.eigh(hessian)
    vectors = vectors * np.sign(vectors[np.argmax(np.abs(vectors), axis=0), [0, 1]])
    error = vectors.T @ (start - minimiser)
    length = stability_interval(method)[0]
    border = length / eigenvalues[-1]
    hidden = set(PANELS) - set(panels) | ({"distance"} if "level" in panels else {"end"})
    hidden |= set() if stops else {"play", "pause"}
    shows = "end" if "level" in panels else "distance"
    english = {key: text for key, text in TEXTS.items() if key.split(".")[0] not in hidden}
    del english["table.distance" if shows == "end" else "table.end"]
    texts = all_texts(english, texts)

    def run(learning_rate):
        """z (2,), the factors R(z) (2,), and the path (steps + 1, 2)."""
        z = -learning_rate * eigenvalues
        factors = stability_function(method, z)
        modes = error * factors ** np.arange(steps + 1)[:, None]
        return z, factors, minimiser + modes @ vectors.T

    def distance(path):
        return short(np.linalg.norm(path[-1] - minimiser))

    def losses(factors, floor=0.0):
        """(k, log₁₀ of floor plus the loss above its minimum after k steps), (steps + 1, 2)."""
        k = np.arange(steps + 1)
        modes = error * factors ** k[:, None]
        return np.column_stack([k, log10(floor + modes**2 @ eigenvalues / 2)])

    def end(learning_rate):
        """The loss after the last step, as text."""
        return short(10 ** losses(run(learning_rate)[1], minimum)[-1, 1])

    def last_distance(learning_rate):
        return log10(np.linalg.norm(run(learning_rate)[2][-1] - minimiser))

    z, factors, path = run(value)
    style = style_of(factors)
    drawn = {}
    drawn["path"] = Panel(
        name="path",
        window=equal_window(minimiser, 1.25 * np.abs(start - minimiser).max()),
        still=landscape(eigenvalues, vectors, minimiser, error),
        moving=[Mark("line", f"{style} thin", path), Mark("dots", style, path)],
        legend=(("line flow", "path.flow"), ("dot method", "path.steps")),
    )
    reach = round(1.15 * max(length, slider[1] * eigenvalues[-1]), 2)
    axis = np.linspace(-reach, 0, 116)
    curve = np.column_stack([axis, np.abs(stability_function(method, axis))])
    drawn["factors"] = Panel(
        name="factors",
        window=(-reach, 0.15, 0.0, 1.4),
        still=[
            Mark("line", "guide dashed", [(-reach, 1.0), (0.15, 1.0)]),
            Mark("line", "guide dashed", [(-length, 0.0), (-length, 1.4)]),
            Mark("line", "guide", curve),
        ],
        moving=factor_stems(z, factors),
    )
    drawn["loss"] = Panel(
        name="loss",
        window=(-0.02 * steps, 1.02 * steps, -10.0, 6.0),
        still=[],
        moving=[
            Mark("line", "flow", losses(np.exp(z))),
            Mark("line", f"{style} thin", losses(factors)),
            Mark("dots", style, losses(factors)),
        ],
        legend=(("line flow", "loss.flow"), ("dot method", "loss.steps")),
        powers=True,
    )
    drawn["level"] = Panel(
        name="level",
        window=(-0.02 * steps, 1.02 * steps, -1.0, 5.0),
        still=[],
        moving=[
            Mark("line", "flow", losses(np.exp(z), minimum)),
            Mark("line", f"{style} thin", losses(factors, minimum)),
            Mark("dots", style, losses(factors, minimum)),
        ],
        legend=(("line flow", "level.flow"), ("dot method", "level.steps")),
        powers=True,
    )
    rates = np.union1d(np.append(np.arange(*slider), slider[1]), border)
    reach_of_all = np.array([(rate, last_distance(rate)) for rate in rates])
    ideal = [log10(np.linalg.norm(error * np.exp(-rate * steps * eigenvalues))) for rate in rates]
    drawn["reach"] = Panel(
        name="reach",
        window=(0.0, 1.02 * slider[1], -5.0, 5.0),
        still=[
            Mark("line", "guide dashed", [(border, -5.0), (border, 5.0)]),
            Mark("line", "flow fine", np.column_stack([rates, ideal])),
            Mark("line", "method", reach_of_all[rates <= border]),
            Mark("line", "unstable", reach_of_all[rates >= border]),
        ],
        moving=[Mark("dots", f"{style} large", [(value, last_distance(value))])],
        legend=(("line flow", "reach.flow"), ("line dashed guide", "reach.border")),
        powers=True,
    )
    rows = [(alpha, *run(alpha)) for alpha in marks]
    return SliderFigure(
        kind="gradient_descent",
        texts=texts,
        fields={
            "alpha": fixed(value, decimals(slider[2])),
            "distance": distance(path),
            "end": end(value),
            "first": fixed(minimum + error**2 @ eigenvalues / 2, 1),
            "lowest": fixed(minimum, 2),
            "verdict": texts[style],
            "steps": str(steps),
            "length": f"{length:.4g}",
            "border": f"{border:.4f}",
            "flat": f"{eigenvalues[0]:.4g}",
            "steep": f"{eigenvalues[1]:.4g}",
        },
        panels=tuple(drawn[name] for name in panels),
        slider=slider,
        value=value,
        marks=marks,
        readout=("alpha", shows, "verdict"),
        style=style,
        data={
            "eigenvalues": rounded(eigenvalues),
            "eigenvectors": [rounded(vector) for vector in vectors.T],
            "error": rounded(error),
            "minimiser": rounded(minimiser),
            "polynomial": rounded(stability_polynomial(method)),
            "steps": steps,
            "panels": list(panels),
            "decimals": decimals(slider[2]),
            "stops": list(stops) or None,
            "minimum": float(f"{minimum:.12g}"),
        },
        table=(
            ("table.alpha", f"table.{shows}", "table.verdict"),
            *(
                (str(alpha), end(alpha) if shows == "end" else distance(path), style_of(factors))
                for alpha, _, factors, path in rows
            ),
        ),
        stops=stops,
        border=border,
    )


def log10(values):
    """Logarithms to base 10; those of 0 lie far below every window."""
    return np.log10(np.maximum(values, 1e-300))


def landscape(eigenvalues, vectors, minimiser, error):
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
