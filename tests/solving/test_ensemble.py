"""Many trajectories at once: each is what it is alone, and one that fails harms no other."""

import concurrent.futures
import multiprocessing
import os
import sys
import threading
import warnings
from collections import Counter
from pathlib import Path

import numba
import numpy as np
import pytest

from conftest import LONG, missing
from interrupts import interrupted
from odelib import ensemble, pointers, rhs, solve_ivp
from odelib.methods import RUNGE_KUTTA
from odelib.solving import workers
from odelib.solving.ensemble import NOT_FINISHED
from problems import LORENZ, lorenz

JIT = not numba.config.DISABLE_JIT
compiled_only = pytest.mark.skipif(not JIT, reason="speaks of compiled code: NUMBA_DISABLE_JIT=1")

ADAPTIVE = [name for name, tab in RUNGE_KUTTA.items() if tab.adaptive]
RANDOM = np.random.RandomState(0)
STARTS = RANDOM.normal(size=(300 if JIT else 12, 3)) + [0.0, 0.0, 20.0]
RATES = np.linspace(0.5, 3.0, 12)


@rhs
def decay(t, y, rate):
    return (-y[0] * rate,)


@rhs(inplace=True)
def rotation(t, y, dy, matrix):
    for i in range(len(y)):
        dy[i] = 0.0
        for j in range(len(y)):
            dy[i] += matrix[i, j] * y[j]


@rhs
def explosion(t, y):
    """From y0 it reaches infinity at t = 1 / y0."""
    return (y[0] * y[0],)


@rhs
def picky(t, y, limit):
    if y[0] > limit:
        raise ValueError("too large")
    return (y[0],)


def plain(f):
    """The Python function behind a compiled one."""
    return getattr(f, "py_func", f)


def alone(f, span, y0, *, args=(), **options):
    return solve_ivp(f, span, y0, options.pop("method", "RK45"), args=args, **options)


def assert_row_is(sol, i, one):
    """Row i of an ensemble without t_eval is this solution, bit for bit."""
    np.testing.assert_array_equal(sol.y[i], one.y[:, -1])
    assert (sol.t[i], sol.status[i], sol.messages[i]) == (one.t[-1], one.status, one.message)
    assert (sol.nfev[i], sol.steps[i], sol.rejected[i]) == (one.nfev, one.steps, one.rejected)


# --- Each row is the solution of its own problem --------------------------------------------------


@pytest.mark.parametrize("method", RUNGE_KUTTA)
def test_a_row_is_bit_for_bit_what_solve_ivp_gives(method):
    options = {"method": method}
    options |= dict(rtol=1e-6, atol=1e-8) if method in ADAPTIVE else dict(step=0.03)
    sol = ensemble(lorenz, (0, 1), STARTS, LORENZ, **options)
    assert sol.y.shape == STARTS.shape
    assert sol.success.all()
    assert sol.compiled == JIT
    for i in range(0, len(STARTS), 7):
        assert_row_is(sol, i, alone(lorenz, (0, 1), STARTS[i], args=LORENZ, **options))


@pytest.mark.parametrize("method", ["SymplecticEuler", "StormerVerlet"])
def test_symplectic_methods_too(method):
    pendulum = rhs(lambda t, y: (y[1], -np.sin(y[0])))
    options = dict(method=method, step=0.1)
    sol = ensemble(pendulum, (0, 2), STARTS[:12, :2], **options)
    for i in range(12):
        assert_row_is(sol, i, alone(pendulum, (0, 2), STARTS[i, :2], **options))


@pytest.mark.parametrize("method", ["RK23", "DOP853"])
def test_t_eval_stores_the_states_between(method):
    times = np.linspace(0.0, 1.0, 11)
    sol = ensemble(lorenz, (0, 1), STARTS, LORENZ, method=method, t_eval=times)
    assert sol.y.shape == (*STARTS.shape, len(times))
    for i in range(0, len(STARTS), 7):
        one = alone(lorenz, (0, 1), STARTS[i], args=LORENZ, method=method, t_eval=times)
        np.testing.assert_array_equal(sol.y[i], one.y)
        assert sol.nfev[i] == one.nfev


