"""The figures with a slider say what the library computes: in a browser.

JavaScript holds a second copy of each method. Here it runs in Chromium, the controls are moved
with the keyboard, and the numbers are compared with `odelib`.
"""

import json
import re
from html import escape, unescape

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

import odelib
from conftest import LONG
from odelib import interactive
from odelib.interactive.digits import fixed, short
from slider_figures import (
    EIGENVALUES,
    FIGURES,
    HESSIAN,
    MARKS,
    METHODS,
    OPTIMUM,
    STEPS,
    errors_by_odelib,
    first_page,
    four_panels,
    landscape_gradient,
    lowest_loss,
    motor_by_odelib,
    opening,
    path_by_odelib,
    regions,
    sizes_by_odelib,
    solve,
    stopping,
)

pytestmark = pytest.mark.browser
NUMBER = r"-?\d+(?:\.\d+)?"
DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
each_figure = pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)
HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>test</title>'
    '<meta name="viewport" content="width=device-width"><main><h1>test</h1>'
)


@pytest.fixture
def show(browser, tmp_path):
    """A function that opens figures in a page of its own.

    At the end the page has asked for nothing but itself, and has reported no error.
    """
    pages, complaints = [], []

    def open_page(*figures, width=800, javascript=True, theme="light", change=str):
        file = tmp_path / f"{len(pages)}.html"
        html = "\n".join(change(figure._repr_html_()) for figure in figures)
        head = HEAD.replace("<html", f'<html data-theme="{theme}"')
        file.write_text(f"{head}{html}</main>", "utf-8")
        page = browser.new_page(
            viewport={"width": width, "height": 800}, java_script_enabled=javascript
        )
        pages.append(page)
        page.set_default_timeout(1000 * LONG)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: r.url == file.as_uri() or complaints.append(r.url))
        page.goto(file.as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not complaints


def press(page, *keys):
    """Press keys on the first slider; (key, times) presses one several times."""
    slider = page.locator("input[type=range]").first
    slider.focus()
    for key in keys:
        key, times = (key, 1) if isinstance(key, str) else key
        for _ in range(times):
            slider.press(key)


def numbers(page):
    """The unrounded numbers of the first figure: arrays, or words where they are no numbers."""
    data = page.locator(".odelib-figure").first.evaluate("figure => ({...figure.dataset})")
    found = {}
    for key, text in data.items():
        try:
            found[key] = np.array(text.split(), dtype=float)
        except ValueError:
            found[key] = text
    return found


def shown(page, *fields):
    """Text of some fields of the first figure."""
    figure = page.locator(".odelib-figure").first
    return [figure.locator(f'[data-field="{field}"]').first.inner_text() for field in fields]


def drawn(page, marks=".moving > *"):
    """Class, outline, place and text of every mark that moves."""
    script = """marks => marks.map(mark => [mark.getAttribute("class"), mark.getAttribute("d"),
        mark.getAttribute("x"), mark.getAttribute("y"), mark.textContent])"""
    return page.locator(marks).evaluate_all(script)


def words_of(mark):
    """All of a mark but its coordinates."""
    return [re.sub(NUMBER, "", part or "") for part in (*mark[:2], mark[4])]


def numbers_of(mark):
    """The coordinates of a mark, in pixels."""
    return [float(number) for part in mark[1:4] for number in re.findall(NUMBER, part or "")]


# --- Every figure --------------------------------------------------------------------


@pytest.mark.parametrize("end", [None, 0, 1], ids=["default", "first", "last"])
@each_figure
def test_javascript_draws_and_says_what_python_wrote(show, make, end):
    figure = make() if end is None else make(value=make().slider[end])
    still, moving = show(figure, javascript=False), show(figure)
    for by_python, by_javascript in zip(drawn(still), drawn(moving), strict=True):
        assert words_of(by_python) == words_of(by_javascript)
        pixels = [numbers_of(mark) for mark in (by_python, by_javascript)]
        np.testing.assert_allclose(*pixels, rtol=1e-9, atol=0.11)  # they round ties differently
    fields = "fields => fields.map(field => [field.dataset.field, field.textContent])"
    texts = [page.locator("[data-field]").evaluate_all(fields) for page in (still, moving)]
    assert texts[0] == texts[1]
    assert moving.locator("main").inner_text().split() != []


@each_figure
def test_most_marks_of_every_panel_move_with_the_slider(show, make):
    page = show(make())
    for panel in page.locator(".panel").all():
        outlines = "marks => marks.map(mark => mark.getAttribute('d'))"
        marks = panel.locator(".moving path")
        press(page, "Home")
        before = marks.evaluate_all(outlines)
        press(page, "End")
        assert len(set(before) - set(marks.evaluate_all(outlines))) >= len(set(before)) / 2


@each_figure
def test_keyboard_reaches_every_control_and_focus_is_visible(show, make):
    page, figure = show(make()), make()
    play = ["button"] * bool(figure.stops)
    ranges = ["range"] * (1 + len(figure.more))
    stops = ranges + ["button"] * len(figure.marks) + play + ["radio"] * bool(figure.choices)
    for kind in stops + ["slider"] * bool(figure.held):
        page.keyboard.press("Tab")
        active = "document.activeElement.type ?? document.activeElement.getAttribute('role')"
        assert page.evaluate(active) == kind
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.localName") == "summary"


@each_figure
def test_buttons_move_the_slider(show, make):
    page, figure = show(make()), make()
    for mark in figure.marks:
        page.get_by_role("button", name=str(mark), exact=True).click()
        value = page.locator("input[type=range]").first.input_value()
        assert (figure.stops[int(value)] if figure.stops else float(value)) == mark
        assert float(shown(page, figure.readout[0])[0]) == mark


@each_figure
def test_two_figures_on_a_page_and_the_same_one_twice_do_not_disturb_each_other(show, make):
    page = show(make(), make())
    before = page.locator(".odelib-figure").nth(1).inner_text()
    press(page, "Home")
    for radio in page.locator(".odelib-figure").first.locator("input[type=radio]").all()[-1:]:
        radio.check()
    assert page.locator(".odelib-figure").nth(1).inner_text() == before
    assert page.locator("input[type=radio]:checked").count() == 2 * bool(make().choices)


@each_figure
def test_without_javascript_the_picture_and_the_numbers_stand_without_dead_controls(show, make):
    page, figure = show(make(), javascript=False), make()
    assert not page.locator("input").first.is_visible()
    assert page.locator(".moving path").count() >= 4
    assert page.locator("noscript").is_visible()
    page.locator("summary").click()
    assert page.locator("td", has_text=figure.table[-1][1]).first.is_visible()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
@each_figure
def test_page_is_accessible_and_never_scrolls_sideways(show, make, width, theme):
    page = show(make(), width=width, theme=theme)
    for key in ("Home", "End"):
        press(page, key)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("summary").click()
    violations = Axe().run(page).response["violations"]
    assert [(violation["id"], violation["nodes"][0]["html"]) for violation in violations] == []


@each_figure
def test_page_in_another_language_replaces_one_attribute(show, make):
    def translate(html):
        (attribute,) = re.findall('data-texts="([^"]*)"', html)
        fields = {key: re.findall(r"\{\w+\}", text) for key, text in texts_of(attribute).items()}
        chinese = {key: "译文" + "".join(found) for key, found in fields.items()}
        return html.replace(attribute, escape(json.dumps(chinese, ensure_ascii=False)))

    def texts_of(attribute):
        return json.loads(unescape(attribute))

    page = show(make(), change=translate)
    press(page, "End")
    words = page.locator("[data-text]").evaluate_all("all => all.map(e => e.textContent)")
    assert all(text.startswith("译文") for text in words)
    labels = page.locator("[aria-label]").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert len(labels) == 1 + len(make().panels) + bool(make().held)
    assert all(label.startswith("译文") for label in labels)
    if "verdict" in make().fields:
        assert shown(page, "verdict")[0].startswith("译文")


# --- The first page's ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "learning_rate"),
    [
        (["Home"], 0.01),
        (["Home", ("ArrowRight", 18)], 0.1),
        ([], 0.895),
        ([("ArrowRight", 14)], 0.965),
        ([("ArrowRight", 15)], 0.97),
        ([("ArrowRight", 21)], 1.0),
        (["End"], 1.05),
    ],
)
def test_descent_shows_what_odelib_computes(show, keys, learning_rate):
    page = show(first_page())
    press(page, *keys)
    found = numbers(page)
    assert found["alpha"] == learning_rate  # the very same float64

    path = path_by_odelib(learning_rate)
    exact = np.linalg.norm(path[:, -1] - OPTIMUM)
    np.testing.assert_allclose(found["distance"], exact, rtol=1e-9, atol=0)
    error = np.linalg.norm(found["last"] - path[:, -1])
    assert error < 1e-9 * np.linalg.norm(path[:, -1])
    stable = learning_rate < 2 / EIGENVALUES[-1]
    assert found["style"] == ("method" if stable else "unstable")
    verdict = "converges" if stable else "diverges"
    assert shown(page, "alpha", "distance", "verdict") == [
        f"{learning_rate:.3f}",
        short(exact),
        verdict,
    ]


