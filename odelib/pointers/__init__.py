"""The C ABI of right-hand sides and steps: all of numba's internals are in this folder.

A kernel never sees a Python function. It gets the *address* of a C function, so it is compiled
once and serves every right-hand side:

    int32 rhs(double t, const double *y, int64 *ctx, double *dy)

returns 0, or a status that stops the solve. `ctx` describes the problem: ctx[0] is the number of
components of y, ctx[1] that of dy (1 for an event), and the other words are the packed `args` (see
fields/rhs.py). Complex numbers are pairs of doubles. One step of a method is a C function too (see
methods/steps.py), and an update of an optimizer, so that one loop serves all methods.

    calls.py         the signatures, and calls through an address from compiled code
    words.py         numbers, arrays and groups as words, and back
    callbacks.py     a Python function behind the ABI
    compiling.py     a numba function as a C function
    identity.py      what compiled code depends on
    objects.py       what an object file asks for
    machine_code.py  C functions kept on disk
    loops.py         odelib's own steps and kernels
    shared.py        odelib's own functions that Python calls too
    functions.py     a user's compiled function behind the ABI
    travel.py        a user's compiled function in another process

Under `NUMBA_DISABLE_JIT=1` each primitive has a twin made with ctypes, and every kernel runs as
plain Python: that is how one debugs, and how the tests see every line.
"""

from odelib.pointers.calls import (
    DISABLED,
    RHS,
    STEP,
    c_signature,
    call_rhs,
    call_step,
    call_update,
    data,
    is_compiled,
    offset,
    words_at,
)
from odelib.pointers.words import CACHE_LINE, address_of, aligned_zeros, array_kind, as_argument

if not DISABLED:
    from odelib.pointers.words import at_address, call_kernel, write_words
from odelib.pointers.callbacks import CALLBACK, Call, python_pointer
from odelib.pointers.functions import (
    NOT_RETURNED,
    RAISED,
    RETURNED_NONE,
    WRONG_LENGTH,
    compile_rhs,
)
from odelib.pointers.loops import called, inlined, kernel, step_pointer, update_pointer
from odelib.pointers.shared import compiled, shared
from odelib.pointers.travel import keeping_attributes

__all__ = [
    "CACHE_LINE",
    "CALLBACK",
    "DISABLED",
    "NOT_RETURNED",
    "RAISED",
    "RETURNED_NONE",
    "RHS",
    "STEP",
    "WRONG_LENGTH",
    "Call",
    "address_of",
    "aligned_zeros",
    "array_kind",
    "as_argument",
    "at_address",
    "c_signature",
    "call_kernel",
    "call_rhs",
    "call_step",
    "call_update",
    "called",
    "compile_rhs",
    "compiled",
    "data",
    "inlined",
    "is_compiled",
    "keeping_attributes",
    "kernel",
    "offset",
    "python_pointer",
    "shared",
    "step_pointer",
    "update_pointer",
    "words_at",
    "write_words",
]
