"""Time to equal error: odelib and other solvers of initial value problems, side by side.

Each solver runs down a ladder of tolerances until its error at the end, against the solution known
to 16 digits, is below the target; its time at the target is interpolated (log–log) between the two
tolerances on either side. All solvers are timed in turn in one run; the table shows medians, and
their ratio to odelib's method of the same name and to odelib's quickest. Peers that are not
installed (requirements-peers.txt) are listed as missing.

numbakit-ode is not among them: it compiles for half a minute at each new tolerance.

    python benchmarks/against_peers.py [--quick]
"""

import functools
import importlib.util
import math
import statistics
import sys
import time
import warnings
from typing import Any, NamedTuple

import numba
import numpy as np
import scipy.integrate
from against_c import PLEIADES_START, lorenz, pleiades

from odelib import solve_ivp

QUICK = "--quick" in sys.argv
REPEATS = 3 if QUICK else 11
TARGETS = [1e-6] if QUICK else [1e-6, 1e-9]
LADDER = [10.0 ** (-k / 2) for k in range(6, 28)]
PIECE = 5e-3  # seconds that one measurement lasts at least: quick solves are repeated


class Problem(NamedTuple):
    """One problem in the words of each kind of solver."""

    name: str
    end: float
    start: np.ndarray
    exact: list  # the state at the end
    ours: Any  # odelib's right-hand side
    python: Any  # f(t, y) as one writes it in NumPy
    njit: Any  # f(t, y) compiled with numba, for SciPy
    xp: Any  # f(t, y, numpy-like module), for JAX


def lorenz_with(t, y, xp):
    a, b, c = y
    return xp.stack([10.0 * (b - a), a * (28.0 - c) - b, a * b - 8.0 / 3.0 * c])


def lorenz_python(t, y):
    a, b, c = y
    return 10.0 * (b - a), a * (28.0 - c) - b, a * b - 8.0 / 3.0 * c


def pleiades_with(t, y, xp):
    x, z = y[:7], y[7:14]
    dx, dz = x[None, :] - x[:, None], z[None, :] - z[:, None]
    distance = (dx**2 + dz**2 + xp.eye(7)) ** 1.5  # on the diagonal dx = dz = 0
    weights = xp.arange(1.0, 8.0) / distance
    return xp.concatenate([y[14:], (weights * dx).sum(1), (weights * dz).sum(1)])


@numba.njit
def pleiades_njit(t, y):
    dy = np.empty(28)
    pleiades(t, y, dy)
    return dy


# Lorenz: by Taylor series in numbers of 113 bits (tolerance 2e-34), confirmed in 150 bits.
LORENZ_END = [-5.857685382424090795, -5.831082486426097941, 23.93213298702756914]
# Pleiades: from the Test Set for IVP Solvers of the universities of Bari and Amsterdam.
PLEIADES_END = [
    0.3706139143970502, 3.237284092057233, -3.222559032418324, 0.6597091455775310,
    0.3425581707156584, 1.562172101400631, -0.7003092922212495, -3.943437585517392,
    -3.271380973972550, 5.225081843456543, -2.590612434977470, 1.198213693392275,
    -0.2429682344935824, 1.091449240428980, 3.417003806314313, 1.354584501625501,
    -2.590065597810775, 2.025053734714242, -1.155815100160448, -0.8072988170223021,
    0.5952396354208710, -3.741244961234010, 0.3773459685750630, 0.9386858869551073,
    0.3667922227200571, -0.3474046353808490, 2.344915448180937, -1.947020434263292,
]  # fmt: skip
PROBLEMS = [
    Problem("Lorenz", 10.0, np.array([1.0, 0.0, 0.0]), LORENZ_END,
            lorenz, lorenz_python, lorenz, lorenz_with),
    Problem("Pleiades", 3.0, PLEIADES_START, PLEIADES_END,
            pleiades, lambda t, y: pleiades_with(t, y, np), pleiades_njit, pleiades_with),
]  # fmt: skip


# --- Solvers: name -> a function of a tolerance that returns a function that solves ---------------


