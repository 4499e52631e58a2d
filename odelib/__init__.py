"""odelib: initial value problems, and training seen as one, compiled once with numba."""

from odelib import models
from odelib.curvature import sharpness
from odelib.diagnostics import diagnose
from odelib.ensemble import ensemble
from odelib.flows import gradient_flow, momentum_flow, newton_flow
from odelib.ivp import solve_ivp
from odelib.njit_solver import njit_solver
from odelib.optimize import minimize
from odelib.optimizers import OPTIMIZERS
from odelib.rhs import rhs
from odelib.solution import EnsembleSolution, Solution
from odelib.stability import stability_function, stability_interval
from odelib.tableaus import METHODS
from odelib.training import train

__all__ = [
    "METHODS",
    "OPTIMIZERS",
    "EnsembleSolution",
    "Solution",
    "diagnose",
    "ensemble",
    "gradient_flow",
    "minimize",
    "models",
    "momentum_flow",
    "newton_flow",
    "njit_solver",
    "rhs",
    "sharpness",
    "solve_ivp",
    "stability_function",
    "stability_interval",
    "train",
]
__version__ = "0.1.0"
