"""Butcher tableaus: every explicit Runge–Kutta method of the library, as data.

A method with s stages advances y(t) to y(t + h) by

    k_i = f(t + c_i h,  y + h Σ_{j<i} A_ij k_j),    i = 1 … s
    y₁  = y + h Σ_i b_i k_i

and, where the method offers them, estimates its own error and fills in the step:

    err      = h Σ_i e_i k_i,                       e = b − b̂
    y(t+θh)  ≈ y + h Σ_i (P_i1 θ + P_i2 θ² + …) k_i,     0 ≤ θ ≤ 1

Numbers stand as the cited source prints them, so that page and paper can be compared line by
line. Nothing else in `odelib` knows a coefficient. What follows from the numbers (the count of
stages, whether the last stage can be reused, whether there is an error estimate) is computed.

References
----------
.. [HNW]  Hairer, Nørsett, Wanner, *Solving Ordinary Differential Equations I*, 2nd ed.,
          Springer 1993, doi:10.1007/978-3-540-78862-1. Tables II.1.1, II.1.2; II.5.2; II.6.
.. [R62]  Ralston, "Runge–Kutta methods with minimum error bounds", Math. Comp. 16 (1962)
          431–437, doi:10.1090/S0025-5718-1962-0150954-0.
.. [BS89] Bogacki, Shampine, "A 3(2) pair of Runge–Kutta formulas", Appl. Math. Lett. 2 (1989)
          321–325, doi:10.1016/0893-9659(89)90079-7.
.. [DP80] Dormand, Prince, "A family of embedded Runge–Kutta formulae", J. Comp. Appl. Math. 6
          (1980) 19–26, doi:10.1016/0771-050X(80)90013-3.
.. [S86]  Shampine, "Some practical Runge–Kutta formulas", Math. Comp. 46 (1986) 135–150,
          doi:10.1090/S0025-5718-1986-0815836-3 (the interpolant of DOPRI5 used here).
"""

from typing import NamedTuple

import numpy as np


class Tableau(NamedTuple):
    """Coefficients of one explicit method with s stages; all arrays are read-only."""

    c: np.ndarray  # (s,)    stage times
    A: np.ndarray  # (s, s)  stage weights, strictly lower triangular
    b: np.ndarray  # (s,)    solution weights
    e: np.ndarray  # (s,)    error weights b − b̂; all zero: no error estimate
    P: np.ndarray  # (s, q)  interpolant weights, column j multiplies θ^(j+1)
    order: int  # order of the solution
    error_order: int  # order of the embedded solution b̂; 0: there is none

    @property
    def adaptive(self):
        """Whether the method estimates its own error, and so can choose its step."""
        return bool(self.e.any())

    @property
    def fsal(self):
        """Whether the last stage of a step is the first of the next (First Same As Last)."""
        return bool(self.c[-1] == 1 and len(self.b) > 1 and (self.A[-1] == self.b).all())


def tableau(*, c, A, b, P, order, b_hat=None, error_order=0):
    """Build a `Tableau` from the rows as printed: A without its zero triangle."""
    s = len(c)
    A_square = np.zeros((s, s))
    for i, row in enumerate(A):
        A_square[i, : len(row)] = row
    e = np.zeros(s) if b_hat is None else np.subtract(b, b_hat)
    return Tableau(*map(_frozen, (c, A_square, b, e, P)), order, error_order)


def _frozen(values):
    array = np.array(values, dtype=float)
    array.flags.writeable = False
    return array


# The rows below keep the shape of the printed tables.
# fmt: off

# Euler (1768): one stage; its interpolant is the straight line.
EULER = tableau(
    order=1,
    c=(0,),
    A=((),),
    b=(1,),
    P=((1,),),
)

# The three second-order methods with two stages that have names; each interpolant is the only
# one of order 2 that its two stages allow: Σ b_i(θ) = θ, Σ b_i(θ) c_i = θ²/2.
# Runge (1895), [HNW] Table II.1.1: the slope in the middle.
MIDPOINT = tableau(
    order=2,
    c=(0, 1/2),
    A=((),
       (1/2,)),
    b=(0, 1),
    P=((1, -1),
       (0, 1)),
)

