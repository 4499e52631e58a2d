"""Why a descent or a training ended, in words: what happened, and what to try."""

import numpy as np

from odelib.training import codes as at


def has_risen(loss, norm, theta):
    """Whether a loss (m,) ends above its start by more than rounding theta, at the end, explains.

    norm (m,) are those of the gradient. The measure has the units of the loss.
    """
    rounding = 1e-12 * (abs(loss[0]) + max(norm[0], norm[-1]) * float(np.linalg.norm(theta)))
    return not loss[-1] <= loss[0] + rounding


def why(code, k, rate, grad, theta_new):
    """Why a descent could not go on after k steps, by the code of the kernel."""
    if code == at.BAD_GRADIENT:
        j = _not_finite(grad)
        return (
            f"grad returned {grad[j]} in component {j} at step {k}, where theta was finite: "
            "look at grad there (a log or a division of zero, an overflow of exp?), or try a "
            "smaller learning rate."
        )
    if code == at.NOT_FINITE:
        j = _not_finite(theta_new)
        return (
            f"theta[{j}] was no longer a finite number after step {k} with the learning rate "
            f"{rate:.6g}, which may be beyond the method's stability limit: try a smaller one."
        )
    if code == at.SINGULAR:
        return (
            f"The Hessian was singular in step {k}: try method 'levenberg_marquardt', which "
            "adds 1/learning_rate to its diagonal."
        )
    return (
        f"Newton's method did not solve the implicit equation of step {k} with the learning "
        f"rate {rate:.6g}: try a smaller one, and check hessian against grad."
    )


def end_of_descent(outcome, stop, steps, norm, loss, risen):
    """Why a descent that did not fail came to its end."""
    reasons = {
        "steps": f"All {steps} steps were taken.",
        "gradient_norm": f"The gradient's norm fell to {stop.get('gradient_norm')}, step {steps}.",
        "relative_change": f"Step {steps} changed theta by less than "
        f"{stop.get('relative_change')} of its size.",
        "loss": f"The loss fell to {stop.get('loss')}, step {steps}.",
        "seconds": f"The {stop.get('seconds')} seconds were over after step {steps}.",
        "when": f"stop['when'] ended it after step {steps}.",
    }
    if risen:
        return (
            f"{reasons[outcome]} The loss rose from {loss[0]:.6g} to {loss[-1]:.6g}: try a smaller "
            "learning rate."
        )
    grew = loss is None and len(norm) > 1 and norm[-1] > norm[0]
    hint = (
        f" The gradient's norm grew from {norm[0]:.6g} to {norm[-1]:.6g}: if the loss rose too, "
        "try a smaller learning rate."
    )
    return reasons[outcome] + (hint if grew and outcome == "steps" else "")


def end_of_training(outcome, level, epoch, risen, *, best_epoch, halvings, learning_rate):
    """Why a training that did not fail came to its end; `risen`: the losses, if they rose."""
    sentence = {
        "epochs": f"All {epoch:g} epochs were run.",
        "gradient_norm": f"The gradient's norm fell to {level} at epoch {epoch:g}.",
        "relative_change": f"theta changed by less than {level} of its size before epoch "
        f"{epoch:g}.",
        "loss": f"The loss fell to {level} at epoch {epoch:g}.",
        "patience": f"The validation loss was not below that of epoch {best_epoch:g} at "
        f"the {level} looks since.",
        "seconds": f"The {level} seconds were over at epoch {epoch:.4g}.",
        "when": f"stop['when'] ended it at epoch {epoch:g}.",
        "interrupted": f"KeyboardInterrupt at epoch {epoch:.4g}.",
    }[outcome]
    if halvings:
        sentence += (
            f" The learning rate was halved {halvings} times, to {learning_rate:.4g}, "
            "each time that the loss was found above its start."
        )
    if risen is not None:
        sentence += (
            f" The loss rose from {risen[0]:.6g} to {risen[-1]:.6g}: try a smaller learning "
            "rate, or ask odelib.diagnose why."
        )
    return sentence


def _not_finite(values):
    return int(np.flatnonzero(~np.isfinite(values))[0])
