"""Many Lorenz trajectories: what threads gain, and diffrax's vmap beside it.

The gain from threads is compared with that of a control, pure arithmetic in registers in as many
threads, measured in turn with it: a busy machine slows both. Medians.

    python benchmarks/ensembles.py [--quick]
"""

import importlib.util
import statistics
import sys
import threading
import time

import numba
import numpy as np

from odelib import ensemble, rhs

QUICK = "--quick" in sys.argv
N = 10_000 if QUICK else 100_000
REPEATS = 3 if QUICK else 7
THREADS = 2
TOLERANCE = 1e-6
STARTS = np.random.default_rng(0).normal(size=(N, 3)) + [0.0, 0.0, 20.0]
ARITHMETIC = 200_000_000 * N // 100_000  # about as long as the ensemble


@rhs
def lorenz(t, y):
    return 10.0 * (y[1] - y[0]), y[0] * (28.0 - y[2]) - y[1], y[0] * y[1] - 8.0 / 3.0 * y[2]


@numba.njit(nogil=True)
def arithmetic(count):
    x = 0.3
    for _ in range(count):
        x = 3.9 * x * (1.0 - x)
    return x


def control(threads):
    workers = [
        threading.Thread(target=arithmetic, args=(ARITHMETIC // threads,)) for _ in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def ours(threads):
    return ensemble(lorenz, (0, 1), STARTS, rtol=TOLERANCE, atol=TOLERANCE, threads=threads).y


def diffrax_vmap():
    """The same trajectories by diffrax: Dopri5, vmap, jit; a function without arguments."""
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)

    def slope(t, y, args):
        a, b, c = y
        return jax.numpy.stack([10.0 * (b - a), a * (28.0 - c) - b, a * b - 8.0 / 3.0 * c])

    term, controller = diffrax.ODETerm(slope), diffrax.PIDController(rtol=TOLERANCE, atol=TOLERANCE)

    def end(y0):
        return diffrax.diffeqsolve(
            term, diffrax.Dopri5(), 0.0, 1.0, None, y0, max_steps=10**5,
            saveat=diffrax.SaveAt(t1=True), stepsize_controller=controller,
        ).ys[0]  # fmt: skip

    solve, starts = jax.jit(jax.vmap(end)), jax.numpy.asarray(STARTS)
    return lambda: np.asarray(solve(starts))


def seconds(call, *args):
    start = time.perf_counter()
    call(*args)
    return time.perf_counter() - start


def main():
    rows = {
        ("control", 1): lambda: control(1),
        ("control", THREADS): lambda: control(THREADS),
        ("odelib", 1): lambda: ours(1),
        ("odelib", THREADS): lambda: ours(THREADS),
    }
    if importlib.util.find_spec("diffrax"):
        rows["diffrax, vmap", "all"] = solve = diffrax_vmap()
        np.testing.assert_allclose(solve(), ours(1), rtol=0, atol=1e-3)
    else:
        print("Not installed: diffrax")
    np.testing.assert_array_equal(ours(1), ours(THREADS))
    times = {row: [] for row in rows}
    arithmetic(10)
    for _ in range(REPEATS):
        for row, call in rows.items():
            times[row].append(seconds(call))
    medians = {row: statistics.median(spent) for row, spent in times.items()}
    print(f"\n{N} Lorenz trajectories over (0, 1), rtol = atol = {TOLERANCE:g}\n")
    print("| | threads | s | µs a trajectory | gain |")
    print("|---|---:|---:|---:|---:|")
    for (name, threads), median in medians.items():
        gain = medians[name, 1] / median if threads == THREADS else 1.0
        each = "" if name == "control" else f"{median / N * 1e6:.2f}"
        print(f"| {name} | {threads} | {median:.3f} | {each} | {gain:.2f} |")
    gains = [medians[name, 1] / medians[name, THREADS] for name in ("odelib", "control")]
    print(f"\nGain of odelib / gain of the control: {gains[0] / gains[1]:.2f}")
    if ("diffrax, vmap", "all") in medians:
        print(
            f"diffrax / odelib: {medians['diffrax, vmap', 'all'] / medians['odelib', THREADS]:.2f}"
        )


if __name__ == "__main__":
    main()
