"""minimize: an optimizer is a flow and an integrator; here they run."""

import math
from dataclasses import dataclass, replace

import numpy as np

from odelib.fields.gradients import bind_functions
from odelib.fields.rhs import check_args
from odelib.optimizers.table import OPTIMIZERS
from odelib.training import arguments
from odelib.training import codes as at
from odelib.training.descent import Descent, Plan, settings_of
from odelib.training.reasons import end_of_descent, has_risen


@dataclass(frozen=True, repr=False)
class Minimization:
    """What `minimize` returns.

    A descent that fails, or whose loss ends above its start, is a result too: `success` is False
    and `message` says why, where and what to try; theta is the last point that was finite.
    """

    theta: np.ndarray  # (n,)   the last parameters
    average: np.ndarray | None  # (n,)   mean of the iterates, with average_from=
    k: np.ndarray  # (m,)   steps at which the history was kept
    loss: np.ndarray | None  # (m,)   with fun=
    gradient_norm: np.ndarray  # (m,)   Euclidean norm of ∇L
    trajectory: np.ndarray | None  # (n, m) theta[:, i] at step k[i], with trajectory=True
    steps: int  # taken
    nfev: int  # calls of fun
    njev: int  # calls of grad
    nhev: int  # calls of hessian, or of prox
    stopped_by: str  # 'steps', a criterion of stop, 'failed' or 'interrupted'
    message: str  # the same as a sentence
    success: bool  # nothing failed or interrupted it, and the loss, with fun=, did not end higher
    compiled: bool  # whether grad ran as compiled code

    def __repr__(self):
        lines = [
            self.message,
            f"  theta: {np.array2string(self.theta, threshold=6)}",
            f"  steps: {self.steps}; calls of grad: {self.njev}, of fun: {self.nfev}",
        ]
        if len(self.k):
            lines.append(
                f"  gradient norm: {self.gradient_norm[0]:.6g} -> {self.gradient_norm[-1]:.6g}"
            )
            if self.loss is not None:
                lines.append(f"  loss: {self.loss[0]:.6g} -> {self.loss[-1]:.6g}")
        return "\n".join(lines)


