"""The slider figure says what the library computes: in its HTML, and in a browser.

JavaScript holds a second copy of the method. Here it runs in Chromium, the slider is moved with
the keyboard, and its numbers are compared with `odelib.solve_ivp`.
"""

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

import odelib
from conftest import IN_CI
from odelib import interactive

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STEPS = 60


def hundred_points():
    """Hessian (2, 2) and minimiser (2,) of the least squares loss of the book's data."""
    np.random.seed(42)
    x = 2 * np.random.rand(100, 1)
    y = 4 + 3 * x + np.random.randn(100, 1)
    X = np.column_stack([np.ones(100), x])
    hessian = X.T @ X / 100
    return hessian, np.linalg.solve(hessian, X.T @ y.ravel() / 100)


HESSIAN, OPTIMUM = hundred_points()
BORDER = 2 / np.linalg.eigvalsh(HESSIAN)[-1]
MARKS = {0.01: "1.836", 0.895: "0.000258", 1.0: "213.2"}


def first_page(**options):
    return interactive.descent(
        HESSIAN, OPTIMUM, start=[0, 0], **({"value": 0.895, "marks": tuple(MARKS)} | options)
    )


def assert_close_points(actual, exact):
    """The two points (2,) differ by less than 1e-9 of their size."""
    assert np.linalg.norm(actual - exact) < 1e-9 * np.linalg.norm(exact)


def path_by_odelib(learning_rate, method="Euler"):
    """Gradient descent from 0 as a solve, shape (2, STEPS + 1)."""
    flow = odelib.gradient_flow(lambda theta: HESSIAN @ (theta - OPTIMUM))
    sol = odelib.solve_ivp(
        flow, (0, STEPS * learning_rate), [0.0, 0.0], method=method, step=learning_rate
    )
    assert sol.y.shape == (2, STEPS + 1)
    return sol.y


# --- What Python writes --------------------------------------------------------------


class Page(HTMLParser):
    """All tags of the figure, as (tag, attributes), and its texts."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def test_html_is_the_same_each_time_and_depends_on_the_arguments():
    assert first_page()._repr_html_() == first_page()._repr_html_()
    names = [re.search('data-figure="(.*?)"', first_page(value=v)._repr_html_())[1] for v in MARKS]
    assert len(set(names)) == len(MARKS)


@pytest.mark.parametrize("noise", [-3e-15, -4e-16, 4e-16, 3e-15])
def test_html_does_not_depend_on_round_off(noise):
    """Another machine's linear algebra differs in the last digits; stored outputs must not."""
    options = {"start": [0, 0], "value": 0.895, "marks": tuple(MARKS)}
    noisy = interactive.descent(HESSIAN * (1 + noise), OPTIMUM * (1 - noise), **options)
    assert noisy._repr_html_() == first_page()._repr_html_()


def test_html_asks_for_nothing_from_outside():
    html = first_page()._repr_html_().replace("http://www.w3.org/2000/svg", "")
    assert "://" not in html and "url(" not in html and "import" not in html
    assert not [tag for tag, attrs in Page(html).tags if {"src", "href"} & set(attrs)]
    assert len(html) < 40_000


