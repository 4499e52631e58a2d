"""Every fact of the chapters is computed again by a test that names it."""

import ast
import json

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


def test_no_fact_of_a_chapter_is_without_its_test():
    """A chapter that the book does not have yet may still lack the tests of its facts."""
    listed = [
        fact_id
        for chapter in CHAPTERS.values()
        if (ROOT / "book" / f"{chapter['page']}.md").exists()
        for fact_id in chapter["facts"]
    ]
    assert len(listed) == len(set(listed)) >= 56
    assert [fact_id for fact_id in listed if fact_id not in FACTS or not is_tested(fact_id)] == []


def test_every_fact_that_is_kept_has_its_test():
    assert [fact_id for fact_id in FACTS if not is_tested(fact_id)] == []
