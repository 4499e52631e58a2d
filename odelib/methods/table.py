"""The table of the methods: one by its name, its step as text, and compiled for the kernels."""

import functools
import inspect
import textwrap
from typing import NamedTuple

import numpy as np

from odelib.methods import bdf, radau
from odelib.methods.symplectic import SYMPLECTIC
from odelib.methods.tableaus import RUNGE_KUTTA
from odelib.pointers import step_pointer

IMPLICIT = {"Radau": radau.METHOD, "BDF": bdf.METHOD}
METHODS = RUNGE_KUTTA | SYMPLECTIC | IMPLICIT


def method_of(name):
    """The row of a method by its name."""
    return _row(METHODS, name)


def tableau_of(name):
    """The tableau of a Runge–Kutta method by its name."""
    return _row(RUNGE_KUTTA, name)


def _row(table, name):
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"method must be one of {', '.join(map(repr, table))}; got {name!r}")
    return table[name]


def step_source(method):
    """The Python text of one step of a method, as odelib compiles it.

    The step of a Runge–Kutta method is written out from its tableau: on entry the first n numbers
    of K are f(t, y), `call_rhs` calls f, and `offset(K, i * n)` is where row i of K begins.

    Parameters
    ----------
    method : str
        A name in `METHODS`.

    Returns
    -------
    str

    Examples
    --------
    >>> print(step_source("Euler"))
    def step(rhs, t, t_new, h, n, y, ctx, K, y_new, err):
        largest = 0
        for j in range(n):
            y_new[j] = y[j] + (h * 1.0) * K[0 * n + j]
            largest = max(largest, np.float64(abs(y_new[j])).view(np.int64))
        err[0] = largest >= INFINITE
        return 0
    """
    return textwrap.dedent(inspect.getsource(method_of(method).make_step())).rstrip()


class Method(NamedTuple):
    """A method, compiled (see steps.py)."""

    step: int  # the address of its step; 0: its kernel has it within
    extra_stages: int  # of what its interpolant needs beside the step; 0: nothing
    exponent: float  # of the error, for the size of the next step
    stages: int
    fsal: bool
    F: np.ndarray  # weights of the interpolant


class Compiled(NamedTuple):
    """A method for the kernels; to be kept alive as long as they may use its addresses."""

    group: Method
    slopes: int  # how many K holds at a time
    terms: int  # of the interpolant
    estimates: int  # of the error
    code: tuple  # what the addresses are of


@functools.cache
def compiled_method(name):
    """The compiled step of a method and its numbers."""
    row, step, extra_stages = METHODS[name], None, None
    if not row.implicit:
        step, extra_stages = step_pointer(row.make_step()), row.make_extra_stages()
    code = (step, extra_stages and step_pointer(extra_stages))
    method = Method(
        step=step.address if step else 0,
        extra_stages=code[1].address if extra_stages else 0,
        exponent=float(row.error_exponent),
        stages=row.stages,
        fsal=bool(row.fsal),
        F=row.F,
    )
    slopes, terms = row.F.shape
    return Compiled(method, max(slopes, 2), terms, 2 if row.two_estimates else 1, code)
