"""The catalogues of the Chinese edition: book/locales/zh_CN/LC_MESSAGES/book/NAME.po.

    python tools/translations.py                update the catalogues from the pages
    python tools/translations.py update euler   and begin the translation of a chapter
    python tools/translations.py check          say what is missing or differs
    python tools/translations.py build FOLDER   write the Chinese edition

A message is a paragraph, a title or a formula in English; its translation is an entry of the
catalogue. When the English text changes, its entry becomes `fuzzy`: it keeps the old translation,
beside the old text, until someone has looked at it and removed the word. A formula without words
translates itself.
"""

import argparse
import difflib
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]
LANGUAGE = "zh_CN"
CATALOGUES = ROOT / "book" / "locales" / LANGUAGE / "LC_MESSAGES"
HEADER = {"Language": LANGUAGE, "Content-Type": "text/plain; charset=UTF-8"}
# Two messages are the old and the new form of one when this share of their text agrees.
ALIKE = 0.7


def sphinx(builder, out, **options):
    """Build with the book's own settings; returns 0 if there was no error and no warning."""
    from jupyter_book.sphinx import build_sphinx

    settings = {"external_toc_path": "_toc.yml", "latex_individualpages": False, "nitpicky": True}
    return build_sphinx(
        ROOT,
        Path(out),
        noconfig=True,
        path_config=ROOT / "_config.yml",
        confoverrides=settings | options.pop("settings", {}),
        builder=builder,
        freshenv=True,
        warningiserror=True,
        keep_going=True,
        quiet=True,
        **options,
    )


def extract(folder):
    """Write the messages of all pages, and of the site, into a folder."""
    if sphinx("gettext", folder, doctreedir=Path(folder) / ".doctrees"):
        sys.exit("the messages could not be extracted; see above")


def read_templates(folder):
    """What `extract` has written: name of the catalogue -> POFile."""
    paths = [Path(folder, "site.pot"), *sorted(Path(folder, "book").glob("*.pot"))]
    templates = {}
    for path in paths:
        template = polib.pofile(str(path))
        # A chapter of several lessons has a table of contents, whose caption is empty.
        template[:] = [entry for entry in template if entry.msgid]
        templates[path.relative_to(folder).with_suffix("").as_posix()] = template
    return templates


def build(folder):
    """Write the translated pages into a folder of the English site; returns 0 if all is well."""
    pages = [path.stem for path in sorted((CATALOGUES / "book").glob("*.po"))]
    sources = [
        next(str(path) for end in ("ipynb", "md") if (path := ROOT / f"book/{page}.{end}").exists())
        for page in pages
    ]
    doctrees = Path(folder).parents[1] / ".doctrees-zh"
    return sphinx(
        "html", folder, filenames=sources, doctreedir=doctrees, settings={"language": LANGUAGE}
    )


# --- A catalogue against its template ------------------------------------------------


def updated(template, catalogue):
    """A catalogue of exactly the template's messages, in its order, with what is known of them."""
    known = {entry.msgid: entry for entry in catalogue}
    gone = sorted(known.keys() - {entry.msgid for entry in template})
    result = polib.POFile()
    result.metadata = HEADER
    for entry in template:
        old = known.get(entry.msgid)
        if old is None and is_formula(entry.msgid) and not words_of_formula(entry.msgid):
            old = polib.POEntry(msgid=entry.msgid, msgstr=entry.msgid)
        elif old is None:
            close = difflib.get_close_matches(entry.msgid, gone, n=1, cutoff=ALIKE)
            before = known[close[0]] if close else polib.POEntry()
            old = polib.POEntry(msgid=entry.msgid, msgstr=before.msgstr)
            if before.msgstr:
                old.flags, old.previous_msgid = ["fuzzy"], before.msgid
        result.append(old)
    return result


def problems(template, catalogue):
    """What is missing, outdated or different in a catalogue, as sentences."""
    wanted = [entry.msgid for entry in template]
    known = {entry.msgid: entry for entry in catalogue}
    found = [f"is not in the book any more: {text!r}" for text in known if text not in wanted]
    for text in wanted:
        entry = known.get(text)
        if entry is None or not entry.msgstr:
            found.append(f"has no translation: {text!r}")
        elif entry.fuzzy:
            found.append(f"is fuzzy, look at it again: {text!r}")
        else:
            found += [f"{what}, in {text!r}" for what in differences(text, entry.msgstr)]
    return found


