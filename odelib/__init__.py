"""odelib: initial value problems, and training seen as one, compiled once with numba."""

from odelib.ensemble import ensemble
from odelib.flows import gradient_flow
from odelib.ivp import solve_ivp
from odelib.njit_solver import njit_solver
from odelib.rhs import rhs
from odelib.solution import EnsembleSolution, Solution
from odelib.stability import stability_function, stability_interval
from odelib.tableaus import METHODS

__all__ = [
    "METHODS",
    "EnsembleSolution",
    "Solution",
    "ensemble",
    "gradient_flow",
    "njit_solver",
    "rhs",
    "solve_ivp",
    "stability_function",
    "stability_interval",
]
__version__ = "0.1.0"
