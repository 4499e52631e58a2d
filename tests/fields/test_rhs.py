"""What a user may write as a right-hand side, and what happens when it is wrong."""

import gc
import weakref

import numba
import numpy as np
import pytest

from odelib import rhs, solve_ivp

JIT = not numba.config.DISABLE_JIT
compiled_only = pytest.mark.skipif(not JIT, reason="speaks of compiled code: NUMBA_DISABLE_JIT=1")

STEP = dict(method="RK4", step=0.25)
EXACT = [np.exp(-1.0), 2 * np.exp(-2.0)]


def solve(f, y0=(1.0, 2.0), **options):
    return solve_ivp(f, (0, 1), y0, rtol=1e-9, atol=1e-9, **options)


# --- Forms ----------------------------------------------------------------------------------------


def as_tuple(t, y):
    return -y[0], -2 * y[1]


def as_mixed_tuple(t, y):
    return -y[0], -2 * y[1] + 0 * int(t)


def as_list(t, y):
    return [-y[0], -2 * y[1]]


def as_array(t, y):
    return -y * np.array([1.0, 2.0])


def as_integers_times_floats(t, y):
    return np.array([-1, -2]) * y


FORMS = [as_tuple, as_mixed_tuple, as_list, as_array, as_integers_times_floats]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("decorate", [lambda f: f, rhs, numba.njit, rhs(boundscheck=False)])
def test_every_form_is_the_same_equation(form, decorate):
    f = decorate(form)
    sol = solve(f)
    assert sol.compiled == (JIT and f is not form)
    np.testing.assert_allclose(sol.y[:, -1], EXACT, rtol=1e-7)


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_one_component_may_be_a_number(decorate):
    np.testing.assert_allclose(solve(decorate(lambda t, y: -y[0]), [1.0]).y[0, -1], EXACT[0])


def test_integers_count_as_numbers():
    sol = solve_ivp(rhs(lambda t, y: (1, 2)), (0, 1), [0, 0], **STEP)
    np.testing.assert_allclose(sol.y[:, -1], [1.0, 2.0], rtol=1e-15)


def test_in_place_form():
    @rhs(inplace=True)
    def f(t, y, dy, rates):
        for i in range(len(y)):
            dy[i] = -rates[i] * y[i]

    sol = solve(f, args=(np.array([1.0, 2.0]),))
    assert sol.compiled == JIT
    np.testing.assert_allclose(sol.y[:, -1], EXACT, rtol=1e-7)


def test_a_decorated_function_can_be_called_from_python_and_by_scipy():
    import scipy.integrate

    f = rhs(as_tuple)
    assert f(0.0, np.array([1.0, 2.0])) == (-1.0, -4.0)
    np.testing.assert_allclose(
        scipy.integrate.solve_ivp(f, (0, 1), [1.0, 2.0], rtol=1e-9, atol=1e-9).y[:, -1],
        EXACT,
        rtol=1e-7,
    )


@compiled_only
def test_rhs_of_a_compiled_function_adds_the_bounds_check():
    @numba.njit
    def unchecked(t, y):
        return -y[0], -y[2]

    with pytest.raises(IndexError):
        solve(rhs(unchecked))


@compiled_only
def test_options_are_numbas_and_those_of_a_compiled_function_are_kept():
    def reciprocal(t, y):
        return (1.0 / t,)

    with pytest.raises(ZeroDivisionError):
        solve(rhs(reciprocal), [1.0])
    quiet = numba.njit(error_model="numpy")(reciprocal)
    for f in rhs(error_model="numpy")(reciprocal), rhs(quiet), rhs(quiet, boundscheck=False):
        assert "component 0 at or after t = 0" in solve(f, [1.0]).message
    in_place = rhs(lambda t, y, dy: None, inplace=True)
    assert solve(rhs(in_place, fastmath=True)).success
    with pytest.raises(TypeError, match="numba cannot compile .* Unrecognized options: {'fast'}"):
        solve(rhs(reciprocal, fast=True), [1.0])


def test_functions_without_a_file_work():
    scope = {}
    exec("def f(t, y):\n    return -y[0], -2 * y[1]", scope)
    np.testing.assert_allclose(solve(rhs(scope["f"])).y[:, -1], EXACT, rtol=1e-7)


