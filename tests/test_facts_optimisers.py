"""The quantitative facts on momentum, Nesterov, Newton and Adam, each computed with odelib.

Expected values and tolerances are read from data/facts_optimisers.json. A fact MOM-04 is tested by
the function whose name starts with test_mom_04_.
"""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import j1

from facts import FACTS, expect, expect_at_most
from odelib import minimize, newton_flow, solve_ivp


def rate(name, eigenvalue, learning_rate, **settings):
    """By how much a step shrinks one mode in the long run, from four steps of the optimiser.

    On L = λθ²/2 the iterates satisfy θ_{k+1} = pθ_k − qθ_{k−1}; the rate is the largest root.
    """
    run = minimize(
        lambda theta: eigenvalue * theta, [1.0], name, learning_rate=learning_rate, steps=4,
        trajectory=True, **settings,
    )  # fmt: skip
    x = run.trajectory[0, 1:]  # the first step may be special
    p, minus_q = np.linalg.solve([[x[1], x[0]], [x[2], x[1]]], [x[2], x[3]])
    return np.max(np.abs(np.roots([1.0, -p, -minus_q])))


def worst_rate(name, learning_rate, **settings):
    """The rate of the slowest mode of a spectrum from 1 to 100."""
    spectrum = np.linspace(1.0, 100.0, 200)
    return max(rate(name, eigenvalue, learning_rate, **settings) for eigenvalue in spectrum)


def border(grows, inside, outside):
    """Where `grows` turns from False to True, by bisection."""
    assert not grows(inside)
    assert grows(outside)
    while outside - inside > 1e-9:
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if grows(middle) else (middle, outside)
    return inside


# --- Momentum -----------------------------------------------------------------------------------


def test_mom_01_the_optimal_heavy_ball():
    alpha, beta = 4 / (10 + 1) ** 2, ((10 - 1) / (10 + 1)) ** 2
    best = worst_rate("heavy_ball", alpha, momentum=beta)
    expect("MOM-01", best)
    for a, b in [(0.97, 1), (1.03, 1), (1, 0.97), (1, 1.03)]:  # any other choice is worse
        assert worst_rate("heavy_ball", a * alpha, momentum=b * beta) > best + 1e-3


def test_mom_02_the_optimal_gradient_descent():
    def shrinks(alpha):
        run = minimize(
            lambda theta: np.array([1.0, 100.0]) * theta, [1.0, 1.0], learning_rate=alpha,
            steps=50, trajectory=True,
        )  # fmt: skip
        return np.max(abs(run.trajectory[:, -1])) ** (1 / 50)

    expect("MOM-02", shrinks(2 / 101))
    assert shrinks(1.9 / 101) > shrinks(2 / 101) < shrinks(2.01 / 101)


def test_mom_04_nesterov_with_the_standard_coefficients():
    alpha, beta = 1 / 100, (10 - 1) / (10 + 1)
    expect("MOM-04", worst_rate("nesterov", alpha, momentum=beta))
    assert worst_rate("nesterov", alpha, momentum=0.9 * beta) > 0.91
    heavy_ball = worst_rate("heavy_ball", 4 / 11**2, momentum=(9 / 11) ** 2)
    assert heavy_ball < FACTS["MOM-04"]["expected"]  # on quadratics heavy ball is quicker


def test_mom_05_the_stability_border_of_heavy_ball():
    def grows(alpha):
        return rate("heavy_ball", 1.0, alpha, momentum=0.9) > 1

    expect("MOM-05", border(grows, 3.0, 5.0))


@pytest.fixture(scope="module")
def nesterovs_ode():
    """X(t) of Ẍ + (3/t)Ẋ + 4X = 0 from X(0) = 1, at rest, by its series up to t = 1e-3."""
    lam, t0 = 4.0, 1e-3
    return solve_ivp(
        lambda t, y: (y[1], -3 / t * y[1] - lam * y[0]), (t0, 30.0),
        [1 - lam * t0**2 / 8, -lam * t0 / 4], "DOP853", rtol=1e-12, atol=1e-14, dense_output=True,
    )  # fmt: skip


def test_mom_08_the_ode_is_solved_by_a_bessel_function(nesterovs_ode):
    t = np.linspace(0.1, 10, 500)
    expect("MOM-08", np.max(abs(nesterovs_ode.sol(t)[0] - 2 * j1(2 * t) / (2 * t))))


