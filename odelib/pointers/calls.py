"""The signatures of the C ABI, and calls through an address."""

import ctypes
import weakref

import numba
import numba._dispatcher
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
# update(k, alpha, n, theta, grad, memory, theta_new, settings) -> 0 (see optimizers/updates.py)
UPDATE = types.int32(
    types.int64, types.float64, types.int64, DOUBLES, DOUBLES, DOUBLES, DOUBLES, DOUBLES
)
KERNEL = types.int64(WORDS)  # its arguments are packed into words

_POINTER = {DOUBLES: ctypes.POINTER(ctypes.c_double), WORDS: ctypes.POINTER(ctypes.c_int64)}
_C_TYPE = {types.float64: ctypes.c_double, types.int32: ctypes.c_int32} | {
    types.int64: ctypes.c_int64,
    types.intp: ctypes.c_int64,
}
_CAST = {types.float64: float, types.int32: int, types.int64: int}


def c_signature(signature):
    """The ctypes prototype of a numba signature of doubles, integers and pointers."""
    kinds = [(_POINTER | _C_TYPE)[kind] for kind in (signature.return_type, *signature.args)]
    return ctypes.CFUNCTYPE(*kinds)


def is_compiled(function):
    """Whether numba has compiled, or will compile, this function."""
    return isinstance(function, numba._dispatcher.Dispatcher)  # an abstract base takes 0.5 µs


class Interpreted:
    """The twin of a compiled C function: a Python function behind a C pointer.

    Interpreted code calls it as it is: on the way through C an exception could get lost.
    """

    def __init__(self, signature, function):
        self._callback = c_signature(signature)(function)  # kept alive with this object
        self.address = ctypes.cast(self._callback, ctypes.c_void_p).value
        self.function = function
        _INTERPRETED[self.address] = self


_INTERPRETED = weakref.WeakValueDictionary()  # by address


# --- Calls through an address ---------------------------------------------------------------

if DISABLED:

    def _caller(signature):
        prototype = c_signature(signature)
        casts = [_CAST.get(kind, lambda pointer: pointer) for kind in signature.args]

        def call(address, *arguments):
            known = _INTERPRETED.get(int(address))
            if known is None:
                return prototype(int(address))(*arguments)
            return known.function(*(cast(value) for cast, value in zip(casts, arguments)))

        return call

    def data(array):
        """Pointer to the first element of a contiguous array."""
        return array.ctypes.data_as(_POINTER[DOUBLES if array.dtype == float else WORDS])

    def offset(pointer, count):
        """The pointer `count` elements further on."""
        address = ctypes.addressof(pointer.contents) + 8 * count
        return ctypes.cast(ctypes.c_void_p(address), type(pointer))

    def words_at(address):
        """The pointer to the words at an address."""
        return ctypes.cast(ctypes.c_void_p(int(address)), _POINTER[WORDS])

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

    @intrinsic
    def words_at(typing_context, address):
        """The pointer to the words at an address."""

        def generate(context, builder, signature, values):
            return builder.inttoptr(values[0], context.get_value_type(WORDS))

        return WORDS(types.intp), generate


call_rhs = _caller(RHS)
call_step = _caller(STEP)
call_update = _caller(UPDATE)
