"""The C ABI: code is compiled once per machine, and what is kept is never stale or required."""

import os
import shutil
import subprocess
import sys

import numba
import numpy as np
import pytest

from compilations import PACKAGE, said, start
from conftest import LONG
from odelib.pointers import machine_code
from odelib.pointers.identity import OWN, identity, source_stamp

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="speaks of compiled code: NUMBA_DISABLE_JIT=1"
)

# Solves with the right-hand side named on the command line; prints what was compiled and the ends.
SCRIPT = """
def writes(t, y):
    y[0] = -y[0]
    return y

RIGHT_HAND_SIDES = {
    "writes": writes,
    "decay": lambda t, y: (-y[0],),
    "pair": lambda t, y: [y[1], -y[0]],
    "stiff": lambda t, y, k: -k * y,
}
name, n, args = sys.argv[1], int(sys.argv[2]), tuple(map(float, sys.argv[3:]))
f = odelib.rhs(RIGHT_HAND_SIDES[name])
sol = odelib.solve_ivp(f, (0, 1), [1.0] * n, args=args)
fixed = odelib.solve_ivp(f, (0, 1), [1.0] * n, "RK4", step=0.1, args=args)
assert sol.compiled and sol.success and fixed.success
print("".join(kinds) or "-", sol.y[0, -1], fixed.y[0, -1])
"""


