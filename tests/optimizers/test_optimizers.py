"""Each row of OPTIMIZERS against the published algorithm, written out once more in plain NumPy."""

import functools
import math

import numba
import numpy as np
import pytest

from odelib import OPTIMIZERS, gradient_flow, minimize, solve_ivp, stability_interval
from odelib.methods import RUNGE_KUTTA
from odelib.optimizers.table import sutskever_point, translate_momentum

START = np.array([1.5, -1.0, 0.3, 2.0])
SCALE = np.array([0.5, 1.0, 3.0, 7.0])
STEPS = 1000
WITH_TABLEAU = [name for name, row in OPTIMIZERS.items() if row.tableau]
WITH_HESSIAN = [name for name, row in OPTIMIZERS.items() if row.rule]
WITH_MEMORY = [name for name, row in OPTIMIZERS.items() if row.update]


def grad(theta, scale):
    """∇L of L = Σ (sᵢθᵢ²/2 + θᵢ⁴/4) + θ₀θ₁/4: neither quadratic nor separable."""
    slope = np.empty(4)
    for i in range(4):
        slope[i] = scale[i] * theta[i] + theta[i] * theta[i] * theta[i]
    slope[0] += theta[1] / 4
    slope[1] += theta[0] / 4
    return slope


def hessian(theta, scale):
    matrix = np.zeros((4, 4))
    for i in range(4):
        matrix[i, i] = scale[i] + 3 * theta[i] * theta[i]
    matrix[0, 1] = matrix[1, 0] = 1 / 4
    return matrix


compiled = functools.cache(numba.njit)  # each function once
as_python_and_compiled = pytest.mark.parametrize(
    "compile_it", [lambda f: f, compiled], ids=["python", "njit"]
)


# The algorithms as published: each is given the gradient, the start, α and the row's settings, and
# yields the parameters after each step.


def gd(g, theta, alpha):
    while True:
        theta = theta - alpha * g(theta)
        yield theta


def heavy_ball(g, theta, alpha, momentum, dampening):  # Polyak 1964, θ and the one before
    before, pull = theta, g(theta)
    theta = before - alpha * pull
    yield theta
    if dampening == 0:
        while True:
            theta, before = theta - alpha * g(theta) + momentum * (theta - before), theta
            yield theta
    b = pull
    while True:
        b = momentum * b + (1 - dampening) * g(theta)
        theta = theta - alpha * b
        yield theta


def nesterov(g, theta, alpha, momentum):  # Sutskever's form, seen at the look-ahead point
    x, v = theta, np.zeros_like(theta)
    while True:
        v = momentum * v - alpha * g(x + momentum * v)
        x = x + v
        yield x + momentum * v


def nesterov_convex(g, y, alpha):  # Su, Boyd and Candès, equation (1)
    x, k = y, 1
    while True:
        x, before = y - alpha * g(y), x
        y = x + (k - 1) / (k + 2) * (x - before)
        k += 1
        yield y


def sign(g, theta, alpha):
    while True:
        theta = theta - alpha * np.sign(g(theta))
        yield theta


def rmsprop(g, theta, alpha, smoothing, eps):
    v = 0
    while True:
        pull = g(theta)
        v = smoothing * v + (1 - smoothing) * pull**2
        theta = theta - alpha * pull / (np.sqrt(v) + eps)
        yield theta


def adam(g, theta, alpha, beta1, beta2, eps):  # Kingma and Ba, Algorithm 1
    m = v = t = 0
    while True:
        t += 1
        pull = g(theta)
        m = beta1 * m + (1 - beta1) * pull
        v = beta2 * v + (1 - beta2) * pull**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - alpha * m_hat / (np.sqrt(v_hat) + eps)
        yield theta


def adamw(g, theta, alpha, beta1, beta2, eps, weight_decay=0.01):
    m = v = t = 0
    while True:
        t += 1
        pull = g(theta)
        m = beta1 * m + (1 - beta1) * pull
        v = beta2 * v + (1 - beta2) * pull**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - alpha * (m_hat / (np.sqrt(v_hat) + eps) + weight_decay * theta)
        yield theta


def newton(g, theta, alpha):
    while True:
        theta = theta - alpha * np.linalg.solve(hessian(theta, SCALE), g(theta))
        yield theta


