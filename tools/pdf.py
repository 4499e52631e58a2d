"""The whole English book as one PDF, printed by Chromium from the pages of the site: `make pdf`.

All pages become one document, so that references lead from page to page, fonts are stored once and
Chromium counts the pages. It is printed twice: the first time says on which page each section
begins, which the contents of the second then name. The pages of the site get a link to the file.
"""

import html
import io
import mimetypes
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import Fit

ROOT = Path(__file__).resolve().parent.parent
NAME = "training-is-a-flow.pdf"
HOST = "http://book.invalid/"  # answered from the folder of the site
PAGE = HOST + "book/whole.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
STYLES = re.compile(r'<link [^>]*rel="stylesheet"[^>]*>|<link href="[^"]*" rel="stylesheet" />')
ARTICLE = re.compile(r'<article class="bd-article"[^>]*>(.*)</article>', re.DOTALL)
# What has no use on paper: scripts, marks that are links, MathML beside each formula. What draws a
# figure or checks numbers is hidden by pdf.css.
UNPRINTED = (
    re.compile(r"<(script|noscript)\b.*?</\1>", re.DOTALL),
    re.compile(r'<a class="headerlink"[^>]*>[^<]*</a>'),
    re.compile(r'<span class="katex-mathml">.*?</math></span>', re.DOTALL),
)
HEADING = re.compile(
    r'<section [^>]*\bid="([^"]+)"[^>]*>\s*((?:<span id="[^"]*"></span>\s*)*)<h([12])>(.*?)</h\3>',
    re.DOTALL,
)
COVER = """<div class="cover"><h1>Training is a Flow</h1>
<p>Model training, seen as a differential equation</p><img src="../_static/pair.png" alt="">
<p>Printed from the pages of the book’s site. What moves under a slider there stands still here. The
cells that only draw a figure or check a number are left out; they are on the site and in its
notebooks. Answers and solutions follow their questions.</p></div>"""
DOWNLOADS = re.compile(
    r'(<div class="dropdown dropdown-download-buttons">.*?)(\s*</ul>)', re.DOTALL
)
WORDS = {"en": "The whole book, .pdf", "zh": "整本书（英文），.pdf"}


def parts(root):
    """The parts of the book: (title, names of its pages), in the order of _toc.yml."""
    toc = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    found = [("", [toc["root"]])]
    for part in toc["parts"]:
        pages = []
        for chapter in part["chapters"]:
            lessons = [chapter, *chapter.get("sections", [])]
            pages += [Path(lesson["file"]).with_suffix("").as_posix() for lesson in lessons]
        found.append((part["caption"], pages))
    return found


def printable(page, text, pages):
    """The article of a page, whose places have names that are unique in the whole book."""
    article = ARTICLE.search(text)[1]
    for pattern in UNPRINTED:
        article = pattern.sub("", article)
    article = re.sub(r"<details\b(?![^>]*\bopen\b)", "<details open", article)
    return re.sub(
        r'\b(id|href|xlink:href|for|aria-labelledby|aria-describedby)="([^"]*)"|url\(#([^)]+)\)',
        lambda match: renamed(match, page, pages),
        article,
    )


def renamed(match, page, pages):
    """An attribute that names a place or leads to one, as it is in the whole book."""
    attribute, value, place = match.groups()
    if place:
        return f"url(#{anchor(page, place)})"
    if not attribute.endswith("href"):
        return f'{attribute}="{" ".join(anchor(page, name) for name in value.split())}"'
    if value.startswith(("data:", "mailto:")) or urlsplit(value).netloc:
        return match[0]
    target = urlsplit(urljoin(f"/{page}.html", value))
    there = target.path.strip("/").removesuffix(".html")
    if there in pages:
        return f'{attribute}="#{anchor(there, unquote(target.fragment))}"'
    return f'data-{attribute}="{value}"'  # what stands beside the book on the site: no link


def anchor(page, place):
    """The name of a place of a page, in the whole book."""
    return f"{Path(page).name}--{place}" if place else Path(page).name


def headings(article):
    """Title and sections of a page: (level, name of the place, title in HTML)."""
    return [(int(level), place, title) for place, _, level, title in HEADING.findall(article)]


def plain(title):
    """A title as text."""
    soup = BeautifulSoup(title, "html.parser")
    for annotation in soup.select(".katex-html"):
        annotation.replace_with(annotation.get_text().replace("\u200b", ""))
    return re.sub(r"\s+", " ", soup.get_text()).strip()


def document(book, styles, numbers):
    """The whole book as HTML; `numbers` are the pages of its places, as far as they are known."""
    lines, bodies, rules = [], [], []
    for part, pages in book:
        if part:
            lines.append(f"<h2>{html.escape(part)}</h2>")
        for page, article, titles in pages:
            name = anchor(page, "")
            lesson = plain(titles[0][2]).replace('"', "”")
            rules.append(f'@page {name} {{ @top-right {{ content: "{lesson}"; }} }}')
            bodies.append(f'<div class="lesson" id="{name}" style="page: {name}">{article}</div>')
            lines += [line(*title, numbers) for title in titles]
    contents = f'<div class="contents"><h1>Contents</h1>{"".join(lines)}</div>'
    style = (ROOT / "tools" / "pdf.css").read_text("utf-8") + "\n".join(rules)
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>Training is a Flow</title>{styles}<style>{style}</style></head>"
        f'<body>{COVER}{contents}<div class="bd-content"><article class="bd-article">'
        f"{''.join(bodies)}</article></div></body></html>"
    )


