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
    return interactive.regions(
        HESSIAN, OPTIMUM, [0, 0], **({"marks": (0.9, 1.1, 1.25, 1.4)} | options)
    )


def at_equal_cost(**options):
    return regions(panels=("path", "reach"), **options)


def thirty_points(seed=1, noise=0.3):
    """Thirty noisy points of sin 3x and a polynomial of degree 29: the arguments of `stopping`."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1.0, 1.0, 30)
    observed = np.sin(3 * points) + noise * rng.normal(size=30)
    fresh = np.linspace(-0.98, 0.98, 500)
    features, fresh_features = (np.polynomial.legendre.legvander(x, 29) for x in (points, fresh))
    return points, observed, features, fresh, fresh_features


def stopping(**options):
    options = {"truth": lambda x: np.sin(3 * x), "marks": (0, 1, 3, 4)} | options
    return interactive.stopping(*thirty_points(), **options)


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
    "landscapes": lambda **options: interactive.landscapes(
        **({"marks": (0.1, 0.4, 0.8, 1.1)} | options)
    ),
    "four panels": four_panels,
    "motor": interactive.motor,
    "polygon": interactive.polygon,
    "regions": regions,
    "regions at equal cost": at_equal_cost,
    "slopes": interactive.slopes,
    "stopping": stopping,
}


def landscape_gradient(landscape):
    """Gradient of a landscape with a start to be dragged, a function of (u, v)."""
    a, b, c = {"bowl": (0.2, 2, 0), "saddle": (1, -1, 0), "well": (1, -1, 1)}[landscape]
    return lambda theta: np.array([a * theta[0], c * theta[1] ** 3 + b * theta[1]])


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


def errors_by_odelib(log):
    """Training error and error on new points of the flow at t = 10^log, and the fit there."""
    _, observed, features, fresh, fresh_features = thirty_points()

    def flow(t, theta):
        return features.T @ (observed - features @ theta) / 30

    theta = odelib.solve_ivp(flow, (0, 10.0**log), np.zeros(30), rtol=1e-9, atol=1e-11).y[:, -1]
    fit = fresh_features @ theta
    train = np.mean((features @ theta - observed) ** 2)
    return train, np.mean((fit - np.sin(3 * fresh)) ** 2), fit


def motor_by_odelib(gains, limit, repair):
    """Overshoot, error at the end and last voltage of the motor's loop."""

    def loop(t, state, load):
        y, omega, z = state
        Kp, Ki, Kd = gains
        u = Kp * (4.0 - y) + Ki * z - Kd * omega
        s = min(max(u, -limit), limit)
        back = repair * (s - u) / Ki if Ki else 0.0
        return (omega, 200 * s - 10 * omega + 4000 * load, 4.0 - y + back)

    fixed = {"method": "RK4", "step": 0.001}
    first = odelib.solve_ivp(loop, (0, 0.6), np.zeros(3), args=(0.0,), **fixed).y
    then = odelib.solve_ivp(loop, (0, 0.6), first[:, -1], args=(-0.25,), **fixed).y
    y, omega, z = then[:, -1]
    voltage = gains[0] * (4 - y) + gains[1] * z - gains[2] * omega
    return max(first[0].max() - 4, 0), 4 - y, min(max(voltage, -limit), limit)
