"""Time to the first answer in a fresh process: import and one solve of a function never seen.

Each row starts new processes in turn and shows medians in seconds. odelib's kernels are on the disk
(one process runs before the timing starts); a new right-hand side has another constant each time.

    python benchmarks/cold_start.py
"""

import os
import statistics
import subprocess
import sys
import time

REPEATS = 7
SOLVE = "solve_ivp({f}, (0, 1), [1.0], args=({k},), rtol=1e-8, atol=1e-8)"
PROGRAMS = {
    "import numpy": "import numpy",
    "import numba": "import numba",
    "import odelib": "import odelib",
    "SciPy": "from scipy.integrate import solve_ivp\n"
    "def f(t, y, k): return (-k * y[0],)\n" + SOLVE.format(f="f", k=2.0),
    "odelib, Python f": "from odelib import solve_ivp\n"
    "def f(t, y, k): return (-k * y[0],)\n" + SOLVE.format(f="f", k=2.0),
    "odelib, compiled f, unchanged": "from odelib import rhs, solve_ivp\n"
    "@rhs\ndef f(t, y, k): return (-k * y[0],)\n" + SOLVE.format(f="f", k=2.0),
    "odelib, compiled f, new": "import random\nfrom odelib import rhs, solve_ivp\n"
    "c = random.random()\n"
    "@rhs\ndef f(t, y, k): return (-k * y[0] * c,)\n" + SOLVE.format(f="f", k=2.0),
}


# Python keeps the bytecode of modules, as it does unless it was told not to.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def seconds(program):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=ENVIRONMENT)
    return time.perf_counter() - start


def main():
    for program in PROGRAMS.values():
        seconds(program)
    times = {name: [] for name in PROGRAMS}
    for _ in range(REPEATS):
        for name, program in PROGRAMS.items():
            times[name].append(seconds(program))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print("| fresh process | median, s | / SciPy | / import numba |")
    print("|---|---:|---:|---:|")
    for name, median in medians.items():
        ratios = [f"{median / medians[other]:.2f}" for other in ("SciPy", "import numba")]
        print(f"| {name} | {median:.2f} | {' | '.join(ratios)} |")


if __name__ == "__main__":
    main()
