"""Pages that load and settle quickly; a Sphinx extension.

The theme brings Font Awesome twice, as fonts and as a script of 1.5 MB that draws the same icons,
and asks for all its fonts in advance. Here the script goes, and of the fonts stays what the pages
show. Each picture says how large it is, so that a text does not move when the picture arrives.
"""

import re
from functools import cache
from pathlib import Path

from fontTools import subset
from PIL import Image
from sphinx.errors import ExtensionError

ICON_FONTS = ("fa-solid-900", "fa-regular-400", "fa-brands-400")
# What a page does not need: the script, and fonts before it is known that an icon is shown.
UNNEEDED = re.compile(
    r'\s*<script src="[^"]*/fontawesome/[^"]*"></script>'
    r'|\s*<link rel="preload" as="font"[^>]*/fontawesome/(?![^>]*fa-solid)[^>]*>'
)
# The theme decides at the end of a page whether it is light or dark: until then it would have
# no colours, no borders and both logos.
LATE_THEME = 'dataset.theme = localStorage.getItem("theme") || "auto";'
EARLY_THEME = """dataset.theme = ((mode) => mode !== "auto" ? mode
      : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"
    )(localStorage.getItem("mode") || "auto");"""
# The first page has the title of the book, which every title ends with.
TITLE_TWICE = re.compile(r"<title>([^<]*?) &#8212; \1</title>")
# The theme scrolls its contents to the page that one reads when that is already on the screen; this
# does so before. Afterwards the theme finds nothing to do.
END_OF_CONTENTS = '<div id="rtd-footer-container"></div>'
SCROLL_CONTENTS = """<script>(() => {
  const bar = document.querySelector("div.bd-sidebar");
  const here = [...bar.querySelectorAll(".bd-docs-nav .active")].pop()?.getBoundingClientRect().y;
  const before = parseInt(sessionStorage.getItem("sidebar-scroll-top"), 10);
  if (!isNaN(before)) bar.scrollTop = before;
  else if (here > innerHeight / 2)
    bar.scrollTop = here - bar.getBoundingClientRect().y - bar.clientHeight / 4;
})();</script>"""
IMAGE = re.compile(r"<img\b[^>]*>")


def setup(app):
    """Connect the parts to Sphinx's events."""
    app.connect("build-finished", lighten, priority=700)  # before the Chinese edition
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def lighten(app, exception):
    """Treat every page that was written, then the fonts of its icons."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    pages = {path: path.read_text("utf-8") for path in out.rglob("*.html")}
    for path, page in pages.items():
        page = UNNEEDED.sub("", page)
        page = page.replace(LATE_THEME, EARLY_THEME)
        page = TITLE_TWICE.sub(r"<title>\1</title>", page)
        page = page.replace(END_OF_CONTENTS, SCROLL_CONTENTS + END_OF_CONTENTS)
        page = IMAGE.sub(lambda image, folder=path.parent: sized(image[0], folder), page)
        path.write_text(page, "utf-8")
    keep_icons(out / "_static", "".join(pages.values()))


def sized(image, folder):
    """The tag of an image with the width and the height of its file, in pixels."""
    source = re.search(r'\ssrc="([^":?#]+)', image)
    if source is None or re.search(r"\s(width|height|style)=", image):
        return image
    path = (folder / source[1]).resolve()
    if not path.exists():
        return image  # a link to a picture of another host, or one that the test of links reports
    width, height = size(path)
    return image.replace("<img", f'<img width="{width}" height="{height}"', 1)


@cache
def size(path):
    """Width and height of a picture, in whole pixels."""
    if path.suffix != ".svg":
        with Image.open(path) as image:
            return image.size
    head = re.search(r"<svg\b[^>]*>", path.read_text("utf-8"))[0]
    box = re.search(r'\bviewBox="[-\d.]+[ ,]+[-\d.]+[ ,]+([\d.]+)[ ,]+([\d.]+)"', head)
    if box is None:
        raise ExtensionError(f"{path.name} has no viewBox, which says how large it is")
    # A viewBox of a drawing program is in its own units; what counts is the given width, if any.
    width = re.search(r'\swidth="([\d.]+)(pt|px)?"', head)
    scale = float(width[1]) * (4 / 3 if width[2] == "pt" else 1) / float(box[1]) if width else 1
    return round(float(box[1]) * scale), round(float(box[2]) * scale)


def keep_icons(static, pages):
    """Cut Font Awesome's fonts down to the icons that a page or a style sheet names."""
    folders = list(static.glob("vendor/fontawesome/*"))
    if not folders:
        raise ExtensionError(
            "the theme has no vendor/fontawesome; tools/light_pages.py looks there"
        )
    style = (folders[0] / "css" / "all.min.css").read_text("utf-8")
    others = [path for path in static.rglob("*.css") if "fontawesome" not in path.parts]
    scripts = [path for path in static.rglob("*.js") if "fontawesome" not in path.parts]
    named = set(re.findall(r"\bfa-[a-z0-9-]+", pages + "".join(read(scripts))))
    characters = {ord(c) for c in re.findall(r"[\ue000-\uf8ff]", "".join(read(others)))}
    escaped = re.findall(r"\\([ef][0-9a-f]{3})\b", "".join(read(others)))
    characters |= {int(code, 16) for code in escaped}
    for names, code in re.findall(r'((?:\.fa-[\w-]+:+before,?)+)\{content:"\\([0-9a-f]+)"', style):
        if named & set(re.findall(r"fa-[\w-]+", names)):
            characters.add(int(code, 16))
    for name in ICON_FONTS:
        source = folders[0] / "webfonts" / f"{name}.ttf"
        options = subset.Options(flavor="woff2", layout_features=[], notdef_outline=True)
        font = subset.load_font(source, options)
        cut = subset.Subsetter(options)
        cut.populate(unicodes=characters)
        cut.subset(font)
        subset.save_font(font, source.with_suffix(".woff2"), options)
    for path in folders[0].rglob("*"):
        if path.suffix in (".js", ".ttf"):
            path.unlink()


def read(paths):
    """Texts of the files."""
    return [path.read_text("utf-8") for path in paths]
