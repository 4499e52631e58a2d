"""The implicit methods on stiff problems whose end values are known, and as users call them."""

import json
import warnings

import numba
import numpy as np
import pytest
import scipy.integrate
import scipy.sparse

from conftest import ROOT
from odelib import ensemble, njit_solver, rhs, solve_ivp
from odelib.methods import IMPLICIT
from problems import oregonator, robertson, robertson_jac, van_der_pol

JIT = not numba.config.DISABLE_JIT
each_method = pytest.mark.parametrize("method", IMPLICIT)
compiled_only = pytest.mark.skipif(not JIT, reason="takes long as plain Python")

# --- Problems with known ends ---------------------------------------------------------------------

PROBLEMS = {
    problem["name"]: problem
    for problem in json.loads((ROOT / "tests" / "data" / "stiff_problems.json").read_text("utf-8"))[
        "problems"
    ]
}


@rhs
def van_der_pol_scaled(t, y):
    return y[1], ((1 - y[0] ** 2) * y[1] - y[0]) / 0.000001


@rhs
def akzo(t, y):
    """Five species of the chemical Akzo Nobel problem; the sixth is eliminated."""
    y6 = 115.83 * y[0] * y[3]
    r1, r2 = 18.7 * y[0] ** 4 * np.sqrt(y[1]), 0.58 * y[2] * y[3]
    r3, r4 = 0.58 / 34.4 * y[0] * y[4], 0.09 * y[0] * y[3] ** 2
    r5 = 0.42 * y6**2 * np.sqrt(y[1])
    inflow = 3.3 * (0.9 / 737 - y[1])
    return (
        -2 * r1 + r2 - r3 - r4,
        -0.5 * r1 - r4 - 0.5 * r5 + inflow,
        r1 - r2 + r3,
        -r2 + r3 - 2 * r4,
        r2 - r3 + r5,
    )


@rhs
def detest_A1(t, y):
    return -0.5 * y[0], -y[1], -100 * y[2], -90 * y[3]


@rhs
def detest_B5(t, y):
    return (
        -10 * y[0] + 100 * y[1],
        -100 * y[0] - 10 * y[1],
        -4 * y[2],
        -y[3],
        -0.5 * y[4],
        -0.1 * y[5],
    )


@rhs
def detest_D2(t, y):
    return (
        -0.04 * y[0] + 0.01 * y[1] * y[2],
        400 * y[0] - 100 * y[1] * y[2] - 3000 * y[1] ** 2,
        30 * y[1] ** 2,
    )


@rhs
def rosenbrock(t, y):
    """Gradient flow of (1 − x)² + 100 (y − x²)²."""
    steep = y[1] - y[0] ** 2
    return 2 * (1 - y[0]) + 400 * y[0] * steep, -200 * steep


RIGHT_HAND_SIDES = {
    "vdpol_mu1000": (van_der_pol, (1000.0,)),
    "robertson_T40": (robertson, ()),
    "robertson": (robertson, ()),
    "oregonator": (oregonator, ()),
    "chemakzo_ode_form": (akzo, ()),
    "vdpol_eps1e-6_T2": (van_der_pol_scaled, ()),
    "stiff_detest_A1": (detest_A1, ()),
    "stiff_detest_B5": (detest_B5, ()),
    "stiff_detest_D2": (detest_D2, ()),
    "stiff_detest_E2": (van_der_pol, (5.0,)),
    "gf_rosenbrock": (rosenbrock, ()),
}


def end_of(name, method, rtol, solver=solve_ivp):
    """(the end of a problem, the result)."""
    f, args = RIGHT_HAND_SIDES[name]
    problem = PROBLEMS[name]
    span = float(problem["t0"]), float(problem["t1"])
    atol = rtol / 1000
    sol = solver(f, span, problem["y0"], method, args=args, rtol=rtol, atol=atol)
    assert sol.success
    return sol.y[:, -1], sol


def error_of(end, name, rtol):
    """Root mean square error, in units of the tolerance."""
    known = np.array([float(value) for value in PROBLEMS[name]["end"]])
    return np.sqrt(np.mean(((end - known) / (rtol / 1000 + rtol * abs(known))) ** 2))


