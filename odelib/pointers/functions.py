"""A user's compiled function behind the C ABI of a right-hand side."""

import re

import numba
from numba import types

from odelib.pointers.calls import DISABLED, RHS
from odelib.pointers.identity import identity, source_stamp
from odelib.pointers.machine_code import c_function
from odelib.pointers.words import array_value, unpack

# Statuses of a right-hand side; 0 is fine.
RAISED, WRONG_LENGTH, RETURNED_NONE, NOT_RETURNED = 1, 2, 3, 4


def compile_rhs(function, kinds, *, inplace=False, y_complex=False, event=False, matrix=False):
    """The C function of a numba function f(t, y, *args), or f(t, y, dy, *args) when `inplace`.

    A `matrix` of n rows of n numbers may be returned in the place of n numbers.

    `kinds` says how each of `args` is packed: a numba scalar type, or an array type (C order).
    Both y and dy are complex where `y_complex` is set, but an event's one number is real. The
    memory of y is the solver's: a function that writes to it is given a copy.
    """
    number = types.complex128 if y_complex else types.float64
    state = types.Array(number, 1, "C", readonly=True)
    slope = types.Array(types.float64 if event else number, 1, "C")
    given = (types.float64, state, *((slope,) if inplace else ()), *kinds)

    def arguments(context, builder, t, y, ctx, dy):
        n, outputs, *rest = unpack(context, builder, ctx, (types.int64, types.int64, *kinds))
        values = [t, _view(context, builder, state, y, n)]
        if inplace:
            values.append(_view(context, builder, slope, dy, outputs))
        return [*values, *rest]

    def store(context, builder, kind, value, t, y, ctx, dy):
        if inplace:
            return _status(0)
        (_check_matrix if matrix else _check_returned)(kind, slope)
        n, outputs = unpack(context, builder, ctx, (types.int64, types.int64))
        out = _view(context, builder, slope, dy, outputs)
        place = context.make_array(slope)(context, builder, out).data
        if isinstance(kind, types.NoneType):
            return _status(RETURNED_NONE)
        copy, count = (_copy_rows, n) if matrix else (_copy, outputs)
        status = copy(context, builder, kind, value, slope, place, count)
        context.nrt.decref(builder, kind, value)
        return status

    known = identity(function)
    if known is not None:
        known = f"{source_stamp('pointers')} {inplace} {y_complex} {event} {matrix} {known}"
    try:
        return c_function(RHS, function, given, arguments, store, known, _on_a_copy(function))
    except (numba.core.errors.NumbaError, KeyError) as error:  # KeyError: an unknown option
        message = _in_short(str(error.args[0]))
    raise TypeError(
        f"numba cannot compile {function.__name__}: {message}. Change it, or pass it undecorated: "
        "it then runs as plain Python"
    )


def _on_a_copy(function):
    """For functions that write to y, or whose signature asks for a y that can be written to."""

    @numba.njit
    def given_a_copy(t, y, *rest):
        return function(t, y.copy(), *rest)

    return given_a_copy


def _in_short(message):
    """The sentence that matters in one of numba's long messages, and the line it speaks of."""
    lines = [line.strip() for line in message.splitlines()]
    reasons = [line for line in lines if line and not line.startswith("Failed in nopython mode")]
    deepest = re.findall(r"^\s*(?:TypingError|NumbaTypeError): (.*)", message, re.MULTILINE)
    reason = deepest[-1] if deepest else reasons[0]
    places = re.findall(r'File "([^"]*)", line (\d+)', message)
    where = f" ({places[0][0]}, line {places[0][1]})" if places else ""
    return reason.removesuffix(".") + where


def _check_returned(kind, slope):
    """TypingError unless numbers of this kind can be copied to an array of that kind."""
    if isinstance(kind, types.Array | types.List):
        members = [kind.dtype] if getattr(kind, "ndim", 1) == 1 else [kind]
    else:
        members = _members(kind)
    for member in members:
        if not isinstance(member, types.Number | types.Boolean | types.NoneType):
            raise numba.core.errors.TypingError(
                f"it must return a tuple, a list or a 1-D array of numbers, it returns {kind}"
            )
        if isinstance(member, types.Complex) and not isinstance(slope.dtype, types.Complex):
            raise numba.core.errors.TypingError(
                "it returns complex numbers where real ones are needed"
            )


