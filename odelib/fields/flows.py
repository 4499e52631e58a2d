"""Fields whose integrators are optimizers: the right-hand sides of training."""

import numba
import numpy as np

from odelib import pointers


def gradient_flow(grad, *, eta=1.0):
    """The right-hand side of the gradient flow, θ̇ = −η ∇L(θ); it solves nothing.

    Parameters
    ----------
    grad : callable
        ``grad(theta, *args)`` returns ∇L as an array, tuple or list (n,). If numba has compiled
        it, so is the flow.
    eta : float
        Scale of time, positive: θ_η(t) = θ_1(ηt). With Euler's method of step h the learning rate
        is α = ηh.

    Returns
    -------
    callable
        ``f(t, theta, *args)`` -> array (n,), for `solve_ivp`.

    Raises
    ------
    TypeError
        grad is not callable.
    ValueError
        eta is not a positive number.

    Examples
    --------
    Twenty steps of gradient descent on L = θ²/2 with learning rate 0.1 are Euler's method:

    >>> from odelib import solve_ivp
    >>> flow = gradient_flow(lambda theta: theta)
    >>> sol = solve_ivp(flow, (0, 2), [1.0], method="Euler", step=0.1)
    >>> print(f"{sol.y[0, -1]:.6f} {0.9**20:.6f}")
    0.121577 0.121577
    """
    _check_function("grad", grad)
    eta = float(eta)
    if not 0.0 < eta < np.inf:
        raise ValueError(f"eta must be a positive number, got {eta}")

    if not pointers.is_compiled(grad):

        def flow(t, theta, *args):
            return -eta * np.asarray(grad(theta, *args), dtype=float)

        return flow

    @numba.njit
    def compiled_flow(t, theta, *args):
        gradient = grad(theta, *args)
        slope = np.empty(len(gradient))
        for i in range(len(gradient)):
            slope[i] = -eta * gradient[i]
        return slope

    return compiled_flow


def momentum_flow(grad, *, damping):
    """The right-hand side of the damped oscillator, θ̈ + γθ̇ + ∇L(θ) = 0, with y = (θ, θ̇).

    Semi-implicit Euler of step h on it is the heavy ball with learning rate h² and momentum
    1 − γh, see `minimize`.

    Parameters
    ----------
    grad : callable
        ``grad(theta, *args)`` returns ∇L as an array, tuple or list (n,). If numba has compiled
        it, so is the flow.
    damping : float
        γ, not negative; in the unit of 1/time.

    Returns
    -------
    callable
        ``f(t, y, *args)`` -> array (2n,), for `solve_ivp` with y0 = (θ₀, θ̇₀).

    Raises
    ------
    TypeError
        grad is not callable.
    ValueError
        damping is negative or not finite.

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Comput. Math.
    Math. Phys. 4 (1964) 1–17, doi:10.1016/0041-5553(64)90137-5.

    Examples
    --------
    Without damping the energy |θ̇|²/2 + L is kept, here of L = θ²/2:

    >>> from odelib import solve_ivp
    >>> flow = momentum_flow(lambda theta: theta, damping=0.0)
    >>> sol = solve_ivp(flow, (0, 20), [1.0, 0.0], rtol=1e-9, atol=1e-9)
    >>> print(f"{sol.y[0, -1] ** 2 + sol.y[1, -1] ** 2:.6f}")
    1.000000
    """
    _check_function("grad", grad)
    damping = float(damping)
    if not 0.0 <= damping < np.inf:
        raise ValueError(f"damping must be a number that is not negative, got {damping}")

    if not pointers.is_compiled(grad):

        def flow(t, y, *args):
            theta, velocity = np.split(np.asarray(y), 2)
            return np.concatenate([velocity, -damping * velocity - np.asarray(grad(theta, *args))])

        return flow

    @numba.njit
    def compiled_flow(t, y, *args):
        n = len(y) // 2
        gradient = grad(y[:n], *args)
        slope = np.empty(2 * n)
        for i in range(n):
            slope[i] = y[n + i]
            slope[n + i] = -damping * y[n + i] - gradient[i]
        return slope

    return compiled_flow


def newton_flow(grad, hessian):
    """The right-hand side of the Newton flow, θ̇ = −H(θ)⁻¹ ∇L(θ).

    Along it the gradient falls as ∇L(θ(t)) = e^(−t) ∇L(θ(0)), whatever the loss, as long as H is
    invertible. Euler's method of step 1 on it is Newton's method, see `minimize`.

    Parameters
    ----------
    grad : callable
        ``grad(theta, *args)`` returns ∇L as an array, tuple or list (n,).
    hessian : callable
        ``hessian(theta, *args)`` returns H as an array (n, n). If numba has compiled both, so is
        the flow.

    Returns
    -------
    callable
        ``f(t, theta, *args)`` -> array (n,), for `solve_ivp`.

    Raises
    ------
    TypeError
        grad or hessian is not callable.

    Examples
    --------
    >>> from odelib import solve_ivp
    >>> flow = newton_flow(lambda x: [x[0] ** 3], lambda x: np.array([[3 * x[0] ** 2]]))
    >>> sol = solve_ivp(flow, (0, 3), [2.0], rtol=1e-9, atol=1e-12)
    >>> print(f"{sol.y[0, -1] ** 3:.6f} {8 * np.exp(-3):.6f}")
    0.398297 0.398297
    """
    _check_function("grad", grad)
    _check_function("hessian", hessian)
    if not (pointers.is_compiled(grad) and pointers.is_compiled(hessian)):

        def flow(t, theta, *args):
            gradient = np.asarray(grad(theta, *args), dtype=float)
            return -np.linalg.solve(np.asarray(hessian(theta, *args), dtype=float), gradient)

        return flow

    @numba.njit
    def compiled_flow(t, theta, *args):
        gradient = grad(theta, *args)
        downhill = np.empty(len(gradient))
        for i in range(len(gradient)):
            downhill[i] = -gradient[i]
        return np.linalg.solve(hessian(theta, *args), downhill)

    return compiled_flow


def _check_function(name, function):
    if not callable(function):
        raise TypeError(f"{name} must be a function {name}(theta, *args); got {function!r}")
