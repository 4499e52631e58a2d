"""The quantitative facts on stochastic gradient descent, each computed with odelib.

Expected values and tolerances are read from data/facts_sgd.json. A fact SGD-04 is tested by the
function whose name starts with test_sgd_04_.
"""

import itertools

import numpy as np
from scipy.linalg import solve_continuous_lyapunov

from facts import FACTS, expect
from odelib import minimize, solve_ivp


def test_sgd_01_the_stationary_variance():
    a, eps, S, c = 2.0, 0.05, 4, 3.0
    rng = np.random.default_rng(0)
    run = minimize(
        lambda theta: a * theta + rng.normal(0.0, np.sqrt(c / S), 4000), np.zeros(4000),
        learning_rate=eps, steps=1200, trajectory=True,
    )  # fmt: skip
    expect("SGD-01", run.trajectory[:, 201:].var())
    variance = 0.0  # and its recursion, exactly
    for _ in range(2000):
        variance = (1 - eps * a) ** 2 * variance + eps**2 * c / S
    np.testing.assert_allclose(variance, FACTS["SGD-01"]["expected"], rtol=1e-13)
    ornstein_uhlenbeck = eps * c / (2 * a * S)
    np.testing.assert_allclose(variance / ornstein_uhlenbeck, 1 / (1 - eps * a / 2), rtol=1e-13)


A = np.array([[2.0, 0.5], [0.5, 1.0]])
B = np.array([[1.0, 0.0], [0.7, 1.2]])


def test_sgd_02_the_covariances_solve_their_equations():
    eps, S = 0.05, 4
    noise = eps / S * B @ B.T
    shrink = np.eye(2) - eps * A
    discrete = np.zeros((2, 2))
    for _ in range(3000):
        discrete = shrink @ discrete @ shrink + eps * noise
    residual = A @ discrete + discrete @ A - eps * A @ discrete @ A - noise

    def lyapunov(t, y):
        covariance = y.reshape(2, 2)
        return (noise - A @ covariance - covariance @ A).ravel()

    sol = solve_ivp(lyapunov, (0, 60), np.zeros(4), rtol=1e-12, atol=1e-16)
    ou = sol.y[:, -1].reshape(2, 2)
    expect("SGD-02", [np.max(abs(A @ ou + ou @ A - noise)), np.max(abs(residual))])
    assert np.max(abs(ou - discrete)) > 1e-5  # two different matrices


def test_sgd_03_the_learning_rate_nearest_to_the_posterior():
    S, N, D = 4, 100, 2
    scaled = B * np.sqrt(3 / np.trace(B @ B.T))
    per_rate = solve_continuous_lyapunov(A, scaled @ scaled.T / S)  # covariance / learning rate
    pull = np.trace(A @ per_rate)

    def divergence(rate):  # KL(q || posterior) up to a constant
        return 0.5 * (N * rate * pull - np.linalg.slogdet(rate * per_rate)[1])

    best = minimize(
        lambda rate: 0.5 * (N * pull - D / rate), [0.04], "newton", learning_rate=1.0, steps=30,
        hessian=lambda rate: np.diag(0.5 * D / rate**2), stop={"gradient_norm": 1e-13},
    ).theta[0]  # fmt: skip
    expect("SGD-03", best)
    assert divergence(0.99 * best) > divergence(best) < divergence(1.01 * best)


def test_sgd_04_the_weak_order_of_the_modified_equations():
    def second_moment(drift, h):  # of dX = −drift·X dt + √h dW at t = 1, from X = 1
        sol = solve_ivp(lambda t, m: -2 * drift * m + h, (0, 1), [1.0], rtol=1e-12, atol=1e-14)
        return sol.y[0, -1]

    def errors(h):
        moment = 1.0
        for _ in range(round(1 / h)):
            moment = (1 - h) ** 2 * moment + h**2
        return np.array([moment - second_moment(1.0, h), moment - second_moment(1 + h / 2, h)])

    expect("SGD-04", np.log2(abs(errors(0.0125) / errors(0.00625))))


def test_sgd_07_the_learning_rate_one_over_k_is_the_running_mean():
    samples = np.random.default_rng(4).normal(2, 1, 1000)
    for start in (0.0, -50.0):  # any start is forgotten in the first step
        stream = itertools.cycle(samples)
        run = minimize(
            lambda theta, stream: theta - next(stream), [start],
            learning_rate=lambda k: 1 / (k + 1), steps=1000, args=(stream,), trajectory=True,
        )  # fmt: skip
        expect("SGD-07", run.theta[0])
        means = np.cumsum(samples) / np.arange(1, 1001)
        np.testing.assert_allclose(run.trajectory[0, 1:], means, rtol=0, atol=1e-12)
