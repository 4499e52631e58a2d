"""What search engines and previews read: the head of each page, sitemap, robots, the page 404."""

import html
import re

import pytest

from conftest import ROOT, missing
from heads import description
from small_book import build, small_book

SITE = ROOT / "_build" / "html"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.glob("**/book/*.html"))
ADDRESS = "https://owner.example/name"


def tags(page):
    """The tags of a page's head: name or property -> content."""
    return dict(re.findall(r'<meta (?:name|property)="([\w:]+)" content="([^"]*)">', page))


def test_description_is_the_beginning_of_the_text_in_whole_words():
    start = "<section><h1>T</h1><p><strong>The question.</strong> Why is "
    body = (
        f'{start}<span class="math">\\(\\alpha\\)</span> small?</p><p>{"word " * 60}</p></section>'
    )
    text = description(body)
    assert text.startswith("Why is α small? word word")
    assert text.endswith("word …") and len(text) <= 162


@pytest.mark.browser
def test_every_page_has_a_title_and_a_description_of_its_own():
    if not PAGES:
        missing("there is no built site in _build/html: run `make book` first")
    texts = [(SITE / page).read_text("utf-8") for page in PAGES]
    titles = [re.search("<title>(.*?)</title>", text)[1] for text in texts]
    abouts = [html.unescape(tags(text)["description"]) for text in texts]
    assert len(set(titles)) == len(set(abouts)) == len(PAGES)
    for text, title, about in zip(texts, titles, abouts):
        assert 20 <= len(about) <= 162, about
        assert not re.search(r"\\\w|\$", about)
        assert html.unescape(tags(text)["og:description"]) == about
        assert title.count("Training is a Flow") <= 1 and title.count("训练即流") <= 1


@pytest.mark.slow
@pytest.mark.parametrize("address", ["", ADDRESS, ADDRESS + "/"])
def test_one_setting_names_the_address_of_the_site(tmp_path, address):
    book = tmp_path / "book"
    small_book(book, "chapter")
    config = (book / "_config.yml").read_text("utf-8")
    assert config.count('baseurl: ""') == 1
    (book / "_config.yml").write_text(
        config.replace('baseurl: ""', f'baseurl: "{address}"'), "utf-8"
    )
    (book / "book" / "chapter.md").write_text("# A chapter\n\nIt says what it is about.\n", "utf-8")
    built = build(book)
    assert built.returncode == 0, built.stdout + built.stderr
    site = book / "_build" / "html"
    page = (site / "book" / "chapter.html").read_text("utf-8")
    robots = (site / "robots.txt").read_text("utf-8")
    not_found = (site / "404.html").read_text("utf-8")
    assert tags(page)["description"] == "It says what it is about."
    assert tags(page)["og:site_name"] == "Training is a Flow"
    assert re.findall(r'(?:href|src)="(?!/|https?:|#)[^"]*"', not_found) == []
    if address:
        here = f"{ADDRESS}/book/chapter.html"
        assert f'<link rel="canonical" href="{here}"' in page
        assert tags(page)["og:url"] == here
        picture = tags(page)["og:image"].removeprefix(f"{ADDRESS}/")
        assert (site / picture).is_file()
        assert f"Sitemap: {ADDRESS}/sitemap.xml" in robots
        sitemap = (site / "sitemap.xml").read_text("utf-8")
        pages = re.findall(f"<loc>{ADDRESS}/(.*?)</loc>", sitemap)
        assert pages == ["book/chapter.html", "book/index.html"]
        assert 'href="/name/book/index.html"' in not_found
    else:
        assert "canonical" not in page and "og:url" not in tags(page)
        assert "Sitemap" not in robots and not (site / "sitemap.xml").exists()
        assert 'href="/book/index.html"' in not_found
