"""One line below the title of a lesson, "25 minutes · after Gradient flow"; a Sphinx extension.

It stands on each page whose front matter names its prerequisites, `prerequisites: [names]`. The
minutes are those of tools/reading_time.py.
"""

from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform

import reading_time
from chapter_map import front_matter, link
from words import say


class TellTime(SphinxTransform):
    """Add the line to a page."""

    default_priority = 170  # after the page is translated

    def apply(self, **kwargs):
        """Insert a paragraph of the class `reading-time` after the title."""
        path = Path(self.app.srcdir, f"{self.env.docname}.md")
        if self.app.builder.name == "gettext" or not path.exists():
            return
        prerequisites = front_matter(path).get("prerequisites")
        if prerequisites is None:
            return
        self.env.note_dependency(str(path))  # the page itself may be the notebook
        minutes = reading_time.minutes(path.read_text("utf-8"))
        text = say(self.app, "{minutes} minutes").format(minutes=minutes)
        line = nodes.paragraph("", text, classes=["reading-time"])
        between = f" · {say(self.app, 'after')} "
        for name in prerequisites:
            line += [nodes.Text(between), link(name, self.env.docname)]
            between = ", " if self.config.language == "en" else "、"
        title = next(self.document.findall(nodes.title))
        title.parent.insert(title.parent.index(title) + 1, line)


def setup(app):
    """Add the transform to Sphinx."""
    app.add_transform(TellTime)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
