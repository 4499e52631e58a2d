"""What a signal's handler raises reaches the caller, and no call that was broken off is believed.

A handler may run between any two lines of Python: on the way from the compiled loop into a user's
function too, where ctypes can only print what it raises.
"""

import ctypes
import gc
import random
import signal
import sys
import threading

import numba
import numpy as np
import pytest

from odelib import ensemble, minimize, models, rhs, solve_ivp, train
from odelib.pointers import compiling, machine_code

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="speaks of compiled code: NUMBA_DISABLE_JIT=1"
)
alarms_only = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system has no alarms"
)


class TimeLimit(Exception):
    """What the handler raises: not a BaseException, so it could be taken for one of f's own."""


@pytest.fixture(autouse=True)
def nobody_listens_to_the_collector():
    """Python only prints what an alarm raises in what the collector calls.

    Hypothesis listens, where it ran before; numba's functions of earlier tests are in weak
    dictionaries, whose callbacks would run here.
    """
    listeners = gc.callbacks[:]
    gc.callbacks.clear()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    gc.callbacks[:] = listeners


@pytest.fixture(autouse=True)
def nobody_measures_the_coverage():
    """Coverage keeps its lock for ever where an alarm raises while it holds it."""
    coverage = sys.modules.get("coverage")
    measuring = coverage and coverage.Coverage.current()
    if measuring:
        measuring.stop()
    yield
    if measuring:
        measuring.start()


@pytest.fixture
def limited():
    """Call something with a handler for a signal that raises; the handler must be there after."""

    def call(function, error=TimeLimit, number=signal.SIGTERM):
        def handler(*_):
            raise error

        before = signal.signal(number, handler)
        try:
            return function()
        finally:
            assert signal.getsignal(number) is handler
            signal.signal(number, before)

    return call


# --- Alarms at random times -----------------------------------------------------------------------


def lorenz(t, y):
    return [10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]


def upward(t, y):
    return y[0]


def slope(theta):
    return 1e-9 * theta


def half_square(theta):
    return 0.5e-9 * float(theta @ theta)


def nested(t, y):
    return solve_ivp(lorenz, (0, 0.05), START).y[:, -1] - y


X = np.random.default_rng(0).normal(size=(40, 2))
START = np.array([1.0, 1.0, 1.0])

# All would go on for much longer than until the alarm.
CALLS = {
    "solve_ivp": lambda: solve_ivp(lorenz, (0, 1e9), START, max_steps=10_000),
    "events": lambda: solve_ivp(lorenz, (0, 1e9), START, events=upward, max_steps=5_000),
    "ensemble": lambda: ensemble(lorenz, (0, 0.2), np.tile(START, (1000, 1))),
    "minimize": lambda: minimize(
        slope, START, learning_rate=1.0, steps=20_000, fun=half_square, trajectory=True
    ),
    "train": lambda: train(
        models.least_squares(), (X, X[:, 0]), learning_rate=1e-9, epochs=10_000, batch_size=4
    ),
    "nested": lambda: solve_ivp(nested, (0, 1e9), START, "RK4", step=1.0, max_steps=100),
}  # fmt: skip


def outputs(result):
    """What of a result grows while it is made, as arrays whose last axis is that of time."""
    if hasattr(result, "trajectory"):
        return result.trajectory, result.loss
    if hasattr(result, "t_events"):
        return result.t, result.y, *(result.t_events or ())
    return (result.y[result.status == 0].T,) if hasattr(result, "status") else ()


def alarms(call, tries):
    """(how many of these alarms did not end the call, the results that were left)."""
    lost, left = 0, []
    for _ in range(tries):
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0003, 0.006))
            call()
            lost += 1
        except TimeLimit as error:
            left.append(getattr(error, "solution", None))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return lost, [result for result in left if result is not None]


