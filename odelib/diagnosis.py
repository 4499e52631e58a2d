"""What a diagnosis says, and what its causes are measured on."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from odelib.curvature import Spectrum
from odelib.model import Model
from odelib.optimize import Minimization, minimize

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

    def run(self, steps, every=1):
        """`steps` steps of the method from theta, with all rows."""
        model = self.model
        return minimize(
            model.gradient, self.theta, self.method, learning_rate=self.rate, steps=steps,
            args=(*self.data, *model.args), fun=model.loss, trajectory=True, every=every,
            **self.settings,
        )  # fmt: skip

    def found(self, cause, sentence, **measured):
        return Diagnosis(
            cause, sentence, self.rate, float(self.top.values[0]), self.limit,
            self.top.vectors[:, 0], measured,
        )  # fmt: skip

    def hvp(self, v):
        return self.model.hvp(self.theta, v, *self.data, *self.model.args)

    def product_sentence(self):
        """αλmax and the method's limit, in words."""
        value = self.top.values[0]
        against = f"the limit of {self.method} is {self.limit:.4g}"
        if np.isnan(self.limit):
            against = f"{self.method} has no limit of its own"
        return f"learning rate times sharpness is {self.rate * value:.4g}, {against}."

    def rises(self):
        """Whether the loss goes up anywhere in the probe, by more than rounding."""
        return bool((np.diff(self.probe.loss) > 1e-9 * np.abs(self.probe.loss[:-1])).any())

    def diverges(self):
        loss = self.probe.loss
        return not self.probe.success or (len(loss) > 1 and min(loss[-len(loss) // 4 :]) > loss[0])
