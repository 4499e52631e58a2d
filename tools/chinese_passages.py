"""Chinese words on English pages say that they are Chinese (WCAG 3.1.2); a Sphinx extension.

A screen reader then changes its voice, and a browser its font. The summary in Chinese is folded,
and left out where the page has a Chinese edition.
"""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

from editions import SUMMARY, is_chinese, translated_pages

CHINESE = re.compile("([\u3400-\u9fff][\u3000-\u303f\u3400-\u9fff\uff00-\uffef·]*)")
MARKED = ["language-zh"]  # docutils makes lang="zh" of this class


class FoldSummary(SphinxTransform):
    """Fold the summary in Chinese, or leave it out."""

    default_priority = 5

    def apply(self, **kwargs):
        """Treat one page; in the Chinese edition tools/editions.py does it."""
        if is_chinese(self.config):
            return
        for box in list(self.document.findall(nodes.admonition)):
            if box.children and box[0].astext() == SUMMARY:
                if self.env.docname in translated_pages(self.app.srcdir):
                    box.parent.remove(box)
                else:
                    box["classes"] = sorted({*box["classes"], "summary", "dropdown", *MARKED})


def mark(app, document, page):
    """Put each run of Chinese into an element of its own."""
    if is_chinese(app.config) or app.builder.format != "html":
        return
    for text in list(document.findall(nodes.Text)):
        parent = text.parent
        literal = isinstance(parent, (nodes.literal, nodes.literal_block, nodes.raw))
        if literal or within_marked(parent) or not CHINESE.search(text):
            continue
        pieces = [
            nodes.inline("", piece, classes=MARKED) if CHINESE.match(piece) else nodes.Text(piece)
            for piece in CHINESE.split(text.astext())
            if piece
        ]
        parent.replace(text, pieces)


def within_marked(node):
    """Whether the node, or one around it, is marked as Chinese already."""
    while node is not None:
        if "language-zh" in getattr(node, "attributes", {}).get("classes", ()):
            return True
        node = node.parent
    return False


def setup(app):
    """Connect both to Sphinx."""
    app.add_transform(FoldSummary)
    app.connect("doctree-resolved", mark)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
