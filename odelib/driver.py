"""One solve in progress: the kernel is run in slices, its output grows, its end is put in words."""

import math
import time
import warnings
from typing import NamedTuple

import numpy as np

from odelib.rhs import Bound
from odelib.solution import Solution
from odelib.tableaus import METHODS

_SLICE = 0.05  # seconds that a kernel may run before Python looks for Ctrl-C
_SLOW = 20.0  # seconds after which an uncompiled right-hand side is worth a remark
_ROOM = 2**20  # numbers that the first chunk of output may hold

REACHED_END = "The solver successfully reached the end of the integration interval."
TOO_SMALL = "Required step size is less than spacing between numbers."


class Problem(NamedTuple):
    """An initial value problem and how to solve it, every value checked (see arguments.py)."""

    bound: Bound
    t0: float
    t_end: float
    y0: np.ndarray  # (n,)
    method: str
    step: float  # 0: adaptive
    last: int  # number of steps of a fixed-step solve
    rtol: np.ndarray  # (n,)
    atol: np.ndarray  # (n,)
    first_step: float  # 0: to be chosen
    max_step: float
    max_steps: int
    t_eval: np.ndarray | None  # (m,); None: store every step


class Solve:
    """The state of one solve. Each has its own, so solves may run side by side and nested."""

    def __init__(self, problem):
        from odelib.kernels import explicit  # imported on first use

        self.problem = problem
        self.kernel = explicit
        tab = METHODS[problem.method]
        self.tab = tab
        self.exponent = -1.0 / (tab.error_order + 1)
        n = len(problem.y0)
        self.clock = np.array([problem.t0, problem.first_step, problem.t0])
        self.counts = np.zeros(explicit.COUNTS, dtype=np.int64)
        self.y, self.K = problem.y0.copy(), np.zeros(max(len(tab.b), 2) * n)
        self.y_new, self.err = np.zeros(n), np.zeros(n)
        self.chunks = []
        if problem.t_eval is None:
            self.t_eval = np.empty(0)
            room = min(problem.last + 1 if problem.last else 64, max(64, _ROOM // n))
            self._make_room(room)
            self.t[0], self.states[0] = problem.t0, problem.y0
            self.counts[explicit.STORED] = 1
        else:
            self.t_eval = problem.t_eval
            self._make_room(len(problem.t_eval))

    def run(self):
        """Solve; what is raised on the way carries what was computed as its `solution`."""
        try:
            return self._run()
        except BaseException as error:
            message = f"{type(error).__name__} at t = {self.clock[self.kernel.T]:.6g}"
            error.solution = self._result(-1, message)
            raise

    def _run(self):
        kernel, problem = self.kernel, self.problem
        code = kernel.PAUSED
        if not problem.step and not problem.first_step:
            code = self._first_step()
            if code == kernel.DONE:
                code = kernel.PAUSED
        budget, started = 100, time.perf_counter()
        while code in (kernel.PAUSED, kernel.FULL):
            if code == kernel.FULL:
                self._keep_chunk()
                self._make_room(2 * len(self.t))
            left = problem.max_steps - self._tried()
            if left <= 0:
                return self._result(-1, self._out_of_steps())
            before = time.perf_counter()
            code = self._advance(min(budget, left))
            now = time.perf_counter()
            budget = int(budget * min(10.0, max(0.1, _SLICE / max(now - before, 1e-9)))) + 1
            if not problem.bound.compiled and now - started > _SLOW:
                _remark_on_speed()
        if code == kernel.DONE:
            return self._result(0, REACHED_END)
        if code == kernel.RHS_FAILED:
            raise self._exception_of_f()
        return self._result(-1, self._why(code))

    # --- The kernel -----------------------------------------------------------------------------

    def _first_step(self):
        p = self.problem
        return self.kernel.starter()(
            p.bound.address, p.bound.ctx, self.clock, self.counts, p.t_end, p.max_step,
            p.rtol, p.atol, self.exponent, self.y, self.K, self.y_new,
        )  # fmt: skip

    def _advance(self, budget):
        p = self.problem
        return self.kernel.loop()(
            self.kernel.step_of(p.method).address, p.bound.address, p.bound.ctx,
            self.clock, self.counts, budget,
            p.t0, p.t_end, p.step, p.last, p.max_step,
            p.rtol, p.atol, self.exponent,
            self.y, self.K, self.y_new, self.err,
            self.tab.fsal, self.tab.P, self.t_eval, self.t, self.states,
        )  # fmt: skip

    def _tried(self):
        return int(self.counts[self.kernel.STEPS] + self.counts[self.kernel.REJECTED])

    # --- Output ---------------------------------------------------------------------------------

    def _make_room(self, rows):
        self.t, self.states = np.empty(rows), np.empty((rows, len(self.y)))

    def _keep_chunk(self):
        stored = int(self.counts[self.kernel.STORED])
        self.chunks.append((self.t[:stored], self.states[:stored]))
        self.counts[self.kernel.STORED] = 0

    def _result(self, status, message):
        stored = int(self.counts[self.kernel.STORED])
        chunks = [*self.chunks, (self.t[:stored], self.states[:stored])]
        t, y = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
        kernel = self.kernel
        nfev, steps, rejected = self.counts[[kernel.EVALUATIONS, kernel.STEPS, kernel.REJECTED]]
        return Solution(
            t=t, y=y.T, sol=None, t_events=None, y_events=None,
            nfev=int(nfev), njev=0, nlu=0,
            status=status, message=message, success=status >= 0,
            compiled=self.problem.bound.compiled, steps=int(steps), rejected=int(rejected),
        )  # fmt: skip

    # --- Why it stopped -------------------------------------------------------------------------

    def _exception_of_f(self):
        """The exception that f raised, where it raised it."""
        t = self.clock[self.kernel.T_FAILED]
        y = self.y if t == self.clock[self.kernel.T] else self.y_new
        return self.problem.bound.explain(int(self.counts[self.kernel.STATUS]), t, y)

    def _out_of_steps(self):
        return (
            f"max_steps = {self.problem.max_steps} steps were tried and t = "
            f"{self.clock[self.kernel.T]:.6g} was reached; raise max_steps, or loosen rtol and atol."
        )

    def _why(self, code):
        kernel, t = self.kernel, self.clock[self.kernel.T]
        component = _first_not_finite(self.y_new)
        if code == kernel.NOT_FINITE and self.problem.step:
            return (
                f"y[{component}] was no longer a finite number in the step after t = {t:.6g}. "
                "If the exact solution is finite, the step is too large: try a smaller one."
            )
        n = len(self.y)
        slope = _first_not_finite(self.K[: n if code == kernel.NOT_FINITE else len(self.K)])
        if slope is not None:
            return (
                ("" if code == kernel.NOT_FINITE else TOO_SMALL + " ")
                + f"fun returned a value that is not finite in component {slope % n} at or after "
                f"t = {t:.6g}: the solution may end there, or fun may leave its domain."
            )
        largest = int(np.argmax(abs(self.y)))
        return (
            f"{TOO_SMALL} This happened at t = {t:.6g}, where y[{largest}] = {self.y[largest]:.6g}: "
            "the solution may blow up there, or fun may jump; a larger atol may help."
        )


def stand_still(problem):
    """The result where there is nothing to integrate: no components, or an interval of length 0."""
    t = np.array([problem.t0, problem.t_end]) if problem.t_eval is None else problem.t_eval
    y = np.repeat(problem.y0[:, None], len(t), axis=1)
    return Solution(
        t=t, y=y, sol=None, t_events=None, y_events=None, nfev=0, njev=0, nlu=0,
        status=0, message=REACHED_END, success=True,
        compiled=problem.bound.compiled, steps=0, rejected=0,
    )  # fmt: skip


def _first_not_finite(values):
    where = np.flatnonzero(~np.isfinite(values))
    return int(where[0]) if len(where) else None


def _remark_on_speed():
    warnings.warn(
        "this solve calls a plain Python function; @odelib.rhs compiles it, which is often a "
        "hundred times quicker",
        stacklevel=5,
    )
