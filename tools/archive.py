"""One archive with all that a reader needs to run the book: training-is-a-flow.zip of the site.

It holds the converted notebooks, odelib's wheel, and a requirements.txt whose versions are those
with which the notebooks' outputs were made. The same files are the branch that Colab and Binder
open. Building it needs no network.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

NAME = "training-is-a-flow"
NOTE = """Training is a Flow: the notebooks, and the library that they use.

You need Python {pythons}. In this folder:

    python -m venv .venv
    .venv/bin/python -m pip install -r requirements.txt
    .venv/bin/jupyter lab book/index.ipynb

On Windows write .venv\\Scripts in place of .venv/bin.
"""
YEAR_ONE = (2026, 1, 1, 0, 0, 0)  # of every file: the same contents give the same archive


def write_archive(root, site):
    """Write training-is-a-flow.zip into the folder of the site."""
    files = {
        f"book/{path.name}": path.read_bytes()
        for path in sorted(site.glob("_sources/book/*.ipynb"))
    }
    wheel, content = build_wheel(root)
    files[wheel] = content
    files["constraints.txt"] = constraints(root).encode()
    files["requirements.txt"] = f"-c constraints.txt\n./{wheel}[notebooks]\n".encode()
    files["README.txt"] = NOTE.format(pythons=pythons(root)).encode()
    files["LICENSE"] = (root / "LICENSE").read_bytes()
    with zipfile.ZipFile(site / f"{NAME}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(f"{NAME}/{name}", YEAR_ONE)
            member.external_attr = 0o644 << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)


def build_wheel(root):
    """Name and content of odelib's wheel."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(command, cwd=root, check=True, capture_output=True)
        (path,) = Path(folder).glob("*.whl")
        return path.name, path.read_bytes()


def constraints(root):
    """The versions of requirements.txt: those of what is installed, whatever that is."""
    if not (root / "requirements.txt").exists():
        return ""
    lines = (root / "requirements.txt").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if re.match(r"[\w.-]+==", line)) + "\n"


def pythons(root):
    """The versions of Python that odelib runs on, in words."""
    text = (root / "pyproject.toml").read_text("utf-8")
    versions = re.findall(r"Programming Language :: Python :: (\d\.\d+)", text)
    return f"{', '.join(versions[:-1])} or {versions[-1]}"
