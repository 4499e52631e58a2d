"""The recurring figures show what they say: read off what was drawn, not how it looks."""

import warnings

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba

from odelib import plotting
from odelib.methods.stability import stability_function, stability_interval
from odelib.methods.tableaus import RUNGE_KUTTA

HESSIAN = np.array([[1.0, 0.5], [0.5, 2.0]])
EIGENVALUES = np.linalg.eigvalsh(HESSIAN)
MINIMISER = np.array([3.0, -1.0])
BORDER = 2 / EIGENVALUES[-1]  # of gradient descent

each_method = pytest.mark.parametrize("method", RUNGE_KUTTA)


@pytest.fixture(autouse=True)
def book_style():
    with plt.rc_context():
        plotting.use_book_style()
        yield
    plt.close("all")


def descend(learning_rate, steps=12):
    """Gradient descent from 0 on ½(θ − θ*)ᵀH(θ − θ*), shape (2, steps + 1)."""
    path = np.zeros((2, steps + 1))
    for k in range(steps):
        path[:, k + 1] = path[:, k] - learning_rate * HESSIAN @ (path[:, k] - MINIMISER)
    return path


def line_labelled(ax, label):
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return line


def drawn_dots(ax):
    """Positions (n, 2) and colours (n,) of the dots of a scatter plot."""
    (dots,) = [c for c in ax.collections if isinstance(c, matplotlib.collections.PathCollection)]
    colours = [to_hex(colour).upper() for colour in dots.get_facecolors()]
    return np.asarray(dots.get_offsets()), colours


# --- Style ---------------------------------------------------------------------------


