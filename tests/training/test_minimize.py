"""minimize: what it returns, when it stops, and what it says when something is wrong."""

import sys
from collections import Counter

import numba
import numpy as np
import pytest

from interrupts import interrupted
from odelib import METHODS, OPTIMIZERS, minimize

H = np.array([[3.0, 1.0], [1.0, 2.0]])
BORDER = 2 / np.linalg.eigvalsh(H)[-1]
START = [0.7, -0.4]


def grad(theta):
    return np.array([3.0 * theta[0] + theta[1], theta[0] + 2.0 * theta[1]])


def loss(theta):
    return 0.5 * (theta[0] * (3.0 * theta[0] + theta[1]) + theta[1] * (theta[0] + 2.0 * theta[1]))


def hessian(theta):
    return np.array([[3.0, 1.0], [1.0, 2.0]])


compiled_grad, compiled_loss = numba.njit(grad), numba.njit(loss)
compiled_hessian = numba.njit(hessian)
JIT = not numba.config.DISABLE_JIT

either = pytest.mark.parametrize(
    ("g", "fun"), [(grad, loss), (compiled_grad, compiled_loss)], ids=["python", "njit"]
)


def needed(name):
    return {"hessian": compiled_hessian} if OPTIMIZERS[name].rule else {}


# --- The result ---------------------------------------------------------------------------------


@either
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_history_is_that_of_the_trajectory(name, g, fun):
    result = minimize(
        g, START, name, learning_rate=0.1, steps=25, fun=fun, trajectory=True, **needed(name)
    )
    assert result.success and result.stopped_by == "steps" and result.steps == 25
    assert result.compiled == (JIT and g is compiled_grad)
    np.testing.assert_array_equal(result.k, np.arange(26))
    assert result.trajectory.shape == (2, 26)
    norms = np.linalg.norm(H @ result.trajectory, axis=0)
    np.testing.assert_allclose(result.gradient_norm, norms, rtol=1e-12, atol=1e-300)
    losses = [loss(theta) for theta in result.trajectory.T]
    np.testing.assert_allclose(result.loss, losses, rtol=1e-14, atol=0)
    assert result.loss[-1] < result.loss[0]
    row = OPTIMIZERS[name]
    gradients = len(METHODS[row.tableau].b) if row.tableau else 2 if name == "proximal" else 1
    assert result.nfev == 26
    assert result.njev == 25 * gradients + 1
    assert (result.nhev > 0) == (row.rule is not None)
    assert "25 steps" in repr(result) and "loss: " in repr(result)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_counts_are_those_of_the_calls(name):
    calls = Counter()

    def counted(function):
        def call(theta):
            calls[function] += 1
            return function(theta)

        return call

    given = {"hessian": counted(hessian)} if OPTIMIZERS[name].rule else {}
    result = minimize(
        counted(grad), START, name, learning_rate=0.1, steps=7, fun=counted(loss), every=3, **given
    )
    counts = result.njev, result.nfev, result.nhev
    assert counts == (calls[grad], calls[loss], calls[hessian])
    assert result.nfev == len(result.loss) == 4


def test_the_history_may_be_kept_at_some_steps_only():
    every = minimize(compiled_grad, START, learning_rate=0.1, steps=25, trajectory=True)
    some = minimize(compiled_grad, START, learning_rate=0.1, steps=25, trajectory=True, every=10)
    np.testing.assert_array_equal(some.k, [0, 10, 20, 25])
    np.testing.assert_array_equal(some.trajectory, every.trajectory[:, some.k])
    np.testing.assert_array_equal(some.gradient_norm, every.gradient_norm[some.k])
    assert some.loss is None and every.average is None


def test_no_steps_return_the_start():
    result = minimize(grad, START, learning_rate=0.1, steps=0, fun=loss)
    np.testing.assert_array_equal(result.theta, START)
    assert result.njev == result.nfev == 1 and result.steps == 0


def test_a_pause_changes_no_bit():
    whole = minimize(compiled_grad, START, "adam", learning_rate=0.01, steps=5000, trajectory=True)
    paused = minimize(
        compiled_grad, START, "adam", learning_rate=lambda k: 0.01, steps=5000, trajectory=True,
        stop={"when": lambda k, theta: False}, every=7,
    )  # fmt: skip
    np.testing.assert_array_equal(paused.trajectory, whole.trajectory[:, paused.k])
    assert whole.njev == paused.njev == 5001


