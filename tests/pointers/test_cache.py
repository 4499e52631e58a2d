"""Kept machine code: whatever happens to its folder, answers are right and nothing is raised."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import pytest

import compilations
import odelib
from compilations import PACKAGE, said
from conftest import LONG
from odelib.pointers import machine_code

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="speaks of compiled code: NUMBA_DISABLE_JIT=1"
)

# Prints what had to be compiled and the end, to the last bit.
SCRIPT = """
import os, signal
if "killed while it writes" in sys.argv:
    machine_code.os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)

method, rate = sys.argv[1], float(sys.argv[2])
f = odelib.rhs(lambda t, y: (-rate * y[0],))
sol = odelib.solve_ivp(f, (0, 1), [1.0], method, step=0.125)
print("".join(sorted(kinds)) or "-", sol.y[0, -1].hex())
"""
RUNS = [("RK4", "2.0"), ("RK45", "2.0"), ("Euler", "3.0")]
SMALL = 9000  # bytes: all but the loop over steps, which takes seconds to compile


# Root may write anywhere, unless it gives up that power.
POWERLESS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def start(*arguments, **options):
    return compilations.start(SCRIPT, *arguments, **options)


def run(*arguments, **options):
    return said(start(*arguments, **options))


def expected(method, rate):
    """The end that an independent loop finds, as SCRIPT prints it."""
    tab, y, h = odelib.METHODS[method], 1.0, 0.125
    for _ in range(8):
        K = []
        for i in range(len(tab.b)):
            K.append(-float(rate) * (y + h * sum(tab.A[i, j] * K[j] for j in range(i))))
        y = y + h * sum(b * k for b, k in zip(tab.b, K, strict=True))
    return y


def is_right(end, arguments):
    return abs(float.fromhex(end) - expected(*arguments)) < 1e-15


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A folder that holds all that the three RUNS need; not to be changed."""
    cache = tmp_path_factory.mktemp("cache")
    ends = [run(*arguments, cache=cache)[0][1] for arguments in RUNS]
    return cache / "odelib", ends


@pytest.fixture
def without_small_files(warm, tmp_path):
    """A cache that holds only the loop over steps."""
    folder = tmp_path / "odelib"
    folder.mkdir()
    for path in warm[0].iterdir():
        if path.stat().st_size > SMALL:
            shutil.copy(path, folder)
    assert len(list(folder.iterdir())) == 1
    return tmp_path


@pytest.mark.slow
def test_each_method_has_code_of_its_own_and_the_right_end(warm):
    for arguments, end in zip(RUNS, warm[1], strict=True):
        assert is_right(end, arguments)
    files = list(warm[0].iterdir())
    assert len(files) == 1 + 3 + 2  # the loop, the steps, the two functions
    assert sys.platform == "win32" or all(path.stat().st_mode & 0o044 == 0o044 for path in files)


