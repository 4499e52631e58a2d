"""The causes of trouble in training, each told by its own measurements, and the words for it.

Every function here returns a `Diagnosis`, or None where its cause is not the one; instability has a
file of its own.
"""

from dataclasses import replace

import numpy as np

from odelib.curvature import left_to_gain
from odelib.diagnosis.case import Diagnosis, ends_higher
from odelib.diagnosis.gradient_check import check_gradient
from odelib.diagnosis.separable import is_separable
from odelib.optimizers.table import OPTIMIZERS
from odelib.training.train import train

# --- Causes that make other measurements meaningless ----------------------------------------------


def not_finite(model, data, theta, rate):
    bad = np.flatnonzero(~np.isfinite(theta))
    if len(bad):
        what = f"theta[{bad[0]}] is {theta[bad[0]]}"
    elif not np.isfinite(model.loss(theta, *data, *model.args)):
        loss = model.loss(theta, *data, *model.args)
        what = f"the loss is {loss}, and the largest parameter {abs(theta).max():.3g}"
    else:
        return None
    return Diagnosis(
        "bad parameters",
        f"The parameters are bad: {what}. Training has already diverged; diagnose it at parameters "
        "from before that, or at the start.",
        rate,
    )


def wrong_gradient(model, data, theta, rate, gradient, seed):
    gradient = model.gradient if gradient is None else gradient
    check = check_gradient(
        lambda t: model.loss(t, *data, *model.args),
        lambda t: gradient(t, *data, *model.args),
        theta,
        seed=seed,
    )
    if check.fault is None:
        return None
    if check.fault == "sign":
        cause, what = "gradient of wrong sign", "points the wrong way: it is −1 times the slope"
    elif check.fault == "scale":
        cause = "gradient of wrong scale"
        what = f"is {check.factor:.4g} times the slope in every direction"
    else:
        one = check.fault == "component"
        cause = "gradient with a wrong component" if one else "gradient with wrong components"
        what = (
            f"is wrong in {'' if one else 'several components, most in '}component "
            f"{check.component}: it says {check.given:.4g} there, the slope is {check.measured:.4g}"
        )
    return Diagnosis(
        cause,
        f"The gradient {what} of the loss by finite differences. Correct the gradient first.",
        rate,
        measured=check._asdict(),
    )


# --- Noise and overfitting ------------------------------------------------------------------------


def noise(case, batch_size, seed, draws=32):
    """Whether a mini-batch step is expected to raise the loss: −α|g|² + α²(gᵀHg + tr HΣ)/2 > 0."""
    X, y, w = case.data
    m = len(X)
    rng = np.random.default_rng(seed)
    args = case.model.args
    g = case.model.gradient(case.theta, X, y, w, *args)
    variance = bent = 0.0
    for _ in range(draws):
        rows = rng.choice(m, size=batch_size, replace=False)
        noise = case.model.gradient(case.theta, X[rows], y[rows], w[rows], *args) - g
        variance += noise @ noise / draws
        bent += noise @ case.hvp(noise) / draws
    rate = case.rate / (1.0 - case.settings.get("momentum", 0.0))
    expected = -rate * (g @ g) + 0.5 * rate**2 * (g @ case.hvp(g) + bent)
    if expected <= 0 or bent <= 0:
        return None
    best = max(2 * (g @ g) / (g @ case.hvp(g) + bent), 0.0)
    return case.found(
        "noise",
        f"The loss goes up and down by the noise of mini-batches of {batch_size}: it is "
        f"{np.sqrt(variance):.3g}, the gradient itself {np.linalg.norm(g):.3g}. The step with all "
        f"rows is stable ({case.product_sentence().removesuffix('.')}). Let the learning rate "
        f"fall (here below {best:.3g} for progress), take larger batches, or average.",
        noise=np.sqrt(variance),
        gradient_norm=np.linalg.norm(g),
        expected_change=expected,
    )