def relative_luminance(colour):
    """Of WCAG 2: 0 for black, 1 for white."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgba(colour)]
    return np.dot(linear[:3], [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("colour", [plotting.FLOW, plotting.METHOD, plotting.UNSTABLE])
def test_the_books_colours_can_be_read_as_text_on_white(colour):
    assert 1.05 / (relative_luminance(colour) + 0.05) >= 4.5  # WCAG 2 AA


def test_colours_of_further_curves_are_neither_the_flows_nor_the_unstable():
    assert plotting.CYCLE[0] == plotting.METHOD
    assert len(set(plotting.CYCLE)) == len(plotting.CYCLE)
    assert not {plotting.FLOW, plotting.UNSTABLE} & set(plotting.CYCLE)


def test_book_style_is_white_and_colours_curves_in_the_books_cycle():
    fig, ax = plt.subplots()
    assert to_hex(fig.get_facecolor()) == "#ffffff"
    drawn = [ax.plot([0, 1])[0].get_color() for _ in plotting.CYCLE]
    assert drawn == plotting.CYCLE


def test_a_figure_of_the_pair_is_small_and_draws_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig, _ = plotting.pair(HESSIAN, MINIMISER, descend(1.01 * BORDER, 60), 1.01 * BORDER)
        fig.savefig(tmp_path / "pair.png")
    assert 5_000 < (tmp_path / "pair.png").stat().st_size < 100_000


# --- The pair ------------------------------------------------------------------------


def test_pair_draws_every_step_and_the_flow_as_given():
    path = descend(0.3)
    flow = np.vstack([np.linspace(0, 3, 50), np.linspace(0, -1, 50)])
    _, (left, _) = plotting.pair(HESSIAN, MINIMISER, path, 0.3, flow=flow)
    dots = line_labelled(left, "Euler")
    np.testing.assert_array_equal(dots.get_xydata().T, path)
    assert dots.get_linestyle() == "None" and dots.get_marker() == "o"
    black = line_labelled(left, "flow")
    np.testing.assert_array_equal(black.get_xydata().T, flow)
    assert black.get_color() == plotting.FLOW


@pytest.mark.parametrize(
    ("factor", "colour"), [(1 - 1e-9, plotting.METHOD), (1 + 1e-9, plotting.UNSTABLE)]
)
def test_pair_turns_red_exactly_beyond_2_over_lambda_max(factor, colour):
    learning_rate = factor * BORDER
    _, (left, right) = plotting.pair(HESSIAN, MINIMISER, descend(0.1), learning_rate)
    assert line_labelled(left, "Euler").get_color() == colour
    _, colours = drawn_dots(right)
    assert colours == [plotting.METHOD, colour]  # λ₁ is stable on both sides


@each_method
def test_pair_turns_red_at_the_border_of_its_method(method):
    for factor, colour in [(1 - 1e-6, plotting.METHOD), (1 + 1e-6, plotting.UNSTABLE)]:
        learning_rate = factor * stability_interval(method)[0] / EIGENVALUES[-1]
        axes = plotting.pair(HESSIAN, MINIMISER, descend(0.1), learning_rate, method=method)[1]
        assert line_labelled(axes[0], method).get_color() == colour
        z, size = drawn_dots(axes[1])[0][-1]  # the right panel shows the same method
        np.testing.assert_allclose([z / -learning_rate, size], [EIGENVALUES[-1], 1], rtol=1e-4)


def test_pair_shows_the_start_and_the_minimiser_and_leaves_divergence_outside():
    _, (left, _) = plotting.pair(HESSIAN, MINIMISER, descend(1.3 * BORDER, 60), 1.3 * BORDER)
    for point in (np.zeros(2), MINIMISER):
        assert left.get_xlim()[0] < point[0] < left.get_xlim()[1]
        assert left.get_ylim()[0] < point[1] < left.get_ylim()[1]
    assert np.ptp(left.get_xlim()) < 10  # the last dot is a thousand away


def test_pair_draws_on_given_axes():
    fig, axes = plt.subplots(1, 2)
    drawn_on, drawn_axes = plotting.pair(HESSIAN, MINIMISER, descend(0.1), 0.1, axes=axes)
    assert drawn_on is fig and drawn_axes is axes
    assert len(plt.get_fignums()) == 1


def test_pair_is_titled_by_the_learning_rate_of_descent_and_the_step_of_other_methods():
    for method, title in [("Euler", r"learning rate $\alpha = 0.1$"), ("RK4", "step $h = 0.1$")]:
        _, (left, _) = plotting.pair(HESSIAN, MINIMISER, descend(0.1), 0.1, method=method)
        assert left.get_title() == title


def test_contours_are_level_sets_of_the_loss_centred_at_the_minimiser():
    ax = plotting.loss_contours(HESSIAN, MINIMISER, radius=2.0)
    (contours,) = [c for c in ax.collections if isinstance(c, matplotlib.contour.ContourSet)]
    assert len(contours.levels) >= 5
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        offset = path.vertices - MINIMISER
        loss = 0.5 * np.einsum("ni,ij,nj->n", offset, HESSIAN, offset)
        np.testing.assert_allclose(loss, level, rtol=0.01, atol=1e-3)
    assert list(ax.get_xlim()) == [1, 5] and list(ax.get_ylim()) == [-3, 1]


# --- Stability -----------------------------------------------------------------------


@each_method
def test_multipliers_stand_at_minus_alpha_lambda_on_the_curve(method):
    ax = plotting.multipliers(EIGENVALUES, 0.7, method=method)
    z = -0.7 * EIGENVALUES
    dots, _ = drawn_dots(ax)
    np.testing.assert_allclose(dots[:, 0], z, rtol=1e-14)
    np.testing.assert_allclose(dots[:, 1], np.abs(stability_function(method, z)), rtol=1e-14)
    curve = line_labelled(ax, "$|R(z)|$").get_xydata()
    expected = np.abs(stability_function(method, curve[:, 0]))
    np.testing.assert_allclose(curve[:, 1], expected, rtol=1e-14)
    assert curve[0, 0] < -stability_interval(method)[0] and curve[-1, 0] == 0


def test_multipliers_are_all_inside_the_window_however_large_the_step():
    ax = plotting.multipliers(EIGENVALUES, 40.0)
    dots, _ = drawn_dots(ax)
    assert ax.get_xlim()[0] < dots[:, 0].min() and dots[:, 1].max() < ax.get_ylim()[1]


@each_method
def test_stability_region_is_where_R_is_at_most_one(method):
    ax = plotting.stability_region(method)
    *_, boundary = [c for c in ax.collections if isinstance(c, matplotlib.contour.ContourSet)]
    (path,) = boundary.get_paths()
    z = path.vertices @ [1, 1j]
    assert len(z) > 50
    np.testing.assert_allclose(np.abs(stability_function(method, z)), 1, rtol=0, atol=0.01)


def test_stability_region_colours_given_points_by_their_side():
    ax = plotting.stability_region("Euler", z=[-1.999, -2.001, -1 + 0.999j, -1 - 1.001j])
    dots, colours = drawn_dots(ax)
    np.testing.assert_allclose(dots[2:], [[-1, 0.999], [-1, -1.001]], rtol=1e-14)
    assert colours == [plotting.METHOD, plotting.UNSTABLE] * 2


# --- Convergence ---------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 4])
def test_convergence_draws_the_errors_and_a_line_of_the_claimed_slope(order):
    h = 0.5 ** np.arange(3, 9)
    errors = 3.0 * h**1.5
    ax = plotting.convergence(h, errors, order, label="measured")
    assert ax.get_xscale() == ax.get_yscale() == "log"
    np.testing.assert_array_equal(line_labelled(ax, "measured").get_xydata().T, [h, errors])
    x, y = line_labelled(ax, f"slope {order}").get_xydata().T
    np.testing.assert_allclose(np.diff(np.log(y)) / np.diff(np.log(x)), order, rtol=1e-10)
    assert 0.3 < y[0] / errors[0] < 1  # beside the measured line, not on it


def test_convergence_compares_two_methods_on_the_same_axes():
    h = np.array([0.1, 0.05])
    ax = plotting.convergence(h, h, 1, label="Euler")
    assert plotting.convergence(h, h**2, 2, ax=ax, label="Heun") is ax
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["Euler", "slope 1", "Heun", "slope 2"]


# --- Training ------------------------------------------------------------------------


@each_method
def test_training_spectrum_puts_each_mode_on_its_side_of_the_border(method):
    """One mode just inside, one just outside; a negative eigenvalue grows with every method."""
    border = stability_interval(method)[0]
    eigenvalues = np.array([-0.1, 0.3, 1 - 1e-6, 1 + 1e-6]) * border / 0.7
    ax = plotting.training_spectrum(eigenvalues, 0.7, method=method)
    dots, colours = drawn_dots(ax)
    np.testing.assert_allclose(dots[:, 0], -0.7 * eigenvalues, rtol=1e-14)
    np.testing.assert_array_equal(dots[:, 1], 0)
    red, blue = plotting.UNSTABLE, plotting.METHOD
    assert colours == [red, blue, blue, red]
    assert ax.get_title() == "2 of 4 modes are damped"
    assert ax.get_xlim()[0] < dots[:, 0].min() and dots[:, 0].max() < ax.get_xlim()[1]


def test_training_spectrum_of_a_stable_step_is_blue():
    ax = plotting.training_spectrum(EIGENVALUES, 0.99 * BORDER, ax=plt.subplots()[1])
    assert ax.title.get_color() == plotting.METHOD
    assert set(drawn_dots(ax)[1]) == {plotting.METHOD}


def test_sharpness_history_marks_what_is_above_the_border():
    steps, sharpness = np.arange(0, 50, 10), np.array([1.0, 3.9, 4.1, 5.0, 3.0])
    ax = plotting.sharpness_history(steps, sharpness, 0.5)
    curve, red, dashed = ax.lines
    np.testing.assert_array_equal(curve.get_xydata().T, [steps, sharpness])
    np.testing.assert_array_equal(red.get_xydata(), [[20, 4.1], [30, 5.0]])
    assert red.get_color() == plotting.UNSTABLE
    assert dashed.get_ydata()[0] == 4.0 and dashed.get_label() == r"$2/\alpha$"
    assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > 5
    assert plotting.sharpness_history(steps, sharpness, 0.5, limit=3.8, ax=ax) is ax
    assert ax.lines[-1].get_ydata()[0] == 7.6


def test_training_history_rings_the_lowest_validation_loss():
    steps, loss = np.array([0, 10, 20, 30]), np.array([4.0, 2.0, 1.0, 0.5])
    held_out = np.array([5.0, 3.0, 3.5, np.nan])
    ax = plotting.training_history(steps, loss, validation=held_out)
    assert ax.get_yscale() == "log"
    np.testing.assert_array_equal(line_labelled(ax, "training").get_xydata().T, [steps, loss])
    np.testing.assert_array_equal(line_labelled(ax, "validation").get_xydata().T, [steps, held_out])
    np.testing.assert_array_equal(line_labelled(ax, "lowest, step 10").get_xydata(), [[10, 3.0]])
    alone = plotting.training_history(steps, loss, ax=plt.subplots()[1])
    assert [line.get_label() for line in alone.lines] == ["training"]