def test_a_python_function_may_keep_the_y_it_was_given():
    kept = []

    def f(t, y):
        kept.append(y)
        return -y

    sol = solve_ivp(f, (0, 1), [1.0], "Euler", step=0.25)
    np.testing.assert_array_equal(np.ravel(kept), sol.y[0, :-1])


def scales_y_itself(t, y):
    y *= -np.array([1.0, 2.0])
    return y


def scales_y_in_place(t, y, dy):
    y *= -np.array([1.0, 2.0])
    dy[:] = y


WRITERS = [(scales_y_itself, False), (scales_y_in_place, True)]


@pytest.mark.parametrize("decorated", [False, True])
@pytest.mark.parametrize(("writer", "inplace"), WRITERS)
def test_a_function_that_writes_to_y_changes_a_copy(writer, inplace, decorated):
    """The state belongs to the solver, whatever f does with the numbers that it was given."""
    f = rhs(writer, inplace=inplace)
    if not decorated:
        f = writer
        f._odelib_inplace = inplace
    for method in ("RK4", "DOP853", "RK45"):
        options = dict(method=method, t_eval=[0.3, 1.0], step=0.125)
        expected = solve_ivp(as_array, (0, 1), [1.0, 2.0], **options)
        sol = solve_ivp(f, (0, 1), [1.0, 2.0], **options)
        np.testing.assert_allclose(sol.y, expected.y, rtol=1e-14)
        assert sol.nfev == expected.nfev


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_an_event_that_writes_to_y_changes_a_copy(decorate):
    def overwrites(t, y):
        y[:] -= 0.5
        return y[0]

    f = decorate(as_array)
    with_event = solve(f, events=decorate(overwrites))
    np.testing.assert_array_equal(with_event.y, solve(f).y)
    np.testing.assert_allclose(with_event.t_events[0], np.log(2), rtol=1e-6)


@compiled_only
def test_a_function_with_a_signature_of_its_own_works():
    f = numba.njit("float64[:](float64, float64[:])")(as_array)
    np.testing.assert_allclose(solve(f).y[:, -1], EXACT, rtol=1e-7)


@pytest.mark.parametrize("method", ["RK4", "RK45", "DOP853"])
@pytest.mark.parametrize("form", [lambda t, y: 1j * y, lambda t, y: (1j * y[0], 1j * y[1])])
@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_complex_states(decorate, form, method):
    step = {"step": 0.01} if method == "RK4" else {"rtol": 1e-9, "atol": 1e-9}
    sol = solve_ivp(decorate(form), (0, 1), [1.0, 2j], method, t_eval=[0.3, 1.0], **step)
    assert sol.y.dtype == complex
    exact = np.outer([1.0, 2j], np.exp([0.3j, 1j]))
    np.testing.assert_allclose(sol.y, exact, rtol=1e-7)


def test_the_error_of_a_complex_state_is_measured_by_its_modulus():
    import scipy.integrate

    options = dict(rtol=1e-6, atol=1e-8)
    ours = solve_ivp(lambda t, y: (1j - 0.1) * y, (0, 5), [1.0 + 2j], **options)
    theirs = scipy.integrate.solve_ivp(lambda t, y: (1j - 0.1) * y, (0, 5), [1.0 + 2j], **options)
    assert ours.nfev == theirs.nfev
    np.testing.assert_allclose(ours.t, theirs.t, rtol=1e-6)


def test_vectorized_functions_get_one_column():
    def f(t, y):
        assert y.shape == (2, 1)
        return -y * np.array([[1.0], [2.0]])

    np.testing.assert_allclose(solve(f, vectorized=True).y[:, -1], EXACT, rtol=1e-7)


# --- args -----------------------------------------------------------------------------------------


