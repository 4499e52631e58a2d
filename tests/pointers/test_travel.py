"""What `rhs` returns is the same function in another process."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys

import cloudpickle
import joblib
import numba
import numpy as np
import pytest

from conftest import ROOT
from odelib import rhs, solve_ivp
from odelib.fields.rhs import from_bytes, to_bytes

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="speaks of compiled code: NUMBA_DISABLE_JIT=1"
)


@rhs
def oscillator(t, y):
    return y[1], -2.0 * y[0]


@rhs(inplace=True)
def in_place(t, y, dy):
    dy[0], dy[1] = y[1], -2.0 * y[0]


@rhs
def crossing(t, y):
    return y[0]


crossing.terminal, crossing.direction = True, -1


def end(function, event):
    sol = solve_ivp(function, (0, 5), [1.0, 0.0], events=event)
    return float(sol.t[-1]), sol.status


def local_functions():
    """The same three, where no other process can import them."""
    functions = [rhs(f.py_func) for f in (oscillator, crossing)]
    functions[1].terminal, functions[1].direction = True, -1
    return [*functions, rhs(in_place.py_func, inplace=True)]


@compiled_only
def test_terminal_direction_and_inplace_reach_the_workers_of_joblib():
    f, event, fi = local_functions()
    for function in (f, fi):
        there = joblib.Parallel(2)(joblib.delayed(end)(function, event) for _ in range(2))
        assert there == [end(function, event)] * 2
        assert there[0][1] == 1  # ended by the event
        assert there[0][0] < 1.2


@compiled_only
@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_they_reach_a_spawned_process(dumps):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for f in (oscillator, in_place):
            text = dumps((f, crossing))
            assert pool.apply(end_of_pickled, (text,)) == end(f, crossing)


def end_of_pickled(text):
    return end(*pickle.loads(text))


@compiled_only
def test_in_one_process_a_pickle_changes_nothing_and_compiles_nothing():
    _, event, fi = local_functions()
    end(fi, event)
    assert pickle.loads(cloudpickle.dumps(event)) is event
    assert from_bytes(to_bytes(fi)) is fi
    assert copy.deepcopy(fi) is fi
    text = cloudpickle.dumps(event)
    event.terminal = 2
    then = pickle.loads(text)
    assert (then.terminal, then.direction, event.terminal) == (True, -1, 2)
    assert then._odelib_pointers is event._odelib_pointers
    np.testing.assert_allclose(then(0.0, np.array([2.0, 1.0])), 2.0, rtol=0, atol=0)


PARALLEL = """
import concurrent.futures
import numba, numpy as np, odelib

@odelib.rhs(parallel=True)
def f(t, y):
    out = np.empty_like(y)
    for i in numba.prange(len(y)):
        out[i] = -y[i]
    return out

starts = np.arange(1.0, 17.0)[:, None] * np.ones(1000)
one = odelib.solve_ivp(f, (0, 20), starts[3], rtol=1e-8)
sol = odelib.ensemble(f, (0, 20), starts, threads=4, rtol=1e-8)
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    there = odelib.ensemble(f, (0, 20), starts, rtol=1e-8, executor=pool)
assert (sol.y == there.y).all() and (sol.y[3] == one.y[:, -1]).all()
print(numba.threading_layer(), sol.success.all())
"""


@compiled_only
@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_a_parallel_function_in_an_ensemble_does_not_end_the_process(layer):
    environment = dict(os.environ, PYTHONPATH=str(ROOT), NUMBA_THREADING_LAYER=layer)
    run = subprocess.run(
        [sys.executable, "-c", PARALLEL], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.split()[1] == "True"
    assert layer == "default" or run.stdout.split()[0] == layer
