"""The C ABI of right-hand sides and steps, and calls through it: all of numba's internals are here.

A kernel never sees a Python function. It gets the *address* of a C function, so it is compiled
once and serves every right-hand side:

    int32 rhs(double t, const double *y, int64 *ctx, double *dy)

returns 0, or a status that stops the solve. `ctx` describes the problem: ctx[0] is the number of
components of y, ctx[1] that of dy (1 for an event), and the other words are the packed `args` (see
rhs.py). Complex numbers are pairs of doubles. One step of a method is a C function too (see
kernels/explicit.py), so that the loop over steps serves every method.

Under `NUMBA_DISABLE_JIT=1` each primitive has a twin made with ctypes, and every kernel runs as
plain Python: that is how one debugs, and how the tests see every line.
"""

import ctypes
import functools
import hashlib
import pathlib
import re
import warnings

import numba
import numpy as np
from numba import types

DISABLED = bool(numba.config.DISABLE_JIT)

DOUBLES = types.CPointer(types.float64)
WORDS = types.CPointer(types.int64)
RHS = types.int32(types.float64, DOUBLES, WORDS, DOUBLES)
# step(rhs, t, t_new, h, n, y, ctx, K, y_new, err) -> status of rhs
STEP = types.int32(
    types.intp, types.float64, types.float64, types.float64, types.int64,
    DOUBLES, WORDS, DOUBLES, DOUBLES, DOUBLES,
)  # fmt: skip

_POINTER = {DOUBLES: ctypes.POINTER(ctypes.c_double), WORDS: ctypes.POINTER(ctypes.c_int64)}
_C_TYPE = {types.float64: ctypes.c_double, types.int32: ctypes.c_int32} | {
    types.int64: ctypes.c_int64,
    types.intp: ctypes.c_int64,
}


def c_signature(signature):
    """The ctypes prototype of a numba signature of doubles, integers and pointers."""
    kinds = [(_POINTER | _C_TYPE)[kind] for kind in (signature.return_type, *signature.args)]
    return ctypes.CFUNCTYPE(*kinds)


# --- Calls through an address ---------------------------------------------------------------

if DISABLED:

    def _caller(signature):
        prototype = c_signature(signature)

        def call(address, *arguments):
            return prototype(int(address))(*arguments)

        return call

    def data(array):
        """Pointer to the first element of a contiguous array."""
        return array.ctypes.data_as(_POINTER[DOUBLES if array.dtype == float else WORDS])

    def offset(pointer, count):
        """The pointer `count` elements further on."""
        address = ctypes.addressof(pointer.contents) + 8 * count
        return ctypes.cast(ctypes.c_void_p(address), type(pointer))

else:
    from llvmlite import ir
    from numba.extending import intrinsic

    def _caller(signature):
        @intrinsic
        def call(typing_context, address, *arguments):
            def generate(context, builder, _, values):
                value_types = [context.get_value_type(kind) for kind in signature.args]
                prototype = ir.FunctionType(
                    context.get_value_type(signature.return_type), value_types
                )
                pointer = builder.inttoptr(values[0], prototype.as_pointer())
                unpacked = [builder.extract_value(values[1], i) for i in range(len(signature.args))]
                return builder.call(pointer, unpacked)

            star = types.StarArgTuple(signature.args)
            return signature.return_type(types.intp, star), generate

        return call

    @intrinsic
    def data(typing_context, array):
        """Pointer to the first element of a contiguous array."""

        def generate(context, builder, signature, values):
            return context.make_array(signature.args[0])(context, builder, values[0]).data

        return types.CPointer(array.dtype)(array), generate

    @intrinsic
    def offset(typing_context, pointer, count):
        """The pointer `count` elements further on."""

        def generate(context, builder, signature, values):
            return builder.gep(values[0], [values[1]])

        return pointer(pointer, types.intp), generate


call_rhs = _caller(RHS)
call_step = _caller(STEP)


# --- Functions made into C pointers ----------------------------------------------------------


