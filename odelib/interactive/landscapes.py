"""A bowl, a saddle and a double well, with a start that one drags: where the flow and descent go.

All three are L(u, v) = a·u²/2 + b·v²/2 + c·v⁴/4, whose gradient flow has a formula.
"""

import numpy as np

from odelib.interactive.digits import decimals, fixed
from odelib.interactive.figure import SliderFigure
from odelib.interactive.panel import Mark, Panel, equal_window
from odelib.interactive.words import all_texts

COEFFICIENTS = {"bowl": (0.2, 2.0, 0.0), "saddle": (1.0, -1.0, 0.0), "well": (1.0, -1.0, 1.0)}
RESTS = {  # stationary points, and which of them are minima
    "bowl": {(0, 0): True},
    "saddle": {(0, 0): False},
    "well": {(0, 0): False, (0, 1): True, (0, -1): True},
}
LEVELS = {
    "bowl": (0.02, 0.1, 0.25, 0.5, 0.9, 1.5, 2.3),
    "saddle": (-0.9, -0.5, -0.2, -0.05, 0.0, 0.05, 0.2, 0.5, 1.0),
    "well": (-0.2, -0.1, -0.03, 0.0, 0.1, 0.3, 0.7, 1.3),
}
UNTIL, MARKED = 20.0, (1, 2, 5, 10)  # time of the run, and times marked on the flow
DRAWN = 160  # parts of the flow's line: they grow, for the flow is quick at first
GRID = 0.05  # the start lies on it, so that keys reach v = 0
WINDOW = equal_window(np.zeros(2), 1.6)
FAR = 1e3  # a run is followed to this distance

TEXTS = {
    "title": "Where the flow goes, and where descent goes, from a start that you drag",
    "slider": "Learning rate α",
    "choice": "Landscape",
    "bowl": "bowl",
    "saddle": "saddle",
    "well": "double well",
    "handle": "Start: arrow keys move it, with Shift further",
    "alpha.before": "learning rate",
    "alpha.below": "start ({u}, {v})",
    "ends.before": "the flow ends at",
    "ends.below": "its loss never rises",
    "lands.before": "descent, at t = {until}",
    "lands.below": "{verdict}",
    "minimum": "minimum ({u}, {v})",
    "rest": "saddle (0, 0)",
    "away": "no point",
    "far": "far away",
    "method": "its loss never rises",
    "unstable": "its loss rises in a step",
    "path.alt": "Contours of the loss over u and v: ellipses around the minimum of the bowl; "
    "hyperbolas around the saddle; around the two minima of the double well ovals, which meet in "
    "the saddle between them. The flow runs from the start across the contours, downhill. The "
    "dots of descent run beside it or jump back and forth across the valley.",
    "path.across": "u",
    "path.up": "v",
    "path.flow": "flow; dots at t = 1, 2, 5, 10",
    "path.steps": "descent",
    "path.caption": "Drag the ring, or click. + minimum, • saddle.",
    "loss.alt": "The loss against time. That of the flow falls, quickly at first, and levels off, "
    "for a while near a saddle or for good at a minimum. That of descent is close to it for a "
    "small learning rate, and jumps up where a step is too large.",
    "loss.across": "time t = αk",
    "loss.up": "L",
    "loss.flow": "flow",
    "loss.steps": "descent",
    "table.landscape": "landscape",
    "table.start": "start u, v",
    "table.ends": "the flow ends at",
    "table.lands": "descent, α = {alpha}, t = {until}",
}


