"""Cells of code as a page shows them; a Sphinx extension.

A cell tagged `checks`, hidden, is one line "Checks ✓" that unfolds; a fold says by its words what
it holds; remarks for the formatter (`# fmt: skip`) stay in the notebook.
"""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

from words import say

FOR_THE_FORMATTER = re.compile(r"(?m)^[ \t]*# fmt: (?:on|off)[ \t]*\n|[ \t]*# fmt: \w+[ \t]*$")


class PrepareCells(SphinxTransform):
    """Treat the cells of one page."""

    default_priority = 160

    def apply(self, **kwargs):
        """Name the folds of the checks; take the formatter's remarks out of the code."""
        line = f"{say(self.app, 'Checks')} ✓"
        for cell in self.document.findall(nodes.container):
            if "tag_checks" in cell["classes"]:
                cell["prompt_show"] = cell["prompt_hide"] = line
        for block in self.document.findall(nodes.literal_block):
            text = FOR_THE_FORMATTER.sub("", block.astext())
            if text != block.astext():
                block[:] = [nodes.Text(text)]
                block.rawsource = text  # otherwise Sphinx takes it for one that is highlighted


def name_folds(app, page, template, context, document):
    """A fold is announced by the words that are seen, "Show the code"."""
    body = context.get("body") or ""
    context["body"] = body.replace(' aria-label="Toggle hidden content">', ">")


def setup(app):
    """Connect both to Sphinx."""
    app.add_transform(PrepareCells)
    app.connect("html-page-context", name_folds)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
