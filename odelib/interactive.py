"""Figures with a slider that need neither a kernel nor the network.

A figure is an object whose HTML holds the whole picture, drawn here, and a few lines of
JavaScript (interactive.js) that redraw what moves. It is the same in the static book and in a
live notebook; without JavaScript the picture and a table of its numbers remain. The output
depends only on the arguments: numbers are rounded, and names come from the content.

    from odelib import interactive
    interactive.descent(hessian, minimiser, start=[0.0, 0.0])

To add a kind of figure, add its moving part to `kinds` in interactive.js and, here, a function
that returns a `SliderFigure`.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import numpy as np

from odelib.stability import stability_function, stability_interval, stability_polynomial

PANEL = (292.0, 250.0)  # width and height of the plotting area, in units of the drawing
MARGIN = (34.0, 10.0, 42.0, 26.0)  # left, right, bottom, top
SUBSCRIPT = '<tspan dy="3" font-size="10">{}</tspan>'


@dataclass(frozen=True)
class Panel:
    """One system of axes: what stands still in it, and what moves at the first value."""

    window: tuple  # (left, right, bottom, top)
    labels: tuple  # of the horizontal and the vertical axis, SVG text
    alt: str  # what one sees
    caption: str  # HTML
    still: list  # of marks (shape, style, points); shape is line, stems or dots
    moving: list


@dataclass(frozen=True)
class SliderFigure:
    """A picture with a slider, shown by its `_repr_html_`; `kind` names its moving part."""

    kind: str
    title: str
    panels: tuple  # of Panel
    slider: dict  # label, min, max, step, value, and the values of the buttons: marks
    readout: tuple  # of (field, text, words before, words below)
    style: str  # "method" or "unstable" at the first value
    words: dict  # of the verdict, for each style
    data: dict  # what the moving part computes with
    table: tuple  # of rows of text, the first being the heads

    def __repr__(self):
        return "\n".join([self.title, *("  ".join(row) for row in self.table)])

    def _repr_html_(self):
        spec = {
            "kind": self.kind,
            "panels": [{"window": list(panel.window), "size": PANEL} for panel in self.panels],
            "words": self.words,
            "data": self.data,
        }
        body = "\n".join(
            [
                f"<style>\n{_file('interactive.css')}</style>",
                self._control(),
                self._readout(),
                '<div class="panels">',
                *map(_panel, self.panels),
                "</div>",
                self._table(),
                "<noscript>The slider needs JavaScript; the table does not.</noscript>",
            ]
        )
        spec = json.dumps(spec, ensure_ascii=False)
        name = hashlib.sha256((body + spec).encode()).hexdigest()[:8]
        return (
            f'<div class="odelib-figure" role="group" aria-label="{escape(self.title)}" '
            f'data-figure="{name}" data-style="{self.style}">\n{body}\n'
            f"<script>\n(() => {{\n{_file('interactive.js')}"
            f'sliderFigure("{name}", {spec});\n}})();\n</script>\n</div>'
        )

    def _control(self):
        slider = self.slider
        bounds = " ".join(f'{key}="{slider[key]}"' for key in ("min", "max", "step", "value"))
        buttons = "".join(
            f'<button type="button" value="{mark}">{mark}</button>' for mark in slider["marks"]
        )
        return (
            f'<div class="control"><label><span>{slider["label"]}</span>'
            f'<input type="range" {bounds} autocomplete="off"></label>'
            f"<span>Try {buttons}</span></div>"
        )

    def _readout(self):
        items = "\n".join(
            f'<span><small>{before}</small> <strong data-field="{field}">{text}</strong> '
            f"<small>{below}</small></span>"
            for field, text, before, below in self.readout
        )
        return f'<div class="readout" role="status" aria-live="polite">\n{items}\n</div>'

    def _table(self):
        heads, *rows = self.table
        lines = ["<tr>" + "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr>"]
        lines += ["<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in rows]
        table = "\n".join(lines)
        return f"<details><summary>As a table</summary><table>\n{table}\n</table></details>"


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
    border = f"border {length:.4g}/λ<sub>max</sub> = {length / eigenvalues[-1]:.4f}"
    decimals = len(f"{slider[2]:g}".partition(".")[2])
    words = {"method": "converges", "unstable": "diverges"}

    def run(learning_rate):
        """z (2,), the factors |R(z)| (2,), and the path (steps + 1, 2)."""
        z = -learning_rate * eigenvalues
        factors = stability_function(method, z)
        modes = error * factors ** np.arange(steps + 1)[:, None]
        return z, np.abs(factors), minimiser + modes @ vectors.T

    def distance(path):
        return short(np.linalg.norm(path[-1] - minimiser))

    z, factors, path = run(value)
    style = _style(factors)
    left = Panel(
        window=_window(minimiser, 1.25 * np.abs(start - minimiser).max()),
        labels=("θ" + SUBSCRIPT.format(0), "θ" + SUBSCRIPT.format(1)),
        alt="Contours of the loss are tilted ellipses around the optimum. The flow bends into "
        f"the optimum. From the same start, the {steps} steps of the method follow the flow, "
        "zigzag across it or leave the picture, as the learning rate grows.",
        caption='<span><i class="flow"></i> flow</span>'
        f'<span><i class="method"></i> {steps} steps</span>'
        "<span>+ optimum</span><span>grey: equal loss</span>",
        still=_landscape(eigenvalues, vectors, minimiser, error),
        moving=[("line", style + " thin", path), ("dots", style, path)],
    )
    reach = round(1.15 * max(length, slider[1] * eigenvalues[-1]), 2)
    axis = np.linspace(-reach, 0, 116)
    right = Panel(
        window=(-reach, 0.15, 0.0, 1.4),
        labels=("z = −αλ" + SUBSCRIPT.format("i"), "|R(z)|"),
        alt="The factor |R(z)| by which one step multiplies an error, over z on the real axis, "
        f"and a stem at z = −αλ for each of the eigenvalues {eigenvalues[0]:.4g} and "
        f"{eigenvalues[1]:.4g}. The stems move left as the learning rate grows; a stem that "
        "rises above 1 turns red.",
        caption="One stem for each of the two directions of the loss. Its height is the factor "
        "by which one step multiplies the error: above 1, the error grows.",
        still=[
            ("line", "guide dashed", [(-reach, 1.0), (0.15, 1.0)]),
            ("line", "guide", np.column_stack([axis, np.abs(stability_function(method, axis))])),
        ],
        moving=[
            (shape, _style(factor) + size, [(at, factor)])
            for at, factor in zip(z, factors, strict=True)
            for shape, size in (("stems", ""), ("dots", " large"))
        ],
    )
    rows = [(alpha, *run(alpha)) for alpha in marks]
    return SliderFigure(
        kind="descent",
        title=f"{steps} steps with each learning rate",
        panels=(left, right),
        slider={
            "label": "Learning rate α",
            **dict(zip(("min", "max", "step"), slider, strict=True)),
            "value": value,
            "marks": marks,
        },
        readout=(
            ("alpha", f"{value:.{decimals}f}", "learning rate", f"{steps} steps"),
            ("distance", distance(path), "distance to the optimum", "after the last step"),
            ("verdict", words[style], "the method", border),
        ),
        style=style,
        words=words,
        data={
            "eigenvalues": _rounded(eigenvalues),
            "eigenvectors": [_rounded(vector) for vector in vectors.T],
            "error": _rounded(error),
            "minimiser": _rounded(minimiser),
            "polynomial": _rounded(stability_polynomial(method)),
            "steps": steps,
            "decimals": decimals,
        },
        table=(
            ("α", f"distance to the optimum after {steps} steps", "the method"),
            *((str(row[0]), distance(row[3]), words[_style(row[2])]) for row in rows),
        ),
    )


def short(x):
    """Four digits; three for small numbers; none after the point of large ones."""
    if x >= 1000:
        return f"{x:.0f}"
    return f"{x:.{3 if x < 0.001 else 4}g}"


def _style(factors):
    return "method" if np.all(factors <= 1) else "unstable"


def _landscape(eigenvalues, vectors, minimiser, error):
    """Contours of a quadratic loss, its flow from the start, and a cross at the minimiser."""
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 97))
    ellipse = np.column_stack([circle.real, circle.imag]) / np.sqrt(eigenvalues)
    radius = np.linalg.norm(np.sqrt(eigenvalues) * error)  # where the contour of the start is 1
    contours = [
        ("line", "guide faint", minimiser + scale * radius * ellipse @ vectors.T)
        for scale in np.arange(1, 8) / 4
    ]
    decay = np.exp(-np.outer(np.linspace(0, 4, 81) ** 2, eigenvalues / eigenvalues[0] / 2))
    flow = ("line", "flow", minimiser + (error * decay) @ vectors.T)
    return [*contours, flow, ("cross", "flow", [minimiser])]


def _window(centre, radius):
    """A window of equal scales around a point, `radius` high in both directions."""
    half = radius * np.array([PANEL[0] / PANEL[1], 1])
    (left, bottom), (right, top) = np.round(centre - half, 3), np.round(centre + half, 3)
    return tuple(map(float, (left, right, bottom, top)))


def _panel(panel):
    """HTML of one panel: axes, what stands still, what moves, the caption."""
    left, right, bottom, top = panel.window
    wide, high = PANEL
    ticks = []
    for at in _ticks(left, right):
        x = (at - left) / (right - left) * wide
        ticks.append(f'<path class="axis" d="M{x:.1f} {high:.0f}v4"/>')
        ticks.append(
            f'<text x="{x:.1f}" y="{high + 18:.0f}" text-anchor="middle">{_text(at)}</text>'
        )
    for at in _ticks(bottom, top):
        y = (top - at) / (top - bottom) * high
        ticks.append(f'<path class="axis" d="M0 {y:.1f}h-4"/>')
        ticks.append(f'<text x="-8" y="{y + 4.5:.1f}" text-anchor="end">{_text(at)}</text>')
    marks = [
        "".join(
            f'<path class="{shape} {style}" d="{_outline(shape, points, panel.window)}"/>'
            for shape, style, points in layer
        )
        for layer in (panel.still, panel.moving)
    ]
    box = (-MARGIN[0], -MARGIN[3], wide + MARGIN[0] + MARGIN[1], high + MARGIN[2] + MARGIN[3])
    across, upwards = panel.labels
    lines = [
        '<div class="panel">',
        f'<svg viewBox="{" ".join(f"{v:g}" for v in box)}" role="img" '
        f'aria-label="{escape(panel.alt)}">',
        f'<path class="axis" d="M0 0V{high:g}H{wide:g}"/>',
        *ticks,
        f'<text x="{wide / 2:g}" y="{high + 36:g}" text-anchor="middle">{across}</text>',
        f'<text x="-8" y="-12">{upwards}</text>',
        f'<svg width="{wide:g}" height="{high:g}"><g>{marks[0]}</g>',  # it clips its content
        f'<g class="moving">{marks[1]}</g></svg>',
        "</svg>",
        f'<p class="caption">{panel.caption}</p></div>',
    ]
    return "\n".join(lines)


def _outline(shape, points, window):
    """The `d` of an SVG path, as in interactive.js. Dots are strokes of length 0."""
    left, right, bottom, top = window
    points = np.asarray(points, float)
    x = (points[:, 0] - left) / (right - left) * PANEL[0]
    y = (top - points[:, 1]) / (top - bottom) * PANEL[1]
    pairs = [f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)]
    if shape == "line":
        return "M" + "L".join(pairs)
    end = {"stems": f"V{PANEL[1]:.1f}", "dots": "h0", "cross": "m-6 0h12m-6 -6v12"}[shape]
    return "".join(f"M{pair}{end}" for pair in pairs)


def _ticks(low, high):
    """About five round numbers between low and high."""
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= 0.75 * rough)
    return step * np.arange(np.ceil(low / step), np.floor(high / step) + 1) + 0.0  # no −0


def _text(number):
    return f"{number:g}".replace("-", "−")


def _rounded(values):
    """To 12 digits: more than the eye needs, the same on every machine."""
    return [float(f"{value:.12g}") for value in values]


@cache
def _file(name):
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