def line(level, place, title, numbers):
    """A line of the contents."""
    title = re.sub(r"</?a\b[^>]*>", "", title)
    return (
        f'<p class="level-{level}"><a href="#{place}"><span>{title}</span>'
        f"<span>{numbers.get(place, '')}</span></a></p>"
    )


def printed(browser, site, text):
    """The PDF that Chromium makes of a document in the folder `book` of the site."""
    page = browser.new_page(color_scheme="light")

    def answer(route):
        path = site / urlsplit(route.request.url).path.lstrip("/")
        if route.request.url == PAGE:
            route.fulfill(body=text, content_type="text/html; charset=utf-8")
        elif path.is_file():
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            route.fulfill(body=path.read_bytes(), content_type=kind)
        else:
            missing.append(route.request.url)
            route.fulfill(status=404, body="")

    missing = []
    page.route("**/*", answer)
    page.set_default_timeout(600_000)
    page.goto(PAGE, wait_until="load")
    page.evaluate("document.fonts.ready.then(() => null)")
    if missing:
        sys.exit(f"the pages name files that the site lacks: {missing}")
    content = page.pdf(prefer_css_page_size=True, print_background=True)
    page.close()
    return content


def page_numbers(reader):
    """Name of a place -> (number of its page, from 1; its height there)."""
    index = {page.indirect_reference.idnum: i for i, page in enumerate(reader.pages, 1)}
    found = {}
    for name, destination in reader.named_destinations.items():
        found[unquote(name).removeprefix("/")] = (
            index[destination.page.idnum],
            float(destination.top),
        )
    return found


def with_outline(content, book, path):
    """Write the PDF with its outline: parts, lessons, sections."""
    writer = PdfWriter(clone_from=content)
    places = page_numbers(PdfReader(content))

    def add(title, place, parent=None, bold=False):
        number, top = places[place]
        return writer.add_outline_item(
            title, page_number=number - 1, parent=parent, bold=bold,
            fit=Fit.xyz(left=0, top=top), is_open=False,
        )  # fmt: skip

    writer.add_outline_item("Contents", page_number=1)  # behind the cover
    for part, pages in book:
        above = add(part, pages[0][2][0][1], bold=True) if part else None
        for _, _, titles in pages:
            lesson = None
            for level, place, title in titles:
                item = add(plain(title), place, lesson if level == 2 else above)
                lesson = item if level == 1 else lesson
    writer.add_metadata(
        {"/Title": "Training is a Flow", "/Author": "The Training is a Flow authors"}
    )
    writer.write(path)


def whole_book(root, site):
    """The lessons of the book: (part, [(page, article, headings)]), and the styles of its pages."""
    book = parts(root)
    names = [page for _, pages in book for page in pages]
    texts = {page: (site / f"{page}.html").read_text("utf-8") for page in names}
    articles = {page: printable(page, texts[page], names) for page in names}
    lessons = [
        (part, [(p, articles[p], headings(articles[p])) for p in pages]) for part, pages in book
    ]
    return lessons, "".join(STYLES.findall(texts[names[0]]))


def link(site):
    """Let the button for downloads of each page offer the file."""
    for path in site.rglob("book/*.html"):
        text = path.read_text("utf-8")
        if NAME in text:
            continue
        up = "../" * (len(path.relative_to(site).parts) - 1)
        words = WORDS["zh" if '<html lang="zh' in text else "en"]
        item = (
            f'<li><a href="{up}{NAME}" class="btn btn-sm dropdown-item" download>'
            '<span class="btn__icon-container"><i class="fas fa-file-pdf"></i></span>'
            f'<span class="btn__text-container">{words}</span></a></li>'
        )
        path.write_text(DOWNLOADS.sub(rf"\g<1>{item}\g<2>", text, count=1), "utf-8")


def main(root=ROOT):
    """Write the PDF into the site, and the links to it."""
    site = root / "_build" / "html"
    if not (site / "index.html").exists():
        sys.exit("there is no built site in _build/html: run `make book` first")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit("make pdf needs Chromium (Debian: apt-get install chromium)")
    book, styles = whole_book(root, site)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        first = printed(browser, site, document(book, styles, {}))
        found = page_numbers(PdfReader(io.BytesIO(first)))
        numbers = {place: number for place, (number, _) in found.items()}
        second = printed(browser, site, document(book, styles, numbers))
        browser.close()
    with_outline(io.BytesIO(second), book, site / NAME)
    link(site)
    print(f"{len(PdfReader(site / NAME).pages)} pages in {site / NAME}")


if __name__ == "__main__":
    main()