def test_args_reach_every_function():
    def g(theta, A, shift):
        return A @ theta - shift

    def f(theta, A, shift):
        return 0.5 * theta @ A @ theta - shift * theta.sum()

    def h(theta, A, shift):
        return A

    for compile_it in (lambda f: f, numba.njit):
        result = minimize(
            compile_it(g), START, "newton", learning_rate=1.0, steps=1, args=(H, 2.0),
            fun=compile_it(f), hessian=compile_it(h),
        )  # fmt: skip
        np.testing.assert_allclose(result.theta, np.linalg.solve(H, [2.0, 2.0]), rtol=1e-14)
        np.testing.assert_allclose(result.loss[-1], f(result.theta, H, 2.0), rtol=1e-14)


# --- Schedules, clipping, decay, averaging --------------------------------------------------------


def test_a_schedule_is_a_variable_step_and_has_three_spellings():
    rates = 0.2 / (1 + np.arange(40))
    path = [np.array(START)]
    for rate in rates:
        path.append(path[-1] - rate * grad(path[-1]))
    array = minimize(grad, START, learning_rate=rates, steps=40, trajectory=True)
    function = minimize(
        grad, START, learning_rate=lambda k: 0.2 / (1 + k), steps=40, trajectory=True
    )
    np.testing.assert_array_equal(array.trajectory, np.array(path).T)
    np.testing.assert_array_equal(function.trajectory, array.trajectory)
    constant = minimize(grad, START, learning_rate=np.full(40, 0.1), steps=40)
    number = minimize(grad, START, learning_rate=0.1, steps=40)
    np.testing.assert_array_equal(constant.theta, number.theta)
    one = minimize(grad, START, learning_rate=[0.1], steps=1)
    np.testing.assert_array_equal(one.theta, START - 0.1 * grad(START))


def test_clipping_rescales_time_and_keeps_the_direction():
    result = minimize(grad, START, learning_rate=0.1, steps=30, clip=0.5, trajectory=True)
    theta = result.trajectory
    steps = np.diff(theta, axis=1)
    slopes = H @ theta[:, :-1]
    norms = np.linalg.norm(slopes, axis=0)
    times = 0.1 * np.minimum(1, 0.5 / (norms + 1e-6))  # how far each step goes along the flow
    np.testing.assert_allclose(steps, -times * slopes, rtol=0, atol=1e-15)
    assert times[0] < 0.1 == times[-1]
    schedule = minimize(grad, START, learning_rate=times, steps=30)
    np.testing.assert_allclose(schedule.theta, result.theta, rtol=1e-13, atol=0)


def test_weight_decay_is_a_linear_term():
    decayed = minimize(grad, START, learning_rate=0.1, steps=30, weight_decay=0.7)
    ridge = minimize(lambda theta: grad(theta) + 0.7 * theta, START, learning_rate=0.1, steps=30)
    np.testing.assert_allclose(decayed.theta, ridge.theta, rtol=1e-14, atol=0)
    plain = minimize(grad, START, learning_rate=0.1, steps=30)
    assert abs(decayed.theta) @ [1, 1] < 0.5 * abs(plain.theta) @ [1, 1]
    # AdamW's decay alone, where there is no gradient: θ shrinks by 1 − αω a step
    alone = minimize(np.zeros_like, START, "adamw", learning_rate=0.1, steps=9, weight_decay=0.5)
    np.testing.assert_allclose(alone.theta, np.array(START) * 0.95**9, rtol=1e-14)


@pytest.mark.parametrize("first", [0, 1, 10])
def test_the_average_is_the_mean_of_the_iterates(first):
    result = minimize(
        compiled_grad, START, "nesterov", learning_rate=0.1, steps=30, trajectory=True,
        average_from=first,
    )  # fmt: skip
    expected = result.trajectory[:, max(first, 1) :].mean(axis=1)
    np.testing.assert_allclose(result.average, expected, rtol=0, atol=1e-16)


# --- Stopping -----------------------------------------------------------------------------------