def levenberg_marquardt(g, theta, alpha):
    while True:
        damped = hessian(theta, SCALE) + np.eye(len(theta)) / alpha
        theta = theta - np.linalg.solve(damped, g(theta))
        yield theta


def proximal(g, theta, alpha):  # the implicit equation by many fixed-point steps, for small α
    while True:
        x = theta
        for _ in range(200):
            x = theta - alpha * g(x)
        theta = x
        yield theta


PUBLISHED = {
    name: globals()[name] for name, row in OPTIMIZERS.items() if row.tableau in (None, "Euler")
}
OTHER_SETTINGS = {
    "heavy_ball": {"momentum": 0.5, "dampening": 0.3},
    "nesterov": {"momentum": 0.99},
    "rmsprop": {"smoothing": 0.9, "eps": 1e-3},
    "adam": {"beta1": 0.5, "beta2": 0.9, "eps": 1e-2},
    "adamw": {"beta1": 0.5, "beta2": 0.9, "eps": 1e-2},
}


def published_path(name, alpha, steps, settings):
    path = PUBLISHED[name](lambda theta: grad(theta, SCALE), START, alpha, **settings)
    return np.array([START] + [next(path) for _ in range(steps)]).T


def run(name, alpha, steps, compile_it=lambda f: f, **settings):
    given = {"hessian": compile_it(hessian)} if name in WITH_HESSIAN else {}
    return minimize(
        compile_it(grad), START, name, learning_rate=alpha, steps=steps, args=(SCALE,),
        trajectory=True, **given, **settings,
    )  # fmt: skip


