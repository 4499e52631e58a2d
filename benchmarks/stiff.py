"""Stiff problems: Radau and BDF of odelib and of SciPy, with the same compiled f and Jacobian.

Both run in turn at the same tolerances, rtol and atol = rtol/1000; errors are in units of the
tolerance, against Radau with rtol 1e-11. Each line: medians, their ratio, both errors, and both
numbers of calls of f.

    python benchmarks/stiff.py [--quick]
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import scipy.integrate

from odelib import rhs, solve_ivp

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from problems import (
    oregonator,
    oregonator_jac,
    robertson,
    robertson_jac,
    van_der_pol,
    van_der_pol_jac,
)


@rhs
def hires(t, y):
    """Eight species of a plant's physiology, with one fast pair."""
    product = 280 * y[5] * y[7]
    return (
        -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007,
        1.71 * y[0] - 8.75 * y[1],
        -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4],
        8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
        -1.745 * y[4] + 0.43 * (y[5] + y[6]),
        -product + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6],
        product - 1.81 * y[6],
        1.81 * y[6] - product,
    )


@rhs
def hires_jac(t, y):
    J = np.zeros((8, 8))
    J[0, 0], J[0, 1], J[0, 2] = -1.71, 0.43, 8.32
    J[1, 0], J[1, 1] = 1.71, -8.75
    J[2, 2], J[2, 3], J[2, 4] = -10.03, 0.43, 0.035
    J[3, 1], J[3, 2], J[3, 3] = 8.32, 1.71, -1.12
    J[4, 4], J[4, 5], J[4, 6] = -1.745, 0.43, 0.43
    J[5, 3], J[5, 4], J[5, 5], J[5, 6] = 0.69, 1.71, -280 * y[7] - 0.43, 0.69
    J[5, 7] = -280 * y[5]
    J[6, 5], J[6, 6], J[6, 7] = 280 * y[7], -1.81, 280 * y[5]
    J[7, 5], J[7, 6], J[7, 7] = -280 * y[7], 1.81, -280 * y[5]
    return J


PROBLEMS = {
    "Robertson": (robertson, robertson_jac, (), 1e5, [1.0, 0.0, 0.0]),
    "van der Pol 1000": (van_der_pol, van_der_pol_jac, (1000.0,), 2000.0, [2.0, 0.0]),
    "Oregonator": (oregonator, oregonator_jac, (), 360.0, [1.0, 2.0, 3.0]),
    "HIRES": (hires, hires_jac, (), 321.8122, [1.0, 0, 0, 0, 0, 0, 0, 0.0057]),
}


def as_scipy_takes_it(jac):
    return lambda t, y, *args: np.array(jac(t, y, *args))


def timed(solver, repeats, *args, **options):
    """(median of the seconds, the result)."""
    seconds = []
    for _ in range(repeats):
        before = time.perf_counter()
        sol = solver(*args, **options)
        seconds.append(time.perf_counter() - before)
    return statistics.median(seconds), sol


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one tolerance")
    tolerances = (1e-6,) if parser.parse_args().quick else (1e-4, 1e-6, 1e-8)
    print("problem            method  rtol   odelib µs  SciPy ms  ratio  errors         calls of f")
    for name, (f, jac, args, end, y0) in PROBLEMS.items():
        exact = solve_ivp(f, (0, end), y0, "Radau", args=args, jac=jac, rtol=1e-11, atol=1e-15)
        exact = exact.y[:, -1]
        for method in "Radau", "BDF":
            for rtol in tolerances:
                options = dict(method=method, args=args, rtol=rtol, atol=rtol / 1000)
                solve_ivp(f, (0, end), y0, jac=jac, **options)
                ours, mine = timed(solve_ivp, 21, f, (0, end), y0, jac=jac, **options)
                theirs, other = timed(
                    scipy.integrate.solve_ivp, 3, f, (0, end), y0, jac=as_scipy_takes_it(jac),
                    **options,
                )  # fmt: skip
                scale = rtol / 1000 + rtol * abs(exact)
                errors = [
                    np.sqrt(np.mean(((sol.y[:, -1] - exact) / scale) ** 2)) for sol in (mine, other)
                ]
                print(
                    f"{name:18} {method:6} {rtol:6.0e} {1e6 * ours:9.0f} {1e3 * theirs:9.1f} "
                    f"{theirs / ours:6.0f}  {errors[0]:6.2f} {errors[1]:6.2f}  "
                    f"{mine.nfev:6} {other.nfev:6}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
