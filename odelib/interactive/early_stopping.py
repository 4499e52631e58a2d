"""The gradient flow of a linear fit, with a slider for the time: what is learnt when."""

import numpy as np

from odelib.interactive.digits import fixed, short
from odelib.interactive.figure import SliderFigure
from odelib.interactive.panel import Mark, Panel
from odelib.interactive.words import all_texts

LEAST = 0.01  # a mode is shown if this share of it is learnt at the last time
DRAWN = 50  # points of the fitted curve

TEXTS = {
    "title": "What the gradient flow has learnt at each time",
    "slider": "Time t, by its logarithm",
    "log.before": "log<sub>10</sub> t",
    "log.below": "time t = {time}",
    "half.before": "modes more than half learnt",
    "half.below": "of {count}",
    "test.before": "error on new points",
    "test.below": "{verdict}; training error {train}",
    "method": "before its lowest point",
    "unstable": "beyond its lowest point",
    "fit.alt": "The data, a cloud of dots around a dashed curve, and the fitted curve. It starts "
    "flat, comes close to the dashed one by the best time, and later bends towards single dots "
    "and swings widely near the ends.",
    "fit.across": "x",
    "fit.up": "y",
    "fit.truth": "truth",
    "fit.flow": "fit at time t",
    "modes.alt": "A stem for each mode, from the steepest direction of the loss to the flattest, "
    "of the height of its learnt share. At first all are low; with time they rise to 1 one after "
    "the other, from the left to the right.",
    "modes.across": "mode i",
    "modes.up": "learnt share 1 − exp(−λt)",
    "modes.caption": "Mode 1 has the largest eigenvalue λ. Dashed: one half.",
    "errors.alt": "Two curves over the logarithm of the time. The training error falls all the "
    "time. The error on new points falls with it at first, is lowest near the time {best}, and "
    "rises steeply after that. Dots mark the chosen time.",
    "errors.across": "log<sub>10</sub> t",
    "errors.up": "mean squared error",
    "errors.train": "training data",
    "errors.test": "new points",
    "parts.alt": "For each mode, on a logarithmic axis, how much of the data in it is signal and "
    "how much noise. The signal is largest in the first modes and falls off quickly; the noise "
    "scatters about one level. Larger dots, the learnt part, rise to meet the data from the left "
    "on.",
    "parts.across": "mode i",
    "parts.up": "size in the data",
    "parts.signal": "signal",
    "parts.noise": "noise",
    "parts.learnt": "learnt at time t",
    "table.time": "t",
    "table.half": "modes more than half learnt",
    "table.train": "training error",
    "table.test": "error on new points",
}