def differences(text, translation):
    """Formulas, roles, links, code and numbers that a text and its translation do not share."""
    ours, theirs = parts(text), parts(translation)
    for kind in ours:
        missing, new = ours[kind] - theirs[kind], theirs[kind] - ours[kind]
        if missing or new:
            yield f"{kind}: missing {sorted(missing)}, new {sorted(new)}"


def parts(text):
    """What a translation must keep: kind -> Counter of strings."""
    found = {}
    if is_formula(text):
        return {"formula": Counter([without_words(text)])}
    # Order matters: each kind is cut out before the next is looked for.
    for kind, pattern in (
        ("role", r"\{[\w:]+\}`[^`]*`"),
        ("code", r"`[^`]+`"),
        ("formula", r"\$[^$]+\$"),
        ("link", r"\]\([^)]*\)|https?://[^\s)]+"),
        ("field", r"\{\w+\}|</?\w+>"),
        ("number", r"\d+(?:\.\d+)?"),
    ):
        pieces = re.findall(pattern, text)
        if kind == "role":  # {ref}`words <target>`: the words may differ
            pieces = [re.sub(r"`[^`<]*<([^>]*)>`", r"`\1`", piece) for piece in pieces]
        elif kind == "formula":
            pieces = [without_words(piece) for piece in pieces]
        found[kind] = Counter(pieces)
        text = re.sub(pattern, " ", text)
    return found


def is_formula(text):
    r"""Whether a message is a displayed formula: it has commands such as \frac but no $."""
    return "\\" in text and "$" not in text


def words_of_formula(formula):
    r"""What a formula says in words, in \text{…}."""
    return [words for words in re.findall(r"\\text\{([^}]*)\}", formula) if words.strip()]


def without_words(formula):
    r"""A formula without its words, and without spaces."""
    return re.sub(r"\s", "", re.sub(r"\\text\{[^}]*\}", r"\\text{}", formula))


# --- The commands ---------------------------------------------------------------------


def load(name):
    """A catalogue, empty if there is none."""
    path = CATALOGUES / f"{name}.po"
    return polib.pofile(str(path), wrapwidth=0) if path.exists() else polib.POFile(wrapwidth=0)


def save(name, catalogue):
    """Write a catalogue."""
    path = CATALOGUES / f"{name}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(catalogue), "utf-8", newline="\n")


def as_text(catalogue):
    """A catalogue as it stands in its file."""
    catalogue.wrapwidth = 0
    return f"{catalogue}".rstrip() + "\n"


def catalogue_names():
    """Names of the catalogues that there are."""
    return sorted(
        path.relative_to(CATALOGUES).with_suffix("").as_posix()
        for path in CATALOGUES.rglob("*.po")
        if path.stem != "sphinx"  # the theme's own words, which no page of ours contains
    )


def main(arguments=None):
    """Do what the command says; return the number of problems found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "command", nargs="?", default="update", choices=["update", "check", "build"]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="chapters to begin, or the folder")
    options = parser.parse_args(arguments)
    if options.command == "build":
        return int(bool(build(Path(options.names[0]).resolve())))
    for name in options.names:
        if not (ROOT / "book" / f"{name}.md").exists():
            parser.error(f"there is no page book/{name}.md")
        save(f"book/{name}", load(f"book/{name}"))  # with a catalogue the page is in the edition
    with tempfile.TemporaryDirectory() as folder:
        extract(folder)
        templates = read_templates(folder)
    count = 0
    for name in catalogue_names():
        if options.command == "update":
            save(name, updated(templates[name], load(name)))
        for problem in problems(templates[name], load(name)):
            count += 1
            print(f"{name}.po: {problem}")
    print(f"{count} messages to look at" if count else "The catalogues are complete.")
    return count if options.command == "check" else 0


if __name__ == "__main__":
    sys.exit(min(main(), 1))
