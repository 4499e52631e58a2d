"""odelib's loop against C: the same algorithm, the same steps, f called through a pointer.

The C program is made here from the same tableaus, with every coefficient written out, and compiled
with gcc -O3 -march=native. Both solve the same problem to the same number of steps, so many that
the call itself (calls.py) hardly counts, with a right-hand side that checks no index; the two are
timed in turn, and the table shows medians and the ratio of the medians.

    python benchmarks/against_c.py
"""

import ctypes
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from odelib import METHODS, rhs, solve_ivp

REPEATS = 25
TOLERANCE = 1e-9  # of the adaptive solves

C_PROBLEMS = """
#include <math.h>
#include <stdint.h>
typedef int32_t (*rhs_t)(double, const double *, int64_t *, double *);

int32_t lorenz(double t, const double *y, int64_t *n, double *d) {
    d[0] = 10.0 * (y[1] - y[0]);
    d[1] = y[0] * (28.0 - y[2]) - y[1];
    d[2] = y[0] * y[1] - 8.0 / 3.0 * y[2];
    return 0;
}
int32_t pleiades(double t, const double *y, int64_t *n, double *d) {
    for (int i = 0; i < 14; i++) { d[i] = y[14 + i]; d[14 + i] = 0.0; }
    for (int i = 0; i < 7; i++) for (int j = i + 1; j < 7; j++) {
        double dx = y[j] - y[i], dz = y[7 + j] - y[7 + i], r2 = dx * dx + dz * dz;
        double w = 1.0 / (r2 * sqrt(r2));
        d[14 + i] += (j + 1) * w * dx; d[21 + i] += (j + 1) * w * dz;
        d[14 + j] -= (i + 1) * w * dx; d[21 + j] -= (i + 1) * w * dz;
    }
    return 0;
}
int32_t heat(double t, const double *y, int64_t *n, double *d) {
    int64_t m = n[0];
    d[0] = y[1] - 2.0 * y[0];
    for (int64_t i = 1; i < m - 1; i++) d[i] = y[i - 1] - 2.0 * y[i] + y[i + 1];
    d[m - 1] = y[m - 2] - 2.0 * y[m - 1];
    return 0;
}
"""

C_FIXED = """
void NAME(rhs_t f, int64_t n, int64_t steps, double h, double *y, double *K, double *u) {
    for (int64_t s = 0; s < steps; s++) {
        double t = s * h;
        f(t, y, &n, K);
STAGES
        for (int64_t j = 0; j < n; j++) y[j] += h * (FINAL);
    }
}
"""

C_ADAPTIVE = """
int64_t NAME(rhs_t f, int64_t n, double t, double t_end, double h, double rtol, double atol,
          double *y, double *K, double *u) {
    int64_t tried = 0;
    double safety = 0.9 * pow(n, 0.1);  // for a sum over the components, not a mean
    f(t, y, &n, K);
    while (t < t_end) {
        if (t + h > t_end) h = t_end - t;
        tried++;
STAGES
        double norm = 0.0;  // the square of the error's, times n
        for (int64_t j = 0; j < n; j++) {
            double scale = atol + rtol * fmax(fabs(y[j]), fabs(u[j]));
            double e = h * (ERROR) / scale;
            norm += e * e;
        }
        if (norm < n) {
            t += h;
            for (int64_t j = 0; j < n; j++) { y[j] = u[j]; K[j] = K[LAST * n + j]; }
            h *= norm == 0.0 ? 10.0 : fmin(10.0, safety * pow(norm, -0.1));
        } else h *= fmax(0.2, safety * pow(norm, -0.1));
    }
    return tried;
}
"""


def combination(weights):
    """A sum of stages in C, each weight to the last bit."""
    terms = [f"{float(w).hex()} * K[{i} * n + j]" for i, w in enumerate(weights) if w]
    return " + ".join(terms)


def c_method(name, template):
    """The C function of a method."""
    tab = METHODS[name]
    stages = "\n".join(
        f"        for (int64_t j = 0; j < n; j++) u[j] = y[j] + h * ({combination(tab.A[i])});\n"
        f"        f(t + {float(tab.c[i]).hex()} * h, u, &n, K + {i} * n);"
        for i in range(1, len(tab.b))
    )
    text = template.replace("NAME", name).replace("STAGES", stages)
    text = text.replace("FINAL", combination(tab.b)).replace("ERROR", combination(tab.e))
    return text.replace("LAST", str(len(tab.b) - 1))


def compile_c(folder):
    source = C_PROBLEMS + c_method("RK4", C_FIXED) + c_method("RK45", C_ADAPTIVE)
    (folder / "reference.c").write_text(source)
    flags = ["-O3", "-march=native", "-shared", "-fPIC", "-lm"]
    subprocess.run(
        ["gcc", str(folder / "reference.c"), "-o", str(folder / "reference.so"), *flags], check=True
    )
    library = ctypes.CDLL(str(folder / "reference.so"))
    library.RK45.restype = ctypes.c_int64
    return library


