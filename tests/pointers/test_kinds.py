"""Whatever kind of function f calls, two processes get the same numbers, kept code or not."""

import os
import subprocess
import sys

import numba
import pytest

from conftest import ROOT
from kinds import KINDS, SURFACES

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="speaks of compiled code: NUMBA_DISABLE_JIT=1"
)
PROGRAM = ROOT / "tests" / "kinds.py"


def used(cache, surfaces, *kinds, seed):
    """{(kind, surface): (functions compiled, numbers)} as a fresh process finds them."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT), NUMBA_CACHE_DIR=str(cache))
    run = subprocess.run(
        [sys.executable, "-W", "ignore", PROGRAM, ",".join(surfaces), *kinds],
        env=environment | {"PYTHONHASHSEED": seed},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, f"{run.returncode}: …{run.stdout[-300:]}{run.stderr[-2000:]}"
    lines = [line.split() for line in run.stdout.splitlines()]
    return {(kind, surface): (int(count), rest) for kind, surface, count, *rest in lines}


def twice(cache, surfaces, *kinds):
    first, second = (used(cache, surfaces, *kinds, seed=seed) for seed in ("1", "2"))
    assert {key: numbers for key, (_, numbers) in first.items()} == {
        key: numbers for key, (_, numbers) in second.items()
    }
    assert len(first) == len(kinds or KINDS) * len(surfaces)
    return first, second


@pytest.mark.parametrize(
    "surfaces", [["solve", "event"], pytest.param(SURFACES, marks=pytest.mark.slow)]
)
def test_a_function_that_calls_itself_runs_and_is_kept(tmp_path, surfaces):
    first, second = twice(tmp_path, surfaces, "recursion", "mutual_recursion")
    for kind, surface in first:  # two of the surfaces share their code with "solve"
        assert first[kind, surface][0] or surface in ("ensemble", "njit_solver")
    for (kind, surface), (count, _) in second.items():
        assert count == 0, f"{kind} in {surface} was compiled again"


@pytest.mark.slow
def test_each_kind_gives_the_numbers_of_numba_in_two_processes(tmp_path):
    _, second = twice(tmp_path, ["solve"])
    kept = {kind for (kind, _), (count, _) in second.items() if count == 0}
    assert {"recursion_of_three", "strings", "typed_dict", "generator", "fastmath"} <= kept
    assert kept.isdisjoint({"c_function_of_ctypes", "parallel", "object_mode"})


@pytest.mark.slow
@pytest.mark.parametrize("surface", [name for name in SURFACES if name != "solve"])
def test_each_kind_runs_on_each_surface(tmp_path, surface):
    twice(tmp_path, [surface])