@as_python_and_compiled
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_thousand_steps_are_those_of_the_published_algorithm(name, compile_it):
    alpha = 2e-4 if name == "rmsprop" else 0.02  # near the minimum it is chaotic
    steps = 100 if name == "proximal" else STEPS
    expected = published_path(name, alpha, steps, OPTIMIZERS[name].settings)
    result = run(name, alpha, steps, compile_it)
    assert result.stopped_by == "steps" and result.success
    np.testing.assert_allclose(result.trajectory, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(result.theta, result.trajectory[:, -1])
    # and one algorithm is not another: another learning rate is noticed
    other = run(name, 1.01 * alpha, 20, compile_it).trajectory
    assert abs(other - expected[:, :21]).max() > 1e-6


@pytest.mark.parametrize("name", OTHER_SETTINGS)
def test_the_hyperparameters_are_those_of_the_published_algorithm(name):
    assert OTHER_SETTINGS[name].keys() == OPTIMIZERS[name].settings.keys()
    expected = published_path(name, 1e-3, 300, OTHER_SETTINGS[name])
    result = run(name, 1e-3, 300, **OTHER_SETTINGS[name])
    np.testing.assert_allclose(result.trajectory, expected, rtol=0, atol=1e-12)
    for setting in OPTIMIZERS[name].settings:  # each of them matters
        one_default = {k: v for k, v in OTHER_SETTINGS[name].items() if k != setting}
        assert abs(run(name, 1e-3, 300, **one_default).trajectory - expected).max() > 1e-8


@as_python_and_compiled
@pytest.mark.parametrize("name", WITH_TABLEAU)
def test_runge_kutta_descent_is_solve_ivp_on_the_gradient_flow_bit_for_bit(name, compile_it):
    g = compile_it(grad)
    tableau = OPTIMIZERS[name].tableau
    alpha = 0.02
    sol = solve_ivp(gradient_flow(g), (0, 50 * alpha), START, tableau, step=alpha, args=(SCALE,))
    result = minimize(g, START, name, learning_rate=alpha, steps=50, args=(SCALE,), trajectory=True)
    assert sol.y.shape == (4, 51)
    np.testing.assert_array_equal(result.trajectory, sol.y)
    assert result.njev == 50 * len(RUNGE_KUTTA[tableau].b) + 1


def test_every_row_says_what_it_is():
    for name, row in OPTIMIZERS.items():
        assert row.claim in ("identity", "limit", "analogy"), name
        assert row.flow and row.integrator and row.pinned_to, name
        assert sum(part is not None for part in (row.tableau, row.update, row.rule)) == 1, name
        assert name in PUBLISHED or name in RUNGE_KUTTA, name
    assert {row.tableau for row in OPTIMIZERS.values() if row.tableau} == set(RUNGE_KUTTA)


# --- The stability limits ---------------------------------------------------------------------


@numba.njit
def identity(theta):
    return theta


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(
    "name", [n for n, row in OPTIMIZERS.items() if row.limit and n not in WITH_HESSIAN]
)
def test_just_below_the_limit_it_converges_and_just_above_it_diverges(name, momentum):
    settings = OPTIMIZERS[name].settings | (
        {"momentum": momentum} if "momentum" in OPTIMIZERS[name].settings else {}
    )
    limit = OPTIMIZERS[name].limit(**settings)

    def distance(alpha):  # on L = θ²/2, whose only eigenvalue is 1
        with np.errstate(over="ignore", invalid="ignore"):  # the interpreted kernel warns
            run = minimize(identity, [1.0], name, learning_rate=alpha, steps=400, **settings)
        return abs(run.theta[0]) if run.success else math.inf

    assert distance(0.98 * limit) < 1e-2
    assert distance(1.02 * limit) > 1e2


def test_dampening_raises_the_limit_of_heavy_ball():
    assert OPTIMIZERS["heavy_ball"].limit(momentum=0.9, dampening=0.9) == pytest.approx(38.0)
    assert OPTIMIZERS["gd"].limit() == stability_interval("Euler")[0] == 2.0


@pytest.mark.parametrize("alpha", [0.01, 1.0, 1e3, 1e9])
def test_the_proximal_point_is_stable_for_every_step(alpha):
    eigenvalues = np.array([0.1, 1.0, 50.0])
    run = minimize(
        lambda theta: eigenvalues * theta, np.ones(3), "proximal", learning_rate=alpha, steps=5,
        hessian=lambda theta: np.diag(eigenvalues), trajectory=True,
    )  # fmt: skip
    expected = (1 / (1 + alpha * eigenvalues))[:, None] ** np.arange(6)
    np.testing.assert_allclose(run.trajectory, expected, rtol=1e-12, atol=0)
    euler = minimize(
        lambda theta: eigenvalues * theta, np.ones(3), "gd", learning_rate=alpha, steps=5
    )
    assert (abs(euler.theta) > 1).any() == (alpha * 50 > 2)


def test_adam_without_memory_is_sign_descent():
    bare = run("adam", 0.01, 40, beta1=0.0, beta2=0.0, eps=0.0).trajectory
    np.testing.assert_allclose(bare, run("sign", 0.01, 40).trajectory, rtol=0, atol=1e-15)
    one = run("adam", 0.01, 40, beta1=0.1, beta2=0.0, eps=0.0).trajectory
    assert abs(one - bare).max() > 1e-4


def test_the_linearly_implicit_step_is_between_gradient_descent_and_newton():
    def step(name, alpha):
        return run(name, alpha, 1).theta - START

    newton = step("newton", 1.0)
    np.testing.assert_allclose(step("levenberg_marquardt", 1e12), newton, rtol=1e-9, atol=0)
    descent = step("gd", 1e-9)
    np.testing.assert_allclose(step("levenberg_marquardt", 1e-9), descent, rtol=1e-6, atol=0)


# --- Conventions of momentum -------------------------------------------------------------------

ALPHA, BETA = 0.02, 0.8


def first_convention(learning_rate, momentum, steps):
    path, b = [START], 0
    for _ in range(steps):
        b = momentum * b + grad(path[-1], SCALE)
        path.append(path[-1] - learning_rate * b)
    return path


def keras(learning_rate, momentum, steps):
    path, v = [START], 0
    for _ in range(steps):
        v = momentum * v - learning_rate * grad(path[-1], SCALE)
        path.append(path[-1] + v)
    return path


def polyak(learning_rate, momentum, steps):
    path = [START, START]
    for _ in range(steps):
        theta, before = path[-1], path[-2]
        path.append(theta - learning_rate * grad(theta, SCALE) + momentum * (theta - before))
    return path[1:]


def average(learning_rate, momentum, steps):
    path, m = [START], 0
    for _ in range(steps):
        m = momentum * m + (1 - momentum) * grad(path[-1], SCALE)
        path.append(path[-1] - learning_rate * m)
    return path


def ode(h, damping, steps):
    path, v = [START], 0
    for _ in range(steps):
        v = v - h * (damping * v + grad(path[-1], SCALE))
        path.append(path[-1] + h * v)
    return path


LOOPS = {
    "pytorch": first_convention,
    "keras": keras,
    "sutskever": keras,
    "polyak": polyak,
    "average": average,
    "ode": ode,
}


@pytest.mark.parametrize("source", LOOPS)
@pytest.mark.parametrize("target", LOOPS)
def test_translated_coefficients_give_the_same_path(source, target):
    there = translate_momentum(ALPHA, BETA, source="pytorch", target=source)
    coefficients = translate_momentum(*there, source=source, target=target)
    path = np.array(LOOPS[target](*coefficients, 200)).T
    result = run("heavy_ball", ALPHA, 200, momentum=BETA)
    np.testing.assert_allclose(path, result.trajectory, rtol=0, atol=1e-12)
    untranslated = np.array(LOOPS[target](ALPHA, BETA, 200)).T
    same = target in ("pytorch", "keras", "sutskever", "polyak")
    assert (abs(untranslated - path).max() < 1e-12) == same


def test_sutskevers_point_is_one_velocity_behind_the_look_ahead():
    x, v, points, velocities = START, np.zeros(4), [], []
    for _ in range(100):
        v = BETA * v - ALPHA * grad(x + BETA * v, SCALE)
        x = x + v
        points.append(x)
        velocities.append(v)
    ahead = run("nesterov", ALPHA, 100, momentum=BETA).trajectory[:, 1:]
    behind = sutskever_point(ahead, np.array(velocities).T, BETA)
    np.testing.assert_allclose(behind, np.array(points).T, rtol=0, atol=1e-13)
    assert abs(ahead - behind).max() > 0.1


def test_kerass_nesterov_is_pytorchs():
    theta, v, path = START, np.zeros(4), [START]
    for _ in range(100):
        pull = grad(theta, SCALE)
        v = BETA * v - ALPHA * pull
        theta = theta + BETA * v - ALPHA * pull
        path.append(theta)
    ours = run("nesterov", ALPHA, 100, momentum=BETA).trajectory
    np.testing.assert_allclose(np.array(path).T, ours, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.1, 0.9, "torch", "ode"), r"source must be one of 'pytorch', .*; got 'torch'"),
        ((0.1, 0.9, "ode", "tf"), r"target must be one of .*; got 'tf'"),
        ((0.0, 0.9, "keras", "ode"), r"learning_rate must be positive, got 0.0"),
        ((0.1, 1.0, "keras", "average"), r"momentum below 1, got 1.0"),
        ((0.1, 1.0, "average", "keras"), r"momentum below 1, got 1.0"),
    ],
)
def test_conventions_that_cannot_be_translated(arguments, message):
    *coefficients, source, target = arguments
    with pytest.raises(ValueError, match=message):
        translate_momentum(*coefficients, source=source, target=target)