@pytest.mark.parametrize("key", ["Home", "End"])
def test_descent_with_four_panels_shows_the_loss_that_odelib_computes(show, key):
    page = show(four_panels())
    press(page, key)
    found = numbers(page)
    difference = path_by_odelib(float(found["alpha"][0]))[:, -1] - OPTIMUM
    np.testing.assert_allclose(
        found["loss"], 0.5 * difference @ HESSIAN @ difference, rtol=1e-9, atol=0
    )


@pytest.mark.parametrize("key", ["Home", "ArrowLeft", "ArrowRight", "End"])
def test_opening_says_the_loss_of_every_stop_to_eye_and_ear(show, key):
    page, stops = show(opening()), opening().stops
    press(page, key)
    here = stops.index(0.98)
    places = {"Home": 0, "ArrowLeft": here - 1, "ArrowRight": here + 1, "End": -1}
    alpha, found = stops[places[key]], numbers(page)
    assert found["alpha"] == alpha
    difference = path_by_odelib(alpha)[:, -1] - OPTIMUM
    loss = lowest_loss() + 0.5 * difference @ HESSIAN @ difference
    verdict = "converges" if key == "Home" else "diverges"
    assert shown(page, "alpha", "end", "verdict") == [f"{alpha:.3f}", short(loss), verdict]
    spoken = page.get_by_role("slider").get_attribute("aria-valuetext")
    assert spoken == f"{alpha:.3f}, {verdict}"