# Heun (1900): the mean of the slopes at both ends.
HEUN = tableau(
    order=2,
    c=(0, 1),
    A=((),
       (1,)),
    b=(1/2, 1/2),
    P=((1, -1/2),
       (0, 1/2)),
)

# Ralston [R62]: the smallest bound on the leading error term.
RALSTON = tableau(
    order=2,
    c=(0, 2/3),
    A=((),
       (2/3,)),
    b=(1/4, 3/4),
    P=((1, -3/4),
       (0, 3/4)),
)

# Kutta's third-order method (1901). The interpolant integrates the parabola through the three
# slopes and has order 2; with three stages order 3 is out of reach ([HNW] II.6).
RK3 = tableau(
    order=3,
    c=(0, 1/2, 1),
    A=((),
       (1/2,),
       (-1, 2)),
    b=(1/6, 2/3, 1/6),
    P=((1, -3/2, 2/3),
       (0, 2, -4/3),
       (0, -1/2, 2/3)),
)

# The classical method of Kutta (1901), [HNW] Table II.1.2. The cubic interpolant is the only
# one of order 3 that its four stages allow ([HNW] II.6).
RK4 = tableau(
    order=4,
    c=(0, 1/2, 1/2, 1),
    A=((),
       (1/2,),
       (0, 1/2),
       (0, 0, 1)),
    b=(1/6, 1/3, 1/3, 1/6),
    P=((1, -3/2, 2/3),
       (0, 1, -2/3),
       (0, 1, -2/3),
       (0, -1/2, 2/3)),
)

# Kutta's 3/8 rule (1901), [HNW] Table II.1.2; the interpolant solves the four conditions of order 3.
RK38 = tableau(
    order=4,
    c=(0, 1/3, 2/3, 1),
    A=((),
       (1/3,),
       (-1/3, 1),
       (1, -1, 1)),
    b=(1/8, 3/8, 3/8, 1/8),
    P=((1, -15/8, 1),
       (0, 15/8, -3/2),
       (0, 3/8, 0),
       (0, -3/8, 1/2)),
)

# Bogacki–Shampine 3(2) [BS89]; the interpolant is the cubic Hermite polynomial of the step.
RK23 = tableau(
    order=3,
    error_order=2,
    c=(0, 1/2, 3/4, 1),
    A=((),
       (1/2,),
       (0, 3/4),
       (2/9, 1/3, 4/9)),
    b=(2/9, 1/3, 4/9, 0),
    b_hat=(7/24, 1/4, 1/3, 1/8),
    P=((1, -4/3, 5/9),
       (0, 1, -2/3),
       (0, 4/3, -8/9),
       (0, -1, 1)),
)

# Dormand–Prince 5(4), "DOPRI5" [DP80], [HNW] Table II.5.2; P of order 4 from [S86].
RK45 = tableau(
    order=5,
    error_order=4,
    c=(0, 1/5, 3/10, 4/5, 8/9, 1, 1),
    A=((),
       (1/5,),
       (3/40, 9/40),
       (44/45, -56/15, 32/9),
       (19372/6561, -25360/2187, 64448/6561, -212/729),
       (9017/3168, -355/33, 46732/5247, 49/176, -5103/18656),
       (35/384, 0, 500/1113, 125/192, -2187/6784, 11/84)),
    b=(35/384, 0, 500/1113, 125/192, -2187/6784, 11/84, 0),
    b_hat=(5179/57600, 0, 7571/16695, 393/640, -92097/339200, 187/2100, 1/40),
    P=((1, -8048581381/2820520608, 8663915743/2820520608, -12715105075/11282082432),
       (0, 0, 0, 0),
       (0, 131558114200/32700410799, -68118460800/10900136933, 87487479700/32700410799),
       (0, -1754552775/470086768, 14199869525/1410260304, -10690763975/1880347072),
       (0, 127303824393/49829197408, -318862633887/49829197408, 701980252875/199316789632),
       (0, -282668133/205662961, 2019193451/616988883, -1453857185/822651844),
       (0, 40617522/29380423, -110615467/29380423, 69997945/29380423)),
)

# fmt: on

METHODS = {
    "Euler": EULER,
    "Midpoint": MIDPOINT,
    "Heun": HEUN,
    "Ralston": RALSTON,
    "RK3": RK3,
    "RK4": RK4,
    "RK38": RK38,
    "RK23": RK23,
    "RK45": RK45,
}