def test_every_problem_has_its_right_hand_side():
    assert set(PROBLEMS) == set(RIGHT_HAND_SIDES)
    assert len(PROBLEMS) == 11


@compiled_only
@each_method
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_error_is_that_of_the_tolerance_and_falls_with_it(name, method):
    """At most 100 × the tolerance, or twice what SciPy's method of the same name has."""
    errors = []
    for rtol in 1e-4, 1e-6, 1e-8:
        end, sol = end_of(name, method, rtol)
        error = error_of(end, name, rtol)
        if error > 100:
            theirs, _ = end_of(name, method, rtol, scipy.integrate.solve_ivp)
            assert error < 2 * error_of(theirs, name, rtol)
        assert sol.njev > 0 and sol.nlu > 0
        # one that is below its tolerance may be so by chance
        assert error < 1 or not errors or error * rtol < errors[-1]
        errors.append(error * rtol)


@compiled_only
@each_method
@pytest.mark.parametrize("name", ["vdpol_mu1000", "robertson_T40", "oregonator", "stiff_detest_B5"])
def test_it_works_as_much_as_scipys_method_of_the_same_name(name, method):
    for rtol in 1e-3, 1e-6:
        _, ours = end_of(name, method, rtol)
        _, theirs = end_of(name, method, rtol, scipy.integrate.solve_ivp)
        assert abs(ours.nfev / theirs.nfev - 1) < 0.15, (ours.nfev, theirs.nfev)
        assert abs(ours.steps / (len(theirs.t) - 1) - 1) < 0.15


@each_method
def test_an_explicit_method_takes_a_hundred_times_the_calls(method):
    """The control: the problem is stiff."""
    options = dict(rtol=1e-4, atol=1e-7)
    implicit = solve_ivp(robertson, (0, 0.5 if not JIT else 40), [1.0, 0, 0], method, **options)
    explicit = solve_ivp(robertson, (0, 0.5 if not JIT else 40), [1.0, 0, 0], **options)
    assert explicit.nfev > (100 if JIT else 2) * implicit.nfev


# --- The Jacobian ---------------------------------------------------------------------------------


def as_array(t, y):
    return np.array(robertson_jac(t, y))


JACOBIANS = {
    "python": as_array,
    "nested lists": lambda t, y: [list(row) for row in robertson_jac(t, y)],
    "sparse": lambda t, y: scipy.sparse.csc_matrix(as_array(t, y)),
    "compiled, tuples": robertson_jac,
    "compiled, array": rhs(lambda t, y: np.array(robertson_jac(t, y))),
    "compiled, transposed array": rhs(lambda t, y: np.array(robertson_jac(t, y)).T.copy().T),
    "compiled, lists": rhs(
        lambda t, y: [
            [-0.04, 1e4 * y[2], 1e4 * y[1]],
            [0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]],
            [0.0, 6e7 * y[1], 0.0],
        ]
    ),
}


@each_method
@pytest.mark.parametrize("form", JACOBIANS)
def test_every_form_of_jacobian_gives_the_same_solution(method, form):
    options = dict(t_span=(0, 40), y0=[1.0, 0.0, 0.0], method=method)
    by_differences = solve_ivp(robertson, **options)
    exact = solve_ivp(robertson, **options, jac=JACOBIANS[form])
    assert (exact.nfev, exact.njev, exact.nlu) == (
        by_differences.nfev, by_differences.njev, by_differences.nlu,
    )  # fmt: skip
    np.testing.assert_allclose(exact.y, by_differences.y, rtol=1e-5, atol=1e-10)
    again = solve_ivp(robertson, **options, jac=robertson_jac)
    np.testing.assert_allclose(exact.y, again.y, rtol=1e-12, atol=0)


