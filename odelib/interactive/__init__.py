"""Figures with a slider that need neither a kernel nor the network.

A figure is an object whose HTML holds the whole picture, drawn here, and a few lines of
JavaScript that redraw what moves. It is the same in the static book and in a live notebook;
without JavaScript the picture and a table of its numbers remain. The output depends only on
the arguments: numbers are rounded, and names come from the content.

    from odelib import interactive
    interactive.descent(hessian, minimiser, start=[0.0, 0.0])

A kind of figure is two files: NAME.py, with its words (TEXTS) and a function that returns a
`SliderFigure`, and NAME.js, with the function `moving` that figure.js calls.
"""

from odelib.interactive.cubic_descent import cubic
from odelib.interactive.digits import short
from odelib.interactive.early_stopping import stopping
from odelib.interactive.euler_polygon import polygon
from odelib.interactive.figure import SliderFigure
from odelib.interactive.gradient_descent import descent
from odelib.interactive.landscapes import landscapes
from odelib.interactive.pid_motor import motor
from odelib.interactive.rk4_slopes import slopes
from odelib.interactive.stability_regions import regions

__all__ = [
    "SliderFigure",
    "cubic",
    "descent",
    "landscapes",
    "motor",
    "polygon",
    "regions",
    "short",
    "slopes",
    "stopping",
]
