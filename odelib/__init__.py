"""odelib: initial value problems, and training seen as one, compiled once with numba."""

import importlib as _importlib

from odelib.fields.flows import gradient_flow, momentum_flow, newton_flow
from odelib.fields.rhs import rhs
from odelib.methods import METHODS
from odelib.methods.stability import stability_function, stability_interval
from odelib.solving.ensemble import ensemble
from odelib.solving.ivp import solve_ivp
from odelib.solving.njit_solver import njit_solver
from odelib.solving.solution import EnsembleSolution, Solution

# Imported when they are first used, so that `import odelib` costs little more than numba.
_LATER = {
    "OPTIMIZERS": "optimizers.table",
    "diagnose": "diagnosis.diagnose",
    "minimize": "training.minimize",
    "models": "models",
    "sharpness": "curvature",
    "train": "training.train",
}

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


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError(f"module 'odelib' has no attribute {name!r}")
    module = _importlib.import_module(f"odelib.{_LATER[name]}")
    value = module if name == "models" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_LATER})
