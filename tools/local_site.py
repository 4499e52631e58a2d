"""What this book's site needs beyond Jupyter Book's own settings; a Sphinx extension.

The site makes no request to another host: thebe, which is loaded from elsewhere, is left out.
Colab and Binder buttons appear when _config.yml names a published repository. A build that lacks
a page of the table of contents, or has one too many, fails.
"""

import re
from pathlib import Path, PurePosixPath

from sphinx.errors import ExtensionError

from editions import translated_pages

# What other extensions write, and what a browser or a screen reader can use: (pattern, repl).
REPAIRS = (
    # A folded proof needs a title to click on; without one every fold of the page stays shut.
    (
        r'(<div class="[^"]*\bproof\b[^"]*\bdropdown\b[^"]*"[^>]*>\s*)<p>(Proof|证明)[.。] ?',
        r'\1<p class="admonition-title">\2</p>\n<p>',
    ),
    # All proofs of a page have the same id, by which the fold finds its box: it folds the first.
    (r'(<div class="[^"]*\bproof\b[^"]*\bdropdown\b[^"]*") id="proof"', r"\1"),
    # A role that ARIA has withdrawn, and the list that it is no item of.
    (r'<div role="list" class="citation-list">', r'<div class="citation-list">'),
    (r' role="doc-biblioentry"', ""),
    # An empty corner of a table is no header.
    (r'<th class="(head[^"]*)">(<p></p>)?</th>', r'<td class="\1"></td>'),
)
# A chapter's line in the contents, with the button that unfolds its lessons.
CHAPTER = re.compile(
    r'(<a class="[^"]*reference internal"[^>]*>)(.*?)(</a><details[^>]*><summary)>'
)


def setup(app):
    """Connect the parts to Sphinx's events."""
    # Before sphinx_external_toc (priority 500) looks for the pages of the table of contents.
    app.connect("config-inited", exclude_texts_of_notebooks, priority=400)
    app.connect("config-inited", hide_launch_buttons_of_unpublished_book)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", keep_bars_and_stars)
    app.connect("html-page-context", repair_html)
    app.connect("build-finished", check_pages)
    app.connect("build-finished", name_chapters_folds, priority=600)  # before the Chinese edition
    leave_out_thebe(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def exclude_texts_of_notebooks(app, config):
    """Where a page has both NAME.ipynb and its text NAME.md, the site shows the notebook."""
    root = Path(app.srcdir)
    texts = [notebook.with_suffix(".md") for notebook in root.glob("book/*.ipynb")]
    excluded = [text.relative_to(root).as_posix() for text in texts]
    config.exclude_patterns = [*config.exclude_patterns, *excluded]


def hide_launch_buttons_of_unpublished_book(app, config):
    """Colab and Binder fetch a notebook from its repository: no repository, no buttons."""
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options["launch_buttons"] = {}


def leave_out_thebe(app):
    """Undo what sphinx_thebe has connected and added; Jupyter Book loads it in any case."""
    for event, listeners in app.events.listeners.items():
        app.events.listeners[event] = [
            listener for listener in listeners if listener.handler.__module__ != "sphinx_thebe"
        ]
    app.registry.css_files = [css for css in app.registry.css_files if "thebe" not in css[0]]


def keep_bars_and_stars(app, what, name, obj, options, lines):
    """In a docstring |R| is a size and *args are arguments; reStructuredText has other ideas."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = line.split("``")  # what stands between double backticks stays as it is
            parts[::2] = [re.sub(r"\||(?<!\*)\*(?=args)", r"\\\g<0>", part) for part in parts[::2]]
            lines[i] = "``".join(parts)


def repair_html(app, pagename, templatename, context, doctree):
    """Apply REPAIRS to the page."""
    for pattern, replacement in REPAIRS:
        context["body"] = re.sub(pattern, replacement, context.get("body") or "")


def name_chapters_folds(app, exception):
    """The button of a chapter in the contents is called as the chapter."""
    if exception is not None or app.builder.name != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        path.write_text(CHAPTER.sub(named_fold, path.read_text("utf-8")), "utf-8")


def named_fold(match):
    """A chapter's line, with the name of its button."""
    title = re.sub(r"<[^>]*>", "", match[2])
    return f'{match[0][:-1]} aria-label="{title}">'


def check_pages(app, exception):
    """The pages built are exactly those of the table of contents."""
    if exception is not None or app.builder.format != "html":
        return
    wanted = {str(PurePosixPath(name).with_suffix("")) for name in app.config.external_site_map}
    if app.config.language != "en":
        wanted &= translated_pages(app.srcdir)
    built = {
        path.relative_to(app.outdir).with_suffix("").as_posix()
        for path in Path(app.outdir, "book").rglob("*.html")
    }
    if built != wanted:
        raise ExtensionError(
            "the pages built are not those of _toc.yml: "
            f"missing {sorted(wanted - built)}, unexpected {sorted(built - wanted)}"
        )
