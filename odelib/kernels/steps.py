"""One step of each explicit method, compiled from its tableau into a C function of the ABI STEP."""

import functools
from typing import Any, NamedTuple

import numpy as np

from odelib.arguments import method_of
from odelib.kernels import symplectic
from odelib.pointers import call_rhs, offset, step_pointer
from odelib.splitting import Splitting

INFINITE = int(np.float64(np.inf).view(np.int64))  # those of NaN are more


class Method(NamedTuple):
    """What a kernel takes of a method; to be kept alive as long as it may use the addresses."""

    numbers: tuple  # the address of its step, that of what more its interpolant needs, …
    slopes: int  # how many K holds at a time
    terms: int  # of the interpolant
    estimates: int  # of the error
    step: Any
    more: Any


@functools.cache
def compiled_method(name):
    """The compiled step of a method and its numbers."""
    tab, step, more = method_of(name), step_of(name), more_of(name)
    address = more.address if more else 0
    exponent = float(tab.error_exponent)
    numbers = (step.address, address, exponent, tab.stages, bool(tab.fsal), tab.F)
    slopes, terms = tab.F.shape
    return Method(numbers, max(slopes, 2), terms, 2 if tab.two_estimates else 1, step, more)


@functools.cache
def step_of(method):
    """The compiled step of a method: an object with an `.address` that must be kept alive."""
    tab = method_of(method)
    if isinstance(tab, Splitting):
        return step_pointer(symplectic.make_step(tab.kicks, tab.drifts, tab.stages))
    numbers = (tab.A, tab.b, tab.c, tab.e, tab.e_low, tab.fsal, tab.adaptive, tab.two_estimates)
    return step_pointer(make_step(*numbers))


@functools.cache
def more_of(method):
    """The compiled stages that only the interpolant needs, or None where there are none."""
    tab = method_of(method)
    if isinstance(tab, Splitting):
        return step_pointer(symplectic.make_more(tab.stages))
    if not len(tab.c_more):
        return None
    return step_pointer(make_more(tab.A_more, tab.c_more, len(tab.b)))


# A step is written out as text from the coefficients. As a loop over the stages it is quick only
# where LLVM unrolls the loop, which it does or does not at the least change: a step of DOP853 then
# takes three times as long. The numbers in the text are those of the tableau to the last bit.


def make_step(A, b, c, e, e_low, fsal, adaptive, two_estimates):
    """One step of a method as a Python function of the ABI STEP.

    On entry the first n numbers of K are f(t, y); K is (stages, n) by rows. On return err[0] says
    whether y_new holds a number that is not finite, and the error estimates follow.
    """
    lines = ["largest = 0"]  # bits of |y_new|: as integers they are in the order of the numbers
    for i in range(1, len(b)):
        lines += _stage(A[i], c[i], i, "y_new")
    ends = []
    if not fsal:  # otherwise the last stage was taken at the new point
        ends.append(f"y_new[j] = y[j] + {_slope(b)}")
    if adaptive:
        ends.append(f"err[1 + j] = {_slope(e)}")
    if two_estimates:
        ends.append(f"err[1 + n + j] = {_slope(e_low)}")
    ends.append("largest = max(largest, np.float64(abs(y_new[j])).view(np.int64))")
    lines += ["for j in range(n):", *_indented(ends), "err[0] = largest >= INFINITE"]
    return _function(lines)


def make_more(A_more, c_more, stages):
    """The stages of the interpolant that the step does not need, in the same ABI.

    They follow the step's own in K; `err` is where their arguments are formed.
    """
    lines = []
    for i in range(len(c_more)):
        failed = ["for j in range(n):", "    y_new[j] = err[j]"]  # where f failed, as in a step
        lines += _stage(A_more[i], c_more[i], stages + i, "err", failed)
    return _function(lines)


def _stage(weights, c, i, place, failed=()):
    """Lines for stage i of K, whose argument is formed in `place`."""
    # t + h may exceed t_new by a rounding error; f is never called beyond t_new
    time = "t_new" if c == 1.0 else f"t + {float(c)!r} * h"
    *older, newest = np.flatnonzero(weights)
    known = f"(y[j] + ({_slope(weights[:newest])}))" if older else "y[j]"
    return [
        "for j in range(n):",
        # what is known before the newest stage is added up before it: nothing waits for that
        f"    {place}[j] = {known} + {_slope(weights, newest)}",
        f"status = call_rhs(rhs, {time}, {place}, ctx, offset(K, {i} * n))",
        "if status != 0:",
        *_indented(failed),
        f"    err[0] = {time}",
        "    return status",
    ]


def _slope(weights, first=0):
    """The text of Σ h·w·K[k, j] over k from `first` on."""
    terms = [
        f"(h * {float(w)!r}) * K[{k} * n + j]" for k, w in enumerate(weights) if w and k >= first
    ]
    return " + ".join(terms) or "0.0"


def _indented(lines):
    return [f"    {line}" for line in lines]


def _function(lines):
    """The function of the ABI STEP with these lines."""
    head = "def step(rhs, t, t_new, h, n, y, ctx, K, y_new, err):"
    scope = dict(np=np, call_rhs=call_rhs, offset=offset, INFINITE=INFINITE, __name__=__name__)
    exec("\n".join([head, *_indented(lines), "    return 0"]), scope)
    return scope["step"]
