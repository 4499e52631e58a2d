"""Why a solve stopped, in words: where it happened, what it was, and what to try."""

import warnings

import numpy as np

from odelib.solving import codes as at

REACHED_END = "The solver successfully reached the end of the integration interval."
EVENT_OCCURRED = "A termination event occurred."
TOO_SMALL = "Required step size is less than spacing between numbers."


def out_of_steps(max_steps, t, fixed):
    """What a solve says that was stopped by max_steps at t; `fixed`: its step was."""
    return (
        f"max_steps = {max_steps} steps were tried and t = {t:.6g} was reached; "
        + "raise max_steps, or "
        + ("take a larger step." if fixed else "loosen rtol and atol.")
    )


def why(code, state, y, tolerances, fixed):
    """Why a solve could not go on from y, which is the kernel's state.y as the user sees it."""
    t, K = state.clock[at.T], state.K
    n, per = len(y), len(state.y) // len(y)  # numbers a component
    if code == at.NOT_FINITE and fixed:
        return (
            f"y[{_first_not_finite(state.y_new) // per}] was no longer a finite number in the "
            f"step after t = {t:.6g}. If the exact solution is finite, the step is too large: "
            "try a smaller one."
        )
    if code == at.NOT_SOLVED:
        return (
            f"The equations of the step after t = {t:.6g} were not solved: Newton's iteration did "
            "not converge. The step is too large: try a smaller one, or let the method choose it."
        )
    slope = _first_not_finite(K[: len(state.y)] if code == at.NOT_FINITE else K)
    if slope is not None:
        return (
            ("" if code == at.NOT_FINITE else TOO_SMALL + " ")
            + f"fun returned a value that is not finite in component {slope // per % n} at or "
            f"after t = {t:.6g}: the solution may end there, or fun may leave its domain. "
            "End before that time, or keep to the domain with a smaller max_step."
        )
    unmeasured = np.flatnonzero(tolerances.atol + tolerances.rtol * abs(y) == 0)
    if len(unmeasured):
        return (
            f"atol + rtol·|y[{unmeasured[0]}]| is 0 at t = {t:.6g}, so no error of y"
            f"[{unmeasured[0]}] is small enough: give a positive atol."
        )
    largest = int(np.argmax(abs(y)))
    return (
        f"{TOO_SMALL} This happened at t = {t:.6g}, where y[{largest}] = "
        f"{y[largest]:.6g}: the solution may blow up there, or fun may jump. "
        "End before that time, or stop there with a terminal event."
    )


def bad_jacobian(J, t, by_differences):
    """What a solve says whose Jacobian J is not finite; None where it is."""
    where = np.argwhere(~np.isfinite(J))
    if not len(where):
        return None
    i, j = where[0]
    return f"{TOO_SMALL} At t = {t:.6g} the Jacobian is not finite in row {i}, column {j}: " + (
        "fun may leave its domain; a jac may help." if by_differences else "correct jac."
    )


def _first_not_finite(values):
    where = np.flatnonzero(~np.isfinite(values))
    return int(where[0]) if len(where) else None


def warn_slow(stacklevel):
    """Warn, where the user called, that a Python function takes its time."""
    warnings.warn(
        "this solve calls a plain Python function; @odelib.rhs compiles it, which is often a "
        "hundred times quicker",
        stacklevel=stacklevel,
    )
