"""Every notebook is what its text says, was executed in order, and keeps the house style.

nbval compares the outputs with a fresh execution. It passes over cells that were never
executed, and believes a `raises-exception` tag whether or not anything is raised; the tests
here close these two doors, and check what nbval does not look at.
"""

import os
import re
import subprocess
import sys

import nbformat
import pytest
from sphinx_external_toc.parsing import parse_toc_yaml

import notebooks
from conftest import IN_CI, ROOT

LONGEST_CELL = 15  # lines
LONGEST_LINE = 88  # characters: what fits into a cell's box on a 1280-pixel page
FORBIDDEN_IN_CODE = {
    "import *": r"^\s*from\s+\S+\s+import\s+\*",
    "sys.path": r"\bsys\.path\b",
    "a shell command": r"^\s*[!%](?!matplotlib\b)",
    "the network": r"\b(urllib|requests|http\.client|fetch_\w+)\b",
}
VARIES_BY_MACHINE = {
    "an absolute path": r"(?<![\w.:/])/(home|root|tmp|usr|Users|work|mnt|var)/|\b[A-Z]:\\\\?\w",
    "a memory address": r"\bat 0x[0-9a-fA-F]{6,}|\b0x[0-9a-fA-F]{9,}",
}


def load(name):
    """The notebook of a chapter."""
    return nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4)


def code_cells(name):
    """Code cells of a chapter, in order."""
    return [cell for cell in load(name).cells if cell.cell_type == "code"]


def tags(cell):
    """Tags of a cell."""
    return cell.metadata.get("tags", [])


def text_outputs(cell):
    """All that the cell shows as text or HTML, as strings."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            yield "\n".join(output.traceback)
        else:
            yield from (text for kind, text in output.data.items() if kind.startswith("text/"))


NOTEBOOKS = sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("name", NOTEBOOKS)


def test_notebooks_are_those_of_the_texts_with_code():
    assert notebooks.chapters() == NOTEBOOKS, "run `make notebooks`"


def test_table_of_contents_names_every_page_once():
    pages = {f"book/{path.stem}" for path in (ROOT / "book").glob("*.md")}
    assert set(parse_toc_yaml(ROOT / "_toc.yml")) == pages


@each_notebook
def test_every_cell_was_executed_in_order(name):
    counts = [cell.execution_count for cell in code_cells(name)]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_only_cells_that_promise_an_exception_raise_one(name):
    for cell in code_cells(name):
        raised = any(output.output_type == "error" for output in cell.outputs)
        assert raised == ("raises-exception" in tags(cell)), cell.source


@each_notebook
def test_no_cell_warns(name):
    for cell in code_cells(name):
        streams = [output for output in cell.outputs if output.output_type == "stream"]
        assert all(stream.name == "stdout" for stream in streams), cell.source


@each_notebook
def test_text_and_notebook_agree_cell_by_cell(name):
    text = notebooks.read_twin(name, notebooks.published_repository())
    notebook = load(name)

    def content(cells):
        return [(c.cell_type, c.source, tags(c), c.metadata.get("mystnb"), c.id) for c in cells]

    assert content(notebook.cells) == content(text.cells), "run `make notebooks`"


@each_notebook
def test_asserts_what_it_claims(name):
    asserting = re.compile(r"^\s*assert\b|\bassert_\w+\(", re.MULTILINE)
    assert any(asserting.search(cell.source) for cell in code_cells(name))


@each_notebook
def test_cells_are_short(name):
    for cell in code_cells(name):
        if "hide-input" not in tags(cell):
            assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.source


@each_notebook
def test_no_line_of_code_or_of_its_output_scrolls(name):
    for cell in code_cells(name):
        shown = [output.text for output in cell.outputs if output.output_type == "stream"]
        if "setup" not in tags(cell):  # never on the site
            shown.append(cell.source)
        for line in "\n".join(shown).splitlines():
            assert len(line) <= LONGEST_LINE, line


@each_notebook
def test_prose_stands_between_two_cells(name):
    cells = load(name).cells
    for cell, following in zip(cells, cells[1:], strict=False):
        both_code = cell.cell_type == following.cell_type == "code"
        drawn = "hide-input" in tags(following)  # the figure of the cell before it
        assert not both_code or drawn or "setup" in tags(cell), following.source


@each_notebook
def test_every_image_has_a_text(name):
    for cell in code_cells(name):
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        if any(kind.startswith("image/") for kind in kinds):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt.split()) >= 4, cell.source


@each_notebook
def test_code_runs_anywhere(name):
    for cell in code_cells(name):
        if "setup" in tags(cell):  # only a published book has this cell, for Colab
            continue
        for what, pattern in (FORBIDDEN_IN_CODE | VARIES_BY_MACHINE).items():
            assert not re.search(pattern, cell.source, re.MULTILINE), f"{what}:\n{cell.source}"


@each_notebook
def test_outputs_are_the_same_anywhere(name):
    for cell in code_cells(name):
        for text in text_outputs(cell):
            for what, pattern in VARIES_BY_MACHINE.items():
                assert not re.search(pattern, text), f"{what}:\n{text}"


@pytest.mark.install
@pytest.mark.skipif(not IN_CI, reason="installs packages; runs in CI, or here with CI=true")
def test_first_cells_run_in_an_empty_environment(tmp_path):
    """`pip install .[notebooks]`, as the launch buttons do it, brings what notebooks import."""
    python = tmp_path / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    uv = [sys.executable, "-m", "uv"]
    with_uv = subprocess.run([*uv, "--version"], capture_output=True).returncode == 0
    make = [*uv, "venv", "--python", sys.executable] if with_uv else [sys.executable, "-m", "venv"]
    subprocess.run([*make, str(python.parents[1])], check=True)
    install = [*uv, "pip", "install", "--python", str(python)]
    if not with_uv:
        install = [str(python), "-m", "pip", "install"]
    subprocess.run([*install, f"{ROOT}[notebooks]"], check=True)

    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    for name in NOTEBOOKS:
        first = next(cell for cell in code_cells(name) if "setup" not in tags(cell))
        command = [str(python), "-c", first.source]
        run = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True)
        assert run.returncode == 0, f"{name}:\n{run.stderr}"
