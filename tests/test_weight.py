"""What a page costs a reader who visits for the first time: bytes, and text that moves.

The site is served compressed, as a host would; the browser begins with an empty cache.
"""

import functools
import gzip
import http.server
import threading
from pathlib import Path

import pytest

from conftest import ROOT, missing
from light_pages import sized

SITE = ROOT / "_build" / "html"
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for folder in ("book", "zh/book")
    for path in (SITE / folder).glob("*.html")
)
COMPRESSED = (".html", ".css", ".js", ".svg", ".json")
INDEX, SCRIPT = 350_000, 400_000  # bytes: the first page as sent, the scripts of any page as read
SHIFT = 0.02  # of 1; browsers call 0.1 good
# A line of a telephone: 150 ms to the server and back, 1.6 Mbit/s; files come one after another.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 2e5, "uploadThroughput": 1e5}
WATCH_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifts.push([
            entry.value,
            entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.data),
        ]);
    }).observe({ type: "layout-shift", buffered: true });
"""


class CompressingHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files, texts compressed, and takes down what it has sent: (path, read, sent)."""

    def do_GET(self):
        """Send a file."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        body = content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if path.suffix in COMPRESSED:
            body = gzip.compress(content)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.sent.append((path.suffix, len(content), len(body)))

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    """The built site, served compressed from this process."""
    if not (SITE / "index.html").exists():
        missing("there is no built site in _build/html: run `make book` first")
    handler = functools.partial(CompressingHandler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.sent = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def first_visit(browser, server, page_name, width=1280, line=None):
    """What is sent, and how much moves, when a reader comes."""
    server.sent.clear()
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.add_init_script(WATCH_SHIFTS)
    if line:
        tools = context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send("Network.emulateNetworkConditions", line)
    page.goto(f"http://127.0.0.1:{server.server_port}/{page_name}", wait_until="networkidle")
    sent = list(server.sent)
    page.wait_for_timeout(200)
    shifts = page.evaluate("window.shifts")
    context.close()
    return sent, shifts


@pytest.mark.browser
@pytest.mark.parametrize("page_name", PAGES or ["none"])
def test_scripts_of_a_page_are_few(browser, server, page_name):
    sent, _ = first_visit(browser, server, page_name)
    assert sum(read for kind, read, _ in sent if kind == ".js") <= SCRIPT


@pytest.mark.browser
def test_first_page_is_light(browser, server):
    sent, _ = first_visit(browser, server, "book/index.html")
    assert len(sent) > 10
    assert sum(bytes_sent for _, _, bytes_sent in sent) <= INDEX


@pytest.mark.browser
@pytest.mark.parametrize(("width", "line"), [(1280, None), (390, SLOW)], ids=["office", "train"])
@pytest.mark.parametrize("page_name", PAGES or ["none"])
def test_text_does_not_move_while_a_page_arrives(browser, server, page_name, width, line):
    _, shifts = first_visit(browser, server, page_name, width, line)
    assert sum(value for value, _ in shifts) <= SHIFT, shifts


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_there_before_the_scripts_of_the_theme(browser, server, scheme):
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.route("**/pydata-sphinx-theme.js*", lambda route: route.abort())
    page.goto(f"http://127.0.0.1:{server.server_port}/book/index.html", wait_until="load")
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert page.locator(".logo__image:visible").count() == 1
    context.close()


def test_picture_says_its_size_once_and_only_if_it_is_here(tmp_path):
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="90pt" viewBox="0 0 180 60"></svg>'
    (tmp_path / "a.svg").write_text(drawing, "utf-8")
    assert sized('<img alt="A" src="a.svg">', tmp_path) == (
        '<img width="120" height="40" alt="A" src="a.svg">'
    )
    for image in ('<img src="b.svg">', '<img src="data:x">', '<img width="9" src="a.svg">'):
        assert sized(image, tmp_path) == image
