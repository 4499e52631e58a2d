"""What training was seen to do: each look at it, the best parameters, whether it should stop."""

import math
import time
from dataclasses import dataclass

import numpy as np

from odelib.training import codes as at
from odelib.training.reasons import end_of_training, has_risen

_HALVINGS = 100  # of the learning rate, at most


@dataclass(frozen=True, repr=False)
class Training:
    """What `train` returns.

    Training that diverges, or that Ctrl-C ends, or whose loss ends above its start, is a result
    too: `success` is False and `message` says why; what was reached until then is here.
    """

    theta: np.ndarray  # (p,) the last parameters
    best: np.ndarray  # (p,) those with the least validation loss, or loss without validation
    best_epoch: float
    average: np.ndarray | None  # (p,) mean of the iterates, with average_from=
    epoch: np.ndarray  # (m,) when the history was kept
    loss: np.ndarray  # (m,) of all training rows
    validation: np.ndarray | None  # (m,) of the validation rows
    gradient_norm: np.ndarray  # (m,) of all training rows
    learning_rate: float | None  # the number that was used last; None if there was a schedule
    sharpness: float | None  # as measured for learning_rate="auto"
    steps: int
    njev: int  # gradients of a batch
    seconds: float
    stopped_by: str  # 'epochs', a criterion of stop, 'failed' or 'interrupted'
    message: str  # the same as a sentence
    success: bool  # nothing failed or interrupted it, and the loss did not end above its start

    def __repr__(self):
        lines = [
            self.message,
            f"  loss: {self.loss[0]:.6g} -> {self.loss[-1]:.6g} in {self.epoch[-1]:g} epochs, "
            f"{self.steps} steps, {self.seconds:.3g} s",
        ]
        if self.validation is not None:
            lines.append(
                f"  validation: {self.validation[0]:.6g} -> {self.validation[-1]:.6g}, best "
                f"{np.nanmin(self.validation):.6g} at epoch {self.best_epoch:g}"
            )
        if self.sharpness is not None:
            lines.append(
                f"  learning rate {self.learning_rate:.4g}, sharpness {self.sharpness:.4g}"
            )
        return "\n".join(lines)


class History:
    """What was seen at each look, the best so far, and whether a criterion is met."""

    def __init__(self, model, rows, held_out, stop, descent, show):
        self.model, self.rows, self.held_out = model, rows, held_out
        self.stop, self.descent, self.show = stop, descent, show
        self.looks = []  # (epoch, loss, validation, gradient norm)
        self.best, self.best_epoch, self.least = descent.theta.copy(), 0, math.inf
        self.waited = 0  # looks since the validation loss was least
        self.before = None
        self.lowest, self.lowest_loss = descent.theta.copy(), math.inf  # of the training loss
        self.halvings = 0  # of the learning rate
        self.started = time.perf_counter()

    def look(self, epoch):
        """Measure; returns the name of the criterion that is met, or None."""
        if self.looks and self.looks[-1][0] == epoch:
            return None
        model, theta = self.model, self.descent.theta
        loss = float(model.loss(theta, *self.rows, *model.args))
        norm = _size(model.gradient(theta, *self.rows, *model.args))
        held = loss
        if self.held_out is not None:
            held = float(model.loss(theta, *self.held_out, *model.args))
        self.looks.append((epoch, loss, held, norm))
        self.waited += 1
        if held < self.least:
            self.best, self.best_epoch, self.least = theta.copy(), epoch, held
            self.waited = 0
        if loss < self.lowest_loss:
            self.lowest, self.lowest_loss = theta.copy(), loss
        losses = {"loss": loss} | ({"validation": held} if self.held_out is not None else {})
        self.show(epoch, **{name: f"{value:.4g}" for name, value in losses.items()})
        before, self.before = self.before, theta.copy()
        moved = math.inf if before is None else _size(theta - before)
        return self._criterion(epoch, loss, norm, moved)

    def risen(self):
        """Whether the loss at the last look is above its start."""
        _, loss, _, norm = zip(*self.looks, strict=True)
        return has_risen(loss, norm, self.descent.theta)

    def halve(self):
        """Halve the learning rate and go back to where the loss was least; False: in vain."""
        if self.halvings == _HALVINGS or not math.isfinite(self.lowest_loss):
            return False
        self.halvings += 1
        self.descent.restart(self.lowest, 0.5)
        return True

    def _criterion(self, epoch, loss, norm, moved):
        stop, theta = self.stop, self.descent.theta
        if not np.isfinite(loss):
            self.descent.failure = (
                f"The loss was {loss} at epoch {epoch:g}, where theta was still finite: the "
                "learning rate may be beyond the method's stability limit; try a smaller one."
            )
            return "failed"
        met = {
            "gradient_norm": norm <= stop.get("gradient_norm", -1.0),
            "relative_change": moved <= stop.get("relative_change", -1.0) * _size(theta),
            "loss": loss <= stop.get("loss", -math.inf),
            "patience": self.waited >= stop.get("patience", math.inf),
            "when": "when" in stop and stop["when"](epoch, theta.copy()),
        }
        return next((name for name, is_met in met.items() if is_met), None)

    def result(self, outcome, learning_rate, sharpness):
        """The result of the training that this outcome ended."""
        descent, counts = self.descent, self.descent.counts
        epoch, loss, validation, norm = map(np.array, zip(*self.looks, strict=True))
        message = descent.failure
        if outcome != "failed":
            message = end_of_training(
                outcome, self.stop.get(outcome), epoch[-1], loss if self.risen() else None,
                best_epoch=self.best_epoch, halvings=self.halvings, learning_rate=learning_rate,
            )  # fmt: skip
        return Training(
            theta=descent.theta.copy(),
            best=self.best,
            best_epoch=self.best_epoch,
            average=descent.mean.copy() if counts[at.AVERAGED] else None,
            epoch=epoch,
            loss=loss,
            validation=None if self.held_out is None else validation,
            gradient_norm=norm,
            learning_rate=learning_rate,
            sharpness=sharpness,
            steps=descent.steps_taken,
            njev=int(counts[at.GRADIENTS]),
            seconds=time.perf_counter() - self.started,
            stopped_by=outcome,
            message=message,
            success=outcome not in ("failed", "interrupted") and not self.risen(),
        )


def _size(vector):
    with np.errstate(over="ignore"):  # of a training that diverges
        return float(np.linalg.norm(vector))