@alarms_only
@pytest.mark.parametrize("tries", [60, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CALLS)
def test_no_alarm_is_lost_and_nothing_else_is_believed(limited, name, tries):
    """What was computed until the alarm is, to the last bit, what it is without one."""
    call = CALLS[name]
    whole = outputs(call())
    lost, left = limited(lambda: alarms(call, tries), number=signal.SIGALRM)
    assert lost == 0
    for result in left:
        for part, all_of_it in zip(outputs(result), whole, strict=True):
            if len(part):  # before the start there is nothing
                np.testing.assert_array_equal(part, all_of_it[..., : part.shape[-1]])


@alarms_only
def test_a_solve_in_a_thread_goes_on_while_the_main_thread_hears_the_alarm(limited):
    def solve():
        ends.append(solve_ivp(lorenz, (0, 5), START).y)

    ends, expected = [], solve_ivp(lorenz, (0, 5), START).y

    def wait():
        thread = threading.Thread(target=solve)
        thread.start()
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.003)
            threading.Event().wait()
        finally:
            thread.join()

    for _ in range(5):
        with pytest.raises(TimeLimit):
            limited(wait, number=signal.SIGALRM)
        np.testing.assert_array_equal(ends.pop(), expected)


def test_an_exception_that_is_sent_to_a_thread_ends_its_solve():
    """As the time limits of threads do."""
    send = ctypes.pythonapi.PyThreadState_SetAsyncExc
    for _ in range(30):
        ended, begun = [], threading.Event()

        def f(t, y):
            begun.set()  # noqa: B023
            return lorenz(t, y)

        def solve():
            try:
                ended.append(solve_ivp(f, (0, 1e9), START, max_steps=5_000))  # noqa: B023
            except TimeLimit as error:
                ended.append(error)  # noqa: B023

        thread = threading.Thread(target=solve)
        thread.start()
        begun.wait()
        send(ctypes.c_ulong(thread.ident), ctypes.py_object(TimeLimit))
        thread.join()
        assert isinstance(ended[0], TimeLimit)


# --- At every place -------------------------------------------------------------------------------


class Stop(BaseException):
    """Raised by a trace function at one instruction of a file of odelib's."""


def raising_at(place, call):
    """Call it and raise Stop at this instruction, of those that run in two files of odelib's.

    Returns whether it came to that, and what was returned.
    """
    seen, deleted, tracing = 0, [], sys.gettrace()

    def trace(frame, event, argument):
        nonlocal seen
        if not frame.f_code.co_filename.endswith(("rhs.py", "returned.py")) or frame in deleted:
            return None
        if event == "exception" and argument[0] is GeneratorExit:
            deleted.append(frame)  # no handler runs there
            return None
        frame.f_trace_opcodes = True
        seen += event == "opcode"  # at its other events Python handles no exception in the frame
        if event == "opcode" and seen == place:
            raise Stop
        return trace

    sys.settrace(trace)
    try:
        return False, call()
    except Stop:
        return True, None
    finally:
        sys.settrace(tracing)


@pytest.mark.parametrize(
    "call",
    [
        lambda: solve_ivp(lambda t, y: -y, (0, 1), [1.0], "Euler", step=0.5).y,
        lambda: (
            solve_ivp(
                lambda t, y: -y, (0, 1), [1.0], "Euler", step=1.0, events=lambda t, y: y[0] - 0.5
            ).y
        ),
        lambda: ensemble(lambda t, y: -y, (0, 1), np.ones((2, 1)), method="Euler", step=1.0).y,
        lambda: minimize(lambda theta: theta, [1.0], learning_rate=0.5, steps=2).theta,
    ],
    ids=["solve_ivp", "events", "ensemble", "minimize"],
)
def test_an_exception_at_any_instruction_reaches_the_caller(call):
    expected, place, came = call(), 0, True
    while came:
        place += 1
        came, result = raising_at(place, call)
    assert place > 100
    np.testing.assert_array_equal(result, expected)  # beyond the last instruction nothing came


