"""One step of each explicit Runge–Kutta method, written from its tableau, with the ABI STEP."""

import hashlib
import linecache

import numpy as np

from odelib.pointers import call_rhs, offset

INFINITE = int(np.float64(np.inf).view(np.int64))  # those of NaN are more

# A step is written out as text from the coefficients. As a loop over the stages it is quick only
# where LLVM unrolls the loop, which it does or does not at the least change: a step of DOP853 then
# takes three times as long. The numbers in the text are those of the tableau to the last bit.


def make_step(tab):
    """One step of a `Tableau` as a Python function of the ABI STEP.

    On entry the first n numbers of K are f(t, y); K is (stages, n) by rows. On return err[0] says
    whether y_new holds a number that is not finite, and the error estimates follow.
    """
    lines = ["largest = 0"]  # bits of |y_new|: as integers they are in the order of the numbers
    for i in range(1, tab.stages):
        lines += _stage(tab.A[i], tab.c[i], i, "y_new")
    ends = []
    if not tab.fsal:  # otherwise the last stage was taken at the new point
        ends.append(f"y_new[j] = y[j] + {_slope(tab.b)}")
    if tab.adaptive:
        ends.append(f"err[1 + j] = {_slope(tab.e)}")
    if tab.two_estimates:
        ends.append(f"err[1 + n + j] = {_slope(tab.e_low)}")
    ends.append("largest = max(largest, np.float64(abs(y_new[j])).view(np.int64))")
    lines += ["for j in range(n):", *_indented(ends), "err[0] = largest >= INFINITE"]
    return _function(lines)


def make_extra_stages(tab):
    """The stages of the interpolant that the step does not need, in the same ABI; None: no such.

    They follow the step's own in K; `err` is where their arguments are formed.
    """
    if not len(tab.c_extra):
        return None
    lines = []
    for i in range(len(tab.c_extra)):
        failed = ["for j in range(n):", "    y_new[j] = err[j]"]  # where f failed, as in a step
        lines += _stage(tab.A_extra[i], tab.c_extra[i], tab.stages + i, "err", failed)
    return _function(lines)


def _stage(weights, c, i, place, failed=()):
    """Lines for stage i of K, whose argument is formed in `place`."""
    # t + h may exceed t_new by a rounding error; f is never called beyond t_new
    time = "t_new" if c == 1.0 else f"t + {float(c)!r} * h"
    *older, newest = np.flatnonzero(weights)
    known = f"(y[j] + ({_slope(weights[:newest])}))" if older else "y[j]"
    return [
        "for j in range(n):",
        # what is known before the newest stage is added up before it: nothing waits for that
        f"    {place}[j] = {known} + {_slope(weights, newest)}",
        f"status = call_rhs(rhs, {time}, {place}, ctx, offset(K, {i} * n))",
        "if status != 0:",
        *_indented(failed),
        f"    err[0] = {time}",
        "    return status",
    ]


def _slope(weights, first=0):
    """The text of Σ h·w·K[k, j] over k from `first` on."""
    terms = [
        f"(h * {float(w)!r}) * K[{k} * n + j]" for k, w in enumerate(weights) if w and k >= first
    ]
    return " + ".join(terms) or "0.0"


def _indented(lines):
    return [f"    {line}" for line in lines]


def _function(lines):
    """The function of the ABI STEP with these lines, which tracebacks and `inspect` find."""
    head = "def step(rhs, t, t_new, h, n, y, ctx, K, y_new, err):"
    text = "\n".join([head, *_indented(lines), "    return 0", ""])
    name = f"<odelib step {hashlib.sha256(text.encode()).hexdigest()[:12]}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope = dict(np=np, call_rhs=call_rhs, offset=offset, INFINITE=INFINITE, __name__=__name__)
    exec(compile(text, name, "exec"), scope)
    return scope["step"]
