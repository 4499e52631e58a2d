"""Does a PI controller of the step size spend fewer evaluations than the integral one?

Both are run with the same tableau, limits and safety factor, in a loop of their own (odelib has the
integral controller only). Each entry: evaluations, rejected steps, error at the end.

    python benchmarks/step_control.py

References
----------
Hairer, Wanner, *Solving Ordinary Differential Equations II*, 2nd ed., Springer 1996,
doi:10.1007/978-3-642-05221-7, section IV.2 (PI step size control; DOPRI5 has β = 0.04, which is
0.2 q with q = 1/5).
"""

import math

import numba
import numpy as np

from odelib import METHODS

SAFETY, SMALLEST, LARGEST = 0.9, 0.2, 10.0
# The weight of the last error, over the exponent of this one; 0: the integral controller.
WEIGHTS = (0.0, 0.1, 0.2, 0.4)


@numba.njit
def lorenz(t, y):
    return np.array([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


@numba.njit
def arenstorf(t, y):
    mu = 0.012277471
    near = ((y[0] + mu) ** 2 + y[1] ** 2) ** 1.5
    far = ((y[0] - 1 + mu) ** 2 + y[1] ** 2) ** 1.5
    pull = (1 - mu) / near, mu / far
    ax = y[0] + 2 * y[3] - pull[0] * (y[0] + mu) - pull[1] * (y[0] - 1 + mu)
    return np.array([y[2], y[3], ax, y[1] - 2 * y[2] - (pull[0] + pull[1]) * y[1]])


@numba.njit
def van_der_pol(t, y):
    return np.array([y[1], 10 * (1 - y[0] ** 2) * y[1] - y[0]])


@numba.njit
def fast_decay(t, y):
    return np.array([-50 * (y[0] - np.cos(t))])


@numba.njit
def kepler(t, y):
    r3 = (y[0] ** 2 + y[1] ** 2) ** 1.5
    return np.array([y[2], y[3], -y[0] / r3, -y[1] / r3])


PROBLEMS = {
    "Lorenz": (lorenz, 10.0, [1.0, 1.0, 1.0]),
    "Arenstorf": (arenstorf, 17.065216560157962, [0.994, 0, 0, -2.001585106379082]),
    "van der Pol, μ = 10": (van_der_pol, 40.0, [2.0, 0.0]),
    "decay, λ = −50": (fast_decay, 10.0, [0.0]),
    "Kepler, e = 0.9": (kepler, 20.0, [0.1, 0, 0, math.sqrt(19)]),
}


@numba.njit
def solve(f, t_end, y, A, b, c, e, e_low, exponent, beta, tolerance):
    """(state at the end, evaluations, rejected steps) of an adaptive method without reuse."""
    s, n, t, h = len(b), len(y), 0.0, 1e-4
    K, previous, retrying, tried, rejected = np.zeros((s, n)), 1e-4, False, 0, 0
    while t < t_end:
        h = min(h, t_end - t)
        for i in range(s):
            at = y.copy()
            for k in range(i):
                at += h * A[i, k] * K[k]
            K[i] = f(t + c[i] * h, at)
        tried += 1
        y_new, error, low = y.copy(), np.zeros(n), np.zeros(n)
        for k in range(s):
            y_new += h * b[k] * K[k]
            error += h * e[k] * K[k]
            low += h * e_low[k] * K[k]
        scale = tolerance + tolerance * np.maximum(np.abs(y), np.abs(y_new))
        norm = np.sqrt(np.mean((error / scale) ** 2))
        norm_low = np.sqrt(np.mean((low / scale) ** 2))
        if norm_low > 0:
            norm = norm * norm / np.sqrt(norm * norm + 0.01 * norm_low * norm_low)
        norm = max(norm, 1e-10)
        if norm < 1:
            factor = SAFETY * norm ** -(exponent - 0.75 * beta) * previous**beta
            factor = min(max(factor, SMALLEST), 1.0 if retrying else LARGEST)
            t, y, previous, retrying = t + h, y_new, max(norm, 1e-4), False
        else:
            factor, retrying = max(SMALLEST, SAFETY * norm**-exponent), True
            rejected += 1
        h *= factor
    return y, tried * s, rejected


def main():
    heads = ["integral", *(f"PI, {weight} q" for weight in WEIGHTS[1:])]
    print(f"| method | problem | tolerance | {' | '.join(heads)} |")
    print("|---|---|---|" + "---|" * len(heads))
    totals = np.zeros(len(WEIGHTS))
    for name in "RK45", "Tsit5", "DOP853":
        tab = METHODS[name]
        numbers = [np.array(part) for part in (tab.A, tab.b, tab.c, tab.e, tab.e_low)]
        for problem, (f, t_end, start) in PROBLEMS.items():
            start = np.array(start, dtype=float)
            exact = solve(f, t_end, start, *numbers, tab.error_exponent, 0.0, 1e-13)[0]
            for tolerance in 1e-5, 1e-8:
                entries, spent = [], []
                for weight in WEIGHTS:
                    beta = weight * tab.error_exponent
                    y, evaluations, rejected = solve(
                        f, t_end, start, *numbers, tab.error_exponent, beta, tolerance
                    )
                    error = np.linalg.norm(y - exact)
                    entries.append(f"{evaluations} ({rejected}) {error:.0e}")
                    spent.append(evaluations)
                totals += np.log(np.divide(spent, spent[0]))
                print(f"| {name} | {problem} | {tolerance:.0e} | {' | '.join(entries)} |")
    ratios = np.exp(totals / (3 * 2 * len(PROBLEMS)))
    print("\nEvaluations against the integral controller, geometric mean:", ratios.round(3))


if __name__ == "__main__":
    main()
