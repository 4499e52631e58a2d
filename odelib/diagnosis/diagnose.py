"""Why training goes wrong: one cause and one sentence, from measurements at a point.

The causes are tried in the order of CAUSES, those that make the later measurements meaningless
first: bad data, then bad parameters, then a wrong gradient, then instability, and so on. The
measurements are few: the data's check, finite differences, the sharpness, and a probe, which is
`steps` steps of the method itself from the point with the full gradient.
"""

from dataclasses import replace

import numpy as np

from odelib.curvature import spectrum
from odelib.diagnosis import causes
from odelib.diagnosis.case import Case, Diagnosis
from odelib.diagnosis.instability import instability
from odelib.training import arguments


def diagnose(
    model,
    data,
    theta,
    method="gd",
    *,
    learning_rate,
    gradient=None,
    batch_size=None,
    validation=None,
    losses=None,
    validation_losses=None,
    steps=100,
    seed=0,
    **settings,
):
    """Say why training from a point goes wrong, or that it does not.

    Parameters
    ----------
    model : Model
    data : (X, y) or (X, y, weights)
        As the user has them: bad data are a cause, not an exception.
    theta : (p,) array
        Parameters near the trouble, finite, say a few steps before the loss went up.
    method : str
        A name in `OPTIMIZERS`; "Euler" is "gd".
    learning_rate : float
        α.
    gradient : callable, optional
        A gradient ``gradient(theta, X, y, w, *args)`` to be checked in place of the model's own.
    batch_size : int, optional
        Rows of a mini-batch; without it the method is taken to use all rows.
    validation : (X, y), optional
        Data that were held out.
    losses, validation_losses : sequence of float, optional
        Histories of the two losses, at the same times; else the probe is used.
    steps : int
        Length of the probe.
    seed : int
    **settings
        Settings of the method: momentum=, …

    Returns
    -------
    Diagnosis
        `cause`, one of CAUSES; `sentence`; `sharpness`, `limit`, `product`, `safe_learning_rate`,
        `direction` and, by name, what else was `measured`.

    Examples
    --------
    >>> from odelib import models
    >>> X, y = [[1.0, 0.0], [1.0, 2.0]], [0.0, 1.0]
    >>> print(diagnose(models.least_squares(), (X, y), [0.0, 0.0], learning_rate=0.8))
    The learning rate 0.8 times the sharpness 2.618 is 2.094, above 2, the limit of gd: the error \
in the direction of largest curvature, mostly theta[1], grows. Take a learning rate below 0.7639.
    """
    method = "gd" if method == "Euler" else method
    row = arguments.check_optimizer(method)
    settings = arguments.check_settings(method, settings, "diagnose")
    rate = float(learning_rate)
    if not 0 < rate < np.inf:
        raise ValueError(f"learning_rate must be a positive number, got {rate}")
    try:
        checked = model.check(data)
        held_out = None if validation is None else model.check(validation, training=False)
    except (TypeError, ValueError) as error:
        return Diagnosis("bad data", f"The data are bad: {error}.", rate)
    rows = len(checked[0])
    if batch_size is not None and not 1 <= batch_size <= rows:
        raise ValueError(f"batch_size must be between 1 and the {rows} rows, got {batch_size}")
    theta = model.check_theta(theta, *checked[:2])
    found = causes.not_finite(model, checked, theta, rate) or causes.wrong_gradient(
        model, checked, theta, rate, gradient, seed
    )
    if found:
        return found

    top = spectrum(lambda v: model.hvp(theta, v, *checked, *model.args), size=len(theta), seed=seed)
    limit = row.limit(**settings) if row.limit else np.nan
    case = Case(model, checked, theta, method, rate, settings, top, limit)
    case = replace(case, probe=case.run(steps))
    probe = case.probe
    unstable = instability(case)
    if batch_size is not None and batch_size < rows:
        if not unstable:
            unstable = causes.noise(case, batch_size, seed)
        if not unstable or unstable.cause == "edge of stability":
            unstable = causes.noisy_run(case, batch_size, seed) or unstable
    return (
        unstable
        or causes.overfitting(case, held_out, losses, validation_losses)
        or causes.ups_and_downs(case)
        or causes.slowness(case)
        or case.found(
            "nothing found",
            f"Nothing wrong was found: {case.product_sentence()} The loss falls from "
            f"{probe.loss[0]:.4g} to {probe.loss[-1]:.4g} in {steps} steps.",
        )
    )