@each_method
@pytest.mark.parametrize("kind", [np.array, scipy.sparse.csr_matrix])
def test_a_constant_jacobian_is_never_evaluated(method, kind):
    A = np.array([[-1.0, 1e4], [0.0, -1e4]])
    sol = solve_ivp(lambda t, y: A @ y, (0, 1), [1.0, 1.0], method, jac=kind(A), rtol=1e-6)
    assert sol.njev == 0 and sol.nlu > 0
    exact = scipy.linalg.expm(A) @ [1.0, 1.0]
    np.testing.assert_allclose(sol.y[:, -1], exact, rtol=1e-4, atol=1e-6)


@each_method
def test_a_wrong_jacobian_costs_steps_and_no_accuracy(method):
    """Newton's iteration decides what is accepted: the Jacobian only makes it quick."""
    exact, wrong = (
        solve_ivp(
            lambda t, y: -50 * (y - np.cos(t)), (0, 1), [0.0], method, rtol=1e-6, atol=1e-9,
            jac=[[slope]],
        )
        for slope in (-50.0, -20.0)
    )  # fmt: skip
    assert wrong.nfev > 1.3 * exact.nfev
    np.testing.assert_allclose(wrong.y[0, -1], exact.y[0, -1], rtol=1e-5)


@each_method
def test_args_reach_the_jacobian(method):
    seen = []

    def jac(t, y, mu):
        seen.append(mu)
        return [[0, 1], [-2 * mu * y[0] * y[1] - 1, mu * (1 - y[0] ** 2)]]

    options = dict(t_span=(0, 3), y0=[2.0, 0.0], method=method, args=(20.0,))
    with_jac = solve_ivp(van_der_pol, **options, jac=jac)
    np.testing.assert_allclose(with_jac.y[:, -1], solve_ivp(van_der_pol, **options).y[:, -1], 1e-4)
    assert set(seen) == {20.0} and len(seen) == with_jac.njev


WRONG_JACOBIANS = [
    (lambda t, y: [1.0, 2.0], ValueError, r"shape \(2, 2\), where row i .*; got shape \(2,\)"),
    (lambda t, y: [[1.0], [2.0, 3.0]], ValueError, r"shape \(2, 2\).*got \[\[1.0\], \[2.0"),
    (lambda t, y: None, TypeError, r"jac returned None.*is a `return` missing"),
    (lambda t, y: [["a", "b"]] * 2, TypeError, "got dtype <U1"),
    (lambda t, y: np.eye(2) * 1j, TypeError, "float64 numbers; got dtype complex128"),
    (lambda t, y: 1 / 0, ZeroDivisionError, "division by zero"),
    (rhs(lambda t, y: np.eye(3)), ValueError, r"got shape \(3, 3\)"),
    (rhs(lambda t, y: ((1.0, 2.0), (3.0, 4.0, 5.0))), ValueError, r"got \(\(1.0, 2.0\), \(3"),
    (rhs(lambda t, y: None), TypeError, "jac returned None"),
    (rhs(lambda t, y: np.eye(2) * y[5]), IndexError, "out of bounds"),
    (np.eye(3), ValueError, r"jac must be a matrix of shape \(2, 2\).*got shape \(3, 3\)"),
    (5.0, ValueError, r"got shape \(\)"),
]


@each_method
@pytest.mark.parametrize(("jac", "error", "message"), WRONG_JACOBIANS)
def test_a_bad_jacobian_is_refused_in_words(method, jac, error, message):
    with pytest.raises(error, match=message):
        solve_ivp(lambda t, y: -y, (0, 1), [1.0, 2.0], method, jac=jac)


@compiled_only
def test_a_compiled_jacobian_that_is_no_matrix_is_refused_when_it_is_compiled():
    with pytest.raises(TypeError, match="it must return a matrix, as a 2-D array or a tuple of"):
        solve_ivp(lambda t, y: -y, (0, 1), [1.0], "BDF", jac=rhs(lambda t, y: (1.0, 2.0)))


