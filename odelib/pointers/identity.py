"""What compiled code depends on, as text: the key under which it is kept on disk."""

import builtins
import dis
import functools
import hashlib
import pathlib
import types

import numpy as np

from odelib.pointers.calls import is_compiled

PACKAGE = pathlib.Path(__file__).parents[1]
OWN = (
    "pointers",
    "methods",
    "solving",
    "optimizers",
    "training",
)  # rooms of odelib's kernels, steps
_LIBRARIES = {"numpy", "math", "cmath", "builtins", "numba"}  # whose content their version fixes


@functools.cache
def source_stamp(*rooms):
    """Hash of the sources in these rooms; those of `OWN` for odelib's own compiled code.

    A user's function depends on "pointers" alone, beside what `identity` says of it.
    """
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def own_identity(function):
    """Text for a function of the package; it closes over numbers, arrays, compiled functions."""
    code = _described(function.__code__, ())
    return f"{source_stamp(*OWN)} {code} {_described_own(function)}"


def _described_own(value):
    """Text of a function of the package, whose source is in the stamp, or of another value."""
    function = getattr(value, "py_func", value)
    if not isinstance(function, types.FunctionType):
        return _described(value, ())
    closure = [_described_own(cell.cell_contents) for cell in function.__closure__ or ()]
    return f"{function.__module__}.{function.__qualname__} {closure}"


class _Unknown(Exception):
    """The function depends on something whose value cannot be told from that in another process."""


def identity(function):
    """Text that two numba functions share only if they compile to the same code; None: unknown."""
    try:
        return _described(function, ())
    except _Unknown:
        return None


def _described(value, within):
    """Text of a value that a function uses: numbers, arrays, modules, other functions."""
    describe = functools.partial(_described, within=within)
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", "")
        return f"{type(value).__qualname__} {fields} ({', '.join(map(describe, value))})"
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc":
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"{value.dtype.str} {np.shape(value)} {content}"
    if isinstance(value, types.CodeType):
        return _described_code(value, describe)
    if is_compiled(value):
        return _described_function(value, within)
    if isinstance(value, types.ModuleType):
        home, name = value.__name__, ""
    else:
        home, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if isinstance(value, np.ufunc):
            home, name = "numpy", value.__name__
    if home and name is not None and home.split(".")[0] in _LIBRARIES:
        return f"{home}:{name}"
    raise _Unknown


def _described_code(code, describe):
    signature = (code.co_argcount, code.co_flags, code.co_varnames, code.co_freevars)
    parts = [code.co_code.hex(), code.co_exceptiontable.hex(), str(signature), str(code.co_names)]
    return " ".join([*parts, *map(describe, code.co_consts)])


def _described_function(dispatcher, within):
    """Its code, its options, and the values of all names that it uses from outside."""
    function = dispatcher.py_func
    if function in within:  # recursion
        return f"itself {within.index(function)}"
    within = (*within, function)
    options = dispatcher.targetoptions
    if options.get("parallel") or options.get("debug"):
        raise _Unknown
    parts = [str(sorted((name, str(value)) for name, value in options.items()))]
    parts.append(_described(function.__code__, within))
    parts.append(_described(function.__defaults__, within))
    return " ".join(parts + [_described(value, within) for value in _values_used(function)])


def functions_used(function, found=()):
    """The numba functions that a numba function can reach, itself included, as a tuple."""
    if is_compiled(function) and function not in found:
        found = (*found, function)
        for value in _values_used(function.py_func):
            for member in value if isinstance(value, tuple) else (value,):
                found = functions_used(member, found)
    return found


def _values_used(function):
    """What the names mean that a Python function uses from outside."""
    values = [cell.cell_contents for cell in function.__closure__ or ()]
    names = sorted(_global_names(function.__code__))
    return values + [
        function.__globals__.get(name, getattr(builtins, name, None)) for name in names
    ]


def _global_names(code):
    """Names that the code, and the code within it, looks up outside itself."""
    names = {i.argval for i in dis.get_instructions(code) if i.opname.endswith(("GLOBAL", "_NAME"))}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return names
