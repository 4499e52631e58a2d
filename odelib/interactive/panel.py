"""One system of axes as SVG: what stands still in it, and what moves, at the first value."""

from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

import numpy as np

from odelib.interactive.digits import EXPONENT

PANEL = (292.0, 250.0)  # width and height of the plotting area, in units of the drawing
MARGIN = (42.0, 10.0, 42.0, 26.0)  # left, right, bottom, top
BARB = np.exp(0.85j * np.pi * np.array([1, -1]))  # directions of an arrow's barbs, from its tip
BARB_LENGTH = 8.0


class Mark(NamedTuple):
    """A line, area, arrow, cross, stems or dots at points (m, 2), or a text at its only point.

    `style` names classes of figure.css. An arrow leads from its first point to its second.
    """

    shape: str
    style: str
    points: object
    text: str = ""


@dataclass(frozen=True)
class Panel:
    """Axes and marks. Its texts are `NAME.alt`, `.across`, `.up` and, if any, `.caption`."""

    name: str
    window: tuple  # (left, right, bottom, top)
    still: list  # of Mark
    moving: list  # of Mark
    legend: tuple = ()  # of (classes of the swatch, key of its text)
    powers: bool = False  # the axis upwards holds the logarithms, to base 10, of what it shows
    backs: dict = field(default_factory=dict)  # Marks that stand behind each choice of the figure


def equal_window(centre, radius):
    """A window of equal scales around a point, `radius` high in both directions."""
    half = radius * np.array([PANEL[0] / PANEL[1], 1])
    (left, bottom), (right, top) = np.round(centre - half, 3), np.round(centre + half, 3)
    return tuple(map(float, (left, right, bottom, top)))


def style_of(factors):
    """The class `method` (blue) if no |R| is above 1, else `unstable` (red)."""
    return "method" if np.all(np.abs(factors) <= 1) else "unstable"


def factor_stems(z, factors):
    """A stem and a dot at each real z, of the height |R(z)|, red above 1."""
    return [
        Mark(shape, style_of(factor) + more, [(at, abs(factor))])
        for at, factor in zip(z, factors, strict=True)
        for shape, more in (("stems", ""), ("dots", " large"))
    ]


def panel_html(panel, words, held=False):
    """HTML of one panel: axes, what stands still, what moves, legend and caption.

    Where a point is `held`, a handle that follows it stands beside the drawing.
    """
    wide, high = PANEL
    box = (-MARGIN[0], -MARGIN[3], wide + MARGIN[0] + MARGIN[1], high + MARGIN[2] + MARGIN[3])
    still, moving = (
        "".join(mark_svg(mark, panel.window) for mark in layer)
        for layer in (panel.still, panel.moving)
    )
    for i, (choice, marks) in enumerate(panel.backs.items()):
        back = "".join(mark_svg(mark, panel.window) for mark in marks)
        still += f'<g data-choice="{choice}" display="{"none" if i else "inline"}">{back}</g>'
    below = f'x="{wide / 2:g}" y="{high + 36:g}" text-anchor="middle"'
    legend = "".join(
        f'<span><i class="{swatch}"></i> {words.element("span", key)}</span>'
        for swatch, key in panel.legend
    )
    key = f"{panel.name}.caption"
    caption = words.element("span", key) if key in words.texts else ""
    stage = ['<div class="stage">'] if held else []
    lines = [
        '<div class="panel">',
        *stage,
        f'<svg viewBox="{" ".join(f"{v:g}" for v in box)}" role="img" '
        f"{words.label(f'{panel.name}.alt')}>",
        f'<path class="axis" d="M0 0V{high:g}H{wide:g}"/>',
        *_axes(panel.window, panel.powers),
        words.element("text", f"{panel.name}.across", below),
        words.element("text", f"{panel.name}.up", 'x="-8" y="-12"'),
        f'<svg width="{wide:g}" height="{high:g}"><g>{still}</g>',  # it clips its content
        f'<g class="moving">{moving}</g></svg>',
        "</svg>",
        *([_handle(panel.window, words), "</div>"] if held else []),
        f'<div class="caption">{legend}{caption}</div></div>',
    ]
    return "\n".join(lines)


def _handle(window, words):
    """What one takes to drag a point: JavaScript puts it in its place and says where it is."""
    low, high = (f"{value:g}" for value in window[:2])
    return (
        f'<span class="handle" role="slider" tabindex="0" aria-valuemin="{low}" '
        f'aria-valuemax="{high}" aria-valuenow="0" {words.label("handle")}></span>'
    )


def mark_svg(mark, window):
    """One mark as an SVG element, as in figure.js. Dots are strokes of length 0."""
    left, right, bottom, top = window
    points = np.asarray(mark.points, float)
    across = (points[:, 0] - left) / (right - left) * PANEL[0]
    down = (top - points[:, 1]) / (top - bottom) * PANEL[1]
    x, y = (np.round(values, 1) + 0.0 for values in (across, down))  # no −0
    if mark.shape == "text":
        return (
            f'<text class="{mark.style}" x="{x[0]:.1f}" y="{y[0]:.1f}">{escape(mark.text)}</text>'
        )
    pairs = [f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)]
    if mark.shape in ("line", "area"):
        outline = "M" + "L".join(pairs) + ("Z" if mark.shape == "area" else "")
    elif mark.shape == "arrow":
        tip = complex(across[1], down[1])
        along = tip - complex(across[0], down[0])
        barbs = np.round(tip + BARB_LENGTH * along / abs(along) * BARB, 1) + 0.0
        ends = [f"{barb.real:.1f} {barb.imag:.1f}" for barb in barbs]
        outline = f"M{pairs[0]}L{pairs[1]}M{ends[0]}L{pairs[1]}L{ends[1]}"
    else:
        zero = np.clip(top / (top - bottom), 0, 1) * PANEL[1]
        end = {"stems": f"V{zero:.1f}", "dots": "h0", "cross": "m-6 0h12m-6 -6v12"}[mark.shape]
        outline = "".join(f"M{pair}{end}" for pair in pairs)
    return f'<path class="{mark.shape} {mark.style}" d="{outline}"/>'


def _axes(window, powers):
    """Ticks of both axes, and their numbers."""
    name = _power if powers else _number
    left, right, bottom, top = window
    wide, high = PANEL
    for at in _ticks(left, right):
        x = (at - left) / (right - left) * wide
        yield f'<path class="axis" d="M{x:.1f} {high:.0f}v4"/>'
        yield f'<text x="{x:.1f}" y="{high + 18:.0f}" text-anchor="middle">{_number(at)}</text>'
    for at in _ticks(bottom, top):
        y = (top - at) / (top - bottom) * high
        yield f'<path class="axis" d="M0 {y:.1f}h-4"/>'
        yield f'<text x="-8" y="{y + 4.5:.1f}" text-anchor="end">{name(at)}</text>'


def _ticks(low, high):
    """About five round numbers between low and high."""
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= 0.75 * rough)
    return step * np.arange(np.ceil(low / step), np.floor(high / step) + 1) + 0.0  # no −0


def _number(number):
    return f"{number:g}".replace("-", "−")


def _power(exponent):
    return "10" + f"{exponent:g}".translate(EXPONENT)