@each_method
def test_jac_sparsity_is_checked_and_changes_nothing(method):
    options = dict(t_span=(0, 1), y0=[1.0, 2.0], method=method)
    plain = solve_ivp(lambda t, y: -y, **options)
    for pattern in np.eye(2), scipy.sparse.eye(2):
        sol = solve_ivp(lambda t, y: -y, **options, jac_sparsity=pattern)
        np.testing.assert_array_equal(sol.y, plain.y)
    with pytest.raises(ValueError, match=r"jac_sparsity must have shape \(2, 2\)"):
        solve_ivp(lambda t, y: -y, **options, jac_sparsity=np.eye(3))


# --- As with the explicit methods -----------------------------------------------------------------


@each_method
def test_compiled_and_python_functions_agree(method):
    options = dict(t_span=(0, 10), y0=[1.0, 0.0, 0.0], method=method, dense_output=True)
    compiled = solve_ivp(robertson, **options)
    python = solve_ivp(getattr(robertson, "py_func", robertson), **options)
    assert python.nfev == compiled.nfev
    np.testing.assert_allclose(python.y, compiled.y, rtol=1e-9, atol=1e-30)


@each_method
@pytest.mark.parametrize("end", [3.0, -2.0])
def test_dense_output_is_as_accurate_as_the_steps_in_both_directions(method, end):
    sol = solve_ivp(
        lambda t, y: np.cos(t) * y, (0, end), [1.0], method, dense_output=True, rtol=1e-7,
        atol=1e-9,
    )  # fmt: skip
    t = np.linspace(0, end, 1000)
    at_steps = abs(sol.y[0] - np.exp(np.sin(sol.t))).max()
    assert at_steps < 1e-5
    assert abs(sol.sol(t)[0] - np.exp(np.sin(t))).max() < max(3 * at_steps, 1e-7)
    np.testing.assert_array_equal(sol.sol(sol.t), sol.y)
    # the interpolants of neighbours meet
    before = np.nextafter(sol.t[1:-1], 0)
    np.testing.assert_allclose(sol.sol(before), sol.y[:, 1:-1], rtol=1e-12)
    asked = solve_ivp(
        lambda t, y: np.cos(t) * y, (0, end), [1.0], method, t_eval=t, rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(asked.y, sol.sol(t), rtol=1e-13)


@each_method
def test_events_are_found_and_end_the_solve(method):
    def falls(t, y):
        return y[0] - 0.5

    falls.terminal = True
    options = dict(t_span=(0, 5), y0=[1.0], method=method, rtol=1e-8, atol=1e-10)
    sol = solve_ivp(lambda t, y: -y, events=[falls, lambda t, y: y[0] - 0.8], **options)
    assert sol.status == 1
    np.testing.assert_allclose(sol.t_events[0], [np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(sol.t_events[1], [np.log(1 / 0.8)], rtol=1e-6)
    assert sol.t[-1] == sol.t_events[0][0]
    np.testing.assert_allclose(sol.y[0, -1], 0.5, rtol=1e-12)


@each_method
def test_complex_numbers_are_solved_as_they_are(method):
    A = np.array([[-1 + 5j, 0], [1, -100 - 3j]])
    exact = scipy.linalg.expm(2 * A) @ [1, 2j]
    options = dict(t_span=(0, 2), y0=[1 + 0j, 2j], method=method, rtol=1e-6, atol=1e-9)
    ways = [None, A, lambda t, y: A, rhs(lambda t, y: ((-1 + 5j, 0.0), (1.0, -100 - 3j)))]
    calls = []
    for jac in ways:
        sol = solve_ivp(lambda t, y: A @ y, **options, jac=jac)
        assert sol.y.dtype == complex
        np.testing.assert_allclose(sol.y[:, -1], exact, rtol=2e-4)
        calls.append(sol.nfev)
    assert calls[1] == calls[2] == calls[3]  # a wrong Jacobian would cost more


@each_method
def test_max_step_and_first_step_are_kept(method):
    sol = solve_ivp(lambda t, y: -y, (0, 2), [1.0], method, max_step=0.1, first_step=0.01)
    steps = np.diff(sol.t)
    assert steps.max() <= 0.1 + 1e-15 and steps[0] == 0.01
    assert (steps > 0.099).sum() > 10


@each_method
def test_what_f_raises_reaches_the_caller_with_what_was_computed(method):
    def f(t, y):
        if t > 1:
            raise LookupError("beyond the table")
        return -y

    with pytest.raises(LookupError, match="beyond the table") as caught:
        solve_ivp(f, (0, 5), [1.0], method)
    np.testing.assert_allclose(
        caught.value.solution.y[0], np.exp(-caught.value.solution.t), rtol=1e-2
    )
    with pytest.raises(ZeroDivisionError):
        solve_ivp(rhs(lambda t, y: (-y[0] * (1 / (0 if t > 1 else 1)),)), (0, 5), [1.0], method)
    # raised for the first time at an increment of the differences
    with pytest.raises(IndexError):
        solve_ivp(rhs(lambda t, y: (y[0 if y[1] == 0.0 else 7], 0.0)), (0, 5), [1.0, 0], method)


@each_method
def test_a_solution_that_ends_says_so(method):
    sol = solve_ivp(lambda t, y: y**2, (0, 2), [1.0], method)
    assert not sol.success and "may blow up there" in sol.message
    assert abs(sol.t[-1] - 1) < 0.01
    sol = solve_ivp(lambda t, y: [np.nan if t > 0.5 else 1.0], (0, 2), [1.0], method)
    assert not sol.success and "not finite in component 0" in sol.message
    sol = solve_ivp(lambda t, y: -y, (0, 2), [1.0], method, max_steps=3)
    assert not sol.success and "max_steps = 3" in sol.message and len(sol.t) <= 4


@each_method
def test_a_jacobian_that_is_not_finite_is_named(method):
    sol = solve_ivp(lambda t, y: -y, (1, 2), [1.0], method, jac=lambda t, y: [[np.nan]])
    assert not sol.success and "the Jacobian is not finite" in sol.message


def test_bdf_has_no_fixed_step():
    with pytest.raises(ValueError, match="chooses its order and its step together"):
        solve_ivp(lambda t, y: -y, (0, 1), [1.0], "BDF", step=0.1)


def test_an_explicit_method_says_that_it_needs_no_jacobian():
    with pytest.warns(UserWarning, match="no effect for a chosen solver: `jac`"):
        solve_ivp(lambda t, y: -y, (0, 1), [1.0], jac=[[-1.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solve_ivp(lambda t, y: -y, (0, 1), [1.0], "Radau", jac=[[-1.0]])


def test_fixed_steps_too_large_for_the_iteration_end_the_solve():
    sol = solve_ivp(lambda t, y: [1e3 * np.sin(1e3 * y[0])], (0, 5), [0.1], "Radau", step=1.0)
    assert not sol.success and "Newton's iteration did not converge" in sol.message


# --- Many at once, and from compiled code ---------------------------------------------------------


@rhs
def relaxation(t, y, rate):
    return rate * (np.cos(t) - y[0]), -rate * y[1]


@each_method
def test_an_ensemble_is_what_solve_ivp_gives_for_each_row(method):
    rates = np.array([1.0, 30.0, 1e3, 1e6])
    rows = ensemble(
        relaxation, (0, 2), np.tile([0.0, 1.0], (4, 1)), args=(rates,), vary=0, method=method,
        threads=2,
    )  # fmt: skip
    for i, rate in enumerate(rates):
        alone = solve_ivp(relaxation, (0, 2), [0.0, 1.0], method, args=(rate,))
        np.testing.assert_array_equal(rows.y[i], alone.y[:, -1])
        assert rows.nfev[i] == alone.nfev
    assert rows.success.all()


@each_method
def test_njit_solver_takes_the_same_steps(method):
    solve = njit_solver(relaxation, method, rtol=1e-6, atol=1e-9)

    @numba.njit
    def end(rate):
        y, success = solve(0.0, 2.0, np.array([0.0, 1.0]), rate)
        return y[0] if success else np.nan

    sol = solve_ivp(relaxation, (0, 2), [0.0, 1.0], method, args=(1e4,), rtol=1e-6, atol=1e-9)
    assert end(1e4) == sol.y[0, -1]
