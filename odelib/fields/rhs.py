"""What a user writes -> a C function pointer: `@rhs`, numba functions, plain Python callables."""

import ctypes
import functools
import numbers
import threading
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types

from odelib import pointers
from odelib.fields.returned import as_slope, explain_compiled


def rhs(function=None, *, inplace=False, boundscheck=True, **options):
    """Compile a right-hand side f(t, y, *args) with numba.

    The result is a numba function: `solve_ivp` runs it at the speed of C, Python and other
    compiled functions can call it, and so can SciPy. Nothing is compiled before the first use.

    Parameters
    ----------
    function : callable
        ``f(t, y, *args)`` that returns dy/dt as a tuple, list or 1-D array of n numbers; y is an
        array (n,), the solver's own: a function that writes to it gets a copy at every call. A
        number will do when n = 1.
    inplace : bool
        The function is ``f(t, y, dy, *args)`` instead and writes dy/dt into dy (n,), which spares
        large systems the allocation of an array at every call.
    boundscheck : bool
        Check every index. Without it an index that is out of range reads or writes memory that is
        not its own: only for functions that are known to be right.
    **options
        Further options of `numba.njit`, such as ``error_model="numpy"``: a division by zero then
        gives inf instead of an exception. Those of a function that is compiled already are kept.

    Returns
    -------
    numba function

    Examples
    --------
    >>> @rhs
    ... def decay(t, y, rate):
    ...     return (-rate * y[0],)
    >>> float(decay(0.0, np.array([2.0]), 0.5)[0])
    -1.0
    """
    if function is None:
        return lambda function: rhs(function, inplace=inplace, boundscheck=boundscheck, **options)
    if pointers.is_compiled(function):
        kept = function.targetoptions.items()
        options = {k: v for k, v in kept if k not in ("nopython", "boundscheck")} | options
        inplace = inplace or getattr(function, "_odelib_inplace", False)
        function = function.py_func
    if not callable(function):
        raise TypeError(f"rhs needs a function f(t, y, *args); got {function!r}")
    compiled = numba.njit(**options, boundscheck=boundscheck)(function)
    compiled = pointers.keeping_attributes(compiled)
    if inplace:
        compiled._odelib_inplace = True
    return compiled


_COMPILING = threading.RLock()  # two threads that meet a new function: one compiles, one waits
_FORM = "fun must be a function f(t, y, *args)"


class Bound(NamedTuple):
    """A right-hand side or an event with its arguments, ready to be called by a kernel."""

    address: int  # of the C function
    ctx: np.ndarray  # its description of the problem
    compiled: bool
    explain: Any  # (status, t, y) -> the exception that stopped it
    keep: tuple  # what must stay alive as long as the address is used
    parallel: bool = False  # it runs in numba's own threads


def bind(fun, n, args, *, y_complex=False, event=False, outputs=None, matrix=False):
    """Make `fun(t, y, *args)` with n components, or an event, a `Bound`.

    It writes as many numbers as y has, an event one; `outputs` says another number of them. A
    compiled function may return n·n of them as a `matrix`.

    Raises
    ------
    TypeError
        fun cannot be called or compiled, or an element of args cannot be passed to it.
    """
    if not callable(fun):
        form = "an event must be a function g(t, y, *args)" if event else _FORM
        raise TypeError(f"{form}; got {fun!r}")
    if outputs is None:
        outputs = 1 if event else n
    inplace = getattr(fun, "_odelib_inplace", False)
    if not pointers.is_compiled(fun):
        return _bind_python(fun, n, outputs, args, inplace, y_complex, event)
    kinds, words, kept = _pack(args) if args else ((), (), ())
    try:
        known = fun._odelib_pointers
    except AttributeError:
        known = fun._odelib_pointers = {}
    form = (kinds, y_complex, event, matrix)
    code = known.get(form)
    if code is None:
        with _COMPILING:
            code = known[form] = known.get(form) or pointers.compile_rhs(
                fun, kinds, inplace=inplace, y_complex=y_complex, event=event, matrix=matrix
            )
    ctx = np.array([n, outputs, *words], dtype=np.int64) if words else _sizes(n, outputs)

    def explain(status, t, y):
        return explain_compiled(fun, outputs, args, inplace, event, status, t, y)

    return Bound(code.address, ctx, True, explain, (code, kept), code.parallel)


@functools.lru_cache
def _sizes(n, outputs):
    """What a function without args is told of the problem."""
    sizes = np.array([n, outputs], dtype=np.int64)
    sizes.flags.writeable = False
    return sizes


def to_bytes(fun):
    """A function as bytes; by value where another process could not import it."""
    return numba.cloudpickle.dumps((fun, getattr(fun, "_odelib_inplace", False)))


