"""One solve in progress: the kernel is run in slices, its output grows, its end is put in words."""

import functools
import math
import time
from typing import NamedTuple

import numpy as np

from odelib.fields.rhs import Bound
from odelib.methods import METHODS, compiled_method
from odelib.pointers import address_of, aligned_zeros
from odelib.running import next_budget, progress_bar
from odelib.solving import codes as at
from odelib.solving.codes import (
    Asked,
    Field,
    Output,
    Span,
    State,
    Tolerances,
    Watched,
)
from odelib.solving.reasons import (
    EVENT_OCCURRED,
    REACHED_END,
    bad_jacobian,
    out_of_steps,
    warn_slow,
    why,
)
from odelib.solving.solution import Continuous, Solution
from odelib.solving.system import system_of

# (address of f, numbers in y, method) -> steps of the first slice: what a step costs is not known
# before the first solve, so that one begins with a single step.
_BUDGETS, _MOST_BUDGETS = {}, 10_000
SLOW = 20.0  # seconds of work after which an uncompiled right-hand side is worth a remark
_ROOM = 2**20  # numbers that the output has room for at first

_SMALL = 64  # numbers in y, below which their place in memory makes no difference
# What a kernel takes where nothing is asked for.
_NO_NUMBERS, _NO_ROWS, _NO_INTERPOLANTS = np.empty(0), np.empty((0, 0)), np.empty((0, 0, 0))
_NO_INTEGERS = np.empty(0, dtype=np.int64)
NOTHING_ASKED = Asked(t_eval=_NO_NUMBERS, y_eval=_NO_ROWS)
NO_OUTPUT = Output(t_out=_NO_NUMBERS, y_out=_NO_ROWS, h_out=_NO_NUMBERS, q_out=_NO_INTERPOLANTS)
NOTHING_WATCHED = Watched(
    events=_NO_INTEGERS, ctx_events=_NO_INTEGERS, directions=_NO_NUMBERS, left=_NO_INTEGERS,
    g=_NO_NUMBERS, t_found=_NO_NUMBERS, which=_NO_INTEGERS, y_found=_NO_ROWS,
    y_mid=_NO_NUMBERS, g_mid=_NO_NUMBERS,
)  # fmt: skip


class Problem(NamedTuple):
    """An initial value problem and how to solve it, every value checked (see arguments.py)."""

    bound: Bound
    y0: np.ndarray  # (n,), float64 or complex128; a small one becomes the state
    method: str
    span: Span
    tolerances: Tolerances  # (n,) each
    first_step: float  # 0: to be chosen
    max_steps: int
    t_eval: np.ndarray | None  # (m,); None: every step
    dense: bool
    events: tuple  # of Bound, (e,); None: not asked for
    directions: np.ndarray  # (e,)
    terminals: np.ndarray  # (e,)
    progress: bool = False  # show a bar
    jac: Bound | np.ndarray | None = None  # of an implicit method: its function, itself, or unknown


@functools.cache
def _kernel(method):
    """The kernel of a method, imported on first use."""
    if METHODS[method].implicit:
        from odelib.solving.implicit import KERNELS

        return KERNELS[method]
    from odelib.solving.loop import advance

    return advance


