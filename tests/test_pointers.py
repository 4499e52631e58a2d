"""The C ABI: kernels are compiled once per machine, and the cache is never stale or required."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import odelib
from odelib import pointers

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="speaks of compiled code: NUMBA_DISABLE_JIT=1"
)

# Solves with the right-hand side and method named on the command line; prints how many times
# the cache of the kernels was hit and missed, and the end of the solution.
SCRIPT = """
import sys
import odelib
from odelib.kernels import explicit
from odelib.kernels.steps import step_of

RIGHT_HAND_SIDES = {
    "decay": lambda t, y: (-y[0],),
    "pair": lambda t, y: [y[1], -y[0]],
    "stiff": lambda t, y, k: -k * y,
}
name, n, args = sys.argv[1], int(sys.argv[2]), tuple(map(float, sys.argv[3:]))
f = odelib.rhs(RIGHT_HAND_SIDES[name])
sol = odelib.solve_ivp(f, (0, 1), [1.0] * n, args=args)
fixed = odelib.solve_ivp(f, (0, 1), [1.0] * n, "RK4", step=0.1, args=args)
assert sol.compiled and sol.success and fixed.success
kernels = [explicit.loop(), explicit.starter()]
steps = [step_of("RK45"), step_of("RK4")]
hits = sum(sum(kernel.stats.cache_hits.values()) for kernel in kernels)
misses = sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels)
hits += sum(step.cache_hits for step in steps)
print(hits, misses, sol.y[0, -1], fixed.y[0, -1])
"""


def run(*arguments, folder=None, **environment):
    """Run SCRIPT in a fresh process; returns (hits, misses, ends), and what it warned of."""
    source = {"PYTHONPATH": str(folder or Path(odelib.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, **source, **environment},
        cwd=source["PYTHONPATH"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    hits, misses, *ends = done.stdout.split()
    return int(hits), int(misses), [float(end) for end in ends], done.stderr


@compiled_only
def test_a_second_process_with_another_right_hand_side_compiles_no_kernel(tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    first = run("decay", "1", **cache)
    second = run("pair", "2", **cache)
    third = run("stiff", "3", "2.0", **cache)
    assert first[:2] == (0, 2)  # two kernels (steps do not count their misses)
    assert second[:2] == third[:2] == (4, 0)  # two kernels and two steps, all from the cache


@compiled_only
def test_an_edit_of_any_source_of_the_package_makes_the_cache_miss(tmp_path):
    copy, cache = tmp_path / "copy", {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    shutil.copytree(
        Path(odelib.__file__).parent, copy / "odelib", ignore=shutil.ignore_patterns("__pycache__")
    )
    assert run("decay", "1", folder=copy, **cache)[:2] == (0, 2)
    assert run("decay", "1", folder=copy, **cache)[:2] == (4, 0)
    source = copy / "odelib" / "pointers.py"  # not the file that defines the kernels
    text = source.read_text(encoding="utf-8")
    source.write_text(text + "\n# edited\n", encoding="utf-8")
    assert run("decay", "1", folder=copy, **cache)[:2] == (0, 2)
    source.write_text(text, encoding="utf-8")
    assert run("decay", "1", folder=copy, **cache)[:2] == (4, 0)


@compiled_only
def test_where_no_cache_can_be_written_it_works_uncached_with_one_warning():
    nowhere = {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator", "NUMBA_CACHE_DIR": ""}
    for _ in range(2):
        hits, _, ends, warned = run("decay", "1", **nowhere)
        assert hits == 0
        assert abs(ends[0] - 0.36787944) < 1e-3
        assert warned.count("found no folder to cache") == 1


@compiled_only
def test_import_compiles_nothing():
    code = (
        "import numba.core.event as event\n"
        "with event.install_recorder('numba:compile') as recorder:\n"
        "    import odelib\n"
        "print(len(recorder.buffer))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "0"


def test_the_stamp_is_the_same_in_every_process():
    code = "from odelib.pointers import source_stamp; print(source_stamp())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == pointers.source_stamp()