def test_slider_is_a_native_control_with_a_label_and_a_readout_that_is_read_out():
    tags = Page(first_page()._repr_html_()).tags
    kinds = [tag for tag, _ in tags]
    assert kinds[kinds.index("label") : kinds.index("input") + 1] == ["label", "span", "input"]
    assert dict(tags)["input"]["type"] == "range"
    assert [attrs["aria-live"] for _, attrs in tags if "aria-live" in attrs] == ["polite"]
    pictures = [attrs for tag, attrs in tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(pictures) == 2
    assert all(len(picture["aria-label"].split()) > 20 for picture in pictures)


def test_table_and_text_hold_the_distances_for_readers_without_javascript():
    figure = first_page()
    words = ["converges", "converges", "diverges"]
    rows = list(zip(map(str, MARKS), MARKS.values(), words, strict=True))
    assert list(figure.table[1:]) == rows
    texts = Page(figure._repr_html_()).texts
    for row in rows:
        assert all(text in texts for text in row)
        assert "  ".join(row) in repr(figure)
    for alpha, distance in MARKS.items():
        exact = np.linalg.norm(path_by_odelib(alpha)[:, -1] - OPTIMUM)
        assert interactive.short(exact) == distance


def test_border_is_2_over_lambda_max():
    html = first_page()._repr_html_()
    assert f"border 2/λ<sub>max</sub> = {BORDER:.4f}" in html
    assert f"{BORDER:.4f}" == "0.9685"


def test_still_picture_shows_every_step():
    _, (shape, style, points) = first_page().panels[0].moving
    assert (shape, style) == ("dots", "method")
    np.testing.assert_allclose(points.T, path_by_odelib(0.895), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("factor", "style"), [(1 - 1e-9, "method"), (1 + 1e-9, "unstable")])
def test_still_picture_changes_colour_exactly_at_the_border(factor, style):
    figure = first_page(value=factor * BORDER)
    assert figure.style == style
    stems = [mark for mark in figure.panels[1].moving if mark[0] == "stems"]
    assert [mark[1] for mark in stems] == ["method", style]
    np.testing.assert_allclose(stems[1][2][0], [-2, 1], rtol=0, atol=1e-8)


def test_flow_runs_from_the_start_into_the_minimiser():
    (flow,) = [mark[2] for mark in first_page().panels[0].still if mark[1] == "flow"][:1]
    np.testing.assert_allclose(flow[0], [0, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(flow[-1], OPTIMUM, rtol=0, atol=0.01)


@pytest.mark.parametrize(
    ("x", "text"),
    [(0.00025849, "0.000258"), (1.83597, "1.836"), (213.2345, "213.2"), (54321.6, "54322")],
)
def test_short_numbers(x, text):
    assert interactive.short(x) == text


# --- What the browser shows ----------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        if IN_CI:
            pytest.fail("CI needs Chromium to check the slider figure")
        pytest.skip("NO CHROMIUM FOUND: the JavaScript of the slider figure is NOT CHECKED")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path):
    """A function that opens figures in a page of its own; at the end, no error was reported."""
    pages, complaints = [], []

    def open_page(*figures, width=800, javascript=True):
        file = tmp_path / f"{len(pages)}.html"
        html = "\n".join(figure._repr_html_() for figure in figures)
        head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>test</title>'
        file.write_text(f'{head}<meta name="viewport" content="width=device-width">{html}', "utf-8")
        page = browser.new_page(
            viewport={"width": width, "height": 800}, java_script_enabled=javascript
        )
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: r.url == file.as_uri() or complaints.append(r.url))
        page.goto(file.as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not complaints


def numbers(page):
    """What the first figure says: its unrounded numbers, and the text of the readout."""
    data = page.locator(".odelib-figure").first.evaluate("figure => ({...figure.dataset})")
    shown = page.locator(".odelib-figure").first.locator("[data-field]").all_inner_texts()
    last = np.array(data["last"].split(), dtype=float)
    return float(data["alpha"]), float(data["distance"]), last, data["style"], shown


def press(page, **keys):
    """Press each key so many times, on the slider."""
    slider = page.locator("input[type=range]").first
    slider.focus()
    for key, times in keys.items():
        for _ in range(times):
            slider.press(key)


@pytest.mark.parametrize(
    ("keys", "learning_rate"),
    [
        ({"Home": 1}, 0.01),
        ({"Home": 1, "ArrowRight": 18}, 0.1),
        ({}, 0.895),
        ({"ArrowRight": 14}, 0.965),
        ({"ArrowRight": 15}, 0.97),
        ({"ArrowRight": 21}, 1.0),
        ({"End": 1}, 1.05),
    ],
)
def test_slider_moved_by_keys_shows_what_odelib_computes(show, keys, learning_rate):
    page = show(first_page())
    press(page, **keys)
    alpha, distance, last, style, shown = numbers(page)
    assert alpha == learning_rate  # the very same float64

    path = path_by_odelib(learning_rate)
    exact = np.linalg.norm(path[:, -1] - OPTIMUM)
    np.testing.assert_allclose(distance, exact, rtol=1e-9, atol=0)
    assert_close_points(last, path[:, -1])
    assert style == ("method" if learning_rate < BORDER else "unstable")
    verdict = "converges" if learning_rate < BORDER else "diverges"
    assert shown == [f"{learning_rate:.3f}", interactive.short(exact), verdict]


@pytest.mark.parametrize("method", ["Heun", "RK4"])
def test_other_methods_show_what_odelib_computes(show, method):
    page = show(first_page(method=method, value=0.9))
    _, distance, last, _, _ = numbers(page)
    path = path_by_odelib(0.9, method)
    exact = np.linalg.norm(path[:, -1] - OPTIMUM)
    np.testing.assert_allclose(distance, exact, rtol=1e-9, atol=0)
    assert_close_points(last, path[:, -1])


def drawn(page):
    """Class and outline of every mark that moves."""
    script = "paths => paths.map(p => [p.getAttribute('class'), p.getAttribute('d')])"
    return page.locator(".moving path").evaluate_all(script)


@pytest.mark.parametrize("value", [0.01, 0.895, 1.0])
def test_javascript_draws_the_picture_that_python_drew(show, value):
    figure = first_page(value=value)
    still, moving = show(figure, javascript=False), show(figure)
    assert json.dumps(drawn(moving)).replace("-0.0", "0.0") == (
        json.dumps(drawn(still)).replace("-0.0", "0.0")
    )
    assert drawn(moving)[1][1].count("M") == STEPS + 1  # a dot for the start and for each step


def test_dots_leave_the_flow_and_stems_move_when_the_slider_moves(show):
    page = show(first_page())
    before = drawn(page)
    press(page, End=1)
    after = drawn(page)
    assert [mark[0] for mark in before][1:] == ["dots method"] + [
        "stems method",
        "dots method large",
    ] * 2
    assert [mark[0] for mark in after][1] == "dots unstable"
    assert [mark[0] for mark in after][4:] == ["stems unstable", "dots unstable large"]
    assert not {d for _, d in before} & {d for _, d in after}


def test_buttons_move_the_slider(show):
    page = show(first_page())
    page.get_by_role("button", name="0.01").click()
    assert numbers(page)[0] == 0.01
    assert page.locator("input[type=range]").input_value() == "0.01"


def test_two_figures_on_a_page_and_the_same_one_twice_do_not_disturb_each_other(show):
    page = show(first_page(), first_page(), first_page(value=0.5))
    press(page, Home=1)
    shown = page.locator('[data-field="alpha"]').all_inner_texts()
    assert shown == ["0.010", "0.895", "0.500"]


def test_without_javascript_the_picture_and_the_numbers_stand_without_a_dead_slider(show):
    page = show(first_page(), javascript=False)
    assert not page.locator("input").is_visible()
    assert page.locator('[data-field="distance"]').inner_text() == "0.000258"
    assert page.locator(".moving path").count() == 6
    page.locator("summary").click()
    assert page.locator("td", has_text="213.2").is_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_page_never_scrolls_sideways(show, width):
    page = show(first_page(), width=width)
    for keys in ({"Home": 1}, {"End": 1}):
        press(page, **keys)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_focus_is_visible(show):
    page = show(first_page())
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert page.evaluate("document.activeElement.type") == "range"
    assert outline == "3px"
