"""What a reader takes home from the site: converted notebooks; a Sphinx extension.

The button at the top of a page serves its notebook as `converter` makes it. References lead to
the site, if `html: baseurl` of _config.yml says where it is, and else to the notebook beside.
All of them, with odelib and what they need, are the archive of `archive`.
"""

from pathlib import Path

import nbformat
from pybtex.richtext import Text
from sphinx.errors import ExtensionError

from archive import write_archive
from converter import convert

BRANCH = "notebooks"  # a publication pushes the archive's files there


def setup(app):
    """Connect the parts to Sphinx's events."""
    app.connect("config-inited", launch_converted_notebooks)
    app.connect("build-finished", write_downloads, priority=800)  # before the Chinese edition
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def launch_converted_notebooks(app, config):
    """Colab and Binder open the notebooks of a branch that holds what the archive holds."""
    config.html_theme_options["repository_branch"] = BRANCH


def write_downloads(app, exception):
    """Replace the notebooks that the pages offer by converted ones."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    for path in sorted(out.glob("_sources/book/*.ipynb")):
        if app.config.language != "en":  # the notebooks of both editions are the English ones
            path.write_bytes((out.parent / path.relative_to(out)).read_bytes())
            continue
        notebook = nbformat.read(Path(app.srcdir) / "book" / path.name, as_version=4)
        try:
            new = convert(notebook, labels(app, path.stem), works(app))
        except ValueError as error:
            raise ExtensionError(f"book/{path.stem}.md: {error}") from error
        nbformat.validate(new)
        path.write_text(nbformat.writes(new) + "\n", "utf-8", newline="\n")
    if app.config.language == "en":
        write_archive(Path(app.srcdir), out)


def labels(app, page):
    """Label -> the text and the address of what it names, as seen from a page's notebook."""
    env = app.env
    found = {}

    def add(label, text, place, anchor):
        found[label] = {"text": text, "url": address(app, f"book/{page}", place, anchor)}

    for label, (place, anchor) in env.domaindata["std"]["anonlabels"].items():
        add(label, "", place, anchor)  # a place without a title: its references bring their text
    for label, (place, anchor, title) in env.domaindata["std"]["labels"].items():
        if place.startswith("book/"):
            add(label, str(title), place, anchor)
    for label, (place, _) in env.domaindata["math"]["objects"].items():
        anchor = f"equation-{label}".replace(":", "-")
        add(label, f"({number(env, place, 'displaymath', anchor)})", place, anchor)
    for label, theorem in getattr(env, "proof_list", {}).items():
        kind, place = theorem["countertype"], theorem["docname"]
        text = theorem["realtype"].capitalize()
        if not theorem["nonumber"]:
            text = f"{text} {number(env, place, kind, label)}"
        add(label, text, place, label)
    for label, exercise in getattr(env, "sphinx_exercise_registry", {}).items():
        if exercise["type"] == "exercise":
            place = exercise["docname"]
            add(label, f"Exercise {number(env, place, 'exercise', label)}", place, label)
    for place, kinds in env.toc_fignumbers.items():
        for anchor in kinds.get("figure", {}):
            add(anchor, f"Figure {number(env, place, 'figure', anchor)}", place, anchor)
    return found


def number(env, page, kind, anchor):
    """The number of a theorem, an equation, …, such as 3.2."""
    return ".".join(map(str, env.toc_fignumbers[page][kind][anchor]))


def address(app, here, page, anchor):
    """Where a reference leads: '' if to its own notebook, or to nothing that is at hand."""
    if page == here:
        return ""
    if app.config.html_baseurl:
        return f"{app.config.html_baseurl.rstrip('/')}/{page}.html#{anchor}"
    name = page.removeprefix("book/")
    return f"{name}.ipynb" if (Path(app.srcdir) / f"book/{name}.ipynb").exists() else ""


def works(app):
    """Key of a cited work -> its authors, its year and its address."""
    found = {}
    for citation in app.env.domaindata["cite"]["citations"]:
        entry = citation.entry
        names = [
            str(Text.from_latex(" ".join(p.prelast_names + p.last_names)))
            for p in entry.persons.get("author", entry.persons.get("editor", []))
        ]
        authors = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        doi = entry.fields.get("doi")
        url = f"https://doi.org/{doi}" if doi else entry.fields.get("url", "")
        found[citation.key] = {"authors": authors, "year": entry.fields["year"], "url": url}
    return found
