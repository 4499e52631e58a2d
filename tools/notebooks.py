"""Write the executed notebook of a chapter from its text: book/NAME.md -> book/NAME.ipynb.

    python tools/notebooks.py            the chapters whose text changed
    python tools/notebooks.py euler      this chapter, in any case
    python tools/notebooks.py --all      every chapter

One edits the text; the notebook is what readers open and what the site shows. The same text
gives the same notebook to the last byte: cell ids come from the cells' content, and nothing
that varies from run to run (times, temporary paths, versions) is stored. A chapter whose
cell fails keeps its old notebook. Whether its outputs are still those of odelib is for the tests
to say, which execute it again.
"""

import argparse
import hashlib
import os
import re
import sys
from pathlib import Path

import jupytext
import nbformat
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
CELL_TIMEOUT = 900  # seconds: a cell that hangs ends, a busy machine is waited for
FINGERPRINT = "made_from"  # the notebook's metadata key that says what it was made from
SETUP_TAGS = ["remove-cell", "setup"]  # the cell that installs odelib in Colab; not on the site


def chapters():
    """Names of the pages of book/ that hold code cells: those that have a notebook."""
    code_cell = re.compile(r"^`{3,}\{code-cell\}", re.MULTILINE)
    pages = sorted(BOOK.glob("*.md"))
    return [page.stem for page in pages if code_cell.search(page.read_text("utf-8"))]


def published_repository():
    """`repository: url` of _config.yml: where the book is published, '' if it is not."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    return (config.get("repository") or {}).get("url") or ""


def setup_source(repository):
    """Source of the cell that gives a notebook odelib where it is not installed (Colab)."""
    return (
        "try:\n"
        "    import odelib\n"
        "except ModuleNotFoundError:\n"
        f'    %pip install --quiet "odelib[notebooks] @ git+{repository}"'
    )


def read_twin(name, repository=""):
    """The chapter's text as a notebook without outputs."""
    notebook = jupytext.read(BOOK / f"{name}.md", fmt="md:myst")
    if repository:
        setup = nbformat.v4.new_code_cell(setup_source(repository), metadata={"tags": SETUP_TAGS})
        notebook.cells.insert(0, setup)
    seen = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type} {cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return notebook


def fingerprint(name, repository=""):
    """Hash of what the chapter's notebook is written from: its text and the repository."""
    text = (BOOK / f"{name}.md").read_text("utf-8")  # as text: the same hash on Windows
    return hashlib.sha256(f"{repository}\n{text}".encode()).hexdigest()[:16]


def is_fresh(name, repository=""):
    """Whether the chapter's notebook was written from its text as it is now."""
    path = BOOK / f"{name}.ipynb"
    if not path.exists():
        return False
    made_from = nbformat.read(path, as_version=4).metadata.get(FINGERPRINT)
    return made_from == fingerprint(name, repository)


def execute(notebook):
    """Run all cells, in book/, as a reader would; CellExecutionError if one fails."""
    NotebookClient(
        notebook,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        timeout=CELL_TIMEOUT,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(BOOK)}},
    ).execute()


def clean(notebook):
    """Remove what varies from run to run, and what only jupytext needs."""
    notebook.metadata.pop("jupytext", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # a traceback names temporary files
                output.traceback = [f"{output.ename}: {output.evalue}"]


def write(name, repository=""):
    """Execute the chapter and replace its notebook."""
    notebook = read_twin(name, repository)
    made_from = fingerprint(name, repository)  # before: a text edited meanwhile is not fresh
    execute(notebook)
    clean(notebook)
    notebook.metadata[FINGERPRINT] = made_from
    nbformat.validate(notebook)
    draft = BOOK / f".{name}.ipynb.new"
    draft.write_text(nbformat.writes(notebook) + "\n", "utf-8", newline="\n")
    os.replace(draft, BOOK / f"{name}.ipynb")


def main(arguments=None):
    """Write the notebooks that were asked for; return the number of chapters that failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="chapters, by default the stale")
    parser.add_argument("--all", action="store_true", help="every chapter, stale or not")
    options = parser.parse_args(arguments)

    known, repository = chapters(), published_repository()
    names = [Path(name).stem for name in options.names]
    for name in names:
        if name not in known:
            parser.error(f"no chapter {name!r} with code cells; there are {', '.join(known)}")
    if not names:
        names = known if options.all else [n for n in known if not is_fresh(n, repository)]
        if not names:
            print("Every notebook is up to date.")

    failed = 0
    for name in names:
        print(f"book/{name}.ipynb …", end=" ", flush=True)
        try:
            write(name, repository)
        except (CellExecutionError, TimeoutError) as error:
            failed += 1
            message = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
            print(f"FAILED; the old notebook stays.\n\n{message}")
        else:
            print("written")
    return failed


if __name__ == "__main__":
    sys.exit(main())
