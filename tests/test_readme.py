"""The README's example runs, its picture is there, its commands exist, and its score is tested."""

import re

from conftest import ROOT
from solving.test_scipy_suite import SCORE

README = (ROOT / "README.md").read_text(encoding="utf-8")
HEAVIEST_PICTURE = 100_000  # bytes


def test_the_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    scope = {}
    exec(example, scope)
    assert scope["sol"].success
    assert "The solver successfully reached the end" in capsys.readouterr().out


def test_the_score_is_the_tested_one():
    text = " ".join(README.split())
    score = "{passed} passed, {failed} failed and {skipped} skipped".format(**SCORE)
    assert score in text


def test_pictures_are_in_the_repository_with_a_text():
    pictures = re.findall(r'<img src="([^"]+)"[^>]*alt="([^"]*)"', README)
    assert pictures
    for path, text in pictures:
        assert 0 < (ROOT / path).stat().st_size < HEAVIEST_PICTURE
        assert len(text.split()) >= 4


def test_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    commands = set(re.findall(r"(?m)(?:^|`)make ([a-z-]+)", README))
    assert {"book", "test", "test-all", "test-site", "serve"} <= commands
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command
