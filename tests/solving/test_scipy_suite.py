"""SciPy's own tests of solve_ivp, run against odelib's.

The file of the installed SciPy is read, not copied. Its imports of solvers are replaced: what
odelib does not have (the solvers' classes and their parts) becomes a stand-in that skips the test
which touches it. LSODA, which odelib does not have, is left out of lists of methods, and where a
test names it alone RK45 takes its place. The same file is run against SciPy itself, with its own
Radau there; it must score the same.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import scipy

from conftest import LONG, ROOT

SUITE = Path(scipy.__file__).parent / "integrate" / "_ivp" / "tests" / "test_ivp.py"
THEIRS = {"LSODA"}
SCORE = {"passed": 47, "failed": 0, "skipped": 9}
INSTEAD = {"LSODA": "RK45"}

STAND_IN = """
import pytest as _pytest

class _Absent:
    def __call__(self, *args, **kwargs):
        _pytest.skip("odelib does not have it")
    __hash__ = __repr__ = __call__
    error_estimator_order = property(__call__)

{names} = (_Absent(),) * {count}
from {package} import solve_ivp
"""
CONFTEST = """
import pytest

@pytest.fixture
def num_parallel_threads():
    return 1

def pytest_configure(config):
    for name in ("thread_unsafe", "fail_slow", "slow"):
        config.addinivalue_line("markers", name)
"""


class Narrow(ast.NodeTransformer):
    """Lists of methods keep those that odelib has; one that stands alone is replaced."""

    def visit_List(self, node):
        node.elts = [
            item
            for item in node.elts
            if getattr(item, "value", getattr(item, "id", None)) not in THEIRS
        ]
        return self.generic_visit(node)

    def visit_keyword(self, node):
        if node.arg == "method" and getattr(node.value, "value", None) in INSTEAD:
            node.value = ast.Constant(INSTEAD[node.value.value])
        return self.generic_visit(node)


def narrowed(package):
    """The source of SciPy's suite, importing solve_ivp from `package`."""
    source = SUITE.read_text(encoding="utf-8")
    tree = ast.parse(source)
    absent = set()
    for node in list(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("scipy.integrate"):
            absent |= {alias.name for alias in node.names} - {"solve_ivp"}
            tree.body.remove(node)
    names = sorted(absent)
    header = STAND_IN.format(names=", ".join(names), count=len(names), package=package)
    return header + ast.unparse(Narrow().visit(tree))


@pytest.mark.parametrize("package", ["odelib", "scipy.integrate"])
def test_score_of_scipys_own_suite(package, tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_ivp.py").write_text(narrowed(package), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "test_ivp.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    found = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", done.stdout[-300:])}
    score = {word: found.get(word, 0) for word in SCORE}
    assert score == SCORE, done.stdout[-6000:]