def test_mom_09_the_loss_falls_as_the_square_of_time(nesterovs_ode):
    t = np.linspace(0.01, 30, 3000)
    loss = 2 * nesterovs_ode.sol(t)[0] ** 2
    expect_at_most("MOM-09", np.max(loss - 2 / t**2))
    assert np.max(t**2 * loss) > 0.3  # no faster than that: the oscillation decays as t^(−3/2)


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e6])
def test_mom_10_the_bound_of_nesterovs_convex_scheme(condition):
    eigenvalues = np.geomspace(1 / condition, 1.0, 20)
    run = minimize(
        lambda theta: eigenvalues * theta, np.ones(20), "nesterov_convex", learning_rate=1.0,
        steps=300, trajectory=True,
    )  # fmt: skip
    ahead = run.trajectory[:, :-1]
    x = ahead - eigenvalues[:, None] * ahead  # x_k is one gradient step from the look-ahead point
    k = np.arange(1, 301)
    loss = 0.5 * np.sum(eigenvalues[:, None] * x**2, axis=0)
    expect_at_most("MOM-10", np.max(loss - 2 * 20 / (k + 1) ** 2))


def test_mom_11_the_scheme_follows_the_ode(nesterovs_ode):
    def distance(step):  # at t = 5
        count = round(5 / np.sqrt(step))
        run = minimize(
            lambda theta: 4 * theta, [1.0], "nesterov_convex", learning_rate=step, steps=count
        )
        return abs(run.theta[0] - nesterovs_ode.sol(5.0)[0])

    expect_at_most("MOM-11", distance(1e-4))
    assert distance(1e-6) < distance(1e-4) / 8  # first order in √step


# --- Newton -------------------------------------------------------------------------------------


def well(theta):  # the gradient of x⁴ + xy + y²
    return np.array([4 * theta[0] ** 3 + theta[1], theta[0] + 2 * theta[1]])


def well_hessian(theta):
    return np.array([[12 * theta[0] ** 2, 1.0], [1.0, 2.0]])


def test_newt_01_the_gradient_decays_along_the_newton_flow():
    flow = newton_flow(well, well_hessian)
    sol = solve_ivp(flow, (0, 3), [1.5, 1.0], rtol=1e-11, atol=1e-12)
    expect("NEWT-01", well(sol.y[:, -1]))
    np.testing.assert_allclose(
        [well(theta) for theta in sol.y.T],
        np.exp(-sol.t)[:, None] * well(np.array([1.5, 1.0])),
        rtol=0,
        atol=1e-8,
    )


def test_newt_02_newtons_method_is_euler_with_step_one_and_quadratic():
    run = minimize(
        well, [1.0, -0.5], "newton", learning_rate=1.0, steps=7, hessian=well_hessian,
        trajectory=True,
    )  # fmt: skip
    euler = solve_ivp(newton_flow(well, well_hessian), (0, 7), [1.0, -0.5], "Euler", step=1.0)
    np.testing.assert_allclose(run.trajectory, euler.y, rtol=0, atol=1e-14)
    minimum = np.array([np.sqrt(1 / 8), -np.sqrt(1 / 8) / 2])
    e = np.log(np.linalg.norm(run.trajectory - minimum[:, None], axis=0))
    expect("NEWT-02", (e[6] - e[5]) / (e[5] - e[4]))
    half = minimize(
        well, [1.0, -0.5], "newton", learning_rate=0.5, steps=60, hessian=well_hessian,
        trajectory=True,
    )  # fmt: skip
    e = np.linalg.norm(half.trajectory - minimum[:, None], axis=0)
    np.testing.assert_allclose(e[40] / e[39], 0.5, rtol=1e-4)  # a smaller step is only linear


def test_newt_04_the_natural_gradient_does_not_see_the_parametrisation():
    target, start = 0.7, 0.2

    def probability(logit):
        return 1 / (1 + np.exp(-logit))

    in_p = newton_flow(  # the Fisher information in the Hessian's place
        lambda p: (1 - target) / (1 - p) - target / p, lambda p: np.diag(1 / (p * (1 - p)))
    )
    in_logit = newton_flow(
        lambda u: probability(u) - target,
        lambda u: np.diag(probability(u) * (1 - probability(u))),
    )
    settings = {"rtol": 1e-11, "atol": 1e-12}
    p = solve_ivp(in_p, (0, 1), [start], **settings).y[0, -1]
    logit = solve_ivp(in_logit, (0, 1), [np.log(start / (1 - start))], **settings).y[0, -1]
    expect("NEWT-04", [p, probability(logit)])
    np.testing.assert_allclose(p, target + (start - target) * np.exp(-1), rtol=0, atol=1e-9)
    plain = solve_ivp(lambda t, p: target / p - (1 - target) / (1 - p), (0, 1), [start]).y[0, -1]
    assert abs(plain - p) > 0.05  # the plain gradient flow does