def test_opening_plays_when_asked_stops_when_touched_and_ends_at_the_last_stop(show):
    page = show(opening())
    position = page.get_by_role("slider").input_value
    readout = page.get_by_role("status")
    before = position()
    page.wait_for_timeout(400)
    assert position() == before  # nothing moves by itself
    page.get_by_role("button", name="Play").press("Enter")
    page.wait_for_timeout(500)
    assert int(position()) > int(before) and readout.get_attribute("aria-live") == "off"
    page.get_by_role("button", name="Pause").press("Enter")
    paused = position()
    page.wait_for_timeout(400)
    assert position() == paused and readout.get_attribute("aria-live") == "polite"

    page.get_by_role("button", name="Play").click()
    press(page, "Home")
    assert position() == "0" and page.get_by_role("button", name="Play").is_visible()
    press(page, "End", ("ArrowLeft", 2))
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Play").wait_for()
    last = str(len(opening().stops) - 1)
    page.wait_for_function(f"document.querySelector('input[type=range]').value === '{last}'")
    page.get_by_role("button", name="Play").wait_for()
    page.get_by_role("button", name="Play").click()  # from the end it begins again
    assert int(position()) < 5


def test_opening_offers_no_play_to_who_asks_for_less_motion(show):
    page = show(opening())
    assert page.locator(".play").is_visible()
    page.emulate_media(reduced_motion="reduce")
    assert not page.locator(".play").is_visible()


@pytest.mark.parametrize("method", ["Heun", "RK4"])
def test_descent_by_other_methods_shows_what_odelib_computes(show, method):
    found = numbers(show(first_page(method=method, value=0.9)))
    path = path_by_odelib(0.9, method)
    exact = np.linalg.norm(path[:, -1] - OPTIMUM)
    np.testing.assert_allclose(found["distance"], exact, rtol=1e-9, atol=0)
    error = np.linalg.norm(found["last"] - path[:, -1])
    assert error < 1e-9 * np.linalg.norm(path[:, -1])