def _check_matrix(kind, slope):
    """TypingError unless the rows of a matrix of this kind can be copied to an array."""
    if isinstance(kind, types.NoneType):
        return
    if isinstance(kind, types.Array):
        if kind.ndim == 2:
            return _check_returned(types.Array(kind.dtype, 1, "A"), slope)
    elif isinstance(kind, types.List | types.BaseTuple):
        rows = [kind.dtype] if isinstance(kind, types.List) else list(kind.types)
        if all(isinstance(row, types.Array | types.List | types.BaseTuple) for row in rows):
            for row in rows:
                _check_returned(row, slope)
            return
    raise numba.core.errors.TypingError(
        f"it must return a matrix, as a 2-D array or a tuple of its rows; it returns {kind}"
    )


def _members(kind):
    """Types of the numbers of a tuple, or of the one number."""
    return list(kind.types) if isinstance(kind, types.BaseTuple) else [kind]


# --- What f returned, into dy ---------------------------------------------------------------------

if not DISABLED:
    from llvmlite import ir
    from numba.core import cgutils

    def _status(number):
        return ir.Constant(ir.IntType(32), number)

    def _view(context, builder, kind, pointer, count):
        """Array of `count` numbers over memory of doubles."""
        element = context.get_data_type(kind.dtype)
        pointer = builder.bitcast(pointer, element.as_pointer())
        return array_value(context, builder, kind, pointer, [count])

    def _copy(context, builder, kind, value, slope, place, count):
        """Copy `count` numbers that f returned to `place`; the LLVM value is a status."""
        length, element = _elements(context, builder, kind, value)
        fits = builder.icmp_signed("==", length, count)
        with builder.if_then(fits):
            if isinstance(kind, types.Array | types.List):
                with cgutils.for_range(builder, length) as loop:
                    number = context.cast(builder, element(loop.index), kind.dtype, slope.dtype)
                    builder.store(number, builder.gep(place, [loop.index]))
            else:
                for i, member in enumerate(_members(kind)):
                    number = context.cast(builder, element(i), member, slope.dtype)
                    builder.store(number, builder.gep(place, [ir.IntType(64)(i)]))
        return builder.select(fits, _status(0), _status(WRONG_LENGTH))

    def _copy_rows(context, builder, kind, value, slope, place, count):
        """Copy `count` rows of as many numbers each, as `_copy` does."""
        status = cgutils.alloca_once_value(builder, _status(0))
        length, row = _elements(context, builder, kind, value)

        def copy(i, kind):
            at = builder.gep(place, [builder.mul(i, count)])
            code = _copy(context, builder, kind, row(i), slope, at, count)
            with builder.if_then(builder.icmp_signed("!=", code, _status(0))):
                builder.store(code, status)

        fits = builder.icmp_signed("==", length, count)
        with builder.if_else(fits) as (rows, otherwise):
            with rows:
                if isinstance(kind, types.BaseTuple):
                    for i, member in enumerate(kind.types):
                        copy(ir.IntType(64)(i), member)
                else:
                    with cgutils.for_range(builder, length) as loop:
                        copy(loop.index, _row_kind(kind))
            with otherwise:
                builder.store(_status(WRONG_LENGTH), status)
        return builder.load(status)

    def _row_kind(kind):
        return types.Array(kind.dtype, 1, "A") if isinstance(kind, types.Array) else kind.dtype

    def _elements(context, builder, kind, value):
        """How many numbers `value` holds, and i -> the LLVM value of number i."""
        if isinstance(kind, types.Array):
            array = context.make_array(kind)(context, builder, value)
            length, *more = cgutils.unpack_tuple(builder, array.shape)
            stride, *strides = cgutils.unpack_tuple(builder, array.strides)

            def element(i):
                pointer = cgutils.pointer_add(builder, array.data, builder.mul(i, stride))
                pointer = builder.bitcast(pointer, array.data.type)
                if more:
                    return array_value(context, builder, _row_kind(kind), pointer, more, strides)
                return context.unpack_value(builder, kind.dtype, pointer)

            return length, element
        if isinstance(kind, types.List):
            listed = numba.cpython.listobj.ListInstance(context, builder, kind, value)
            return listed.size, listed.getitem
        members = _members(kind)
        count = ir.IntType(64)(len(members))
        if isinstance(kind, types.BaseTuple):
            return count, lambda i: builder.extract_value(value, getattr(i, "constant", i))
        return count, lambda i: value
