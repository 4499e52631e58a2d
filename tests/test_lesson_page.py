"""What a page makes of a lesson: boxes, guesses, drawings, words in Chinese, wide things.

The lesson is tests/data/lesson.md, which has one of everything; it is executed and built once.
"""

import re
import shutil

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from conftest import ROOT
from odelib.book_style import PHONE, SMALLEST_TEXT
from small_book import build, run, small_book

# Its book is built once: not in two processes.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("lesson")]
BOXES = ["summary", "theorem", "proof:not(.theorem)", "predict", "hide", "exercise", "solution",
         "erratum", "remember"]  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of a book with this one lesson, executed and built."""
    root = tmp_path_factory.mktemp("here") / "book"
    small_book(root, "lesson")
    shutil.copy(ROOT / "tests" / "data" / "lesson.md", root / "book")
    for done in (run(root, "tools/notebooks.py"), build(root)):
        assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.fixture(scope="module")
def html(book):
    """The page of the lesson."""
    return (book / "_build" / "html" / "book" / "lesson.html").read_text("utf-8")


@pytest.fixture
def visit(browser, book):
    """Open the page of the lesson."""
    contexts = []

    def open_page(width=1280, scheme="light", javascript=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=javascript,
        )
        contexts.append(context)
        page = context.new_page()
        page.goto((book / "_build" / "html" / "book" / "lesson.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


# --- The page as HTML ------------------------------------------------------------------


def test_line_below_the_title_says_how_long_and_after_what(html):
    line = re.search(r'</h1>\s*<p class="reading-time">(.*?)</p>', html)[1]
    assert re.fullmatch(r"\d+ minutes · after A book", re.sub(r"<[^>]*>", "", line))
    assert 'href="index.html"' in line


def test_chinese_says_that_it_is_chinese(html):
    assert '<span lang="zh">梯度流</span>' in html
    box = re.search(r'<div class="([^"]*)" lang="zh">\s*<p class="admonition-title">60秒摘要', html)
    assert {"dropdown", "summary"} <= set(box[1].split())


def test_formulas_and_their_marks_are_joined(html):
    joined = BeautifulSoup(html, "html.parser").select(".formula-and-mark")
    pairs = {(str(whole.contents[0]), str(whole.contents[-1])) for whole in joined}
    assert {end for start, end in pairs if start.startswith("<span")} >= {",", ";"}
    assert ("(", ")") in pairs


def test_remarks_for_the_formatter_are_not_shown(html):
    assert "42" in html and "fmt:" not in html


def test_checks_are_one_line_and_folds_are_called_by_what_is_seen(html):
    folds = re.findall(r"<summary([^>]*)>\s*<p class=\"collapsed[^>]*>(.*?)</p>", html)
    assert folds == [("", "Checks ✓"), ("", "Show the code")]


def test_labels_of_theorems_have_no_page(book):
    assert not list((book / "_build" / "html").glob("prf*"))


# --- Drawings --------------------------------------------------------------------------


def stored_drawing(book):
    """The SVG of the lesson's figure, as the notebook has it."""
    cells = nbformat.read(book / "book" / "lesson.ipynb", as_version=4).cells
    outputs = [
        output.data for cell in cells for output in cell.get("outputs", []) if "data" in output
    ]
    (drawing,) = [data for data in outputs if "image/svg+xml" in data]
    assert "image/png" not in drawing
    return drawing["image/svg+xml"]


def text_sizes(svg):
    """Sizes of the texts of a drawing, in points, and its width."""
    width = float(re.search(r'viewBox="0 0 (\S+)', svg)[1])
    return [100 * float(size) for size in re.findall(r"\) scale\((\S+) -", svg)], width


def test_drawing_has_no_date_rounded_paths_and_letters_for_a_phone(book):
    svg = stored_drawing(book)
    assert "<dc:" not in svg and "metadata" not in svg
    paths = re.findall(r' d="([^"]*)"', svg)
    assert paths and not [path for path in paths if re.search(r"\.\d{3}", path)]
    sizes, width = text_sizes(svg)  # the label was asked for with 6 points
    assert len(sizes) > 10
    assert min(sizes) * PHONE / width >= SMALLEST_TEXT - 0.1


