"""What one call costs, what compiles, how soon Ctrl-C is heard, how near memory's bandwidth it is.

python benchmarks/calls.py [--quick]
"""

import ctypes
import functools
import gc
import random
import signal
import statistics
import sys
import threading
import time

import numba
import numpy as np
import scipy.integrate

from odelib import ensemble, rhs, solve_ivp
from odelib.pointers import machine_code

QUICK = "--quick" in sys.argv
REPEATS = 5 if QUICK else 21
LARGE = 10**6 if QUICK else 10**7
STEPS = 10
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


@rhs
def circle(t, y):
    return y[1], -y[0]


def never_seen():
    """A right-hand side that no process has compiled before."""
    nothing = 1e-300 * time.time_ns()

    @rhs
    def driven(t, y, rate, table, count):
        return (-rate * y[0] + table[1] + count + nothing,)

    return driven


@rhs
def costly(t, y):
    x = 0.3
    for _ in range(2_000_000):
        x = 3.9 * x * (1.0 - x)
    return y[1] + 0.0 * x, -y[0]


@rhs(inplace=True, boundscheck=False)
def decay(t, y, dy):
    for j in range(len(y)):
        dy[j] = -y[j]


@numba.njit(error_model="numpy")
def triad(a, b, c):
    for j in range(len(a)):
        a[j] = b[j] + 0.5 * c[j]


def in_turn(calls, repeats, piece=0.0):
    """Median seconds of each of these calls, taken in turn, repeated for `piece` seconds a turn."""
    times = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            gc.collect()  # what one leaves behind is not for the next to clear away
            start, count = time.perf_counter(), 0
            while count == 0 or time.perf_counter() - start < piece:
                call()
                count += 1
            times[name].append((time.perf_counter() - start) / count)
    return {name: statistics.median(spent) for name, spent in times.items()}


def one_call():
    """One solve of 2 components in 10 steps."""
    span, y0 = (0.0, 1.0), np.array([1.0, 0.0])
    python = lambda t, y: (y[1], -y[0])  # noqa: E731
    adaptive = dict(rtol=6e-8, atol=2e-9)
    sol = solve_ivp(circle, span, y0, **adaptive)
    calls = {
        "odelib RK4, step=0.1": lambda: solve_ivp(circle, span, y0, "RK4", step=0.1),
        f"odelib RK45, {sol.steps} steps": lambda: solve_ivp(circle, span, y0, **adaptive),
        "SciPy RK45, njit f": lambda: scipy.integrate.solve_ivp(circle, span, y0, **adaptive),
        "SciPy RK45, Python f": lambda: scipy.integrate.solve_ivp(python, span, y0, **adaptive),
    }
    for call in calls.values():
        call()
    print("| one call, 2 components | µs | / odelib RK4 |")
    print("|---|---:|---:|")
    medians = in_turn(calls, REPEATS, piece=0.05)
    for name, median in medians.items():
        print(f"| {name} | {median * 1e6:.1f} | {median / medians['odelib RK4, step=0.1']:.1f} |")


def compilations(call):
    """How many C functions odelib compiles during a call; those found on the disk do not count."""
    compile_c, count = machine_code.compile_c, 0

    def counted(*args):
        nonlocal count
        count += 1
        return compile_c(*args)

    machine_code.compile_c = counted
    call()
    machine_code.compile_c = compile_c
    return count


def new_values():
    """What is compiled when a right-hand side meets new values."""
    driven = never_seen()

    def solve(rate, table, count):
        solve_ivp(driven, (0, 1), [1.0], args=(rate, table, count))

    print("\n| what is new | functions compiled |")
    print("|---|---:|")
    cases = {
        "the function": (1.0, np.zeros(2), 1),
        "numbers": (2.5, np.zeros(2), 7),
        "an array of another length": (2.5, np.zeros(100), 7),
        "the kind of an argument": (2.5, np.zeros(2), 7.0),
    }
    for name, args in cases.items():
        print(f"| {name} | {compilations(lambda args=args: solve(*args))} |")


