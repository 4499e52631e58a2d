"""One step of each explicit method, compiled from its tableau into a C function of the ABI STEP."""

import functools

from odelib.arguments import method_of
from odelib.kernels import symplectic
from odelib.pointers import call_rhs, offset, step_pointer
from odelib.splitting import Splitting


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
        # On entry the first n numbers of K are f(t, y); K is (stages, n) by rows.
        # All weights here are looked up when the step is compiled, because LLVM unrolls the loops
        # over stages. It does so in blocks; not in one loop over many, which would make a step of
        # DOP853 seven times slower.
        for block in range(0, stages, 4):
            for i in range(max(1, block), min(block + 4, stages)):
                for j in range(n):
                    slope = 0.0
                    for k in range(i):
                        if A[i, k] != 0.0:
                            slope += A[i, k] * K[k * n + j]
                    y_new[j] = y[j] + h * slope
                # t + h may exceed t_new by a rounding error; f is never called beyond t_new
                t_stage = t_new if c[i] == 1.0 else t + c[i] * h
                status = call_rhs(rhs, t_stage, y_new, ctx, offset(K, i * n))
                if status != 0:
                    err[0] = t_stage
                    return status
        if not fsal:  # otherwise the last stage was taken at the new point
            for j in range(n):
                slope = 0.0
                for k in range(stages):
                    if b[k] != 0.0:
                        slope += b[k] * K[k * n + j]
                y_new[j] = y[j] + h * slope
        if adaptive:
            for j in range(n):
                slope = 0.0
                for k in range(stages):
                    if e[k] != 0.0:
                        slope += e[k] * K[k * n + j]
                err[j] = h * slope
        if two_estimates:
            for j in range(n):
                slope = 0.0
                for k in range(stages):
                    if e_low[k] != 0.0:
                        slope += e_low[k] * K[k * n + j]
                err[n + j] = h * slope
        return 0

    return step


def make_more(A_more, c_more, stages):
    """The stages of the interpolant that the step does not need, in the same ABI.

    They follow the step's own in K; `err` is where their arguments are formed.
    """

    def more(rhs, t, t_new, h, n, y, ctx, K, y_new, err):
        for i in range(len(c_more)):
            for j in range(n):
                slope = 0.0
                for k in range(stages + i):
                    if A_more[i, k] != 0.0:
                        slope += A_more[i, k] * K[k * n + j]
                err[j] = y[j] + h * slope
            status = call_rhs(rhs, t + c_more[i] * h, err, ctx, offset(K, (stages + i) * n))
            if status != 0:
                for j in range(n):
                    y_new[j] = err[j]  # where f failed, as in `make_step`
                err[0] = t + c_more[i] * h
                return status
        return 0

    return more
