"""What is marked ★ may be skipped: nothing unmarked refers to it."""

import re

import chapter_map
from conftest import ROOT

LESSONS = [chapter.name for chapter in chapter_map.chapters()]
LABEL = re.compile(
    r"^\(([\w:.-]+)\)=$|:label: ([\w:.-]+)|^\s*\$\$ *\(([\w:.-]+)\)|^ +name: (fig[\w:.-]+)"
)
REFERENCE = re.compile(r"\{(?:ref|eq|numref|prf:ref)\}`(?:[^`]*<)?([\w:.-]+)>?`")
FENCE = re.compile(r"\s*(`{3,}|:{3,})(\{.*)?")


def marked_lines(text):
    """Each line of a text, and whether it stands in a section or a box marked ★."""
    lines = text.splitlines()
    level, boxes = 0, []  # of the starred section; open fences, each (its marks, is it starred)
    for i, line in enumerate(lines):
        fence = FENCE.fullmatch(line)
        if fence and boxes and line.strip() == boxes[-1][0]:
            yield line, bool(level) or any(starred for _, starred in boxes)
            boxes.pop()
            continue
        if fence:
            boxes.append((fence[1], "★" in line))
        # The label of a heading stands before it.
        ahead = next((later for later in lines[i:] if not LABEL.match(later) and later), "")
        heading = not boxes and re.match(r"(#+) ", ahead if LABEL.match(line) else line)
        if heading and (not level or len(heading[1]) <= level):
            level = len(heading[1]) if "★" in heading.string else 0
        yield line, bool(level) or any(starred for _, starred in boxes)


def violations(texts):
    """Pairs (page, label): the page refers, in a line without ★, to what is marked so."""
    lines = {page: list(marked_lines(text)) for page, text in texts.items()}
    places = {}
    for page in lines:
        for line, starred in lines[page]:
            for label in filter(None, sum(LABEL.findall(line), ())):
                places[label] = starred
    return {
        (page, label)
        for page in lines
        for line, starred in lines[page]
        for label in REFERENCE.findall(line)
        if not starred and places.get(label)
    }


def test_nothing_unmarked_refers_to_what_may_be_skipped():
    texts = {name: (ROOT / "book" / f"{name}.md").read_text("utf-8") for name in LESSONS}
    assert violations(texts) == set()


SMALL = """# Title
See {ref}`sec:a` and {eq}`eq:b`.

(sec:a)=
## A ★
$$
x
$$ (eq:b)
Here {eq}`eq:b`.
### Part of it
{prf:ref}`thm-c`
```{code-cell} ipython3
# a comment
```
## On
```{prf:theorem} ★ Picard
:label: thm-c
{eq}`eq:b`
```
By {prf:ref}`Picard <thm-c>`, and {ref}`sec:free`.
(sec:free)=
## Free
{ref}`free <sec:free>`
"""


def test_the_test_sees_sections_boxes_and_formulas():
    assert violations({"p": SMALL}) == {("p", "sec:a"), ("p", "eq:b"), ("p", "thm-c")}
    assert violations({"p": SMALL.replace("★", "")}) == set()
    without = SMALL.replace("See {ref}`sec:a` and {eq}`eq:b`.", "")
    assert violations({"p": without}) == {("p", "thm-c")}
