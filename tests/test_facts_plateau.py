"""Facts on stopping: a plateau that looks like the end, and the freedom of ridge and of the flow.

Expected values and tolerances are read from data/facts_plateau.json. A fact CLM-06 is tested by the
function whose name starts with test_clm_06_.
"""

import numpy as np
from sklearn.datasets import load_diabetes

from facts import FACTS, expect
from odelib import gradient_flow, minimize, models, rhs, solve_ivp


@rhs
def two_layers(t, weights):
    """The gradient flow of (1 − ab)²/2."""
    a, b = weights
    return b * (1 - a * b), a * (1 - a * b)


def half_learnt(t, weights):
    return weights[0] * weights[1] - 0.5


def test_clm_06_and_clm_07_half_is_learnt_late_after_a_plateau():
    half_learnt.terminal = True
    start = 2 * [np.sqrt(1e-6)]  # balanced, with ab = 1e-6
    sol = solve_ivp(
        two_layers, (0, 20), start, "DOP853", events=half_learnt, rtol=1e-12, atol=1e-15,
        dense_output=True,
    )  # fmt: skip
    expect("CLM-06", sol.t_events[0])
    a, b = sol.sol(3.0)
    assert (1 - a * b) ** 2 >= FACTS["CLM-07"]["expected"]
    assert (1 - a * b) ** 2 < (1 - 1e-6) ** 2


def test_dat_04_degrees_of_freedom_of_ridge_and_of_the_stopped_flow():
    """A fit is linear in y through Xᵀy: fitted for each unit vector of that, it is a matrix N, and
    the smoother X N Xᵀ has the trace of N XᵀX. The loss is |y − Xb|²/2, m times the model's.
    """
    X, _ = load_diabetes(return_X_y=True)
    m = len(X)
    ridge, plain = models.ridge(1.0 / m), models.least_squares()
    flow = gradient_flow(plain.gradient, eta=m)
    by_ridge, by_flow = [], []
    for y in (X @ np.linalg.inv(X.T @ X)).T:
        data = plain.check((X, y))
        run = minimize(
            lambda b, data=data: ridge.gradient(b, *data, *ridge.args), np.zeros(10), "newton",
            learning_rate=1.0, steps=2,
            hessian=lambda b, data=data: np.array(
                [ridge.hvp(b, e, *data, *ridge.args) for e in np.eye(10)]
            ),
        )  # fmt: skip
        by_ridge.append(run.theta)
        sol = solve_ivp(
            flow, (0, 1), np.zeros(10), "DOP853", args=(*data, *plain.args), rtol=1e-11, atol=1e-13
        )
        by_flow.append(sol.y[:, -1])
    expect("DAT-04", [np.trace(X.T @ X @ np.array(fits).T) for fits in (by_ridge, by_flow)])
