"""Functions of the parameters alone, grad(theta, *args) and its kin, as C pointers of ABI RHS."""

from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np

from odelib import pointers
from odelib.fields.returned import as_shaped
from odelib.fields.rhs import Bound, bind


class Function(NamedTuple):
    """A user's function, ready to be called by a kernel."""

    bound: Bound
    call: Callable  # (t, theta) -> what it returns
    check: Callable  # what it returned -> the numbers, flat; raises if they are not as they should


class Functions(NamedTuple):
    """The functions of a descent, in the order of the kernel's codes GRAD, FUN, HESSIAN."""

    grad: Function
    fun: Function | None
    hessian: Function | None  # or the proximal map


def bind_functions(n, args, grad, fun=None, hessian=None, prox=None):
    """grad(theta, *args), and the others where they are given; theta has n components."""
    return Functions(
        bind_function(grad, "grad", (n,), n, args),
        fun and bind_function(fun, "fun", (), n, args),
        bind_function(prox, "prox", (n,), n, args)
        if prox
        else hessian and bind_function(hessian, "hessian", (n, n), n, args),
    )


def bind_function(function, name, shape, n, args):
    """A function of theta (n,) that returns numbers of this shape.

    Raises
    ------
    TypeError
        It cannot be called or compiled, or an element of args cannot be passed to it.
    """
    if not callable(function):
        form = "prox(theta, learning_rate, *args)" if name == "prox" else f"{name}(theta, *args)"
        raise TypeError(f"{name} must be a function {form}; got {function!r}")

    def check(value):
        return as_shaped(value, name, shape)

    def call(t, theta, *given):  # a proximal map gets the learning rate in the place of t
        return function(theta, t, *given) if name == "prox" else function(theta, *given)

    if pointers.is_compiled(function):
        field = field_of(function, _COMPILED.get(name, _plain))
    else:

        def field(t, theta, *given):
            return check(call(t, theta, *given))

    bound = bind(field, n, args, outputs=int(np.prod(shape)))
    return Function(bound, lambda t, theta: call(t, theta, *args), check)


def field_of(function, make):
    """f(t, theta, …) as `make` compiles it from a compiled function, made once for each."""
    known = function.__dict__.setdefault("_odelib_fields", {})
    if make not in known:
        known[make] = make(function)
    return known[make]


def _plain(function):
    def field(t, theta, *args):
        return function(theta, *args)

    field.__name__ = function.__name__  # numba's messages name it
    return numba.njit(field)


def _flattened(function):
    def field(t, theta, *args):
        return function(theta, *args).ravel()

    field.__name__ = function.__name__
    return numba.njit(field)


def _with_rate(function):
    def field(t, theta, *args):
        return function(theta, t, *args)

    field.__name__ = function.__name__
    return numba.njit(field)


_COMPILED = {"hessian": _flattened, "prox": _with_rate}
