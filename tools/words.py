"""The words that the site itself writes on its pages, in the language of the edition.

Their translations are in the catalogue site.po, for which tools/editions.py collects them.
"""

import functools
from pathlib import Path

import polib

WORDS = (
    "Predict",
    "Your guess",
    "Check",
    "Show the answer",
    "Your guess is right.",
    "Your guess is not right.",
    "Checks",
    "{minutes} minutes",
    "after",
)


def say(app, text):
    """A text of WORDS in the language of the edition that is being built."""
    return translations(app.srcdir, app.config.language).get(text, text)


@functools.cache
def translations(root, language):
    """Each text of the catalogue site.po that is translated, with its translation."""
    path = Path(root, "book", "locales", language, "LC_MESSAGES", "site.po")
    entries = polib.pofile(str(path)) if path.exists() else []
    return {entry.msgid: entry.msgstr for entry in entries if entry.translated()}