class Solve:
    """The state of one solve. Each has its own, so solves may run side by side and nested."""

    system = ()  # of an implicit method: its group System

    def __init__(self, problem):
        self.problem, self.kernel = problem, _kernel(problem.method)
        # kept as long as its addresses are used: two threads may each make their own
        self.method = method = compiled_method(problem.method)
        y0, span = problem.y0, problem.span
        y = y0.view(float) if y0.dtype.kind == "c" else y0  # pairs of doubles
        n, zeros = len(y), np.zeros
        if n >= _SMALL:
            given, zeros, y = y, aligned_zeros, aligned_zeros(n)
            y[:] = given
        clock = np.array([span.t0, problem.first_step, span.t0])
        counts = np.zeros(at.COUNTS, np.int64)
        K, y_new, err = zeros(method.slopes * n), zeros(n), zeros(1 + method.estimates * n)
        self.state = State(clock, counts, y, K, y_new, err)
        if method.group.step == 0:  # its kernel takes one group more
            self.system = (system_of(METHODS[problem.method], problem.jac, n),)

        self.every_step = problem.t_eval is None or problem.dense
        rows = min(span.last + 1, max(64, _ROOM // n)) if span.last else 64
        self.output = self._room(rows) if self.every_step else NO_OUTPUT
        self.asked, self.watched, self.words = NOTHING_ASKED, NOTHING_WATCHED, None
        if problem.t_eval is not None:
            self.asked = Asked(t_eval=problem.t_eval, y_eval=np.empty((len(problem.t_eval), n)))
        if problem.events:
            self.watched = self._prepare_events()

    def as_y0(self, numbers):
        """Numbers of the kernel as components of y: pairs of doubles are complex."""
        return numbers.view(complex) if self.problem.y0.dtype.kind == "c" else numbers

    def run(self):
        """Solve; what is raised on the way carries what was computed as its `solution`."""
        try:
            return self._run()
        except BaseException as error:
            message = f"{type(error).__name__} at t = {self.state.clock[at.T]:.6g}"
            error.solution = self._result(-1, message)
            raise

    def _run(self):
        problem = self.problem
        if not problem.progress:
            return self._slices()
        length = abs(problem.span.t_end - problem.span.t0)
        with progress_bar(True, length, unit=" of t") as show:
            return self._slices(show)

    def _slices(self, show=None):
        problem, clock, t0 = self.problem, self.state.clock, self.problem.span.t0
        known = (problem.bound.address, len(self.state.y), problem.method)
        budget, tried = _BUDGETS.get(known, 1), 0
        started = None  # the clock starts when the kernel has been compiled
        while True:
            left = problem.max_steps - tried
            if left <= 0:
                return self._result(-1, self.out_of_steps())
            before = time.perf_counter()
            code = self._advance(min(budget, left))
            if code != at.PAUSED and code != at.FULL:
                break
            now = time.perf_counter()
            if show:
                show(abs(clock[at.T] - t0))
            done = self._tried() - tried  # less than the budget where there was no room left
            tried += done
            budget = next_budget(done, now - before)
            if not problem.bound.compiled:
                started = started or time.thread_time()
                if time.thread_time() - started > SLOW:
                    warn_slow(stacklevel=6)
                    started = math.inf
            elif len(_BUDGETS) < _MOST_BUDGETS:
                _BUDGETS[known] = min(budget, 100)
            if code == at.FULL:
                self._grow()
        if show:
            show(abs(clock[at.T] - t0))
        if code == at.DONE:
            return self._result(0, REACHED_END)
        if code == at.EVENT:
            return self._result(1, EVENT_OCCURRED)
        if code == at.RHS_FAILED:
            raise self.exception(problem.bound)
        return self._result(-1, self.why(code))

    # --- Why it stopped -------------------------------------------------------------------------

    def exception(self, bound):
        """The exception that f, which is `bound`, or an event raised, where it raised it."""
        state, t = self.state, self.state.clock[at.T_FAILED]
        failed = state.counts[at.FAILED_EVENT]
        function = self.problem.events[failed - 1] if failed > 0 else bound
        within = self.watched.y_mid if failed > 0 else state.y_new
        if failed < 0:
            function = self.problem.jac
        y = state.y if t == state.clock[at.T] else within
        return function.explain(int(state.counts[at.STATUS]), t, self.as_y0(y))

    def out_of_steps(self):
        """Why it went no further than max_steps."""
        problem = self.problem
        return out_of_steps(problem.max_steps, self.state.clock[at.T], problem.span.step > 0.0)

    def why(self, code):
        """Why it could not go on, by the code of the kernel."""
        problem, state, y = self.problem, self.state, self.as_y0(self.state.y)
        for system in self.system:
            reason = bad_jacobian(system.J, state.clock[at.T], problem.jac is None)
            if reason:
                return reason
            first, last = METHODS[problem.method].slopes
            state = state._replace(K=system.work[first:last].ravel())
        return why(code, state, y, problem.tolerances, problem.span.step > 0.0)

    # --- The kernel -----------------------------------------------------------------------------

    def _advance(self, budget):
        self.state.counts[at.BUDGET] = budget
        if self.words is None:
            problem, (rhs, ctx, *_) = self.problem, self.problem.bound
            self.words = self.kernel.pack(
                self.method.group, Field(rhs, ctx), problem.span, problem.tolerances,
                self.state, self.output, self.asked, self.watched, *self.system,
            )  # fmt: skip
        return self.kernel.run(self.words)

    def _tried(self):
        counts = self.state.counts
        return int(counts[at.STEPS] + counts[at.REJECTED])

    # --- Output ---------------------------------------------------------------------------------

    def _room(self, rows):
        """Room for the output of that many steps."""
        n, t_out = len(self.state.y), np.empty(rows)
        y_out, h_out, q_out = np.empty((rows, n)), _NO_NUMBERS, _NO_INTERPOLANTS
        if self.problem.dense:
            h_out, q_out = np.empty(rows), np.empty((rows, self.method.terms, n))
        return Output(t_out, y_out, h_out, q_out)

    def _room_for_events(self, rows):
        n = len(self.state.y)
        return dict(
            t_found=np.empty(rows),
            which=np.empty(rows, dtype=np.int64),
            y_found=np.empty((rows, n)),
        )

    def _prepare_events(self):
        problem, events = self.problem, self.problem.events
        e, n = len(events), len(self.state.y)
        directions = problem.directions
        left = np.where(problem.terminals > 0, problem.terminals, 2**62)
        g, y_mid, g_mid = np.zeros(e), np.zeros(n), np.zeros(e + 1)
        ctx_events = np.array([address_of(event.ctx) for event in events], dtype=np.int64)
        events = np.array([event.address for event in events], dtype=np.int64)
        room = self._room_for_events(8 * (at.SUBDIVISIONS * e + 1))
        return Watched(events, ctx_events, directions, left, g, **room, y_mid=y_mid, g_mid=g_mid)

    def _grow(self):
        """Room for twice as much of what is full; Ctrl-C may come at any time, so copy first."""
        output, watched = self.output, self.watched
        if self.every_step and self.state.counts[at.STORED] == len(output.t_out):
            self.output = _copied(output, self._room(2 * len(output.t_out))._asdict())
        else:
            self.watched = _copied(watched, self._room_for_events(2 * len(watched.t_found)))
        self.words = None  # the kernel's arguments are made anew

    def _result(self, status, message):
        problem, output, watched = self.problem, self.output, self.watched
        counts, as_y0 = self.state.counts.tolist(), self.as_y0
        sol = t_events = y_events = None
        if self.every_step:
            stored = counts[at.STORED]
            t, y = output.t_out[:stored], as_y0(output.y_out[:stored])
        if problem.dense:  # row 0 is the start, not a step
            h, Q = output.h_out[1:stored], output.q_out[1:stored]
            sol = Continuous(t, y, h, as_y0(Q))
        if problem.events is not None:
            t_events, y_events = [], []
        if problem.events:
            found = slice(counts[at.FOUND])
            t_found, y_found = watched.t_found[found], as_y0(watched.y_found[found])
            mine = [watched.which[found] == i for i in range(len(problem.events))]
            t_events = [t_found[rows] for rows in mine]
            y_events = [y_found[rows] if rows.any() else np.empty(0) for rows in mine]
        if problem.t_eval is not None:
            done = counts[at.STORED_EVAL]
            t, y = problem.t_eval[:done], as_y0(self.asked.y_eval[:done])
        y = y.T
        if not len(t):  # as SciPy does where none of the times was reached
            t, y = [], []
        return Solution(  # by position: names would take 0.6 µs
            t, y, sol, t_events, y_events, counts[at.EVALUATIONS],
            counts[at.JACOBIANS], counts[at.DECOMPOSITIONS], status, message,
            status >= 0, problem.bound.compiled, counts[at.STEPS], counts[at.REJECTED],
        )  # fmt: skip


def trivial_solution(problem):
    """The result where there is nothing to integrate: no components, or an interval of length 0."""
    span, n = problem.span, len(problem.y0)
    t = np.array([span.t0, span.t_end]) if problem.t_eval is None else problem.t_eval
    ends = np.array([span.t0])
    sol = Continuous(ends, problem.y0[None, :], np.empty(0), np.empty((0, 1, n)))
    events = [np.empty(0) for _ in problem.events or ()] if problem.events is not None else None
    return Solution(
        t=t, y=np.repeat(problem.y0[:, None], len(t), axis=1), sol=sol if problem.dense else None,
        t_events=events, y_events=events, nfev=0, njev=0, nlu=0,
        status=0, message=REACHED_END, success=True,
        compiled=problem.bound.compiled, steps=0, rejected=0,
    )  # fmt: skip


def _copied(group, room):
    """The group with these longer arrays, which get what the full ones hold."""
    for name, longer in room.items():
        full = getattr(group, name)
        longer[: len(full)] = full
    return group._replace(**room)
