"""A kernel's arguments are groups, and no two of them, or of their arrays, can change places."""

import ast
import inspect
from typing import NamedTuple

import numba
import numpy as np
import pytest

from conftest import ROOT
from odelib import rhs, solve_ivp
from odelib.methods import compiled_method
from odelib.methods.implicit import System
from odelib.methods.table import Method
from odelib.pointers import kernel
from odelib.solving import codes, implicit, rows
from odelib.solving.loop import advance
from odelib.solving.solve import NO_OUTPUT, NOTHING_ASKED, NOTHING_WATCHED
from odelib.training import codes as codes_of_training
from odelib.training.loop import descend

GROUPS = {
    name: group
    for module in (codes, codes_of_training)
    for name, group in vars(module).items()
    if isinstance(group, type) and issubclass(group, tuple)
} | {"Method": Method, "System": System}
_SINGLE = "method field span tolerances state output asked watched"
KERNELS = {
    advance: _SINGLE,
    **dict.fromkeys(implicit.KERNELS.values(), f"{_SINGLE} system"),
    **dict.fromkeys(implicit.OVER_ROWS.values(), f"queue trajectories {_SINGLE} system"),
    rows.solve_rows: ("queue trajectories method field span tolerances state output asked watched"),
    descend: "rule addresses schedule position record room",
}

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="speaks of compiled code: NUMBA_DISABLE_JIT=1"
)


# --- Groups are made by name ----------------------------------------------------------------------


def misnamed(text):
    """Values that stand, without the field's name, in the place of a field of another name."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        group = GROUPS.get(ast.unparse(node.func).split(".")[-1])
        for value, field in zip(node.args, group._fields if group else (), strict=False):
            if ast.unparse(value).split(".")[-1] != field:
                yield f"line {node.lineno}: {ast.unparse(value)} for {field} of {group.__name__}"


def test_every_group_is_made_by_the_names_of_its_fields():
    for path in (ROOT / "odelib").rglob("*.py"):
        if path.parent.name != "interactive":
            assert list(misnamed(path.read_text("utf-8"))) == [], path


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("State(clock, counts, y, K, y_new, err)", 0),
        ("at.State(self.clock, counts, y, K, y_new=y_new, err=err)", 0),
        ("State(clock, counts, K, y, y_new, err)", 2),
        ("Tolerances(self.atol, self.rtol)", 2),
        ("Field(bound.address, bound.ctx)", 1),
        ("Asked(*times)", 1),
    ],
)
def test_two_arrays_that_changed_places_are_seen(text, count):
    assert len(list(misnamed(text))) == count


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_a_kernel_takes_groups_of_the_names_of_its_parameters(kernel):
    names = KERNELS[kernel].split()
    assert list(inspect.signature(kernel.__wrapped__).parameters) == names
    assert {name.capitalize() for name in names} <= set(GROUPS)


# --- A kernel refuses what is not its group -------------------------------------------------------


@rhs
def decay(t, y):
    return (-y[0],)


@compiled_only
@pytest.mark.parametrize("place", range(8))
def test_a_kernel_refuses_a_group_in_the_place_of_another(place):
    solve_ivp(decay, (0, 1), [1.0])  # the kernel is compiled
    n = np.zeros(1)
    groups = [
        compiled_method("RK45").group,
        codes.Field(rhs=0, ctx=np.zeros(2, np.int64)),
        codes.Span(t0=0.0, t_end=1.0, step=0.0, last=0, max_step=1.0),
        codes.Tolerances(rtol=n, atol=n),
        codes.State(clock=n, counts=np.zeros(codes.COUNTS, np.int64), y=n, K=n, y_new=n, err=n),
        NO_OUTPUT,
        NOTHING_ASKED,
        NOTHING_WATCHED,
    ]
    advance.pack(*groups)
    groups[place] = NO_OUTPUT if place == 6 else NOTHING_ASKED
    with pytest.raises((TypeError, AttributeError), match=r"must be its group|has no attribute"):
        advance.pack(*groups)


# --- What a kernel reads of its groups ------------------------------------------------------------


class Mixed(NamedTuple):
    whole: int
    real: float
    yes: bool
    table: np.ndarray


class Arrays(NamedTuple):
    first: np.ndarray
    second: np.ndarray
    third: np.ndarray


@kernel
def copies(mixed, arrays):
    arrays.first[0] = mixed.whole
    arrays.first[1] = mixed.real if mixed.yes else -mixed.real
    for i in range(mixed.table.shape[0]):
        for j in range(mixed.table.shape[1]):
            arrays.second[i, j] = 10 * mixed.table[i, j]
    arrays.third[0] = 1000 * mixed.table.shape[0] + 10 * mixed.table.shape[1] + len(arrays.first)
    return 7


@pytest.mark.parametrize("yes", [True, False])
def test_a_kernel_reads_every_field_where_it_is(yes):
    arrays = Arrays(first=np.zeros(2), second=np.zeros((2, 3)), third=np.zeros(1, np.int64))
    mixed = Mixed(whole=2**40 + 1, real=-0.1, yes=yes, table=np.arange(6.0).reshape(2, 3))
    assert copies(mixed, arrays) == 7
    assert arrays.first.tolist() == [2**40 + 1, -0.1 if yes else 0.1]
    np.testing.assert_array_equal(arrays.second, 10 * mixed.table)
    assert arrays.third.tolist() == [2032]
