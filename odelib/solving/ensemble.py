"""ensemble: many initial values or parameters at once, in threads or on other machines."""

import os

import numpy as np

from odelib.fields.rhs import check_args
from odelib.pointers import is_compiled
from odelib.running import progress_bar
from odelib.solving import arguments
from odelib.solving.reasons import REACHED_END
from odelib.solving.solution import EnsembleSolution
from odelib.solving.solve import Problem
from odelib.solving.workers import in_tasks, in_threads, prepare, silent

NOT_FINISHED = "The ensemble was stopped before this trajectory was finished."


def ensemble(
    fun,
    t_span,
    y0s,
    args=(),
    vary=(),
    method="RK45",
    t_eval=None,
    *,
    step=None,
    rtol=None,
    atol=None,
    first_step=None,
    max_step=None,
    max_steps=None,
    threads=None,
    progress=False,
    executor=None,
):
    """Solve the same problem from N initial states, or with N values of its arguments.

    Each trajectory has its own step size, and is bit for bit what `solve_ivp` gives for it alone,
    whatever the number of threads or processes. Parameters not listed are those of `solve_ivp`.
    'Radau' and 'BDF' find the Jacobian by finite differences here.

    Parameters
    ----------
    fun : callable
        ``fun(t, y, *args)`` returns dy/dt (n,). Compiled with `odelib.rhs`, the trajectories run in
        threads; a plain Python function runs in one.
    t_span : (float, float)
        Start and end of the interval.
    y0s : array_like, shape (N, n)
        A state at the start for each trajectory.
    args : tuple
        Further arguments of fun.
    vary : int or tuple of int
        Which of args, by their index, have a leading axis of length N: trajectory i gets the i-th
        element. The others are the same for all.
    threads : int, optional
        Number of threads; by default as many as there are cores. With an executor: of each task,
        by default one.
    progress : bool
        Show a progress bar; needs the package tqdm.
    executor : concurrent.futures.Executor, optional
        Where to compute instead, in up to 128 tasks: a ProcessPoolExecutor, Dask's
        ``client.get_executor()``, mpi4py's MPIPoolExecutor. fun may be defined anywhere, in a
        notebook too. Each worker compiles it once.

    Returns
    -------
    EnsembleSolution
        With `y` (N, n) at the end, or (N, n, m) where t_eval has m times; `status` (N,),
        `messages` and more. A trajectory that fails, or whose fun raises an exception, is a failed
        row and not an exception: its status is -1, and `y` is NaN where it did not get to.

    Raises
    ------
    ValueError, TypeError
        A bad argument, before anything is computed.
    KeyboardInterrupt
        Within 0.2 s of Ctrl-C; what was finished until then is its attribute `solution`.

    Examples
    --------
    >>> import numpy as np
    >>> from odelib import ensemble, rhs
    >>> @rhs
    ... def decay(t, y, rate):
    ...     return (-rate * y[0],)
    >>> rates = np.array([0.5, 1.0, 2.0])
    >>> sol = ensemble(decay, (0, 1), np.ones((3, 1)), args=(rates,), vary=0, rtol=1e-8)
    >>> sol.y[:, 0].round(4)
    array([0.6065, 0.3679, 0.1353])
    """
    t0, t_end = arguments.check_t_span(t_span)
    y0s = arguments.check_y0s(y0s)
    count, n = y0s.shape
    args = check_args(args)
    vary = arguments.check_vary(vary, args, count)
    control = arguments.check_control(
        method, t0, t_end, n, step=step, rtol=rtol, atol=atol,
        first_step=first_step, max_step=max_step, max_steps=max_steps,
    )  # fmt: skip
    if np.isinf(t_end) and max_steps is None:
        raise ValueError("t_span has no end: give max_steps")
    times = arguments.check_t_eval(t_eval, t0, t_end)
    threads = arguments.check_threads(threads, 1 if executor else _cores())
    problem = Problem(
        None, np.zeros(n, y0s.dtype), *control,
        t_eval=np.empty(0) if times is None else times, dense=False,
        events=None, directions=np.zeros(0), terminals=np.zeros(0, dtype=np.int64),
    )  # fmt: skip
    rows = prepare(fun, y0s, args, vary, problem)
    with progress_bar(progress, count, unit=" trajectories") as move_to:
        show = (lambda done: move_to(int(np.count_nonzero(done)))) if progress else silent
        try:
            if count == 0 or n == 0 or t0 == t_end:
                _fill_trivially(rows, problem)
            elif executor is not None:
                in_tasks(executor, threads, rows, problem, show)
            else:
                in_threads(threads, rows, problem, show)
        except BaseException as error:
            error.solution = _result(rows, times)
            raise
    return _result(rows, times)


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _result(rows, times):
    messages = [REACHED_END if done else NOT_FINISHED for done in rows.done.tolist()]
    for row, message in rows.failures.items():
        messages[row] = message
    status = np.where(rows.done, 0, -1)
    status[list(rows.failures)] = -1
    return EnsembleSolution(
        y=rows.ends if times is None else rows.between.swapaxes(1, 2),
        t=rows.t, status=status, messages=messages, success=status == 0,
        nfev=rows.tallies[:, 0], steps=rows.tallies[:, 1], rejected=rows.tallies[:, 2],
        compiled=is_compiled(rows.fun),
    )  # fmt: skip


def _fill_trivially(rows, problem):
    """No trajectory, no component, or an interval of length 0."""
    rows.ends[:] = rows.starts
    rows.between[:] = rows.starts[:, None]
    rows.t[:] = problem.span.t_end
    rows.done[:] = True
