"""Gradient descent on the loss θ³/3 − θ²/2, which is the logistic map: cycles and chaos."""

import numpy as np

from odelib.interactive.digits import decimals, fixed, rounded
from odelib.interactive.figure import SliderFigure
from odelib.interactive.panel import Mark, Panel
from odelib.interactive.words import all_texts

TRANSIENT, LONGEST = 10_000, 64  # steps before the long run is looked at; longest period sought
SHOWN, LATE = 60, 16  # steps of the run that is drawn, and how many of them are emphasised
TOP, LOWEST = 1.4, -0.18  # of θ and of L in the panels

TEXTS = {
    "title": "Gradient descent on θ³/3 − θ²/2 with each learning rate",
    "slider": "Learning rate α",
    "alpha.before": "learning rate",
    "alpha.below": "border 2/λ = 2",
    "verdict.before": "in the long run",
    "verdict.below": "from θ<sub>0</sub> = {start}",
    "stretch.before": "a small difference",
    "stretch.below": "times this in each step",
    "one": "one value",
    "cycle": "a cycle of {period} values",
    "no cycle": "no cycle up to {longest}",
    "diagram.alt": "Values of θ in the long run against the learning rate from {first} to {last}: "
    "one line at 1, which splits in two at the dotted border 2; the branches split again at 2.449 "
    "and soon fill whole bands with a few gaps. A vertical line marks the chosen learning rate.",
    "diagram.across": "learning rate α",
    "diagram.up": "θ in the long run",
    "diagram.caption": "Dotted: the border 2/λ. One column of dots for each learning rate.",
    "cobweb.alt": "The curve that takes each value of θ to the next, and the diagonal. The run "
    "goes up or down to the curve, across to the diagonal, and again: into the crossing of both "
    "while the minimum is stable, round and round on a cycle, all over the curve in chaos.",
    "cobweb.across": "θ<sub>k</sub>",
    "cobweb.up": "θ<sub>k+1</sub>",
    "cobweb.map": "one step",
    "cobweb.run": "{shown} steps; strong: the last {late}",
    "loss.alt": "The loss falls from 0 at θ = 0 to its minimum at θ = 1 and rises again. Dots on "
    "it mark the last {late} of {shown} steps: all at the minimum for a small learning rate, on "
    "both sides of it beyond the border.",
    "loss.across": "θ",
    "loss.up": "L",
    "loss.curve": "loss",
    "loss.run": "the last {late} steps",
    "orbit.alt": "The values of θ over the first {shown} steps, joined by lines: they settle at "
    "1, jump between a few values, or wander without repeating.",
    "orbit.across": "step k",
    "orbit.up": "θ<sub>k</sub>",
    "orbit.caption": "A straight row of dots is a value that is kept.",
    "table.alpha": "α",
    "table.period": "values",
    "table.stretch": "a small difference, times in each step",
}


