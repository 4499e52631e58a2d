"""The figures with a slider say what the library computes: here their HTML, as Python writes it.

test_interactive_in_browser.py runs their JavaScript.
"""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import odelib
from odelib import interactive
from odelib.interactive.cubic_descent import long_run
from odelib.interactive.digits import fixed, short
from odelib.interactive.landscapes import COEFFICIENTS, WINDOW, contour, end_of_flow, loss_at
from odelib.interactive.stability_regions import region_boundary
from slider_figures import (
    EIGENVALUES,
    FIGURES,
    HESSIAN,
    MARKS,
    METHODS,
    OPTIMUM,
    STEPS,
    at_equal_cost,
    errors_by_odelib,
    first_page,
    four_panels,
    landscape_gradient,
    lowest_loss,
    opening,
    path_by_odelib,
    regions,
    sizes_by_odelib,
    solve,
    stopping,
    thirty_points,
)

BORDER = 2 / EIGENVALUES[-1]
each_figure = pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)


class Page(HTMLParser):
    """All tags of the figure, as (tag, attributes); its texts, as (text, tags around it)."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "input":  # it has no end
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((data, list(self.open)))


# --- Every figure --------------------------------------------------------------------


@each_figure
def test_html_is_the_same_each_time_and_depends_on_the_arguments(make):
    assert make()._repr_html_() == make()._repr_html_()
    lowest, highest, _ = make().slider
    others = [make(), make(value=lowest), make(value=highest)]
    names = {re.search('data-figure="(.*?)"', figure._repr_html_())[1] for figure in others}
    assert len(names) == 3


@each_figure
def test_html_asks_for_nothing_from_outside(make):
    html = make()._repr_html_().replace("http://www.w3.org/2000/svg", "")
    assert "://" not in html and "url(" not in html and "import" not in html
    assert not [tag for tag, attrs in Page(html).tags if {"src", "href"} & set(attrs)]
    assert len(html) < 50_000


@each_figure
def test_tags_are_balanced(make):
    assert Page(make()._repr_html_()).open == []


@each_figure
def test_slider_is_a_native_control_with_a_label_and_a_readout_that_is_read_out(make):
    tags = Page(make()._repr_html_()).tags
    kinds = [tag for tag, _ in tags]
    track = ["span"] * bool(make().stops)
    between = kinds[kinds.index("label") : kinds.index("input") + 1]
    assert between == ["label", "span", *track, "input"]
    assert dict(reversed(tags))["input"]["type"] == "range"
    assert [attrs["aria-live"] for _, attrs in tags if "aria-live" in attrs] == ["polite"]
    pictures = [attrs for tag, attrs in tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(pictures) == len(make().panels)
    assert all(len(picture["aria-label"].split()) > 20 for picture in pictures)
    assert len([tag for tag, attrs in tags if attrs.get("role") == "group"]) == 1


@each_figure
def test_every_word_comes_from_the_texts_that_a_translation_replaces(make):
    figure = make(value=make().slider[0])
    page = Page(figure._repr_html_())
    names = {*METHODS, *figure.choices}
    for text, around in page.texts:
        replaced = any({"data-text", "data-field"} & set(attrs) for _, attrs in around)
        code = around[-1][0] in ("script", "style")
        number = re.fullmatch(r"[−\d., ×⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", text.strip())
        assert replaced or code or number or text in names, text
    for tag, attrs in page.tags:
        assert ("aria-label" in attrs) == ("data-label" in attrs), tag
    (texts,) = [json.loads(attrs["data-texts"]) for _, attrs in page.tags if "data-texts" in attrs]
    assert texts == figure.texts
    shown = {attrs.get(key) for _, attrs in page.tags for key in ("data-text", "data-label")}
    assert set(texts) - shown <= {
        "method",
        "unstable",
        "none",
        "one",
        "cycle",
        "no cycle",
        "pause",
        "minimum",
        "rest",
        "away",
        "far",
    }  # words that the fields may hold


@each_figure
def test_texts_can_be_given_in_another_language(make):
    figure = make(texts={"slider": "滑块", "title": "标题"})
    assert '<span data-text="slider" >滑块</span>' in figure._repr_html_()
    assert repr(figure).startswith("标题")
    with pytest.raises(ValueError, match="texts must have keys among .*; got 'slidr'"):
        make(texts={"slidr": "滑块"})


@each_figure
def test_no_field_is_left_open(make):
    html = re.sub("<(script|style)>.*?</\\1>", "", make()._repr_html_(), flags=re.DOTALL)
    assert not re.search(r"\{\w+\}", re.sub('data-texts="[^"]*"', "", html))


# --- The first page's ----------------------------------------------------------------


@pytest.mark.parametrize("noise", [-3e-15, -4e-16, 4e-16, 3e-15])
def test_html_does_not_depend_on_round_off(noise):
    """Another machine's linear algebra differs in the last digits; stored outputs must not."""
    options = {"start": [0, 0], "value": 0.895, "marks": tuple(MARKS)}
    noisy = interactive.descent(HESSIAN * (1 + noise), OPTIMUM * (1 - noise), **options)
    assert noisy._repr_html_() == first_page()._repr_html_()
    for make in (regions, at_equal_cost):
        noisy = [HESSIAN * (1 + noise), OPTIMUM * (1 - noise), [0, 0]]
        panels = [panel.name for panel in make().panels]
        figure = interactive.regions(*noisy, marks=make().marks, panels=panels)
        assert figure._repr_html_() == make()._repr_html_()


