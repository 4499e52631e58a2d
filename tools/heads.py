"""What search engines and the previews of links read; a Sphinx extension.

Each page says in its head what it is about, with a picture. `html: baseurl` of _config.yml is the
one setting: the address at which the book is published. With it, the pages also name their own
address and that of the other edition in full, and there is a sitemap. robots.txt, and a page for
addresses that lead nowhere, are there in any case.
"""

import html
import re
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup

from editions import is_chinese, translated_pages
from search_sections import NOT_TEXT, formula_in_words, readable

PICTURE = "_static/pair.png"
DESCRIPTION = 160  # characters, of which a page of results shows as many
NOT_FOUND = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>No such page — Training is a Flow</title>
<style>
  body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem }}
  body {{ margin: 15vh auto; padding: 1rem }}
  :root {{ color-scheme: light dark }}
</style>
</head>
<body>
<main>
<h1>There is no page here</h1>
<p>Chapters have been divided and renamed. <a href="{root}book/index.html">The first page</a> lists
them all, and <a href="{root}search.html">the search</a> finds a section by its words.</p>
<p lang="zh">这里没有网页。请从<a href="{root}{chinese}book/index.html">中文首页</a>开始。</p>
</main>
</body>
</html>
"""


def setup(app):
    """Connect the parts to Sphinx's events."""
    app.connect("config-inited", end_address_with_slash, priority=440)  # before the editions
    app.connect("html-page-context", describe, priority=600)
    app.connect("build-finished", write_files, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def end_address_with_slash(app, config):
    """The address of the book, or of its Chinese edition, ends with a slash if there is one."""
    if config.html_baseurl:
        config.html_baseurl = config.html_baseurl.rstrip("/") + "/"
        if is_chinese(config):
            config.html_baseurl += "zh/"


def describe(app, page, template, context, document):
    """Say in the page's head what it is about."""
    if not page.startswith("book/") or not context.get("body"):
        return
    title = BeautifulSoup(context.get("title") or "", "html.parser").get_text()
    about = description(context["body"]) or f"{title}: {app.config.html_title}"
    tags = {
        "og:title": title,
        "og:description": about,
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:locale": "zh_CN" if is_chinese(app.config) else "en_GB",
    }
    if app.config.html_baseurl:
        site = app.config.html_baseurl.removesuffix("zh/" if is_chinese(app.config) else "")
        tags["og:url"] = f"{app.config.html_baseurl}{page}.html"
        tags["og:image"] = site + PICTURE
        tags["og:image:alt"] = "The flow and the steps of gradient descent on a valley's contours"
    lines = [f'<meta name="description" content="{html.escape(about)}">']
    lines += [f'<meta property="{key}" content="{html.escape(tags[key])}">' for key in tags]
    context["metatags"] = context.get("metatags", "") + "".join(f"\n{line}" for line in lines)


def description(body):
    """The first sentences of a page, to the end of a word."""
    soup = BeautifulSoup(body, "html.parser")
    for element in soup.select(NOT_TEXT + ", .admonition, .about-edition, table"):
        element.decompose()
    for element in soup.select(".math"):
        element.replace_with(f" {formula_in_words(element.get_text())} ")
    texts = [readable(paragraph) for paragraph in soup.select("section > p, section li, dd > p")]
    text = re.sub(r"^(?:The question|问题) ?[.：:。]\s*", "", " ".join(texts))
    if len(text) <= DESCRIPTION:
        return text
    cut = text[:DESCRIPTION]
    return (cut.rsplit(" ", 1)[0] if cut.isascii() or " " in cut[-30:] else cut).rstrip(
        ",;：，"
    ) + " …"


def write_files(app, exception):
    """Write what stands at the root of a site."""
    if exception is not None or app.builder.name != "html" or is_chinese(app.config):
        return
    out, address = Path(app.outdir), app.config.html_baseurl
    robots = "User-agent: *\nAllow: /\n"
    chinese = sorted(translated_pages(app.srcdir))
    if address:
        robots += f"Sitemap: {address}sitemap.xml\n"
        pages = sorted(page for page in app.env.found_docs if page.startswith("book/"))
        urls = [f"{page}.html" for page in pages] + [f"zh/{page}.html" for page in chinese]
        entries = "".join(f"  <url><loc>{html.escape(address + url)}</loc></url>\n" for url in urls)
        (out / "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n',
            "utf-8",
        )
    (out / "robots.txt").write_text(robots, "utf-8")
    # It is shown at any address, in any folder, so that its links begin at the host.
    root = urlsplit(address).path or "/"
    page = NOT_FOUND.format(root=root, chinese="zh/" if chinese else "")
    (out / "404.html").write_text(page, "utf-8")
