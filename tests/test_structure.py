"""odelib keeps its plan: imports point one way, the public names are few, files are short."""

import ast
import re
import subprocess
import sys

import pytest

import odelib
from conftest import ROOT

# A room imports only from rooms above it; a folder is one room, and so is a file beside them.
ORDER = (
    "signals",
    "pointers",
    "running",
    "fields",
    "methods",
    "solving",
    "models",
    "model",
    "curvature",
    "optimizers",
    "training",
    "diagnosis",
    "book_style",
    "plotting",
    "interactive",
)
FOR_NOTEBOOKS = {"book_style", "plotting", "interactive"}  # imported by name only
LONGEST_FILE = 350  # lines
MOST_BY_POSITION = 14  # arguments of a function

FILES = sorted(path for path in (ROOT / "odelib").rglob("*.py"))
each_file = pytest.mark.parametrize(
    "path", FILES, ids=lambda path: path.relative_to(ROOT / "odelib").as_posix()
)


def module(path):
    """Name of the part of odelib that a file belongs to."""
    return path.relative_to(ROOT / "odelib").with_suffix("").parts[0]


def imported_parts(path):
    """Parts of odelib that a file imports, anywhere in it, whichever way it is written."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = [*start, *(node.module or "").split(".")]
            base = [part for part in base if part]
            names = [base] if len(base) > 1 else [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from (name[1] for name in names if name[0] == "odelib" and len(name) > 1)


@each_file
def test_imports_point_one_way(path):
    part = module(path)
    imported = set(imported_parts(path)) - {"__version__"}
    if part == "__init__":
        assert imported.isdisjoint(FOR_NOTEBOOKS)
        return
    assert part in ORDER, f"give {part} its place in ORDER"
    in_a_folder = path.parent.name == part  # of files that may import each other
    allowed = set(ORDER[: ORDER.index(part) + in_a_folder])
    assert imported <= allowed, f"{part} imports {sorted(imported - allowed)} from below it"


PUBLIC_OF_NUMBA = {"numba.njit", "numba.types", "numba.from_dtype", "numba.cloudpickle"}
PUBLIC_OF_NUMBA |= {"numba.extending.overload", "numba.TypingError", "numba.core.errors"}


def names_of_numba(path):
    """What a file takes from numba and llvmlite, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


@each_file
def test_numbas_inside_is_known_to_one_folder_only(path):
    found = {
        name
        for name in names_of_numba(path)
        if re.match(r"(numba|llvmlite)\b.", name)
        and not any(f"{name}.".startswith(f"{public}.") for public in PUBLIC_OF_NUMBA)
        and not any(f"{public}.".startswith(f"{name}.") for public in PUBLIC_OF_NUMBA)
    }
    assert found == set() or module(path) == "pointers"


@each_file
def test_no_function_takes_more_arguments_by_position_than_one_can_keep_in_order(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            count = len(node.args.posonlyargs) + len(node.args.args)
            assert count <= MOST_BY_POSITION, f"line {node.lineno} takes {count}"


@each_file
def test_file_fits_in_one_sitting(path):
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE


def test_public_names_are_those_of_all():
    assert len(set(odelib.__all__)) == len(odelib.__all__)
    for name in odelib.__all__:
        assert hasattr(odelib, name), name
    modules = set(ORDER)
    public = {name for name in vars(odelib) if not name.startswith("_")} - modules
    assert public - FOR_NOTEBOOKS == set(odelib.__all__) - modules


def test_import_brings_in_numpy_and_numba_only():
    """Measured against numba alone, which looks up SciPy's version when it is imported."""
    code = (
        "import sys, numba; before = set(sys.modules); import odelib\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - sys.stdlib_module_names))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(ast.literal_eval(run.stdout)) <= {"odelib", "numba", "llvmlite", "numpy"}
