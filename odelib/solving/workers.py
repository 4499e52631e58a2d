"""The rows of an ensemble solved: in threads of this process, or in the tasks of an executor."""

import concurrent.futures
import contextlib
import math
import threading
import time
from typing import Any, NamedTuple

import numpy as np

from odelib.fields.rhs import bind, from_bytes, to_bytes, vary_context
from odelib.methods import METHODS
from odelib.pointers import NOT_RETURNED, as_argument, is_compiled
from odelib.running import SLICE, next_budget
from odelib.signals import recorded
from odelib.solving import codes as at
from odelib.solving.reasons import warn_slow
from odelib.solving.solve import NOTHING_WATCHED, SLOW, Solve

_CHUNK = 256  # rows that a thread takes at a time, at most
_TASKS = 128  # tasks that an executor gets, at most

# Numba ends the process where two threads enter parallel code under its layer "workqueue"; such
# code uses all cores by itself.
_PARALLEL = threading.Lock()


class Rows(NamedTuple):
    """The trajectories: what each starts from, and what became of it."""

    fun: Any
    args: tuple  # args[i] has a leading axis (N, …) for i in vary
    vary: set
    starts: np.ndarray  # (N, n)
    ends: np.ndarray  # (N, n)
    between: np.ndarray  # (N, m, n) at t_eval
    t: np.ndarray  # (N,)
    tallies: np.ndarray  # (N, 3) evaluations, steps, rejected
    done: np.ndarray  # (N,) bool: finished, or failed
    failures: dict  # row -> message


def prepare(fun, y0s, args, vary, problem):
    """The rows before anything is solved."""
    if not callable(fun):
        raise TypeError(f"fun must be a function f(t, y, *args); got {fun!r}")
    if is_compiled(fun):
        args = tuple(
            as_argument(value, i) if i in vary or np.ndim(value) else value
            for i, value in enumerate(args)
        )
    count, n = y0s.shape
    return Rows(
        fun=fun, args=args, vary=vary, starts=y0s, ends=np.full((count, n), np.nan, y0s.dtype),
        between=np.full((count, len(problem.t_eval), n), np.nan, y0s.dtype),
        t=np.full(count, np.nan), tallies=np.zeros((count, 3), dtype=np.int64),
        done=np.zeros(count, dtype=bool), failures={},
    )  # fmt: skip


def _args_of(rows, row):
    return tuple(a[row] if i in rows.vary else a for i, a in enumerate(rows.args))


def silent(done):
    """Show no progress."""


# --- In threads -----------------------------------------------------------------------------------


