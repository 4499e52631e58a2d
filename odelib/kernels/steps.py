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
    return Method(numbers, max(len(tab.F), 2), 2 if tab.two_estimates else 1, step, more)


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


def make_step(A, b, c, e, e_low, fsal, adaptive, two_estimates):
    """One step of a method as a Python function of the ABI STEP.

    It closes over constant arrays and numbers only, which are part of its identity on the disk.
    """
    stages = len(b)

    def step(rhs, t, t_new, h, n, y, ctx, K, y_new, err):
        # On entry the first n numbers of K are f(t, y); K is (stages, n) by rows. On return err[0]
        # says whether y_new holds a number that is not finite, and the error estimates follow.
        # All weights here are looked up when the step is compiled, because LLVM unrolls the loops
        # over stages. It does so in blocks; not in one loop over many, which would make a step of
        # DOP853 seven times slower.
        largest = 0  # the bits of |y_new|: as integers they are in the order of the numbers
        for block in range(0, stages, 4):
            for i in range(max(1, block), min(block + 4, stages)):
                for j in range(n):
                    slope = -0.0  # the only number that adds nothing at all
                    for k in range(i):
                        if A[i, k] != 0.0:
                            slope += (h * A[i, k]) * K[k * n + j]
                    y_new[j] = y[j] + slope
                # t + h may exceed t_new by a rounding error; f is never called beyond t_new
                t_stage = t_new if c[i] == 1.0 else t + c[i] * h
                status = call_rhs(rhs, t_stage, y_new, ctx, offset(K, i * n))
                if status != 0:
                    err[0] = t_stage
                    return status
        for j in range(n):
            if not fsal:  # otherwise the last stage was taken at the new point
                slope = -0.0
                for k in range(stages):
                    if b[k] != 0.0:
                        slope += (h * b[k]) * K[k * n + j]
                y_new[j] = y[j] + slope
            if adaptive:
                slope = -0.0
                for k in range(stages):
                    if e[k] != 0.0:
                        slope += (h * e[k]) * K[k * n + j]
                err[1 + j] = slope
            if two_estimates:
                slope = -0.0
                for k in range(stages):
                    if e_low[k] != 0.0:
                        slope += (h * e_low[k]) * K[k * n + j]
                err[1 + n + j] = slope
            largest = max(largest, np.float64(abs(y_new[j])).view(np.int64))
        err[0] = largest >= INFINITE
        return 0

    return step


def make_more(A_more, c_more, stages):
    """The stages of the interpolant that the step does not need, in the same ABI.

    They follow the step's own in K; `err` is where their arguments are formed.
    """

    def more(rhs, t, t_new, h, n, y, ctx, K, y_new, err):
        for i in range(len(c_more)):
            for j in range(n):
                slope = -0.0
                for k in range(stages + i):
                    if A_more[i, k] != 0.0:
                        slope += (h * A_more[i, k]) * K[k * n + j]
                err[j] = y[j] + slope
            status = call_rhs(rhs, t + c_more[i] * h, err, ctx, offset(K, (stages + i) * n))
            if status != 0:
                for j in range(n):
                    y_new[j] = err[j]  # where f failed, as in `make_step`
                err[0] = t + c_more[i] * h
                return status
        return 0

    return more
