"""One function rate(x) of each kind that numba compiles and a right-hand side might call.

    python tests/kinds.py SURFACES [KIND …]

uses each of these kinds, in this process, on each of the surfaces (names with commas between) and
prints a line for each: the two names, how many functions were compiled, and the numbers that
came out, to the last bit.
"""

import ctypes
import math
import sys

import numba
import numpy as np
from numba import njit, types
from numba.experimental import jitclass
from numba.extending import overload
from numba.typed import Dict, List

import odelib
from odelib.pointers import machine_code

KINDS = {}


def kind(make):
    """Note a maker of rate(x) under its name."""
    KINDS[make.__name__] = make
    return make


def rate_of(function):
    """A kind that is this one compiled function."""
    KINDS[function.__name__] = lambda: njit(function)
    return function


# --- Functions that call themselves ---------------------------------------------------------------


@kind
def recursion():
    @njit
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    return njit(lambda x: x + fib(5))


@kind
def recursion_of_the_helper_itself():
    @njit
    def rate(x):
        return 1.0 if x < 0.25 else x * rate(x / 2)

    return rate


@kind
def recursion_with_a_signature():
    @njit("float64(float64, int64)")
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    return njit(lambda x: power(x, 3))


@kind
def recursion_through_types():
    @njit
    def depth(n, x):
        if n > 0:
            return x + depth(n - 1, 1)
        return x + 0.0

    return njit(lambda x: depth(3, x))


@kind
def recursion_known_before():
    @njit
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    fib(5)
    return njit(lambda x: x + fib(5))


@kind
def mutual_recursion():
    @njit
    def even(n):
        return 1.0 if n <= 0 else odd(n - 1)

    @njit
    def odd(n):
        return 0.0 if n <= 0 else even(n - 1)

    return njit(lambda x: x + even(int(3 * abs(x))) + 2 * odd(4))


@kind
def mutual_recursion_known_before():
    @njit
    def even(n):
        return 1.0 if n <= 0 else odd(n - 1)

    @njit
    def odd(n):
        return 0.0 if n <= 0 else even(n - 1)

    even(4)
    return njit(lambda x: x + odd(int(3 * abs(x))))


@kind
def recursion_of_three():
    @njit
    def a(n):
        return 1.0 if n <= 0 else 1.0 + b(n - 1)

    @njit
    def b(n):
        return 2.0 if n <= 0 else c(n - 1) + a(n - 2)

    @njit
    def c(n):
        return 3.0 if n <= 0 else a(n - 1)

    return njit(lambda x: x + 0.1 * b(6))


