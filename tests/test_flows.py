"""The gradient flow as a right-hand side, and gradient descent as Euler's method on it."""

import numba
import numpy as np
import pytest

from odelib import gradient_flow, solve_ivp

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


def test_bad_arguments():
    with pytest.raises(TypeError, match="grad must be a function"):
        gradient_flow(H)
    for eta in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="eta must be a positive number"):
            gradient_flow(loop_gradient, eta=eta)