def test_table_and_text_hold_the_distances_for_readers_without_javascript():
    figure = first_page()
    words = ["converges", "converges", "diverges"]
    page = Page(figure._repr_html_())
    cells = [text for text, around in page.texts if around[-1][0] == "td"]
    rows = list(zip(map(str, MARKS), MARKS.values(), words, strict=True))
    assert cells == [cell for row in rows for cell in row]
    assert all("  ".join(row) in repr(figure) for row in rows)
    for alpha, distance in MARKS.items():
        exact = np.linalg.norm(path_by_odelib(alpha)[:, -1] - OPTIMUM)
        assert short(exact) == distance


def test_border_is_2_over_lambda_max():
    figure = first_page()
    assert figure.fields["length"] == "2"
    assert figure.fields["border"] == f"{BORDER:.4f}" == "0.9685"
    assert "border {length}/λ<sub>max</sub> = {border}" in figure.texts.values()


def test_still_picture_shows_every_step():
    _, (shape, style, points, _) = first_page().panels[0].moving
    assert (shape, style) == ("dots", "method")
    np.testing.assert_allclose(points.T, path_by_odelib(0.895), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("factor", "style"), [(1 - 1e-9, "method"), (1 + 1e-9, "unstable")])
def test_still_picture_changes_colour_exactly_at_the_border(factor, style):
    figure = first_page(value=factor * BORDER)
    assert figure.style == style
    stems = [mark for mark in figure.panels[1].moving if mark[0] == "stems"]
    assert [mark[1] for mark in stems] == ["method", style]
    np.testing.assert_allclose(stems[1][2][0], [-2, 1], rtol=0, atol=1e-8)


