"""A Python function behind the C ABI of a right-hand side.

ctypes can call Python from C, but it prints an exception that comes on the way into the Python
function or out of it, and returns to C as if nothing had happened, with a result that nobody wrote.
A signal's handler may raise there. So the kernels call a compiled function, `call_python`, which
believes nothing but what a completed call has written into its `Call`.
"""

import ctypes
import functools

from numba import types

from odelib.pointers.calls import DISABLED, DOUBLES, RHS, WORDS
from odelib.pointers.functions import NOT_RETURNED
from odelib.pointers.loops import own_pointer

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int32)  # what it returns means nothing


class Call(ctypes.Structure):
    """One call of a Python function: its arguments, and what came of it. ctx[2] is its address."""

    _fields_ = [
        ("callback", ctypes.c_int64),  # address of a CALLBACK
        ("status", ctypes.c_int64),  # to be written last
        ("t", ctypes.c_double),
        ("y", ctypes.c_int64),  # addresses
        ("dy", ctypes.c_int64),
    ]


if DISABLED:

    def call_python(t, y, ctx, dy):
        """Call the Python function of ctx; returns its status, or NOT_RETURNED."""
        call = Call.from_address(ctx[2])
        call.status, call.t = NOT_RETURNED, t
        call.y, call.dy = ctypes.addressof(y.contents), ctypes.addressof(dy.contents)
        CALLBACK(call.callback)()
        return call.status

else:
    from llvmlite import ir
    from numba.extending import intrinsic

    @intrinsic
    def _call(typing_context, t, y, ctx, dy):
        def generate(context, builder, signature, values):
            t, y, ctx, dy = values
            word = ir.IntType(64)
            call = builder.inttoptr(builder.load(builder.gep(ctx, [word(2)])), word.as_pointer())
            callback, status, *given = [builder.gep(call, [word(i)]) for i in range(5)]
            builder.store(word(NOT_RETURNED), status)
            words = (builder.bitcast(t, word), *(builder.ptrtoint(p, word) for p in (y, dy)))
            for place, argument in zip(given, words, strict=True):
                builder.store(argument, place)
            kind = ir.FunctionType(ir.IntType(32), []).as_pointer()
            builder.call(builder.inttoptr(builder.load(callback), kind), [])
            return builder.trunc(builder.load(status), ir.IntType(32))

        return types.int32(types.float64, DOUBLES, WORDS, DOUBLES), generate

    def call_python(t, y, ctx, dy):
        """Call the Python function of ctx; returns its status, or NOT_RETURNED."""
        return _call(t, y, ctx, dy)


@functools.cache
def python_pointer():
    """The C function that calls any Python function; keep it, and use its `.address`."""
    return own_pointer(RHS, call_python)