def args_in_every_form(t, y, number, count, flag, matrix, counts, mask):
    total = number + count + matrix[1, 2] + counts[1]
    if flag and mask[1]:
        total += 1000.0
    return (total,)


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
@pytest.mark.parametrize(
    "matrix",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0).reshape(2, 6)[:, :3] * 1.0,
        np.arange(24.0).reshape(4, 6)[::2, ::2] * 0 + np.arange(6.0).reshape(2, 3),
        np.arange(6).reshape(2, 3).astype(np.float32),
    ],
)
def test_args_may_be_numbers_and_arrays(decorate, matrix):
    args = (0.5, 3, True, matrix, np.array([1, 2], dtype=np.int16), np.array([False, True]))
    sol = solve_ivp(decorate(args_in_every_form), (0, 1), [0.0], args=args, **STEP)
    expected = 0.5 + 3 + matrix[1, 2] + 2 + 1000.0
    np.testing.assert_allclose(sol.y[0, -1], expected, rtol=1e-14)


def test_strided_arrays_are_read_where_they_are():
    base = np.arange(20.0)
    sol = solve_ivp(rhs(lambda t, y, a: (a[3],)), (0, 1), [0.0], args=(base[::-2],), **STEP)
    np.testing.assert_allclose(sol.y[0, -1], base[::-2][3], rtol=1e-14)


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_new_values_of_args_are_seen(decorate):
    f = decorate(lambda t, y, k, a: (-k * y[0] + a[0],))
    ends = [
        solve_ivp(f, (0, 1), [1.0], args=(k, np.array([a])), **STEP).y[0, -1]
        for k, a in [(1.0, 0.0), (2.0, 0.0), (1.0, 3.0)]
    ]
    assert len(set(ends)) == 3


@compiled_only
def test_new_values_of_args_compile_nothing():
    f = rhs(lambda t, y, k, a: (-k * y[0] + a[0],))
    for k in 1.0, 2.0, 3.0:
        solve_ivp(f, (0, 1), [1.0], args=(k, np.full(int(k), k)), **STEP)
    assert len(f._odelib_pointers) == 1


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_an_array_that_is_read_only_is_read_and_never_written(decorate, tmp_path):
    """To write to a file mapped for reading would end the process."""
    np.arange(3.0).tofile(tmp_path / "numbers")
    mapped = np.asarray(np.memmap(tmp_path / "numbers", dtype=float, mode="r"))

    def writes(t, y, a):
        a[0] = 7.0
        return (a[0],)

    sol = solve_ivp(decorate(lambda t, y, a: (a[1] + a.sum(),)), (0, 1), [0.0], args=(mapped,))
    np.testing.assert_allclose(sol.y[0, -1], 4.0, rtol=1e-12)
    with pytest.raises((TypeError, ValueError), match="read-?only"):
        solve_ivp(decorate(writes), (0, 1), [0.0], args=(mapped,))
    np.testing.assert_array_equal(mapped, [0.0, 1.0, 2.0])


def test_arrays_at_any_address_in_any_byte_order_are_read():
    packed = np.frombuffer(b"x" + np.arange(4.0).tobytes(), dtype=np.uint8)[1:].view(float)
    assert not packed.flags.aligned
    f = rhs(lambda t, y, a, b: (a[3] + b[2],))
    args = (packed, np.arange(3.0).astype(">f8"))
    np.testing.assert_allclose(solve_ivp(f, (0, 1), [0.0], args=args, **STEP).y[0, -1], 5.0)


@compiled_only
@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("a",), r"args\[0\] must be a number or an array of numbers, got str"),
        ((1.0, None), r"args\[1\] must be a number or an array of numbers, got NoneType"),
        ((2**70,), r"args\[0\] = 1180591620717411303424 does not fit in 64 bits"),
        ((np.array(["a"]),), r"args\[0\] must be .* got dtype <U1"),
        ((np.array([1j]),), r"args\[0\] must be .* got dtype complex128"),
    ],
)
def test_args_that_cannot_be_passed_are_named(args, words):
    with pytest.raises(TypeError, match=words):
        solve_ivp(rhs(lambda t, y, *args: -y), (0, 1), [1.0], args=args)


