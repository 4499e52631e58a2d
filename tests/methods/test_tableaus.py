"""Every tableau does what its source claims, checked without solving a single ODE.

A Runge–Kutta method has order p exactly when, for every rooted tree τ with at most p nodes, its
elementary weight is one over the density of the tree:

    b · Φ(τ) = 1 / γ(τ),      Φ(τ) = Π_{children σ} A Φ(σ)   (elementwise product)

(Hairer, Nørsett, Wanner, *Solving ODEs I*, Theorem II.2.13). A wrong digit anywhere in a tableau
breaks one of these equations at round-off level, where a convergence plot would look a bit off.
"""

from dataclasses import replace
from math import prod

import numpy as np
import pytest

from odelib.methods.tableaus import RUNGE_KUTTA

# Order of the interpolant, from the sources named in tableaus.py.
INTERPOLANT_ORDER = {
    "Euler": 1, "Midpoint": 2, "Heun": 2, "Ralston": 2, "RK3": 2, "RK4": 3, "RK38": 3,
    "RK23": 3, "RK45": 4, "Tsit5": 4, "DOP853": 7,
}  # fmt: skip
ROUND_OFF = 1e-13

each_method = pytest.mark.parametrize("name", RUNGE_KUTTA)


def all_stages(tab):
    """A (s + x, s + x) and b (s + x,) with the stages that only the interpolant needs."""
    s, x = len(tab.b), len(tab.c_extra)
    A = np.zeros((s + x, s + x))
    A[:s, :s], A[s:] = tab.A, tab.A_extra
    return A, np.append(tab.b, np.zeros(x))


# --- Rooted trees: a tree is the sorted tuple of its subtrees; a leaf is () -----------------------


def trees(n):
    """All rooted trees with n nodes."""
    if n == 1:
        return {()}
    return {grown for tree in trees(n - 1) for grown in _with_one_more_leaf(tree)}


def _with_one_more_leaf(tree):
    yield tuple(sorted((*tree, ())))
    for i, child in enumerate(tree):
        for grown in _with_one_more_leaf(child):
            yield tuple(sorted((*tree[:i], grown, *tree[i + 1 :])))


def size(tree):
    return 1 + sum(map(size, tree))


def density(tree):
    return size(tree) * prod(map(density, tree))


def weight(tree, A):
    """Elementary weight Φ(τ), shape (s,)."""
    return prod((A @ weight(child, A) for child in tree), start=np.ones(len(A)))


def residuals(b, A, orders, theta=1.0):
    """Defects of the order conditions of these orders, for a step of length θ (in units of h)."""
    return [
        abs(b @ weight(tree, A) - theta**order / density(tree))
        for order in orders
        for tree in trees(order)
    ]


# --- The tests ------------------------------------------------------------------------------------


def test_number_of_rooted_trees():
    assert [len(trees(n)) for n in range(1, 8)] == [1, 1, 2, 4, 9, 20, 48]  # OEIS A000081


@each_method
def test_rows_of_A_sum_to_c_and_the_method_is_explicit(name):
    tab = RUNGE_KUTTA[name]
    A, _ = all_stages(tab)
    c = np.append(tab.c, tab.c_extra)
    np.testing.assert_allclose(A.sum(axis=1), c, rtol=0, atol=ROUND_OFF)
    assert np.all(np.triu(A) == 0)


@each_method
def test_order_is_exactly_the_declared_one(name):
    tab = RUNGE_KUTTA[name]
    assert max(residuals(tab.b, tab.A, range(1, tab.order + 1))) < ROUND_OFF
    assert max(residuals(tab.b, tab.A, [tab.order + 1])) > 1e-6


def test_the_second_estimate_of_dop853_has_exactly_its_order():
    tab = RUNGE_KUTTA["DOP853"]
    b_low = tab.b - tab.e_low
    assert max(residuals(b_low, tab.A, range(1, tab.low_order + 1))) < ROUND_OFF
    assert max(residuals(b_low, tab.A, [tab.low_order + 1])) > 1e-6


@pytest.mark.parametrize("name", [name for name, tab in RUNGE_KUTTA.items() if tab.adaptive])
def test_embedded_solution_has_exactly_its_order(name):
    tab = RUNGE_KUTTA[name]
    b_hat = tab.b - tab.e
    assert max(residuals(b_hat, tab.A, range(1, tab.error_order + 1))) < ROUND_OFF
    assert max(residuals(b_hat, tab.A, [tab.error_order + 1])) > 1e-6


def weights_at(tab, theta):
    """The weights of the stages in y(t + θh), from the nested form."""
    weights = np.zeros(len(tab.F))
    for q in reversed(range(tab.F.shape[1])):
        weights = (1 - theta if q % 2 else theta) * (tab.F[:, q] + weights)
    return weights


@each_method
def test_powers_and_nested_form_of_the_interpolant_are_the_same(name):
    tab = RUNGE_KUTTA[name]
    for theta in 0.2, 0.5, 0.9, 1.3:
        powers = tab.P @ theta ** np.arange(1, tab.P.shape[1] + 1)
        np.testing.assert_allclose(powers, weights_at(tab, theta), rtol=0, atol=1e-11)


@each_method
@pytest.mark.parametrize("theta", [0.0, 0.3, 0.7, 1.0])
def test_interpolant_has_its_order(name, theta):
    tab, order = RUNGE_KUTTA[name], INTERPOLANT_ORDER[name]
    b_theta = weights_at(tab, theta)
    assert max(residuals(b_theta, all_stages(tab)[0], range(1, order + 1), theta)) < ROUND_OFF


