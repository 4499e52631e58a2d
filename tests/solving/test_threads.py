"""Solves side by side in threads, and one inside the other: each has its own state."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from conftest import LONG
from odelib import rhs, solve_ivp
from odelib.methods import RUNGE_KUTTA
from odelib.solving.solve import Solve
from problems import LORENZ, lorenz

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="speaks of compiled code: NUMBA_DISABLE_JIT=1"
)


@rhs
def upward(t, y, sigma, rho, beta):
    return y[0]


def all_of(sol):
    """Every number of a result, as bytes."""
    parts = [sol.t, sol.y, sol.sol.Q, *sol.t_events, *sol.y_events]
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def task(number):
    """One of many different solves: its method, start and form of f follow from its number."""
    method = list(RUNGE_KUTTA)[number % len(RUNGE_KUTTA)]
    step = {} if RUNGE_KUTTA[method].adaptive else {"step": 0.01}
    f = lorenz if number % 3 else getattr(lorenz, "py_func", lorenz)
    sol = solve_ivp(
        f, (0, 1), [number / 7, 1.0, 1.0], method, args=LORENZ, events=upward,
        dense_output=True, **step,
    )  # fmt: skip
    return all_of(sol)


TASKS = range(2 * len(RUNGE_KUTTA))


@pytest.fixture(scope="module")
def alone():
    return [task(number) for number in TASKS]


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_results_are_the_same_bits_for_any_number_of_threads(alone, threads):
    with ThreadPoolExecutor(threads) as pool:
        assert list(pool.map(task, TASKS)) == alone


def test_results_are_the_same_bits_from_run_to_run(alone):
    assert [task(number) for number in TASKS] == alone


SCRIPT = """
import threading
import odelib

f = odelib.rhs(lambda t, y, k: (y[1], -k * y[0]))
methods = ["RK45", "RK4", "RK45", "RK4", "DOP853", "DOP853"]
ends, gate = [None] * len(methods), threading.Barrier(len(methods))

def work(i):
    gate.wait()
    ends[i] = odelib.solve_ivp(f, (0, 1), [1.0, 0.0], methods[i], args=(4.0,), step=0.125).y[0, -1]

threads = [threading.Thread(target=work, args=(i,)) for i in range(len(methods))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
one_by_one = [odelib.solve_ivp(f, (0, 1), [1.0, 0.0], m, args=(4.0,), step=0.125).y[0, -1]
              for m in methods]
assert ends == one_by_one, (ends, one_by_one)
print(*map(float.hex, map(float, ends)))
"""


def test_threads_may_all_be_the_first_to_solve_and_processes_agree():
    ends = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        ends.append(done.stdout)
    assert ends[0] == ends[1]
    assert len(set(ends[0].split())) == 3  # one of each method


@compiled_only
def test_other_threads_run_while_a_compiled_solve_does(monkeypatch):
    """A thread is let in only where the interpreter is given up: within the kernel."""
    inside, seen, done = [False], [], threading.Event()
    advance = Solve._advance

    def watched(self, budget):
        inside[0] = True
        code = advance(self, budget)
        inside[0] = False
        return code

    def observe():
        while not done.is_set():
            if inside[0]:
                seen.append(True)
            time.sleep(0)

    monkeypatch.setattr(Solve, "_advance", watched)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)  # never by force
    observer = threading.Thread(target=observe)
    observer.start()
    try:
        for _ in range(200):  # a quarter of a minute of compiled steps, if nobody is let in
            solve_ivp(lorenz, (0, 1e4), [1.0, 1, 1], args=LORENZ, t_eval=[1e4])
            if seen:
                break
    finally:
        done.set()
        sys.setswitchinterval(interval)
        observer.join()
    assert seen


def test_an_exception_in_one_thread_leaves_the_others_alone(alone):
    def failing(number):
        def f(t, y):
            if t > 0.5:
                raise KeyError(number)
            return -y

        with pytest.raises(KeyError) as caught:
            solve_ivp(f, (0, 1), [1.0], "Euler", step=0.1)
        return caught.value.args[0]

    with ThreadPoolExecutor(4) as pool:
        mixed = [pool.submit(failing if i % 2 else task, i) for i in TASKS]
        for i, future in enumerate(mixed):
            assert future.result() == (i if i % 2 else alone[i])


# --- One inside the other -------------------------------------------------------------------------


def inner(y):
    return solve_ivp(lorenz, (0, 0.1), [y, 1.0, 1.0], args=LORENZ).y[0, -1]


@pytest.mark.parametrize("method", RUNGE_KUTTA)
def test_a_solve_inside_f_and_inside_an_event_changes_nothing(method):
    """The same method and the same compiled function at both levels, against a table of values."""
    step = {} if RUNGE_KUTTA[method].adaptive else {"step": 0.25}
    values = {}

    def remembered(y):
        return values.setdefault(y, inner(y))

    def solve(value):
        def f(t, y):
            return [-0.1 * value(y[0])]

        def g(t, y):
            return value(y[0]) - 1.7

        return solve_ivp(f, (0, 1), [2.0], method, events=g, dense_output=True, **step)

    once, again = solve(remembered), solve(values.__getitem__)
    assert all_of(once) == all_of(again)
    assert len(values) > 4


def test_the_exception_of_an_inner_solve_passes_through_the_outer_one():
    error = LookupError("inside")

    def deepest(t, y):
        raise error

    def middle(t, y):
        return solve_ivp(deepest, (0, 1), y).y[:, -1]

    with pytest.raises(LookupError) as caught:
        solve_ivp(middle, (0, 1), [1.0], "RK4", step=0.5)
    assert caught.value is error
    assert caught.value.solution.t[-1] == 0.0


def test_nested_solves_in_threads():
    def outer(t, y):
        return [-inner(y[0])]

    def solve(start):
        return solve_ivp(outer, (0, 0.5), [start], "RK4", step=0.25).y.tobytes()

    starts = [1.0, 1.5, 2.0, 2.5]
    expected = [solve(start) for start in starts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(solve, starts)) == expected
