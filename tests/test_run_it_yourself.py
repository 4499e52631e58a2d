"""The ways to run the book that its page *Run it yourself* names, each from an empty environment.

They install packages, which takes minutes and a network; they run in CI, or here with CI=true.
"""

import json
import os
import re
import subprocess
import sys
import zipfile

import nbformat
import pytest

from archive import write_archive
from conftest import IN_CI, ROOT

PAGE = (ROOT / "book" / "run-it-yourself.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
NOTEBOOKS = sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))
SITE = ROOT / "_build" / "html"
installs = pytest.mark.skipif(not IN_CI, reason="installs packages; runs in CI, or with CI=true")


@pytest.fixture
def archive(tmp_path):
    """Folder with the unpacked archive of a site whose notebooks are those of book/."""
    notebooks = SITE if (SITE / "_sources" / "book" / "index.ipynb").exists() else tmp_path / "site"
    if notebooks != SITE:
        (notebooks / "_sources" / "book").mkdir(parents=True)
        for name in NOTEBOOKS:
            content = (ROOT / "book" / f"{name}.ipynb").read_bytes()
            (notebooks / "_sources" / "book" / f"{name}.ipynb").write_bytes(content)
    out = tmp_path / "site"
    (out / "_sources").mkdir(parents=True, exist_ok=True)
    if notebooks == SITE:
        (out / "_sources" / "book").symlink_to(SITE / "_sources" / "book")
    write_archive(ROOT, out)
    with zipfile.ZipFile(out / "training-is-a-flow.zip") as packed:
        packed.extractall(tmp_path)
    return tmp_path / "training-is-a-flow"


def commands(section):
    """The lines of the first block of commands in a section of the page."""
    text = PAGE.split(f"({section})=")[1]
    return re.search(r"```\n(.*?)```", text, re.DOTALL)[1].strip().splitlines()


def run(line, folder):
    """Run a line of the page in a folder, as a reader does on this system."""
    words = [word.strip('"') for word in line.split()]
    words[0] = words[0].replace("python", sys.executable) if words[0] == "python" else words[0]
    if os.name == "nt":
        words[0] = words[0].replace(".venv/bin", ".venv\\Scripts")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(words, cwd=folder, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout + done.stderr


def outputs(path):
    """What each code cell of a notebook prints, without pictures and times."""
    shown = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", []):
            streams = [output.text for output in cell.outputs if output.output_type == "stream"]
            shown.append("".join(streams))  # a kernel sends them in pieces
    return shown


def execute(name, folder):
    """Execute book/NAME.ipynb in the folder's environment, and return what it shows."""
    convert = ".venv/bin/jupyter nbconvert --to notebook --execute --output done.ipynb"
    run(f"{convert} book/{name}.ipynb", folder)
    return outputs(folder / "book" / "done.ipynb")


def test_archive_holds_every_notebook_the_library_and_pinned_versions(archive):
    assert sorted(path.stem for path in archive.glob("book/*")) == NOTEBOOKS
    (wheel,) = archive.glob("*.whl")
    requirements = (archive / "requirements.txt").read_text("utf-8")
    assert requirements == f"-c constraints.txt\n./{wheel.name}[notebooks]\n"
    pins = (archive / "constraints.txt").read_text("utf-8").splitlines()
    for package in ("numpy", "numba", "scipy", "matplotlib", "scikit-learn", "jupyterlab"):
        assert any(pin.startswith(f"{package}==") for pin in pins), package
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    assert {"odelib/__init__.py", "odelib/interactive/figure.js"} <= set(names)
    assert not [name for name in names if not name.startswith("odelib")]
    assert "3.11, 3.12 or 3.13" in (archive / "README.txt").read_text("utf-8")


def test_archive_of_the_same_files_is_the_same(archive, tmp_path):
    first = (tmp_path / "site" / "training-is-a-flow.zip").read_bytes()
    write_archive(ROOT, tmp_path / "site")
    assert (tmp_path / "site" / "training-is-a-flow.zip").read_bytes() == first


@pytest.mark.install
@installs
def test_archive_runs_from_an_empty_environment(archive):
    make, install, lab = commands("sec:run-archive")
    run(make, archive)
    run(install, archive)
    assert lab.endswith("jupyter lab book/index.ipynb")
    assert re.match(r"\d+\.\d+", run(".venv/bin/jupyter lab --version", archive))
    for name in ("index", "gradient-flow"):
        assert execute(name, archive) == outputs(archive / "book" / f"{name}.ipynb")


@pytest.mark.install
@installs
def test_clone_runs_from_an_empty_environment(tmp_path):
    run(f"git clone --quiet --depth 1 file://{ROOT} clone", tmp_path)
    clone = tmp_path / "clone"
    make, install, lab = commands("sec:run-clone")
    run(make, clone)
    run(install, clone)
    assert lab.endswith("jupyter lab book/index.ipynb")
    extensions = run(".venv/bin/jupyter labextension list", clone)
    assert re.search(r"jupyterlab-myst .*enabled.*OK", extensions)
    assert execute("index", clone) == outputs(clone / "book" / "index.ipynb")


@pytest.mark.install
@installs
def test_wheel_and_sdist_are_sound_and_the_wheel_alone_runs_the_readme(tmp_path):
    run(f"{sys.executable} -m hatchling build -d {tmp_path / 'dist'}", ROOT)
    wheel, sdist = sorted((tmp_path / "dist").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert (wheel.suffix, sdist.suffix) == (".whl", ".gz")
    checked = run(f"{sys.executable} -m twine check --strict {wheel} {sdist}", tmp_path)
    assert checked.count("PASSED") == 2
    run("python -m venv .venv", tmp_path)
    run(f".venv/bin/python -m pip install --quiet {wheel}", tmp_path)
    listed = json.loads(run(".venv/bin/python -m pip list --format json", tmp_path))
    brought = {package["name"] for package in listed} - {"pip", "setuptools"}
    assert brought == {"odelib", "numpy", "numba", "llvmlite", "scipy"}
    (tmp_path / "example.py").write_text(re.search(r"```python\n(.*?)```", README, re.DOTALL)[1])
    assert "successfully reached the end" in run(".venv/bin/python example.py", tmp_path)


def test_page_names_the_version_that_there_is():
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    assert f"odelib-{version[1]}-py3-none-any.whl" in PAGE


def test_publication_builds_what_a_tag_names_and_pushes_the_branch_of_the_launch_buttons():
    import yaml

    from downloads import BRANCH

    workflow = (ROOT / ".github" / "workflows" / "publish.yml").read_text("utf-8")
    jobs = yaml.safe_load(workflow)["jobs"]
    assert set(jobs) == {"build", "package", "site", "notebooks"}
    assert all(job.get("needs") == "build" for name, job in jobs.items() if name != "build")
    steps = "\n".join(step.get("run", "") for job in jobs.values() for step in job["steps"])
    for command in (".ci/run", "twine check --strict", "training-is-a-flow.zip"):
        assert command in workflow
    assert f"--initial-branch {BRANCH}" in steps
