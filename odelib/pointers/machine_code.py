"""C functions made by numba and kept on disk as machine code.

Numba keeps no function on disk that closes over another compiled one, and to load what it keeps it
sets up all of its typing first: half a second in a fresh process. Here LLVM loads the machine code
itself, in milliseconds, for odelib's kernels and for the functions of the user alike.

A file is found by a hash of all that the code depends on (`identity`, `machine`), is written whole
or not at all, and carries a hash of its content: one that is stale or damaged is not found.
"""

import contextlib
import functools
import hashlib
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

from odelib.pointers.compiling import compile_c
from odelib.pointers.identity import PACKAGE
from odelib.pointers.objects import undefined_symbols
from odelib.signals import none_lost

MOST_FILES = 2000  # in the folder; beyond that the oldest are deleted


# --- A C function, from the disk or compiled ------------------------------------------------------


class Loaded:
    """Machine code in memory, as long as this object lives."""

    parallel = False  # such code is never kept: it has addresses of this process

    def __init__(self, symbol, code):
        _start_llvm()
        machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.address = self._engine.get_function_address(symbol)


@none_lost()  # an error of numba or of the disk is one thing, a time limit another
def c_function(signature, function, kinds, arguments, result, known_as, otherwise=None):
    """A numba function of these `kinds` of arguments as a C function of this signature.

    `arguments(context, builder, *c_arguments)` gives the LLVM values to call it with, and
    `result(context, builder, kind, value, *c_arguments)` what the C function returns; 1 if it
    raised. It is loaded from the disk if `known_as`, where not None, was kept there. Where numba
    cannot compile the function, `otherwise` is compiled in its place.
    """
    if known_as is None:
        return compile_c(signature, function, kinds, arguments, result, otherwise)
    name = hashlib.sha256(f"{machine()} {signature} {kinds} {known_as}".encode()).hexdigest()[:40]
    with _lock:
        if name not in _in_use:
            found = _read(name)
            if found is None:
                found = compile_c(signature, function, kinds, arguments, result, otherwise)
                _write(name, found)
            _in_use[name] = found
        return _in_use[name]


_in_use, _lock = {}, threading.RLock()  # what is in use is kept: its address may be anywhere


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
    if re.search(r"inttoptr \(i64 \d", text) or re.search(r"^ .*@_ZN08NumbaEnv", text, re.M):
        return
    code = library._get_compiled_object()
    try:
        facts = {"symbol": compiled.symbol, "needs": undefined_symbols(code)}
    except ValueError:  # a format that is not known here
        return
    if not _can_link(facts["needs"]):
        return
    content = json.dumps(facts).encode() + b"\n" + code
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
