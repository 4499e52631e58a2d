"""A learning rate above the limit of its method: for good, or only now and then."""

import numpy as np

from odelib.curvature import spectrum
from odelib.diagnosis.case import ends_higher, late_loss, rises, stays_higher
from odelib.optimizers.table import OPTIMIZERS

_BEHIND = 0.1  # of what a run below the limit gains: the edge of stability may lose so much
_TRIES = 8  # learning rates below the limit


def instability(case):
    """A learning rate above the limit: for good, or only now and then."""
    if np.isnan(case.limit):
        if not ends_higher(case.probe):
            return None
        run = case.probe if stays_higher(case.probe) else case.longer()
        if not ends_higher(run):  # momentum came back
            return None
        return case.found(
            "learning rate too large",
            f"{case.ending(run)} Take a smaller learning rate than {case.rate:.4g}.",
        )
    value, limit = float(case.top.values[0]), case.limit
    if case.rate * value <= 0.9 * limit and not rises(case.probe):
        return None
    longer = case.longer()  # a cycle at the edge may take long
    along = np.append(_sharpness_along(case, longer.trajectory), value)
    if case.rate * along.max() <= limit and not OPTIMIZERS[case.method].memory:
        along = np.append(along, _curvature_within(case))
    low, worst = along.min(), along.max()
    if case.rate * worst <= limit:
        return None
    safe, calm = _below(case, limit / worst)
    start, late = longer.loss[0], late_loss(longer)
    if case.rate * low > limit or ends_higher(longer) or late - calm > _BEHIND * (start - calm):
        where = "" if case.rate * value > limit else " a little further on"
        worst = worst if where else value
        component = int(np.argmax(np.abs(case.top.vectors[:, 0])))
        late_in = ""
        if case.rate * low <= limit and late < np.inf:
            late_in = (
                f"It shrinks again where the curvature is smaller, but late in {longer.steps} "
                f"steps the loss, {start:.4g} at first, is {late:.4g} on average; with the "
                f"learning rate {0.9 * safe:.4g} it is {calm:.4g}. "
            )
        return case.found(
            "learning rate too large",
            f"The learning rate {case.rate:.4g} times the sharpness {worst:.4g}{where} is "
            f"{case.rate * worst:.4g}, above {limit:.4g}, the limit of {case.method}: the error in "
            f"the direction of largest curvature, mostly theta[{component}], grows. "
            f"{late_in}Take a learning rate below {min(safe, limit / worst):.4g}.",
            sharpness_along=along,
            late_loss=late,
            late_loss_below=calm,
        )
    return case.found(
        "edge of stability",
        f"Training is at the edge of stability: learning rate times sharpness goes between "
        f"{case.rate * low:.4g} and {case.rate * worst:.4g}, about {limit:.4g}, the limit of "
        f"{case.method}. The loss rises now and then, and falls again where the curvature is "
        f"smaller, from {start:.4g} to {late:.4g} on average late in {longer.steps} steps. This is "
        f"no fault: with the learning rate {0.9 * safe:.4g} it is {calm:.4g} then.",
        sharpness_along=along,
        late_loss=late,
        late_loss_below=calm,
    )


def _below(case, rate):
    """(learning rate, late loss) of a run whose loss falls steadily, at most this rate.

    The sharpness was measured where the run is now: on the way down it may be larger. The waves of
    momentum are no sign of it.
    """
    memory = OPTIMIZERS[case.method].memory
    for _ in range(_TRIES):
        run = case.run(10 * case.probe.steps, rate=0.9 * rate, trajectory=False)
        if not (ends_higher(run) if memory else run.stopped_by == "failed" or rises(run)):
            break
        rate /= 4.0
    return rate, late_loss(run)


def _curvature_within(case, points=64):
    """Curvatures (points,) along that step of the probe which raises the loss most, within it.

    A step of gd along s raises a smooth loss only where sᵀHs/sᵀs is above 2/α somewhere on it: its
    ends may both be flat. At a kink no Hessian says so.
    """
    k = int(np.argmax(np.diff(case.probe.loss)))
    start, end = case.probe.trajectory[:, k], case.probe.trajectory[:, k + 1]
    s = end - start
    parts = (np.arange(points) + 0.5) / points
    return [s @ case.hvp(s, start + part * s) / (s @ s) for part in parts]


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
