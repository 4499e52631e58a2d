"""From a text to a page: the tools work on a small book, and refuse a broken one."""

import re

import pytest

from small_book import build, run, set_repository, small_book

pytestmark = pytest.mark.slow

CHAPTER = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3, language: python}
---

# A chapter

```{code-cell} ipython3
six = 6
print(7 * six)
```

It fails on purpose:

```{code-cell} ipython3
:tags: [raises-exception]
1 / 0
```
"""
PUBLISHED = "https://github.com/owner/name"


@pytest.fixture
def book(tmp_path):
    """A book of a plain page and a chapter."""
    root = tmp_path / "a book"
    small_book(root, "chapter")
    (root / "book" / "chapter.md").write_text(CHAPTER, "utf-8")
    return root


def test_notebook_is_written_once_and_is_the_same_to_the_last_byte(book):
    assert run(book, "tools/notebooks.py").returncode == 0
    notebook = book / "book" / "chapter.ipynb"
    first = notebook.read_bytes()
    assert b"42" in first
    assert not (book / "book" / "index.ipynb").exists()  # a page without code

    assert "up to date" in run(book, "tools/notebooks.py").stdout
    assert "written" in run(book, "tools/notebooks.py", "--all").stdout
    assert notebook.read_bytes() == first

    (book / "odelib" / "__init__.py").write_text("changed = True\n", "utf-8")
    assert "up to date" in run(book, "tools/notebooks.py").stdout  # its text is what it was
    (book / "book" / "chapter.md").write_text(CHAPTER.replace("7 * six", "8 * six"), "utf-8")
    assert "chapter.ipynb … written" in run(book, "tools/notebooks.py").stdout
    assert b"48" in notebook.read_bytes()


def test_failing_cell_is_shown_and_the_old_notebook_stays(book):
    run(book, "tools/notebooks.py")
    before = (book / "book" / "chapter.ipynb").read_bytes()
    (book / "book" / "chapter.md").write_text(CHAPTER.replace("six = 6", "six = six_"), "utf-8")
    failed = run(book, "tools/notebooks.py")
    assert failed.returncode == 1
    assert "NameError: name 'six_' is not defined" in failed.stdout
    assert (book / "book" / "chapter.ipynb").read_bytes() == before


@pytest.mark.parametrize("url", ["", PUBLISHED])
def test_launch_buttons_appear_with_a_published_repository(book, url):
    set_repository(book, url)
    run(book, "tools/notebooks.py")
    built = build(book)
    assert built.returncode == 0, built.stdout + built.stderr
    page = (book / "_build" / "html" / "book" / "chapter.html").read_text("utf-8")
    colab = "https://colab.research.google.com/github/owner/name/blob/notebooks/book/chapter.ipynb"
    binder = "https://mybinder.org/v2/gh/owner/name/notebooks?urlpath=lab/tree/book/chapter.ipynb"
    notebook = (book / "book" / "chapter.ipynb").read_text("utf-8")
    for text in (colab, binder):
        assert (text in page) == bool(url)
    assert ("%pip install" in notebook) == bool(url)
    assert "%pip install" not in page  # it is for the notebook, not for the site
    assert "thebe" not in re.sub(r"<link[^>]*>", "", page)


def test_build_fails_when_a_page_is_missing_from_the_table_of_contents(book):
    run(book, "tools/notebooks.py")
    config = (book / "_config.yml").read_text("utf-8")
    config = config.replace("only_build_toc_files: true", "only_build_toc_files: false")
    (book / "_config.yml").write_text(config, "utf-8")
    (book / "book" / "stray.md").write_text("---\norphan: true\n---\n# Stray\n", "utf-8")
    built = build(book)
    assert built.returncode != 0
    assert "unexpected ['book/stray']" in built.stdout + built.stderr