def test_drawing_is_part_of_the_page_in_its_colours(html, book):
    drawing = re.search(r'<svg class="drawing".*?</svg>', html, re.S)[0]
    assert 'aria-label="A falling line, and a rising one in white."' in drawing
    assert "stroke: var(--figure-method, #0072b2)" in drawing
    assert "stroke: currentColor" in drawing
    assert "stroke: color-mix(in srgb, currentColor 0%, var(--figure-paper))" in drawing
    assert "stroke: color-mix(in srgb, currentColor 45%, var(--figure-paper))" in drawing
    assert "fill: #ffffff" in stored_drawing(book) and "#ffffff" not in drawing  # the paper
    ids = re.findall(r' id="([^"]+)"', drawing)
    assert len(ids) == len(set(ids)) > 0
    assert set(ids) == set(re.findall(r"(?:href=\"|url\()#([^\")]+)", drawing))
    assert re.search(r'<span class="caption-number">Fig. 1 </span>.*?Two lines, with', html)


# --- The page in a browser -------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_kind_of_box_has_its_own_colour_and_sign(visit, scheme):
    page = visit(scheme=scheme)
    looks = page.evaluate(
        """(kinds) => kinds.map((kind) => {
            const box = document.querySelector(`.admonition.${kind}`);
            const sign = getComputedStyle(box.querySelector(".admonition-title"), "::after");
            const colour = getComputedStyle(box).borderLeftColor;
            return [colour, kind === "hide" ? "triangle" : sign.maskImage];
        })""",
        BOXES,
    )
    assert len({colour for colour, _ in looks}) == len({sign for _, sign in looks}) == len(BOXES)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    page.wait_for_timeout(500)  # a fold opens slowly
    violations = Axe().run(page).response["violations"]
    theme = {("region", ".only-light"), ("region", ".only-dark")}
    found = {(v["id"], node["target"][0]) for v in violations for node in v["nodes"]}
    assert found - theme == set()


@pytest.mark.browser
def test_a_choice_is_commented_and_opens_the_answer(visit):
    page = visit()
    box = page.locator(".predict").first
    assert not box.get_by_text("It explodes.").is_visible()
    assert box.get_by_role("status").inner_text() == ""
    box.get_by_role("button", name="It settles").focus()
    page.keyboard.press("Enter")
    assert box.get_by_role("status").inner_text() == "Your guess is not right."
    assert box.get_by_text("It explodes.").is_visible()
    box.get_by_role("button", name="It explodes").click()
    assert box.get_by_role("status").inner_text() == "Your guess is right."
    pressed = box.locator('button[aria-pressed="true"]').all_inner_texts()
    assert pressed == ["It explodes"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("guess", "right"),
    [("0.9685", True), ("0.9785", True), ("0,96", True), ("0.95", False), ("-0.9685", False)],
)
def test_a_number_is_right_within_its_bounds(visit, guess, right):
    page = visit()
    box = page.locator(".predict").nth(1)
    box.get_by_label("Your guess").fill(guess)
    page.keyboard.press("Enter")
    verdict = "Your guess is right." if right else "Your guess is not right."
    assert box.get_by_role("status").inner_text() == verdict
    assert box.locator("details.answer").get_attribute("open") is not None


@pytest.mark.browser
def test_without_javascript_the_choices_are_a_list_and_the_answer_a_fold(visit):
    page = visit(javascript=False)
    box = page.locator(".predict").first
    assert box.locator("ol li").count() == 3
    assert box.locator("button").count() == 0
    assert not box.get_by_text("It explodes.").is_visible()
    box.get_by_text("Show the answer").click()
    assert box.get_by_text("It explodes.").is_visible()


@pytest.mark.browser
def test_what_is_cut_on_a_phone_scrolls_and_fades(visit):
    page = visit(390)
    page.wait_for_timeout(500)
    kinds = {"table", ".cell_output pre"}
    for kind in kinds:
        box = page.locator(f"{kind}[data-cut]").first
        assert box.get_attribute("data-cut") == "right"
        assert "gradient" in box.evaluate("(box) => getComputedStyle(box).maskImage")
        box.evaluate("(box) => (box.scrollLeft = 30)")
        page.wait_for_timeout(200)
        assert box.get_attribute("data-cut") == "left right"
        box.evaluate("(box) => (box.scrollLeft = 9999)")
        page.wait_for_timeout(200)
        assert box.get_attribute("data-cut") == "left"
    code = page.locator(".cell_input pre", has_text="a_rather_long").first
    assert code.evaluate("(box) => box.scrollWidth <= box.clientWidth + 1")


@pytest.mark.browser
def test_drawing_follows_the_theme(visit):
    colours = {}
    for scheme in ("light", "dark"):
        page = visit(scheme=scheme)
        colours[scheme] = page.evaluate(
            """() => [...document.querySelectorAll("svg.drawing path")]
                .map((path) => getComputedStyle(path).stroke)"""
        )
    assert "rgb(0, 114, 178)" in colours["light"]
    assert "rgb(92, 179, 238)" in colours["dark"]
    assert "rgb(0, 114, 178)" not in colours["dark"]
