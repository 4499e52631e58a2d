"""solve_ivp: check the arguments, make the right-hand side a pointer, run the kernel, report."""

import math

import numpy as np

from odelib.fields.jacobian import bind_jacobian, check_sparsity
from odelib.fields.rhs import bind, check_args
from odelib.methods import METHODS
from odelib.solving import arguments
from odelib.solving.solve import Problem, Solve, trivial_solution

# Options of SciPy's other methods: accepted, and without effect here as they are there.
_WITHOUT_EFFECT = {"jac", "jac_sparsity", "lband", "uband", "min_step"}


def solve_ivp(
    fun,
    t_span,
    y0,
    method="RK45",
    t_eval=None,
    dense_output=False,
    events=None,
    vectorized=False,
    args=None,
    *,
    step=None,
    rtol=None,
    atol=None,
    first_step=None,
    max_step=None,
    max_steps=None,
    progress=False,
    jac=None,
    jac_sparsity=None,
    **scipy_options,
):
    """Solve the initial value problem y′ = f(t, y), y(t0) = y0, in SciPy's form.

    Parameters
    ----------
    fun : callable
        ``fun(t, y, *args)`` returns dy/dt: a tuple, list or array (n,). A function compiled with
        `odelib.rhs` or `numba.njit` runs at the speed of C; a plain Python function works too.
    t_span : (float, float)
        Start and end of the interval; the end may come before the start.
    y0 : array_like, shape (n,)
        State at the start; complex numbers make the problem complex.
    method : str
        A name in `METHODS`. Fixed step: 'Euler', 'Midpoint', 'Heun', 'Ralston', 'RK3', 'RK4',
        'RK38', and for y = (q, v), two equal halves where q′ depends on v only and v′ on t and q
        only, the symplectic 'SymplecticEuler', 'StormerVerlet'. Adaptive: 'RK23', 'RK45', 'Tsit5',
        'DOP853'. For stiff problems, where these need very many steps: 'Radau' (order 5) and 'BDF'
        (orders 1 to 5), which solve equations with the Jacobian ∂f/∂y at every step.
    t_eval : array_like, shape (m,), optional
        Times at which to store the solution, sorted, within t_span; between the steps the method's
        interpolant is used. By default every step is stored.
    dense_output : bool
        Also return the solution as a function of time, `sol`.
    events : callable or list of callables, optional
        ``g(t, y, *args)``: the solve reports when and where each crosses zero. The attribute
        ``direction`` (1 rising, -1 falling, 0 both) and ``terminal`` (True, or the number of
        crossings after which to stop) are read from each function. A change of sign is looked for
        in each quarter of a step, so that two crossings within one step are seen too.
    vectorized : bool
        fun takes y of shape (n, k); it is called with k = 1, from Python.
    args : tuple
        Further arguments of fun and of the events: numbers and arrays. New values never compile
        anything.
    step : float, optional
        Fixed step h > 0, in the unit of t: tᵢ = t0 ± i·h, and the last step is shortened to end at
        the end. Fixed-step methods need it; for adaptive ones it turns the control of the error
        off (not for 'BDF', whose order depends on it). Cannot be combined with rtol, atol,
        first_step or max_step.
    rtol, atol : float or array_like (n,), optional
        The local error of each step is kept below atol + rtol·|y|, in the root mean square over
        the components. By default 1e-3 and 1e-6.
    first_step : float, optional
        Size of the first step; chosen by default.
    max_step : float, optional
        Bound on the size of the steps; by default there is none.
    max_steps : int, optional
        Stop, with what was computed, after this many steps, rejected ones included.
    progress : bool
        Show how far t has come, with tqdm.
    jac : callable or array_like (n, n), optional
        The Jacobian for 'Radau' and 'BDF', row i holding ∂f_i/∂y_j: a function
        ``jac(t, y, *args)``, compiled or not, that returns the matrix (an array, or a tuple of its
        rows), or the matrix itself where it is constant. By default it is found by finite
        differences, n calls of fun each. A wrong one costs steps, not accuracy. It is kept, and
        the equations are solved, as a dense matrix, even where it is a sparse one: n² numbers
        (three times that for 'Radau').
    jac_sparsity : array_like or sparse matrix (n, n), optional
        Accepted and checked as in SciPy; it spares nothing here yet.

    Returns
    -------
    Solution
        With `t` (m,), `y` (n, m), `sol`, `t_events`, `y_events`, `nfev`, `njev`, `nlu`, `status`,
        `message`, `success` and more. As in SciPy, calls of fun for finite differences are counted
        in `njev`, n of them as one, and not in `nfev`. A solve that stops early returns what it
        has, with `success` False and the reason in `message`.

    Raises
    ------
    ValueError, TypeError
        A bad argument, before anything is computed.
    Exception
        Whatever fun raises, and KeyboardInterrupt, reaches the caller; what was computed until
        then is the exception's attribute `solution`.

    Notes
    -----
    fun is never called outside t_span. A fixed-step solve calls it exactly s times a step, s being
    the number of stages, or s − 1 where the last stage of a step is the first of the next.

    References
    ----------
    .. [1] E. Hairer, S. P. Nørsett, G. Wanner, *Solving Ordinary Differential Equations I*,
           2nd ed., Springer 1993, doi:10.1007/978-3-540-78862-1, chapter II.
    .. [2] E. Hairer, G. Wanner, *Solving Ordinary Differential Equations II*, 2nd ed., Springer
           1996, doi:10.1007/978-3-642-05221-7, sections IV.8 (Radau) and V.1 (BDF).

    Examples
    --------
    >>> from odelib import rhs, solve_ivp
    >>> @rhs
    ... def decay(t, y, rate):
    ...     return (-rate * y[0],)
    >>> sol = solve_ivp(decay, (0, 2), [1.0], args=(0.5,), rtol=1e-8, atol=1e-10)
    >>> print(f"{sol.y[0, -1]:.6f}")
    0.367879
    """
    t0, t_end = arguments.check_t_span(t_span)
    y0 = arguments.check_y0(y0)
    n = len(y0)
    control = arguments.check_control(
        method, t0, t_end, n, step=step, rtol=rtol, atol=atol,
        first_step=first_step, max_step=max_step, max_steps=max_steps,
    )  # fmt: skip
    implicit = METHODS[method].implicit
    if not implicit and (jac is not None or jac_sparsity is not None):
        scipy_options |= {"jac": jac, "jac_sparsity": jac_sparsity}
    if scipy_options:
        arguments.check_scipy_options(scipy_options, _WITHOUT_EFFECT)
    args = check_args(args)
    functions, directions, terminals = arguments.check_events(events)
    if vectorized and callable(fun):
        fun = _one_column(fun)
    y_complex = y0.dtype.kind == "c"
    bound = bind(fun, n, args, y_complex=y_complex)
    times = arguments.check_t_eval(t_eval, t0, t_end)
    watched = None
    if events is not None:
        watched = tuple(bind(g, n, args, y_complex=y_complex, event=True) for g in functions)
    if implicit:
        jac = bind_jacobian(jac, n, args, y_complex)
        check_sparsity(jac_sparsity, n)
    problem = Problem(
        bound, y0, *control, times, bool(dense_output), watched, directions, terminals,
        bool(progress), jac,
    )  # fmt: skip
    if n == 0 or t0 == t_end:
        return trivial_solution(problem)
    if math.isinf(t_end) and not terminals.any() and max_steps is None:
        raise ValueError("t_span has no end: give a terminal event, or max_steps")
    return Solve(problem).run()


def _one_column(fun):
    """A function of y (n,) from one of y (n, k)."""
    return lambda t, y, *args: np.ravel(fun(t, y[:, None], *args))
