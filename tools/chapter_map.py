"""The map of chapters: a Sphinx directive that draws which chapter builds on which.

A chapter's front matter says `prerequisites: [gradient-flow, euler]`; how long it takes to read is
computed from its text. The directive `chapter-map` makes of them one list in the
order of _toc.yml, with links, and beside it lines from each chapter down to those that need it.
The rows of the list are equally high, so the lines need no coordinates but the rows' numbers.
"""

from pathlib import Path
from typing import NamedTuple

import yaml
from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective
from sphinx_external_toc.parsing import parse_toc_yaml

import reading_time
from words import say

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 100  # of the drawing, as its height is the number of rows


class Chapter(NamedTuple):
    """A page of book/ that says in its front matter which others it needs."""

    name: str
    prerequisites: list
    minutes: int


def front_matter(path):
    """The YAML between the first two lines `---` of a text, {} if it has none."""
    text = path.read_text("utf-8")
    return yaml.safe_load(text.split("\n---\n")[0]) if text.startswith("---\n") else {}


def chapters(root=ROOT):
    """The pages that name their prerequisites, in the order of the table of contents."""
    pages = [Path(name).stem for name in parse_toc_yaml(root / "_toc.yml")]
    about = {name: front_matter(root / "book" / f"{name}.md") for name in pages}
    return [
        Chapter(name, data["prerequisites"], reading_time.of_page(name, root))
        for name, data in about.items()
        if "prerequisites" in data
    ]


def needed(known, name):
    """All that comes before the chapter: its prerequisites, theirs, and so on."""
    direct = next(chapter.prerequisites for chapter in known if chapter.name == name)
    return set(direct).union(*(needed(known, other) for other in direct))


def lines(known):
    """Pairs of rows (upper, lower) to be joined: without what follows from other lines."""
    row = {chapter.name: i for i, chapter in enumerate(known)}
    return [
        (row[other], row[chapter.name])
        for chapter in known
        for other in chapter.prerequisites
        if not any(other in needed(known, third) for third in chapter.prerequisites)
    ]


def drawing(known):
    """An SVG of one dot a row and an arc for each line; the farther it reaches, the wider."""
    right, rows = WIDTH - 8, len(known)
    arcs = []
    for upper, lower in lines(known):
        reach = right - (right - 4) * min(1, 0.12 + 0.16 * (lower - upper))
        start, end = upper + 0.5, lower + 0.5
        arcs.append(
            f'<path d="M{right},{start}C{reach:.1f},{start} {reach:.1f},{end} {right},{end}"/>'
        )
    dots = [f'<path class="dot" d="M{right},{row + 0.5}h0"/>' for row in range(rows)]
    return (
        f'<svg aria-hidden="true" viewBox="0 0 {WIDTH} {rows}" preserveAspectRatio="none">'
        f"{''.join(arcs + dots)}</svg>"
    )


def link(name, page):
    """A link from one page to another, with the title of that as text."""
    return addnodes.pending_xref(
        "", nodes.inline(), refdomain="std", reftype="doc", reftarget=f"/book/{name}",
        refexplicit=False, refwarn=True, refdoc=page,
    )  # fmt: skip


class ChapterMap(SphinxDirective):
    """`chapter-map`, without arguments or content."""

    def run(self):
        """The drawing and the list, in a box of their own."""
        known = chapters(Path(self.env.srcdir))
        items = nodes.bullet_list()
        for chapter in known:
            self.env.note_dependency(f"book/{chapter.name}.md")
            minutes = say(self.env.app, "{minutes} minutes").format(minutes=chapter.minutes)
            about = nodes.inline("", minutes, classes=["about"])
            for i, other in enumerate(chapter.prerequisites):
                about += [nodes.Text(", " if i else "; after "), link(other, self.env.docname)]
            items += nodes.list_item(
                "", nodes.paragraph("", "", link(chapter.name, self.env.docname), about)
            )
        svg = nodes.raw("", drawing(known), format="html")
        return [nodes.container("", svg, items, classes=["chapter-map"])]


def setup(app):
    """Add the directive to Sphinx."""
    app.add_directive("chapter-map", ChapterMap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