def from_bytes(text):
    """The function again: always the same numba function in one process, so compiled once."""
    with _COMPILING:
        fun, inplace = numba.cloudpickle.loads(text)
        if inplace:
            fun._odelib_inplace = True
    return fun


# --- args ---------------------------------------------------------------------------------------


def _pack(args):
    """The numba type and the words of each argument: numbers by value, arrays by address, shape."""
    kinds, words, kept = [], [], []
    for i, value in enumerate(args):
        if isinstance(value, bool | np.bool_):
            kinds.append(types.boolean)
            words.append(int(value))
        elif isinstance(value, numbers.Integral):
            if not -(2**63) <= value < 2**63:
                raise TypeError(f"args[{i}] = {value} does not fit in 64 bits; pass it as a float")
            kinds.append(types.int64)
            words.append(int(value))
        elif isinstance(value, numbers.Real):
            kinds.append(types.float64)
            words.append(int(np.float64(value).view(np.int64)))
        elif isinstance(value, np.ndarray | list | tuple):
            array = pointers.as_argument(value, i)
            readonly = not array.flags.writeable
            kinds.append(pointers.array_kind(array.dtype, array.ndim, readonly))
            words += [pointers.address_of(array), *array.shape]
            kept.append(array)
        else:
            raise TypeError(
                f"args[{i}] must be a number or an array of numbers, got {type(value).__name__}; "
                "pass an undecorated Python function if fun needs other arguments"
            )
    return tuple(kinds), words, kept


def vary_context(ctx, args, vary, rows):
    """The words of a compiled function for each of these rows: (len(rows), words).

    ctx are those of one row; args[i] holds the values of all rows, an array (N, …), for i in vary.
    """
    contexts = np.tile(ctx, (len(rows), 1))
    word = 2  # behind ctx[0] and ctx[1]
    for i, value in enumerate(args):
        array = np.asarray(value)
        if i in vary and array.ndim == 1:
            bits = array.astype(np.int64) if array.dtype == np.bool_ else array.view(np.int64)
            contexts[:, word] = bits[rows.start : rows.stop]
        elif i in vary:
            contexts[:, word] = array.ctypes.data + array.strides[0] * np.array(rows)
        dimensions = array.ndim - (i in vary)
        word += 1 + dimensions
    return contexts


# --- Plain Python functions ---------------------------------------------------------------------


def _bind_python(fun, n, outputs, args, inplace, y_complex, event):
    """A Python function behind a C callback; an exception stops the solve and is kept."""
    views = {}  # address -> array: a solve uses few buffers, and making a view takes 2 µs
    call, failure = pointers.Call(), [None]

    def view(address, count, is_complex):
        if address not in views:
            numbers = ctypes.c_double * (2 * count if is_complex else count)
            array = np.ctypeslib.as_array(numbers.from_address(address))
            views[address] = array.view(complex) if is_complex else array
        return views[address]

    # A generator: a call from C goes on within `try`, at the `yield` where the last one ended. So
    # what a signal's handler raises on the way in is kept too. In a function it would be raised
    # before the first line, where ctypes can only print it; one time limit in three was lost there.
    def answer_calls():
        while True:
            try:
                while True:
                    yield 0
                    state = view(call.y, n, y_complex).copy()
                    slope = view(call.dy, outputs, y_complex and not event)
                    if inplace:
                        fun(call.t, state, slope, *args)
                    else:
                        slope[:] = as_slope(fun(call.t, state, *args), outputs, slope.dtype, event)
                    call.status = 0
            except GeneratorExit:  # nobody will call again
                return
            except BaseException as error:  # it must not cross the C frames: raised by explain
                # nothing is called here: Python looks for signals at calls
                call.status = pointers.RAISED
                failure[0] = error
            yield 0

    calls = answer_calls()
    next(calls)
    callback, code = pointers.CALLBACK(calls.__next__), pointers.python_pointer()
    call.callback = ctypes.cast(callback, ctypes.c_void_p).value
    ctx = np.array([n, outputs, ctypes.addressof(call)], dtype=np.int64)

    def explain(status, t, y):
        error, failure[0] = failure[0], None
        if error is None:
            name = "an event" if event else "fun"
            return RuntimeError(
                f"a call of {name} at t = {t:.6g} was broken off, by an exception that Python "
                "could only print"
            )
        next(calls)  # ready for the next call
        return error

    return Bound(code.address, ctx, False, explain, (code, callback, call, fun, args))


def check_args(args):
    """args as a tuple; a single number that is not in a tuple is a common slip."""
    if args is None:
        return ()
    if not isinstance(args, tuple | list):
        raise TypeError(
            f"Supplied 'args' cannot be unpacked. Write args=(value,); got {type(args).__name__}"
        )
    return tuple(args)