@pytest.mark.slow
def test_processes_that_start_at_once_on_an_empty_folder_disturb_nobody(warm, without_small_files):
    cache = without_small_files
    together = [start(*arguments, cache=cache) for arguments in [*RUNS, RUNS[0]]]
    for (_, end), err in map(said, together):
        assert end in warm[1]
        assert err == ""
    assert {path.name for path in warm[0].iterdir()} == {
        path.name for path in (cache / "odelib").iterdir()
    }
    assert run(*RUNS[0], cache=cache) == (("-", warm[1][0]), "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_process_that_is_killed_leaves_nothing_that_harms(warm, without_small_files):
    cache = without_small_files
    process = start(*RUNS[0], "killed while it writes", cache=cache)
    process.communicate(timeout=LONG)
    assert process.returncode == -signal.SIGKILL
    assert len(list((cache / "odelib").iterdir())) == 2  # its draft stays, under another name
    process = start(*RUNS[1], cache=cache)
    while len(list((cache / "odelib").iterdir())) < 3 and process.poll() is None:
        time.sleep(0.001)  # until it begins to write
    process.kill()
    process.communicate(timeout=LONG)
    for arguments, end in zip(RUNS[:2], warm[1][:2], strict=True):
        (_, found), err = run(*arguments, cache=cache)
        assert (found, err) == (end, "")
    assert run(*RUNS[0], cache=cache) == (("-", warm[1][0]), "")


def test_a_file_with_any_byte_changed_is_not_read(warm, tmp_path, monkeypatch):
    """A name changed in the head is as dangerous as an instruction changed in the code."""
    monkeypatch.setattr(machine_code, "_folders", lambda: (tmp_path,))
    path = min(warm[0].iterdir(), key=lambda path: path.stat().st_size)
    whole = path.read_bytes()
    (tmp_path / path.name).write_bytes(whole)
    assert machine_code._read(path.name).address
    head = whole.index(b"ELF") if b"ELF" in whole else 1000
    places = [*range(head + 20), *np.linspace(head + 20, len(whole) - 1, 200).astype(int)]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1
        (tmp_path / path.name).write_bytes(changed)
        assert machine_code._read(path.name) is None, place
    for length in range(0, len(whole), 101):
        (tmp_path / path.name).write_bytes(whole[:length])
        assert machine_code._read(path.name) is None, length


ANOTHER = {
    "numba": (numba, "__version__", "0.0"),
    "numpy": (np, "__version__", "0.0"),
    "python": (machine_code.platform, "python_version", lambda: "3.0"),
    "processor": (machine_code.llvm, "get_host_cpu_name", lambda: "abacus"),
    "features": (
        machine_code.llvm,
        "get_host_cpu_features",
        lambda: SimpleNamespace(flatten=lambda: "+beads"),
    ),
    "the asked processor": (numba.config, "CPU_NAME", "generic"),
    "the asked features": (numba.config, "CPU_FEATURES", "-avx"),
    "optimisation": (numba.config, "OPT", "0"),
    "bounds checks": (numba.config, "BOUNDSCHECK", 1),
}


@pytest.mark.parametrize("what", ANOTHER)
def test_code_of_another_version_or_processor_is_not_asked_for(monkeypatch, what):
    """What is kept is found by its name alone, a hash of these among others."""
    asked = []
    monkeypatch.setattr(machine_code, "_read", lambda name: asked.append(name) or "code")
    monkeypatch.setattr(machine_code, "machine", machine_code.machine.__wrapped__)  # no memory

    def ask():
        monkeypatch.setattr(machine_code, "_in_use", {})
        machine_code.c_function("signature", None, (), None, None, "known")

    ask()
    ask()
    monkeypatch.setattr(*ANOTHER[what])
    ask()
    first, second, other = asked
    assert first == second != other


def can_write(path):
    """Whether even a powerless root may write here."""
    code = f"open({str(path)!r}, 'w')"
    return not subprocess.run(
        [*POWERLESS, sys.executable, "-c", code], capture_output=True, check=False
    ).returncode


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="speaks of permissions")
def test_a_read_only_installation_serves_other_users(warm):
    folder = Path(tempfile.mkdtemp(prefix="odelib-read-only-"))
    try:
        shutil.copytree(PACKAGE, folder / "odelib", ignore=shutil.ignore_patterns("__pycache__"))
        kept = folder / "odelib" / "__pycache__" / "machine_code"
        shutil.copytree(warm[0], kept)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else path.stat().st_mode & 0o444)
        options = dict(source=folder, HOME="/nonexistent", XDG_CACHE_HOME="/dev/null/cache")
        if os.geteuid() == 0:
            options["prefix"] = POWERLESS
            if not shutil.which("setpriv") or can_write(kept / "try"):
                pytest.skip("ROOT WITHOUT setpriv: nothing is read-only to it")
        assert run(*RUNS[0], **options) == (("-", warm[1][0]), "")
        (kinds, end), err = run("RK4", "5.0", **options)  # a new function, which cannot be kept
        assert kinds == "f"
        assert is_right(end, ("RK4", "5.0"))
        assert err.count("found no folder to keep") == 1
        assert "Traceback" not in err
        assert len(list(kept.iterdir())) == len(list(warm[0].iterdir()))
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(folder)
