"""Solve from the user's own compiled code: the same kernels, called by their address."""

import numba
import numpy as np
from numba import types
from numba.extending import overload

from odelib import pointers
from odelib.methods import compiled_method
from odelib.solving import arguments
from odelib.solving.ivp import solve_ivp
from odelib.solving.system import unknown_system


def njit_solver(fun, method="RK45", *, step=None, rtol=1e-3, atol=1e-6, max_steps=10**6):
    """A function that solves y′ = f(t, y) inside a function compiled with ``numba.njit``.

    Its name is to be known there as a global variable or from an enclosing function. A loop that
    calls it never returns to Python, so it also cannot be stopped by Ctrl-C, and `cache=True` has
    no effect on it.

    Parameters
    ----------
    fun : numba function
        ``fun(t, y, *args)``, compiled with `odelib.rhs` or `numba.njit`.
    method, step, rtol, atol
        As in `solve_ivp`; rtol and atol are numbers. 'Radau' and 'BDF' find the Jacobian by
        finite differences here.
    max_steps : int
        Bound on the number of steps of each solve.

    Returns
    -------
    callable
        ``solve(t0, t_end, y0, *args)`` with y0 (n,) of float64 returns ``(y, success)``: the state
        (n,) where it ended, and whether that is at t_end. An exception in fun, a step that is too
        small and too many steps all end a solve early.

    Raises
    ------
    TypeError, ValueError
        fun is not compiled, or an argument is bad.

    Examples
    --------
    The rate at which a decay halves in one unit of time, by bisection in compiled code:

    >>> import numba, numpy as np
    >>> from odelib import njit_solver, rhs
    >>> @rhs
    ... def decay(t, y, rate):
    ...     return (-rate * y[0],)
    >>> solve = njit_solver(decay, rtol=1e-10, atol=1e-12)
    >>> @numba.njit
    ... def half_life_rate():
    ...     low, high = 0.0, 2.0
    ...     for _ in range(50):
    ...         middle = (low + high) / 2
    ...         y, success = solve(0.0, 1.0, np.array([1.0]), middle)
    ...         if y[0] > 0.5:
    ...             low = middle
    ...         else:
    ...             high = middle
    ...     return low
    >>> print(f"{half_life_rate():.8f} {np.log(2):.8f}")
    0.69314718 0.69314718
    """
    if not pointers.is_compiled(fun) and not pointers.DISABLED:
        raise TypeError(f"fun must be compiled, with odelib.rhs or numba.njit; got {fun!r}")
    tab = arguments.check_method(method, 2)
    if (step is None) == (not tab.adaptive):
        raise ValueError(
            f"method {method!r} has a fixed step: give step="
            if step is None
            else f"step={step}: only for methods with a fixed step, which {method!r} has not"
        )
    h = 0.0 if step is None else arguments.check_step(step, 1.0, 1.0)[0]
    arguments.check_tolerances(float(rtol), float(atol), 1)
    max_steps = arguments.check_max_steps(max_steps)
    control = {"step": h} if h else {"rtol": rtol, "atol": atol}

    def solve(t0, t_end, y0, *args):
        sol = solve_ivp(
            fun, (t0, t_end), y0, method, args=args, t_eval=None, max_steps=max_steps, **control
        )
        return sol.y[:, -1], sol.success

    if not pointers.DISABLED:
        overload(solve)(_implementation(fun, method, tab, h, rtol, atol, max_steps))
    return solve