# --- Wrong right-hand sides -----------------------------------------------------------------------


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
@pytest.mark.parametrize("wrong", [lambda t, y: (1.0,), lambda t, y: (1.0, 2.0, 3.0)])
def test_a_wrong_number_of_components_is_a_clear_error(decorate, wrong):
    with pytest.raises(ValueError, match="fun must return 2 components"):
        solve(decorate(wrong))


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_a_wrong_array_is_a_clear_error(decorate):
    for wrong in lambda t, y: y[:1], lambda t, y: np.zeros(5):
        with pytest.raises(ValueError, match="fun must return 2 components"):
            solve(decorate(wrong))


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_a_missing_return_is_a_clear_error(decorate):
    def forgetful(t, y):
        slope = -y  # noqa: F841

    with pytest.raises(TypeError, match="fun returned None.*return.*missing"):
        solve(decorate(forgetful))


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_complex_slopes_of_a_real_problem_are_refused(decorate):
    for wrong in lambda t, y: 1j * y, lambda t, y: (1j * y[0], y[1]):
        with pytest.raises(TypeError, match="it returns complex numbers where real ones"):
            solve(decorate(wrong))


def raises_after_half(t, y):
    if t > 0.5:
        raise ZeroDivisionError("half past")
    return -y[0], -2 * y[1]


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_an_exception_in_f_reaches_the_caller_with_what_was_computed(decorate):
    with pytest.raises(ZeroDivisionError, match="half past") as caught:
        solve_ivp(decorate(raises_after_half), (0, 1), [1.0, 2.0], "Euler", step=0.125)
    partial = caught.value.solution
    assert partial.status == -1
    np.testing.assert_array_equal(partial.t, np.arange(6) * 0.125)  # 0.625 was reached
    np.testing.assert_allclose(partial.y[0], 0.875 ** np.arange(6), rtol=1e-15)


def test_the_very_exception_object_of_a_python_f_is_raised():
    error = KeyError("mine")

    def f(t, y):
        raise error

    with pytest.raises(KeyError) as caught:
        solve(f)
    assert caught.value is error


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_an_index_out_of_bounds_is_an_index_error(decorate):
    with pytest.raises(IndexError):
        solve(decorate(lambda t, y: (y[0], y[2])))
    with pytest.raises(IndexError):
        solve(decorate(lambda t, y, a: (y[0], a[7])), args=(np.zeros(7),))


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_defaults_and_star_arguments_are_those_of_python(decorate):
    def with_default(t, y, k, a=3.0):
        return (-k * a * y[0],)

    def with_star(t, y, *args):
        return (-args[0] * args[1] * y[0],)

    def with_star_only(t, y, *args):
        return (-6.0 * y[0] - len(args),)

    expected = solve(lambda t, y: (-6.0 * y[0],), [1.0]).y
    for fun, args in [
        (with_default, (2.0,)),
        (with_default, (1.5, 4.0)),
        (with_star, (2.0, 3.0)),
        (with_star, (2.0, 3)),
        (with_star_only, ()),
    ]:
        np.testing.assert_array_equal(solve(decorate(fun), [1.0], args=args).y, expected)


@compiled_only
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda t, y: undefined_name(y), "name 'undefined_name' is not defined"),  # noqa: F821
        (lambda t, y: y.nonsense, "Unknown attribute 'nonsense'"),
        (lambda t, y: "text", "it must return a tuple, a list or a 1-D array"),
        (lambda t: -t, "too many positional arguments"),
    ],
)
def test_what_numba_cannot_compile_is_said_in_one_sentence(wrong, words):
    with pytest.raises(TypeError) as caught:
        solve(rhs(wrong))
    message = str(caught.value)
    assert words in message
    assert message.startswith("numba cannot compile ")
    assert len(message) < 500
    assert "\n" not in message


def test_fun_must_be_callable():
    with pytest.raises(TypeError, match="fun must be a function"):
        solve_ivp(3.0, (0, 1), [1.0])
    with pytest.raises(TypeError, match="rhs needs a function"):
        rhs(3.0)


@pytest.mark.parametrize("decorate", [lambda f: f, rhs])
def test_nothing_of_a_solve_outlives_it(decorate):
    f = decorate(lambda t, y, a: -y * a[0])
    array = np.ones(3)
    solve(f, args=(array,))
    seen = [weakref.ref(array)]
    if not JIT or decorate is not rhs:  # numba itself keeps what it has compiled
        seen.append(weakref.ref(f))
    del f, array
    gc.collect()
    assert [ref() for ref in seen] == [None] * len(seen)
