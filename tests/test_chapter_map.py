"""What the chapters say of their prerequisites is true, and the map of chapters shows it."""

import xml.etree.ElementTree as ET

import nbformat
import pytest
import yaml

import chapter_map
from conftest import ROOT

KNOWN = chapter_map.chapters()
NAMES = [chapter.name for chapter in KNOWN]
each_chapter = pytest.mark.parametrize("chapter", KNOWN, ids=NAMES)


def numbered_chapters():
    """The pages of the parts of the table of contents whose chapters have numbers."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))["parts"]
    numbered = [part["chapters"] for part in parts if part.get("numbered")]
    return [chapter["file"].removeprefix("book/") for part in numbered for chapter in part]


def joined(upper, lower, lines):
    """Whether lines lead from one row down to another."""
    return upper == lower or any(joined(b, lower, lines) for a, b in lines if a == upper)


def test_every_chapter_names_its_prerequisites():
    missing = set(numbered_chapters()) - set(NAMES)
    assert missing == set(), "front matter lacks `prerequisites: […]`"


@each_chapter
def test_prerequisites_come_before_in_the_table_of_contents(chapter):
    """So all of them exist, and the graph has no cycle."""
    before = NAMES[: NAMES.index(chapter.name)]
    assert set(chapter.prerequisites) <= set(before)
    assert len(chapter.prerequisites) == len(set(chapter.prerequisites))


@each_chapter
def test_notebook_carries_what_the_text_says(chapter):
    notebook = ROOT / "book" / f"{chapter.name}.ipynb"
    if notebook.exists():
        metadata = nbformat.read(notebook, as_version=4).metadata
        assert metadata.get("prerequisites") == chapter.prerequisites, "run `make notebooks`"


def test_lines_join_each_chapter_to_all_it_needs_and_none_could_be_left_out():
    lines = chapter_map.lines(KNOWN)
    for chapter in KNOWN:
        for other in chapter.prerequisites:
            assert joined(NAMES.index(other), NAMES.index(chapter.name), lines)
    for line in lines:
        assert not joined(*line, [other for other in lines if other != line])


def test_a_line_that_others_imply_is_not_drawn():
    chapter = chapter_map.Chapter
    diamond = [
        chapter("a", [], 5),
        chapter("b", ["a"], 5),
        chapter("c", ["a"], 5),
        chapter("d", ["a", "b", "c"], 5),
    ]
    assert chapter_map.lines(diamond) == [(0, 1), (0, 2), (1, 3), (2, 3)]
    paths = ET.fromstring(chapter_map.drawing(diamond))
    assert [path.get("class") for path in paths] == [None] * 4 + ["dot"] * 4
