"""What odelib itself compiles: the steps of the methods and the loops over them."""

import ctypes
import functools
import struct

import numba
from numba import types

from odelib.pointers.calls import (
    DISABLED,
    KERNEL,
    STEP,
    Interpreted,
    kind_of,
    unpack_objects,
)
from odelib.pointers.identity import own_identity
from odelib.pointers.machine_code import c_function

# A kernel owns no memory, so there are no references to count: counting them took two fifths of the
# time of a small system's step.
OPTIONS = {"error_model": "numpy", "_nrt": False}


def step_pointer(step):
    """Compile one step of a method (see STEP); keep the result, use its `.address`."""
    return own_pointer(STEP, step)


def own_pointer(signature, function):
    """Compile a function of odelib's own; keep the result, use its `.address`."""
    if DISABLED:
        return Interpreted(signature, function)
    return c_function(
        signature, inlined(function), signature.args, _as_given, _integer(signature.return_type),
        own_identity(function),
    )  # fmt: skip


def kernel(function):
    """Compile a loop over steps at its first call; it runs without the GIL.

    The arrays that it is called with must not overlap. Another kernel may call its `part`.
    """
    return _InterpretedKernel(function) if DISABLED else Kernel(function)


def inlined(function):
    """Compile a part of a kernel, of which it becomes a part."""
    return numba.njit(**OPTIONS)(function)


def compiled(function):
    """Compile a function that compiled code and Python call; it runs without the GIL.

    Numba keeps it on disk where it can, and notices edits of its own file only: what it calls must
    stand in that file.
    """
    decorate = functools.partial(numba.njit, nogil=True, error_model="numpy")
    try:
        return decorate(cache=True)(function)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return decorate()(function)


class Kernel:
    """A compiled function of numbers and contiguous arrays that returns an integer.

    It is called with the same kinds of arguments every time.
    """

    def __init__(self, function):
        self.function, self.call, self.compiled = function, None, None
        functools.update_wrapper(self, function)

    def __call__(self, *args):
        return self.run(self.pack(*args))

    def pack(self, *args):
        """These arguments as words, for `run`: arrays as their objects, to be kept alive."""
        self._compile(tuple(map(kind_of, args)))
        return self.pack(*args)

    def run(self, words):
        """Call it with the words that `pack` made."""
        return self.call(words)

    @functools.cached_property
    def part(self):
        """The function for use within another kernel."""
        return inlined(self.function)

    def _compile(self, kinds):
        def arguments(context, builder, words):
            return unpack_objects(context, builder, words, kinds)

        self.compiled = c_function(
            KERNEL, self.part, kinds, arguments, _integer(KERNEL.return_type),
            own_identity(self.function),
        )  # fmt: skip
        self.call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_char_p)(self.compiled.address)
        self.pack = _packer(kinds)  # last: another thread may find it


def _packer(kinds):
    """A function of arguments of these kinds that returns their words, written out for speed."""
    names = [f"v{i}" for i in range(len(kinds))]
    letters, words = "", []
    for name, kind in zip(names, kinds, strict=True):
        is_array = isinstance(kind, types.Array)
        letters += "P" if is_array else "d" if kind == types.float64 else "q"
        words.append(f"id({name})" if is_array else name)
    known = {"pack": struct.Struct(letters).pack}  # of 8 bytes each, so none is padded
    return eval(f"lambda {', '.join(names)}: pack({', '.join(words)})", known)


def _as_given(context, builder, *values):
    return values


def _integer(c_type):
    def result(context, builder, kind, value, *values):
        return context.cast(builder, value, kind, c_type)

    return result


class _InterpretedKernel:
    """The twin of a kernel: the plain function."""

    def __init__(self, function):
        self.part = function
        functools.update_wrapper(self, function)

    def __call__(self, *args):
        return self.run(self.pack(*args))

    def pack(self, *args):
        return args

    def run(self, arguments):
        return self.part(*arguments)
