"""A lesson takes at most half an hour, by the tool's count, and the tool counts what is read."""

import pytest

import chapter_map
import reading_time
from conftest import ROOT

LONGEST = 30  # minutes
LESSONS = chapter_map.chapters()


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])
def test_a_lesson_takes_at_most_half_an_hour(lesson):
    count = reading_time.measured(lesson_text(lesson.name))
    assert lesson.minutes <= LONGEST, f"{lesson.minutes} minutes: {count}"


def lesson_text(name):
    """The text of a page."""
    return (ROOT / "book" / f"{name}.md").read_text("utf-8")


def test_no_page_declares_its_time():
    for path in sorted((ROOT / "book").glob("*.md")):
        assert "reading_minutes" not in chapter_map.front_matter(path), path.name


A_MINUTE = "word " * 130
CODE = "x = 1\n" * 10  # a minute, too
CELL = "```{{code-cell}} ipython3\n{options}{code}```\n"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        (A_MINUTE * 7, 7),
        (CELL.format(options="", code=CODE * 7), 7),
        ("Text.\n\n$$\nx\n$$ (eq:a)\n\n" * 7, 7),
        ("```{prf:theorem} Named\n:label: thm-a\n" + A_MINUTE * 7 + "\n```\n", 7),
        ("````{predict}\n:number: 1\n:within: 1\n```{answer}\n" + A_MINUTE * 7 + "\n```\n````", 7),
        (A_MINUTE * 7 + "\n\n## Next ★\n\n" + A_MINUTE + "\n### More\n\n" + A_MINUTE, 7),
        ("## Next ★\n\n" + A_MINUTE + "\n## And on\n\n" + A_MINUTE * 7, 7),
        # What is folded or a proof does not count.
        (CELL.format(options=":tags: [hide-input]\n", code=CODE * 7), 1),
        (CELL.format(options="---\ntags: [hide-input, checks]\n---\n", code=CODE * 7), 1),
        ("```{prf:proof}\n" + A_MINUTE * 7 + "\n```\n", 1),
        ("```{solution} ex-a\n" + A_MINUTE * 7 + "\n```\n", 1),
        (
            "```{solution-start} ex-a\n```\n\n" + A_MINUTE * 7 + "\n\n"
            + CELL.format(options="", code=CODE * 7)
            + "\n```{solution-end}\n```\n\n" + A_MINUTE * 7,
            7,
        ),
        ("```{admonition} T\n:class: summary dropdown\n" + A_MINUTE * 7 + "\n```\n", 1),
        ("---\na: " + A_MINUTE * 7 + "\n---\nText.\n", 1),
    ],
)  # fmt: skip
def test_each_part_of_a_text_counts_as_the_house_style_says(text, minutes):
    assert reading_time.minutes(text) == minutes
