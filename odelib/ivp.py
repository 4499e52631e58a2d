"""solve_ivp: check the arguments, make the right-hand side a pointer, run the kernel, report."""

from odelib import arguments
from odelib.driver import Problem, Solve, stand_still
from odelib.rhs import bind


def solve_ivp(
    fun,
    t_span,
    y0,
    method="RK45",
    t_eval=None,
    *,
    args=(),
    step=None,
    rtol=None,
    atol=None,
    first_step=None,
    max_step=None,
    max_steps=None,
):
    """Solve the initial value problem y′ = f(t, y), y(t0) = y0, as `scipy.integrate.solve_ivp` does.

    Parameters
    ----------
    fun : callable
        ``fun(t, y, *args)`` returns dy/dt: a tuple, list or array (n,). A function compiled with
        `odelib.rhs` or `numba.njit` runs at the speed of C; a plain Python function works too.
    t_span : (float, float)
        Start and end of the interval; the end may come before the start.
    y0 : array_like, shape (n,)
        State at the start.
    method : str
        A name in `METHODS`. Fixed step: 'Euler', 'Midpoint', 'Heun', 'Ralston', 'RK3', 'RK4',
        'RK38'. Adaptive: 'RK23', 'RK45'.
    t_eval : array_like, shape (m,), optional
        Times at which to store the solution, sorted, within t_span; between the steps the method's
        interpolant is used. By default every step is stored.
    args : tuple
        Further arguments of fun: numbers and arrays. New values never compile anything.
    step : float, optional
        Fixed step h > 0, in the unit of t: tᵢ = t0 ± i·h, and the last step is shortened to end at
        the end. Fixed-step methods need it; for adaptive ones it turns the control of the error
        off. Cannot be combined with rtol, atol, first_step or max_step.
    rtol, atol : float or array_like (n,), optional
        The local error of each step is kept below atol + rtol·|y|, in the root mean square over
        the components. By default 1e-3 and 1e-6.
    first_step : float, optional
        Size of the first step; chosen by default.
    max_step : float, optional
        Bound on the size of the steps; by default there is none.
    max_steps : int, optional
        Stop, with what was computed, after this many steps, rejected ones included.

    Returns
    -------
    Solution
        With `t` (m,), `y` (n, m), `nfev`, `status`, `message`, `success` and more. A solve that
        stops early returns what it has, with `success` False and the reason in `message`.

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
    tab = arguments.check_method(method)
    if step is None and not tab.adaptive:
        raise ValueError(f"method {method!r} has a fixed step: give step=")
    last = 0
    if step is not None:
        control = {"rtol": rtol, "atol": atol, "first_step": first_step, "max_step": max_step}
        step, last = arguments.check_step(step, t_end - t0, control)
    rtol, atol = arguments.check_tolerances(rtol, atol, len(y0))
    problem = Problem(
        bound=bind(fun, len(y0), arguments.check_args(args)),
        t0=t0,
        t_end=t_end,
        y0=y0,
        method=method,
        step=step or 0.0,
        last=last,
        rtol=rtol,
        atol=atol,
        first_step=arguments.check_first_step(first_step, abs(t_end - t0)),
        max_step=arguments.check_max_step(max_step),
        max_steps=arguments.check_max_steps(max_steps),
        t_eval=arguments.check_t_eval(t_eval, t0, t_end),
    )
    if len(y0) == 0 or t0 == t_end:
        return stand_still(problem)
    return Solve(problem).run()