def test_descent_has_a_dot_for_the_start_and_each_step_and_turns_red(show):
    page = show(first_page())
    before = drawn(page)
    assert before[1][1].count("M") == STEPS + 1
    assert [mark[0] for mark in before] == ["line method thin", "dots method"] + [
        "stems method",
        "dots method large",
    ] * 2
    press(page, "End")
    after = [mark[0] for mark in drawn(page)]
    assert after[:2] == ["line unstable thin", "dots unstable"]
    assert after[4:] == ["stems unstable", "dots unstable large"]


def test_descent_keeps_its_table_without_javascript(show):
    page = show(first_page(), javascript=False)
    page.locator("summary").click()
    assert page.locator("td", has_text=MARKS[1.0]).is_visible()


# --- The cubic loss ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "alpha"),
    [
        (["Home"], 1.5),
        (["Home", ("ArrowRight", 49)], 1.99),
        (["Home", ("ArrowRight", 51)], 2.01),
        (["Home", ("ArrowRight", 94)], 2.44),
        (["Home", ("ArrowRight", 95)], 2.45),
        (["Home", ("ArrowRight", 133)], 2.83),
        (["End"], 3.0),
    ],
)
def test_cubic_shows_the_run_that_odelib_computes(show, keys, alpha):
    page = show(interactive.cubic())
    press(page, *keys)
    found = numbers(page)
    assert found["alpha"] == alpha
    span = (0.0, 10_000 * alpha)
    run = odelib.solve_ivp(lambda t, y: y * (1 - y), span, [0.5], "Euler", step=alpha).y[0]
    assert found["last"] == run[60]  # the very same float64, even in chaos
    repeats = [p for p in range(1, 65) if abs(run[-1] - run[-1 - p]) < 1e-9]
    period = min(repeats, default=0)
    assert found["period"] == period
    stretch = np.exp(np.mean(np.log(abs(1 + alpha - 2 * alpha * run[5000:-1]))))
    np.testing.assert_allclose(found["stretch"], stretch, rtol=1e-9, atol=0)
    assert found["style"] == ("method" if alpha < 2 else "unstable")
    says = {0: "no cycle up to 64", 1: "one value"}.get(period, f"a cycle of {period} values")
    assert shown(page, "verdict") == [says]


# --- Early stopping ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "log", "half"),
    [(["Home", ("ArrowRight", 10)], 0, 1), ([], 1, 8), ([("ArrowRight", 20)], 3, 20)],
)
def test_stopping_shows_the_flow_that_odelib_follows(show, keys, log, half):
    page = show(stopping())
    press(page, *keys)
    found = numbers(page)
    np.testing.assert_allclose(found["log"], log, rtol=0, atol=1e-12)
    train, test, _ = errors_by_odelib(log)
    np.testing.assert_allclose(
        [found["train"][0], found["test"][0]], [train, test], rtol=1e-5, atol=0
    )
    assert found["half"] == half and found["style"] == ("method" if log < 2 else "unstable")
    says = "before its lowest point" if log < 2 else "beyond its lowest point"
    assert shown(page, "half", "test", "verdict") == [str(half), short(test), says]


# --- The landscapes ------------------------------------------------------------------


def landscapes(**options):
    return interactive.landscapes(**({"marks": (0.1, 0.4, 0.8, 1.1)} | options))


