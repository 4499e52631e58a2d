"""The result of a solve."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, repr=False)
class Solution:
    """What `solve_ivp` returns: the attributes of SciPy's result, and a few more.

    A solve that stops early is a result too: `success` is False, `message` says why and what to
    try, and `t`, `y` hold all that was computed.
    """

    t: np.ndarray  # (m,)   times
    y: np.ndarray  # (n, m) states, y[:, i] at t[i]
    sol: Any  # the continuous solution, or None
    t_events: list | None  # times of each event
    y_events: list | None  # states at each event
    nfev: int  # calls of the right-hand side
    njev: int  # calls of the Jacobian: 0 for explicit methods
    nlu: int  # LU decompositions: 0 for explicit methods
    status: int  # 0: reached the end; 1: stopped by an event; -1: failed
    message: str  # why it stopped
    success: bool  # status >= 0
    compiled: bool  # whether the right-hand side ran as compiled code
    steps: int  # accepted steps
    rejected: int  # steps tried and refused

    def __repr__(self):
        lines = [
            f"{self.message}",
            f"  t: {len(self.t)} times"
            + (f" from {self.t[0]:.6g} to {self.t[-1]:.6g}" if len(self.t) else ""),
            f"  y: shape {self.y.shape}"
            + (f", last {np.array2string(self.y[:, -1], threshold=6)}" if self.y.size else ""),
            f"  steps: {self.steps} accepted, {self.rejected} rejected; nfev: {self.nfev}",
        ]
        return "\n".join(lines)
