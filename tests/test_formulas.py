"""Formulas are in the pages: drawn when the site is built, for the eye and for a screen reader."""

import html
import re

import pytest
from sphinx.errors import ExtensionError

import formulas
from conftest import ROOT, missing
from editions import translated_pages

SITE = ROOT / "_build" / "html"
PAGES = sorted(path.stem for path in (ROOT / "book").glob("*.md"))
INLINE = r'<span class="math notranslate nohighlight">\({}\)</span>'
DISPLAYED = (
    '<div class="math notranslate nohighlight" id="equation-eq-one">\n'
    '<span class="eqno">(2.1)<a class="headerlink" href="#equation-eq-one">#</a></span>'
    "\\[{}\\]</div>"
)


def page_of_site(path):
    """Text of a page of the built site."""
    if not (SITE / path).exists():
        missing(f"there is no {path} in _build/html: run `make book` first")
    return (SITE / path).read_text("utf-8")


def test_inline_formula_is_drawn_as_html_and_mathml_and_nothing_else_changes():
    formula = INLINE.format(r"L &lt; \lVert x \rVert")
    page = f"<p>Let {formula}, and \\(y\\) stay.</p>"
    drawn = formulas.replace_formulas(page, {})
    before, after = drawn[: drawn.index('<span class="katex">')], drawn[drawn.rindex("</span>") :]
    assert before == '<p>Let <span class="math notranslate nohighlight">'
    assert after == "</span>, and \\(y\\) stay.</p>"
    assert r'<annotation encoding="application/x-tex">L &lt; \lVert x \rVert</annotation>' in drawn
    assert '<span class="katex-html" aria-hidden="true">' in drawn


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{aligned} a &amp;= b \\ c &amp;= \tfrac{1}{2} \end{aligned}",
        r"\begin{split}\dot\theta = -\eta \nabla L, \\ \text{当且仅当 } c = 1\end{split}",
        r"\begin{pmatrix} 1 &amp; 0 \\ 0 &amp; \lambda \end{pmatrix} \operatorname{diag}(a)",
    ],
)
def test_displayed_formula_keeps_its_number_and_its_place(tex):
    drawn = formulas.replace_formulas(DISPLAYED.format(tex), {})
    assert drawn.startswith(DISPLAYED.split("\\[")[0] + '<span class="katex-display">')
    assert drawn.endswith("</span></div>")
    assert "katex-error" not in drawn
    assert html.unescape(tex) in html.unescape(drawn)


def test_formula_that_katex_does_not_know_ends_the_build_with_its_text():
    with pytest.raises(ExtensionError, match=r"'\\\\unknown x': .*Undefined control sequence"):
        formulas.replace_formulas(INLINE.format(r"\unknown x"), {})


def test_formula_is_drawn_once_in_a_build(monkeypatch):
    known = {}
    page = INLINE.format("x") + INLINE.format("x") + DISPLAYED.format("x")
    first = formulas.replace_formulas(page, known)
    assert len(known) == 2  # inline and displayed
    monkeypatch.delattr(formulas, "engine")
    assert formulas.replace_formulas(page, known) == first


@pytest.mark.browser
@pytest.mark.parametrize(
    "path",
    [f"book/{name}.html" for name in PAGES]
    + [f"zh/{name}.html" for name in sorted(translated_pages(ROOT))],
)
def test_page_holds_its_formulas_and_no_source_of_one(path):
    page = page_of_site(path)
    written = len(re.findall(r'class="math notranslate nohighlight"', page))
    assert page.count('<span class="katex">') == written
    assert page.count("</math>") == written
    text = (ROOT / "book" / path.split("/")[-1].replace(".html", ".md")).read_text("utf-8")
    prose = re.sub(r"(?ms)^(`{3,})\{code-cell\}.*?^\1$|`[^`\n]*`", "", text)
    assert bool(written) == ("$" in prose)
    assert "katex-error" not in page
    assert not re.findall(r"(?i)<script[^>]*mathjax", page)
    shown = re.sub(r"(?s)<(script|pre|code|annotation)\b.*?</\1>", "", page)
    assert not re.findall(r"(?:\\\(|\\\[|\\begin|\$\\).{0,40}", shown)


@pytest.mark.browser
def test_formulas_use_the_fonts_of_the_site(browser):
    page_of_site("_static/katex/katex.min.css")
    style = page_of_site("_static/katex/katex.min.css")
    fonts = set(re.findall(r"url\((fonts/[^)]*)\)", style))
    assert len(fonts) + style.count("url(data:font/woff2;base64,") == 20
    assert all((SITE / "_static" / "katex" / font).is_file() for font in fonts)
    page = browser.new_page()
    page.goto((SITE / "book" / "notation.html").as_uri())
    page.evaluate("document.fonts.ready")
    loaded = "[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)"
    assert {"KaTeX_Main", "KaTeX_Math"} <= set(page.evaluate(loaded))
    assert page.locator(".katex [tabindex], .katex a").count() == 0
    page.close()
