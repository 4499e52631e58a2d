"""Euler's polygon against the exact curve, with a slider for the number of steps."""

import math

import numpy as np

from odelib.interactive.digits import equation, fixed, short
from odelib.interactive.figure import SliderFigure
from odelib.interactive.panel import Mark, Panel, style_of
from odelib.interactive.words import all_texts

TEXTS = {
    "title": "Euler’s polygon for {equation} with any number of steps",
    "slider": "Number of steps",
    "steps.before": "steps",
    "steps.below": "h = {h}",
    "error.before": "error at t = {end}",
    "error.below": "{arrival} instead of {exact}",
    "quotient.before": "error ÷ h",
    "quotient.below": "tends to {constant}",
    "polygon.alt": "The exact curve from {start} to {exact}, and Euler’s polygon, which leaves it "
    "along the tangent. Through corners of it run thin curves, the solutions that start there. "
    "With more steps the corners move closer together and the polygon towards the exact curve.",
    "polygon.across": "time t",
    "polygon.up": "y",
    "polygon.flow": "exact",
    "polygon.method": "Euler",
    "polygon.fan": "solution through a corner",
    "error.alt": "The error at the end over the step h, a row of grey dots from the largest step "
    "down to the origin, and the dashed straight line of slope {constant} that they approach "
    "there. A stem marks the chosen step: half the step, about half the error.",
    "error.across": "step h",
    "error.up": "error",
    "error.all": "every number of steps",
    "error.line": "{constant} · h",
    "table.steps": "steps",
    "table.h": "h",
    "table.error": "error",
    "table.quotient": "error ÷ h",
}


def polygon(
    rate=1.0, end=2.0, *, start=1.0, slider=(1, 40, 1), value=4, marks=(4, 8, 16, 32), texts=None
):
    """Euler's method on y′ = rate·y from (0, start) to t = end, with a slider for its steps.

    Left, the exact curve, the polygon, and through each corner (through every second, third …
    from nine steps on) the solution that starts there;
    right, the error at the end over the step h, beside c·h with c = ½ rate²·end·|y(end)|, its
    limit for small steps.

    Parameters
    ----------
    rate, end, start : float
        Constants of the equation: rate not 0, end > 0, start > 0.
    slider : (int, int, int)
        Fewest and most steps, and the difference between two.
    value : int
        The number of steps at which the figure starts.
    marks : sequence of int
        Numbers of steps offered as buttons, and the rows of the table.
    texts : dict, optional
        Words that replace English ones, by the keys of `euler_polygon.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-steps, data-h, data-arrival and data-error hold the unrounded numbers.

    References
    ----------
    Hairer, Nørsett, Wanner, *Solving Ordinary Differential Equations I*, 2nd ed., Springer 1993,
    doi:10.1007/978-3-540-78862-1, section II.8: the first term of the global error.
    """
    if rate == 0:
        raise ValueError("rate must not be 0, where every step is exact; got 0")
    exact = start * np.exp(rate * end)
    constant = rate**2 * end * exact / 2
    texts = all_texts(TEXTS, texts)

    def corners(steps):
        """Times and values of the polygon, (steps + 1, 2)."""
        n = np.arange(steps + 1)
        return np.column_stack([n * end / steps, start * (1 + rate * end / steps) ** n])

    def error(steps):
        return abs(exact - corners(steps)[-1, 1])

    def through(t, y):
        """The solution from a corner on, (13, 2)."""
        later = np.linspace(0, end - t, 13)
        return np.column_stack([t + later, y * np.exp(rate * later)])

    counts = range(slider[0], slider[1] + 1, slider[2])
    errors = np.array([(end / steps, error(steps)) for steps in counts])
    path, h = corners(value), end / value
    style = style_of(1 + h * rate) if rate < 0 else "method"
    time = np.linspace(0, end, 81)
    curve = np.column_stack([time, start * np.exp(rate * time)])
    heights = np.concatenate([curve[:, 1], *(corners(steps)[:, 1] for steps in counts)])
    margin = 0.06 * np.ptp(heights)
    left = Panel(
        name="polygon",
        window=(
            *(-0.03 * end, 1.03 * end),
            *(round(heights.min() - margin, 3), round(heights.max() + margin, 3)),
        ),
        still=[Mark("line", "flow", curve)],
        moving=[
            *(
                Mark("line", "guide faint", through(t, y))
                for t, y in path[1 : -1 : math.ceil(value / 8)]  # more would be a smear
            ),
            Mark("line", style, path),
            Mark("dots", style, path),
        ],
        legend=(
            ("line flow", "polygon.flow"),
            ("dot method", "polygon.method"),
            ("line guide", "polygon.fan"),
        ),
    )
    largest = errors[:, 0].max()
    right = Panel(
        name="error",
        window=(0.0, 1.05 * largest, 0.0, round(1.12 * errors[:, 1].max(), 3)),
        still=[
            Mark("line", "guide dashed", [(0, 0), (largest, constant * largest)]),
            Mark("dots", "guide", errors),
        ],
        moving=[
            Mark("stems", style, [(h, error(value))]),
            Mark("dots", f"{style} large", [(h, error(value))]),
        ],
        legend=(("dot guide", "error.all"), ("line dashed guide", "error.line")),
    )
    places = 3 if abs(exact) < 10 else 1
    return SliderFigure(
        kind="euler_polygon",
        texts=texts,
        fields={
            "equation": equation(rate),
            "start": f"{start:g}",
            "end": f"{end:g}",
            "exact": fixed(exact, places),
            "constant": fixed(constant, 3),
            "steps": str(value),
            "h": short(h),
            "error": short(error(value)),
            "arrival": fixed(path[-1, 1], places),
            "quotient": fixed(error(value) / h, 3),
        },
        panels=(left, right),
        slider=slider,
        value=value,
        marks=marks,
        readout=("steps", "error", "quotient"),
        style=style,
        data={"rate": rate, "start": start, "end": end, "decimals": places},
        table=(
            ("table.steps", "table.h", "table.error", "table.quotient"),
            *(
                (
                    str(steps),
                    short(end / steps),
                    short(error(steps)),
                    fixed(error(steps) * steps / end, 3),
                )
                for steps in marks
            ),
        ),
    )
