"""What odelib itself compiles: the steps of the methods and the loops over them."""

import ctypes
import functools
import struct

import numba
from numba import types

from odelib.pointers.calls import DISABLED, KERNEL, STEP, UPDATE, Interpreted
from odelib.pointers.identity import own_identity
from odelib.pointers.machine_code import c_function
from odelib.pointers.words import holds_arrays_only, kind_of, unpack_groups

# A kernel owns no memory, so there are no references to count: counting them took two fifths of the
# time of a small system's step.
OPTIONS = {"error_model": "numpy", "_nrt": False}
# What only kernels call needs no wrappers for calls from Python and C: they took a quarter of the
# time of a compilation.
INNER = OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def step_pointer(step):
    """Compile one step of a method (see STEP); keep the result, use its `.address`."""
    return own_pointer(STEP, step)


def update_pointer(update):
    """Compile an update of an optimizer (see UPDATE); keep the result, use its `.address`."""
    return own_pointer(UPDATE, update)


def own_pointer(signature, function):
    """Compile a function of odelib's own; keep the result, use its `.address`."""
    if DISABLED:
        return Interpreted(signature, function)
    return c_function(
        signature, called(function), signature.args, _as_given, _integer(signature.return_type),
        own_identity(function),
    )  # fmt: skip


def kernel(function):
    """Compile a loop over steps at its first call; it runs without the GIL.

    The arrays that it is called with must not overlap. Another kernel may call its `part`.
    """
    return _InterpretedKernel(function) if DISABLED else Kernel(function)


def called(function):
    """Compile a function that a kernel calls; LLVM says whether it becomes a part of it."""
    return numba.njit(**INNER)(function)


def inlined(function):
    """Compile a part of a kernel that stands alone for its reader only: LLVM puts it in its place.

    Left to choose, it calls what it should not: a solve that keeps many states took a sixth longer.
    """
    return numba.njit(**INNER, forceinline=True)(function)


class Kernel:
    """A compiled function of groups that returns an integer.

    A group is a NamedTuple of numbers and contiguous arrays. The kernel is called with the same
    groups of the same kinds of values every time.
    """

    def __init__(self, function):
        self.function, self.call, self.compiled = function, None, None
        functools.update_wrapper(self, function)

    def __call__(self, *groups):
        return self.run(self.pack(*groups))

    def pack(self, *groups):
        """These arguments as words, for `run`: as their objects, to be kept alive."""
        self._compile(tuple(map(kind_of, groups)))
        return self.pack(*groups)

    def run(self, words):
        """Call it with the words that `pack` made."""
        return self.call(words)

    @functools.cached_property
    def part(self):
        """The function for use within another kernel."""
        return called(self.function)

    def _compile(self, kinds):
        def arguments(context, builder, words):
            return unpack_groups(context, builder, words, kinds)

        self.compiled = c_function(
            KERNEL, self.part, kinds, arguments, _integer(KERNEL.return_type),
            own_identity(self.function),
        )  # fmt: skip
        self.call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_char_p)(self.compiled.address)
        self.pack = _packer(self.function, kinds)  # last: another thread may find it


def _packer(function, kinds):
    """A function of this kernel's arguments that returns their words, written out for speed."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    letters, words, known = "", [], {"wrong": _wrong}
    for name, kind in zip(names, kinds, strict=True):
        known[f"form_of_{name}"] = kind.instance_class
        right = f"type({name}) is form_of_{name} or wrong({name!r}, {name})"
        if holds_arrays_only(kind):
            letters += "P"
            words.append(f"({right}) and id({name})")
            continue
        for field, member in zip(kind.fields, kind.types, strict=True):
            is_array = isinstance(member, types.Array)
            letters += "P" if is_array else "d" if member == types.float64 else "q"
            words.append(f"id({name}.{field})" if is_array else f"{name}.{field}")
    known["pack"] = struct.Struct(letters).pack  # of 8 bytes each, so none is padded
    return eval(f"lambda {', '.join(names)}: pack({', '.join(words)})", known)


def _wrong(name, value):
    raise TypeError(f"{name} of a kernel must be its group of that name; got {value!r}")


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

    def pack(self, *groups):
        return groups

    def run(self, groups):
        return self.part(*groups)
