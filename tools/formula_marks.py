"""No line begins with the comma after a formula; a Sphinx extension.

A browser may break a line on either side of a formula, whatever stands there. What belongs to it,
a bracket, a mark or the end of a word ("$x$-axis"), is put with it into one element that is not
broken. A formula nearly as long as a line of a phone is left alone.
"""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

LONGEST = 30  # characters
CHINESE = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
AFTER = re.compile(rf"(?:[^\s—–{CHINESE}]|[，。；：、？！）”’」]){{1,12}}")
BEFORE = re.compile(r"[(\[“‘（「]+\Z")


class JoinMarks(SphinxTransform):
    """Join each formula of a page with the marks beside it."""

    default_priority = 180  # after the page is translated

    def apply(self, **kwargs):
        """Treat one page, except for the translator."""
        if self.app.builder.name != "gettext":
            for formula in list(self.document.findall(nodes.math)):
                if shown_length(formula.astext()) <= LONGEST:
                    join(formula)


def shown_length(tex):
    """About how many characters a formula shows."""
    return len(re.sub(r"\\[A-Za-z]+", "x", re.sub(r"[{}^_$\s]", "", tex)))


def join(formula):
    """Put a formula and the marks beside it into an element of their own."""
    parent = formula.parent
    place = parent.index(formula)
    before = parent[place - 1] if place else None
    after = parent[place + 1] if place + 1 < len(parent) else None
    opening = BEFORE.search(before) if isinstance(before, nodes.Text) else None
    closing = AFTER.match(after) if isinstance(after, nodes.Text) else None
    if not opening and not closing:
        return
    whole = nodes.inline("", "", classes=["formula-and-mark"])
    parent.replace(formula, whole)
    if opening:
        parent.replace(before, nodes.Text(before[: opening.start()]))
        whole += nodes.Text(opening[0])
    whole += formula
    if closing:
        parent.replace(after, nodes.Text(after[closing.end() :]))
        whole += nodes.Text(closing[0])


def setup(app):
    """Add the transform to Sphinx."""
    app.add_transform(JoinMarks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
