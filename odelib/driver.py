"""One solve in progress: the kernel is run in slices, its output grows, its end is put in words."""

import functools
import math
import time
from typing import NamedTuple

import numpy as np

from odelib.pointers import address_of, aligned_zeros
from odelib.progress import progress_bar
from odelib.reasons import (
    EVENT_OCCURRED,
    REACHED_END,
    exception,
    out_of_steps,
    remark_on_speed,
    why,
)
from odelib.rhs import Bound
from odelib.solution import Continuous, Solution

_SLICE = 0.05  # seconds that a kernel may run before Python looks for Ctrl-C
# (address of f, numbers in y, method) -> steps of the first slice: what a step costs is not known
# before the first solve, so that one begins with a single step.
_BUDGETS, _MOST_BUDGETS = {}, 10_000
SLOW = 20.0  # seconds of work after which an uncompiled right-hand side is worth a remark
_ROOM = 2**20  # numbers that the output has room for at first

_SMALL = 64  # numbers in y, below which their place in memory makes no difference
# What a kernel takes where nothing is asked for.
_NO_NUMBERS, _NO_ROWS, _NO_INTERPOLANTS = np.empty(0), np.empty((0, 0)), np.empty((0, 0, 0))
_NO_INTEGERS = np.empty(0, dtype=np.int64)
_NO_TIMES = (_NO_NUMBERS, _NO_ROWS)
_NO_OUTPUT = (_NO_NUMBERS, _NO_ROWS, _NO_NUMBERS, _NO_INTERPOLANTS)
NO_EVENTS = (
    _NO_INTEGERS, _NO_INTEGERS, _NO_NUMBERS, _NO_INTEGERS, _NO_NUMBERS,  # the events
    _NO_NUMBERS, _NO_INTEGERS, _NO_ROWS,  # what was found
    _NO_NUMBERS, _NO_NUMBERS,  # room to look for them
)  # fmt: skip


class Problem(NamedTuple):
    """An initial value problem and how to solve it, every value checked (see arguments.py)."""

    bound: Bound
    t0: float
    t_end: float
    y0: np.ndarray  # (n,), float64 or complex128; a small one becomes the state
    method: str
    step: float  # 0: adaptive
    last: int  # number of steps of a fixed-step solve
    rtol: np.ndarray  # (n,)
    atol: np.ndarray  # (n,)
    first_step: float  # 0: to be chosen
    max_step: float
    max_steps: int
    t_eval: np.ndarray | None  # (m,); None: every step
    dense: bool
    events: tuple  # of Bound, (e,); None: not asked for
    directions: np.ndarray  # (e,)
    terminals: np.ndarray  # (e,)
    progress: bool = False  # show a bar


@functools.cache
def _kernels():
    """(explicit, states, steps): imported on first use."""
    from odelib.kernels import explicit, states, steps

    return explicit, states, steps