def _implementation(fun, method, tab, h, rtol, atol, max_steps):
    """The compiled form of `solve`: types of its arguments -> a function to compile."""
    from odelib.methods.table import Method
    from odelib.solving import codes, implicit, loop  # imported on first use

    solve_ivp(lambda t, y: -y, (0, 1), [1.0], method if tab.implicit else "RK45")  # its kernel
    compiled = compiled_method(method)
    step, extra_stages, exponent, stages, fsal, F = compiled.group
    kernel = implicit.KERNELS[method] if tab.implicit else loop.advance
    advance, system_of = pointers.at_address(kernel.compiled.address), _systems(tab)
    step, extra_stages = pointers.at_address(step), pointers.at_address(extra_stages)
    call_kernel, write_words = pointers.call_kernel, pointers.write_words
    paused, done, count = codes.PAUSED, codes.DONE, codes.COUNTS
    ended, rejected, budget = codes.STEPS, codes.REJECTED, codes.BUDGET
    rows, estimates, adaptive = compiled.slopes, compiled.estimates, tab.adaptive
    Field, Span = codes.Field, codes.Span
    Tolerances, State, Output = codes.Tolerances, codes.State, codes.Output
    Asked, Watched = codes.Asked, codes.Watched
    fixed_steps = numba.njit(arguments.fixed_steps)
    none, no_rows, no_terms = np.empty(0), np.empty((0, 0)), np.empty((0, 0, 0))
    nothing = np.empty(0, dtype=np.int64)

    def implementation(t0, t_end, y0, *args):
        kinds, room = _kinds(args[0] if len(args) == 1 and isinstance(args[0], tuple) else args)
        if not (isinstance(y0, types.Array) and y0.dtype == types.float64 and y0.ndim == 1):
            raise numba.TypingError("y0 must be an array (n,) of float64")
        code = pointers.compile_rhs(fun, kinds, inplace=getattr(fun, "_odelib_inplace", False))
        _KEPT.append(code)
        rhs_address = pointers.at_address(code.address)

        def solve(t0, t_end, y0, *args):
            n, t0, t_end = len(y0), float(t0), float(t_end)
            y, ctx = y0.copy(), np.empty(2 + room, dtype=np.int64)
            ctx[0] = ctx[1] = n
            write_words(ctx, 2, args)
            if n == 0 or t0 == t_end:
                return y, True
            clock, counts = np.array([t0, 0.0, t0]), np.zeros(count, dtype=np.int64)
            method = Method(
                step=step(), extra_stages=extra_stages(), exponent=exponent, stages=stages,
                fsal=fsal, F=F,
            )  # fmt: skip
            tolerances = Tolerances(rtol=np.full(n, rtol), atol=np.full(n, atol))
            state = State(
                clock=clock, counts=counts, y=y, K=np.zeros(rows * n), y_new=np.zeros(n),
                err=np.zeros(1 + estimates * n),
            )  # fmt: skip
            output = Output(t_out=none, y_out=no_rows, h_out=none, q_out=no_terms)
            watched = Watched(
                events=nothing, ctx_events=nothing, directions=none, left=nothing, g=none,
                t_found=none, which=nothing, y_found=no_rows, y_mid=none, g_mid=none,
            )  # fmt: skip
            last = 0
            if not adaptive:
                last = fixed_steps(abs(t_end - t0), h)
            span = Span(t0=t0, t_end=t_end, step=h, last=last, max_step=np.inf)
            field, asked = Field(rhs=rhs_address(), ctx=ctx), Asked(t_eval=none, y_eval=no_rows)
            groups = (method, field, span, tolerances, state, output, asked, watched)
            arguments = groups + system_of(n)
            code = paused
            while code == paused and counts[ended] + counts[rejected] < max_steps:
                counts[budget] = max_steps - counts[ended] - counts[rejected]
                code = call_kernel(advance(), arguments)
            return y, code == done

        return solve

    return implementation


def _systems(row):
    """A compiled function: n -> a tuple with the group that an implicit method takes too."""
    if not row.implicit:
        return numba.njit(lambda n: ())
    matrices, rows, system = row.matrices, row.rows, numba.njit(unknown_system)
    return numba.njit(lambda n: (system(n, matrices, rows),))


_KEPT = []  # code whose address compiled functions hold


def _kinds(args):
    """(kinds of the arguments as fields/rhs.py packs them, how many words they take)."""
    kinds = []
    for i, kind in enumerate(map(types.unliteral, args)):
        if isinstance(kind, types.Array):
            good = kind.layout == "C" and kind.dtype in (types.float64, types.int64, types.boolean)
            kinds.append(types.Array(kind.dtype, kind.ndim, "C"))
        else:
            good = isinstance(kind, types.Integer | types.Float | types.Boolean)
            kinds.append(
                types.float64 if isinstance(kind, types.Float)
                else types.boolean if isinstance(kind, types.Boolean) else types.int64
            )  # fmt: skip
        if not good:
            raise numba.TypingError(
                f"args[{i}] must be a number or a contiguous array of float64, int64 or bool, "
                f"got {kind}"
            )
    return tuple(kinds), sum(1 + getattr(kind, "ndim", 0) for kind in kinds)