@pytest.mark.parametrize("alpha", [0.1, 0.4, 0.8, 1.1])
@pytest.mark.parametrize(("keys", "start"), [([], (1.5, 1.2)), (8 * ["ArrowUp"], (1.5, 1.6))])
def test_landscapes_show_the_flow_and_the_descent_that_odelib_computes(show, keys, start, alpha):
    page = show(landscapes())
    page.get_by_role("button", name=str(alpha), exact=True).click()
    page.locator(".handle").focus()
    for key in keys:
        page.keyboard.press(key)
    steps = int(20 / alpha + 1e-9)
    for name, landscape in (("bowl", "bowl"), ("saddle", "saddle"), ("double well", "well")):
        page.get_by_label(name, exact=True).check()
        found = numbers(page)
        assert found["landscape"] == landscape and tuple(found["start"]) == start
        gradient = landscape_gradient(landscape)
        field = odelib.gradient_flow(gradient)
        count = int(found["steps"][0])
        euler = odelib.solve_ivp(field, (0, count * alpha), start, "Euler", step=alpha).y
        np.testing.assert_allclose(found["last"], euler[:, -1], rtol=1e-9, atol=1e-15)
        flow = odelib.solve_ivp(field, (0, count * alpha), start, rtol=1e-11, atol=1e-13).y[:, -1]
        np.testing.assert_allclose(found["flow"], flow, rtol=1e-7, atol=1e-8)
        far = np.abs(euler[:, -1]).max() > 1e3
        assert far or count == steps
        a, b, c = {"bowl": (0.2, 2, 0), "saddle": (1, -1, 0), "well": (1, -1, 1)}[landscape]
        loss = a * euler[0] ** 2 / 2 + b * euler[1] ** 2 / 2 + c * euler[1] ** 4 / 4
        rises = np.any(np.diff(loss) > 1e-10)
        assert found["style"] == ("unstable" if rises else "method")
        verdict = "its loss rises in a step" if rises else "its loss never rises"
        ends = {"bowl": "minimum (0, 0)", "saddle": "no point", "well": "minimum (0, 1)"}
        assert shown(page, "ends", "verdict") == [ends[landscape], verdict]
        assert (shown(page, "lands") == ["far away"]) == far
        backs = page.locator("g[data-choice]:not([display=none])")
        assert backs.evaluate_all("all => all.map(b => b.dataset.choice)") == [landscape]


def test_large_steps_that_never_raise_the_loss_may_end_in_the_other_minimum(show):
    page = show(landscapes(start=(1.5, 1.6), value=0.8))
    page.get_by_label("double well", exact=True).check()
    assert shown(page, "ends", "lands") == ["minimum (0, 1)", "(0.00, −1.00)"]
    assert numbers(page)["style"] == "method"


def test_start_follows_the_pointer_and_stays_on_the_grid_and_in_the_picture(show):
    page = show(landscapes())
    knob = page.locator(".handle")

    def middle():
        box = knob.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    (x, y), picture = middle(), page.locator(".stage > svg").bounding_box()
    scale = picture["width"] / 344  # pixels a unit of drawing
    unit = 250 / 3.2 * scale  # pixels that u or v grow by 1
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.52 * unit, y + 1.19 * unit, steps=3)
    np.testing.assert_allclose(numbers(page)["start"], [1.0, 0.0], rtol=0, atol=0)
    np.testing.assert_allclose(middle(), [x - 0.5 * unit, y + 1.2 * unit], rtol=0, atol=1)
    assert shown(page, "ends") == ["minimum (0, 0)"]
    page.mouse.move(5000, 0)
    np.testing.assert_allclose(numbers(page)["start"], [1.85, 1.6], rtol=0, atol=0)
    page.mouse.up()
    page.mouse.move(x, y)
    np.testing.assert_allclose(numbers(page)["start"], [1.85, 1.6], rtol=0, atol=0)
    page.mouse.click(picture["x"] + 60, picture["y"] + 40)  # a click puts it there
    u, v = numbers(page)["start"]
    assert u < -1.5 and v > 1.2


def test_arrow_keys_move_the_start_and_say_where_it_is(show):
    page = show(landscapes())
    page.locator(".handle").focus()
    for key in ("ArrowLeft", "Shift+ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    np.testing.assert_allclose(numbers(page)["start"], [1.45, 1.0], rtol=0, atol=0)
    knob = page.get_by_role("slider", name="Start")
    assert knob.get_attribute("aria-valuetext") == "1.45, 1.00"
    page.get_by_label("saddle", exact=True).check()
    knob.focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
    assert shown(page, "u", "v", "ends") == ["1.45", "0.00", "saddle (0, 0)"]


def test_each_of_two_equal_landscapes_keeps_its_own_start(show):
    page = show(landscapes(), landscapes())
    one, other = page.locator(".handle").all()
    other.press("ArrowDown")
    one.press("ArrowLeft")
    page.locator("input[type=range]").nth(1).press("ArrowRight")
    starts = page.locator(".odelib-figure").evaluate_all("all => all.map(f => f.dataset.start)")
    assert starts == ["1.45 1.2", "1.5 1.15"]


# --- Euler's polygon -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "steps"),
    [
        (["Home"], 1),
        (["Home", "ArrowRight"], 2),
        ([], 4),
        ([("ArrowRight", 9)], 13),
        (["End"], 40),
    ],
)
@pytest.mark.parametrize("rate", [1.0, -1.5])
def test_polygon_shows_what_odelib_computes(show, rate, keys, steps):
    page = show(interactive.polygon(rate, 2.0))
    press(page, *keys)
    found = numbers(page)
    arrival = solve(rate, 2.0, steps)[0]
    error = abs(np.exp(2 * rate) - arrival)
    assert (found["steps"], found["h"]) == (steps, 2.0 / steps)
    np.testing.assert_allclose(found["arrival"], arrival, rtol=1e-12, atol=0)
    np.testing.assert_allclose(found["error"], error, rtol=1e-11, atol=0)
    unstable = rate * 2.0 / steps < -2
    assert found["style"] == ("unstable" if unstable else "method")
    assert shown(page, "steps", "h", "error", "arrival", "quotient") == [
        str(steps),
        short(2.0 / steps),
        short(error),
        fixed(arrival, 3),
        fixed(error * steps / 2, 3),
    ]
    dots = next(mark for mark in drawn(page) if mark[0].startswith("dots"))
    assert dots[1].count("M") == steps + 1