def test_loss_and_reach_hold_odelibs_numbers_for_the_method_and_the_flow():
    figure = four_panels(value=0.9)
    loss, reach = figure.panels[2:]
    difference = path_by_odelib(0.9) - OPTIMUM[:, None]
    losses = np.log10(0.5 * np.sum(difference * (HESSIAN @ difference), axis=0))
    for mark in loss.moving[1:]:
        np.testing.assert_allclose(mark.points.T, [range(61), losses], rtol=0, atol=1e-9)
    flow = odelib.gradient_flow(lambda theta: HESSIAN @ (theta - OPTIMUM))
    end = odelib.solve_ivp(flow, (0, 9.0), [0.0, 0.0], rtol=1e-12, atol=1e-12).y[:, -1] - OPTIMUM
    exact = np.log10(0.5 * end @ HESSIAN @ end)
    np.testing.assert_allclose(loss.moving[0].points[10], [10, exact], rtol=0, atol=1e-8)

    border, ideal, below, beyond = (np.array(mark.points) for mark in reach.still)
    np.testing.assert_allclose(border[:, 0], BORDER, rtol=1e-12, atol=0)
    assert below[:, 0].max() == beyond[:, 0].min() == border[0, 0]
    for rate, height in [*below[::40], *beyond[-2:]]:
        distance = np.linalg.norm(path_by_odelib(rate)[:, -1] - OPTIMUM)
        np.testing.assert_allclose(height, np.log10(distance), rtol=0, atol=1e-9)
    at_nine = np.interp(9.0 / STEPS, *ideal.T)
    np.testing.assert_allclose(at_nine, np.log10(np.linalg.norm(end)), rtol=0, atol=1e-6)


def test_opening_says_the_loss_and_marks_its_border_among_the_stops():
    figure = opening()
    difference = path_by_odelib(0.98) - OPTIMUM[:, None]
    losses = lowest_loss() + 0.5 * np.sum(difference * (HESSIAN @ difference), axis=0)
    level = figure.panels[1]
    np.testing.assert_allclose(level.moving[1].points[:, 1], np.log10(losses), rtol=0, atol=1e-9)
    flow = odelib.gradient_flow(lambda theta: HESSIAN @ (theta - OPTIMUM))
    end = odelib.solve_ivp(flow, (0, 9.8), [0.0, 0.0], rtol=1e-12, atol=1e-12).y[:, -1] - OPTIMUM
    exact = np.log10(lowest_loss() + 0.5 * end @ HESSIAN @ end)
    np.testing.assert_allclose(level.moving[0].points[10], [10, exact], rtol=0, atol=1e-8)
    fields = [figure.fields[key] for key in ("first", "end", "lowest", "verdict")]
    assert fields == ["25.0", short(losses[-1]), "0.40", "diverges"] and losses[-1] > 400
    assert [row[1] for row in figure.table[1:]] == ["0.4224", "0.6309", "408.2"]

    at = float(re.search(r"--at:([\d.]+)%", figure._repr_html_())[1]) / 100
    position = at * (len(figure.stops) - 1)
    below, above = figure.stops[int(position)], figure.stops[int(position) + 1]
    assert (below, above) == (0.968, 0.97)
    assert abs(below + (position - int(position)) * (above - below) - BORDER) < 1e-4
    near = [stop for stop in figure.stops if 0.9 <= stop <= 1]
    assert len(near) > 0.8 * len(figure.stops)


def test_descent_refuses_a_value_that_is_no_stop():
    with pytest.raises(ValueError, match="value and marks must be among the stops"):
        opening(value=0.981)


def test_descent_refuses_an_unknown_panel():
    with pytest.raises(ValueError, match="panels must be among .*; got 'los'"):
        first_page(panels=("path", "los"))


