"""What a method is: a row of `METHODS`, which brings its numbers and its step.

Every row has

    order           of the solution
    adaptive        whether it estimates its error, and so can choose its step
    stages          slopes of a step, that at its start included
    fsal            whether the last slope of a step is the first of the next
    evaluations     calls of the right-hand side that one more step costs
    error_exponent  of the tolerance over the error, for the size of the next step
    two_estimates   whether a second estimate of the error follows the first
    halves          whether y is (q, v), two halves of equal length
    fixed_step      whether it can take steps of a given size
    implicit        whether a step solves equations with the Jacobian
    F               (slopes, terms) weights of the interpolant, nested in θ and 1 − θ

    make_step()          one step as a Python function of the ABI STEP (see odelib.pointers)
    make_extra_stages()  what the interpolant needs beside it, in the same ABI; None: nothing

and a loop asks a row for nothing else. The Runge–Kutta methods also show their tableau
(tableau.py), the symplectic ones their kicks and drifts (symplectic.py). An implicit method has a
kernel of its own: in the place of `make_extra_stages` it says how many matrices it decomposes and
how many rows of numbers it works in, and its step is an attempt (implicit.py). `RUNGE_KUTTA`,
`SYMPLECTIC` and `IMPLICIT` are the three families.
"""

from odelib.methods.symplectic import SYMPLECTIC
from odelib.methods.table import (
    IMPLICIT,
    METHODS,
    compiled_method,
    method_of,
    step_source,
    tableau_of,
)
from odelib.methods.tableaus import RUNGE_KUTTA

__all__ = [
    "IMPLICIT",
    "METHODS",
    "RUNGE_KUTTA",
    "SYMPLECTIC",
    "compiled_method",
    "method_of",
    "step_source",
    "tableau_of",
]