def landscapes(
    *,
    start=(1.5, 1.2),
    slider=(0.1, 1.2, 0.05),
    value=0.4,
    marks=(),
    starts=((1.5, 1.2), (1.5, 0.0), (-1.0, -0.05)),
    texts=None,
):
    """Gradient flow and descent on a bowl, a saddle or a double well, from a start to be dragged.

    Two panels: contours, the flow's line and descent's dots; the loss of both against time. The
    losses are (0.2u² + 2v²)/2, (u² − v²)/2 and (u² − v²)/2 + v⁴/4.

    Parameters
    ----------
    start : (float, float)
        u and v at first, multiples of 0.05 between −1.85 and 1.85, −1.6 and 1.6.
    slider : (float, float, float)
        First and last learning rate, and the step between two.
    value : float
        The learning rate at which the figure starts.
    marks : sequence of float
        Learning rates offered as buttons.
    starts : sequence of (float, float)
        Starts in the table, which has each of them on each landscape, with the first `value`.
    texts : dict, optional
        Words that replace English ones, by the keys of `landscapes.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-start, data-alpha, data-landscape, data-steps, data-last (of descent) and
        data-flow (at the same time) hold the unrounded numbers.

    References
    ----------
    Lee, Simchowitz, Jordan, Recht, *Gradient descent only converges to minimizers*, COLT 2016,
    proceedings.mlr.press/v49/lee16.html: almost no start leads to a strict saddle.
    """
    for at in np.array([start, *starts], float):
        if np.any(np.abs(at / GRID - np.rint(at / GRID)) > 1e-9) or np.any(
            np.abs(at) > (1.85, 1.6)
        ):
            raise ValueError(
                "start and starts must be multiples of 0.05, with |u| up to 1.85 and |v| up to "
                f"1.6; got {at}"
            )
    if slider[0] <= 0:
        raise ValueError(f"slider must begin above 0, got {slider}")
    texts = all_texts(TEXTS, texts)
    first = next(iter(COEFFICIENTS))
    path, losses = descent_from(start, value, COEFFICIENTS[first])
    style = "unstable" if rises(losses) else "method"
    flow, flow_losses = _flow_line(start, COEFFICIENTS[first])
    time = value * np.arange(len(path))
    marked = flow_from(start, np.array(MARKED, float), COEFFICIENTS[first])
    left = Panel(
        name="path",
        window=WINDOW,
        still=[],
        backs={name: _background(name) for name in COEFFICIENTS},
        moving=[
            Mark("line", "flow", flow),
            Mark("dots", "flow", marked),
            Mark("line", f"{style} thin", path),
            Mark("dots", style, path),
        ],
        legend=(("line flow", "path.flow"), ("dot method", "path.steps")),
    )
    right = Panel(
        name="loss",
        window=(-0.02 * UNTIL, 1.02 * UNTIL, -1.0, 3.0),
        still=[Mark("line", "guide faint", [(0.0, 0.0), (UNTIL, 0.0)])],
        moving=[
            Mark("line", "flow", flow_losses),
            Mark("line", f"{style} thin", np.column_stack([time, losses])),
            Mark("dots", style, np.column_stack([time, losses])),
        ],
        legend=(("line flow", "loss.flow"), ("dot method", "loss.steps")),
    )

    def ends(at, name):
        rest = end_of_flow(at, name)
        if rest is None:
            return texts["away"]
        words = texts["minimum" if RESTS[name][rest] else "rest"]
        return words.replace("{u}", f"{rest[0]}").replace("{v}", fixed(rest[1], 0))

    def row(at, name):
        last = descent_from(at, value, COEFFICIENTS[name])[0][-1]
        lands = "far" if np.any(np.abs(last) > FAR) else _pair(last)
        rest = end_of_flow(at, name)
        return name, _pair(at), "away" if rest is None else _pair(rest, 0), lands

    lost = np.any(np.abs(path[-1]) > FAR)
    return SliderFigure(
        kind="landscapes",
        texts=texts,
        fields={
            "alpha": fixed(value, decimals(slider[2])),
            "u": fixed(start[0], 2),
            "v": fixed(start[1], 2),
            "until": f"{UNTIL:g}",
            "ends": ends(start, first),
            "lands": texts["far"] if lost else f"({_pair(path[-1])})",
            "verdict": texts[style],
        },
        panels=(left, right),
        slider=slider,
        value=value,
        marks=marks,
        choices=tuple(COEFFICIENTS),
        readout=("alpha", "ends", "lands"),
        style=style,
        held=(float(start[0]), float(start[1]), GRID),
        data={
            "held": [float(start[0]), float(start[1])],
            "coefficients": COEFFICIENTS,
            "rests": {name: [[*at, well] for at, well in RESTS[name].items()] for name in RESTS},
            "until": UNTIL,
            "marked": MARKED,
            "drawn": DRAWN,
            "far": FAR,
            "edge": 4.0,
            "decimals": decimals(slider[2]),
        },
        table=(
            ("table.landscape", "table.start", "table.ends", "table.lands"),
            *(row(at, name) for name in COEFFICIENTS for at in starts),
        ),
    )