def test_flow_runs_from_the_start_into_the_minimiser():
    (flow,) = [mark[2] for mark in first_page().panels[0].still if mark[1] == "flow"][:1]
    np.testing.assert_allclose(flow[0], [0, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(flow[-1], OPTIMUM, rtol=0, atol=0.01)


# --- The cubic loss ------------------------------------------------------------------


def test_cubic_takes_eulers_steps_to_the_last_bit_even_in_chaos():
    for alpha in (1.9, 2.3, 2.83, 3.0):
        flow = odelib.solve_ivp(
            lambda t, y: y * (1 - y), (0, 60 * alpha), [0.5], "Euler", step=alpha
        )
        mark = interactive.cubic(value=alpha).panels[3].moving[1]
        assert np.array_equal(np.array(mark.points)[:, 1], flow.y[0])


@pytest.mark.parametrize(
    ("alpha", "period", "style"),
    [
        (1.99, 1, "method"),
        (2.01, 2, "unstable"),
        (6**0.5 - 0.01, 2, "unstable"),
        (6**0.5 + 0.01, 4, "unstable"),
        (2.55, 8, "unstable"),
        (2.6, 0, "unstable"),
        (8**0.5 + 0.001, 3, "unstable"),
        (3.0, 0, "unstable"),
    ],
)
def test_long_run_on_both_sides_of_each_border(alpha, period, style):
    assert long_run(alpha, 0.5)[0] == period
    figure = interactive.cubic(value=alpha)
    assert figure.style == style
    says = {0: "no cycle up to 64", 1: "one value"}.get(period, f"a cycle of {period} values")
    assert figure.fields["verdict"] == says


def test_stretch_is_the_theorems_on_cycles_and_two_in_full_chaos():
    assert abs(long_run(1.9, 0.5)[1] - 0.9) < 1e-6  # |1 − αλ|
    assert abs(long_run(2.3, 0.5)[1] - abs(5 - 2.3**2) ** 0.5) < 1e-6
    assert abs(long_run(3.0, 0.3)[1] - 2) < 0.02


def test_still_diagram_holds_the_cycle_of_two_in_closed_form():
    (_, dots) = interactive.cubic().panels[0].still
    points = np.array(dots.points)
    column = points[np.isclose(points[:, 0], 2.3)][:, 1]
    middle, half = 4.3 / 4.6, (4.3 * 0.3) ** 0.5 / 4.6  # the roots of p + q, pq
    np.testing.assert_allclose(column, [middle - half, middle + half], rtol=0, atol=6e-4)
    assert np.all(points[points[:, 0] < 1.98][:, 1] == 1)


def test_cubic_refuses_what_would_run_away():
    with pytest.raises(ValueError, match="slider must run from above 0 to at most 3"):
        interactive.cubic(slider=(1.5, 3.1, 0.01))
    with pytest.raises(ValueError, match="start must lie between 0 and 1, got 1.5"):
        interactive.cubic(start=1.5)


# --- Early stopping ------------------------------------------------------------------


@pytest.mark.parametrize(("log", "half"), [(0.0, 1), (1.0, 8), (2.0, 17), (3.0, 20)])
def test_stopping_holds_the_errors_of_the_flow_that_odelib_follows(log, half):
    train, test, fit = errors_by_odelib(log)
    figure = stopping(value=log)
    assert figure.fields["half"] == str(half)
    assert (figure.fields["train"], figure.fields["test"]) == (short(train), short(test))
    at = round((log + 1) / 0.1)
    found = [figure.data[name][at] for name in ("train", "test")]
    np.testing.assert_allclose(found, [train, test], rtol=1e-5, atol=0)
    np.testing.assert_allclose(
        figure.panels[0].moving[0].points[:, 1], fit[::10], rtol=0, atol=6e-4
    )
    eigenvalues = np.linalg.eigvalsh(thirty_points()[2].T @ thirty_points()[2] / 30)[::-1][:24]
    shares = figure.panels[1].moving[0].points[:, 1]
    np.testing.assert_allclose(shares, 1 - np.exp(-eigenvalues * 10**log), rtol=0, atol=1e-5)


def test_stopping_changes_its_colour_after_the_lowest_test_error():
    data = stopping().data
    best = np.argmin(data["test"])
    assert 0 < best < 50 and min(np.diff(data["train"])) < max(np.diff(data["train"])) < 0
    logs = [round(-1 + 0.1 * (best + more), 1) for more in (0, 1)]
    assert [stopping(value=log).style for log in logs] == ["method", "unstable"]


@pytest.mark.parametrize("noise", [-3e-15, -4e-16, 4e-16, 3e-15])
def test_stopping_does_not_depend_on_round_off(noise):
    points, observed, features, fresh, fresh_features = thirty_points()
    noisy = interactive.stopping(
        points,
        observed * (1 - noise),
        features * (1 + noise),
        fresh,
        fresh_features,
        truth=lambda x: np.sin(3 * x),
        marks=(0, 1, 3, 4),
    )
    assert noisy._repr_html_() == stopping()._repr_html_()


# --- The landscapes ------------------------------------------------------------------


@pytest.mark.parametrize("landscape", COEFFICIENTS)
def test_landscape_has_the_loss_of_its_gradient_and_contours_of_equal_loss(landscape):
    gradient, coefficients = landscape_gradient(landscape), COEFFICIENTS[landscape]
    for at in np.array([[1.5, 1.2], [-0.3, 0.7], [0.4, -1.1]]):
        nudges = 1e-6 * np.eye(2)
        rise = loss_at(at + nudges, coefficients) - loss_at(at - nudges, coefficients)
        np.testing.assert_allclose(rise / 2e-6, gradient(at), rtol=0, atol=1e-8)
    for level in (-0.2, -0.05, 0.3, 0.9):
        curves = contour(level, coefficients)
        assert bool(curves) == (level > 0 or landscape != "bowl")
        for points in curves:
            assert np.all(np.abs(points[:, 1]) <= WINDOW[3] + 1e-12)
            np.testing.assert_allclose(loss_at(points, coefficients), level, rtol=0, atol=1e-7)
    assert len(contour(-0.1, COEFFICIENTS["well"])) == 2  # one around each minimum


@pytest.mark.parametrize("landscape", COEFFICIENTS)
@pytest.mark.parametrize("start", [(1.5, 1.2), (-1.0, -0.05), (1.5, 0.0)])
def test_flow_ends_where_odelib_ends(landscape, start):
    field = odelib.gradient_flow(landscape_gradient(landscape))
    end = odelib.solve_ivp(field, (0, 100.0), start, rtol=1e-9, atol=1e-12).y[:, -1]
    rest = end_of_flow(start, landscape)
    assert (rest is None) == (np.abs(end).max() > 1e6)
    if rest is not None:
        np.testing.assert_allclose(end, rest, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("alpha", "style"), [(0.99, "method"), (1.01, "unstable")])
def test_descent_in_the_bowl_is_red_exactly_beyond_its_border(alpha, style):
    figure = interactive.landscapes(value=alpha, start=(0.0, 1.0))
    assert figure.style == style
    steps = int(20 / alpha)
    path = odelib.minimize(
        landscape_gradient("bowl"), [0.0, 1.0], learning_rate=alpha, steps=steps, trajectory=True
    ).trajectory
    drawn = np.array(figure.panels[0].moving[3].points)
    np.testing.assert_allclose(drawn, path.T, rtol=1e-12, atol=1e-15)


def test_table_of_landscapes_has_every_end():
    rows = interactive.landscapes().table[1:]
    assert [row[2] for row in rows] == 3 * ["0, 0"] + ["away", "0, 0", "away"] + [
        "0, 1",
        "0, 0",
        "0, −1",
    ]
    assert rows[0][3] == "0.02, 0.00" and abs(1.5 * 0.92**50 - 0.02) < 0.005


@pytest.mark.parametrize("start", [(1.51, 0.0), (1.9, 0.0), (0.0, 1.65)])
def test_landscapes_refuse_a_start_off_the_grid_or_outside(start):
    with pytest.raises(ValueError, match="multiples of 0.05, with .*; got"):
        interactive.landscapes(start=start)
    with pytest.raises(ValueError, match="slider must begin above 0"):
        interactive.landscapes(slider=(0.0, 1.0, 0.05))


# --- Euler's polygon -----------------------------------------------------------------


@pytest.mark.parametrize("rate", [1.0, -1.5])
def test_polygon_and_its_table_hold_eulers_errors(rate):
    figure = interactive.polygon(rate, 2.0, value=8, marks=(1, 4, 40))
    for row in figure.table[1:]:
        steps = int(row[0])
        error = abs(np.exp(2 * rate) - solve(rate, 2.0, steps)[0])
        assert row[1:] == (short(2 / steps), short(error), fixed(error * steps / 2, 3))
    corners = figure.panels[0].moving[-1].points
    exact = odelib.solve_ivp(lambda t, y: rate * y, (0, 2.0), [1.0], "Euler", step=0.25)
    np.testing.assert_allclose(corners, np.column_stack([exact.t, exact.y[0]]), rtol=1e-13, atol=0)


@pytest.mark.parametrize("rate", [1.0, -1.5])
def test_error_over_h_tends_to_the_constant_that_the_figure_names(rate):
    figure = interactive.polygon(rate, 2.0)
    constant = float(figure.fields["constant"])
    gaps = [
        abs(abs(np.exp(2 * rate) - solve(rate, 2.0, steps)[0]) * steps / 2 - constant)
        for steps in (40, 4000)
    ]
    assert 10 * gaps[1] < gaps[0] < 0.1 * constant


def test_polygon_is_red_where_a_decaying_solution_is_made_to_grow():
    styles = [interactive.polygon(-1.0, 20.0, value=steps).style for steps in (9, 10, 11)]
    assert styles == ["unstable", "method", "method"]  # h = 2.22, 2, 1.82
    assert interactive.polygon(1.0, 2.0, value=1).style == "method"


def test_polygon_refuses_an_equation_without_error():
    with pytest.raises(ValueError, match="rate must not be 0"):
        interactive.polygon(0.0)


# --- The stability regions -----------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_boundary_is_closed_runs_through_zero_and_meets_the_axis_at_the_border(method):
    boundary = region_boundary(method)
    np.testing.assert_allclose(
        np.abs(odelib.stability_function(method, boundary)), 1, rtol=0, atol=1e-12
    )
    gaps = np.abs(np.diff(np.append(boundary, boundary[0])))
    assert abs(boundary[0]) < 1e-12 and gaps.max() < 0.45
    crossings = boundary[np.abs(boundary.imag) < 0.1].real
    np.testing.assert_allclose(
        crossings.min(), -odelib.stability_interval(method)[0], rtol=0, atol=0.01
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("factor", "style"), [(1 - 1e-9, "method"), (1 + 1e-9, "unstable")])
def test_regions_change_colour_exactly_at_the_border(method, factor, style):
    border = odelib.stability_interval(method)[0] / EIGENVALUES[-1]
    figure = regions(methods=(method,), value=factor * border)
    assert figure.style == style
    assert figure.fields["border"] == fixed(border, 4)
    assert figure.fields["stable"] == (method if style == "method" else "none")
    dots = [mark.style for mark in figure.panels[0].moving if mark.shape == "dots"]
    assert dots == [f"{style} large", "method large"][:: 1 if len(dots) == 1 else -1]
    assert figure.fields["factors"] == ", ".join(
        fixed(size, 3) for size in sizes_by_odelib(method, factor * border)
    )


def test_regions_refuse_an_eigenvalue_that_is_not_positive_and_an_unknown_panel():
    with pytest.raises(ValueError, match="hessian must have positive eigenvalues, got -1"):
        interactive.regions(np.diag([-1.0, 2.0]), [0, 0], [1, 1])
    with pytest.raises(ValueError, match="panels must be among .*; got 'factors'"):
        regions(panels=("path", "factors"))


@pytest.mark.parametrize("method", METHODS)
def test_path_and_reach_hold_odelibs_numbers_for_sixty_gradients(method):
    figure = at_equal_cost(methods=(method,), value=0.9)
    steps = 60 // len(odelib.METHODS[method].b)
    by_odelib = path_by_odelib(0.9, method)[:, : steps + 1]
    path, reach = figure.panels
    np.testing.assert_allclose(path.moving[1].points.T, by_odelib, rtol=1e-9, atol=1e-9)
    for rate, height in np.array(reach.moving[0].points)[[0, 50, 89, 139]]:
        end = path_by_odelib(rate, method)[:, steps] - OPTIMUM
        np.testing.assert_allclose(height, np.log10(np.linalg.norm(end)), rtol=0, atol=1e-8)
    each = np.abs(odelib.stability_function(method, -0.9 * EIGENVALUES)).max()
    assert figure.fields["each"] == fixed(each ** (steps / 60), 4)
    assert figure.fields["steps"] == str(steps)
    assert (path.window[0], reach.window[1]) == (at_equal_cost().panels[0].window[0], 1.428)


def test_table_of_regions_holds_the_borders():
    rows = [(m, odelib.stability_interval(m)[0]) for m in METHODS]
    expected = [(m, fixed(length, 4), fixed(length / EIGENVALUES[-1], 4)) for m, length in rows]
    assert list(regions().table[1:]) == expected
    assert [row[2] for row in expected] == ["0.9685", "0.9685", "1.2168", "1.3488"]


# --- The slopes of one step ----------------------------------------------------------


@pytest.mark.parametrize("method", ["Heun", "RK4", "RK38"])
def test_slopes_are_those_that_odelib_looks_up(method):
    figure = interactive.slopes(-1.0, method=method, value=0.8, marks=(0.1, 2.0))
    end, slopes = solve(-1.0, 0.8, 1, method)
    stages = len(slopes)
    arrows = np.array([mark.points for mark in figure.panels[0].moving if mark.shape == "arrow"])
    along = arrows[:, 1] - arrows[:, 0]
    np.testing.assert_allclose(along[:, 1] / along[:, 0], slopes, rtol=1e-13, atol=0)
    assert figure.fields["end"] == fixed(end, 4)
    for h, *row in figure.table[1:]:
        end, by_euler = (
            solve(-1.0, float(h), n, m)[0] for n, m in [(1, method), (stages, "Euler")]
        )
        assert row == [fixed(y, 4) for y in (end, by_euler, np.exp(-float(h)))]


@pytest.mark.parametrize(("h", "style"), [(2.785, "method"), (2.786, "unstable")])
def test_step_is_red_where_it_makes_a_decaying_solution_grow(h, style):
    border = odelib.stability_interval("RK4")[0]
    assert (h < border) == (style == "method")
    assert interactive.slopes(-1.0, slider=(0.1, 3.0, 0.05), value=h).style == style


def test_every_name_of_a_slope_stands_within_its_panel():
    """A name is drawn up to 20 below its point, and 12 high above that."""
    for h in (1.0, 2.0):
        for panel in interactive.slopes(value=h).panels:
            bottom, top = panel.window[2:]
            names = [mark for mark in panel.moving if mark.shape == "text"]
            assert len(names) == 4
            for mark in names:
                down = (top - mark.points[0][1]) / (top - bottom) * 250
                shift = {"above": -6, "below": 20}.get(mark.style, 4)
                assert 12 < down + shift < 248, (h, mark)


def test_slopes_refuse_an_unknown_method():
    with pytest.raises(ValueError, match="method must be one of"):
        interactive.slopes(method="rk4")


# --- Numbers as text -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (8.196e-08, "8.2 × 10⁻⁸"),
        (9.96e-05, "1.0 × 10⁻⁴"),
        (0.0001, "0.0001"),
        (0.00025849, "0.000258"),
        (1.83597, "1.836"),
        (213.2345, "213.2"),
        (2.0625, "2.063"),
        (54321.6, "54322"),
        (1.946e17, "1.9 × 10¹⁷"),
    ],
)
def test_short_numbers(x, text):
    assert short(x) == text


def test_fixed_numbers_have_a_true_minus_sign():
    assert [fixed(x, 2) for x in (-0.254, 0.256, -0.0, 0.125)] == ["−0.25", "0.26", "0.00", "0.13"]
