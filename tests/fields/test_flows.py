"""The flows as right-hand sides, and the optimisers that are integrators on them."""

import numba
import numpy as np
import pytest

from odelib import gradient_flow, minimize, momentum_flow, newton_flow, solve_ivp

H = np.array([[3.0, 1.0], [1.0, 2.0]])
START = np.array([0.7, -0.4])


def loop_gradient(theta):
    """∇L of L = ½ θᵀHθ, written so that NumPy and numba add in the same order."""
    return np.array([3.0 * theta[0] + theta[1], theta[0] + 2.0 * theta[1]])


@pytest.mark.parametrize("compile_it", [lambda f: f, numba.njit])
@pytest.mark.parametrize("alpha", [0.1, 0.3, 1 / 3])
def test_gradient_descent_is_eulers_method_bit_for_bit(compile_it, alpha):
    flow = gradient_flow(compile_it(loop_gradient))
    sol = solve_ivp(flow, (0, 50 * alpha), START, "Euler", step=alpha)
    theta = START.copy()
    for k in range(50):
        np.testing.assert_array_equal(sol.y[:, k], theta)
        theta = theta - alpha * loop_gradient(theta)
    np.testing.assert_array_equal(sol.y[:, 50], theta)


def test_the_flow_of_a_quadratic_is_the_matrix_exponential():
    eigenvalues, Q = np.linalg.eigh(H)
    exact = Q @ (np.exp(-0.3 * eigenvalues * 2.0) * (Q.T @ START))
    flow = gradient_flow(numba.njit(loop_gradient), eta=0.3)
    sol = solve_ivp(flow, (0, 2), START, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(sol.y[:, -1], exact, rtol=1e-10)


def test_eta_only_rescales_time():
    slow = solve_ivp(gradient_flow(loop_gradient, eta=0.25), (0, 8), START, "RK4", step=0.4)
    fast = solve_ivp(gradient_flow(loop_gradient), (0, 2), START, "RK4", step=0.1)
    np.testing.assert_allclose(slow.y, fast.y, rtol=1e-13)


@pytest.mark.parametrize("compile_it", [lambda f: f, numba.njit])
def test_gradients_may_be_tuples_and_take_arguments(compile_it):
    def grad(theta, A, scale):
        return (
            scale * (A[0, 0] * theta[0] + A[0, 1] * theta[1]),
            scale * (A[1, 0] * theta[0] + A[1, 1] * theta[1]),
        )

    flow = gradient_flow(compile_it(grad))
    np.testing.assert_allclose(flow(0.0, START, H, 2.0), -2.0 * H @ START, rtol=1e-15)
    sol = solve_ivp(flow, (0, 1), START, args=(H, 2.0))
    assert sol.compiled == (compile_it is numba.njit and not numba.config.DISABLE_JIT)
    twice = solve_ivp(gradient_flow(loop_gradient), (0, 2), START, rtol=1e-8, atol=1e-8).y[:, -1]
    np.testing.assert_allclose(sol.y[:, -1], twice, atol=2e-3)


@pytest.mark.parametrize("compile_it", [lambda f: f, numba.njit], ids=["python", "njit"])
def test_the_momentum_flow_is_the_damped_oscillator(compile_it):
    stiffness, damping = np.array([4.0, 1.0]), 0.6

    def grad(theta, stiffness):
        return np.array([stiffness[0] * theta[0], stiffness[1] * theta[1]])

    flow = momentum_flow(compile_it(grad), damping=damping)
    sol = solve_ivp(flow, (0, 5), [1.0, -2.0, 0.0, 0.0], args=(stiffness,), rtol=1e-10, atol=1e-12)
    assert sol.compiled == (compile_it is numba.njit and not numba.config.DISABLE_JIT)
    rate, omega = damping / 2, np.sqrt(stiffness - damping**2 / 4)
    at_rest = np.cos(omega * 5) + rate / omega * np.sin(omega * 5)
    exact = np.array([1.0, -2.0]) * np.exp(-rate * 5) * at_rest
    np.testing.assert_allclose(sol.y[:2, -1], exact, rtol=0, atol=1e-9)


def test_heavy_ball_tends_to_the_momentum_flow_with_first_order():
    damping, t = 0.6, 4.0
    flow = momentum_flow(loop_gradient, damping=damping)
    exact = solve_ivp(flow, (0, t), [*START, 0.0, 0.0], rtol=1e-11, atol=1e-13).y[:2, -1]

    def error(h):
        run = minimize(
            loop_gradient, START, "heavy_ball", learning_rate=h * h, momentum=1 - damping * h,
            steps=round(t / h),
        )  # fmt: skip
        return np.linalg.norm(run.theta - exact)

    np.testing.assert_allclose(error(0.004) / error(0.002), 2.0, rtol=0.05)


@pytest.mark.parametrize("compile_it", [lambda f: f, numba.njit], ids=["python", "njit"])
def test_along_the_newton_flow_the_gradient_only_shrinks(compile_it):
    def grad(theta, a):
        return np.array([a * theta[0] ** 3 + theta[1], theta[0] + 2 * theta[1]])

    def hessian(theta, a):
        return np.array([[3 * a * theta[0] ** 2, 1.0], [1.0, 2.0]])

    flow = newton_flow(compile_it(grad), compile_it(hessian))
    start = np.array([1.5, 1.0])
    sol = solve_ivp(flow, (0, 2), start, args=(4.0,), rtol=1e-10, atol=1e-12)
    assert sol.compiled == (compile_it is numba.njit and not numba.config.DISABLE_JIT)
    expected = np.exp(-2) * grad(start, 4.0)
    np.testing.assert_allclose(grad(sol.y[:, -1], 4.0), expected, rtol=0, atol=1e-8)


def test_bad_arguments():
    with pytest.raises(TypeError, match="grad must be a function"):
        gradient_flow(H)
    for eta in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="eta must be a positive number"):
            gradient_flow(loop_gradient, eta=eta)
    with pytest.raises(TypeError, match="grad must be a function"):
        momentum_flow(H, damping=0.1)
    for damping in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match="damping must be a number that is not negative"):
            momentum_flow(loop_gradient, damping=damping)
    with pytest.raises(TypeError, match=r"grad must be a function grad\(theta, \*args\)"):
        newton_flow(H, loop_gradient)
    with pytest.raises(TypeError, match=r"hessian must be a function hessian\(theta, \*args\)"):
        newton_flow(loop_gradient, H)
