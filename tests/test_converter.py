"""Converted notebooks: plain Markdown around the same code and the same outputs."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from conftest import ROOT, missing
from converter import convert, plain

CONVERTED = ROOT / "_build" / "html" / "_sources" / "book"
NOTEBOOKS = sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))
LABELS = {
    "sec:a": {"text": "By hand", "url": ""},
    "ch:b": {"text": "Gradient flow", "url": "gradient-flow.ipynb"},
    "eq:a": {"text": "(3.1)", "url": ""},
    "thm-a": {"text": "Theorem 3.2", "url": ""},
    "ex-a": {"text": "Exercise 3.4", "url": ""},
    "fig-a": {"text": "Figure 3.1", "url": ""},
}
WORKS = {"N83": {"authors": "Nesterov", "year": "1983", "url": "https://doi.org/1"}}
KNOWN = (LABELS, WORKS)
MARKUP = re.compile(
    r"(?m):::|^ *>? *`{3,}\{|\{(?:ref|eq|prf:\w+|cite[:\w]*|numref)\}|^\([\w:-]+\)=$"
)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("(sec:a)=\n## By hand", "## By hand"),
        ("See {ref}`ch:b`, {ref}`the start <sec:a>` and {eq}`eq:a`.",
         "See [Gradient flow](gradient-flow.ipynb), the start and (3.1)."),
        ("By {prf:ref}`thm-a` of {cite:t}`N83`; so {cite:p}`N83`.",
         "By Theorem 3.2 of [Nesterov (1983)](https://doi.org/1); so "
         "([Nesterov, 1983](https://doi.org/1))."),
        ("$$\nx = 1 .\n$$ (eq:a)", "$$\nx = 1 . \\tag{3.1}\n$$"),
        ("$$ x = 1, \\\\ y = 2 $$", "$$\n\\begin{aligned}\nx = 1, \\\\ y = 2\n\\end{aligned}\n$$"),
        ("```{admonition} Remember\n:class: remember\nOne\n\n$$\na\n\\ge b\n$$\n```",
         "> **Remember.**\n>\n> One\n>\n> $$a \\ge b$$"),
        ("```{prf:theorem} Rate\n:label: thm-a\nIt falls.\n```",
         "> **Theorem 3.2 (Rate).**\n>\n> It falls."),
        ("```{prf:proof}\n:class: dropdown\nClear.\n```",
         "<details>\n<summary><b>Proof</b></summary>\n\nClear.\n\n</details>"),
        ("```{exercise} Signs\n:label: ex-a\nShow.\n```", "#### Exercise 3.4 (Signs)\n\nShow."),
        ("```{solution} ex-a\n:class: dropdown\nSo.\n```",
         "<details>\n<summary><b>Solution to Exercise 3.4</b></summary>\n\nSo.\n\n</details>"),
        ("```python\n{ref}`ch:b`\n```", "```python\n{ref}`ch:b`\n```"),
        ("::::{grid} 1 1 2 2\n:::{grid-item-card} A path\nRead.\n:::\n::::", "**A path**\n\nRead."),
    ],
)  # fmt: skip
def test_markup_becomes_plain_markdown(source, wanted):
    assert plain(source, KNOWN) == wanted


def test_prediction_hides_its_answer_with_the_choice_that_is_right():
    source = (
        "````{predict} The step\n:choices: It settles | It cycles\n:answer: 2\nWhat happens?\n"
        "```{answer}\nThe factor is −1.\n```\n````"
    )
    text = plain(source, KNOWN)
    assert text.startswith(
        "> **Predict: The step.**\n>\n> What happens?\n>\n> 1. It settles\n> 2. It"
    )
    shown, folded = text.split("> <details>")
    assert "The factor" not in shown
    assert "> **It cycles.**" in folded and "> The factor is −1." in folded


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("```{tabset}\nA\n```", r"does not know the directive \{tabset\}"),
        ("{index}`word`", r"does not know the role \{index\}"),
        ("{ref}`nowhere`", "no label or work named 'nowhere'"),
        ("```{admonition} A\nB", "is never closed"),
    ],
)
def test_what_the_converter_does_not_know_is_an_error(source, words):
    with pytest.raises(ValueError, match=words):
        plain(source, KNOWN)


def test_solution_with_code_is_folded_from_its_first_cell_to_its_last():
    start = "```{solution-start} ex-a\n:class: dropdown\n```\n\nFirst."
    start = f"```{{exercise}} A\n:label: ex-a\nDo.\n```\n\n{start}"
    end = "Last.\n\n```{solution-end}\n```\n\n## Next"
    cells = [new_markdown_cell(start), new_code_cell("1 + 1"), new_markdown_cell(end)]
    new = convert(new_notebook(cells=[*cells, new_code_cell("2")]), LABELS, WORKS).cells
    assert [cell.cell_type for cell in new] == [
        "markdown", "markdown", "code", "markdown", "markdown", "code",
    ]  # fmt: skip
    texts = [cell.source for cell in new]
    assert (
        texts[1].count("Solution to Exercise 3.4")
        == texts[3].count("Solution to Exercise 3.4")
        == 1
    )
    assert "First." in texts[1] and "Last." in texts[3] and texts[4] == "## Next"
    assert new[2].metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}
    assert "jupyter" not in new[5].metadata


def test_folded_code_and_the_caption_of_a_figure_come_along():
    figure = {"figure": {"caption": "The *path*.", "name": "fig-a"}}
    cell = new_code_cell("draw()", metadata={"tags": ["hide-input"], "mystnb": figure})
    code, caption = convert(new_notebook(cells=[cell]), LABELS, WORKS).cells
    assert code.metadata.jupyter == {"source_hidden": True}
    assert code.metadata.cellView == "form"
    assert caption.source == "*Figure 3.1.* The *path*."


@pytest.mark.browser
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_of_the_site_is_plain_and_runs_the_same_code(name):
    if not CONVERTED.exists():
        missing("there is no built site in _build/html: run `make book` first")
    old = nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4)
    new = nbformat.read(CONVERTED / f"{name}.ipynb", as_version=4)
    nbformat.validate(new)
    code = [[cell for cell in book.cells if cell.cell_type == "code"] for book in (old, new)]
    for before, after in zip(*code, strict=True):
        assert (after.source, after.outputs) == (before.source, before.outputs)
        assert (after.id, after.execution_count) == (before.id, before.execution_count)
    texts = [cell.source for cell in new.cells if cell.cell_type == "markdown"]
    assert not [found for text in texts for found in MARKUP.findall(text)]
    written = "\n".join(cell.source for cell in old.cells if cell.cell_type == "markdown")
    shown = "\n".join(texts)
    for what in (r"(?m)^#{1,3} ", r"\$\$", r"\\frac", r"\*\*"):
        assert len(re.findall(what, shown)) >= len(re.findall(what, written)) * 0.9, what
    assert shown.count("<details>") == shown.count("</details>")
    for target in re.findall(r"\]\(([\w-]+\.ipynb)\)", shown):
        assert (CONVERTED / target).exists(), target


@pytest.mark.browser
@pytest.mark.parametrize("folder", ["book", "zh/book"])
def test_page_of_a_notebook_offers_the_converted_one(folder):
    site = ROOT / "_build" / "html"
    for page in sorted((site / folder).glob("*.html")):
        if page.stem in NOTEBOOKS:
            links = re.findall(
                r'href="([^"]*\.ipynb)"[^>]*btn-download-source', page.read_text("utf-8")
            )
            assert len(links) == 1
            offered = (page.parent / links[0]).resolve()
            assert offered.read_bytes() == (CONVERTED / f"{page.stem}.ipynb").read_bytes()