@kind
def recursion_over_an_array():
    @njit
    def total(a):
        return a[0] if len(a) == 1 else total(a[: len(a) // 2]) + total(a[len(a) // 2 :])

    return njit(lambda x: total(x * np.arange(1.0, 5.0)))


@kind
def recursion_that_raises():
    @njit
    def down(n, x):
        if n == 0:
            if x > 9.0:
                raise ValueError("too large", x)
            return x
        return down(n - 1, x)

    return njit(lambda x: down(4, x))


# --- Functions as values --------------------------------------------------------------------------


@kind
def closure():
    a = 0.5

    @njit
    def inner(x):
        return a * x

    @njit
    def outer(x):
        return inner(x) + inner(2 * x)

    return njit(lambda x: outer(x))


@kind
def made_inside():
    @njit
    def rate(x):
        def twice(z):
            return 2 * z

        return twice(x)

    return rate


@kind
def function_as_argument():
    @njit
    def apply(g, x):
        return g(x) + 1.0

    inner = njit(lambda x: x / 2)
    return njit(lambda x: apply(inner, x))


@kind
def first_class_functions():
    @njit("float64(float64)")
    def a(x):
        return x + 1.0

    @njit("float64(float64)")
    def b(x):
        return x + 2.0

    both = (a, b)

    @njit
    def rate(x):
        total = 0.0
        for g in both:
            total += g(x)
        return total

    return rate


@kind
def first_class_choice():
    @njit("float64(float64)")
    def a(x):
        return x + 1.0

    @njit("float64(float64)")
    def b(x):
        return x + 2.0

    @njit
    def rate(x):
        g = a if x > 0.9 else b
        return g(x)

    return rate


@kind
def c_function_of_numba():
    half = numba.cfunc("float64(float64)")(lambda x: x / 2)
    return njit(lambda x: half(x) + 1.0)


@kind
def c_function_of_ctypes():
    cos = ctypes.CDLL(None).cos
    cos.restype, cos.argtypes = ctypes.c_double, [ctypes.c_double]
    return njit(lambda x: cos(x))


# --- Numba's extensions ---------------------------------------------------------------------------


@kind
def overloads():
    def measure(x):
        return 2.0 * x

    @overload(measure)
    def measured(x):
        if isinstance(x, types.Float):
            return lambda x: 2.0 * x
        return lambda x: 3.0 * len(x)

    return njit(lambda x: measure(x) + measure("abc"))


@kind
def jitclass_inside():
    @jitclass([("k", types.float64)])
    class Spring:
        def __init__(self, k):
            self.k = k

        def force(self, x):
            return self.k * x

        @property
        def half(self):
            return self.k / 2

    @njit
    def rate(x):
        spring = Spring(2.0)
        return spring.force(x) + spring.half

    return rate


@kind
def vectorized():
    square = numba.vectorize(["float64(float64)"])(lambda x: x * x)
    return njit(lambda x: square(x) + square(np.full(2, x))[1])


# --- Python's types -------------------------------------------------------------------------------


@rate_of
def strings(x):
    name = "rate" + str(int(x * 3))
    return x * len(name) if name.startswith("rate") and "te" in name else 0.0


@rate_of
def hashed_strings(x):
    table = {"one": 1.0, "two": 2.0}
    return x + table["t" + "wo"[0:2]] + len({"a", "b"})


@rate_of
def typed_list(x):
    values = List.empty_list(types.float64)
    for i in range(5):
        values.append(i * x)
    values.sort()
    return values[3] + len(values)


@rate_of
def reflected_list(x):
    values = [x, 2 * x]
    values.append(1.0)
    return sum([v * v for v in values])


@rate_of
def typed_dict(x):
    table = Dict.empty(types.int64, types.float64)
    table[3] = x
    table[5] = 2 * x
    total = 0.0
    for key, value in table.items():
        total += key * value
    return total


@rate_of
def dict_of_strings(x):
    table = Dict.empty(types.unicode_type, types.float64)
    for i in range(3):
        table["k" + str(i)] = i * x
    return table["k2"]


@kind
def typed_list_of_arguments():
    return njit(lambda x: x + len(numba.typed.List([x, 1.0])))


@rate_of
def sets(x):
    return x + len({1, 2, int(x)})


@kind
def generator():
    @njit
    def count(n, x):
        for i in range(n):
            yield i * x

    @njit
    def rate(x):
        total = 0.0
        for value in count(4, x):
            total += value
        return total

    return rate


@kind
def named_tuple():
    import collections

    Pair = collections.namedtuple("Pair", "a b")

    @njit
    def rate(x):
        pair = Pair(x, 2.0)
        return pair.a * pair.b

    return rate


@rate_of
def optional(x):
    value = None if x > 5.0 else x
    return 1.0 if value is None else value * 2


# --- Exceptions, printing, Python -----------------------------------------------------------------


@rate_of
def exception_with_an_argument(x):
    if x > 9.0:
        raise ValueError("too large", x, "by far")
    return x


@rate_of
def exception_caught(x):
    try:
        if x > 0.9:
            raise ValueError("too large")
        return x
    except Exception:
        return x / 2


@rate_of
def prints(x):
    if x > 9.0:
        print("too large", x)
    return x


@rate_of
def asserts(x):
    assert x < 9.0, "too large"
    return x


@rate_of
def object_mode(x):
    with numba.objmode(out="float64"):
        out = float(np.cos(x))
    return out


# --- NumPy ----------------------------------------------------------------------------------------


@rate_of
def linear_algebra(x):
    A = np.array([[2.0, np.sin(x)], [np.sin(x), 3.0]])
    return np.linalg.solve(A, np.ones(2))[0] + np.linalg.eigvalsh(A)[0] + np.linalg.det(A)


@rate_of
def products(x):
    A = np.full((3, 3), x)
    return np.dot(A, A)[0, 0] + np.dot(A[0], A[1]) + (A @ A[0])[2]


@rate_of
def random_numbers(x):
    np.random.seed(3)
    return x + np.random.random() + np.random.normal(0.0, 1.0)


@kind
def random_generator():
    @njit
    def rate(x):
        return x + np.floor(0.5 * np.random.rand())

    return rate


@rate_of
def sorting(x):
    return np.sort(np.array([3.0, x, 1.0]))[1] + np.median(np.array([x, 2.0, 0.1]))


@rate_of
def complex_numbers(x):
    return abs(np.exp(1j * x) + x) ** 1.5


@rate_of
def special_functions(x):
    return math.gamma(2 + np.sin(x)) + math.erf(x) + np.sin(x) ** 7 + np.sinc(x)


@rate_of
def integer_division(x):
    n = int(x * 1000)
    return float(n // 7 + n % 5 + n**3 // 1000000) + round(x, 2)


@kind
def large_constant():
    table = np.linspace(0.0, 1.0, 300_000)
    return njit(lambda x: x + table[1000])


@kind
def constant_record():
    table = np.zeros(2, dtype=[("a", float), ("b", np.int64)])
    table["a"] = 1.5
    return njit(lambda x: x * table[1]["a"])


@rate_of
def stencil_like(x):
    a = np.full(10, x)
    a[1:-1] = a[2:] + a[:-2]
    return a.sum()


# --- Options --------------------------------------------------------------------------------------


@kind
def fastmath():
    return njit(lambda x: np.sum(np.full(10, x)) / 10, fastmath=True)


@kind
def parallel():
    @njit(parallel=True)
    def rate(x):
        total = 0.0
        for i in numba.prange(8):
            total += i * x
        return total

    return rate


@kind
def nogil_and_inline():
    inner = njit(lambda x: x / 2, inline="always")
    return njit(lambda x: inner(x) + 1.0, nogil=True, error_model="numpy")


@kind
def cached_by_numba():
    return CACHED


@njit(cache=True)
def CACHED(x):
    return x * 2.0


# --- Where odelib uses it -------------------------------------------------------------------------


def solve(rate):
    f = odelib.rhs(lambda t, y: (-rate(y[0]), y[0]))
    sol = odelib.solve_ivp(f, (0, 1), [1.0, 0.0], rtol=1e-6)
    numbas = odelib.solve_ivp(lambda t, y: f(t, y), (0, 1), [1.0, 0.0], rtol=1e-6)
    assert sol.compiled and sol.success and not numbas.compiled
    np.testing.assert_allclose(sol.y[:, -1], numbas.y[:, -1], rtol=1e-9, atol=1e-12)
    return sol.y[:, -1]


def event(rate):
    g = odelib.rhs(lambda t, y: rate(y[0]) - rate(0.71))
    sol = odelib.solve_ivp(lambda t, y: -y, (0, 1), [1.0], events=g, rtol=1e-6)
    return sol.t_events[0]


def ensemble(rate):
    f = odelib.rhs(lambda t, y: (-rate(y[0]),))
    return odelib.ensemble(f, (0, 1), [[1.0], [0.5], [0.8]], rtol=1e-6, threads=2).y[:, 0]


def njit_solver(rate):
    f = odelib.rhs(lambda t, y: (-rate(y[0]),))
    solver = odelib.njit_solver(f, rtol=1e-6)
    return njit(lambda y0: solver(0.0, 1.0, y0))(np.array([1.0]))[0]


def minimize(rate):
    grad = njit(lambda theta: np.array([rate(theta[0])]))
    fun = njit(lambda theta: theta[0] ** 2)
    return odelib.minimize(grad, [1.0], learning_rate=0.1, steps=3, fun=fun).theta


SURFACES = {s.__name__: s for s in (solve, event, ensemble, njit_solver, minimize)}


# Where odelib keeps what it compiles for itself.
OWN = ("odelib.methods", "odelib.solving", "odelib.optimizers", "odelib.training")


def main(surfaces, *names):
    compiled, compile_c = [], machine_code.compile_c

    def counted(signature, function, *rest):
        if not function.py_func.__module__.startswith(OWN):
            compiled.append(function)
        return compile_c(signature, function, *rest)

    machine_code.compile_c = counted
    for name in names or KINDS:
        for surface in surfaces.split(","):
            print(name, surface, end=" ", flush=True)
            compiled.clear()
            numbers = SURFACES[surface](KINDS[name]())
            print(len(compiled), *(float(number).hex() for number in numbers), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