def in_threads(threads, rows, problem, show=silent):
    """Solve all rows. The calling thread is one of the workers, and the one that hears Ctrl-C."""
    from odelib.solving import rows as kernels  # imported on first use

    count = len(rows.starts)
    size = max(1, min(_CHUNK, count // (8 * threads)))
    if not is_compiled(rows.fun):  # one thread; each call of bind serves one set of args
        threads, size = 1, 1 if rows.vary else _CHUNK
    chunks = iter([range(i, min(i + size, count)) for i in range(0, count, size)])
    threads = min(threads, -(-count // size))
    mine, *theirs = [_solve(problem) for _ in range(threads)]
    stop = threading.Event()
    with recorded() as raised, concurrent.futures.ThreadPoolExecutor(threads) as pool:
        try:
            others = [
                pool.submit(_work, kernels, solve, rows, chunks, stop, raised) for solve in theirs
            ]
            _work(kernels, mine, rows, chunks, stop, raised, show)
            while concurrent.futures.wait(others, SLICE).not_done:
                show(rows.done)
        finally:
            stop.set()
    for other in others:
        other.result()  # raises what was raised there
    show(rows.done)


def _solve(problem):
    """The state of one worker: that of one solve, which serves row after row."""
    solve = Solve(problem)
    solve.state = at.State._make(map(_own_cache_lines, solve.state))
    return solve


def _work(kernels, solve, rows, chunks, stop, raised, show=silent):
    """Solve chunks of rows until there are no more; `raised` by handlers of signals ends it."""
    y0 = solve.problem.y0
    n, y_complex = len(y0), y0.dtype.kind == "c"
    place = _own_cache_lines(np.zeros(kernels.PLACES, dtype=np.int64))
    budget = 1  # steps of the first slice: what a step costs is not known before
    started = time.thread_time()
    for chunk in chunks:
        bound = bind(rows.fun, n, _args_of(rows, chunk.start), y_complex=y_complex)
        vary = rows.vary if bound.compiled else ()
        contexts = vary_context(bound.ctx, rows.args, vary, chunk)
        place[:] = chunk.start, chunk.stop, 0
        while place[kernels.ROW] < chunk.stop and not stop.is_set():
            before = time.perf_counter()
            with _PARALLEL if bound.parallel else contextlib.nullcontext():
                code = _advance(solve, kernels, place, chunk.start, budget, rows, bound, contexts)
            if code == at.PAUSED:
                budget = next_budget(budget, time.perf_counter() - before)
                if not bound.compiled and time.thread_time() - started > SLOW:
                    warn_slow(stacklevel=5)
                    started = math.inf
            elif code != at.DONE:
                row = int(place[kernels.ROW])
                if code == at.RHS_FAILED and bound.compiled:  # explained with the row's args
                    bound = bind(rows.fun, n, _args_of(rows, row), y_complex=y_complex)
                _fail(rows, row, solve, _why(solve, code, bound, raised))
                place[:] = row + 1, chunk.stop, 0
            show(rows.done)


def _own_cache_lines(array):
    """A copy in cache lines of its own: threads that write into one line wait for each other."""
    room = np.zeros(len(array) + 16, array.dtype)
    room[8:-8] = array
    return room[8:-8]


def _advance(solve, kernels, place, origin, budget, rows, bound, contexts):
    problem = solve.problem
    queue = at.Queue(
        place=place, origin=origin, budget=budget, max_steps=problem.max_steps,
        first_step=problem.first_step,
    )  # fmt: skip
    trajectories = at.Trajectories(
        starts=rows.starts.view(float), contexts=contexts, ends=rows.ends.view(float),
        between=rows.between.view(float), t_reached=rows.t, tallies=rows.tallies, done=rows.done,
    )  # fmt: skip
    field = at.Field(rhs=bound.address, ctx=bound.ctx)  # each row has a ctx of its own
    return _over_rows(kernels, problem.method)(
        queue, trajectories, solve.method.group, field, problem.span, problem.tolerances,
        solve.state, solve.output, solve.asked, NOTHING_WATCHED, *solve.system,
    )  # fmt: skip


def _over_rows(kernels, method):
    """The kernel for the rows of an ensemble."""
    if METHODS[method].implicit:
        from odelib.solving.implicit import OVER_ROWS  # imported on first use

        return OVER_ROWS[method]
    return kernels.solve_rows


def _why(solve, code, bound, raised):
    """Why a trajectory failed, in the words of solve_ivp; raises what does not end it alone."""
    if code > at.NOT_SOLVED:
        return solve.out_of_steps()
    if code != at.RHS_FAILED:
        return solve.why(code)
    error = solve.exception(bound)
    broken_off = solve.state.counts[at.STATUS] == NOT_RETURNED
    if broken_off or not isinstance(error, Exception) or any(error is other for other in raised):
        raise error
    return f"{type(error).__name__} at t = {solve.state.clock[at.T_FAILED]:.6g}: {error}"


def _fail(rows, row, solve, message):
    rows.t[row] = solve.state.clock[at.T]
    rows.tallies[row] = solve.state.counts[[at.EVALUATIONS, at.STEPS, at.REJECTED]]
    rows.failures[row] = message
    rows.done[row] = True


# --- Elsewhere ------------------------------------------------------------------------------------


def in_tasks(executor, threads, rows, problem, show):
    """Solve all rows in tasks of an executor."""
    fun, size = to_bytes(rows.fun), -(-len(rows.starts) // _TASKS)
    tasks = {}
    for first in range(0, len(rows.starts), size):
        part = slice(first, first + size)
        args = tuple(a[part] if i in rows.vary else a for i, a in enumerate(rows.args))
        task = executor.submit(_task, fun, rows.starts[part], args, rows.vary, problem, threads)
        tasks[task] = part
    pending = set(tasks)
    try:
        while pending:
            finished, pending = concurrent.futures.wait(
                pending, SLICE, concurrent.futures.FIRST_COMPLETED
            )
            for task in finished:
                _take(rows, tasks[task], task.result())
            show(rows.done)
    finally:
        for task in pending:
            task.cancel()


def _task(fun, starts, args, vary, problem, threads):
    """What a worker does: solve a part of the rows."""
    rows = prepare(from_bytes(fun), starts, args, vary, problem)
    in_threads(threads, rows, problem)
    return rows._replace(fun=None, args=(), starts=None)


def _take(rows, part, solved):
    for name in ("ends", "between", "t", "tallies", "done"):
        getattr(rows, name)[part] = getattr(solved, name)
    for row, message in solved.failures.items():
        rows.failures[part.start + row] = message
