"""The causes of trouble in training, each told by its own measurements, and the words for it.

Every function here returns a `Diagnosis`, or None where its cause is not the one.
"""

import numpy as np

from odelib.curvature import left_to_gain, spectrum
from odelib.derivatives import check_gradient
from odelib.diagnosis import Diagnosis
from odelib.optimizers import OPTIMIZERS
from odelib.separable import is_separable

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


# --- Instability ----------------------------------------------------------------------


def instability(case):
    """A learning rate above the limit: for good, or only now and then."""
    if np.isnan(case.limit):
        if not case.diverges():
            return None
        return case.found(
            "learning rate too large",
            f"The loss grows from {case.probe.loss[0]:.4g} to {case.probe.loss[-1]:.4g} within "
            f"{case.probe.steps} steps of {case.method} with the full gradient: take a smaller "
            f"learning rate than {case.rate:.4g}.",
        )
    value, limit = float(case.top.values[0]), case.limit
    if case.rate * value <= 0.9 * limit and not case.rises():
        return None
    longer = case.run(10 * case.probe.steps, every=10)  # a cycle at the edge may take long
    along = np.append(_sharpness_along(case, longer.trajectory), value)
    low, high = case.rate * along.min(), case.rate * along.max()
    if high <= limit:
        return None
    if not longer.success or low > limit or longer.loss[-1] > 1e3 * longer.loss[0]:
        where = "" if case.rate * value > limit else " a little further on"
        worst = along.max() if where else value
        component = int(np.argmax(np.abs(case.top.vectors[:, 0])))
        return case.found(
            "learning rate too large",
            f"The learning rate {case.rate:.4g} times the sharpness {worst:.4g}{where} is "
            f"{case.rate * worst:.4g}, above {limit:.4g}, the limit of {case.method}: the error in "
            f"the direction of largest curvature, mostly theta[{component}], grows. "
            f"Take a learning rate below {limit / worst:.4g}.",
            sharpness_along=along,
        )
    return case.found(
        "edge of stability",
        f"Training is at the edge of stability: learning rate times sharpness goes between "
        f"{low:.4g} and {high:.4g}, about {limit:.4g}, the limit of {case.method}. The loss rises "
        "now and then, and falls again where the curvature is smaller. This is no fault; below "
        f"{limit / along.max():.4g} the loss would fall steadily.",
        sharpness_along=along,
    )


def _sharpness_along(case, path, points=25):
    """λmax at a few points of a path (p, m), where it is finite."""
    path = path[:, np.isfinite(path).all(axis=0)]
    values = []
    for i in np.unique(np.linspace(0, path.shape[1] - 1, points).astype(int)):
        theta = np.ascontiguousarray(path[:, i])
        try:
            top = spectrum(
                lambda v, theta=theta: case.model.hvp(theta, v, *case.data, *case.model.args),
                size=len(theta),
            )
        except ValueError:  # so far out that the Hessian overflows
            continue
        values.append(top.values[0])
    return np.array(values)


# --- Noise and overfitting ------------------------------------------------------------------------


def noise(case, batch_size, seed, draws=32):
    """Whether a mini-batch step is expected to raise the loss: −α|g|² + α²(gᵀHg + tr HΣ)/2 > 0."""
    X, y, w = case.data
    m = len(X)
    if not 1 <= batch_size <= m:
        raise ValueError(f"batch_size must be between 1 and the {m} rows, got {batch_size}")
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
        return case.found(
            "momentum overshoots",
            f"The loss rises in waves because {case.method} overshoots, as a damped oscillator "
            f"does: {case.product_sentence()} It comes to rest all the same; less momentum, or "
            "Nesterov's, damps the waves.",
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