@each_method
def test_order_of_the_interpolant_is_not_higher(name):
    tab, order = RUNGE_KUTTA[name], INTERPOLANT_ORDER[name]
    b_half = weights_at(tab, 0.5)
    assert max(residuals(b_half, all_stages(tab)[0], [order + 1], 0.5)) > 1e-6


@each_method
def test_interpolant_meets_both_ends_of_the_step(name):
    tab = RUNGE_KUTTA[name]
    np.testing.assert_array_equal(weights_at(tab, 0.0), 0.0)
    np.testing.assert_allclose(weights_at(tab, 1.0), all_stages(tab)[1], rtol=0, atol=4e-16)


@pytest.mark.parametrize("name", ["RK23", "RK45", "Tsit5", "DOP853"])
def test_interpolant_of_a_pair_has_the_slopes_of_the_field_at_both_ends(name):
    tab = RUNGE_KUTTA[name]
    first, last = np.eye(len(tab.P))[[0, len(tab.b) - 1]]
    np.testing.assert_allclose(tab.P[:, 0], first, rtol=0, atol=1e-12)
    slope = tab.P @ np.arange(1, tab.P.shape[1] + 1)
    np.testing.assert_allclose(slope, last, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["RK23", "RK45", "DOP853"])
def test_coefficients_are_those_that_scipy_copied_from_the_same_sources(name):
    """Where order conditions leave a freedom: DOP853's last two stages stand at the same time."""
    import scipy.integrate

    tab, theirs = RUNGE_KUTTA[name], getattr(scipy.integrate, name)
    s, width = theirs.A.shape
    pairs = [(tab.c[:s], theirs.C), (tab.A[:s, :width], theirs.A), (tab.b[:s], theirs.B)]
    if name == "DOP853":
        pairs += [(tab.e, theirs.E5), (tab.e_low, theirs.E3)]
        pairs += [(tab.A_extra, theirs.A_EXTRA), (tab.c_extra, theirs.C_EXTRA)]
    else:
        pairs += [(tab.e, -theirs.E)]
        np.testing.assert_allclose(tab.P, theirs.P, rtol=0, atol=2e-14)  # from the nested form
    for ours, other in pairs:
        np.testing.assert_allclose(ours, other, rtol=1e-14, atol=1e-15)


def test_flags_follow_from_the_numbers():
    pairs = {"RK23", "RK45", "Tsit5", "DOP853"}
    assert {name for name, tab in RUNGE_KUTTA.items() if tab.fsal} == pairs
    assert {name for name, tab in RUNGE_KUTTA.items() if tab.adaptive} == pairs
    assert {name for name, tab in RUNGE_KUTTA.items() if tab.two_estimates} == {"DOP853"}
    exponents = {name: RUNGE_KUTTA[name].error_exponent for name in pairs}
    assert exponents == {"RK23": 1 / 3, "RK45": 1 / 5, "Tsit5": 1 / 5, "DOP853": 1 / 8}


@each_method
def test_a_tableau_cannot_be_changed(name):
    with pytest.raises(ValueError, match="read-only"):
        RUNGE_KUTTA[name].b[0] = 0.0


# --- Every mutation, against every test -----------------------------------------------------------

FIELDS = ("A", "b", "c", "e", "e_low", "F", "A_extra", "c_extra")


def mutations(tab):
    """The tableau with one number changed by ±1e-9, zeros too, or two of a row that cancel."""
    for field in FIELDS:
        values = getattr(tab, field)
        for index in np.ndindex(values.shape):
            *row, j = index
            changes = [{index: 1e-9}, {index: -1e-9}]
            if j + 1 < values.shape[-1]:
                changes.append({index: 1e-9, (*row, j + 1): -1e-9})
            for change in changes:
                changed = values.copy()
                for place, difference in change.items():
                    changed[place] += difference
                yield (field, change), replace(tab, **{field: changed})


def is_caught(name):
    """Whether a test of this file fails for the method."""
    tab = RUNGE_KUTTA[name]
    try:
        test_flags_follow_from_the_numbers()
        test_rows_of_A_sum_to_c_and_the_method_is_explicit(name)
        test_interpolant_meets_both_ends_of_the_step(name)
        test_interpolant_has_its_order(name, 0.3)
        if name in ("RK23", "RK45", "Tsit5", "DOP853"):
            test_interpolant_of_a_pair_has_the_slopes_of_the_field_at_both_ends(name)
        if tab.adaptive:
            test_embedded_solution_has_exactly_its_order(name)
        if tab.two_estimates:
            test_the_second_estimate_of_dop853_has_exactly_its_order()
        test_order_is_exactly_the_declared_one(name)
        for theta in 0.7, 1.0:
            test_interpolant_has_its_order(name, theta)
        if name in ("RK23", "RK45", "DOP853"):
            test_coefficients_are_those_that_scipy_copied_from_the_same_sources(name)
    except AssertionError:
        return True
    return False


@each_method
def test_every_mutation_is_caught(name, monkeypatch):
    assert not is_caught(name)
    survivors = []
    tab = RUNGE_KUTTA[name]
    for what, mutant in mutations(tab):
        monkeypatch.setitem(RUNGE_KUTTA, name, mutant)
        if not is_caught(name):
            survivors.append(what)
    assert survivors == []
