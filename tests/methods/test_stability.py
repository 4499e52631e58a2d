"""The stability function against the method itself, and the intervals against the literature."""

import numpy as np
import pytest

from odelib import solve_ivp, stability_function, stability_interval
from odelib.methods import RUNGE_KUTTA

each_method = pytest.mark.parametrize("method", RUNGE_KUTTA)


@each_method
@pytest.mark.parametrize("z", [-0.1, -1.0, 0.7, -3.2])
def test_one_step_on_the_linear_equation_multiplies_by_R(method, z):
    sol = solve_ivp(lambda t, y: z * y, (0.0, 1.0), [1.0], method, step=1.0)
    np.testing.assert_allclose(sol.y[0, -1], stability_function(method, z), rtol=1e-14, atol=1e-13)


@each_method
def test_one_step_on_a_rotation_multiplies_by_R_of_an_imaginary_number(method):
    sol = solve_ivp(lambda t, y: [-y[1], y[0]], (0.0, 0.4), [1.0, 0.0], method, step=0.4)
    R = stability_function(method, 0.4j)
    np.testing.assert_allclose(sol.y[:, -1], [R.real, R.imag], rtol=0, atol=1e-15)


@pytest.mark.parametrize("method", ["Euler", "Midpoint", "Heun", "Ralston", "RK3", "RK4", "RK38"])
def test_R_of_a_method_with_as_many_stages_as_its_order_is_the_taylor_polynomial(method):
    order = RUNGE_KUTTA[method].order
    z = np.array([-2.0, 0.5, 1.0 + 2.0j])
    factorials = np.cumprod([1.0, *range(1, order + 1)])
    taylor = sum(z**k / factorials[k] for k in range(order + 1))
    np.testing.assert_allclose(stability_function(method, z), taylor, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    ("method", "real", "imaginary"),
    [
        ("Euler", 2.0, 0.0),
        ("Midpoint", 2.0, 0.0),
        ("Heun", 2.0, 0.0),
        ("Ralston", 2.0, 0.0),
        ("RK3", 2.512745326618329, np.sqrt(3)),
        ("RK23", 2.512745326618329, np.sqrt(3)),
        ("RK4", 2.785293563405282, np.sqrt(8)),
        ("RK38", 2.785293563405282, np.sqrt(8)),
        ("RK45", 3.306567892634946, 0.997189),
    ],
)
def test_stability_intervals_of_the_literature(method, real, imaginary):
    found = stability_interval(method)
    np.testing.assert_allclose(found[0], real, rtol=1e-12)
    np.testing.assert_allclose(found[1], imaginary, rtol=1e-6, atol=1e-12)


@each_method
def test_both_sides_of_both_ends(method):
    real, imaginary = stability_interval(method)
    inside = np.linspace(1e-6, 1 - 1e-6, 1001)
    assert np.all(np.abs(stability_function(method, -real * inside)) < 1)
    assert np.abs(stability_function(method, -real * (1 + 1e-6))) > 1
    assert np.all(np.abs(stability_function(method, 1j * imaginary * inside)) <= 1 + 1e-12)
    assert np.abs(stability_function(method, 1j * (imaginary * (1 + 1e-6) + 1e-3))) > 1


def test_shapes_and_kinds_follow_z():
    assert isinstance(stability_function("RK4", -1), float)
    assert isinstance(stability_function("RK4", 1j), complex)
    assert stability_function("RK4", np.zeros((2, 3))).shape == (2, 3)
    assert stability_function("RK4", np.zeros(2)).dtype == float


def test_an_unknown_method_is_named():
    for call in (lambda: stability_function("rk4", 0), lambda: stability_interval("rk4")):
        with pytest.raises(ValueError, match="'RK4'.*got 'rk4'"):
            call()
