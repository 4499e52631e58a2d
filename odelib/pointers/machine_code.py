"""C functions made by numba and kept on disk as machine code.

Numba keeps no function on disk that closes over another compiled one, and to load what it keeps it
sets up all of its typing first: half a second in a fresh process. Here LLVM loads the machine code
itself, in milliseconds, for odelib's kernels and for the functions of the user alike.

A file is found by a hash of all that the code depends on (`identity`, `machine`), is written whole
or not at all, and carries a hash of its content: one that is stale or damaged is not found.
"""

import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import json
import os
import pathlib
import platform
import re
import tempfile
import threading
import warnings

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir

from odelib.pointers.calls import (
    DISABLED,
    KERNEL,
    STEP,
    c_signature,
    kind_of,
    pack,
    unpack,
)
from odelib.pointers.identity import PACKAGE, own_identity

MOST_FILES = 2000  # in the folder; beyond that the oldest are deleted
# A kernel owns no memory, so there are no references to count: counting them took two fifths of the
# time of a small system's step.
OPTIONS = {"error_model": "numpy", "_nrt": False}


# --- What odelib compiles -------------------------------------------------------------------------


def step_pointer(step):
    """Compile one step of a method (see STEP); keep the result, use its `.address`."""
    if DISABLED:
        return _Interpreted(STEP, step)
    compiled = inlined(step)
    return c_function(
        STEP, compiled, STEP.args, _as_given, _integer(STEP.return_type), own_identity(step)
    )


def kernel(function):
    """Compile a loop over steps at its first call; it runs without the GIL."""
    return function if DISABLED else Kernel(function)


def inlined(function):
    """Compile a part of a kernel, of which it becomes a part."""
    return numba.njit(**OPTIONS)(function)


class Kernel:
    """A compiled function of numbers and contiguous arrays that returns an integer.

    It is called with the same kinds of arguments every time.
    """

    def __init__(self, function):
        self.function, self.call, self.compiled = function, None, None
        functools.update_wrapper(self, function)

    def __call__(self, *args):
        if self.call is None:
            with _lock:
                self._compile(tuple(map(kind_of, args)))
        words = np.array(pack(args), dtype=np.int64)
        return self.call(words.__array_interface__["data"][0])

    def _compile(self, kinds):
        def arguments(context, builder, words):
            return unpack(context, builder, words, kinds)

        self.compiled = c_function(
            KERNEL, inlined(self.function), kinds, arguments, _integer(KERNEL.return_type),
            own_identity(self.function),
        )  # fmt: skip
        self.call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self.compiled.address)


def _as_given(context, builder, *values):
    return values


def _integer(c_type):
    def result(context, builder, kind, value, *values):
        return context.cast(builder, value, kind, c_type)

    return result


class _Interpreted:
    """The twin of a compiled C function: a Python function behind a C pointer."""

    def __init__(self, signature, function):
        self._callback = c_signature(signature)(function)  # kept alive with this object
        self.address = ctypes.cast(self._callback, ctypes.c_void_p).value


# --- A C function, from the disk or compiled ------------------------------------------------------


class Loaded:
    """Machine code in memory, as long as this object lives."""

    def __init__(self, symbol, code):
        _start_llvm()
        machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.address = self._engine.get_function_address(symbol)


def c_function(signature, function, kinds, arguments, result, known_as):
    """A numba function of these `kinds` of arguments as a C function of this signature.

    `arguments(context, builder, *c_arguments)` gives the LLVM values to call it with, and
    `result(context, builder, kind, value, *c_arguments)` what the C function returns; 1 if it
    raised. It is loaded from the disk if `known_as`, where not None, was kept there.
    """

    def compile_it():
        _load_array_functions()
        with numba.core.compiler_lock.global_compiler_lock:
            return _compile(signature, function, kinds, arguments, result)

    if known_as is None:
        return compile_it()
    name = hashlib.sha256(f"{machine()} {signature} {kinds} {known_as}".encode()).hexdigest()[:40]
    with _lock:
        if name not in _in_use:
            found = _read(name)
            if found is None:
                found = compile_it()
                _write(name, found)
            _in_use[name] = found
        return _in_use[name]


_in_use, _lock = {}, threading.RLock()  # what is in use is kept: its address may be anywhere


class Compiled:
    """Machine code that numba has made, as long as this object lives."""

    def __init__(self, library, symbol):
        self.library, self.symbol = library, symbol
        self.address = library.get_pointer_to_function(symbol)


class _Plain(numba.core.dispatcher._FunctionCompiler):
    """Numba's compiler without the wrappers for calls from Python and C.

    Where the buffers that it is given lie apart, vector code needs no check of that.
    """

    apart = False

    def _customize_flags(self, flags):
        flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        flags.noalias = self.apart
        return flags


