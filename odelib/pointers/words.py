"""What a C function gets as words: numbers, arrays, and the groups of a kernel."""

import ctypes
import functools
import sys

import numba
import numpy as np
from numba import types

from odelib.pointers.calls import DISABLED

if not DISABLED:
    from llvmlite import ir
    from numba.core import cgutils
    from numba.extending import intrinsic


def kind_of(value):
    """The numba type of a number, a contiguous array or a NamedTuple of them; otherwise None."""
    if isinstance(value, tuple):
        return types.BaseTuple.from_types(tuple(map(kind_of, value)), type(value))
    if isinstance(value, np.ndarray):
        return array_kind(value.dtype, value.ndim, False)
    if isinstance(value, bool | np.bool_):
        return types.boolean
    if isinstance(value, int | np.integer):
        return types.int64
    if isinstance(value, float | np.floating):
        return types.float64
    return None


@functools.cache  # numba takes several µs to make one
def array_kind(dtype, ndim, readonly):
    """The numba type of a contiguous array."""
    return types.Array(numba.from_dtype(dtype), ndim, "C", readonly=readonly)


def as_argument(value, i):
    """Contiguous array of float64, int64 or bool; the array itself where it is one already."""
    array = np.asarray(value)
    kind = _KEPT_AS.get(array.dtype.kind)
    if kind is None or array.ndim == 0:
        raise TypeError(
            f"args[{i}] must be a number or an array of numbers, got dtype {array.dtype}"
        )
    if array.dtype == kind and array.flags.carray:
        return array
    return np.require(array, kind, ["C_CONTIGUOUS", "ALIGNED"])


_KEPT_AS = {"b": np.dtype(np.bool_), "f": np.dtype(np.float64)} | dict.fromkeys(
    "iu", np.dtype(np.int64)
)


# A NumPy array keeps the address of its first element and that of its shape in fields behind the
# head of its object, which are part of NumPy's C API, and a tuple the addresses of its members
# likewise. Kernels read them there, so Python need not gather thirty addresses for every solve.
_MEMORY = (ctypes.c_int64 * 2**59).from_address(0)
DATA = object.__basicsize__ // 8  # which word of the object it is
LENGTHS = DATA + 2
MEMBERS = tuple.__basicsize__ // 8  # of a tuple: which word holds the first


def address_of(array):
    """The address of an array's first element; array.ctypes.data costs ten times as much."""
    return _MEMORY[(id(array) >> 3) + DATA]


def _check_layout():
    sample = np.zeros((2, 3))
    lengths = _MEMORY[(id(sample) >> 3) + LENGTHS] >> 3
    if address_of(sample) != sample.ctypes.data or _MEMORY[lengths : lengths + 2] != [2, 3]:
        raise ImportError(f"odelib does not know the layout of arrays of NumPy {np.__version__}")
    pair = (sample, lengths)
    if _MEMORY[(id(pair) >> 3) + MEMBERS : (id(pair) >> 3) + MEMBERS + 2] != [*map(id, pair)]:
        raise ImportError(f"odelib does not know the layout of tuples of Python {sys.version}")


_check_layout()


CACHE_LINE = 64  # bytes


