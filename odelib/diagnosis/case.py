"""What a diagnosis says, and what its causes are measured on."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from odelib.curvature import Spectrum
from odelib.models.model import Model
from odelib.training.minimize import Minimization, minimize

CAUSES = (
    "bad data",
    "bad parameters",
    "gradient of wrong sign",
    "gradient of wrong scale",
    "gradient with a wrong component",
    "gradient with wrong components",
    "learning rate too large",
    "edge of stability",
    "noise",
    "overfitting",
    "momentum overshoots",
    "kinks",
    "converged",
    "separable data",
    "plateau",
    "learning rate too small",
    "ill-conditioned data",
    "nothing found",
)


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What `diagnose` found."""

    cause: str  # one of CAUSES
    sentence: str  # what was found, with its numbers, and what to do
    learning_rate: float
    sharpness: float = np.nan  # λmax
    limit: float = np.nan  # of αλmax; NaN where the method has none of its own
    direction: np.ndarray | None = None  # (p,) of largest curvature, of length 1
    measured: dict[str, Any] = field(default_factory=dict)  # further numbers, by name

    @property
    def product(self):
        """αλmax, to be compared with `limit`."""
        return self.learning_rate * self.sharpness

    @property
    def safe_learning_rate(self):
        """The largest learning rate at which no direction grows, limit/λmax."""
        return self.limit / self.sharpness if self.sharpness > 0 else np.inf

    def __str__(self):
        return self.sentence


@dataclass(frozen=True)
class Case:
    """The measurements that the later causes share."""

    model: Model
    data: tuple
    theta: np.ndarray
    method: str
    rate: float
    settings: dict
    top: Spectrum  # at theta
    limit: float
    probe: Minimization | None = None  # a few steps from theta

    def run(self, steps, every=1, rate=None, trajectory=True):
        """`steps` steps of the method from theta, with all rows."""
        model = self.model
        return minimize(
            model.gradient, self.theta, self.method, learning_rate=rate or self.rate, steps=steps,
            args=(*self.data, *model.args), fun=model.loss, trajectory=trajectory, every=every,
            **self.settings,
        )  # fmt: skip

    def longer(self):
        """Ten times the probe. Seen at odd steps too: a cycle of two steps is frequent."""
        return self.run(10 * self.probe.steps, every=9)

    def found(self, cause, sentence, **measured):
        return Diagnosis(
            cause, sentence, self.rate, float(self.top.values[0]), self.limit,
            self.top.vectors[:, 0], measured,
        )  # fmt: skip

    def hvp(self, v, theta=None):
        theta = self.theta if theta is None else theta
        return self.model.hvp(theta, v, *self.data, *self.model.args)

    def product_sentence(self):
        """αλmax and the method's limit, in words."""
        value = self.top.values[0]
        against = f"the limit of {self.method} is {self.limit:.4g}"
        if np.isnan(self.limit):
            against = f"{self.method} has no limit of its own"
        return f"learning rate times sharpness is {self.rate * value:.4g}, {against}."

    def ending(self, run):
        """How a run ends whose late loss is above its start, in words."""
        if run.stopped_by == "failed":
            end = "until it is no longer finite"
        else:
            end = f"to {late_loss(run):.4g}, the mean of the last quarter"
        return (
            f"The loss grows from {run.loss[0]:.4g} {end} of {run.steps} steps of {self.method} "
            "with the full gradient."
        )


def rises(run):
    """Whether the loss goes up anywhere in a run, by more than rounding."""
    loss = run.loss
    return bool((np.diff(loss) > 1e-9 * np.abs(loss[:-1]) + 1e-12 * abs(loss[0])).any())


def late_loss(run):
    """Mean loss of the last quarter of a run: its last value alone is a matter of chance."""
    if run.stopped_by == "failed":
        return np.inf
    with np.errstate(over="ignore"):
        return float(run.loss[-(len(run.loss) // 4 + 1) :].mean())


def stays_higher(run):
    """Whether the loss of a run is above its start all through the last quarter."""
    return run.stopped_by == "failed" or min(run.loss[-(len(run.loss) // 4 + 1) :]) > run.loss[0]


def ends_higher(run):
    """Whether the late loss of a run is above its start, by more than rounding."""
    return not late_loss(run) <= run.loss[0] + 1e-9 * abs(run.loss[0])
