"""The slopes of one Runge–Kutta step, with a slider for the step."""

import numpy as np

from odelib.interactive.digits import decimals, equation, fixed, short
from odelib.interactive.figure import SliderFigure
from odelib.interactive.panel import Mark, Panel, style_of
from odelib.interactive.words import all_texts
from odelib.methods import tableau_of

SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
TEXTS = {
    "title": "One step of {method} for {equation}",
    "slider": "Step h",
    "choice": "Show",
    "all": "all slopes",
    "h.before": "step h",
    "h.below": "exact: {exact}",
    "end.before": "{method} arrives at",
    "end.below": "error {error}",
    "euler.before": "Euler, {stages} steps, at",
    "euler.below": "error {euler_error}",
    "step.alt": "The exact curve, and on it or near it the {stages} points where one step of "
    "{method} looks up a slope, each with an arrow along that slope: one at the start, two in the "
    "middle, one at the end. A straight line with the weighted mean of the slopes leads to the "
    "end point, beside the exact one. Euler’s polygon of {stages} shorter steps is dashed.",
    "step.across": "time t",
    "step.up": "y",
    "step.flow": "exact",
    "step.method": "{method}",
    "step.euler": "Euler, {stages} steps of h/{stages}",
    "slopes.alt": "The same slopes as stems over the time at which they are taken, beside the "
    "curve of the exact slope. Three level lines from 0 to h are the means that count: exact, "
    "{method} and Euler. Each method’s error is h times the distance of its line from the exact.",
    "slopes.across": "time t",
    "slopes.up": "slope",
    "slopes.exact": "exact mean {exact_mean}",
    "slopes.method": "{method} {mean}",
    "slopes.euler": "Euler {euler_mean}",
    "slopes.caption": "{slopes}",
    "table.h": "h",
    "table.end": "{method}",
    "table.euler": "Euler, {stages} steps",
    "table.exact": "exact",
}