@pytest.mark.parametrize("h", [0.5, 5.0, 50.0])
def test_newt_05_implicit_euler_is_the_proximal_point(h):
    step = minimize(
        lambda x: x**3, [2.0], "proximal", learning_rate=h, steps=1,
        hessian=lambda x: np.diag(3 * x**2),
    )  # fmt: skip
    proximal = minimize_scalar(
        lambda x: x**4 / 4 + (x - 2) ** 2 / (2 * h), bounds=(0, 2), options={"xatol": 1e-9}
    )
    expect("NEWT-05", step.theta[0] - proximal.x)
    root = step.theta[0]
    np.testing.assert_allclose(root, 2 - h * root**3, rtol=0, atol=1e-12)


def test_newt_06_the_proximal_point_of_the_absolute_value_is_soft_thresholding():
    def soft(theta, h):
        return np.sign(theta) * np.maximum(abs(theta) - h, 0.0)

    run = minimize(
        np.sign, [1.0], "proximal", learning_rate=0.3, steps=6, prox=soft, trajectory=True
    )
    expect("NEWT-06", run.trajectory[0, 1:5])
    np.testing.assert_array_equal(run.trajectory[0, 4:], 0.0)  # there, and it stays
    explicit = minimize(np.sign, [1.0], learning_rate=0.3, steps=50, trajectory=True)
    assert np.min(abs(explicit.trajectory[0])) > 0.09  # explicit Euler goes on jumping


# --- Adam ---------------------------------------------------------------------------------------


def test_adam_01_the_first_step_is_the_learning_rate():
    gradient = np.array([123.4, -1e-9])
    run = minimize(lambda theta: gradient, [0.0, 0.0], "adam", learning_rate=1e-3, steps=1, eps=0)
    expect("ADAM-01", -run.theta)
    usual = minimize(lambda theta: gradient, [0.0, 0.0], "adam", learning_rate=1e-3, steps=1)
    assert abs(usual.theta[1]) < 1e-4  # with the default ε a tiny gradient makes a small step


def test_adam_02_a_constant_gradient_makes_steps_of_the_learning_rate():
    run = minimize(
        lambda theta: [7.5], [0.0], "adam", learning_rate=1e-3, steps=5, eps=0, trajectory=True
    )
    expect("ADAM-02", -np.diff(run.trajectory[0]))


def largest_step(silence, gradients):
    """The longest step, in learning rates, of Adam with ε = 0 when gradients follow a silence."""
    stream = itertools.chain(np.zeros(silence), gradients, itertools.repeat(0.0))
    steps = silence + len(gradients)
    run = minimize(
        lambda theta: [next(stream)], [0.0], "adam", learning_rate=1.0, steps=steps, eps=0,
        trajectory=True,
    )  # fmt: skip
    return np.max(abs(np.diff(run.trajectory[0])))


def test_adam_03_the_step_after_one_spike():
    expect("ADAM-03", largest_step(45_000, [5.0]))
    # not the largest: a constant gradient after silence, and the worst sequence of all
    np.testing.assert_allclose(largest_step(20_000, np.ones(60)), 6.5685, rtol=0, atol=1e-3)
    growing = (0.9 / 0.999) ** -np.arange(300.0)
    np.testing.assert_allclose(largest_step(20_000, growing), 7.2703, rtol=0, atol=5e-3)


def test_adam_04_the_step_after_one_spike_by_simulation():
    expect("ADAM-04", largest_step(20_000, [-3e5]))


def test_adam_06_projected_sgd_finds_the_right_end():
    """The problem on which Adam with β₁ = 0, β₂ = 1/(1 + C²) ends at +1, the worst point."""

    def slopes():
        return itertools.cycle([3.0, -1.0, -1.0])

    def run(step):
        slope = slopes()
        return minimize(
            np.zeros_like, [0.0], "proximal",
            prox=lambda theta, alpha: np.clip(theta - alpha * step(next(slope)), -1.0, 1.0),
            learning_rate=lambda k: 0.5 / np.sqrt(k + 1), steps=3000,
        )  # fmt: skip

    expect("ADAM-06", run(lambda slope: slope).theta[0])
    v = [0.0]

    def adam(slope):
        v[0] = 0.1 * v[0] + 0.9 * slope**2
        return slope / np.sqrt(v[0])

    assert run(adam).theta[0] > 0.95


def test_adam_08_the_stability_border_with_a_frozen_preconditioner():
    def grows(alpha):  # an averaged gradient is PyTorch's momentum with dampening = momentum
        return rate("heavy_ball", 1.0, alpha, momentum=0.9, dampening=0.9) > 1

    expect("ADAM-08", border(grows, 30.0, 50.0))