def test_each_trajectory_has_its_own_steps():
    sol = ensemble(decay, (0, 10), np.ones((12, 1)), (RATES,), 0, rtol=1e-8, atol=1e-12)
    assert (np.diff(sol.steps) >= 0).all()
    assert sol.steps[-1] > 2 * sol.steps[0]


def test_the_number_of_threads_changes_no_bit():
    one, *others = (
        ensemble(lorenz, (0, 1), STARTS, LORENZ, threads=threads) for threads in (1, 2, 7, 1000)
    )
    for other in others:
        np.testing.assert_array_equal(other.y, one.y)
        np.testing.assert_array_equal(other.nfev, one.nfev)


def test_a_pause_changes_no_bit():
    """A slice has 1, then at most 11, then 111 steps: a trajectory of thousands is paused."""
    count, end = (3, 60) if JIT else (2, 2)
    starts = STARTS[:count]
    sol = ensemble(lorenz, (0, end), starts, LORENZ, rtol=1e-8, atol=1e-8)
    assert sol.steps.min() > 100
    for i in range(count):
        assert_row_is(sol, i, alone(lorenz, (0, end), starts[i], args=LORENZ, rtol=1e-8, atol=1e-8))


# --- Exact solutions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rates", [RATES, list(RATES), RATES.astype(np.float32), np.arange(12), np.arange(12) % 2 == 0]
)
@pytest.mark.parametrize("f", [decay, plain(decay)])
def test_numbers_that_vary(f, rates):
    y0s = np.linspace(1.0, 2.0, 12)[:, None]
    sol = ensemble(f, (0, 2), y0s, (rates,), vary=0, rtol=1e-10, atol=1e-12)
    exact = y0s * np.exp(-2.0 * np.asarray(rates, dtype=float))[:, None]
    np.testing.assert_allclose(sol.y, exact, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("f", [rotation, lambda t, y, matrix: matrix @ y])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_arrays_that_vary_forwards_and_backwards(f, sign):
    if f is not rotation and not JIT:
        pytest.skip("the same as with the compiler")
    turns = RATES[:, None, None] * np.array([[0.0, -1.0], [1.0, 0.0]])
    starts = np.tile([1.0, 0.0], (12, 1))
    sol = ensemble(f, (0, 2 * sign), starts, (turns,), (0,), rtol=1e-9, atol=1e-10)
    angle = 2 * sign * RATES
    np.testing.assert_allclose(
        sol.y, np.stack([np.cos(angle), np.sin(angle)], axis=1), rtol=0, atol=1e-6
    )


def test_some_args_vary_and_others_do_not():
    @rhs
    def mixed(t, y, weights, rate, shift, table):
        return (-rate * y[0] * weights[1] + shift * table[0, 1],)

    weights, sources = np.array([7.0, 2.0]), np.linspace(0.1, 0.7, 12)
    tables = np.zeros((12, 2, 2))
    tables[:, 0, 1] = sources
    args = (weights, RATES, 5, tables)
    sol = ensemble(mixed, (0, 1), np.ones((12, 1)), args, vary=(1, 3), rtol=1e-9, atol=1e-10)
    limit = 5 * sources / (2 * RATES)
    exact = limit + (1.0 - limit) * np.exp(-2.0 * RATES)
    np.testing.assert_allclose(sol.y[:, 0], exact, rtol=1e-7, atol=1e-9)


def test_args_of_other_kinds_are_converted_and_kept():
    """A transposed view, integers of 32 bits, a list: none is laid out as the kernel needs it."""

    @rhs
    def summed(t, y, pair, counts, both):
        return (-(pair[0] + pair[1]) * counts[0] * both[0] * y[0],)

    pairs = np.stack([RATES, RATES])  # (2, N)
    counts = np.full((12, 1), 2, dtype=np.int32)
    sol = ensemble(
        summed, (0, 0.5), np.ones((12, 1)), (pairs.T, counts, [0.5, 9.0]), (0, 1), rtol=1e-9
    )
    np.testing.assert_allclose(sol.y[:, 0], np.exp(-RATES), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("decorate", [rhs, plain])
def test_complex_states(decorate):
    f = decorate(lambda t, y, rate: 1j * rate * y)
    sol = ensemble(f, (0, 1), np.ones((12, 1), complex), (RATES,), 0, rtol=1e-9, atol=1e-10)
    assert sol.y.dtype == complex
    np.testing.assert_allclose(sol.y[:, 0], np.exp(1j * RATES), rtol=0, atol=1e-7)
    times = [0.25, 1.0]
    between = ensemble(
        f, (0, 1), np.ones((12, 1), complex), (RATES,), 0, t_eval=times, rtol=1e-9, atol=1e-10
    )
    assert between.y.shape == (12, 1, 2)
    np.testing.assert_array_equal(between.y[:, :, 1], sol.y)
    np.testing.assert_allclose(between.y[:, 0, 0], np.exp(0.25j * RATES), rtol=0, atol=1e-6)


def test_compiled_and_python_functions_agree_bit_for_bit():
    compiled = ensemble(lorenz, (0, 0.5), STARTS[:12], LORENZ)
    python = ensemble(plain(lorenz), (0, 0.5), STARTS[:12], LORENZ, threads=4)
    assert not python.compiled
    np.testing.assert_array_equal(compiled.y, python.y)


# --- The edges ------------------------------------------------------------------------------------


def test_no_trajectories_no_components_one_of_each():
    none = ensemble(lorenz, (0, 1), np.empty((0, 3)), LORENZ, t_eval=[0.5, 1.0])
    assert none.y.shape == (0, 3, 2)
    assert none.messages == []
    empty = ensemble(lorenz, (0, 1), np.empty((4, 0)), LORENZ)
    assert empty.y.shape == (4, 0)
    assert empty.success.all()
    one = ensemble(lorenz, (0, 1), STARTS[:1], LORENZ)
    assert_row_is(one, 0, alone(lorenz, (0, 1), STARTS[0], args=LORENZ))


def test_an_interval_of_length_zero_returns_the_start():
    sol = ensemble(lorenz, (2, 2), STARTS, LORENZ, t_eval=[2.0])
    np.testing.assert_array_equal(sol.y[:, :, 0], STARTS)
    assert (sol.t == 2).all()
    assert (sol.nfev == 0).all()


def test_the_start_is_neither_kept_nor_changed():
    starts = STARTS.copy()
    ensemble(lorenz, (0, 1), starts, LORENZ)
    np.testing.assert_array_equal(starts, STARTS)


# --- Failed rows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("decorate", [lambda f: f, plain])
def test_trajectories_that_blow_up_are_failed_rows(decorate, threads):
    y0s = np.array([0.5, 2.0, 0.9, 4.0, 0.0])[:, None]
    sol = ensemble(decorate(explosion), (0, 1), y0s, threads=threads, rtol=1e-8, atol=1e-8)
    assert sol.status.tolist() == [0, -1, 0, -1, 0]
    assert sol.success.tolist() == [True, False, True, False, True]
    np.testing.assert_allclose(sol.y[[0, 2, 4], 0], [1.0, 9.0, 0.0], rtol=1e-6, atol=0)
    assert np.isnan(sol.y[[1, 3], 0]).all()
    np.testing.assert_allclose(sol.t[[1, 3]], [0.5, 0.25], rtol=1e-6, atol=0)
    for i in range(5):
        one = alone(decorate(explosion), (0, 1), y0s[i], rtol=1e-8, atol=1e-8)
        assert sol.messages[i] == one.message
        assert (sol.t[i], sol.nfev[i], sol.rejected[i]) == (one.t[-1], one.nfev, one.rejected)


def test_what_a_failed_row_passed_on_the_way_is_there():
    sol = ensemble(explosion, (0, 1), [[2.0], [0.5]], t_eval=[0.0, 0.25, 0.6], rtol=1e-8)
    np.testing.assert_allclose(sol.y[0, 0], [2.0, 4.0, np.nan], rtol=1e-4, atol=0)
    np.testing.assert_allclose(sol.y[1, 0], 1 / (2.0 - np.array([0.0, 0.25, 0.6])), 1e-4, 0)


@pytest.mark.parametrize("decorate", [lambda f: f, plain])
def test_an_exception_of_f_fails_its_row_only(decorate):
    limits = np.tile([9.0, 2.0, 9.0, 1.5], 10)  # several rows to each chunk of a thread
    sol = ensemble(
        decorate(picky), (0, 1), np.ones((40, 1)), (limits,), vary=0, threads=1, rtol=1e-6
    )
    assert sol.status.tolist() == [0, -1, 0, -1] * 10
    for i in range(1, 40, 2):
        assert sol.messages[i].startswith("ValueError at t = 0.")
        assert sol.messages[i].endswith(": too large")
        assert np.exp(sol.t[i]) <= limits[i]
    np.testing.assert_allclose(sol.y[::2, 0], np.e, rtol=1e-4, atol=0)
    assert sol.messages[0] == alone(picky, (0, 1), [1.0], args=(9.0,)).message


def test_a_failure_before_the_first_step():
    sol = ensemble(picky, (0, 1), [[1.0], [3.0]], (2.9,))
    assert sol.messages[1] == "ValueError at t = 0: too large"
    assert sol.t[1] == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_all_rows_may_fail(threads):
    sol = ensemble(picky, (0, 1), np.full((50, 1), 3.0), (2.0,), threads=threads)
    assert set(sol.messages) == {"ValueError at t = 0: too large"}
    assert sol.nfev.tolist() == [1] * 50


def test_a_row_after_one_that_was_not_finite_knows_nothing_of_it():
    """Row 0 leaves NaN in a stage that only the interpolant has; row 1 never evaluates that one."""

    @rhs
    def f(t, y, bad):
        if bad:
            return (np.nan if abs(t - 0.2) < 1e-9 else 0.0,)
        return (1.0 / (t - 0.55) ** 2,)

    options = dict(method="DOP853", t_eval=[0.9], first_step=1.0)
    bad = np.array([True, False])
    sol = ensemble(f, (0, 1), np.ones((2, 1)), (bad,), 0, threads=1, **options)
    assert sol.status.tolist() == [0, -1]
    assert np.isnan(sol.y[0]).all()
    assert sol.messages[1] == alone(f, (0, 1), [1.0], args=(False,), **options).message


@pytest.mark.filterwarnings("ignore:overflow")  # NumPy's, without the compiler
def test_a_fixed_step_that_is_too_large_says_so():
    sol = ensemble(explosion, (0, 400), [[0.5], [0.001]], method="Euler", step=1.0)
    assert sol.status.tolist() == [-1, 0]
    assert "the step is too large" in sol.messages[0]


def test_max_steps_is_for_each_row():
    needed = alone(decay, (0, 10), [1.0], args=(3.0,), rtol=1e-8)
    tried = needed.steps + needed.rejected
    for bound, status in ((tried, 0), (tried - 1, -1)):
        sol = ensemble(
            decay, (0, 10), np.ones((3, 1)), ([3.0, 1e-3, 3.0],), 0, rtol=1e-8, max_steps=bound
        )
        assert sol.status.tolist() == [status, 0, status]
    assert sol.messages[0].startswith(f"max_steps = {tried - 1} steps were tried")
    assert (
        sol.messages[0]
        == alone(decay, (0, 10), [1.0], args=(3.0,), rtol=1e-8, max_steps=tried - 1).message
    )


def test_its_repr_names_the_first_failures():
    sol = ensemble(picky, (0, 1), [[1.0], [3.0]], (2.9,))
    assert repr(sol).splitlines()[0] == "2 trajectories, 1 failed"
    assert repr(sol).splitlines()[-1] == "  row 1: ValueError at t = 0: too large"
    many = ensemble(picky, (0, 1), np.full((9, 1), 3.0), (2.9,))
    assert repr(many).splitlines()[-1] == "  …"


# --- Bad arguments --------------------------------------------------------------------------------

ONES = np.ones((3, 1))
BAD = [
    (dict(y0s=[1.0, 2.0]), ValueError,
     "y0s must have shape (N, n), a row for each trajectory; got shape (2,). For one start and N "
     "values of an argument: np.tile(y0, (N, 1))"),
    (dict(y0s=[["a"]]), TypeError, "y0s must be numbers, got dtype <U1"),
    (dict(y0s=[[1.0], [np.nan]]), ValueError, "All of y0s must be finite. Got y0s[1, 0] = nan"),
    (dict(vary=(1,)), ValueError, "vary must be indices of args, which has 1 element; got 1"),
    (dict(vary=-1), ValueError, "vary must be indices of args, which has 1 element; got -1"),
    (dict(args=(), vary=0), ValueError,
     "vary must be indices of args, which has 0 elements; got 0"),
    (dict(vary="0"), ValueError, "vary must be indices of args, which has 1 element; got '0'"),
    (dict(vary=0), ValueError,
     "args[0] varies, so it needs a value for each of the 3 rows of y0s; it is a single number"),
    (dict(args=([1.0, 2.0],), vary=0), ValueError,
     "args[0] varies, so it needs a value for each of the 3 rows of y0s; it has 2"),
    (dict(args=2.0), TypeError,
     "Supplied 'args' cannot be unpacked. Write args=(value,); got float"),
    (dict(threads=0), ValueError, "threads must be a whole number of at least 1, got 0"),
    (dict(threads=1.5), ValueError, "threads must be a whole number of at least 1, got 1.5"),
    (dict(fun=3), TypeError, "fun must be a function f(t, y, *args); got 3"),
    (dict(method="RK4"), ValueError, "method 'RK4' has a fixed step: give step="),
    (dict(method="RK4", step=0.1, rtol=1e-3), ValueError,
     "step= fixes the step size, so rtol= has no meaning; give one"),
    (dict(t_span=(0, np.inf)), ValueError, "t_span has no end: give max_steps"),
    (dict(t_eval=[2.0]), ValueError,
     "Values in `t_eval` are not within `t_span`. Got t_span = (0.0, 1.0)"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "kind", "message"), BAD)
def test_bad_arguments_are_named(changes, kind, message):
    arguments = dict(fun=decay, t_span=(0, 1), y0s=ONES, args=(1.0,)) | changes
    with pytest.raises(kind) as caught:
        ensemble(**arguments)
    assert str(caught.value) == message


@compiled_only
def test_a_function_that_does_not_compile_is_one_error_not_many_rows():
    with pytest.raises(TypeError, match="numba cannot compile"):
        ensemble(rhs(lambda t, y: y.nothing), (0, 1), ONES, threads=2)


def test_a_warning_points_at_the_caller():
    with pytest.warns(UserWarning, match="rtol") as caught:
        ensemble(decay, (0, 1e-3), ONES, (1.0,), rtol=1e-20)
    assert caught[0].filename == __file__


# --- Interrupts and progress ----------------------------------------------------------------------

SCRIPT = """
import sys
import numpy as np, odelib

def f(t, y, rate, row, calls):
    calls[int(row)] += 1
    return rate * y[1], -rate * y[0]

kind, threads = sys.argv[1], int(sys.argv[2])
if kind == "compiled":
    f = odelib.rhs(f)
rates = np.array([1e-6] * 3 + [1e9] * 9)  # three rows are finished at once, the others never
calls = np.zeros(12)
busy = threads if kind == "compiled" and not os.environ.get("NUMBA_DISABLE_JIT") else 1
waiting = ctrl_c_when(lambda: np.sum(calls[3:] > 100) >= busy)  # each thread is at such a row
args = rates, np.arange(12.0), calls
try:
    odelib.ensemble(f, (0, 1e6), np.ones((12, 2)), args, (0, 1), threads=threads, rtol=1e-6)
except KeyboardInterrupt as stop:
    waiting.join()  # it is a thread too, and may outlive its signal by a moment
    sol = stop.solution
    print(sol.status.tolist()[:3], sol.status.tolist()[3:] == [-1] * 9, np.isnan(sol.y[3:]).all())
    print(sol.messages[-1], threading.active_count())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize(("kind", "threads"), [("compiled", 1), ("compiled", 2), ("python", 1)])
def test_ctrl_c_ends_the_ensemble_and_keeps_what_was_finished(kind, threads):
    said, warned = interrupted(SCRIPT, kind, str(threads))
    assert said == ["[0, 0, 0] True True", f"{NOT_FINISHED} 1"], warned


def test_slices_begin_with_one_step_whatever_it_costs(monkeypatch):
    """Ctrl-C is heard between slices, and a step of a large or costly problem may take long."""
    budgets, advance = [], workers._advance

    def watched(solve, kernels, place, origin, budget, *rest):
        budgets.append(budget)
        return advance(solve, kernels, place, origin, budget, *rest)

    monkeypatch.setattr(workers, "_advance", watched)
    ensemble(lorenz, (0, 2), STARTS[:1], LORENZ, rtol=1e-8, atol=1e-8)
    assert budgets[0] == 1
    assert len(budgets) >= 3
    assert all(later <= 10 * earlier + 1 for earlier, later in zip(budgets, budgets[1:]))


def test_an_interrupt_by_f_itself_is_no_failed_row():
    calls = []

    def impatient(t, y):
        calls.append(t)
        if len(calls) > 30:
            raise KeyboardInterrupt
        return -y

    with pytest.raises(KeyboardInterrupt) as caught:
        ensemble(impatient, (0, 1), np.ones((10, 1)), method="RK4", step=0.25)
    sol = caught.value.solution
    assert sol.status.tolist() == [0, *[-1] * 9]
    assert sol.messages[1] == sol.messages[9] == NOT_FINISHED


def test_progress_counts_trajectories(capsys):
    ensemble(decay, (0, 1), np.ones((12, 1)), (1.0,), progress=True)
    assert "12/12" in capsys.readouterr().err
    ensemble(decay, (0, 1), np.ones((12, 1)), (1.0,))
    assert capsys.readouterr().err == ""


def test_progress_without_tqdm_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(
        ImportError, match="progress=True needs the package tqdm: pip install tqdm, or"
    ):
        ensemble(decay, (0, 1), np.ones((12, 1)), (1.0,), progress=True)


# --- Executors ------------------------------------------------------------------------------------


def watch_compilations(path):
    """Make this process note each right-hand side that it compiles, as a line with its id."""
    compile_rhs = pointers.compile_rhs

    def noted(*args, **options):
        with Path(path).open("a") as file:
            file.write(f"{os.getpid()}\n")
        return compile_rhs(*args, **options)

    pointers.compile_rhs = noted


def compilations(path):
    """How many right-hand sides each process compiled."""
    return Counter(path.read_text().split()) if path.exists() else Counter()


@compiled_only
def test_threads_that_meet_a_new_function_compile_it_once(tmp_path, monkeypatch):
    monkeypatch.setattr(pointers, "compile_rhs", pointers.compile_rhs)
    watch_compilations(tmp_path / "log")
    f = rhs(lambda t, y, rate: (-rate * y[0],))
    for args in ((RATES,), (2 * RATES,)):  # new values compile nothing
        ensemble(f, (0, 1), np.ones((12, 1)), args, 0, threads=4)
    assert compilations(tmp_path / "log") == {str(os.getpid()): 1}


def test_any_executor_gives_the_same_bits():
    here = ensemble(lorenz, (0, 1), STARTS, (*LORENZ[:2], STARTS[:, 0]), vary=2)
    with concurrent.futures.ThreadPoolExecutor(3) as executor:
        there = ensemble(
            lorenz, (0, 1), STARTS, (*LORENZ[:2], STARTS[:, 0]), vary=2, executor=executor
        )
    for name in ("y", "t", "status", "nfev", "steps", "rejected"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
    assert there.messages == here.messages
    assert there.compiled == here.compiled


@pytest.mark.parametrize("t_eval", [None, [0.0, 0.5]])
def test_a_row_that_fails_elsewhere_is_a_failed_row_here(t_eval):
    y0s = np.full((200, 1), 0.5)
    y0s[[0, 77, 199]] = 4.0
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        sol = ensemble(explosion, (0, 1), y0s, t_eval=t_eval, executor=executor)
    assert np.flatnonzero(sol.status).tolist() == [0, 77, 199]
    assert "may blow up" in sol.messages[77]
    assert np.isnan(sol.y[77].ravel()[-1])


def test_what_was_finished_is_kept_when_an_executor_breaks():
    class Breaking(concurrent.futures.Executor):
        """The third task is lost, those after it never end."""

        submitted = 0

        def submit(self, fn, /, *args):
            self.submitted += 1
            task = concurrent.futures.Future()
            if self.submitted < 3:
                task.set_result(fn(*args))
            elif self.submitted == 3:
                threading.Timer(0.2, task.set_exception, [RuntimeError("a worker died")]).start()
            return task

    with pytest.raises(RuntimeError, match="a worker died") as caught:
        ensemble(decay, (0, 1), np.ones((12, 1)), (1.0,), executor=Breaking())
    assert caught.value.solution.status.tolist() == [0, 0, *[-1] * 10]


def test_a_process_pool_compiles_once_in_each_worker(tmp_path):
    def here_only(t, y, rate):  # no module holds it: it travels by value
        return (-rate * y[0],)

    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    with concurrent.futures.ProcessPoolExecutor(
        2, context, initializer=watch_compilations, initargs=(log,)
    ) as executor:
        for f in (rhs(here_only), decay, here_only):
            sol = ensemble(f, (0, 1), np.ones((12, 1)), (RATES,), 0, rtol=1e-8, executor=executor)
            one = ensemble(f, (0, 1), np.ones((12, 1)), (RATES,), 0, rtol=1e-8)
            np.testing.assert_array_equal(sol.y, one.y)
            if f is not here_only and JIT:
                noted = compilations(log)
                assert set(noted.values()) == {1}, noted
                log.unlink()
        turns = RATES[:, None, None] * np.array([[0.0, -1.0], [1.0, 0.0]])
        sol = ensemble(rotation, (0, 1), np.ones((12, 2)), (turns,), 0, executor=executor)
        one = ensemble(rotation, (0, 1), np.ones((12, 2)), (turns,), 0)
        np.testing.assert_array_equal(sol.y, one.y)
    if not JIT:
        assert not log.exists()


def test_dask_gives_the_same_bits_and_compiles_once_in_each_worker(tmp_path):
    try:
        import dask
        import distributed
    except ImportError:
        missing("Dask is not installed: pip install distributed")
    log = tmp_path / "log"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own, of ports and of files
        with (
            dask.config.set({"distributed.comm.timeouts": {"connect": LONG, "tcp": LONG}}),
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=2, dashboard_address=None,
                local_directory=str(tmp_path),
            ) as cluster,
            distributed.Client(cluster) as client,
        ):  # fmt: skip
            client.run(watch_compilations, log)
            with client.get_executor() as executor:
                sol = ensemble(lorenz, (0, 1), STARTS, LORENZ, executor=executor)
    np.testing.assert_array_equal(sol.y, ensemble(lorenz, (0, 1), STARTS, LORENZ).y)
    assert set(compilations(log).values()) == ({1} if JIT else set())