def run(*arguments, **options):
    """Run SCRIPT in a fresh process; returns (what was compiled, ends), and what it warned of."""
    (kinds, *ends), warned = said(start(SCRIPT, *arguments, **options))
    return kinds, [float(end) for end in ends], warned


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A cache that one process has filled, and what that process said; not to be changed."""
    cache = tmp_path_factory.mktemp("cache")
    return cache, run("decay", "1", cache=cache)


@compiled_only
def test_a_second_process_compiles_only_a_right_hand_side_that_is_new(warm, tmp_path):
    shutil.copytree(warm[0], tmp_path / "cache")
    cache = tmp_path / "cache"
    first = warm[1]
    assert sorted(first[0]) == ["f", "k", "k", "k"]  # the loop, two steps
    assert run("pair", "2", cache=cache)[0] == "f"
    assert run("stiff", "3", "2.0", cache=cache)[0] == "f"
    assert run("writes", "1", cache=cache)[0] == "f"
    for name in ("decay", "writes"):
        again = run(name, "1", cache=cache)
        assert again[0] == "-"
        assert again[1] == first[1]  # to the last bit
    assert run("stiff", "2", "5.0", cache=cache)[0] == "-"  # other numbers, another dimension


@compiled_only
def test_the_cache_misses_what_an_edit_of_the_package_concerns(warm, tmp_path):
    copy, cache = tmp_path / "copy", tmp_path / "cache"
    shutil.copytree(warm[0], cache)
    shutil.copytree(PACKAGE, copy / "odelib", ignore=shutil.ignore_patterns("__pycache__"))
    assert run("decay", "1", source=copy, cache=cache)[0] == "-"  # the same sources elsewhere
    for edited, compiled in {
        "plotting.py": "-",
        "models/linear.py": "-",
        "methods/tableaus.py": "kkk",  # not the file that defines the kernels, but they may use it
        "pointers/calls.py": "fkkk",
    }.items():
        source = copy / "odelib" / edited
        text = source.read_text(encoding="utf-8")
        source.write_text(text + "\n# edited\n", encoding="utf-8")
        found = run("decay", "1", source=copy, cache=cache)[0]
        assert "".join(sorted(found)) == compiled, edited
        source.write_text(text, encoding="utf-8")
    assert run("decay", "1", source=copy, cache=cache)[0] == "-"


@compiled_only
def test_damaged_files_are_replaced(warm, tmp_path):
    shutil.copytree(warm[0] / "odelib", tmp_path / "odelib")
    for path in (tmp_path / "odelib").iterdir():
        if path.stat().st_size < 9000:  # all but the loops, which take long to compile
            path.write_bytes(path.read_bytes()[:1000])
    mended = run("decay", "1", cache=tmp_path)
    assert 2 <= len(mended[0]) <= 4
    assert mended[1:] == (warm[1][1], "")
    assert run("decay", "1", cache=tmp_path)[0] == "-"


@compiled_only
def test_where_nothing_can_be_kept_it_works_with_one_warning(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    kinds, ends, warned = run("decay", "1", cache=tmp_path / "file")
    assert len(kinds) == 4
    assert abs(ends[0] - 0.36787944) < 1e-3
    assert warned.count("found no folder to keep") == 1


@compiled_only
def test_the_folder_of_kept_code_does_not_grow_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_code, "MOST_FILES", 10)
    for i in range(11):
        (tmp_path / f"{i:02}").write_text("")
        os.utime(tmp_path / f"{i:02}", (i, i))
    machine_code._make_room(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{i:02}" for i in range(5, 11)]


@compiled_only
def test_a_function_that_cannot_be_linked_is_not_loaded():
    assert machine_code._can_link(["sqrt", "NRT_Free"])
    assert not machine_code._can_link(["sqrt", "no_such_function"])


# --- Which functions are the same -----------------------------------------------------------------

FACTOR, TABLE = 2.0, np.arange(3.0)


def scaled(factor):
    return numba.njit(lambda t, y: (factor * y[0],))


def global_factor(t, y):
    return (FACTOR * y[0] + TABLE[0],)


def calls(inner):
    return numba.njit(lambda t, y: (inner(t, y)[0],))


@numba.njit
def recursive(k):
    return k * recursive(k - 1) if k else 1


@compiled_only
def test_functions_are_the_same_if_their_code_and_what_it_uses_are():
    assert identity(scaled(1.0)) == identity(scaled(1.0)) is not None
    assert identity(calls(scaled(1.0))) == identity(calls(scaled(1.0))) is not None
    assert identity(recursive) is not None


@compiled_only
def test_functions_differ_with_closure_callee_options_code_and_type():
    same = scaled(1.0)
    others = [
        scaled(1.5),
        scaled(1),  # an integer
        numba.njit(lambda t, y: (1.0 * y[0],)),
        numba.njit(same.py_func, boundscheck=True),
        numba.njit(same.py_func, fastmath=True),
        calls(scaled(1.0)),
        calls(scaled(1.5)),
    ]
    assert len({identity(f) for f in [same, *others]}) == len(others) + 1
    assert None not in map(identity, others)


@compiled_only
def test_functions_differ_with_the_globals_they_name(monkeypatch):
    def of_now():
        return identity(numba.njit(global_factor))

    first = of_now()
    monkeypatch.setitem(global_factor.__globals__, "FACTOR", 3.0)
    second = of_now()
    monkeypatch.setitem(global_factor.__globals__, "TABLE", np.array([0.0, 1.0, 2.5]))
    assert len({first, second, of_now()}) == 3


@compiled_only
def test_what_cannot_be_told_from_another_process_is_not_kept():
    mutable, this_module = {"a": 1}, sys.modules[__name__]
    assert identity(numba.njit(lambda t, y: (mutable["a"],))) is None
    assert identity(numba.njit(lambda t, y: (this_module.FACTOR,))) is None
    assert identity(numba.njit(lambda t, y: (y[0],), parallel=True)) is None


# --- Nothing is compiled before it is needed ------------------------------------------------------


@compiled_only
def test_import_compiles_nothing():
    code = (
        "import numba.core.event as event\n"
        "with event.install_recorder('numba:compile') as recorder:\n"
        "    import odelib\n"
        "print(len(recorder.buffer))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LONG
    )
    assert done.stdout.strip() == "0"


@compiled_only
def test_a_solve_does_not_import_scipys_linear_algebra():
    code = (
        "import sys, odelib\n"
        "odelib.solve_ivp(odelib.rhs(lambda t, y: (-y[0],)), (0, 1), [1.0])\n"
        "print(*[name for name in sys.modules if name.startswith('scipy.linalg')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LONG
    )
    assert done.stdout.strip() == ""


def test_the_stamp_is_the_same_in_every_process():
    code = "from odelib.pointers.identity import OWN, source_stamp; print(source_stamp(*OWN))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LONG
    )
    assert done.stdout.strip() == source_stamp(*OWN)
