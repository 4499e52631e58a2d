"""The result of a solve."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, repr=False)
class Continuous:
    """The solution at any time: call it with a time, or an array (m,), for y (n,), or (n, m).

    At a step's end it is the stored state, bit for bit; between the steps it is the method's
    interpolant; outside the interval the first or last interpolant goes on.
    """

    ts: np.ndarray  # (k + 1,)  ends of the steps
    ys: np.ndarray  # (k + 1, n) states there
    h: np.ndarray  # (k,)      sizes of the steps (the last may reach beyond an event)
    Q: np.ndarray  # (k, q, n) y(t_i + θh_i) = y_i + θ(Q_i0 + (1 − θ)(Q_i1 + θ(Q_i2 + …)))

    @property
    def t_min(self):
        """Earliest time of the interval."""
        return min(self.ts[0], self.ts[-1])

    @property
    def t_max(self):
        """Latest time of the interval."""
        return max(self.ts[0], self.ts[-1])

    def __call__(self, t):
        times = np.asarray(t, dtype=float)
        flat = np.atleast_1d(times)
        if flat.ndim != 1:
            raise ValueError(f"t must be a number or 1-dimensional, got shape {times.shape}")
        if len(self.h) == 0:
            states = np.repeat(self.ys[:1], len(flat), axis=0)
        else:
            sign = 1.0 if self.ts[-1] >= self.ts[0] else -1.0
            place = np.searchsorted(sign * self.ts, sign * flat, side="left")
            step = np.clip(place - 1, 0, len(self.h) - 1)
            theta = ((flat - self.ts[step]) / self.h[step])[:, None]
            states = np.zeros((len(flat), self.ys.shape[1]), dtype=self.ys.dtype)
            for j in range(self.Q.shape[1] - 1, -1, -1):
                states = (theta if j % 2 == 0 else 1.0 - theta) * (self.Q[step, j] + states)
            states += self.ys[step]
            end = np.clip(place, 0, len(self.ts) - 1)
            stored = self.ts[end] == flat
            states[stored] = self.ys[end[stored]]
        return states[0] if times.ndim == 0 else states.T


@dataclass(repr=False, eq=False)
class Solution:
    """What `solve_ivp` returns: the attributes of SciPy's result, and a few more.

    A solve that stops early is a result too: `success` is False, `message` says why and what to
    try, and `t`, `y` hold all that was computed.
    """

    t: np.ndarray  # (m,)   times
    y: np.ndarray  # (n, m) states, y[:, i] at t[i]
    sol: Continuous | None  # the solution at any time, with dense_output=True
    t_events: list | None  # times of each event
    y_events: list | None  # states at each event, (count, n)
    nfev: int  # calls of the right-hand side
    njev: int  # calls of the Jacobian: 0 for explicit methods
    nlu: int  # LU decompositions: 0 for explicit methods
    status: int  # 0: reached the end; 1: stopped by an event; -1: failed
    message: str  # why it stopped
    success: bool  # status >= 0
    compiled: bool  # whether the right-hand side ran as compiled code
    steps: int  # accepted steps
    rejected: int  # steps tried and refused

    def __getitem__(self, name):
        """The attribute of this name: SciPy's result is a dictionary too."""
        return vars(self)[name]

    def keys(self):
        """Names of the attributes."""
        return vars(self).keys()

    def __repr__(self):
        times = f" from {self.t[0]:.6g} to {self.t[-1]:.6g}" if len(self.t) else ""
        last = np.array2string(self.y[:, -1], threshold=6) if np.size(self.y) else "none"
        lines = [
            self.message,
            f"  t: {len(self.t)} times{times}",
            f"  y: shape {np.shape(self.y)}, last {last}",
            f"  steps: {self.steps} accepted, {self.rejected} rejected; nfev: {self.nfev}",
        ]
        if self.t_events is not None:
            lines.append(f"  events: {', '.join(str(len(times)) for times in self.t_events)}")
        return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class EnsembleSolution:
    """What `ensemble` returns: a row for each of N trajectories.

    A trajectory that fails is a failed row: its status is -1, its message says why, and `y` is NaN
    where it did not get to.
    """

    y: np.ndarray  # (N, n)   states at the end, or (N, n, m) at the m times of t_eval
    t: np.ndarray  # (N,)     times reached; NaN where a trajectory was not finished
    status: np.ndarray  # (N,) 0: reached the end; -1: failed
    messages: list  # of N sentences: why each stopped
    success: np.ndarray  # (N,) whether status is 0
    nfev: np.ndarray  # (N,)  calls of the right-hand side
    steps: np.ndarray  # (N,) accepted steps
    rejected: np.ndarray  # (N,) steps tried and refused
    compiled: bool  # whether the right-hand side ran as compiled code

    def __repr__(self):
        failed = np.flatnonzero(~self.success)
        lines = [
            f"{len(self.t)} trajectories, {len(failed)} failed",
            f"  y: shape {self.y.shape}",
            f"  steps: {self.steps.sum()} accepted, {self.rejected.sum()} rejected; "
            f"nfev: {self.nfev.sum()}",
        ]
        lines += [f"  row {row}: {self.messages[row]}" for row in failed[:3]]
        return "\n".join(lines + ["  …"] * (len(failed) > 3))
