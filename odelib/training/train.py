"""train: model, integrator, learning rate, start, iteration, validation, stopping."""

import math

import numpy as np

from odelib.curvature import sharpness as sharpness_of
from odelib.fields.gradients import Functions
from odelib.models.model import Model
from odelib.running import progress_bar
from odelib.training import arguments
from odelib.training.batches import Batches, bind_hessian
from odelib.training.descent import FOREVER, Descent, Plan, settings_of
from odelib.training.history import History

SAFE = 0.5  # the automatic learning rate is this fraction of the method's stability limit
_BATCHES = 8  # so many batches, beside all rows, are looked at for it


def train(
    model,
    data,
    method="gd",
    *,
    learning_rate="auto",
    batch_size=None,
    epochs=100,
    theta0=None,
    validation=None,
    validate_every=1,
    stop=None,
    seed=0,
    progress=False,
    weight_decay=None,
    clip=None,
    average_from=None,
    **hyperparameters,
):
    """Train a model: choose the loss, the flow, the integrator, and when to stop.

    Parameters
    ----------
    model : Model
        One of `odelib.models`.
    data : (X, y) or (X, y, weights)
        X (m, d), y (m,) or (m, k), weights (m,); checked before anything is computed.
    method : str
        A name in `OPTIMIZERS`. The methods with a Hessian have it from the model, and need all
        rows at once.
    learning_rate : float, array_like (steps,), callable or "auto"
        As in `minimize`, by steps. "auto" takes half of the method's stability limit over the
        sharpness at the start, the largest one among all rows and the first mini-batches, and at
        least ‖∇L‖²/2L: with less, a step would promise to lower the loss by more than all of it.
        A look that finds the loss above its start halves the rate and goes on, at rest, from
        where the loss was least.
    batch_size : int, optional
        Rows in a mini-batch; the last one of an epoch may be shorter. By default all rows.
    epochs : int
        How often to visit every row at most.
    theta0 : array_like (p,), optional
        Parameters at the start; by default the model's own `initial`.
    validation : float or (X, y) or (X, y, weights), optional
        Rows held out, or the fraction of the data to hold out, drawn with the seed.
    validate_every : int
        Look at the losses, at the gradient of all rows and at the criteria of `stop` every so many
        epochs.
    stop : dict, optional
        Any of: 'gradient_norm' (of all rows), 'relative_change' (of theta since the look before),
        'loss', 'patience' (stop when the validation loss has not been below its least at so many
        looks in a row), 'seconds', 'when' (a function ``when(epoch, theta)`` that says True).
    seed : int
        Seed of the start, the rows held out and the mini-batches: the same one gives the same bits.
    progress : bool
        Show a progress bar with the losses; needs tqdm.
    weight_decay, clip, average_from
        As in `minimize`; average_from counts steps.
    **hyperparameters
        Settings of the row, ``OPTIMIZERS[method].settings``.

    Returns
    -------
    Training
        With `theta`, `best`, the history `epoch`, `loss`, `validation`, `gradient_norm`, and
        `stopped_by`, `message`, `success`. Ctrl-C returns what there is.

    Raises
    ------
    ValueError, TypeError
        Bad data or a bad argument, before anything is computed.
    ImportError
        progress=True without tqdm.

    Examples
    --------
    A hundred points about a line, by gradient descent with half of the largest stable step:

    >>> import numpy as np
    >>> from odelib import models, train
    >>> rng = np.random.default_rng(0)
    >>> x = 2 * rng.random((100, 1))
    >>> y = 4 + 3 * x[:, 0] + rng.normal(size=100)
    >>> result = train(models.least_squares(intercept=True), (x, y), epochs=1000,
    ...                stop={"gradient_norm": 1e-8})
    >>> result.stopped_by
    'gradient_norm'
    >>> bool(np.allclose(result.theta, np.polyfit(x[:, 0], y, 1)[::-1]))
    True
    """
    if not isinstance(model, Model):
        raise TypeError(f"model must be one of odelib.models, got {type(model).__name__}")
    row = arguments.check_optimizer(method)
    settings = arguments.check_settings(method, hyperparameters, "train")
    decay, clip = arguments.check_decay_and_clip(method, weight_decay, clip)
    epochs = arguments.check_count("epochs", epochs, 0)
    every = arguments.check_count("validate_every", validate_every)
    stop = arguments.check_stop(stop, model.loss, also=("patience",))
    if "patience" in stop and validation is None:
        raise ValueError("stop['patience'] watches the validation loss: give validation=")
    if average_from is not None:
        average_from = arguments.check_count("average_from", average_from, 0)
    for_start, for_split, for_batches = np.random.default_rng(seed).spawn(3)
    rows, held_out = _split(model, model.check(data), validation, for_split)
    X, y, w = rows
    size = len(X) if batch_size is None else arguments.check_count("batch_size", batch_size)
    if size > len(X):
        raise ValueError(f"batch_size must be at most the {len(X)} rows, got {batch_size}")
    if row.rule and size < len(X):
        raise ValueError(f"method {method!r} needs all rows at once; leave batch_size out")
    theta = (
        model.initial(X, y, for_start)
        if theta0 is None
        else model.check_theta(arguments.check_theta0(theta0), X, y)
    )

    batches = Batches(len(X), size, for_batches, min(every, max(epochs, 1)))
    sharpness = None
    if isinstance(learning_rate, str):
        sharpness, least = _measured(model, rows, theta, batches, learning_rate, method, row)
        limit = _limit(row, settings, batches)
        learning_rate = SAFE * limit / (max(sharpness, least) + decay)
    numbers, coupled_decay = settings_of(row, settings, decay)
    plan = Plan(
        row=row,
        settings=numbers,
        rates=arguments.check_learning_rate(learning_rate, epochs * batches.per_epoch),
        levels=arguments.levels({}, clip, coupled_decay, average_from),
        last=FOREVER,
        every=0,
        trajectory=False,
        seconds=stop.get("seconds", math.inf),
        when=None,
    )
    gradient = batches.gradient(model, X, y, w, len(theta))
    hessian = bind_hessian(model, X, y, w, len(theta)) if row.rule else None
    descent = Descent(theta, Functions(gradient, None, hessian), plan)
    with progress_bar(progress, epochs, unit=" epochs") as show:
        history = History(model, rows, held_out, stop, descent, show)
        try:
            outcome = _run(descent, batches, history, epochs, every, sharpness is not None)
        except KeyboardInterrupt:
            outcome = "interrupted"
            history.look(descent.steps_taken / batches.per_epoch)
    rate = (
        float(learning_rate) * 0.5**history.halvings
        if np.ndim(learning_rate) == 0 and not callable(learning_rate)
        else None
    )
    return history.result(outcome, rate, sharpness)