def slopes(
    rate=-1.0,
    *,
    start=1.0,
    method="RK4",
    slider=(0.1, 2.0, 0.05),
    value=1.0,
    marks=(0.5, 1.0, 1.5, 2.0),
    texts=None,
):
    """One step of `method` on y′ = rate·y from (0, start), with a slider for its length h.

    Left, the points where a slope is looked up, and an arrow along each; right, the slopes over
    time beside that of the exact curve, and their means. A second control shows the slopes one
    by one. For comparison, Euler's method with as many slopes.

    Parameters
    ----------
    rate, start : float
        Constants of the equation; start > 0.
    method : str
        A name in `METHODS`.
    slider : (float, float, float)
        Shortest and longest step, and the difference between two.
    value : float
        The step at which the figure starts.
    marks : sequence of float
        Steps offered as buttons, and the rows of the table.
    texts : dict, optional
        Words that replace English ones, by the keys of `rk4_slopes.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-k, data-mean, data-end, data-euler and data-exact hold the unrounded
        slopes, their weighted mean, and the three values at h (data-h). It is red where the
        step makes y larger than it was at its start.
    """
    tableau = tableau_of(method)
    c, A, b = tableau.c, tableau.A, tableau.b
    stages = len(b)
    names = [f"k{str(i + 1).translate(SUBSCRIPT)}" for i in range(stages)]
    texts = all_texts(TEXTS, texts)

    def step(h):
        """Points where the slopes are taken (stages, 2), the slopes, their mean, the end."""
        levels, k = np.empty(stages), np.empty(stages)
        for i in range(stages):
            levels[i] = start + h * A[i, :i] @ k[:i]
            k[i] = rate * levels[i]
        return np.column_stack([c * h, levels]), k, b @ k, start + h * (b @ k)

    def exact(t):
        return start * np.exp(rate * t)

    def euler(h):
        """Euler's polygon of as many steps, (stages + 1, 2)."""
        j = np.arange(stages + 1)
        return np.column_stack([j * h / stages, start * (1 + rate * h / stages) ** j])

    longest, run, room = slider[1], 0.11 * slider[1], 0.3 * slider[1]
    looks, k, mean, end = step(value)
    style = style_of(end / start)
    polygon = euler(value)
    time = np.linspace(0, 1.1 * longest, 81)
    heights, steepness = [exact(time)], [rate * exact(time), [0.0]]
    for h in np.linspace(slider[0], longest, 41):
        points, at_points, _, arrival = step(h)
        tips = points[:, 1] + run * at_points
        heights += [points[:, 1], tips, euler(h)[:, 1], [arrival]]
        steepness.append(at_points)
    left = Panel(
        name="step",
        window=(round(-0.04 * longest, 3), round(1.15 * longest, 3), *_range(heights)),
        still=[Mark("line", "flow", np.column_stack([time, exact(time)]))],
        moving=[
            Mark("line", "second dashed", polygon),
            Mark("dots", "second", polygon[-1:]),
            Mark("line", f"{style} fine", [(0, start), (value, end)]),
            *(
                Mark("arrow", style, [point, point + run * np.array([1, slope])])
                for point, slope in zip(looks, k, strict=True)
            ),
            Mark("dots", f"{style} large", [(value, end)]),
            Mark("dots", "flow", [(value, exact(value))]),
            *_named(names, looks, ("above", "below"), value >= room),
        ],
        legend=(
            ("line flow", "step.flow"),
            ("dot method", "step.method"),
            ("line dashed second", "step.euler"),
        ),
    )
    means = {
        style: mean,
        "flow dashed": (exact(value) - start) / value,
        "second dashed": (polygon[-1, 1] - start) / value,
    }
    stems = np.column_stack([looks[:, 0], k])
    right = Panel(
        name="slopes",
        window=(*left.window[:2], *_range(steepness)),
        still=[
            Mark("line", "guide faint", [(left.window[0], 0), (left.window[1], 0)]),
            Mark("line", "flow", np.column_stack([time, rate * exact(time)])),
        ],
        moving=[
            *(Mark("line", at, [(0, level), (value, level)]) for at, level in means.items()),
            *(
                Mark(shape, style + more, [stem])
                for stem in stems
                for shape, more in (("stems", ""), ("dots", " large"))
            ),
            *_named(names, stems, ("right", "left"), value >= room),
        ],
        legend=(
            ("line dashed flow", "slopes.exact"),
            ("line method", "slopes.method"),
            ("line dashed second", "slopes.euler"),
        ),
    )
    places = decimals(slider[2])
    return SliderFigure(
        kind="rk4_slopes",
        texts=texts,
        fields={
            "method": method,
            "equation": equation(rate),
            "stages": str(stages),
            "h": fixed(value, places),
            "exact": fixed(exact(value), 4),
            "end": fixed(end, 4),
            "euler": fixed(polygon[-1, 1], 4),
            "error": short(abs(end - exact(value))),
            "euler_error": short(abs(polygon[-1, 1] - exact(value))),
            "mean": fixed(mean, 4),
            "exact_mean": fixed((exact(value) - start) / value, 4),
            "euler_mean": fixed((polygon[-1, 1] - start) / value, 4),
            "slopes": ", ".join(f"{name}\u00a0=\u00a0{fixed(x, 3)}" for name, x in zip(names, k)),
        },
        panels=(left, right),
        slider=slider,
        value=value,
        marks=marks,
        choices=("all", *names),
        readout=("h", "end", "euler"),
        style=style,
        data={
            "rate": rate,
            "start": start,
            "c": c.tolist(),
            "A": A.tolist(),
            "b": b.tolist(),
            "names": names,
            "run": run,
            "room": room,
            "decimals": places,
        },
        table=(
            ("table.h", "table.end", "table.euler", "table.exact"),
            *(
                (fixed(h, places), *(fixed(y, 4) for y in (step(h)[3], euler(h)[-1, 1], exact(h))))
                for h in marks
            ),
        ),
    )


def _named(names, points, sides, shown):
    """Texts at the points (m, 2), where there is room for them."""
    return [
        Mark("text", sides[i % len(sides)], [point], name)
        for i, (name, point) in enumerate(zip(names, points, strict=True))
        if shown
    ]


def _range(heights):
    """Lowest and highest of some arrays, with a margin for the name of a point."""
    heights = np.concatenate(heights)
    margin = 0.13 * np.ptp(heights)
    return round(heights.min() - margin, 3), round(heights.max() + margin, 3)
