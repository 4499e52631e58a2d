"""Drawings of the notebooks as part of the page, in the colours of its theme; a Sphinx extension.

A notebook stores a figure as SVG on white paper (odelib/book_style.py). Here it loses its paper
and becomes part of the page's HTML, so that its colours follow the page from light to dark: black,
white and grey are mixtures of the page's text and background, and the colours of the book are
variables, which figures.css sets for either theme. Every other colour stays.
"""

import hashlib
import re
from html import escape
from pathlib import Path

from docutils import nodes

from odelib.book_style import CYCLE, METHOD, UNSTABLE

SCALE = 1.2  # pixels for a point of the drawing
NAMED = {METHOD: "method", UNSTABLE: "unstable"} | {
    colour: f"cycle-{i}" for i, colour in enumerate(CYCLE) if colour != METHOD
}
NAMES = {colour.lower(): name for colour, name in NAMED.items()}


def themed(colour):
    """CSS for a colour #rrggbb of a drawing."""
    if name := NAMES.get(colour.lower()):
        return f"var(--figure-{name}, {colour})"
    if colour == "#000000":
        return "currentColor"
    if colour[1:3] == colour[3:5] == colour[5:7]:
        ink = round(100 - int(colour[1:3], 16) / 2.55)
        return f"color-mix(in srgb, currentColor {ink}%, var(--figure-paper))"
    return colour


def inline(svg, description):
    """A drawing of matplotlib as HTML: without paper, in the page's colours, with a description."""
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups())
    body = svg[svg.index("<svg") :].partition(">")[2].rpartition("</svg>")[0]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.S)
    body = body.replace('style="fill: #ffffff"', 'style="fill: none"')
    body = re.sub(r"#[0-9a-f]{6}(?=[;\"])", lambda colour: themed(colour[0]), body)
    # Ids are those of the page: only what the drawing itself refers to has one, of its own.
    mark = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', body))
    used = {name for names in used for name in names}
    body = re.sub(
        r' id="([^"]+)"', lambda found: f' id="{mark}{found[1]}"' * (found[1] in used), body
    )
    body = re.sub(r'xlink:href="#|url\(#', rf"\g<0>{mark}", body).replace("xlink:href", "href")
    body = re.sub(r"\s+", " ", body).replace("> <", "><").strip()
    return (
        f'<svg class="drawing" role="img" aria-label="{escape(description)}" '
        f'width="{SCALE * width:.0f}" height="{SCALE * height:.0f}" '
        f'viewBox="0 0 {width:g} {height:g}" fill="currentColor" stroke-linejoin="round">'
        f"{body}</svg>"
    )


def draw_inline(app, document, page):
    """Put the drawings of a page's notebook into the page."""
    if app.builder.format != "html":
        return
    for image in list(document.findall(nodes.image)):
        path = Path(app.srcdir, image["uri"])
        if "jupyter_execute" in path.parts and path.suffix == ".svg":
            drawing = inline(path.read_text("utf-8"), image.get("alt", ""))
            image.replace_self(nodes.raw("", drawing, format="html"))


def setup(app):
    """Connect to Sphinx, before it collects the files of images."""
    app.connect("doctree-resolved", draw_inline)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