@functools.cache
def source_stamp():
    """Hash of the package's sources and of numba's version.

    Numba's disk cache notices an edit of the file that defines a cached function and of no other.
    Every cached kernel closes over this stamp, so that any edit of the package makes it miss.
    """
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for path in sorted(pathlib.Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def step_pointer(step):
    """Compile one step of a method (see STEP), cached on disk; keep the result, use `.address`."""
    if DISABLED:
        return _Interpreted(STEP, step)
    return _cached(functools.partial(numba.cfunc, STEP), step)


def kernel(function):
    """Compile a loop over steps, cached on disk; it runs without the GIL."""
    if DISABLED:
        return function
    return _cached(functools.partial(numba.njit, nogil=True), function)


def inlined(function):
    """Compile a part of a kernel; it is cached as part of the kernels that call it."""
    return numba.njit(error_model="numpy")(function)


def _cached(decorator, function):
    try:
        return decorator(cache=True, error_model="numpy")(function)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        _warn_uncached()
        return decorator(cache=False, error_model="numpy")(function)


@functools.cache  # once per process
def _warn_uncached():
    warnings.warn(
        "odelib found no folder to cache its compiled kernels in, so every process compiles them "
        "anew; set NUMBA_CACHE_DIR to a writable folder",
        RuntimeWarning,
        stacklevel=2,
    )


class _Interpreted:
    """The twin of a numba C function: a Python function behind a C pointer."""

    def __init__(self, signature, function):
        self._callback = c_signature(signature)(function)  # kept alive with this object
        self.address = ctypes.cast(self._callback, ctypes.c_void_p).value


# --- A user's compiled function behind the ABI -------------------------------------------------

# Statuses of a right-hand side; 0 is fine.
RAISED, WRONG_LENGTH, RETURNED_NONE = 1, 2, 3


def is_compiled(function):
    """Whether numba has compiled, or will compile, this function."""
    return isinstance(function, numba.core.dispatcher.Dispatcher)


def compile_rhs(function, kinds, *, inplace=False, y_complex=False, event=False):
    """The C pointer of a numba function f(t, y, *args), or f(t, y, dy, *args) when `inplace`.

    `kinds` says how each of `args` is packed: a numba scalar type, or an array type (C order).
    Both y and dy are complex where `y_complex` is set, but an event's one number is real.
    """
    unpack = _unpacker(kinds)
    state = _complex_view if y_complex else _real_view
    slope = _complex_view if y_complex and not event else _real_view
    if inplace:

        @numba.njit
        def body(t, y, ctx, dy):
            function(t, state(y, ctx[0]), slope(dy, ctx[1]), *unpack(ctx))
            return 0

    else:

        @numba.njit
        def body(t, y, ctx, dy):
            return _store(function(t, state(y, ctx[0]), *unpack(ctx)), slope(dy, ctx[1]))

    def rhs(t, y, ctx, dy):
        try:
            return body(t, y, ctx, dy)
        except Exception:
            return RAISED

    try:
        return numba.cfunc(RHS)(rhs)
    except numba.core.errors.NumbaError as error:
        message = _in_short(str(error))
    raise TypeError(
        f"numba cannot compile {function.__name__}: {message}. Change it, or pass it undecorated: "
        "it then runs as plain Python"
    )


@numba.njit
def _real_view(pointer, n):
    return numba.carray(pointer, (n,))


@numba.njit
def _complex_view(pointer, n):
    return numba.carray(pointer, (2 * n,)).view(np.complex128)


def _in_short(message):
    """The sentence that matters in one of numba's long messages, and the line it speaks of."""
    lines = [line.strip() for line in message.splitlines()]
    reasons = [line for line in lines if line and not line.startswith("Failed in nopython mode")]
    deepest = [line for line in reasons if line.startswith("TypingError: ")]
    reason = deepest[-1].removeprefix("TypingError: ") if deepest else reasons[0]
    places = re.findall(r'File "([^"]*)", line (\d+)', message)
    theirs = [(file, line) for file, line in places if not file.endswith("pointers.py")]
    where = f" ({theirs[0][0]}, line {theirs[0][1]})" if theirs else ""
    return reason.removesuffix(".") + where


def _unpacker(kinds):
    """An intrinsic ctx -> args: the inverse of `rhs._pack`."""

    @intrinsic
    def unpack(typing_context, ctx):
        def generate(context, builder, signature, values):
            word = 2  # behind ctx[0] and ctx[1]

            def load():
                nonlocal word
                address = builder.gep(values[0], [ir.Constant(ir.IntType(64), word)])
                word += 1
                return builder.load(address)

            members = [_load_argument(context, builder, kind, load) for kind in kinds]
            return context.make_tuple(builder, signature.return_type, members)

        return types.Tuple(kinds)(ctx), generate

    return unpack


def _load_argument(context, builder, kind, load):
    """LLVM value of one of `args` from its words in ctx."""
    if kind == types.float64:
        return builder.bitcast(load(), ir.DoubleType())
    if kind == types.int64:
        return load()
    if kind == types.boolean:
        return builder.trunc(load(), context.get_value_type(kind))
    element = context.get_data_type(kind.dtype)
    itemsize = ir.Constant(ir.IntType(64), context.get_abi_sizeof(element))
    pointer = builder.inttoptr(load(), element.as_pointer())
    shape = [load() for _ in range(kind.ndim)]
    strides = [itemsize]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    array = context.make_array(kind)(context, builder)
    numba.np.arrayobj.populate_array(array, pointer, shape, strides, itemsize, meminfo=None)
    return array._getvalue()


def _store(value, dy):
    """Copy what f returned into dy; returns a status (compiled code only, see below)."""


def _is_complex(kind):
    """Whether a numba type is complex or holds complex numbers."""
    if isinstance(kind, types.Tuple):
        return any(map(_is_complex, kind.types))
    return isinstance(getattr(kind, "dtype", kind), types.Complex)


if not DISABLED:
    from numba.extending import overload

    @overload(_store)
    def _store_overload(value, dy):
        if isinstance(dy.dtype, types.Float) and _is_complex(value):
            raise numba.core.errors.TypingError(
                "it returns complex numbers where real ones are needed"
            )
        if isinstance(value, types.Tuple) and value.count:  # of mixed types

            def store(value, dy):
                if len(value) != len(dy):
                    return WRONG_LENGTH
                j = 0
                for component in numba.literal_unroll(value):
                    dy[j] = component
                    j += 1
                return 0

        elif isinstance(value, types.Number | types.Boolean):

            def store(value, dy):
                if len(dy) != 1:
                    return WRONG_LENGTH
                dy[0] = value
                return 0

        elif isinstance(value, types.NoneType):

            def store(value, dy):
                return RETURNED_NONE

        elif isinstance(value, types.BaseTuple | types.List) or (
            isinstance(value, types.Array) and value.ndim == 1
        ):

            def store(value, dy):
                if len(value) != len(dy):
                    return WRONG_LENGTH
                for j in range(len(dy)):
                    dy[j] = value[j]
                return 0

        else:
            raise numba.core.errors.TypingError(
                f"it must return a tuple, a list or a 1-D array of numbers, it returns {value}"
            )
        return store
