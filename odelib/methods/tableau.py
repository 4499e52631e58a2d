"""What a Butcher tableau is: the numbers of one explicit Runge–Kutta method.

A method with s stages advances y(t) to y(t + h) by

    k_i = f(t + c_i h,  y + h Σ_{j<i} A_ij k_j),    i = 1 … s
    y₁  = y + h Σ_i b_i k_i

and, where the method offers them, estimates its own error and fills in the step:

    err      = h Σ_i e_i k_i,                       e = b − b̂
    y(t+θh)  ≈ y + hθ Σ_i (F_i1 + (1−θ)(F_i2 + θ(F_i3 + (1−θ)(F_i4 + …)))) k_i,     0 ≤ θ ≤ 1

in this nested form, as Hairer's programs write it, because powers of θ lose digits: DOP853 has
weights of several hundred that cancel. F_i1 = b_i, so that θ = 1 gives the end of the step.

Some interpolants need stages of their own, which are evaluated only where the solution between
the steps is asked for; they stand below the others in c and A, and F has rows for them.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from odelib.methods import steps


@dataclass(frozen=True, eq=False)
class Tableau:
    """Coefficients of one explicit method: s stages, x more for the interpolant; read-only."""

    c: np.ndarray  # (s,)        stage times
    A: np.ndarray  # (s, s)      stage weights, strictly lower triangular
    b: np.ndarray  # (s,)        solution weights
    e: np.ndarray  # (s,)        error weights b − b̂; all zero: no error estimate
    F: np.ndarray  # (s + x, q)  interpolant weights, nested in θ and 1 − θ
    order: int  # order of the solution
    error_order: int  # order of the embedded solution b̂; 0: there is none
    e_low: np.ndarray  # (s,)    a second error estimate, of lower order; all zero: there is none
    low_order: int  # its order
    c_extra: np.ndarray  # (x,)   stage times of the interpolant's own stages
    A_extra: np.ndarray  # (x, s + x)  their weights

    halves = implicit = False  # y may be anything, and a step solves no equations
    fixed_step = True

    @cached_property
    def P(self):
        """The interpolant's weights (s + x, q) of powers: column j multiplies θ^(j+1)."""
        powers = np.zeros((len(self.F), self.F.shape[1] + 1))  # of what stands in the bracket
        for q in range(self.F.shape[1] - 1, -1, -1):
            powers[:, 0] += self.F[:, q]
            raised = np.roll(powers, 1, axis=1)
            powers = raised if q % 2 == 0 else powers - raised
        return frozen(powers[:, 1:])

    @cached_property
    def adaptive(self):
        """Whether the method estimates its own error, and so can choose its step."""
        return bool(self.e.any())

    @property
    def stages(self):
        """Slopes of a step, that at its start included."""
        return len(self.b)

    @cached_property
    def evaluations(self):
        """Calls of the right-hand side that one more step costs."""
        return len(self.b) - self.fsal

    @cached_property
    def two_estimates(self):
        """Whether a second error estimate is combined with the first."""
        return bool(self.e_low.any())

    @cached_property
    def error_exponent(self):
        """The size of the next step is the last one times (tolerance / error) to this power.

        One estimate of order q is O(h^(q+1)). Two, combined as err²/√(err² + 0.01 err_low²),
        behave like their product divided by the lower one.
        """
        power = self.error_order + 1
        return 1.0 / (2 * power - (self.low_order + 1) if self.two_estimates else power)

    @cached_property
    def fsal(self):
        """Whether the last stage of a step is the first of the next (First Same As Last)."""
        return bool(self.c[-1] == 1 and len(self.b) > 1 and (self.A[-1] == self.b).all())

    def make_step(self):
        """One step as a Python function of the ABI STEP."""
        return steps.make_step(self)

    def make_extra_stages(self):
        """The stages of the interpolant's own in the same ABI; None where there are none."""
        return steps.make_extra_stages(self)


def tableau(
    *, c, A, b, order, P=None, F=None, b_hat=None, error_order=0, e=None, e_low=None, low_order=0,
    extra_stages=((), ()),
):  # fmt: skip
    """Build a `Tableau` from the rows as printed: A without its zero triangle, F or P.

    `extra_stages` is (c, A) of the interpolant's own stages; `e` stands in for b − b̂ where the
    source prints the difference.
    """
    s, x = len(c), len(extra_stages[0])
    zero = np.zeros(s)
    if e is None:
        e = zero if b_hat is None else np.subtract(b, b_hat)
    if F is None:  # it meets the end of the step to the last bit
        F = [(end, *row[1:]) for end, row in zip(b, nested(P), strict=True)]
    arrays = (c, rows(A, s, s), b, e, F)
    e_low = frozen(zero if e_low is None else e_low)
    extra = map(frozen, (extra_stages[0], rows(extra_stages[1], x, s + x)))
    return Tableau(*map(frozen, arrays), order, error_order, e_low, low_order, *extra)


def nested(P):
    """Weights F of the nested form from those of powers."""
    return [_nested_row(row) for row in P]


def _nested_row(powers):
    """The F of θ(powers[0] + powers[1] θ + …), taken off from the outside inwards."""
    powers, F = list(powers), []
    while powers:
        if len(F) % 2 == 0:  # = F + (1 − θ)·rest, and it is F where θ = 1
            F.append(sum(powers))
            powers = list(itertools.accumulate([powers[0] - F[-1], *powers[1:]]))[:-1]
        else:  # = F + θ·rest
            F.append(powers[0])
            powers = powers[1:]
    return F


def rows(printed, height, width):
    """A matrix (height, width) from rows of any length, filled up with zeros."""
    matrix = np.zeros((height, width))
    for i, row in enumerate(printed):
        matrix[i, : len(row)] = row
    return matrix


def frozen(values):
    """These numbers as a read-only array."""
    array = np.array(values, dtype=float, order="C")
    array.flags.writeable = False
    return array
