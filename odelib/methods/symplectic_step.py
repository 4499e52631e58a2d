"""One step of each symplectic method, in the same ABI as a Runge–Kutta step (see steps.py)."""

import numpy as np

from odelib.pointers import call_rhs, offset


def make_step(kicks, drifts, stages):
    """Kicks and drifts (see splitting.py) as a Python function of the ABI STEP.

    Row 0 of K is f(t, y), the last row is that of the latest call of f, and row 1 is left as the
    slope of the chord, (y_new − y) / h.
    """

    def step(rhs, t, t_new, h, n, y, ctx, K, y_new, err):
        half = n // 2
        latest = (stages - 1) * n
        force = 0  # where the row with the force begins
        moved = 0.0  # the part of the step that the position has done
        for j in range(n):
            y_new[j] = y[j]
        for i in range(len(kicks)):
            if kicks[i] != 0.0:
                if i > 0:
                    at = t_new if moved == 1.0 else t + moved * h
                    status = call_rhs(rhs, at, y_new, ctx, offset(K, latest))
                    if status != 0:
                        err[0] = at
                        return status
                    force = latest
                for j in range(half, n):
                    y_new[j] += kicks[i] * h * K[force + j]
            if drifts[i] != 0.0:
                at = t_new if moved == 1.0 else t + moved * h
                status = call_rhs(rhs, at, y_new, ctx, offset(K, latest))
                if status != 0:
                    err[0] = at
                    return status
                for j in range(half):
                    y_new[j] += drifts[i] * h * K[latest + j]
                moved += drifts[i]
        broken = 0
        for j in range(n):
            K[n + j] = (y_new[j] - y[j]) / h
            broken += not abs(y_new[j]) < np.inf
        err[0] = broken
        return 0

    return step


def make_extra_stages(stages):
    """The slopes at both ends of the step, which only the interpolant needs."""

    def extra_stages(rhs, t, t_new, h, n, y, ctx, K, y_new, err):
        status = call_rhs(rhs, t, y, ctx, offset(K, stages * n))
        if status != 0:
            err[0] = t
            return status
        status = call_rhs(rhs, t_new, y_new, ctx, offset(K, (stages + 1) * n))
        if status != 0:
            err[0] = t_new
        return status

    return extra_stages