# --- The stability regions -----------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "learning_rate"),
    [
        (["Home"], 0.01),
        ([], 0.9),
        ([("ArrowRight", 13)], 0.965),
        ([("ArrowRight", 14)], 0.97),
        ([("ArrowRight", 63)], 1.215),
        ([("ArrowRight", 64)], 1.22),
        ([("ArrowRight", 89)], 1.345),
        ([("ArrowRight", 90)], 1.35),
        (["End"], 1.4),
    ],
)
def test_regions_show_what_odelib_computes(show, keys, learning_rate):
    page = show(regions())
    press(page, *keys)
    expected = {m: sizes_by_odelib(m, learning_rate) for m in METHODS}
    borders = {m: odelib.stability_interval(m)[0] / EIGENVALUES[-1] for m in METHODS}
    stable = [m for m in METHODS if learning_rate < borders[m]]
    for method in METHODS:
        page.get_by_label(method, exact=True).check()
        found = numbers(page)
        assert (found["alpha"], found["method"]) == (learning_rate, method)
        np.testing.assert_allclose(np.abs(found["factors"]), expected[method], rtol=1e-10, atol=0)
        np.testing.assert_allclose(found["border"], borders[method], rtol=1e-10, atol=0)
        assert found["stable"].split() == stable if stable else len(found["stable"]) == 0
        style = "method" if method in stable else "unstable"
        assert found["style"] == style
        dots = [mark[0] for mark in drawn(page) if mark[0].startswith("dots")]
        assert dots == ["dots method large", f"dots {style} large"] * 2  # each z in both panels
        steps = 60 // len(odelib.METHODS[method].b)
        largest = max(expected[method]) ** (steps / 60)
        left = path_by_odelib(learning_rate, method)[:, steps] - OPTIMUM
        np.testing.assert_allclose(found["each"], largest, rtol=1e-10, atol=0)
        np.testing.assert_allclose(found["distance"], np.linalg.norm(left), rtol=1e-8, atol=0)
        assert shown(page, "alpha", "factors", "border", "stable", "verdict") == [
            f"{learning_rate:.3f}",
            ", ".join(fixed(size, 3) for size in expected[method]),
            fixed(borders[method], 4),
            ", ".join(stable) or "none",
            "stable" if method in stable else "unstable",
        ]


def test_arrow_keys_choose_the_method_and_its_region(show):
    page = show(regions())
    areas = {drawn(page, ".area")[0][1]}
    page.locator("input[type=radio]").first.focus()
    for method in METHODS[1:]:
        page.keyboard.press("ArrowRight")
        assert numbers(page)["method"] == method
        areas.add(drawn(page, ".area")[0][1])
    assert len(areas) == len(METHODS)