def test_a_call_that_cannot_begin_is_not_believed(monkeypatch):
    """Where one more call is one too many, ctypes prints RecursionError and goes on."""
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)

    def f(t, y):
        return [y[1], -y[0]]

    def solve():
        return solve_ivp(f, (0, 1), [1.0, 0.0], "RK4", step=0.25).y

    def deep(levels):
        return solve() if levels == 0 else deep(levels - 1)

    expected, ends = solve(), set()
    frame, depth = sys._getframe(), 0
    while frame:
        frame, depth = frame.f_back, depth + 1
    for levels in range(sys.getrecursionlimit() - depth - 60, sys.getrecursionlimit() - depth):
        try:
            np.testing.assert_array_equal(deep(levels), expected)
            ends.add("solved")
        except (RecursionError, RuntimeError, ctypes.ArgumentError) as error:
            ends.add(type(error))
    assert {"solved", RecursionError} <= ends


# --- Whose exception it is ------------------------------------------------------------------------


def test_a_handlers_exception_ends_an_ensemble_and_one_of_f_ends_its_row(limited):
    def f(t, y, kind):
        if kind == 1 and t > 0.5:
            raise TimeoutError("my own")
        if kind == 2 and t > 0.5:
            signal.raise_signal(signal.SIGTERM)
        return -y

    def solve(kinds):
        return ensemble(f, (0, 1), np.ones((3, 1)), (np.array(kinds),), vary=0)

    sol = limited(lambda: solve([0, 1, 0]), TimeoutError)
    assert sol.status.tolist() == [0, -1, 0]
    assert "my own" in sol.messages[1]
    with pytest.raises(TimeoutError) as caught:
        limited(lambda: solve([0, 2, 0]), TimeoutError)
    assert caught.value.solution.status.tolist() == [0, -1, -1]


def test_a_handlers_exception_is_no_word_on_what_f_returned(limited):
    class Slow:
        def __array__(self, *_, **__):
            signal.raise_signal(signal.SIGTERM)

    class Late(ValueError):
        pass

    with pytest.raises(Late):
        limited(lambda: solve_ivp(lambda t, y: Slow(), (0, 1), [1.0]), Late)


def test_a_handler_that_f_or_a_handler_sets_stays():
    def mine(*_):
        return None

    def f(t, y):
        signal.signal(signal.SIGTERM, mine)
        return -y

    before = signal.getsignal(signal.SIGTERM)
    try:
        ensemble(f, (0, 1), np.ones((2, 1)))
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


@compiled_only
def test_a_time_limit_is_no_error_of_the_compiler(limited, monkeypatch):
    """Where numba fails a function is compiled in another form."""
    compile_it, compiled = compiling._compile, []

    def interrupted(*arguments):
        if not compiled:
            compiled.append(arguments)
            signal.raise_signal(signal.SIGTERM)
        return compile_it(*arguments)

    monkeypatch.setattr(compiling, "_compile", interrupted)
    nothing = 1e-300 * random.random()
    f = rhs(lambda t, y: (nothing - y[0],))
    with pytest.raises(TimeLimit):
        limited(lambda: solve_ivp(f, (0, 1), [1.0]))
    assert solve_ivp(f, (0, 1), [1.0]).success


@compiled_only
def test_a_time_limit_is_no_error_of_the_disk(limited, monkeypatch):
    """Code that cannot be read is compiled, and TimeoutError is an OSError."""
    seal = machine_code._seal

    def interrupted(content):
        signal.raise_signal(signal.SIGTERM)
        return seal(content)

    nothing = 1e-300 * random.random()
    f = rhs(lambda t, y: (nothing - y[0],))
    with monkeypatch.context() as patched:
        patched.setattr(machine_code, "_seal", interrupted)
        with pytest.raises(TimeoutError):
            limited(lambda: solve_ivp(f, (0, 1), [1.0]), TimeoutError)
    assert solve_ivp(f, (0, 1), [1.0]).success
