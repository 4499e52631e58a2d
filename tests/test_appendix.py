"""The appendix is complete: every question, every erratum, every public name, every term once."""

import dataclasses
import json
import re
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_allclose

import odelib
from conftest import ROOT
from odelib import METHODS, OPTIMIZERS, plotting
from odelib.diagnosis.case import CAUSES
from odelib.methods import RUNGE_KUTTA, SYMPLECTIC

BOOK = ROOT / "book"
QUESTIONS = json.loads((ROOT / "tests" / "data" / "questions.json").read_text("utf-8"))
ERRATA = {
    "error": {1, 2, 3, 4, 5, 6, 8, 9, 11, 21, 22, 24},
    "imprecise": {10, 13, 14, 15, 17, 19, 20, 27, 29, 42, 44, 46, 47, 48, 49},
    "terminology": {12, 23, 39, 43},
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SECTIONS = json.loads((ROOT / "tests" / "data" / "sections.json").read_text("utf-8"))
TO_COME = "no lesson"
CHAPTERS = [path.stem for path in sorted(BOOK.glob("*.md"))]


def page(name):
    """The text of a page."""
    return (BOOK / f"{name}.md").read_text("utf-8")


def entries(name, heading):
    """The parts of a page that begin with a level-3 heading of this form, by its groups."""
    parts = re.split(rf"(?m)^### {heading}$", page(name))[1:]
    groups = re.compile(heading).groups
    return [(*parts[i : i + groups], parts[i + groups]) for i in range(0, len(parts), groups + 1)]


def table(name, header):
    """The rows of the table of a page whose header begins with this word, as lists of cells."""
    lines = page(name).split(f"\n| {header} |")[1].splitlines()[2:]
    rows = lines[: next(i for i, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]


def glossary():
    """The entries of the glossary: (English, Chinese, explanation)."""
    return re.findall(r"(?m)^(\S.*?) · (.*)\n: (.*)$", page("glossary"))


# --- Questions and answers ------------------------------------------------------------------------


@pytest.mark.parametrize("document", QUESTIONS)
def test_every_question_is_printed_once_under_its_document(document):
    section = page("questions").split(f"\n## Document {document}")[1].split("\n## ")[0]
    assert re.findall(r"(?m)^> (.*)$", section) == QUESTIONS[document]


def test_there_are_twenty_one_questions_numbered_in_order():
    numbers = [int(number) for number, _, _ in entries("questions", r"(\d+) · (.+)")]
    assert numbers == list(range(1, 22))
    assert len({text for texts in QUESTIONS.values() for text in texts}) == 21


def test_every_answer_shows_where_or_says_that_its_chapter_is_to_come():
    for number, _, text in entries("questions", r"(\d+) · (.+)"):
        assert "*Shown in*" in text or TO_COME in text, f"question {number}"


# --- Index of errata ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ERRATA)
def test_errata_of_each_kind_are_complete(kind):
    found = [int(n) for n, k, _ in entries("errata", r"E(\d+) · (\w+)") if k == kind]
    assert found == sorted(ERRATA[kind])


def test_errata_are_in_order_and_each_has_its_label():
    found = [int(n) for n, _, _ in entries("errata", r"E(\d+) · (\w+)")]
    assert found == sorted(set().union(*ERRATA.values()))
    assert [int(n) for n in re.findall(r"(?m)^\(err-e(\d+)\)=$", page("errata"))] == found
    assert {kind: len(numbers) for kind, numbers in ERRATA.items()} == {
        "error": 12,
        "imprecise": 15,
        "terminology": 4,
    }


def test_every_erratum_quotes_translates_corrects_and_leads_to_its_proof():
    for number, _, text in entries("errata", r"E(\d+) · (\w+)"):
        quoted = text.split("*In English:*")[0]
        assert re.search(r"(?m)^\*\*Document 00[0-4], .*\*\*$", quoted), number
        # A formula or a line of code is quoted as it is, a sentence in Chinese.
        assert re.search(r"(?m)^(> .*|\$\$ .*\$\$|```python)$", quoted), number
        assert not re.search(r"(?m)^> [^`]*$", quoted) or CHINESE.search(quoted), number
        assert text.count("*In English:*") == text.count("*What is right:*") == 1, number
        proof = f"<erratum-e{number}>" in text and "*Shown in*" in text
        assert proof or TO_COME in text, f"E{number} leads nowhere"


def test_no_page_calls_the_articles_sentences_often_copied():
    assert [name for name in CHAPTERS if "often copied" in page(name)] == []


# --- The five documents, section by section -------------------------------------------------------


@pytest.mark.parametrize("document", SECTIONS)
def test_every_section_of_a_document_has_its_line_and_leads_to_its_place(document):
    part = page("documents").split(f"\n## Document {document}")[1].split("\n## ")[0]
    lines = re.findall(r"(?m)^(.*) · .*\n: ((?:.+\n?)+)", part)
    assert [term.lstrip("§") for term, _ in lines] == SECTIONS[document]
    labels = set(re.findall(r"(?m)^\(([^)]+)\)=$", "".join(map(page, CHAPTERS))))
    for term, text in lines:
        targets = re.findall(r"\{ref\}`(?:[^<`]*<)?([^>`]+)>?`", text)
        assert set(targets) <= labels, term
        assert [target for target in targets if not target.startswith("err-")], (
            f"{term} has no place"
        )


# --- API reference --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", odelib.__all__)
def test_every_public_name_is_documented(name):
    assert re.search(
        rf"(?m)^\.\. (autofunction|autoclass|py:data|py:module):: odelib\.{name}(\(\))?$",
        page("api"),
    )


def test_every_figure_is_documented():
    functions = {
        name
        for name, value in vars(plotting).items()
        if callable(value)
        and value.__module__ in ("odelib.plotting", "odelib.book_style")
        and name[0] != "_"
    }
    documented = re.findall(r"autofunction:: odelib\.plotting\.(\w+)", page("api"))
    assert Counter(documented) == Counter(functions)


def test_table_of_methods_is_that_of_the_library():
    rows = [
        [name, str(tab.order), str(tab.stages), "adaptive" if tab.adaptive else "fixed"]
        for name, tab in RUNGE_KUTTA.items()
    ]
    rows += [
        [name, str(row.order), str(row.evaluations), "fixed"] for name, row in SYMPLECTIC.items()
    ]
    rows += [["Radau", "5", "3", "adaptive, implicit"], ["BDF", "1–5", "1", "adaptive, implicit"]]
    assert [(METHODS[row[0]].order, METHODS[row[0]].stages) for row in rows[-2:]] == [
        (5, 3),
        (5, 1),
    ]
    assert [row[0] for row in rows] == [*METHODS]
    assert table("api", "Name") == rows


def test_tables_of_optimisers_and_causes_are_those_of_the_library():
    """The page names a paper by its year, where the table has the mark of a reference."""
    rows = {row[0]: row[1:] for row in table("api", "Optimiser")}
    assert [*rows][:-1] == [name for name, row in OPTIMIZERS.items() if name not in METHODS]
    for name, cells in [*rows.items()][:-1]:
        row = OPTIMIZERS[name]
        integrator = row.integrator.replace("[N83]", "Nesterov 1983")
        assert cells == [row.flow, integrator, row.claim, row.pinned_to], name
    causes = " ".join(cause for cause, _ in table("api", "Cause"))
    assert causes.replace("`", "").replace("…", "gradient").replace(", ", " ") == " ".join(CAUSES)


def test_table_of_the_result_has_every_attribute():
    fields = [field.name for field in dataclasses.fields(odelib.Solution)]
    assert [row[0] for row in table("api", "Attribute")] == fields


def test_examples_of_the_reference_run():
    points = np.random.default_rng(0).standard_normal((60, 2))
    names = {"X": points, "y": points @ [1.0, -2.0], "features": points}
    names["labels"] = (points[:, 0] > 0.3 * points[:, 1] ** 2).astype(int)
    for code in re.findall(r"(?ms)^```python\n(.*?)^```$", page("api")):
        exec(code, names)
    assert names["border"] == 2.0
    assert_allclose(names["sol"].y[:, -1], 0.8**60 * np.array([1, -2]), rtol=1e-12, atol=0)
    assert_allclose(names["tableau"].b * 6, [1, 2, 2, 1], rtol=1e-15, atol=0)
    plotting.plt.close("all")


# --- Glossary and references ----------------------------------------------------------------------


def test_glossary_is_sorted_and_has_no_duplicates():
    terms = [english for english, _, _ in glossary()]
    assert len(terms) >= 60
    assert terms == sorted(set(terms), key=str.casefold)


def test_every_term_has_chinese_one_sentence_and_a_place():
    lines = [line for line in page("glossary").splitlines() if line.startswith(": ")]
    assert len(lines) == len(glossary())
    for english, chinese, explanation in glossary():
        assert CHINESE.search(chinese), english
        sentence, _, place = explanation.partition(" *See* ")
        assert sentence.endswith("."), english
        assert "{ref}`" in place, english


# Neither DOI nor address is known of these.
ON_PAPER = {"AndersonMoore1990", "Kalman1960", "Kutta1901", "Lojasiewicz1963"}


def test_every_reference_is_listed_once_is_cited_and_leads_to_its_source():
    bibliography = (BOOK / "references.bib").read_text("utf-8")
    works = dict(re.findall(r"(?ms)^@\w+\{([^,]+),(.*?)^\}", bibliography))
    assert len(works) == bibliography.count("\n@") + bibliography.startswith("@")
    for field in ("doi", "title"):
        values = re.findall(rf"(?m)^  {field} *= \{{(.*)\}},$", bibliography.casefold())
        assert [value for value, count in Counter(values).items() if count > 1] == []
    without = {key for key, text in works.items() if not re.search(r"(?m)^  (doi|url) ", text)}
    assert without <= ON_PAPER
    cited = re.findall(r"\{cite(?::\w)?\}`([^`]+)`", "".join(map(page, CHAPTERS)))
    assert {key.strip() for keys in cited for key in keys.split(",")} == set(works)
