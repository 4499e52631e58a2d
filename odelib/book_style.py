"""The colours of the book, matplotlib's settings for its figures, and how a notebook stores them.

The colours mean the same on every page: the flow is black (light where the page is dark), the
method blue, what is unstable red.
"""

import io
import re
import sys

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text

FLOW = "#000000"  # the exact solution of the differential equation
METHOD = "#0072B2"  # what the algorithm computes
UNSTABLE = "#CC3311"  # what it computes beyond its border of stability
GUIDE = "#8C8C8C"  # contours, reference slopes, borders

# Colours for further curves, told apart by colour-blind readers and in print; neither the
# black of the flow nor the red of instability is among them.
CYCLE = [METHOD, "#C27C00", "#009E73", "#AA4499", "#56B4E9", "#777777"]

PHONE = 366  # pixels that a figure has on a screen of 390
SMALLEST_TEXT = 11  # pixels there
MOST_SVG = 200_000  # characters; a larger drawing is stored as a picture


def use_book_style():
    """Set matplotlib's defaults for the book; in a notebook, store figures as SVG."""
    plt.rcParams.update(
        {
            "figure.figsize": (6.4, 3.6),
            "figure.dpi": 120,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "figure.max_open_warning": 0,
            "savefig.facecolor": "white",
            "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
            "font.size": 11.5,
            "axes.titlesize": 12,
            "axes.labelsize": 12,
            "legend.fontsize": 10.5,
            "legend.frameon": False,
            "axes.prop_cycle": plt.cycler(color=CYCLE),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "lines.linewidth": 1.8,
            "lines.markersize": 4.5,
            "image.cmap": "cividis",
            "svg.hashsalt": "odelib",  # the same names in the same drawing
            "svg.fonttype": "path",  # the same letters on every machine
        }
    )
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        _store_figures(shell)


def _store_figures(shell):
    """Let a notebook keep each figure as `stored` gives it, and in no other form."""
    from matplotlib_inline.config import InlineBackend

    InlineBackend.instance(parent=shell).figure_formats = set()
    shell.display_formatter.mimebundle_formatter.for_type(
        Figure, lambda figure, include=None, exclude=None: stored(figure)
    )


def stored(figure):
    """A figure as a notebook keeps it, {MIME type: content}: SVG, or PNG where that is smaller."""
    legible(figure)
    drawing = svg(figure)
    if len(drawing) <= MOST_SVG:
        return {"image/svg+xml": drawing}
    picture = io.BytesIO()  # twice as fine as a screen of 96 dots per inch
    figure.savefig(picture, format="png", dpi=192, bbox_inches="tight", metadata={"Software": None})
    return {"image/png": picture.getvalue()}


def legible(figure):
    """Enlarge text that would have less than SMALLEST_TEXT pixels on a phone."""
    figure.canvas.draw()
    inches = figure.get_tightbbox().width + 2 * plt.rcParams["savefig.pad_inches"]
    smallest = SMALLEST_TEXT * 72 * inches / PHONE
    for text in figure.findobj(Text):
        if text.get_text() and text.get_fontsize() < smallest:
            text.set_fontsize(smallest)


def svg(figure):
    """A figure as SVG, with coordinates to a hundredth of a point."""
    drawing = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(drawing, format="svg", bbox_inches="tight", metadata=nothing)

    def rounded(path):
        return re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", path[0])

    return re.sub(r' d="[^"]*"', rounded, drawing.getvalue())