def _run(descent, batches, history, epochs, every, automatic):
    """Train until the epochs are over or something stops it; returns what.

    An automatic learning rate that failed, or brought the loss above its start, is halved.
    """
    outcome, epoch = history.look(0), 0
    while not outcome and epoch < epochs:
        count = min(batches.ahead, every - epoch % every, epochs - epoch)
        batches.draw(epoch, count)
        while not descent.run(until=(epoch + count) * batches.per_epoch):
            history.look(descent.steps_taken / batches.per_epoch)
            if not (automatic and descent.outcome == "failed" and history.halve()):
                return descent.outcome
        epoch += count
        if epoch % every == 0 or epoch == epochs:
            outcome = history.look(epoch)
            if automatic and epoch < epochs and outcome in (None, "failed") and history.risen():
                outcome = outcome if not history.halve() else None
    return outcome or "epochs"


# --- What train is given ------------------------------------------------------------------------


def _split(model, checked, validation, rng):
    """(rows to train on, rows held out or None), each (X, y, w) with w of mean 1."""
    if validation is None:
        return checked, None
    X, y, w = checked
    if isinstance(validation, tuple | list):
        held_out = model.check(validation, training=False)
        _check_fit(model, checked, held_out)
        return checked, held_out
    fraction = float(validation)
    count = round(fraction * len(X)) if 0.0 < fraction < 1.0 else 0
    if not 0 < count < len(X):
        raise ValueError(
            "validation must be data (X, y), or a fraction that leaves rows on both sides of the "
            f"{len(X)}; got {validation!r}"
        )
    order = rng.permutation(len(X))
    parts = []
    for which in (np.sort(order[count:]), np.sort(order[:count])):
        if not w[which].sum() > 0:
            raise ValueError("all weights of a part are 0; take another seed or fraction")
        parts.append((X[which], y[which], w[which] / w[which].mean()))
    lost = np.setdiff1d(y, parts[0][1]) if model.target in ("signs", "labels") else ()
    if len(lost):
        raise ValueError(
            f"no row of class {lost[0]:g} is left to train on; take another seed, or give the "
            "validation data"
        )
    return tuple(parts)


