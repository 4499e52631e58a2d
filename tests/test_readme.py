"""The README's program runs, its picture is there, and its commands exist."""

import re

import numpy as np

from conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
HEAVIEST_PICTURE = 100_000  # bytes


def test_program_runs_and_both_solutions_reach_the_minimum():
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(program, names)
    for solution in (names["path"], names["descent"]):
        assert solution.success
        np.testing.assert_allclose(solution.y[:, 0], [3, -2], rtol=0, atol=0)
        np.testing.assert_allclose(solution.y[:, -1], 0, rtol=0, atol=0.01)
    by_hand = np.array([3.0, -2.0])
    for _ in range(50):
        by_hand = by_hand - 0.4 * names["grad"](by_hand)
    np.testing.assert_allclose(names["descent"].y[:, -1], by_hand, rtol=1e-12, atol=0)


def test_pictures_are_in_the_repository_with_a_text():
    pictures = re.findall(r'<img src="([^"]+)"[^>]*alt="([^"]*)"', README)
    assert pictures
    for path, text in pictures:
        assert 0 < (ROOT / path).stat().st_size < HEAVIEST_PICTURE
        assert len(text.split()) >= 4


def test_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    commands = set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", README))
    assert {"book", "test", "serve"} <= commands
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command
