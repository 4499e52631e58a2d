"""odelib keeps its plan: imports point one way, the public names are few, files are short."""

import ast
import importlib
import inspect
import re
import subprocess
import sys

import pytest

import odelib
import rooms
from conftest import ROOT
from odelib.pointers.identity import OWN

# A room imports only from rooms that stand before it here; a folder is one room, and so is a file
# beside them. `tools/rooms.py` draws the plan.
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
LONGEST_FILE = 310  # lines
MOST_FLOORS = 6
MOST_BY_POSITION = 14  # arguments of a function

PACKAGE = ROOT / "odelib"
FILES = sorted(PACKAGE.rglob("*.py"))
each_file = pytest.mark.parametrize(
    "path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix()
)


def module(path):
    """Name of the part of odelib that a file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


# --- The rooms ------------------------------------------------------------------------------------

ARROWS = rooms.arrows_of_rooms()
each_room = pytest.mark.parametrize("room", sorted(ARROWS))


@each_room
def test_imports_point_one_way(room):
    assert room in ORDER, f"give {room} its place in ORDER"
    allowed = set(ORDER[: ORDER.index(room)])
    assert ARROWS[room] <= allowed, (
        f"{room} imports {sorted(ARROWS[room] - allowed)} that stand after it"
    )


def test_the_house_has_few_floors():
    assert 1 + max(rooms.floors(ARROWS).values()) <= MOST_FLOORS


def test_no_files_import_each_other_in_a_circle():
    rooms.floors(rooms.arrows_of_files())  # it raises where there is one


def test_a_circle_is_found():
    with pytest.raises(ValueError, match="in a circle: b → c → b"):
        rooms.floors({"a": {"b"}, "b": {"c"}, "c": {"b"}})
    assert rooms.floors({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": 2, "b": 1, "c": 0}


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("import odelib.pointers.words", ("pointers", "words")),
        ("from odelib import pointers", ("pointers", "__init__")),
        ("from odelib.pointers import words as w", ("pointers", "words")),
        ("from odelib.pointers import called", ("pointers", "__init__")),
        ("from . import codes", ("solving", "codes")),
        ("from .codes import T", ("solving", "codes")),
        ("from ..running import progress_bar", ("running",)),
        ("def f():\n    from odelib.solving.loop import advance", ("solving", "loop")),
        ("import numpy.odelib", None),
    ],
)
def test_every_way_to_import_is_seen(tmp_path, monkeypatch, line, module):
    known = rooms.modules()
    monkeypatch.setattr(rooms, "PACKAGE", tmp_path)
    (tmp_path / "solving").mkdir()
    path = tmp_path / "solving" / "new.py"
    path.write_text(line, "utf-8")
    assert list(rooms.imported_modules(path, known)) == [module] * (module is not None)


def test_the_public_names_bring_in_no_drawing():
    found = {name[0] for name in rooms.imported_modules(PACKAGE / "__init__.py", rooms.modules())}
    assert found
    assert found.isdisjoint(FOR_NOTEBOOKS)


def test_all_that_odelibs_own_compiled_code_may_depend_on_is_in_its_stamp():
    arrows = rooms.arrows_of_files()
    compiling = {"kernel", "called", "inlined", "step_pointer", "update_pointer", "own_pointer"}
    used = {
        name
        for name, path in rooms.modules().items()
        if compiling & {dotted[-1] for dotted in rooms.imported(path)}
    }
    assert {("solving", "loop"), ("training", "loop"), ("methods", "table")} <= used
    while True:  # and what they import
        more = used.union(*(arrows[name] for name in used if name != ("__init__",)))
        if more == used:
            break
        used = more
    assert {name[0] for name in used} == {*OWN, "signals"}  # which only waits


# --- State that outlives a call -------------------------------------------------------------------

STATE = r"\{\}|\[\]|(set|dict|list)\(\)|.*(Lock|Weak\w+|from_address|local)\(.*"  # as it begins


def hidden_state(text):
    """Names of what a file keeps between calls: caches, module-level state, attributes it sets."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            decorators = map(ast.unparse, node.decorator_list)
            if any(re.match(r"functools\.(lru_)?cache\b", text) for text in decorators):
                yield node.name
        elif isinstance(node, ast.Global):
            yield from node.names
    for node in tree.body:
        if isinstance(node, ast.Assign):
            pairs = [(node.targets[0], node.value)]
            if isinstance(node.value, ast.Tuple) and isinstance(node.targets[0], ast.Tuple):
                pairs = zip(node.targets[0].elts, node.value.elts, strict=True)
            for target, value in pairs:
                if re.fullmatch(STATE, ast.unparse(value)):
                    yield ast.unparse(target)
    yield from re.findall(r"\b_odelib_\w+", text)
    yield from re.findall(r"\blinecache\b(?=\.cache)", text)


def test_state_that_outlives_a_call_is_found():
    text = (
        "import functools\n@functools.lru_cache(3)\ndef a(): f._odelib_b = 1\nC, d = {}, RLock()\n"
    )
    text += "E = {1: 2}\n@functools.cached_property\ndef g(self): global h\n"
    assert sorted(hidden_state(text)) == ["C", "_odelib_b", "a", "d", "h"]


@each_file
def test_state_that_outlives_a_call_is_listed_with_its_reason(path):
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    listed = text[text.index("State that outlives") : text.index("Where the plan was changed")]
    found = set(hidden_state(path.read_text("utf-8")))
    assert {name for name in found if f"`{name}`" not in listed} == set()


# --- Each file ------------------------------------------------------------------------------------

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


DOCUMENTED = re.findall(
    r"auto\w+:: odelib\.(\w+\.\w+)", (ROOT / "book" / "api.md").read_text("utf-8")
)
DOCUMENTED += ["methods.RUNGE_KUTTA", "methods.SYMPLECTIC", "diagnosis.CAUSES", "model.Model"]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_is_documented_can_be_imported_and_no_file_hides_it(name):
    module, attribute = name.split(".")
    found = getattr(importlib.import_module(f"odelib.{module}"), attribute)
    assert not inspect.ismodule(found)


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
