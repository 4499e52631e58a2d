"""Symplectic methods for y = (q, v), as data: kicks of the velocity and drifts of the position.

For q′ = g(v), v′ = a(t, q) a step does, for i = 1 … s,

    v ← v + d_i h a(t, q)        a kick
    q ← q + c_i h g(v),  t ← t + c_i h        a drift

Each of the two is the exact flow of one half of the equation, so for a Hamiltonian H = T(v) + U(q)
every step is a symplectic map: it conserves areas of phase space, and its energy error stays
bounded over very long times instead of growing.

Between the ends of a step stands the cubic that has their states and slopes (Hermite).

References
----------
.. [HLW] Hairer, Lubich, Wanner, *Geometric Numerical Integration*, 2nd ed., Springer 2006,
         doi:10.1007/3-540-30666-8, sections I.1.4 (both methods), VI.3 and IX.3.
.. [V67] Verlet, "Computer experiments on classical fluids I", Phys. Rev. 159 (1967) 98–103,
         doi:10.1103/PhysRev.159.98.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from odelib.pointers import call_rhs, offset


@dataclass(frozen=True, eq=False)
class Splitting:
    """Coefficients of one method of kicks and drifts; read-only."""

    kicks: tuple  # d (s,)
    drifts: tuple  # c (s,)
    order: int

    halves = True  # y is (q, v)
    fixed_step = True
    implicit = adaptive = two_estimates = False  # it has no estimate of its error
    error_exponent = 0.0

    @cached_property
    def stages(self):
        """The slope at the start, and those that a step evaluates: each drift, each later kick."""
        return 1 + int(np.count_nonzero(self.drifts) + np.count_nonzero(self.kicks[1:]))

    @cached_property
    def fsal(self):
        """Whether a step ends with a kick, whose force is that of the next step's first."""
        return self.drifts[-1] == 0.0

    @cached_property
    def evaluations(self):
        """Calls of the right-hand side that one more step costs."""
        return self.stages - self.fsal

    @cached_property
    def F(self):
        """Interpolant weights (stages + 2, 3), nested in θ and 1 − θ (see `Tableau`).

        Row 1 holds the slope of the chord, the last two the slopes at the ends.
        """
        weights = np.zeros((self.stages + 2, 3))
        weights[1] = 1, -1, 2
        weights[-2:] = (0, 1, -1), (0, 0, -1)
        weights.flags.writeable = False
        return weights

    def make_step(self):
        """One step as a Python function of the ABI STEP."""
        return make_step(self.kicks, self.drifts, self.stages)

    def make_extra_stages(self):
        """The slopes at both ends of the step, in the same ABI."""
        return make_extra_stages(self.stages)


def make_step(kicks, drifts, stages):
    """Kicks and drifts as a Python function of the ABI STEP.

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


SYMPLECTIC = {
    # [HLW] I.1.4, also called semi-implicit Euler: the position moves with the new velocity.
    "SymplecticEuler": Splitting(kicks=(1.0,), drifts=(1.0,), order=1),
    # [V67]; leapfrog; "velocity Verlet" in molecular dynamics.
    "StormerVerlet": Splitting(kicks=(0.5, 0.5), drifts=(1.0, 0.0), order=2),
}