def minimize(
    grad,
    theta0,
    method="gd",
    *,
    learning_rate,
    steps,
    args=(),
    fun=None,
    hessian=None,
    prox=None,
    stop=None,
    weight_decay=None,
    clip=None,
    average_from=None,
    every=1,
    trajectory=False,
    **hyperparameters,
):
    """Minimize a loss with an optimizer of `OPTIMIZERS`: a flow and an integrator.

    Parameters
    ----------
    grad : callable
        ``grad(theta, *args)`` returns ∇L as an array, tuple or list (n,). A function compiled with
        `numba.njit` runs at the speed of C; a plain Python function works too.
    theta0 : array_like, shape (n,)
        Parameters at the start; flatten those that have another shape.
    method : str
        A name in `OPTIMIZERS`: 'gd', 'heavy_ball', 'nesterov', 'nesterov_convex', 'proximal',
        'newton', 'levenberg_marquardt', 'sign', 'rmsprop', 'adam', 'adamw', or a Runge–Kutta
        method of `METHODS` such as 'RK4'.
    learning_rate : float, array_like (steps,) or callable
        α, the step of the integrator: a number, one for each step, or a function of the step's
        number k = 0, 1, … A schedule is a variable step.
    steps : int
        How many steps to take at most.
    args : tuple
        Further arguments of grad, fun and hessian: numbers and arrays. New values never compile
        anything.
    fun : callable, optional
        ``fun(theta, *args)`` returns L; needed for the history of the loss alone.
    hessian : callable, optional
        ``hessian(theta, *args)`` returns an array (n, n); 'newton', 'levenberg_marquardt' and
        'proximal' need it.
    prox : callable, optional
        ``prox(theta, learning_rate, *args)`` returns the proximal point in closed form, for
        'proximal' without a Hessian.
    stop : dict, optional
        Any of: 'gradient_norm' (stop when ‖∇L‖ is at most this), 'relative_change' (when a step's
        length is at most this times ‖theta‖), 'loss' (when fun is at most this), 'seconds',
        'when' (a function ``when(k, theta)`` that says True). The loss and 'when' are looked at
        every `every` steps.
    weight_decay : float, optional
        ω of the linear term: ωθ is added to the gradient; 'adamw' takes it past its averages, and
        has 0.01 by default.
    clip : float, optional
        Longest gradient: a longer one is scaled by clip/(‖∇L‖ + 1e-6), as PyTorch's
        `clip_grad_norm_` does. The direction stays; it is the time of the flow that is rescaled.
    average_from : int, optional
        Also return the mean of the iterates θ_k with k ≥ average_from, k ≥ 1 (Polyak–Ruppert).
    every : int
        Keep the history at every so many steps, and at the last.
    trajectory : bool
        Keep the parameters too.
    **hyperparameters
        Settings of the row, ``OPTIMIZERS[method].settings``: momentum=, beta1=, eps=, …

    Returns
    -------
    Minimization
        With `theta`, `k`, `loss`, `gradient_norm`, `trajectory`, `average`, the counts `nfev`,
        `njev`, `nhev`, and `stopped_by`, `message`, `success`.

    Raises
    ------
    ValueError, TypeError
        A bad argument, before anything is computed.
    Exception
        Whatever grad raises, and KeyboardInterrupt, reaches the caller; what was computed until
        then is the exception's attribute `solution`.

    Notes
    -----
    The gradient is also taken at the last point, for the history: K steps with one gradient each
    call grad K + 1 times.

    Examples
    --------
    Sixty steps of gradient descent and of heavy ball on L = (θ₁² + 20θ₂²)/2:

    >>> import numpy as np
    >>> from odelib import minimize
    >>> def grad(theta):
    ...     return theta[0], 20 * theta[1]
    >>> plain = minimize(grad, [1.0, 1.0], learning_rate=0.05, steps=60)
    >>> ball = minimize(grad, [1.0, 1.0], "heavy_ball", learning_rate=0.05, steps=60, momentum=0.6)
    >>> print(f"{plain.gradient_norm[-1]:.1e} {ball.gradient_norm[-1]:.1e}")
    4.6e-02 6.1e-06
    """
    theta0 = arguments.check_theta0(theta0)
    row = arguments.check_optimizer(method)
    settings = arguments.check_settings(method, hyperparameters, "minimize")
    decay, clip = arguments.check_decay_and_clip(method, weight_decay, clip)
    steps = arguments.check_count("steps", steps, 0)
    every = arguments.check_count("every", every)
    if average_from is not None:
        average_from = arguments.check_count("average_from", average_from, 0)
    rates = arguments.check_learning_rate(learning_rate, steps)
    stop = arguments.check_stop(stop, fun)
    _check_hessian(method, hessian, prox)
    if prox is not None:
        row = replace(row, rule="PROXIMAL_MAP")
    args = check_args(args)
    numbers_of_update, decay = settings_of(row, settings, decay)
    descent = Descent(
        theta0,
        bind_functions(len(theta0), args, grad, fun, hessian, prox),
        Plan(
            row=row,
            settings=numbers_of_update,
            rates=rates,
            levels=arguments.levels(stop, clip, decay, average_from),
            last=steps,
            every=every,
            trajectory=bool(trajectory),
            seconds=stop.get("seconds", math.inf),
            when=stop.get("when"),
        ),
    )
    try:
        descent.run(until=steps + 1)  # the pass after the last step keeps what was reached
    except BaseException as error:
        descent.outcome = "interrupted"
        error.solution = _result(descent, stop, type(error).__name__)
        raise
    return _result(descent, stop)


def _check_hessian(method, hessian, prox):
    """A method that needs a Hessian has one, or a proximal map."""
    if prox is not None and method != "proximal":
        raise ValueError(f"prox= is for method 'proximal' alone, got method {method!r}")
    if OPTIMIZERS[method].rule is None:
        if hessian is not None:
            raise ValueError(f"method {method!r} takes no hessian; leave it out")
    elif prox is not None and hessian is not None:
        raise ValueError("give hessian= or prox=, not both")
    elif prox is None and hessian is None:
        also = "; or prox=" if method == "proximal" else ""
        raise ValueError(
            f"method {method!r} needs hessian=, a function hessian(theta, *args) that returns an "
            f"array (n, n){also}"
        )


def _result(descent, stop, interruption=None):
    counts = descent.counts
    rows, steps = int(counts[at.ROWS]), int(counts[at.STEPS])
    k, norm = descent.k[:rows].copy(), descent.norm[:rows].copy()
    loss = descent.loss[:rows].copy() if descent.functions.fun else None
    risen = bool(rows) and loss is not None and has_risen(loss, norm, descent.theta)
    if interruption:
        message = f"{interruption} in step {steps}."
    else:
        message = descent.failure or end_of_descent(descent.outcome, stop, steps, norm, loss, risen)
    return Minimization(
        theta=descent.theta.copy(),
        average=descent.mean.copy() if counts[at.AVERAGED] else None,
        k=k,
        loss=loss,
        gradient_norm=norm,
        trajectory=descent.path[:rows].T.copy() if descent.plan.trajectory else None,
        steps=steps,
        nfev=int(counts[at.LOSSES]),
        njev=int(counts[at.GRADIENTS]),
        nhev=int(counts[at.HESSIANS]),
        stopped_by=descent.outcome,
        message=message,
        success=descent.outcome not in ("failed", "interrupted") and not risen,
        compiled=descent.functions.grad.bound.compiled,
    )