def aligned_zeros(count):
    """Zeros (count,) of float64 from the start of a cache line on: vectors are read quicker."""
    room = np.zeros(count + CACHE_LINE // 8)
    start = -(address_of(room) // 8) % (CACHE_LINE // 8)
    return room[start : start + count]


def holds_arrays_only(kind):
    """Whether a group is given as one word: the address of its tuple's object."""
    return all(isinstance(member, types.Array) for member in kind.types)


def unpack_groups(context, builder, words, kinds):
    """LLVM values of a kernel's groups: numbers by value, arrays by the address of their object."""
    groups, place = [], 0
    for kind in kinds:
        if holds_arrays_only(kind):
            members = builder.inttoptr(_word(builder, words, place), words.type)
            parts = [_word(builder, members, MEMBERS + i) for i in range(len(kind.types))]
            place += 1
        else:
            parts = [_word(builder, words, place + i) for i in range(len(kind.types))]
            place += len(parts)
        values = [_field(context, builder, *field) for field in zip(kind.types, parts, strict=True)]
        groups.append(context.make_tuple(builder, kind, values))
    return groups


def unpack_objects(context, builder, words, kinds):
    """LLVM values of numbers by value and arrays by the address of their object."""
    return [
        _field(context, builder, kind, _word(builder, words, i)) for i, kind in enumerate(kinds)
    ]


def _field(context, builder, kind, word):
    """LLVM value of one field of a group from its word."""
    if not isinstance(kind, types.Array):
        return _load_argument(context, builder, kind, lambda: word)
    fields = builder.inttoptr(word, ir.IntType(64).as_pointer())
    lengths = builder.inttoptr(_word(builder, fields, LENGTHS), fields.type)
    parts = [_word(builder, fields, DATA)]
    parts += [_word(builder, lengths, axis) for axis in range(kind.ndim)]
    return _load_argument(context, builder, kind, iter(parts).__next__)


def _word(builder, words, i):
    return builder.load(builder.gep(words, [ir.Constant(ir.IntType(64), i)]))


def unpack(context, builder, words, kinds):
    """LLVM values of the arguments of a right-hand side: each array as its address and shape."""
    count = sum(1 + getattr(kind, "ndim", 0) for kind in kinds)
    parts = iter([_word(builder, words, i) for i in range(count)])
    return [_load_argument(context, builder, kind, parts.__next__) for kind in kinds]


def _load_argument(context, builder, kind, load):
    """LLVM value of one argument from its words."""
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
    return array_value(context, builder, kind, pointer, shape, strides)


def array_value(context, builder, kind, pointer, shape, strides=None):
    """LLVM value of an array over memory that is not numba's."""
    itemsize = ir.Constant(
        ir.IntType(64), context.get_abi_sizeof(context.get_data_type(kind.dtype))
    )
    array = context.make_array(kind)(context, builder)
    numba.np.arrayobj.populate_array(
        array, pointer, shape, strides or [itemsize], itemsize, meminfo=None
    )
    return array._getvalue()


# --- From a user's compiled code ---------------------------------------------------------------

if not DISABLED:

    def at_address(address):
        """An intrinsic without arguments -> this address, which is of this process only.

        Numba then keeps no code with it on disk.
        """

        @intrinsic
        def constant(typing_context):
            def generate(context, builder, signature, values):
                pointer = context.add_dynamic_addr(builder, address, info="odelib")
                return builder.ptrtoint(pointer, ir.IntType(64))

            return types.intp(), generate

        return constant

    @intrinsic
    def call_kernel(typing_context, address, arguments):
        """Call a kernel at an address with a tuple of its groups."""

        def generate(context, builder, signature, values):
            words = []
            for i, kind in enumerate(signature.args[1].types):
                group = builder.extract_value(values[1], i)
                words += _kernel_words(context, builder, kind, group)
            room = _on_stack(builder, words)
            kernel_type = ir.FunctionType(ir.IntType(64), [ir.IntType(64).as_pointer()])
            kernel = builder.inttoptr(values[0], kernel_type.as_pointer())
            return builder.call(kernel, [room])

        return types.int64(types.intp, arguments), generate

    @intrinsic
    def write_words(typing_context, array, start, arguments):
        """Write the words of a tuple of numbers and contiguous arrays into array[start:]."""

        def generate(context, builder, signature, values):
            place = context.make_array(signature.args[0])(context, builder, values[0]).data
            words = []
            for i, member in enumerate(signature.args[2].types):
                part = builder.extract_value(values[2], i)
                words += _words(context, builder, types.unliteral(member), part)
            for i, word in enumerate(words):
                where = builder.add(values[1], ir.Constant(ir.IntType(64), i))
                builder.store(word, builder.gep(place, [where]))
            return context.get_dummy_value()

        return types.void(array, types.intp, arguments), generate

    def _kernel_words(context, builder, kind, value):
        """LLVM words of a kernel's group: the inverse of `unpack_groups`."""
        words = []
        for i, member in enumerate(map(types.unliteral, kind.types)):
            to_words = _as_object if isinstance(member, types.Array) else _words
            words += to_words(context, builder, member, builder.extract_value(value, i))
        if holds_arrays_only(kind):
            head = [ir.Constant(ir.IntType(64), 0)] * MEMBERS
            return [builder.ptrtoint(_on_stack(builder, head + words), ir.IntType(64))]
        return words

    def _words(context, builder, kind, value):
        """LLVM words of a value: the inverse of `unpack`."""
        if isinstance(kind, types.Array):
            array = context.make_array(kind)(context, builder, value)
            address = builder.ptrtoint(array.data, ir.IntType(64))
            return [address, *cgutils.unpack_tuple(builder, array.shape)]
        if isinstance(kind, types.Float):
            double = context.cast(builder, value, kind, types.float64)
            return [builder.bitcast(double, ir.IntType(64))]
        return [context.cast(builder, value, kind, types.int64)]

    def _as_object(context, builder, kind, value):
        """The address of something on the stack that has the fields of a NumPy array."""
        address, *shape = _words(context, builder, kind, value)
        lengths = builder.ptrtoint(_on_stack(builder, shape), ir.IntType(64))
        fields = [ir.Constant(ir.IntType(64), 0)] * (LENGTHS + 1)
        fields[DATA], fields[LENGTHS] = address, lengths
        return [builder.ptrtoint(_on_stack(builder, fields), ir.IntType(64))]

    def _on_stack(builder, words):
        room = cgutils.alloca_once(builder, ir.IntType(64), size=len(words))
        for i, word in enumerate(words):
            builder.store(word, builder.gep(room, [ir.Constant(ir.IntType(64), i)]))
        return room