@rhs(boundscheck=False)
def lorenz(t, y):
    return 10.0 * (y[1] - y[0]), y[0] * (28.0 - y[2]) - y[1], y[0] * y[1] - 8.0 / 3.0 * y[2]


@rhs(inplace=True, boundscheck=False)
def pleiades(t, y, dy):
    for i in range(14):
        dy[i], dy[14 + i] = y[14 + i], 0.0
    for i in range(7):
        for j in range(i + 1, 7):  # each pair once
            dx, dz = y[j] - y[i], y[7 + j] - y[7 + i]
            r2 = dx * dx + dz * dz
            w = 1.0 / (r2 * np.sqrt(r2))
            dy[14 + i] += (j + 1) * w * dx
            dy[21 + i] += (j + 1) * w * dz
            dy[14 + j] -= (i + 1) * w * dx
            dy[21 + j] -= (i + 1) * w * dz


@rhs(inplace=True, boundscheck=False)
def heat(t, y, dy):
    n = len(y)
    dy[0] = y[1] - 2.0 * y[0]
    for i in range(1, n - 1):
        dy[i] = y[i - 1] - 2.0 * y[i] + y[i + 1]
    dy[n - 1] = y[n - 2] - 2.0 * y[n - 1]


PLEIADES_START = np.array(
    [3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4]
    + [0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0],
    dtype=float,
)
# name, f, start, end, step of RK4
PROBLEMS = [
    ("lorenz", lorenz, np.array([1.0, 1.0, 1.0]), 200.0, 1e-3),
    ("pleiades", pleiades, PLEIADES_START, 3.0, 1e-4),
    ("heat", heat, np.sin(np.linspace(0, 3, 1000)), 200.0, 0.1),
]


def in_turn(first, second):
    """Median times of two calls, taken in turn."""
    times = [], []
    for _ in range(REPEATS):
        for call, spent in zip((first, second), times, strict=True):
            start = time.perf_counter()
            call()
            spent.append(time.perf_counter() - start)
    return [statistics.median(spent) for spent in times]


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def main():
    with tempfile.TemporaryDirectory() as folder:
        library = compile_c(Path(folder))
        print("| method | problem | steps | odelib, ms | C, ms | odelib / C |")
        print("|---|---|---:|---:|---:|---:|")
        for name, f, start, end, step in PROBLEMS:
            n = len(start)
            steps, end_only = round(end / step), [end]
            address = getattr(library, name)
            y, K, u = start.copy(), np.zeros(7 * n), np.zeros(n)

            def c_fixed(n=n, steps=steps, step=step, address=address, y=y, K=K, u=u, start=start):
                y[:] = start
                sizes = ctypes.c_int64(n), ctypes.c_int64(steps), ctypes.c_double(step)
                library.RK4(address, *sizes, pointer(y), pointer(K), pointer(u))

            def c_adaptive(n=n, end=end, address=address, y=y, K=K, u=u, start=start):
                y[:] = start
                numbers = [ctypes.c_double(x) for x in (0.0, end, 1e-3, TOLERANCE, TOLERANCE)]
                return library.RK45(
                    address, ctypes.c_int64(n), *numbers, pointer(y), pointer(K), pointer(u)
                )

            def ours_fixed(f=f, end=end, start=start, step=step, end_only=end_only):
                return solve_ivp(f, (0, end), start, "RK4", t_eval=end_only, step=step)

            def ours_adaptive(f=f, end=end, start=start, end_only=end_only):
                options = dict(rtol=TOLERANCE, atol=TOLERANCE, first_step=1e-3)
                return solve_ivp(f, (0, end), start, "RK45", t_eval=end_only, **options)

            sol = ours_fixed()
            c_fixed()
            if name != "lorenz":  # chaotic: the last bits decide
                np.testing.assert_allclose(sol.y[:, -1], y, rtol=1e-6, atol=1e-9)
            ours, theirs = in_turn(ours_fixed, c_fixed)
            print(f"| RK4 | {name} | {steps} | {ours * 1e3:.2f} | {theirs * 1e3:.2f} "
                  f"| {ours / theirs:.2f} |")  # fmt: skip
            sol, tried = ours_adaptive(), c_adaptive()
            ours, theirs = in_turn(ours_adaptive, c_adaptive)
            per_step = (ours / (sol.steps + sol.rejected)) / (theirs / tried)
            print(f"| RK45 | {name} | {sol.steps + sol.rejected} / {tried} | {ours * 1e3:.2f} "
                  f"| {theirs * 1e3:.2f} | {per_step:.2f} a step |")  # fmt: skip


if __name__ == "__main__":
    main()
