"""Compiled functions of odelib's that Python calls as well: the losses of the models."""

import ctypes
import struct

import numba
import numpy as np
from numba import types

from odelib.pointers.calls import DISABLED, KERNEL
from odelib.pointers.identity import identity, source_stamp
from odelib.pointers.machine_code import c_function
from odelib.pointers.words import as_argument, kind_of, unpack_objects


def compiled(function):
    """Compile a function that compiled code calls; it may return arrays."""
    return numba.njit(error_model="numpy")(function)


def shared(shape):
    """A decorator: compile a function of numbers and arrays for compiled code and for Python.

    `shape(*args)` is the shape of the array that it returns; () is a number. Compiled code has it
    as any function of numba's. A call from Python runs, without the GIL, machine code that is kept
    on disk (see machine_code.py), so that a fresh process compiles nothing.
    """

    def decorate(function):
        if DISABLED:
            return function
        made = compiled(function)
        made.__class__ = Shared
        made._odelib_shape, made._odelib_codes = shape, {}
        return made

    return decorate


if not DISABLED:
    from numba.core.registry import CPUDispatcher

    class Shared(CPUDispatcher):
        """A numba function; calls from Python go another way."""

        def __call__(self, *args):
            shape = self._odelib_shape(*args)
            out = np.empty(shape or 1)
            forms, words, kept = [], [id(out)], []
            for i, value in enumerate(args):
                kind = type(value)
                if kind is np.ndarray or kind is list or kind is tuple:
                    value = as_argument(value, i)
                    kept.append(value)
                    forms.append(value.dtype.char)
                    forms.append(value.ndim)
                    words.append(id(value))
                else:
                    forms.append(kind)
                    words.append(value)
            forms = tuple(forms)
            if forms not in self._odelib_codes:
                self._odelib_codes[forms] = self._compile(shape, args)
            pack, code, _ = self._odelib_codes[forms]
            if code(pack(*words)) != 0:
                super().__call__(*args)  # it raises the exception
                raise RuntimeError(f"{self.__name__} did not return an array of shape {shape}")
            return out if shape else float(out[0])

        def _compile(self, shape, args):
            """(how to pack such arguments, the C function that takes them, what keeps it alive)."""
            values = [v if np.ndim(v) == 0 else as_argument(v, i) for i, v in enumerate(args)]
            write = (_write_array if shape else _write_number)(self)
            kinds = tuple(map(kind_of, (np.empty(shape or 1), *values)))
            letters = "".join("d" if kind == types.float64 else "q" for kind in kinds)

            def arguments(context, builder, words):
                return unpack_objects(context, builder, words, kinds)

            def status(context, builder, kind, value, words):
                return context.cast(builder, value, kind, KERNEL.return_type)

            known = identity(write)
            if known is not None:
                known = f"{source_stamp('pointers')} {known}"
            code = c_function(KERNEL, write, kinds, arguments, status, known)
            call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_char_p)(code.address)
            return struct.Struct(letters).pack, call, code

        def _reduce_states(self):
            return super()._reduce_states() | {"shape": self._odelib_shape}

        @classmethod
        def _rebuild(cls, shape, **states):
            """In one process always the same function."""
            made = super()._rebuild(**states)
            made._odelib_shape = shape
            made.__dict__.setdefault("_odelib_codes", {})
            return made


def _write_number(function):
    @compiled
    def write(out, *args):
        out[0] = function(*args)
        return 0

    return write


def _write_array(function):
    @compiled
    def write(out, *args):
        result = function(*args)
        if result.shape != out.shape:
            return 1
        flat, given = out.ravel(), result.ravel()
        for i in range(len(flat)):
            flat[i] = given[i]
        return 0

    return write
