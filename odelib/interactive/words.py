"""The words of a figure: one dictionary, so that an edition in another language can replace it.

A text is HTML and may hold {field}: the field's value stands there, and follows the slider. An
element with words carries the key of its text as data-text, one with a label as data-label;
figure.js fills both from the dictionary in the figure's data-texts.
"""

import re
from html import escape
from typing import NamedTuple

FIELD = re.compile(r"\{(\w+)\}")

# What every figure says.
COMMON = {
    "try": "Try",
    "as table": "As a table",
    "noscript": "The slider needs JavaScript; the table does not.",
}


class Words(NamedTuple):
    """All texts of a figure, and its fields at the first value of the slider."""

    texts: dict
    fields: dict

    def element(self, tag, key, attributes=""):
        """An HTML or SVG element that shows a text."""
        words = FIELD.sub(lambda field: self.field(field[1]), self.texts[key])
        if tag == "text":  # SVG has no <sub>
            words = re.sub("<sub>(.*?)</sub>", r'<tspan dy="3" font-size="10">\1</tspan>', words)
        return f'<{tag} data-text="{key}" {attributes}>{words}</{tag}>'

    def label(self, key):
        """Attributes that give an element a text as its label, for a screen reader."""
        return f'aria-label="{escape(self.plain(key))}" data-label="{key}"'

    def field(self, name):
        """The element that shows a field."""
        return f'<span data-field="{name}">{escape(self.fields[name])}</span>'

    def plain(self, key):
        """A text with its fields filled in; where there is no such text, the key itself."""
        return FIELD.sub(lambda field: self.fields[field[1]], self.texts.get(key, key))

    def either(self, tag, key, attributes=""):
        """The text of that key, or, where there is none, the key: a number, a name."""
        if key in self.texts:
            return self.element(tag, key, attributes)
        return f"<{tag} {attributes}>{escape(key)}</{tag}>"


def all_texts(english, texts):
    """COMMON and a figure's English texts, with those of `texts` in their place."""
    known = COMMON | english
    for key in texts or {}:
        if key not in known:
            raise ValueError(f"texts must have keys among {', '.join(known)}; got {key!r}")
    return known | (texts or {})