@either
def test_each_criterion_stops_at_its_first_step_and_not_before(g, fun):
    def run(**stop):
        return minimize(g, START, learning_rate=0.1, steps=500, fun=fun, stop=stop, trajectory=True)

    whole = run()
    assert whole.stopped_by == "steps"
    norms, losses = whole.gradient_norm, whole.loss
    by_norm = run(gradient_norm=1e-3)
    assert by_norm.stopped_by == "gradient_norm"
    assert by_norm.steps == np.flatnonzero(norms <= 1e-3)[0] == by_norm.k[-1]
    assert "0.001" in by_norm.message

    by_loss = run(loss=1e-4)
    assert by_loss.stopped_by == "loss"
    assert by_loss.steps == np.flatnonzero(losses <= 1e-4)[0]

    moved = np.linalg.norm(np.diff(whole.trajectory, axis=1), axis=0)
    sizes = np.linalg.norm(whole.trajectory[:, 1:], axis=0)
    by_change = run(relative_change=0.2)
    assert by_change.stopped_by == "relative_change"
    assert by_change.steps == np.flatnonzero(moved <= 0.2 * sizes)[0] + 1

    by_call = run(when=lambda k, theta: theta[0] < 0.1)
    assert by_call.stopped_by == "when"
    assert by_call.steps == np.flatnonzero(whole.trajectory[0] < 0.1)[0]

    for result in (by_norm, by_loss, by_change, by_call):
        np.testing.assert_array_equal(result.theta, whole.trajectory[:, result.steps])
        assert result.success
    first = run(gradient_norm=1e-3, loss=1e-4, seconds=1e9)  # any of them
    assert first.steps == min(by_norm.steps, by_loss.steps)


def test_the_time_allowed_is_kept():
    result = minimize(
        compiled_grad, START, learning_rate=1e-9, steps=2**60, every=2**60, stop={"seconds": 0.2}
    )
    assert result.stopped_by == "seconds" and result.success
    assert 0 < result.steps < 2**60
    assert "0.2 seconds" in result.message


def test_a_growing_gradient_is_remarked_on():
    grown = minimize(grad, START, learning_rate=1.01 * BORDER, steps=400)
    assert grown.success and "smaller learning rate" in grown.message
    assert "smaller" not in minimize(grad, START, learning_rate=0.99 * BORDER, steps=400).message


def test_a_descent_whose_loss_is_known_to_end_higher_is_no_success():
    for factor, success in [(0.99, True), (1.01, False)]:
        found = minimize(grad, START, learning_rate=factor * BORDER, steps=4000, fun=loss, every=7)
        assert found.success == success == (found.loss[-1] <= found.loss[0])
        assert ("The loss rose from" in found.message) != success


# --- Failures are results -------------------------------------------------------------------------


@either
def test_divergence_names_the_step_and_the_component(g, fun):
    with np.errstate(over="ignore", invalid="ignore"):
        result = minimize(g, START, learning_rate=10.0, steps=5000, fun=fun, trajectory=True)
    assert not result.success and result.stopped_by == "failed"
    assert 100 < result.steps < 1000
    assert f"after step {result.steps} with the learning rate 10" in result.message
    assert "theta[" in result.message or "grad returned" in result.message
    assert np.isfinite(result.theta).all()
    np.testing.assert_array_equal(result.theta, result.trajectory[:, -1])


@pytest.mark.parametrize("compile_it", [lambda f: f, numba.njit])
def test_a_gradient_that_is_not_finite_is_named(compile_it):
    def broken(theta):
        return np.array([1.0, np.nan if theta[0] < 0.25 else 0.0])

    result = minimize(compile_it(broken), [1.0, 0.0], learning_rate=0.1, steps=50)
    assert not result.success and result.steps == 8
    assert result.message.startswith("grad returned nan in component 1 at step 8")
    np.testing.assert_allclose(result.theta, [0.2, 0.0], rtol=1e-12, atol=0)


def test_a_singular_hessian_is_named():
    result = minimize(
        grad, START, "newton", learning_rate=1.0, steps=5, hessian=lambda theta: np.ones((2, 2))
    )
    assert not result.success and "singular in step 0" in result.message
    assert "levenberg_marquardt" in result.message


def test_an_implicit_equation_without_a_solution_is_named():
    result = minimize(  # x = 1 + 2(x² + 1) has no real root
        lambda x: -(x**2) - 1, [1.0], "proximal", learning_rate=2.0, steps=3,
        hessian=lambda x: np.array([[-2.0 * x[0]]]),
    )  # fmt: skip
    assert not result.success and "implicit equation of step 0" in result.message


def test_huge_and_tiny_gradients_have_a_norm():
    for size in (1e200, 1e-200):
        result = minimize(
            lambda theta, size: size * theta, [3.0, 4.0], learning_rate=0.0, steps=1, args=(size,)
        )
        np.testing.assert_allclose(result.gradient_norm, 5 * size, rtol=1e-15)


def test_pivoting_solves_where_the_diagonal_is_zero():
    A = np.array([[0.0, 2.0, 1.0], [1.0, 0.0, 3.0], [4.0, 1.0, 0.0]])
    result = minimize(
        lambda theta: A @ theta - [1.0, 2.0, 3.0], np.zeros(3), "newton", learning_rate=1.0,
        steps=1, hessian=lambda theta: A,
    )  # fmt: skip
    np.testing.assert_allclose(result.theta, np.linalg.solve(A, [1.0, 2.0, 3.0]), rtol=1e-14)