class Solve:
    """The state of one solve. Each has its own, so solves may run side by side and nested."""

    def __init__(self, problem):
        explicit, self.at, steps = _kernels()
        self.problem, self.kernel = problem, explicit.advance
        # kept as long as its addresses are used: two threads may each make their own
        self.method = method = steps.compiled_method(problem.method)
        y0 = problem.y0
        self.y = y = y0.view(float) if y0.dtype.kind == "c" else y0  # pairs of doubles
        n, zeros = len(y), np.zeros
        if n >= _SMALL:
            zeros, self.y = aligned_zeros, aligned_zeros(n)
            self.y[:] = y
        self.clock = np.array([problem.t0, problem.first_step, problem.t0])
        self.counts = np.zeros(self.at.COUNTS, np.int64)
        self.K, self.y_new = zeros(method.slopes * n), zeros(n)
        self.err = zeros(1 + method.estimates * n)

        self.every_step = problem.t_eval is None or problem.dense
        rows = min(problem.last + 1, max(64, _ROOM // n)) if problem.last else 64
        self.output, self.words = self._room(rows), None
        self.asked = _NO_TIMES
        if problem.t_eval is not None:
            self.y_eval = np.empty((len(problem.t_eval), n))
            self.asked = (problem.t_eval, self.y_eval)
        self.found = None
        if problem.events:
            self._prepare_events()

    def as_y0(self, numbers):
        """Numbers of the kernel as components of y: pairs of doubles are complex."""
        return numbers.view(complex) if self.problem.y0.dtype.kind == "c" else numbers

    def run(self):
        """Solve; what is raised on the way carries what was computed as its `solution`."""
        try:
            return self._run()
        except BaseException as error:
            message = f"{type(error).__name__} at t = {self.clock[self.at.T]:.6g}"
            error.solution = self._result(-1, message)
            raise

    def _run(self):
        problem = self.problem
        if not problem.progress:
            return self._slices()
        length = abs(problem.t_end - problem.t0)
        with progress_bar(True, length, unit=" of t") as show:
            return self._slices(show)

    def _slices(self, show=None):
        at, problem = self.at, self.problem
        known = (problem.bound.address, len(self.y), problem.method)
        budget, tried = _BUDGETS.get(known, 1), 0
        started = None  # the clock starts when the kernel has been compiled
        while True:
            left = problem.max_steps - tried
            if left <= 0:
                return self._result(-1, out_of_steps(self))
            before = time.perf_counter()
            code = self._advance(min(budget, left))
            if code != at.PAUSED and code != at.FULL:
                break
            now = time.perf_counter()
            if show:
                show(abs(self.clock[at.T] - problem.t0))
            done = self._tried() - tried  # less than the budget where there was no room left
            tried += done
            budget = int(done * min(10.0, max(0.1, _SLICE / max(now - before, 1e-9)))) + 1
            if not problem.bound.compiled:
                started = started or time.thread_time()
                if time.thread_time() - started > SLOW:
                    remark_on_speed(stacklevel=6)
                    started = math.inf
            elif len(_BUDGETS) < _MOST_BUDGETS:
                _BUDGETS[known] = min(budget, 100)
            if code == at.FULL:
                self._grow()
        if show:
            show(abs(self.clock[at.T] - problem.t0))
        if code == at.DONE:
            return self._result(0, REACHED_END)
        if code == at.EVENT:
            return self._result(1, EVENT_OCCURRED)
        if code == at.RHS_FAILED:
            raise exception(self)
        return self._result(-1, why(self, code))

    # --- The kernel -----------------------------------------------------------------------------

    def _advance(self, budget):
        self.counts[self.at.BUDGET] = budget
        if self.words is None:
            p, watched = self.problem, NO_EVENTS
            if self.found:
                watched = (*self.events, *self.found, self.y_mid, self.g_mid)
            self.words = self.kernel.pack(
                *self.method.numbers, p.bound.address, p.bound.ctx, self.clock, self.counts,
                p.t0, p.t_end, p.step, p.last, p.max_step, p.rtol, p.atol,
                self.y, self.K, self.y_new, self.err, *self.output, *self.asked, *watched,
            )  # fmt: skip
        return self.kernel.run(self.words)

    def _tried(self):
        return int(self.counts[self.at.STEPS] + self.counts[self.at.REJECTED])

    # --- Output ---------------------------------------------------------------------------------

    def _room(self, rows):
        """Arrays for the output of that many steps: t, states, and for dense output h, Q."""
        n = len(self.y)
        if not self.every_step:
            return _NO_OUTPUT
        h, Q = _NO_NUMBERS, _NO_INTERPOLANTS
        if self.problem.dense:
            h, Q = np.empty(rows), np.empty((rows, self.method.terms, n))
        return np.empty(rows), np.empty((rows, n)), h, Q

    def _room_for_events(self, rows):
        return np.empty(rows), np.empty(rows, dtype=np.int64), np.empty((rows, len(self.y)))

    def _prepare_events(self):
        events, n = self.problem.events, len(self.y)
        self.y_mid, self.g_mid = np.zeros(n), np.zeros(len(events) + 1)
        self.events = (
            np.array([event.address for event in events], dtype=np.int64),
            np.array([address_of(event.ctx) for event in events], dtype=np.int64),
            self.problem.directions,
            np.where(self.problem.terminals > 0, self.problem.terminals, 2**62),
            np.zeros(len(events)),  # their values
        )
        self.found = self._room_for_events(8 * (self.at.SUBDIVISIONS * len(events) + 1))

    def _grow(self):
        """Room for twice as much of what is full; Ctrl-C may come at any time, so copy first."""
        if self.every_step and self.counts[self.at.STORED] == len(self.output[0]):
            self.output = _copied(self.output, self._room(2 * len(self.output[0])))
        else:
            self.found = _copied(self.found, self._room_for_events(2 * len(self.found[0])))
        self.words = None  # the kernel's arguments are made anew

    def _result(self, status, message):
        at, problem = self.at, self.problem
        counts, as_y0 = self.counts.tolist(), self.as_y0
        sol = t_events = y_events = None
        if self.every_step:
            stored = counts[at.STORED]
            t, y = self.output[0][:stored], as_y0(self.output[1][:stored])
        if problem.dense:  # row 0 is the start, not a step
            h, Q = (array[1:stored] for array in self.output[2:])
            sol = Continuous(t, y, h, as_y0(Q))
        if problem.events is not None:
            t_events, y_events = [], []
        if problem.events:
            found, which, y_found = (array[: counts[at.FOUND]] for array in self.found)
            y_found = as_y0(y_found)
            mine = [which == i for i in range(len(problem.events))]
            t_events = [found[rows] for rows in mine]
            y_events = [y_found[rows] if rows.any() else np.empty(0) for rows in mine]
        if problem.t_eval is not None:
            done = counts[at.STORED_EVAL]
            t, y = problem.t_eval[:done], as_y0(self.y_eval[:done])
        y = y.T
        if not len(t):  # as SciPy does where none of the times was reached
            t, y = [], []
        return Solution(  # by position: names would take 0.6 µs
            t, y, sol, t_events, y_events, counts[at.EVALUATIONS], 0, 0, status, message,
            status >= 0, problem.bound.compiled, counts[at.STEPS], counts[at.REJECTED],
        )  # fmt: skip


def stand_still(problem):
    """The result where there is nothing to integrate: no components, or an interval of length 0."""
    t = np.array([problem.t0, problem.t_end]) if problem.t_eval is None else problem.t_eval
    ends, n = np.array([problem.t0]), len(problem.y0)
    sol = Continuous(ends, problem.y0[None, :], np.empty(0), np.empty((0, 1, n)))
    events = [np.empty(0) for _ in problem.events or ()] if problem.events is not None else None
    return Solution(
        t=t, y=np.repeat(problem.y0[:, None], len(t), axis=1), sol=sol if problem.dense else None,
        t_events=events, y_events=events, nfev=0, njev=0, nlu=0,
        status=0, message=REACHED_END, success=True,
        compiled=problem.bound.compiled, steps=0, rejected=0,
    )  # fmt: skip


def _copied(full, room):
    """The longer arrays, with what the full ones hold."""
    for old, new in zip(full, room, strict=True):
        new[: len(old)] = old
    return room
