"""The book's figures with a slider, as its pages make them, and what odelib says about them."""

import numpy as np

import odelib
from hundred_points import hundred_points, valley
from odelib import interactive

HESSIAN, OPTIMUM = valley()
EIGENVALUES = np.linalg.eigvalsh(HESSIAN)
STEPS = 60
MARKS = {0.01: "1.836", 0.895: "0.000258", 1.0: "213.2"}
METHODS = ("Euler", "Midpoint", "RK3", "RK4")


def first_page(**options):
    return interactive.descent(
        HESSIAN, OPTIMUM, start=[0, 0], **({"value": 0.895, "marks": tuple(MARKS)} | options)
    )


def regions(**options):
    return interactive.regions(EIGENVALUES, **({"marks": (0.9, 1.1, 1.3, 1.5)} | options))


def four_panels(**options):
    return first_page(panels=("path", "factors", "loss", "reach"), **options)


def lowest_loss():
    X, y = hundred_points()
    return np.mean((X @ OPTIMUM - y) ** 2) / 2


STOPS = np.round([0.01, *np.arange(0.1, 0.85, 0.1), *np.arange(0.9, 1.001, 0.002), 1.02], 3)


def opening(**options):
    """The first page's: what its slider says is the loss, and it spends its track at the border."""
    options = {"value": 0.98, "marks": (0.1, 0.95, 0.98)} | options
    panels = ("path", "level", "factors")
    return interactive.descent(
        HESSIAN, OPTIMUM, [0, 0], stops=STOPS, panels=panels, minimum=lowest_loss(), **options
    )


FIGURES = {
    "opening": opening,
    "cubic": lambda **options: interactive.cubic(**({"marks": (1.9, 2.3, 2.5, 3.0)} | options)),
    "descent": first_page,
    "four panels": four_panels,
    "polygon": interactive.polygon,
    "regions": regions,
    "slopes": interactive.slopes,
}


def path_by_odelib(learning_rate, method="Euler"):
    """Gradient descent from 0 as a solve, shape (2, STEPS + 1)."""
    flow = odelib.gradient_flow(lambda theta: HESSIAN @ (theta - OPTIMUM))
    sol = odelib.solve_ivp(
        flow, (0, STEPS * learning_rate), [0.0, 0.0], method=method, step=learning_rate
    )
    assert sol.y.shape == (2, STEPS + 1)
    return sol.y


def solve(rate, end, steps, method="Euler"):
    """The method's value at `end`, after so many steps on y′ = rate·y from 1, and its slopes."""
    slopes = []

    def f(t, y):
        slopes.append(rate * y[0])
        return rate * y

    step = end / steps
    sol = odelib.solve_ivp(f, (0.0, end), [1.0], method=method, step=step)
    assert sol.steps == steps
    return sol.y[0, -1], slopes[: sol.nfev]


def sizes_by_odelib(method, learning_rate):
    """|R(z)| of the two directions."""
    return np.abs(odelib.stability_function(method, -learning_rate * EIGENVALUES))
