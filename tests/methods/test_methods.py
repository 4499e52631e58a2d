"""Every row of METHODS keeps the one contract, and its step can be read."""

import ast
import traceback

import numpy as np
import pytest

from conftest import ROOT
from odelib import METHODS, rhs, solve_ivp
from odelib.methods import IMPLICIT, RUNGE_KUTTA, SYMPLECTIC, step_source

each_method = pytest.mark.parametrize("method", RUNGE_KUTTA | SYMPLECTIC)


@rhs
def pendulum(t, y):
    return y[1], -np.sin(y[0]) + 0.1 * np.cos(t)


def test_the_table_holds_the_three_families_whole():
    assert METHODS == RUNGE_KUTTA | SYMPLECTIC | IMPLICIT
    assert len(METHODS) == len(RUNGE_KUTTA) + len(SYMPLECTIC) + len(IMPLICIT) == 15


@pytest.mark.parametrize("method", METHODS)
def test_a_row_says_all_that_the_border_asks(method):
    row = METHODS[method]
    assert row.implicit == (method in IMPLICIT)
    assert row.fixed_step or row.adaptive
    assert row.order >= 1 and 0 <= row.error_exponent <= 1
    assert np.isfinite(row.F).all()


@each_method
def test_one_more_step_costs_as_many_evaluations_as_the_row_says(method):
    ten, eleven = (
        solve_ivp(pendulum, (0, 0.1 * n), [1.0, 0.5], method, step=0.1, t_eval=[]).nfev
        for n in (10, 11)
    )
    assert eleven - ten == METHODS[method].evaluations


@each_method
def test_a_row_with_more_weights_than_stages_makes_the_extra_ones(method):
    row = METHODS[method]
    assert (len(row.F) > row.stages) == (row.make_extra_stages() is not None)
    assert len(row.F) >= row.stages


# --- Its step as text -----------------------------------------------------------------------------


@each_method
def test_the_text_of_a_step_is_the_step_that_a_solve_takes(method):
    """Executed with plain NumPy for the pointers; a splitting's text also names its numbers."""
    row, calls = METHODS[method], []

    def call_rhs(f, t, y, ctx, dy):
        calls.append(t)
        dy[: len(y)] = f(t, y)
        return 0

    scope = {"np": np, "call_rhs": call_rhs, "offset": lambda K, i: K[i:]}
    scope |= {"INFINITE": np.float64(np.inf).view(np.int64)}
    if row.halves:
        scope |= {"kicks": row.kicks, "drifts": row.drifts, "stages": row.stages}
    exec(step_source(method), scope)
    f = getattr(pendulum, "py_func", pendulum)
    y, y_new, K, err = np.array([1.0, 0.5]), np.zeros(2), np.zeros(2 * len(row.F)), np.zeros(5)
    K[:2] = f(0.5, y)
    scope["step"](f, 0.5, 0.75, 0.25, 2, y, None, K, y_new, err)
    sol = solve_ivp(pendulum, (0.5, 0.75), y, method, step=0.25)
    np.testing.assert_array_equal(y_new, sol.y[:, -1])
    assert len(calls) == row.stages - 1
    assert err[0] == 0


def test_a_traceback_shows_the_line_of_a_written_step_that_failed():
    try:
        METHODS["RK4"].make_step()(0, 0.0, 0.1, 0.1, 2, None, None, None, None, None)
    except TypeError as error:
        shown = "".join(traceback.format_exception(error))
    assert "    y_new[j] = y[j] + (h * 0.5) * K[0 * n + j]" in shown


def test_step_source_names_the_methods_that_there_are():
    with pytest.raises(ValueError, match="method must be one of 'Euler', .*; got 'rk4'"):
        step_source("rk4")


# --- Nothing asks what kind of method it has ------------------------------------------------------


def test_no_loop_and_no_table_asks_for_the_kind_of_a_method():
    kinds = {"Tableau", "Splitting"}
    for path in (ROOT / "odelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "type"):
                asked = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
                assert not asked & kinds, f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("method", IMPLICIT)
def test_the_text_of_an_implicit_step_is_its_attempt(method):
    assert step_source(method).splitlines()[-1] == "    return ACCEPTED"