def loss_at(points, coefficients):
    """L at the points (m, 2): (m,)."""
    a, b, c = coefficients
    u, v = np.transpose(points)
    return a * u * u / 2 + b * v * v / 2 + c * v * v * v * v / 4


def flow_from(start, times, coefficients):
    """Gradient flow at the times (m,), by its formula: (m, 2)."""
    a, b, c = coefficients
    u, v = start
    spread = 1 + c / b * v * v * -np.expm1(-2 * b * times)
    return np.column_stack([u * np.exp(-a * times), v * np.exp(-b * times) / np.sqrt(spread)])


def descent_from(start, alpha, coefficients):
    """Descent up to the time UNTIL, or until it is far away: points (k, 2), losses (k,)."""
    a, b, c = coefficients
    path = [(float(start[0]), float(start[1]))]
    for _ in range(int(np.floor(UNTIL / alpha + 1e-9))):
        u, v = path[-1]
        if max(abs(u), abs(v)) > FAR:
            break
        path.append((u - alpha * (a * u), v - alpha * (c * v * v * v + b * v)))
    return np.array(path), loss_at(path, coefficients)


def rises(losses):
    """Whether a loss is above the one before, by more than rounding."""
    before = losses[:-1]
    return bool(np.any(losses[1:] > before + 1e-12 * np.maximum(1, np.abs(before))))


def end_of_flow(start, name):
    """The stationary point to which the flow runs, or None if it runs away."""
    if name == "bowl" or start[1] == 0:
        return (0, 0)
    if name == "saddle":
        return None
    return (0, 1 if start[1] > 0 else -1)


def _flow_line(start, coefficients):
    """Points of the flow, close together where it is quick, and (t, L) at each."""
    times = UNTIL * (np.arange(DRAWN + 1) / DRAWN) ** 3
    points = flow_from(start, times, coefficients)
    within = np.abs(points[:, 1]) <= 4.0  # far outside the picture
    points, times = points[within], times[within]
    return points, np.column_stack([times, loss_at(points, coefficients)])


def _pair(point, places=2):
    small = 0.5 * 10.0**-places
    return ", ".join(fixed(value if abs(value) > small else 0.0, places) for value in point)


def _background(name):
    """Contours and stationary points of one landscape."""
    points = [
        Mark("cross", "guide", [at]) if minimum else Mark("dots", "guide large", [at])
        for at, minimum in RESTS[name].items()
    ]
    lines = [
        Mark("line", "guide fine", points)
        for level in LEVELS[name]
        for points in contour(level, COEFFICIENTS[name])
    ]
    return [*lines, *points]


def contour(level, coefficients, parts=14):
    """The curves L = level within the window, each (m, 2).

    For each v with room for it u is ±√((2·level − b·v² − c·v⁴/2)/a). Where a curve turns, at u = 0,
    cosines put the points close together.
    """
    a, b, c = coefficients
    top = WINDOW[3]
    polynomial = [-c / 2, 0, -b, 0, 2 * level] if c else [-b, 0, 2 * level]
    roots = np.roots(polynomial)
    real = np.sort(roots.real[np.abs(roots.imag) < 1e-9])
    edges = np.unique(np.round([-top, *real[np.abs(real) < top], top], 9))
    curves = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        cosines = np.cos(np.pi * np.arange(parts + 1) / parts)
        through = low == -top and high == top
        v = (low + high) / 2 - (high - low) / 2 * (
            np.linspace(1, -1, parts + 1) if through else cosines
        )
        squared = (2 * level - b * v**2 - c * v**4 / 2) / a
        if squared[parts // 2] <= 0:
            continue
        u = np.sqrt(np.maximum(squared, 0))
        half, mirrored = np.column_stack([u, v]), np.column_stack([-u, v])
        if low > -top and high < top:  # closed
            curves.append(np.vstack([half, mirrored[::-1]]))
        elif u[0] > 1e-6 and u[-1] > 1e-6:  # two branches
            curves += [half, mirrored]
        elif u[0] <= 1e-6:  # one, which turns at its lower end, or at its upper
            curves.append(np.vstack([half[::-1], mirrored[1:]]))
        else:
            curves.append(np.vstack([half, mirrored[-2::-1]]))
    return curves