def large_step():
    """RK4 at n = 1e7: the bytes that one step must move, against what a triad reaches."""
    if sys.platform == "linux":  # keep freed memory: a page's first use takes longer than all else
        libc, at_most = ctypes.CDLL(None), 2**31 - 1
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, at_most)
    y0, a, b, c = np.ones(LARGE), np.zeros(LARGE), np.ones(LARGE), np.ones(LARGE)
    solve_ivp(decay, (0, 1), y0[:2], "RK4", step=0.5, t_eval=[1.0])
    triad(a[:2], b[:2], c[:2])

    def run(steps):
        end = 0.1 * steps
        return solve_ivp(decay, (0, end), y0, "RK4", step=0.1, t_eval=[end])

    medians = in_turn(
        {"short": lambda: run(2), "long": lambda: run(2 + STEPS), "triad": lambda: triad(a, b, c)},
        3 if QUICK else 7,
    )  # fmt: skip
    # Arrays that the method reads and writes: f four times (2 each), the arguments of stages 2 to
    # 4 (y, one K, the result: 3 each), the new y (y, four K, the result: 6).
    arrays = 4 * 2 + 3 * 3 + 6
    step = (medians["long"] - medians["short"]) / STEPS
    triads = 8 * LARGE * 3 / medians["triad"]
    rate = 8 * LARGE * arrays / step
    print(f"\nRK4 at n = {LARGE:.0e}: {step * 1e3:.1f} ms a step for {arrays} arrays")
    print(f"{rate / 1e9:.1f} GB/s, triad {triads / 1e9:.1f} GB/s: {rate / triads:.2f}")


def heard_after(solve):
    """Seconds from Ctrl-C, sent at a random moment, to the exception that it makes."""
    solve(max_steps=3)  # compiles
    sent = []

    def send():
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    threading.Timer(random.uniform(0.2, 0.4), send).start()
    try:
        solve()
    except KeyboardInterrupt:
        return time.perf_counter() - sent[0]
    raise RuntimeError("the solve was over too soon")


def interrupts():
    """Ctrl-C in a compiled solve, in one with a Python function, in large ones, in an ensemble."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
    python = lambda t, y: (y[1], -y[0])  # noqa: E731
    small, large, end = np.array([1.0, 0.0]), np.ones(LARGE // 10), 1e9
    solve = functools.partial(solve_ivp, t_span=(0.0, end))
    last = dict(t_eval=[end])
    calls = {
        "compiled": functools.partial(solve, circle, y0=small, **last),
        "Python f": functools.partial(solve, python, y0=small, **last),
        "every step kept": functools.partial(solve, circle, y0=small, max_step=1e-3),
        "f of some milliseconds": functools.partial(solve, costly, y0=small, max_step=1e-3, **last),
        f"RK4, n = {len(large):.0e}": functools.partial(
            solve, decay, y0=large, method="RK4", step=1e-3, **last
        ),
        f"RK45, n = {len(large):.0e}": functools.partial(
            solve, decay, y0=large, max_step=1e-3, **last
        ),
        "ensemble": functools.partial(
            ensemble, circle, t_span=(0.0, end), y0s=np.tile(small, (99, 1))
        ),
        "ensemble, f of some milliseconds": functools.partial(
            ensemble, costly, t_span=(0.0, end), y0s=np.tile(small, (99, 1)), max_step=1e-3
        ),
    }
    print("\n| Ctrl-C in | longest, ms | median, ms |")
    print("|---|---:|---:|")
    for name, call in calls.items():
        spent = [1e3 * heard_after(call) for _ in range(3 if QUICK else 20)]
        print(f"| {name} | {max(spent):.0f} | {statistics.median(spent):.0f} |")


def main():
    one_call()
    new_values()
    interrupts()
    large_step()


if __name__ == "__main__":
    main()
