"""Programs that count what odelib compiles, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import odelib
from conftest import LONG

PACKAGE = Path(odelib.__file__).parent

# How such a program begins: `kinds` gets a letter for each function compiled, k: one of odelib's
# kernels or steps, f: the user's.
COUNTING = """
import sys
import odelib
from odelib.pointers import machine_code

compile_c, kinds = machine_code.compile_c, []
def counted(signature, function, *rest):
    kinds.append("k" if function.py_func.__module__.startswith("odelib") else "f")
    return compile_c(signature, function, *rest)
machine_code.compile_c = counted
"""


def start(program, *arguments, cache=None, source=PACKAGE.parent, prefix=(), **environment):
    """The program, started with this folder as its cache and the package in `source`."""
    environment = {**os.environ, "PYTHONPATH": str(source), **environment}
    environment.pop("NUMBA_CACHE_DIR", None)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    return subprocess.Popen(
        [*prefix, sys.executable, "-B", "-c", COUNTING + program, *arguments],
        env=environment,
        cwd="/" if os.name == "posix" else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process):
    """(the words that it printed, what it wrote to stderr); it must end well."""
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0, err
    return tuple(out.split()), err