def test_kerass_epsilon_is_ours_over_a_growing_root():
    """Keras adds ε to √v before the correction of the bias: that is ε/√(1 − β₂ᵏ) here at step k.

    Seen with a constant gradient, where the k-th step of ours tells its ε.
    """
    beta1, beta2, eps, pull = 0.9, 0.99, 1e-2, 0.03
    m = v = 0.0
    for k in range(1, 41):
        m, v = beta1 * m + (1 - beta1) * pull, beta2 * v + (1 - beta2) * pull**2
        rate = ALPHA * np.sqrt(1 - beta2**k) / (1 - beta1**k)
        keras_step = rate * m / (np.sqrt(v) + eps)
        for ours, same in [(eps / np.sqrt(1 - beta2**k), True), (eps, False)]:
            path = minimize(
                lambda theta: [pull], [0.0], "adam", learning_rate=ALPHA, steps=k,
                beta1=beta1, beta2=beta2, eps=ours, trajectory=True,
            ).trajectory[0]  # fmt: skip
            assert np.isclose(path[k - 1] - path[k], keras_step, rtol=1e-10, atol=0) == same


def test_rmsprop_is_semi_implicit_euler_on_its_flow():
    alpha, rho, eps = 0.01, 0.95, 1e-4
    tau = alpha / (1 - rho)
    theta, v, path = START, np.zeros(4), [START]
    for _ in range(100):
        pull = grad(theta, SCALE)
        v = v + alpha * (pull**2 - v) / tau
        theta = theta - alpha * pull / (np.sqrt(v) + eps)
        path.append(theta)
    ours = run("rmsprop", alpha, 100, smoothing=rho, eps=eps).trajectory
    np.testing.assert_allclose(np.array(path).T, ours, rtol=0, atol=1e-12)
