"""What *Programs that run and are wrong* says of PyTorch, checked where PyTorch is installed.

The book's environment has no PyTorch, so these tests are skipped there, with the reason. The
lesson prints document 004's program and computes in NumPy what it would do; the program is read
from the lesson.
"""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not part of the book's environment")

LESSON = Path(__file__).resolve().parents[1] / "book" / "wrong-programs.md"


@pytest.fixture(scope="module")
def program():
    """Document 004's program, as the lesson prints it."""
    (text,) = re.findall(
        r"^```python\n(import torch\n.*?)^```$", LESSON.read_text("utf-8"), re.S | re.M
    )
    return text


@pytest.fixture
def points():
    rng = np.random.RandomState(42)  # the generator of np.random.seed(42)
    x = 2 * rng.rand(100, 1)
    return torch.tensor(x), torch.tensor(4 + 3 * x + rng.randn(100, 1))


def from_zero(program, double=True):
    """The program with a start at zero, in float64 unless told."""
    lines = ["for p in model.parameters(): torch.nn.init.zeros_(p)"]
    lines += ["model.double()"] if double else []
    return program.replace("Linear(1, 1)\n", "\n".join(["Linear(1, 1)", *lines]) + "\n")


def execute(source, **names):
    """Run the text; return its model's parameters (intercept, slope) and printed losses."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(source, names)
    losses = [float(line.split("Loss:")[1]) for line in output.getvalue().splitlines()]
    slope, intercept = (p.item() for p in names["model"].parameters())
    return np.array([intercept, slope]), losses


def test_the_printed_program_stops_for_want_of_data(program):
    with pytest.raises(NameError, match=r"^name 'x' is not defined$"):
        execute(program)


def test_with_data_it_ends_where_the_lesson_says(program, points):
    theta, losses = execute(from_zero(program), x=points[0], y=points[1])
    np.testing.assert_allclose(theta, [3.4600198481, 3.3411703986], rtol=0, atol=1e-9)
    np.testing.assert_allclose([losses[0], losses[99]], [50.0083036437, 0.9703948923], atol=1e-9)
    assert len(losses) == 100


def test_float64_data_meet_float32_weights(program, points):
    with pytest.raises(RuntimeError, match=r"same dtype, but got Double and Float$"):
        execute(program, x=points[0], y=points[1])


def test_a_flat_y_only_warns_and_the_slope_goes_to_zero(program, points):
    x, y = points
    longer = from_zero(program).replace("range(100)", "range(3000)").replace("lr=0.01", "lr=0.1")
    with pytest.warns(UserWarning, match="target size"):
        theta, losses = execute(longer, x=x, y=y[:, 0])
    np.testing.assert_allclose(theta, [y.mean().item(), 0.0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(losses[-1], y.var(correction=0).item(), rtol=0, atol=1e-9)
