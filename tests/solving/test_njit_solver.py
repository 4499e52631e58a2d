"""A solve from the user's own compiled code is the solve of solve_ivp."""

import numba
import numpy as np
import pytest

from odelib import METHODS, njit_solver, rhs, solve_ivp

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="speaks of compiled code: NUMBA_DISABLE_JIT=1"
)


@rhs
def plain(t, y):
    return y[1], -np.sin(y[0])


@rhs
def with_args(t, y, k, table, n, on):
    return y[1], -k * y[0] + table[1, n] + (1.0 if on else 0.0)


@rhs(inplace=True)
def in_place(t, y, dy, k):
    dy[0] = y[1]
    dy[1] = -k * y[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("end", [3.0, -3.05])
def test_it_ends_bit_for_bit_where_solve_ivp_does(method, end):
    adaptive = METHODS[method].adaptive
    control = dict(rtol=1e-6, atol=1e-9) if adaptive else dict(step=0.1)
    solve = njit_solver(plain, method, **control)

    @numba.njit
    def twice(start):
        first, _ = solve(0.0, end, start)
        return solve(0, end, first)

    y, success = twice(np.array([1.0, 0.5]))
    expected = solve_ivp(plain, (0, end), [1.0, 0.5], method, **control).y[:, -1]
    expected = solve_ivp(plain, (0, end), expected, method, **control).y[:, -1]
    assert success
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(solve(0.0, 0.5, y)[0].shape, (2,))  # from Python too


@pytest.mark.parametrize("fun", [with_args, in_place])
def test_arguments_reach_f(fun):
    solve = njit_solver(fun, rtol=1e-8, atol=1e-8)
    table = np.arange(6.0).reshape(2, 3)
    args = (2.0, table, 2, True) if fun is with_args else (2,)

    @numba.njit
    def end(start, args):
        return solve(0.0, 1.0, start, *args)

    y, success = end(np.array([1.0, 0.0]), args)
    sol = solve_ivp(fun, (0, 1), [1.0, 0.0], args=args, rtol=1e-8, atol=1e-8)
    assert success
    np.testing.assert_array_equal(y, sol.y[:, -1])


def test_many_solves_in_one_loop():
    solve = njit_solver(in_place, rtol=1e-9, atol=1e-9)

    @numba.njit
    def ends(rates):
        out = np.empty(len(rates))
        for i in range(len(rates)):
            out[i] = solve(0.0, 1.0, np.array([1.0, 0.0]), rates[i])[0][0]
        return out

    rates = np.linspace(0.5, 3, 20 if numba.config.DISABLE_JIT else 2000)
    np.testing.assert_allclose(ends(rates), np.cos(np.sqrt(rates)), rtol=0, atol=1e-7)


@pytest.mark.parametrize("control", [{"rtol": 1e-6, "atol": 1e-6}, {"max_steps": 3}])
def test_a_solve_that_stops_early_says_so(control):
    @rhs
    def blows_up(t, y):
        return (y[0] ** 2,)

    solve = njit_solver(blows_up, **control)
    y, success = numba.njit(lambda start: solve(0.0, 2.0, start))(np.array([1.0]))
    assert not success
    assert len(y) == 1


@compiled_only
def test_what_f_raises_ends_the_solve():
    @rhs
    def raises(t, y):
        if t > 0.5:
            raise ValueError("no further")
        return (-y[0],)

    solve = njit_solver(raises)
    assert not numba.njit(lambda start: solve(0.0, 1.0, start))(np.array([1.0]))[1]


def test_nothing_to_integrate():
    solve = njit_solver(plain)
    y, success = numba.njit(lambda start: solve(1.0, 1.0, start))(np.array([1.0, 2.0]))
    assert success
    np.testing.assert_array_equal(y, [1.0, 2.0])


@compiled_only
def test_code_with_an_address_is_not_kept_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    solve = njit_solver(plain)

    def end(start):
        return solve(0.0, 1.0, start)

    cached = numba.njit(end, cache=True)
    with pytest.warns(numba.NumbaWarning, match="dynamic globals"):
        cached(np.array([1.0, 0.0]))
    assert sum(cached.stats.cache_hits.values()) == 0
    assert not list(tmp_path.rglob("*.nbc"))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"method": "RK4"}, ValueError, "has a fixed step: give step="),
        ({"step": 0.1}, ValueError, "only for methods with a fixed step"),
        ({"method": "rk4"}, ValueError, "method must be one of"),
        ({"method": "RK4", "step": -0.1}, ValueError, "step must be a positive number"),
        ({"rtol": -1.0}, ValueError, "rtol"),
        ({"max_steps": 0}, ValueError, "max_steps must be at least 1"),
    ],
)
def test_bad_arguments_are_named(options, error, words):
    with pytest.raises(error, match=words):
        njit_solver(plain, **options)


@compiled_only
def test_f_must_be_compiled_and_arguments_of_the_right_kind():
    with pytest.raises(TypeError, match="fun must be compiled"):
        njit_solver(lambda t, y: -y)
    solve = njit_solver(in_place)
    with pytest.raises(numba.TypingError, match="must be a number or a contiguous array"):
        numba.njit(lambda start: solve(0.0, 1.0, start, 1j))(np.array([1.0, 0.0]))
    with pytest.raises(numba.TypingError, match="y0 must be an array"):
        numba.njit(lambda start: solve(0.0, 1.0, start, 1.0))(np.array([1, 0]))