def _check_fit(model, rows, held_out):
    """The two sets have as many columns and outputs."""
    if held_out[0].shape[1] != rows[0].shape[1]:
        raise ValueError(
            f"the validation's X has {held_out[0].shape[1]} columns, the data's "
            f"{rows[0].shape[1]}; an intercept is counted"
        )
    if held_out[1].shape[1:] != rows[1].shape[1:]:
        raise ValueError(
            f"the validation's y has shape {held_out[1].shape}, the data's {rows[1].shape}"
        )
    if model.target == "labels" and held_out[1].max() > rows[1].max():
        raise ValueError(
            f"the validation has the label {held_out[1].max()}, the data have labels up to "
            f"{rows[1].max()}"
        )


def _limit(row, settings, batches):
    """The method's stability limit, with mini-batches that of its sum of steps.

    Momentum adds the noise of 1/(1 − β) steps up, so a step is then as much shorter than gd's.
    """
    limit = row.limit(**settings)
    kept = 1.0 - settings.get("momentum", 0.0)
    if batches.size == batches.rows or kept == 0.0:
        return limit
    return min(limit, 2.0 * kept / (1.0 - min(settings.get("dampening", 0.0), 1.0 - kept)))


def _measured(model, rows, theta, batches, asked, method, row):
    """The largest sharpness at the start among all rows and the first mini-batches; ‖∇L‖²/2L.

    The second is the least curvature λ for which a gradient step of 1/λ, which lowers a loss of
    that curvature by ‖∇L‖²/2λ, does not promise more than the whole loss. It speaks where the
    Hessian says nothing: beside the kinks of the hinge, and where a sigmoid is saturated.
    """
    if asked != "auto":
        raise ValueError(f"learning_rate must be numbers, a function or 'auto', got {asked!r}")
    if row.limit is None or not np.isfinite(row.limit(**row.settings)):
        raise ValueError(
            f"method {method!r} has no stability limit in terms of the sharpness; give "
            "learning_rate= a number"
        )
    sets = [rows]
    if batches.size < batches.rows:
        order = np.random.default_rng(0).permutation(batches.rows)
        for i in range(min(_BATCHES, batches.rows // batches.size)):
            which = order[i * batches.size : (i + 1) * batches.size]
            sets.append(tuple(np.ascontiguousarray(part[which]) for part in rows))
    largest = max(
        sharpness_of(lambda v: model.hvp(theta, v, *part, *model.args), size=len(theta))  # noqa: B023
        for part in sets
    )
    loss = model.loss(theta, *rows, *model.args)
    g = model.gradient(theta, *rows, *model.args)
    least = 0.5 * (g @ g) / loss if loss > 0.0 else 0.0
    if not max(largest, least) > 0.0:
        raise ValueError(
            f"the sharpness at the start is {largest:.3g}: there learning_rate='auto' has nothing "
            "to go by; give a number, or another theta0"
        )
    return largest, least
