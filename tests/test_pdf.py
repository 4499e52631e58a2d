"""The PDF of the whole book, as `make pdf` writes it into the site."""

import io
import re

import pypdfium2
import pytest
from pypdf import PdfReader

import pdf
from conftest import ROOT, missing

SITE = ROOT / "_build" / "html"
FILE = SITE / pdf.NAME
# What a stream of a page does with text: it chooses a font, or shows glyphs, as their numbers.
TEXT = re.compile(rb"/(\w+) [-\d.]+ Tf|<([0-9A-Fa-f]+)> Tj|\[([^\]]*)\] TJ")


@pytest.fixture(scope="module")
def reader():
    """The PDF of the built site."""
    if not FILE.exists():
        missing(f"there is no {pdf.NAME} in _build/html: run `make pdf` first")
    return PdfReader(FILE)


@pytest.fixture(scope="module")
def book(reader):
    """Parts, pages and headings of the book that the PDF was printed from."""
    return pdf.whole_book(ROOT, SITE)[0]


@pytest.fixture(scope="module")
def texts(reader):
    """The text of each page."""
    pages = pypdfium2.PdfDocument(FILE)
    return [page.get_textpage().get_text_bounded().replace("\r", "") for page in pages]


def titles(book):
    """All headings, in the order of the book."""
    return [title for _, pages in book for _, _, found in pages for title in found]


def boxes(reader):
    """Pages on which a character has no glyph: a font's glyph 0 is shown in its place."""
    return [number for number, page in enumerate(reader.pages, 1) if shows_glyph_0(page)]


def shows_glyph_0(content):
    """Whether a page, or a drawing in it, shows the glyph 0 of a font with glyphs of two bytes."""
    resources = content.get("/Resources", {})
    fonts = resources.get("/Font", {})
    stream = content.get_contents() if hasattr(content, "get_contents") else content
    two_bytes = False
    for font, glyphs, several in TEXT.findall(b"" if stream is None else stream.get_data()):
        if font:
            kind = fonts["/" + font.decode()].get_object()
            two_bytes = kind["/Subtype"] == "/Type0"
        for digits in [glyphs, *re.findall(rb"<([0-9A-Fa-f]+)>", several)]:
            codes = [digits[i : i + 4] for i in range(0, len(digits), 4)]
            if two_bytes and b"0000" in codes:
                return True
    inside = [value.get_object() for value in resources.get("/XObject", {}).values()]
    return any(shows_glyph_0(part) for part in inside if part["/Subtype"] == "/Form")


@pytest.mark.browser
def test_each_page_says_its_number_and_the_contents_name_the_right_ones(reader, texts, book):
    for number, text in enumerate(texts[1:], 2):
        assert str(number) in text.split("\n")[:3], f"page {number}"
    assert 250 <= len(texts) <= 600
    places = pdf.page_numbers(reader)
    first = min(places[place][0] for _, place, _ in titles(book))
    contents = "\n".join(page.extract_text() for page in reader.pages[1 : first - 1])
    lines = [re.sub(r"\s", "", line) for line in contents.split("\n")]
    for _, place, title in titles(book):
        if re.fullmatch(r"[\w .,:?’]+", pdf.plain(title)):
            line = re.sub(r"\s", "", pdf.plain(title)) + str(places[place][0])
            assert line in lines


@pytest.mark.browser
def test_outline_is_the_book(reader, book):
    def leaves(items):
        for item in items:
            yield from leaves(item) if isinstance(item, list) else [item]

    found = list(leaves(reader.outline))
    wanted = ["Contents"]
    for part, pages in book:
        wanted += [part] if part else []
        wanted += [pdf.plain(title) for _, _, heads in pages for _, _, title in heads]
    assert [item.title for item in found] == wanted
    numbers = [reader.get_destination_page_number(item) for item in found]
    assert numbers == sorted(numbers) and numbers[-1] < len(reader.pages)


@pytest.mark.browser
def test_links_lead_somewhere(reader):
    known, inside = reader.named_destinations, 0
    for page in reader.pages:
        for link in page.get("/Annots", []):
            link = link.get_object()
            if "/Dest" in link:
                assert link["/Dest"] in known
                inside += 1
            else:
                address = link["/A"]["/URI"]
                assert re.match("https?://", address) and pdf.HOST not in address, address
    assert inside > 1000


@pytest.mark.browser
def test_no_character_is_a_box(reader, texts):
    assert boxes(reader) == []
    text = "".join(texts)
    assert "\ufffd" not in text and "□" not in text
    assert "梯度流" in text


@pytest.mark.browser
def test_box_would_be_found(browser, tmp_path):
    def printed(text):
        return PdfReader(io.BytesIO(pdf.printed(browser, tmp_path, f"<p>{text}</p>")))

    assert boxes(printed("A flow, 流, and θ")) == []
    assert boxes(printed("A box: \U0010fffd")) == [1]


@pytest.mark.browser
def test_paper_is_white(reader):
    document = pypdfium2.PdfDocument(FILE)
    for number, page in enumerate(document, 1):
        picture = page.render(scale=0.2, grayscale=True).to_numpy()
        assert (picture < 128).mean() < 0.2, f"page {number}"
        assert (picture[:2] == 255).all() and (picture[:, :2] == 255).all(), f"page {number}"


@pytest.mark.browser
def test_site_offers_the_file(reader):
    for path in SITE.rglob("book/*.html"):
        (address,) = re.findall(rf'href="([^"]*{pdf.NAME})"', path.read_text("utf-8"))
        assert (path.parent / address).resolve() == FILE


def test_places_of_all_pages_get_names_of_their_own():
    page = (
        '<article class="bd-article"><section class="x" id="s"><h1>T'
        '<a class="headerlink" href="#s">#</a></h1><a href="b.html#t">t</a>'
        '<a href="b.html">b</a><a href="#s">s</a>'
        '<svg><use xlink:href="#g"/><path clip-path="url(#c)"/></svg><a href="../a.zip">z</a>'
        '<a href="https://example.org/#s">e</a><script>x()</script><details>d</details></article>'
    )
    article = pdf.printable("book/a", page, ["book/a", "book/b"])
    assert article == (
        '<section class="x" id="a--s"><h1>T</h1><a href="#b--t">t</a><a href="#b">b</a>'
        '<a href="#a--s">s</a><svg><use xlink:href="#a--g"/><path clip-path="url(#a--c)"/></svg>'
        '<a data-href="../a.zip">z</a><a href="https://example.org/#s">e</a>'
        "<details open>d</details>"
    )
    assert pdf.headings(article) == [(1, "a--s", "T")]