def odelib_solvers(problem):
    def prepared(method, tolerance):
        options = dict(t_eval=[problem.end], rtol=tolerance, atol=tolerance)
        span, y0 = (0.0, problem.end), problem.start
        return lambda: solve_ivp(problem.ours, span, y0, method, **options).y[:, -1]

    return {f"odelib {m}": functools.partial(prepared, m) for m in ("RK45", "Tsit5", "DOP853")}


def scipy_solvers(problem):
    def prepared(method, f, tolerance):
        span, y0 = (0.0, problem.end), problem.start
        options = dict(method=method, rtol=max(tolerance, 3e-14), atol=tolerance)
        return lambda: scipy.integrate.solve_ivp(f, span, y0, **options).y[:, -1]

    def odeint(tolerance):
        times, options = [0.0, problem.end], dict(rtol=tolerance, atol=tolerance, mxstep=10**6)
        f, y0 = problem.njit, problem.start
        return lambda: scipy.integrate.odeint(f, y0, times, tfirst=True, **options)[-1]

    solvers = {
        f"SciPy {method}, {kind} f": functools.partial(prepared, method, f)
        for method in ("RK45", "DOP853")
        for kind, f in (("Python", problem.python), ("njit", problem.njit))
    }
    return solvers | {"SciPy odeint, njit f": odeint}


def extensisq_solvers(problem):
    import extensisq

    def prepared(method, tolerance):
        span, y0 = (0.0, problem.end), problem.start
        options = dict(method=method, rtol=max(tolerance, 3e-14), atol=tolerance)
        return lambda: scipy.integrate.solve_ivp(problem.njit, span, y0, **options).y[:, -1]

    return {
        f"extensisq {name}, njit f": functools.partial(prepared, getattr(extensisq, name))
        for name in ("Ts5", "Pr8")
    }


def numbalsoda_solvers(problem):
    import numbalsoda

    n, inplace = len(problem.start), problem.name == "Pleiades"

    @numba.cfunc(numbalsoda.lsoda_sig)
    def address_of(t, u, du, p):
        y, dy = numba.carray(u, (n,)), numba.carray(du, (n,))
        if inplace:
            pleiades(t, y, dy)
        else:
            dy[0], dy[1], dy[2] = lorenz(t, y)

    def prepared(solver, tolerance):
        times, y0, address = np.array([0.0, problem.end]), problem.start, address_of.address
        data, steps = np.zeros(1), 10**6
        return lambda: solver(address, y0, times, data, tolerance, tolerance, steps)[0][-1]

    return {
        "numbalsoda dop853": functools.partial(prepared, numbalsoda.dop853),
        "numbalsoda lsoda": functools.partial(prepared, numbalsoda.lsoda),
    }


def diffrax_solvers(problem):
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    y0 = jax.numpy.asarray(problem.start)
    term = diffrax.ODETerm(lambda t, y, args: problem.xp(t, y, jax.numpy))

    def prepared(solver, tolerance):
        @jax.jit
        def solve(y0):
            return diffrax.diffeqsolve(
                term, solver, 0.0, problem.end, None, y0, max_steps=10**6, throw=False,
                saveat=diffrax.SaveAt(t1=True),
                stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
            ).ys[0]  # fmt: skip

        return lambda: np.asarray(solve(y0))

    methods = diffrax.Dopri5(), diffrax.Tsit5(), diffrax.Dopri8()
    return {f"diffrax {type(m).__name__}": functools.partial(prepared, m) for m in methods}


