"""odelib: initial value problems, and training seen as one, compiled once with numba."""

from odelib import models
from odelib.flows import gradient_flow
from odelib.ivp import solve_ivp
from odelib.rhs import rhs
from odelib.solution import Solution
from odelib.stability import stability_function, stability_interval
from odelib.tableaus import METHODS

__all__ = [
    "METHODS",
    "Solution",
    "gradient_flow",
    "models",
    "rhs",
    "solve_ivp",
    "stability_function",
    "stability_interval",
]
__version__ = "0.1.0"
