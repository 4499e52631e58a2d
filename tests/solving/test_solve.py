"""A solve in progress: it can be interrupted, and nothing that was computed is lost."""

import itertools
import sys
import warnings
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from interrupts import interrupted
from odelib import ensemble, rhs, solve_ivp
from odelib.solving import solve as driver
from odelib.solving import workers
from odelib.solving.solve import Solve

SCRIPT = """
import sys
import numpy as np, odelib

def f(t, y, calls):
    calls[0] += 1
    return y[1], -y[0]

if sys.argv[1] == "compiled":
    f = odelib.rhs(f)
calls = np.zeros(1)
ctrl_c_when(lambda: calls[0] > 10_000)
try:
    odelib.solve_ivp(
        f, (0, 1e12), [1.0, 0.0], sys.argv[2], t_eval=[0.0, 1.0, 1e12], args=(calls,), max_step=1
    )
except KeyboardInterrupt as stop:
    print(stop.solution.status, stop.solution.t.tolist(), stop.solution.steps > 100)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("kind", ["compiled", "python"])
@pytest.mark.parametrize("method", ["RK45", "Radau", "BDF"])
def test_ctrl_c_ends_the_solve_and_keeps_what_was_computed(kind, method):
    said, warned = interrupted(SCRIPT, kind, method)
    assert said == ["-1 [0.0, 1.0] True"], warned


@pytest.mark.parametrize("method", ["RK45", "Radau", "BDF"])
def test_a_pause_changes_no_bit(method):
    f = rhs(lambda t, y: (y[1], -np.sin(y[0])))
    options = dict(t_span=(0, 50), y0=[1.0, 0.0], method=method, rtol=1e-8, atol=1e-8)
    whole = solve_ivp(f, **options)
    assert whole.steps > 300  # more than the first budget of steps: it was paused at least once
    part = solve_ivp(f, **options, max_steps=137 + whole.rejected)
    assert 100 < part.steps < whole.steps
    np.testing.assert_array_equal(part.y, whole.y[:, : part.steps + 1])


def test_a_result_made_twice_holds_nothing_twice(monkeypatch):
    """Ctrl-C may come after the result was made: the one that the exception carries is as long."""
    lengths = []
    make = Solve._result

    def make_twice(self, status, message):
        first, second = make(self, status, message), make(self, status, message)
        lengths.extend(
            (len(sol.t), sol.y.shape[1], len(sol.t_events[0])) for sol in (first, second)
        )
        return second

    monkeypatch.setattr(Solve, "_result", make_twice)
    solve_ivp(lambda t, y: [y[1], -y[0]], (0, 9), [1.0, 0.0], events=lambda t, y: y[0])
    assert lengths[0] == lengths[1]
    assert lengths[0][2] == 3


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="ten thousand steps of plain Python")
def test_the_kernel_returns_to_python_after_a_slice_of_time_whatever_its_room(monkeypatch):
    """A budget follows the steps that were done: one that had no room to be used must not grow."""
    budgets, done = [], []
    advance = Solve._advance

    def watched(self, budget):
        before = self._tried()
        code = advance(self, budget)
        budgets.append(budget)
        done.append(self._tried() - before)
        return code

    monkeypatch.setattr(Solve, "_advance", watched)
    f = rhs(lambda t, y: (y[1], -y[0]))
    sol = solve_ivp(f, (0, 100), [1.0, 0.0], max_step=0.01)
    assert sol.steps > 9999
    assert len(budgets) > 6  # the room was full several times
    assert all(budget <= 10 * steps + 1 for budget, steps in zip(budgets[1:], done, strict=False))


def test_a_step_outlives_the_solve_that_uses_it(monkeypatch):
    """Threads that start at once may each make a step; the address must not outlive its code."""
    from odelib.methods import table
    from odelib.solving import solve as driver

    made = []

    class Step:
        def __init__(self, step):
            self.step, self.address = step, step.address

        def __del__(self):
            made.append("gone")

    step_pointer = table.step_pointer
    monkeypatch.setattr(table, "step_pointer", lambda step: Step(step_pointer(step)))
    not_kept = table.compiled_method.__wrapped__
    monkeypatch.setattr(driver, "compiled_method", not_kept)
    gone = []
    solve_ivp(lambda t, y: [gone.append(len(made)) or 1.0], (0, 1), [0.0], "RK4", step=0.5)
    assert max(gone) == 0
    assert made == ["gone"]


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="speaks of compiled functions")
def test_the_first_slice_is_one_step_until_the_cost_of_a_step_is_known(monkeypatch):
    """Ctrl-C is heard between slices, and a step of a large or costly problem may take long."""
    budgets = []
    advance = Solve._advance
    monkeypatch.setattr(
        Solve, "_advance", lambda self, budget: budgets.append(budget) or advance(self, budget)
    )
    monkeypatch.setattr(driver, "_BUDGETS", {})
    clock = SimpleNamespace(perf_counter=itertools.count(step=1e-4).__next__)  # a quick machine's
    monkeypatch.setattr(driver, "time", clock)
    f, first = rhs(lambda t, y: (y[1], -y[0])), []
    for method in "RK45", "RK45", "DOP853":
        budgets.clear()
        solve_ivp(f, (0, 50), [1.0, 0.0], method, rtol=1e-8, atol=1e-8)
        first.append(budgets[0])
    assert first[0] == first[2] == 1
    assert first[1] == 100


@pytest.mark.parametrize("slow", [0.0, 1e9])
def test_a_slow_python_function_is_remarked_on_once_where_it_was_called(monkeypatch, slow):
    monkeypatch.setattr(driver, "SLOW", slow)
    monkeypatch.setattr(workers, "SLOW", slow)

    def f(t, y):
        return -y

    for call in (
        lambda: solve_ivp(f, (0, 1), [1.0], "Euler", step=1 / 500),
        lambda: ensemble(f, (0, 1), np.ones((3, 1)), method="Euler", step=1 / 500),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert [w.filename for w in caught] == [__file__] * (slow == 0.0)
        assert all("@odelib.rhs compiles it" in str(w.message) for w in caught)
