"""A small book in a folder of its own, with this book's tools and settings."""

import re
import shutil
import subprocess
import sys

from conftest import LONG, ROOT


def small_book(root, page):
    """Write a book of a plain page and of the page named; its text is still to be written."""
    shutil.copytree(ROOT / "tools", root / "tools")
    shutil.copytree(ROOT / "book" / "_static", root / "book" / "_static")
    for name in ("_config.yml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    set_repository(root, "")
    (root / "_toc.yml").write_text(
        f"format: jb-book\nroot: book/index\nchapters:\n- file: book/{page}\n", "utf-8"
    )
    (root / "odelib").mkdir()
    (root / "odelib" / "__init__.py").write_text("", "utf-8")
    shutil.copy(ROOT / "odelib" / "book_style.py", root / "odelib")
    (root / "book" / "references.bib").write_text("", "utf-8")
    (root / "book" / "index.md").write_text("# A book\n\nA page without code.\n", "utf-8")


def set_repository(root, url):
    """Write `repository: url` into the book's settings."""
    config = (root / "_config.yml").read_text("utf-8")
    config, count = re.subn(r"(?m)^  url: .*$", f'  url: "{url}"', config)
    assert count == 1, "the repository is one setting"
    (root / "_config.yml").write_text(config, "utf-8")


def run(root, *command):
    """Run Python in the book's folder."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=root,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONG,
    )


def build(root):
    """Build the site."""
    start = "from jupyter_book.cli.main import main; main()"
    return run(root, "-c", start, "build", ".", "-W", "-n", "--keep-going", "--all")
