"""The list of references: by author and year, as the text cites them; a Sphinx extension."""

import unicodedata
from collections import Counter

from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style as UnsrtStyle
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting import BaseSortingStyle

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class AuthorYear(BaseLabelStyle):
    """Labels such as “Hairer et al., 1993”, with a letter where two would be the same."""

    def format_labels(self, sorted_entries):
        """The label of each entry."""
        labels = [label(entry) for entry in sorted_entries]
        total, seen = Counter(labels), Counter()
        for text in labels:
            yield text + (LETTERS[seen[text]] if total[text] > 1 else "")
            seen[text] += 1


def label(entry):
    """Names and year of an entry; without an author its editors, or its title."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [
        " ".join(map(str, person.rich_prelast_names + person.rich_last_names)) for person in people
    ]
    if not names:
        who = entry.fields.get("title", entry.key)
    elif len(names) > 2 or names[-1] == "others":
        who = f"{names[0]} et al."
    else:
        who = " and ".join(names)
    return f"{who}, {entry.fields.get('year', 'no year')}"


def plain(text):
    """A text in small letters without accents: Łojasiewicz stands under L."""
    text = text.lower().translate(str.maketrans("łø", "lo"))
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


class ByLabel(BaseSortingStyle):
    """In alphabetical order of the labels, accents apart."""

    def sorting_key(self, entry):
        """What to sort by."""
        return plain(label(entry))


class AlphabeticalStyle(UnsrtStyle):
    """pybtex's plain style with this order and these labels."""

    default_sorting_style = ByLabel
    default_label_style = AuthorYear


def setup(app):
    """Give pybtex the style `alphabetical`."""
    register_plugin("pybtex.style.formatting", "alphabetical", AlphabeticalStyle)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
