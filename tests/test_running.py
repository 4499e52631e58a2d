"""What every run shares: slices that adapt to the cost of a step, and progress bars."""

import subprocess
import sys

import pytest

from conftest import LONG
from odelib import rhs, solve_ivp
from odelib.running import SLICE, next_budget, progress_bar

DECAY = rhs(lambda t, y: (-y[0],))


def test_a_solve_shows_how_far_it_has_come(capsys):
    sol = solve_ivp(DECAY, (1, 3), [1.0], progress=True)
    assert sol.success
    shown = capsys.readouterr().err
    assert "100%" in shown
    assert "2/2 of t" in shown


def test_without_an_end_it_shows_the_time_only(capsys):
    sol = solve_ivp(DECAY, (0, float("inf")), [1.0], max_steps=50, progress=True)
    shown = capsys.readouterr().err
    assert f"{sol.t[-1]:.4g} of t" in shown
    assert "%" not in shown


def test_a_solve_that_fails_closes_its_bar(capsys):
    def fails(t, y):
        if t > 0.5:
            raise KeyError("here")
        return -y

    with pytest.raises(KeyError):
        solve_ivp(fails, (0, 1), [1.0], progress=True)
    assert capsys.readouterr().err.endswith("\n")


def test_by_default_nothing_is_shown_or_imported(capsys):
    solve_ivp(DECAY, (0, 1), [1.0])
    assert capsys.readouterr().err == ""
    code = "import sys, odelib; odelib.solve_ivp(lambda t, y: -y, (0, 1), [1.0]); "
    code += "print('tqdm' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LONG
    )
    assert done.stdout == "False\n"


def test_without_tqdm_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="pip install tqdm"), progress_bar(True, 1.0):
        pass


@pytest.mark.parametrize("cost", [1e-8, 1e-5, 1e-3])  # seconds a step
def test_a_slice_takes_its_time_whatever_a_step_costs(cost):
    budget = 1
    for _ in range(12):
        budget = next_budget(budget, budget * cost)
    assert SLICE <= budget * cost <= SLICE + 1.001 * cost


def test_a_slice_grows_at_most_tenfold_and_never_stands_at_zero_steps():
    assert next_budget(100, 0.0) == 1001
    assert next_budget(100, 1e9) == 11
    assert next_budget(0, 1e9) == 1