# --- The slopes of one step ----------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "h"),
    [
        (["Home"], 0.1),
        (["Home", ("ArrowRight", 3)], 0.25),
        ([], 1.0),
        ([("ArrowRight", 12)], 1.6),
        ([("ArrowRight", 13)], 1.65),
        (["Home", ("ArrowRight", 53)], 2.75),
        (["Home", ("ArrowRight", 54)], 2.8),
        (["End"], 3.0),
    ],
)
@pytest.mark.parametrize("method", ["RK3", "RK4"])
def test_slopes_show_what_odelib_computes(show, method, keys, h):
    page = show(interactive.slopes(-1.0, method=method, slider=(0.1, 3.0, 0.05)))
    press(page, *keys)
    found = numbers(page)
    end, slopes = solve(-1.0, h, 1, method)
    euler = solve(-1.0, h, len(slopes), "Euler")[0]
    assert found["h"] == h
    np.testing.assert_allclose(found["k"], slopes, rtol=1e-11, atol=1e-14)
    for key, value in {"end": end, "euler": euler, "exact": np.exp(-h)}.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(found["mean"], (end - 1) / h, rtol=1e-11, atol=0)
    stable = h <= odelib.stability_interval(method)[0]
    assert found["style"] == ("method" if stable else "unstable")
    assert shown(page, "h", "end", "euler", "exact", "mean") == [
        f"{h:.2f}",
        *(fixed(value, 4) for value in (end, euler, np.exp(-h), (end - 1) / h)),
    ]
    errors = [
        float(text.replace(" × 10⁻", "e-").translate(DIGITS))
        for text in shown(page, "error", "euler_error")
    ]
    np.testing.assert_allclose(errors, np.abs(np.array([end, euler]) - np.exp(-h)), rtol=0.02)


def test_choice_shows_one_slope_and_how_its_point_is_reached(show):
    page = show(interactive.slopes())
    assert [mark[4] for mark in drawn(page, ".moving text")] == ["k₁", "k₂", "k₃", "k₄"] * 2
    for i, name in enumerate(["k₁", "k₂", "k₃", "k₄"]):
        page.get_by_label(name, exact=True).check()
        assert [mark[4] for mark in drawn(page, ".moving text")] == [name] * 2
        arrows = [mark[0] for mark in drawn(page, ".arrow")]
        assert arrows == [f"arrow {'method' if j == i else 'guide'}" for j in range(4)]
        ways = len(drawn(page, ".moving .line.method.dashed"))
        assert ways == (i > 0)  # the first slope is looked up at the start


# --- The motor -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gains", "choice", "limit", "repair"),
    [
        ((8.0, 80, 0.25), "free", 1e9, 0.0),
        ((8.0, 80, 0.25), "limited", 12.0, 0.0),
        ((8.0, 80, 0.25), "repaired", 12.0, 40.0),
        ((8.0, 0, 0.0), "free", 1e9, 0.0),
        ((16.0, 600, 0.5), "repaired", 12.0, 40.0),
        ((0.5, 600, 0.0), "free", 1e9, 0.0),
    ],
)
def test_motor_turns_as_odelib_computes(show, gains, choice, limit, repair):
    page = show(interactive.motor())
    for slider, gain in zip(page.locator("input[type=range]").all(), gains, strict=True):
        slider.fill(str(gain))
    page.locator(f"input[value={choice}]").check()
    found = numbers(page)
    np.testing.assert_allclose(found["gains"], gains, rtol=1e-15, atol=0)
    exact = motor_by_odelib(gains, limit, repair)
    computed = [found[name][0] for name in ("overshoot", "left", "voltage")]
    np.testing.assert_allclose(computed, exact, rtol=1e-7, atol=1e-9)
    settles = (10 + 200 * gains[2]) * gains[0] > gains[1]  # Routh and Hurwitz
    assert found["style"] == ("method" if settles else "unstable")
    assert shown(page, "gain", "overshoot", "left") == [
        fixed(gains[0], 1),
        fixed(exact[0], 3),
        fixed(exact[1], 3),
    ]


def test_every_slider_and_the_limit_of_the_motor_move_both_curves(show):
    page = show(interactive.motor())
    outlines = [mark[1] for mark in drawn(page)]
    for slider in page.locator("input[type=range]").all():
        slider.press("ArrowRight")
        now = [mark[1] for mark in drawn(page)]
        assert now[0] != outlines[0] and now[2] != outlines[2]
        outlines = now
    page.get_by_text("at most 12 V", exact=True).click()
    limited = [mark[1] for mark in drawn(page)]
    assert limited[0] != outlines[0] and limited[2] != outlines[2]