def noisy_run(case, batch_size, seed):
    """Whether a run with mini-batches ends above its start, by more than it goes up and down."""
    m, steps = len(case.data[0]), 10 * case.probe.steps
    run = train(
        replace(case.model, intercept=False, class_weight=None),  # they are in the checked data
        case.data, case.method, learning_rate=case.rate, batch_size=batch_size,
        epochs=max(8, steps * batch_size // m), theta0=case.theta, seed=seed, **case.settings,
    )  # fmt: skip
    late = run.loss[len(run.loss) // 2 :]
    failed = run.stopped_by == "failed"
    if not failed and late.mean() <= run.loss[0] * (1 + 1e-9) + 2.0 * late.std():
        return None
    end = "until it is no longer finite" if failed else f"to {late.mean():.4g} on average"
    return case.found(
        "noise",
        f"The loss rises by the noise of mini-batches of {batch_size}: from {run.loss[0]:.4g} "
        f"{end}, in {run.epoch[-1]:.4g} epochs of {case.method} with the learning rate "
        f"{case.rate:.4g}; with all rows it falls from {case.probe.loss[0]:.4g} to "
        f"{case.probe.loss[-1]:.4g} in {case.probe.steps} steps. Let the learning rate fall, take "
        "larger batches, or average.",
    )


def overfitting(case, held_out, losses, validation_losses):
    """Whether the held-out loss rises while the training loss falls."""
    if (losses is None) != (validation_losses is None):
        raise ValueError("give both losses= and validation_losses=, or neither")
    if losses is not None:
        losses, held = np.asarray(losses, float), np.asarray(validation_losses, float)
        if losses.shape != held.shape or losses.ndim != 1 or not losses.size:
            raise ValueError(
                "losses and validation_losses must be 1-dimensional and of the same length, "
                f"got shapes {losses.shape} and {held.shape}"
            )
    elif held_out is not None:
        path, losses = case.probe.trajectory, case.probe.loss
        held = np.array(
            [case.model.loss(theta, *held_out, *case.model.args) for theta in path.T.copy()]
        )
    else:
        return None
    best = int(np.nanargmin(held))
    if not (held[-1] > held[best] * (1 + 1e-3) and losses[-1] < losses[best]):
        return None
    return case.found(
        "overfitting",
        f"The model overfits: from entry {best} to {len(held) - 1} of the history the validation "
        f"loss rises from {held[best]:.4g} to {held[-1]:.4g} while the training loss falls from "
        f"{losses[best]:.4g} to {losses[-1]:.4g}. Stop there, or regularise, or take more data.",
        best=best,
    )


# --- Stable, and yet ----------------------------------------------------------------------


def ups_and_downs(case):
    """Rises of the loss that no curvature above the limit explains."""
    loss = case.probe.loss
    if not (np.diff(loss) > 1e-6 * np.abs(loss[:-1])).any():
        return None
    if OPTIMIZERS[case.method].memory:
        longer = case.longer()
        rest = "It comes to rest all the same;"
        if ends_higher(longer):
            rest = f"{case.ending(longer)} A smaller learning rate,"
        return case.found(
            "momentum overshoots",
            f"The loss rises in waves because {case.method} overshoots, as a damped oscillator "
            f"does: {case.product_sentence()} {rest} less momentum, or Nesterov's, damps the "
            "waves.",
        )
    return case.found(
        "kinks",
        f"The loss rises although {case.product_sentence()} It has kinks, where the gradient "
        "jumps and does not get small: let the learning rate fall, as 1/k or 1/√k.",
    )


def slowness(case):
    """Little progress in the probe: nothing left to gain, a flat place, or too small steps."""
    loss, theta = case.probe.loss, case.theta
    g = case.model.gradient(theta, *case.data, *case.model.args)
    value, lowest = float(case.top.values[0]), case.top.smallest
    left, convex = left_to_gain(case.hvp, g)
    convex = convex and lowest > -1e-3 * value
    if convex and left <= 1e-6 * loss[0]:
        return case.found(
            "converged",
            f"Training has converged: the gradient's norm is {np.linalg.norm(g):.3g}, and about "
            f"{left:.3g} of the loss {loss[0]:.4g} is left to gain.",
            left_to_gain=left,
        )
    if case.model.penalty == 0 and is_separable(case.model, case.data, theta):
        return case.found(
            "separable data",
            "The data are separable: a multiple of the right parameters classifies every row with "
            "ever more certainty, so the loss has no minimum, its curvature falls to 0 and |theta| "
            "grows like log k for ever. Stop early, or add a penalty.",
        )
    slow = loss[0] - loss[-1] < (0.1 * left if convex else 0.01 * loss[0])
    if not slow:
        return None
    safe = case.limit / value if value > 0 and np.isfinite(case.limit) else case.rate
    reach = 0.5 * safe * (g @ g) * case.probe.steps
    if not convex and reach < 0.01 * loss[0]:
        return case.found(
            "plateau",
            f"Training is on a plateau: the gradient's norm is only {np.linalg.norm(g):.3g}, but "
            f"the Hessian has a negative eigenvalue, about {lowest:.3g}: this is a saddle, not a "
            "minimum. It takes many steps to leave; start elsewhere, with larger weights, or add "
            "noise.",
            gradient_norm=np.linalg.norm(g),
            smallest=lowest,
        )
    if case.rate < 0.1 * safe:
        return case.found(
            "learning rate too small",
            f"The loss falls, but slowly: {case.product_sentence()} It may be raised up to "
            f"{safe:.4g}.",
        )
    if not convex or left <= 0:
        return None
    return case.found(
        "ill-conditioned data",
        f"The loss falls slowly though the learning rate is near its limit: most of what is left "
        f"to gain lies in directions {2 * value * left / (g @ g):.3g} times less curved than the "
        "steepest. Standardise the features, or use momentum or a second-order method.",
        left_to_gain=left,
    )