# --- What the user's functions raise -------------------------------------------------------------


class _OwnError(Exception):
    pass


@pytest.mark.parametrize("name", ["gd", "RK4", "adam", "proximal"])
def test_an_exception_in_grad_reaches_the_caller_with_what_was_computed(name):
    calls = []

    def failing(theta):
        calls.append(theta)
        if len(calls) == 6:
            raise _OwnError("here")
        return grad(theta)

    with pytest.raises(_OwnError, match="here") as caught:
        minimize(failing, START, name, learning_rate=0.1, steps=50, **needed(name))
    assert caught.value.solution.stopped_by == "interrupted"
    assert not caught.value.solution.success
    assert 0 < caught.value.solution.steps < 6


@pytest.mark.parametrize("name", ["gd", "RK4"])
def test_an_exception_in_compiled_code_reaches_the_caller(name):
    def failing(theta):
        if theta[0] < 0.5:
            raise ValueError("too small")
        return np.array([3.0 * theta[0] + theta[1], theta[0] + 2.0 * theta[1]])

    with pytest.raises(ValueError, match="too small") as caught:
        minimize(numba.njit(failing), START, name, learning_rate=0.1, steps=50)
    assert caught.value.solution.steps in (1, 2)


@pytest.mark.parametrize("compile_it", [lambda f: f, numba.njit], ids=["python", "njit"])
@pytest.mark.parametrize(
    ("wrong", "function", "kind", "message"),
    [
        ("grad", lambda theta: theta[:1], ValueError, r"grad must return shape \(2,\), it.*\(1,\)"),
        ("grad", lambda theta: None, TypeError, r"grad returned None; it must return shape"),
        ("fun", lambda theta: theta, ValueError, r"fun must return a number, it .*\(2,\)"),
        ("fun", lambda theta: None, TypeError, r"fun returned None; it must return a number"),
        ("hessian", lambda theta: np.ones((2, 3)), ValueError, r"hessian must return .*\(2, 3\)"),
    ],
)
def test_functions_of_the_wrong_form_are_named(compile_it, wrong, function, kind, message):
    functions = {"grad": grad, "fun": loss, "hessian": hessian} | {wrong: compile_it(function)}
    with pytest.raises(kind, match=message):
        minimize(theta0=START, method="newton", learning_rate=0.1, steps=5, **functions)


def test_a_hessian_of_as_many_numbers_but_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"hessian must return shape \(2, 2\), it .*\(4,\)"):
        minimize(
            grad, START, "newton", learning_rate=1.0, steps=1, hessian=lambda theta: np.ones(4)
        )


def test_complex_gradients_are_refused():
    with pytest.raises(TypeError, match="grad must return real numbers"):
        minimize(lambda theta: 1j * theta, START, learning_rate=0.1, steps=1)