def _compile(signature, function, kinds, arguments, result):
    description = function.targetdescr
    context = description.target_context.subtarget(enable_nrt=True)
    compiler = _Plain(
        function.py_func, description, function.targetoptions, function.locals,
        function._compiler.pipeline_class,
    )  # fmt: skip
    compiler.apart = function.targetoptions.get("_nrt") is False
    inner = compiler.compile(kinds, None)

    library = context.codegen().create_library("odelib")
    symbol = f"odelib.{inner.fndesc.llvm_func_name}"
    module = library.create_ir_module(symbol)
    c_type = ir.FunctionType(*_llvm_types(context, signature))
    c_function = ir.Function(module, c_type, symbol)
    builder = ir.IRBuilder(c_function.append_basic_block())
    callee = context.declare_function(module, inner.fndesc)
    status, value = context.call_conv.call_function(
        builder, callee, inner.signature.return_type, kinds,
        arguments(context, builder, *c_function.args), attrs=("alwaysinline",),
    )  # fmt: skip
    with builder.if_then(status.is_error, likely=False):
        builder.ret(ir.Constant(c_type.return_type, 1))
    kind = inner.signature.return_type
    builder.ret(result(context, builder, kind, value, *c_function.args))
    library.add_ir_module(module)
    library.add_linking_library(inner.library)
    library.add_linking_library(numba.core.runtime.rtsys.library)
    library.enable_object_caching()
    library.finalize()
    return Compiled(library, symbol)


def _llvm_types(context, signature):
    value_types = [context.get_value_type(kind) for kind in signature.args]
    return context.get_value_type(signature.return_type), value_types


@functools.cache
def _load_array_functions():
    """Load numba's functions of arrays without scipy.linalg, which takes as long as all the rest.

    They import it only to learn whether it is there, and again where it is needed.
    """
    from numba.np import linalg

    look = linalg.ensure_blas
    if importlib.util.find_spec("scipy"):
        linalg.ensure_blas = lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look


@functools.cache
def machine():
    """What machine code depends on beside its source: versions, the processor, numba's settings."""
    config = numba.config
    settings = [
        getattr(config, name, None)
        for name in ("OPT", "BOUNDSCHECK", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX",
                     "CPU_NAME", "CPU_FEATURES", "DEBUGINFO_DEFAULT", "DISABLE_INTEL_SVML")
    ]  # fmt: skip
    versions = [numba.__version__, np.__version__, platform.python_version(), platform.machine()]
    processor = [llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    return json.dumps([*versions, *processor, *map(str, settings)])


def _read(name):
    """The function kept under this name; None if there is none that is whole and can be loaded."""
    for folder in _folders():
        with contextlib.suppress(OSError, ValueError, KeyError):
            seal, content = (folder / name).read_bytes().split(b"\n", 1)
            if seal != _seal(content):
                continue
            head, code = content.split(b"\n", 1)
            facts = json.loads(head)
            if _can_link(facts["needs"]):
                return Loaded(facts["symbol"], code)
    return None


def _can_link(symbols):
    """Whether all these functions are there; LLVM ends the process for one that is not."""
    if os.name == "nt" or not all(map(llvm.address_of_symbol, symbols)):
        _start_runtime()
    return all(map(llvm.address_of_symbol, symbols))


def _write(name, compiled):
    """Keep what was compiled, where the first folder that can be written is."""
    library = compiled.library
    if library.has_dynamic_globals:  # the address of something in this process
        return
    module = library._final_module
    text = str(module)
    if re.search(r"inttoptr \(i64 \d", text) or re.search(r"load .*@_ZN08NumbaEnv", text):
        return
    needs = [f.name for f in module.functions if f.is_declaration and f.name[:5] != "llvm."]
    facts = {"symbol": compiled.symbol, "needs": needs}
    content = json.dumps(facts).encode() + b"\n" + library._get_compiled_object()
    for folder in _folders():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            _make_room(folder)
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as draft:
                draft.write(_seal(content) + b"\n" + content)
            os.chmod(draft.name, 0o644)  # an installation may serve other users too
            os.replace(draft.name, folder / name)  # whole or not at all
            return
    _warn_uncached()


def _seal(content):
    """What a file starts with: nothing of it is believed if a byte has changed."""
    return hashlib.sha256(content).hexdigest().encode()


def _make_room(folder):
    files = list(folder.iterdir())
    if len(files) > MOST_FILES:
        for path in sorted(files, key=lambda path: path.stat().st_mtime)[: MOST_FILES // 2]:
            path.unlink(missing_ok=True)


@functools.cache
def _folders():
    """Where machine code is looked for and kept: the first that can be written."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return (pathlib.Path(chosen) / "odelib",)
    from numba.misc.appdirs import user_cache_dir

    return (PACKAGE / "__pycache__" / "machine_code", pathlib.Path(user_cache_dir("odelib")))


@functools.cache  # once per process
def _warn_uncached():
    warnings.warn(
        "odelib found no folder to keep its compiled code in, so every process compiles it anew; "
        "set NUMBA_CACHE_DIR to a writable folder",
        RuntimeWarning,
        stacklevel=2,
    )


@functools.cache
def _start_llvm():
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@functools.cache
def _start_runtime():
    """Give LLVM the addresses of numba's own C functions."""
    from numba.core.registry import cpu_target
    from numba.core.runtime import rtsys

    rtsys.initialize(cpu_target.target_context)
