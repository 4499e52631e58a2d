"""A right-hand side written in C, one compiled by numba and one in Python: the same bits.

The arithmetic of all three is IEEE 754's, operation by operation: the C compiler is told not to
contract a product and a sum into one operation, which numba does not do.
"""

import ctypes
import importlib
import shutil
import subprocess
from itertools import product

import numba
import numpy as np
import pytest

import problems
from conftest import LONG
from odelib import METHODS, rhs, solve_ivp
from odelib.methods import RUNGE_KUTTA, SYMPLECTIC
from problems import LORENZ

COMPILER = shutil.which("gcc") or shutil.which("cc")
pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="NO C COMPILER: the C ABI is not compared with C"),
    pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="compares compiled code"),
]

SOURCE = """
#include <stdint.h>
#include <string.h>

/* ctx: number of components of y, of dy, then args: numbers by value, arrays by address, shape. */
static double number(const int64_t *word) { double value; memcpy(&value, word, 8); return value; }

int32_t lorenz(double t, const double *y, int64_t *ctx, double *dy)
{
    double sigma = number(ctx + 2), rho = number(ctx + 3), beta = number(ctx + 4);
    dy[0] = sigma * (y[1] - y[0]);
    dy[1] = y[0] * (rho - y[2]) - y[1];
    dy[2] = y[0] * y[1] - beta * y[2];
    return 0;
}

int32_t heat(double t, const double *y, int64_t *ctx, double *dy)
{
    int64_t n = ctx[0];
    const double *source = (const double *)ctx[2];
    double rate = number(ctx + 4);
    for (int64_t i = 0; i < n; i++) {
        double left = i > 0 ? y[i - 1] : 0.0, right = i < n - 1 ? y[i + 1] : 0.0;
        dy[i] = rate * (left - 2.0 * y[i] + right) + source[i] * t;
    }
    return 0;
}

int32_t one(double t, const double *y, int64_t *ctx, double *dy)
{
    for (int64_t i = 0; i < ctx[1]; i++) dy[i] = 1.0;
    return 0;
}
"""


lorenz = getattr(problems.lorenz, "py_func", problems.lorenz)


def heat(t, y, source, rate):
    n = len(y)
    dy = np.empty(n)
    for i in range(n):
        left = y[i - 1] if i > 0 else 0.0
        right = y[i + 1] if i < n - 1 else 0.0
        dy[i] = rate * (left - 2.0 * y[i] + right) + source[i] * t
    return dy


PROBLEMS = {
    lorenz: ([1.0, 2.0, 3.0], LORENZ),
    heat: (np.sin(np.arange(34.0)), (np.cos(np.arange(34.0)), 7.3)),
}
COMPILED = {f: rhs(f) for f in PROBLEMS}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The C functions, compiled as any C code would be."""
    folder = tmp_path_factory.mktemp("c")
    (folder / "rhs.c").write_text(SOURCE, encoding="utf-8")
    subprocess.run(
        [COMPILER, "-O2", "-ffp-contract=off", "-shared", "-fPIC", "-o", "rhs.so", "rhs.c"],
        cwd=folder,
        check=True,
        timeout=LONG,
    )
    return ctypes.CDLL(str(folder / "rhs.so"))


@pytest.fixture
def solve_in_c(library, monkeypatch):
    """Solve with the address of the C function where the compiled function's would stand."""
    ivp = importlib.import_module("odelib.solving.ivp")
    bind = ivp.bind

    def bind_c(fun, *args, **options):
        name = fun.py_func.__name__
        address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
        return bind(fun, *args, **options)._replace(address=address)

    def solve(f, *args, **options):
        with monkeypatch.context() as patch:
            patch.setattr(ivp, "bind", bind_c)
            return solve_ivp(COMPILED[f], *args, **options)

    return solve


@pytest.mark.parametrize(
    ("f", "method"), [*product(PROBLEMS, RUNGE_KUTTA), *product([heat], SYMPLECTIC)]
)
def test_c_and_compiled_and_python_functions_agree_bit_for_bit(solve_in_c, f, method):
    y0, args = PROBLEMS[f]
    step = {} if METHODS[method].adaptive else {"step": 0.003}
    options = dict(t_span=(0.0, 0.3), y0=y0, method=method, args=args, dense_output=True, **step)
    in_c, compiled = solve_in_c(f, **options), solve_ivp(COMPILED[f], **options)
    python = solve_ivp(f, **options)
    assert (in_c.compiled, compiled.compiled, python.compiled) == (True, True, False)
    for other in compiled, python:
        assert (in_c.nfev, in_c.rejected) == (other.nfev, other.rejected)
        np.testing.assert_array_equal(in_c.t, other.t)
        np.testing.assert_array_equal(in_c.y, other.y)
        np.testing.assert_array_equal(in_c.sol.Q, other.sol.Q)


def test_it_is_the_c_function_that_runs(solve_in_c, library, monkeypatch):
    """The control: another C function gives another answer."""
    monkeypatch.setattr(library, "lorenz", library.one)
    sol = solve_in_c(lorenz, (0, 2), [1.0, 2.0, 3.0], "Euler", args=LORENZ, step=0.5)
    np.testing.assert_array_equal(sol.y[:, -1], [3.0, 4.0, 5.0])