SCRIPT = """
import sys
import numba
import numpy as np, odelib

def grad(theta, calls):
    calls[0] += 1
    return theta

if sys.argv[1] == "compiled":
    grad = numba.njit(grad)
endless, calls = dict(learning_rate=1e-12, steps=2**60, every=2**60), np.zeros(1)
ctrl_c_when(lambda: calls[0] > 10_000)
try:
    odelib.minimize(grad, [1.0], args=(calls,), **endless)
except KeyboardInterrupt as stop:
    print(stop.solution.stopped_by, stop.solution.steps > 100, stop.solution.message[:20])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("kind", ["compiled", "python"])
def test_ctrl_c_ends_it_and_keeps_what_was_computed(kind):
    said, warned = interrupted(SCRIPT, kind)
    assert said == ["interrupted True KeyboardInterrupt in"], warned


def test_a_descent_may_run_inside_another():
    def outer(theta):
        inner = minimize(lambda x: x - theta, [0.0], learning_rate=0.5, steps=60)
        return inner.theta

    result = minimize(outer, [1.0], learning_rate=0.5, steps=10)
    np.testing.assert_allclose(result.theta, 0.5**10, rtol=1e-12)


# --- Bad arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"method": "Adam"}, ValueError, r"method must be one of 'gd', .*; got 'Adam'"),
        ({"method": 3}, ValueError, r"method must be one of .*; got 3"),
        ({"grad": H}, TypeError, r"grad must be a function grad\(theta, \*args\); got array"),
        ({"fun": 3}, TypeError, r"fun must be a function fun\(theta, \*args\); got 3"),
        ({"theta0": [[1.0]]}, ValueError, r"theta0 must have shape \(n,\).*\(1, 1\); flatten"),
        ({"theta0": []}, ValueError, r"n at least 1, got shape \(0,\)"),
        ({"theta0": [1.0, np.inf]}, ValueError, r"got theta0\[1\] = inf"),
        ({"theta0": ["a"]}, TypeError, r"theta0 must be real numbers"),
        ({"theta0": [1j]}, TypeError, r"theta0 must be real numbers, got dtype complex"),
        ({"learning_rate": -0.1}, ValueError, r"finite and not negative, got -0.1"),
        ({"learning_rate": np.nan}, ValueError, r"finite and not negative, got nan"),
        ({"learning_rate": "big"}, TypeError, r"learning_rate must be numbers, got 'big'"),
        ({"learning_rate": [0.1] * 4}, ValueError, r"shape \(5,\), one for each .*\(4,\)"),
        ({"learning_rate": [[0.1]]}, ValueError, r"1-dimensional, got shape \(1, 1\)"),
        ({"learning_rate": [0.1, 0.1, -1, 0, 0]}, ValueError, r"got -1.0 in step 2"),
        ({"learning_rate": lambda k: 0.1 - k}, ValueError, r"got -0.9 in step 1"),
        ({"steps": -1}, ValueError, r"steps must be at least 0, got -1"),
        ({"steps": 2.5}, TypeError, r"steps must be a whole number, got 2.5"),
        ({"steps": np.inf}, TypeError, r"steps must be a whole number, got inf"),
        ({"steps": True}, TypeError, r"steps must be a whole number, got True"),
        ({"every": 0}, ValueError, r"every must be at least 1, got 0"),
        ({"average_from": -1}, ValueError, r"average_from must be at least 0"),
        ({"args": 2.0}, TypeError, r"Write args=\(value,\)"),
        ({"stop": 1e-3}, TypeError, r"stop must be a dict such as .*, got float"),
        ({"stop": {"norm": 1}}, ValueError, r"stop has the criteria 'gradient_norm', .*'norm'"),
        ({"stop": {"seconds": "1"}}, TypeError, r"stop\['seconds'\] must be a number"),
        ({"stop": {"gradient_norm": -1}}, ValueError, r"must not be negative, got -1"),
        ({"stop": {"when": 1}}, TypeError, r"stop\['when'\] must be a function"),
        ({"stop": {"loss": 1.0}}, ValueError, r"stop\['loss'\] needs fun="),
        ({"beta": 0.9}, TypeError, r"keyword argument 'beta'; method 'gd' takes no hyper"),
        (
            {"method": "adam", "beta": 0.9},
            TypeError,
            r"minimize\(\) got .* 'beta'; method 'adam' takes beta1=, beta2=, eps=",
        ),
        ({"method": "adam", "beta1": 1.0}, ValueError, r"beta1 must be below 1, got 1.0"),
        ({"method": "heavy_ball", "momentum": -0.1}, ValueError, r"not negative, got -0.1"),
        ({"method": "heavy_ball", "momentum": 1.5}, ValueError, r"at most 1, got 1.5"),
        ({"clip": 0.0}, ValueError, r"clip must be a positive number, got 0.0"),
        ({"weight_decay": -1}, ValueError, r"weight_decay must be a number that is not negative"),
        ({"method": "RK4", "clip": 1.0}, ValueError, r"method 'RK4' takes no clip; write it into"),
        ({"method": "newton"}, ValueError, r"'newton' needs hessian=, a function"),
        ({"method": "proximal"}, ValueError, r"\(n, n\); or prox="),
        ({"hessian": hessian}, ValueError, r"method 'gd' takes no hessian; leave it out"),
        ({"prox": grad}, ValueError, r"prox= is for method 'proximal' alone"),
        (
            {"method": "proximal", "prox": grad, "hessian": hessian},
            ValueError,
            r"give hessian= or prox=, not both",
        ),
    ],
)
def test_bad_arguments_are_named_with_their_value(changed, kind, message):
    arguments = {"grad": grad, "theta0": START, "learning_rate": 0.1, "steps": 5}
    with pytest.raises(kind, match=message):
        minimize(**arguments | changed)


def test_code_that_numba_cannot_compile_is_named():
    def odd(theta):
        return "no gradient"

    if JIT:
        with pytest.raises(TypeError, match="numba cannot compile odd"):
            minimize(numba.njit(odd), START, learning_rate=0.1, steps=1)


def test_theta0_is_not_touched():
    theta0 = np.array(START)
    minimize(compiled_grad, theta0, learning_rate=0.1, steps=3)
    np.testing.assert_array_equal(theta0, START)
