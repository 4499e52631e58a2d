"""No line begins with the comma after a formula; a Sphinx extension.

A browser may break a line on either side of a formula. A word joiner (U+2060) between the formula
and what belongs to it, a mark or the end of a word ("$x$-axis"), forbids that.
"""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

JOINER = "\u2060"
AFTER = re.compile(r"[^\s\u3000-\u303f\u3400-\u9fff\uff00-\uffef]|[，。；：、？！）”’」]")
BEFORE = re.compile(r"[(\[“‘（「/-]\Z")


class JoinMarks(SphinxTransform):
    """Join each formula of a page with the marks beside it."""

    default_priority = 180  # after the page is translated

    def apply(self, **kwargs):
        """Put joiners into the texts beside formulas, except in those for the translator."""
        if self.app.builder.name == "gettext":
            return
        for formula in self.document.findall(nodes.math):
            place = formula.parent.index(formula)
            neighbours = formula.parent.children
            before = neighbours[place - 1] if place else None
            after = neighbours[place + 1] if place + 1 < len(neighbours) else None
            if isinstance(before, nodes.Text) and BEFORE.search(before):
                formula.parent.replace(before, nodes.Text(before + JOINER))
            if isinstance(after, nodes.Text) and AFTER.match(after):
                formula.parent.replace(after, nodes.Text(JOINER + after))


def setup(app):
    """Add the transform to Sphinx."""
    app.add_transform(JoinMarks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
