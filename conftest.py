"""What every test shares, those of the notebooks included."""

import os
import shutil
import signal
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

os.environ.pop("MPLBACKEND", None)  # the notebooks' kernels choose matplotlib's inline backend

ROOT = Path(__file__).resolve().parent
LONG = 900  # seconds after which a program hangs: none takes as long, on a busy machine either
PATIENCE = 180  # seconds after which Chromium hangs, likewise
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
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


def launch(kind):
    """A new Chromium."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        missing("there is no Chromium on this machine (Debian: apt-get install chromium)")
    return kind.launch(executable_path=program, args=BROWSER_FLAGS, timeout=1000 * PATIENCE)


@contextmanager
def ends_after(seconds, browser):
    """End Chromium after so many seconds: what waits for it, even without a timeout, then fails."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    (number,) = [process["id"] for process in processes if process["type"] == "browser"]
    watch = threading.Timer(seconds, os.kill, (number, signal.SIGTERM))
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def pytest_addoption(parser):
    """`pytest --quick` is what `make test` runs."""
    parser.addoption("--quick", action="store_true", help="skip the tests that are marked slow")


def pytest_runtest_setup(item):
    """Skip what is slow, and count it in the closing line."""
    if item.config.getoption("quick") and item.get_closest_marker("slow"):
        pytest.skip("slow; `make test-all` runs it")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """No test in a browser waits for ever."""
    browser = getattr(item, "funcargs", {}).get("browser")
    if browser is None or not browser.is_connected():
        return (yield)
    with ends_after(PATIENCE, browser):
        return (yield)


def execute_cell_input(self, cell_input, allow_stdin=None):
    """Run a cell as nbval does, with history: without it IPython overlooks the closing `;`."""
    return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)


RunningKernel.execute_cell_input = execute_cell_input


def compare_outputs(self, test, ref, skip_compare=None, compare=IPyNbCell.compare_outputs):
    """Compare as nbval does, drawings left out like pictures: their last digits vary."""
    skip = skip_compare or self.parent.skip_compare
    return compare(self, test, ref, (*skip, "image/svg+xml"))


IPyNbCell.compare_outputs = compare_outputs
