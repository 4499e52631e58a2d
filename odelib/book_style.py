"""The colours of the book and matplotlib's settings for its figures.

The colours mean the same on every page: the flow is black, the method blue, what is unstable red.
"""

import matplotlib.pyplot as plt

FLOW = "#000000"  # the exact solution of the differential equation
METHOD = "#0072B2"  # what the algorithm computes
UNSTABLE = "#CC3311"  # what it computes beyond its border of stability
GUIDE = "#8C8C8C"  # contours, reference slopes, borders

# Colours for further curves, told apart by colour-blind readers and in print; neither the
# black of the flow nor the red of instability is among them.
CYCLE = [METHOD, "#C27C00", "#009E73", "#AA4499", "#56B4E9", "#777777"]


def use_book_style():
    """Set matplotlib's defaults for the book: read at 390 px, on a white card in dark mode."""
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
        }
    )