def cubic(*, start=0.5, slider=(1.5, 3.0, 0.01), value=1.9, marks=(), texts=None):
    """Descent on θ³/3 − θ²/2 with a slider for the learning rate α: θ ← θ + α·θ(1 − θ).

    Four panels: the values that remain in the long run for every α, the cobweb of the map, the
    loss with the last steps on it, and the first steps in turn.

    Parameters
    ----------
    start : float
        θ₀, between 0 and 1.
    slider : (float, float, float)
        First and last learning rate, at most 3, and the step between two.
    value : float
        The learning rate at which the figure starts.
    marks : sequence of float
        Learning rates offered as buttons, and the rows of the table.
    texts : dict, optional
        Words that replace English ones, by the keys of `cubic_descent.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-alpha, data-period (0 if there is none up to 64), data-stretch and
        data-last hold the unrounded numbers; data-last is θ after 60 steps.

    References
    ----------
    May, *Simple mathematical models with very complicated dynamics*, Nature 261 (1976),
    doi:10.1038/261459a0.
    """
    if not 0 < start < 1:
        raise ValueError(f"start must lie between 0 and 1, got {start}")
    if not 0 < slider[0] < slider[1] <= 3:
        raise ValueError(f"slider must run from above 0 to at most 3, got {slider}")
    texts = all_texts(TEXTS, texts)
    theta = np.linspace(0, TOP, 71)
    period, stretch = long_run(value, start)
    style = style_of(period)
    path = orbit(value, start, SHOWN)
    web = np.repeat(path, 2)
    cobweb = np.column_stack([web[:-1], web[1:]])
    late = path[-LATE:]
    first, last = float(slider[0]), float(slider[1])
    margin = 0.02 * (last - first)
    panels = (
        Panel(
            name="diagram",
            window=(first - margin, last + margin, 0.0, TOP),
            still=[
                Mark("line", "guide dashed", [(2.0, 0.0), (2.0, TOP)]),
                Mark("dots", "guide tiny", _diagram(first, last, start)),
            ],
            moving=[
                Mark("line", f"{style} thin", [(value, 0.0), (value, TOP)]),
                Mark("dots", style, [(value, y) for y in late]),
            ],
        ),
        Panel(
            name="cobweb",
            window=(0.0, TOP, 0.0, TOP),
            still=[Mark("line", "guide dashed", [(0.0, 0.0), (TOP, TOP)])],
            moving=[
                Mark("line", "flow", np.column_stack([theta, _next(value, theta)])),
                Mark("line", f"{style} thin", cobweb),
                Mark("line", f"{style} fine", cobweb[-2 * LATE :]),
            ],
            legend=(("line flow", "cobweb.map"), ("line method", "cobweb.run")),
        ),
        Panel(
            name="loss",
            window=(0.0, TOP, LOWEST, 0.02),
            still=[Mark("line", "flow", np.column_stack([theta, _loss(theta)]))],
            moving=[Mark("dots", style, np.column_stack([late, _loss(late)]))],
            legend=(("line flow", "loss.curve"), ("dot method", "loss.run")),
        ),
        Panel(
            name="orbit",
            window=(-0.02 * SHOWN, 1.02 * SHOWN, 0.0, TOP),
            still=[Mark("line", "guide dashed", [(0.0, 1.0), (SHOWN, 1.0)])],
            moving=[
                Mark(shape, style + more, np.column_stack([np.arange(SHOWN + 1), path]))
                for shape, more in (("line", " thin"), ("dots", ""))
            ],
        ),
    )
    rows = [(alpha, *long_run(alpha, start)) for alpha in marks]
    return SliderFigure(
        kind="cubic_descent",
        texts=texts,
        fields={
            "alpha": fixed(value, decimals(slider[2])),
            "verdict": texts[_verdict(period)]
            .replace("{period}", str(period))
            .replace("{longest}", str(LONGEST)),
            "stretch": fixed(stretch, 2),
            "start": f"{start:g}",
            "first": f"{first:g}",
            "last": f"{last:g}",
            "shown": str(SHOWN),
            "late": str(LATE),
            "longest": str(LONGEST),
            "period": str(period),
        },
        panels=panels,
        slider=slider,
        value=value,
        marks=marks,
        readout=("alpha", "verdict", "stretch"),
        style=style,
        data={
            "start": start,
            "transient": TRANSIENT,
            "longest": LONGEST,
            "shown": SHOWN,
            "late": LATE,
            "top": TOP,
            "decimals": decimals(slider[2]),
            "theta": rounded(theta),
        },
        table=(
            ("table.alpha", "table.period", "table.stretch"),
            *((str(alpha), str(p) if p else "no cycle", fixed(s, 2)) for alpha, p, s in rows),
        ),
    )


def orbit(alpha, start, steps):
    """θ₀ … θ_steps, (steps + 1,): the same bits as Euler's method and as JavaScript."""
    path = [start]
    for _ in range(steps):
        path.append(_next(alpha, path[-1]))
    return np.array(path)


def long_run(alpha, start):
    """Smallest period up to LONGEST after the transient (0 if none), and the stretch of a step.

    The stretch is the geometric mean of |dθ_(k+1)/dθ_k| over the second half of the transient.
    """
    path = orbit(alpha, start, TRANSIENT)
    tail = abs(path[-1] - path[-2 : -2 - LONGEST : -1]) < 1e-9
    period = int(np.argmax(tail)) + 1 if tail.any() else 0
    slopes = np.abs(1 + alpha - 2 * alpha * path[TRANSIENT // 2 : -1])
    with np.errstate(divide="ignore"):
        return period, float(np.exp(np.mean(np.log(slopes))))


def style_of(period):
    """The class `method` (blue) if the run settles, else `unstable` (red)."""
    return "method" if period == 1 else "unstable"


def _verdict(period):
    return {0: "no cycle", 1: "one"}.get(period, "cycle")


def _next(alpha, theta):
    return theta + alpha * (theta * (1 - theta))


def _loss(theta):
    return theta**3 / 3 - theta**2 / 2


def _diagram(first, last, start):
    """Long-run values in 120 columns: all of a cycle, eighteen of a run without one."""
    points = []
    for alpha in np.linspace(first, last, 121):
        path = orbit(alpha, start, 2000)
        points += [(alpha, y) for y in sorted(set(np.round(path[-18:], 3)))]
    return np.array(points)