def stopping(
    points,
    observed,
    features,
    fresh,
    fresh_features,
    *,
    truth,
    slider=(-1.0, 4.0, 0.1),
    value=1.0,
    marks=(),
    texts=None,
):
    """The flow of L(θ) = ‖Fθ − y‖²/(2m) from θ = 0, with a slider for the time.

    Four panels: the fit among the data; the learnt share 1 − exp(−λt) of each mode; training
    error and error on new points against time; signal, noise and what is learnt in each mode.

    Parameters
    ----------
    points, observed : (m,) array
        The data; `observed` is y.
    features : (m, n) array
        F, a row for each point.
    fresh : (q,) array
        New points, in order.
    fresh_features : (q, n) array
    truth : callable
        Function of x that the data show, with noise.
    slider : (float, float, float)
        log₁₀ of the first and the last time, and the step between two.
    value : float
        log₁₀ of the time at which the figure starts.
    marks : sequence of float
        log₁₀ of times offered as buttons, and the rows of the table.
    texts : dict, optional
        Words that replace English ones, by the keys of `early_stopping.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-log, data-half, data-train and data-test hold the numbers, the errors
        to six digits.

    References
    ----------
    Yao, Rosasco, Caponnetto, *On early stopping in gradient descent learning*, Constructive
    Approximation 26 (2007), doi:10.1007/s00365-006-0663-2.
    """
    texts = all_texts(TEXTS, texts)
    first, last, step = map(float, slider)
    logs = np.round(np.arange(first, last + step / 2, step), 9)
    left, sizes, right = np.linalg.svd(features / np.sqrt(len(points)), full_matrices=False)
    seen = int(np.sum(-np.expm1(-(sizes**2) * 10.0**last) > LEAST))
    eigenvalues = np.round(sizes**2, 9)
    # θ(t) has (1 − exp(−λt))/√λ · (uᵢ·y)/√m along the i-th eigenvector, which is stable at λ = 0.
    in_data = left.T @ observed / np.sqrt(len(points))
    shares = -np.expm1(-np.outer(sizes**2, 10.0**logs))
    theta = right.T @ (shares * (in_data / np.maximum(sizes, 1e-200))[:, None])
    predicted = fresh_features @ theta
    train = _digits(np.mean((features @ theta - observed[:, None]) ** 2, axis=0))
    test = _digits(np.mean((predicted - truth(fresh)[:, None]) ** 2, axis=0))
    best = int(test.argmin())
    shown = np.arange(0, len(fresh), max(1, len(fresh) // DRAWN))
    across = np.round(fresh[shown], 4)
    curves = np.round(1000 * predicted[shown].T) + 0.0  # no −0
    parts = {
        name: np.round(_log10(np.abs(left.T @ y)[:seen] / np.sqrt(len(points))), 3)
        for name, y in (
            ("data", observed),
            ("signal", truth(points)),
            ("noise", observed - truth(points)),
        )
    }

    def row(log):
        """Index of the time, its text, the number of modes more than half learnt."""
        at = round((log - first) / step)
        half = int(np.sum(eigenvalues * 10.0**log > np.log(2)))
        return at, short(10.0**log), half

    at, time, half = row(value)
    style = "method" if at <= best else "unstable"
    i = np.arange(1, seen + 1)
    share = -np.expm1(-eigenvalues[:seen] * 10.0**value)
    height = np.log10(np.column_stack([train, test]))
    low, high = min(observed.min(), truth(fresh).min()), max(observed.max(), truth(fresh).max())
    margin = 0.15 * (high - low)
    modes = (0.0, seen + 1.0)
    panels = (
        Panel(
            name="fit",
            window=(
                *map(float, np.round([fresh[0] - 0.05, fresh[-1] + 0.05], 3)),
                *map(float, np.round([low - margin, high + margin], 3)),
            ),
            still=[
                Mark("dots", "guide", np.column_stack([points, observed])),
                Mark("line", "flow dashed", np.column_stack([across, truth(across)])),
            ],
            moving=[Mark("line", style, np.column_stack([across, curves[at] / 1000]))],
            legend=(("line dashed", "fit.truth"), ("line method", "fit.flow")),
        ),
        Panel(
            name="modes",
            window=(*modes, 0.0, 1.1),
            still=[Mark("line", "guide dashed", [(0.0, 0.5), (modes[1], 0.5)])],
            moving=[
                Mark("stems", style, np.column_stack([i, share])),
                Mark("dots", style, np.column_stack([i, share])),
            ],
        ),
        Panel(
            name="errors",
            window=(first - 0.1, last + 0.1, -2.5, 1.0),
            still=[
                Mark("line", "flow", np.column_stack([logs, height[:, 0]])),
                Mark("line", "second", np.column_stack([logs, height[:, 1]])),
            ],
            moving=[
                Mark("line", f"{style} thin", [(value, -2.5), (value, 1.0)]),
                Mark("dots", f"{style} large", [(value, h) for h in height[at]]),
            ],
            legend=(("line flow", "errors.train"), ("line second", "errors.test")),
            powers=True,
        ),
        Panel(
            name="parts",
            window=(*modes, -4.0, 0.5),
            still=[
                Mark("dots", "flow", np.column_stack([i, parts["signal"]])),
                Mark("dots", "second", np.column_stack([i, parts["noise"]])),
            ],
            moving=[
                Mark("dots", f"{style} large", np.column_stack([i, parts["data"] + _log10(share)]))
            ],
            legend=(
                ("dot flow", "parts.signal"),
                ("dot second", "parts.noise"),
                ("dot method", "parts.learnt"),
            ),
            powers=True,
        ),
    )
    rows = [row(log) for log in marks]
    return SliderFigure(
        kind="early_stopping",
        texts=texts,
        fields={
            "log": fixed(value, 1),
            "time": time,
            "half": str(half),
            "count": str(len(eigenvalues)),
            "train": short(train[at]),
            "test": short(test[at]),
            "verdict": texts[style],
            "best": short(float(f"{10.0 ** logs[best]:.2g}")),
        },
        panels=panels,
        slider=slider,
        value=value,
        marks=marks,
        readout=("log", "half", "test"),
        style=style,
        data={
            "first": first,
            "step": step,
            "best": best,
            "eigenvalues": [float(x) for x in eigenvalues],
            "seen": seen,
            "train": [float(x) for x in train],
            "test": [float(x) for x in test],
            "parts": [float(x) for x in parts["data"]],
            "across": [float(x) for x in across],
            "thousandths": curves.astype(int).tolist(),
        },
        table=(
            ("table.time", "table.half", "table.train", "table.test"),
            *((text, str(n), short(train[k]), short(test[k])) for k, text, n in rows),
        ),
    )


def _digits(values):
    """To six digits: the same on every machine."""
    return np.array([float(f"{value:.6g}") for value in values])


def _log10(values):
    """Logarithms to base 10; those of 0 lie far below every window."""
    return np.log10(np.maximum(values, 1e-12))