def heyoka_solvers(problem):
    import heyoka

    n = len(problem.start)
    y = heyoka.make_vars(*[f"y{i}" for i in range(n)])
    if problem.name == "Lorenz":
        slopes = lorenz_python(0.0, y)
    else:
        pull = []
        for first in (0, 7):
            for i in range(7):
                terms = []
                for j in range(7):
                    if j != i:
                        dx, dz = y[j] - y[i], y[7 + j] - y[7 + i]
                        d = y[first + j] - y[first + i]
                        terms.append((j + 1.0) * d * (dx**2 + dz**2) ** -1.5)
                pull.append(heyoka.sum(terms))
        slopes = [*y[14:], *pull]
    system = list(zip(y, slopes, strict=True))

    def prepared(tolerance):
        solver = heyoka.taylor_adaptive(system, problem.start, tol=tolerance)

        def solve():
            solver.time = 0.0
            solver.state[:] = problem.start
            solver.propagate_until(problem.end)
            return solver.state.copy()

        return solve

    return {"heyoka Taylor": prepared}


PEERS = {
    "extensisq": extensisq_solvers,
    "numbalsoda": numbalsoda_solvers,
    "diffrax": diffrax_solvers,
    "heyoka": heyoka_solvers,
}


# --- Measurement ----------------------------------------------------------------------------------


def brackets(make, exact):
    """Target -> ((solve, error), (solve, error)) on either side of it, where it is reached."""
    found, above = {}, None
    for tolerance in LADDER:
        solve = make(tolerance)
        error = float(np.abs(solve() - exact).max() / np.abs(exact).max())
        for target in TARGETS:
            if error <= target and target not in found:
                found[target] = (above or (solve, error), (solve, error))
        if len(found) == len(TARGETS):
            break
        above = (solve, error)
    return found


def seconds(solve):
    """Time of one solve; one that is quick is repeated."""
    start, repeats = time.perf_counter(), 0
    while time.perf_counter() - start < PIECE:
        solve()
        repeats += 1
    return (time.perf_counter() - start) / repeats


def interpolated(times, errors, target):
    """Time at the target, log–log between two measurements."""
    if errors[0] == errors[1]:
        return times[1]
    share = math.log(errors[0] / target) / math.log(errors[0] / errors[1])
    return times[0] * (times[1] / times[0]) ** share


def measure(problem):
    """Name of the solver -> {target: median time}."""
    exact = np.array(problem.exact)
    solvers = odelib_solvers(problem) | scipy_solvers(problem)
    for peer, make_solvers in PEERS.items():
        if importlib.util.find_spec(peer):
            solvers |= make_solvers(problem)
    found = {name: brackets(make, exact) for name, make in solvers.items()}
    times = {name: {target: [] for target in pairs} for name, pairs in found.items()}
    for _ in range(REPEATS):
        for name, pairs in found.items():
            for target, pair in pairs.items():
                spent = [seconds(solve) for solve, _ in pair]
                times[name][target].append(interpolated(spent, [e for _, e in pair], target))
    return {
        name: {target: statistics.median(spent) for target, spent in by_target.items()}
        for name, by_target in times.items()
    }


SAME = {"RK45": "RK45", "Dopri5": "RK45", "Tsit5": "Tsit5", "Ts5": "Tsit5",
        "DOP853": "DOP853", "dop853": "DOP853", "Dopri8": "DOP853"}  # fmt: skip


def main():
    warnings.simplefilter("ignore")
    missing = [peer for peer in PEERS if not importlib.util.find_spec(peer)]
    print("Not installed:", ", ".join(missing) or "none")
    for problem in PROBLEMS:
        medians = measure(problem)
        for target in TARGETS:
            reached = {name: times[target] for name, times in medians.items() if target in times}
            best = min(t for name, t in reached.items() if name.startswith("odelib"))
            print(f"\n{problem.name}, error {target:.0e} of the largest component at the end\n")
            print("| solver | ms | / odelib's same method | / odelib's quickest |")
            print("|---|---:|---:|---:|")
            for name in medians:
                if name not in reached:
                    print(f"| {name} | not reached | | |")
                    continue
                same = SAME.get(name.split()[1].rstrip(","))
                twin = reached.get(f"odelib {same}")
                ratio = f"{reached[name] / twin:.2f}" if twin else ""
                print(f"| {name} | {reached[name] * 1e3:.3f} | {ratio} "
                      f"| {reached[name] / best:.2f} |")  # fmt: skip


if __name__ == "__main__":
    main()
