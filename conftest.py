"""What every test shares, those of the notebooks included."""

import os
import shutil
from pathlib import Path

import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

os.environ.pop("MPLBACKEND", None)  # the notebooks' kernels choose matplotlib's inline backend

ROOT = Path(__file__).resolve().parent
LONG = 900  # seconds after which a program hangs: none takes as long, on a busy machine either
IN_CI = os.environ.get("CI", "").lower() in ("true", "1")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing(reason):
    """Skip the test, and say why; in CI, where all that it needs has to be there, fail."""
    pytest.fail(reason) if IN_CI else pytest.skip(reason)


@pytest.fixture(scope="module")  # not longer: its event loop would be in the way of nbval's
def browser():
    """Headless Chromium, as installed on this machine."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        missing("there is no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=BROWSER_FLAGS, timeout=1000 * LONG
        )
        yield browser
        browser.close()


def execute_cell_input(self, cell_input, allow_stdin=None):
    """Run a cell as nbval does, with history: without it IPython overlooks the closing `;`."""
    return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)


RunningKernel.execute_cell_input = execute_cell_input


def compare_outputs(self, test, ref, skip_compare=None, compare=IPyNbCell.compare_outputs):
    """Compare as nbval does, drawings left out like pictures: their last digits vary."""
    skip = skip_compare or self.parent.skip_compare
    return compare(self, test, ref, (*skip, "image/svg+xml"))


IPyNbCell.compare_outputs = compare_outputs
