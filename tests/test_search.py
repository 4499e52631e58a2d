"""The search finds sections: what it reads, and what it answers in a browser."""

import functools
import http.server
import json
import re
import threading

import pytest

from conftest import ROOT, missing
from search_sections import formula_in_words, sections

SITE = ROOT / "_build" / "html"
# What readers looked for when the book was reviewed, and the sections that answer; one of them has
# to be among the first three.
QUERIES = {
    "learning rate too large": ["training-goes-wrong.html#", "euler.html#"],
    "how to choose learning rate": ["questions.html#how-does-one-choose-the-learning-rate"],
    "edge of stability": ["training-goes-wrong.html#too-large-a-step", "glossary.html#"],
    "overfitting": ["questions.html#how-can-overfitting-be-avoided"],
    "backpropagation": ["questions.html#why-is-backpropagation-needed"],
    "saddle point": [
        "gradient-flow.html#where-the-curve-ends",
        "gradient-flow.html#stopping-on-a-saddle",
    ],
    "install odelib": ["run-it-yourself.html#"],
    "momentum": [
        "oscillators.html#what-this-has-to-do-with-training",
        "pid-control.html#gradient-descent-is",
    ],
    "condition number": ["gradient-flow.html#", "linear-regression.html#why-standardise"],
    "weight decay": [
        "questions.html#how-can-overfitting-be-avoided",
        "training-goes-wrong.html#",
    ],
}
CHINESE_QUERIES = {
    "欧拉法": "euler.html",
    "梯度流": "gradient-flow.html",
    "学习率太大": "html",
    "过拟合": "questions.html#how-can-overfitting",
    "反向传播": "questions.html#why-is-backpropagation",
    "凸函数": "html",
}


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"\(\alpha < 2/\lambda_{i}\)", "α < 2/λᵢ"),
        (r"\(x^2 \le 10^{-3}\)", "x² ≤ 10⁻³"),
        (r"\(\lVert\nabla L\rVert\)", "‖∇L‖"),
        (r"\(\frac{1}{2}\)", "…"),
        (r"\[\begin{aligned} a &= b \end{aligned}\]", "…"),
    ],
)
def test_formula_is_read_in_letters_or_left_out(tex, words):
    assert formula_in_words(tex) == words


def test_each_section_has_its_own_text_and_no_code():
    body = """
    <section id="a"><h1>Page<a class="headerlink" href="#a">#</a></h1><p><strong>One</strong>
    <span class="math">\\(x^2\\)</span>, two.</p><div class="cell_input">code</div>
    <section id="b"><h2>Part</h2><p>Three.</p><div class="highlight">code</div></section>
    </section>"""
    found = [("a", "Page", "One x², two.", "One"), ("b", "Part", "Three.", "")]
    assert sections(body) == found


@pytest.fixture(scope="module")
def search(browser):
    """A function from a page of results and a query to [(address, snippet)]."""
    if not (SITE / "search-sections.js").exists():
        missing("there is no search in _build/html: run `make book` first")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()

        def results(query, folder=""):
            page.goto(f"http://127.0.0.1:{server.server_port}/{folder}search.html?q={query}")
            page.locator("#search-results [role=status]").wait_for()
            hits = page.locator("#search-results li").all()
            links = [hit.locator("a").get_attribute("href") for hit in hits]
            return list(zip(links, [hit.inner_text() for hit in hits]))

        yield results
        page.close()
        server.shutdown()


@pytest.mark.browser
@pytest.mark.parametrize("query", QUERIES)
def test_question_of_a_reader_finds_its_section_among_the_first_three(search, query):
    first = [link for link, _ in search(query)[:3]]
    assert any(right in link for link in first for right in QUERIES[query]), first


@pytest.mark.browser
@pytest.mark.parametrize("query", CHINESE_QUERIES)
def test_chinese_question_finds_a_section_in_one_of_the_editions(search, query):
    found = search(query, "zh/")
    first = [link for link, _ in found[:3]]
    assert any(CHINESE_QUERIES[query] in link for link in first), first
    for link, text in found:
        assert link.startswith("../") == ("（英文）" in text.split("\n")[0])


@pytest.mark.browser
def test_word_that_is_nowhere_finds_nothing(search):
    assert search("xylophone") == []
    assert search("xylophone", "zh/") == []


@pytest.mark.browser
@pytest.mark.parametrize("folder", ["", "zh/"])
def test_texts_hold_no_latex_and_every_section_is_there(folder):
    path = SITE / folder / "search-sections.js"
    if not path.exists():
        missing("there is no search in _build/html: run `make book` first")
    book = json.loads(path.read_text("utf-8").partition("=")[2].rstrip(";\n"))
    assert len(book["sections"]) > 200
    for section in book["sections"]:
        assert section["title"]
        latex = r"\\[a-zA-Z]+\{|\\[()\[\]]|\$"
        assert not re.search(latex, section["title"] + section["text"]), section
        file, anchor = section["url"].split("#")
        assert f'id="{anchor}"' in (SITE / folder / file).read_text("utf-8")
