"""Every fact of the chapters is asserted: by the lesson it names, or by a test that names it."""

import ast
import json
import re

import numpy as np

from conftest import ROOT
from facts import DATA, FACTS

CHAPTERS = json.loads((DATA / "chapters_facts.json").read_text("utf-8"))
TESTS = {
    node.name: ast.get_source_segment(text, node)
    for path in sorted((ROOT / "tests").glob("test_facts_*.py"))
    for text in [path.read_text("utf-8")]
    for node in ast.parse(text).body
    if isinstance(node, ast.FunctionDef)
}


def is_tested(fact_id):
    """Whether a test bears the fact's name and reads the fact's expected value."""
    part = "_" + fact_id.lower().replace("-", "_").replace(".", "_") + "_"  # a test may have two
    return any(part in name and f'"{fact_id}"' in text for name, text in TESTS.items())


def asserted_numbers(page):
    """All numbers in the lines of a lesson that assert."""
    text = (ROOT / "book" / f"{page}.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("assert")]
    return np.array([float(n) for n in re.findall(r"(?<!\w)-?\d+\.\d+", "\n".join(lines))])


def is_asserted(fact):
    """Whether the lesson that the fact names asserts each of its numbers, to nine digits."""
    numbers = asserted_numbers(fact["lesson"])
    expected = np.ravel(fact["expected"])
    return all(np.abs(numbers - value).min() <= 1e-9 * max(1.0, abs(value)) for value in expected)


def test_a_fact_that_names_a_lesson_is_asserted_there_and_in_no_test():
    facts = [fact for fact in FACTS.values() if "lesson" in fact]
    assert len(facts) >= 8
    assert [fact["id"] for fact in facts if not is_asserted(fact)] == []
    assert [fact["id"] for fact in facts if is_tested(fact["id"])] == []
    other = facts[0] | {"expected": facts[0]["expected"] + 1e-8}
    assert not is_asserted(other)


def test_no_fact_of_a_chapter_is_without_its_test():
    """A chapter that the book does not have yet may still lack the tests of its facts."""
    listed = [
        fact_id
        for chapter in CHAPTERS.values()
        if (ROOT / "book" / f"{chapter['page']}.md").exists()
        for fact_id in chapter["facts"]
    ]
    assert len(listed) == len(set(listed)) >= 56
    assert [fact_id for fact_id in listed if fact_id not in FACTS] == []


def test_every_fact_that_names_no_lesson_has_its_test():
    left = [fact_id for fact_id, fact in FACTS.items() if "lesson" not in fact]
    assert [fact_id for fact_id in left if not is_tested(fact_id)] == []
