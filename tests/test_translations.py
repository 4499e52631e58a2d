"""The catalogues of the Chinese edition say all that the book says, and nothing else.

They are compared with messages extracted afresh from the pages; the site itself is not built.
"""

import json
import re
import subprocess
import sys
import warnings
from html import escape, unescape

import matplotlib.pyplot as plt
import nbformat
import polib
import pytest

import translations
from conftest import ROOT
from editions import translate_figure, translated_pages

CATALOGUES = translations.catalogue_names()
# What matplotlib says when it draws a box in place of a character.
BOX = re.compile(r"Glyph \d+ .*missing from")
CHINESE = "[\u3400-\u9fff]"


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """Messages of the book as it is now, by catalogue."""
    folder = tmp_path_factory.mktemp("messages")
    code = "import sys, translations; translations.extract(sys.argv[1])"
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return translations.read_templates(folder)


# --- The catalogues --------------------------------------------------------------------


@pytest.mark.parametrize("name", CATALOGUES)
def test_translation_is_complete_and_keeps_formulas_references_and_numbers(name, templates):
    assert translations.problems(templates[name], translations.load(name)) == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_catalogue_is_as_the_tool_writes_it(name, templates):
    """So that `make translations` changes nothing when nothing has changed."""
    path = translations.CATALOGUES / f"{name}.po"
    again = translations.updated(templates[name], translations.load(name))
    assert translations.as_text(again) == path.read_text("utf-8")


@pytest.mark.parametrize("name", CATALOGUES)
def test_punctuation_is_chinese(name):
    """After a Chinese character no comma, colon or bracket of half the width."""
    for entry in translations.load(name):
        assert not re.search(rf"{CHINESE}[,;:?!()]|[,;:?!]{CHINESE}", entry.msgstr), entry.msgstr


def test_edition_begins_with_the_first_page_and_gradient_flow():
    assert {"book/index", "book/gradient-flow"} <= translated_pages(ROOT)


# --- The checks, on small catalogues ---------------------------------------------------


def catalogue(*pairs):
    """A catalogue of (message, translation) pairs."""
    result = polib.POFile()
    result.extend(polib.POEntry(msgid=text, msgstr=chinese) for text, chinese in pairs)
    return result


TEXT = "By {eq}`eq:a`, `f` is at [the end](x.md) after 60 steps, as $x = 1$ says; see {ref}`ch:b`."
GOOD = "由 {eq}`eq:a`，如 $x = 1$ 所示，走 60 步后 `f` 到[终点](x.md)；见{ref}`ch:b`。"
FORMULA = r" c = 1, \quad\text{so}\quad d = 2 "


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        (TEXT, GOOD),
        (TEXT, GOOD.replace("{ref}`ch:b`", "{ref}`那一章 <ch:b>`")),
        (FORMULA, FORMULA.replace("so", "故")),
        ("$x$ is 3.", "$x$ 是 3。"),
    ],
)
def test_good_translations_have_no_problems(text, translation):
    assert translations.problems(catalogue((text, "")), catalogue((text, translation))) == []


@pytest.mark.parametrize(
    ("text", "translation", "problem"),
    [
        (TEXT, "", "has no translation"),
        (TEXT, GOOD.replace("60", "16"), "number: missing ['60'], new ['16']"),
        (TEXT, GOOD.replace("60 ", ""), "number: missing ['60']"),
        (TEXT, GOOD.replace("x = 1", "x = 2"), "formula: missing ['$x=1$'], new ['$x=2$']"),
        (TEXT, GOOD.replace("eq:a", "eq:b"), "role: missing"),
        (TEXT, GOOD.replace("{ref}`ch:b`", "那一章"), "role: missing"),
        (TEXT, GOOD.replace("x.md", "y.md"), "link: missing"),
        (TEXT, GOOD.replace("`f`", "`g`"), "code: missing"),
        (FORMULA, FORMULA.replace("d = 2", "d = 3"), "formula: missing"),
        ("in {steps} steps", "走 {step} 步", "field: missing"),
    ],
)
def test_each_damage_is_a_problem(text, translation, problem):
    found = translations.problems(catalogue((text, "")), catalogue((text, translation)))
    assert len(found) == 1 and problem in found[0]


def test_outdated_and_fuzzy_messages_are_problems():
    template, known = catalogue(("New text.", "")), catalogue(("Old text.", "旧文。"))
    first, second = translations.problems(template, known)
    assert "is not in the book any more: 'Old text.'" in first
    assert "has no translation: 'New text.'" in second
    fuzzy = catalogue(("New text.", "旧文。"))
    fuzzy[0].flags = ["fuzzy"]
    assert "is fuzzy" in translations.problems(template, fuzzy)[0]


def test_update_keeps_what_is_true_and_doubts_what_has_changed():
    old = catalogue(
        ("The loss falls.", "损失下降。"), ("It stops.", "它停下。"), ("Gone.", "没了。")
    )
    template = catalogue(("It stops.", ""), ("The loss rises.", ""), (r" \dot x = x ", ""))
    new = translations.updated(template, old)
    assert [entry.msgid for entry in new] == [entry.msgid for entry in template]
    same, changed, formula = new
    assert same.msgstr == "它停下。" and not same.fuzzy
    assert changed.msgstr == "损失下降。" and changed.fuzzy
    assert changed.previous_msgid == "The loss falls."
    assert formula.msgstr == formula.msgid


# --- What Sphinx leaves out ------------------------------------------------------------


def test_words_of_an_interactive_figure_are_translated_and_its_formulas_are_not():
    texts = {"slider": "Learning rate α", "up": "|R(z)|", "steps": "{steps} steps", "x": "θ₀"}
    figure = f'<div data-texts="{escape(json.dumps(texts))}"><i data-text="up">|R(z)|</i></div>'
    asked = []
    shown = translate_figure(figure, lambda text: asked.append(text) or f"译“{text}”")
    assert asked == ["Learning rate α", "{steps} steps"]
    known = json.loads(unescape(re.search('data-texts="(.*?)"', shown)[1]))
    assert known == texts | {"slider": "译“Learning rate α”", "steps": "译“{steps} steps”"}
    assert shown.endswith('<i data-text="up">|R(z)|</i></div>')


# --- No boxes in figures ---------------------------------------------------------------


@pytest.mark.parametrize(
    "path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_no_figure_has_a_box_in_place_of_a_character(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            assert not BOX.search(output.get("text", ""))


def test_matplotlib_says_when_it_draws_a_box():
    """The sentence that the test above looks for, from a font without Chinese."""
    figure, ax = plt.subplots()
    ax.set_title("梯度流", fontfamily="DejaVu Sans")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        figure.canvas.draw()
    plt.close(figure)
    assert any(BOX.search(str(warning.message)) for warning in said)
