"""Fields whose integrators are optimisers: the right-hand sides of training."""

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
    if not callable(grad):
        raise TypeError(f"grad must be a function grad(theta, *args); got {grad!r}")
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
