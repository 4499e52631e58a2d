r"""Formulas are drawn while the site is built; a Sphinx extension.

Sphinx writes a formula as \(…\) or \[…\] for a program in the reader's browser. Here KaTeX (its
files are in tools/katex) does that work once, in the V8 of the package mini-racer, and the pages
hold what it has drawn: boxes for the eye, MathML for a screen reader, and no script. A formula
that KaTeX does not know ends the build, with its page and its text.
"""

import base64
import html
import json
import re
import shutil
from functools import cache
from pathlib import Path

from py_mini_racer import MiniRacer
from sphinx.errors import ExtensionError

KATEX = Path(__file__).resolve().parent / "katex"
STYLE = "katex/katex.min.css"
# In the style itself: a font that comes later is wider than its substitute, and the text moves.
FONTS_OF_EVERY_PAGE = ("KaTeX_Main-Regular", "KaTeX_Math-Italic")
OPTIONS = {"output": "htmlAndMathml", "throwOnError": False, "strict": "error"}
# What Sphinx writes: between the tag and the formula stands, at most, the number of an equation.
FORMULA = re.compile(
    r'(<(?:span|div) class="math notranslate nohighlight"[^>]*>\s*'
    r'(?:<span class="eqno">.*?</span>)?)'
    r"\\([(\[])([^<]*?)\\[)\]](?=\s*</(?:span|div)>)",
    re.DOTALL,
)
# Asked for in the head, they are there when the text is first shown.
LOAD_FONTS = '["1em KaTeX_Main", "italic 1em KaTeX_Math"].forEach((f) => document.fonts.load(f));'
# Called once a page: V8 takes longer to answer than KaTeX to draw.
DRAW = """
const draw = (formulas, options) => formulas.map(([tex, displayMode]) => {
    try {
        return { html: katex.renderToString(tex, { ...options, displayMode, throwOnError: true }) };
    } catch (error) {
        return { error: error.message };
    }
});
"""


def setup(app):
    """Connect the parts to Sphinx's events."""
    leave_out_mathjax(app)
    app.connect("builder-inited", serve_style)
    app.connect("build-finished", draw_formulas, priority=600)  # before the Chinese edition
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def leave_out_mathjax(app):
    """Keep the way in which MathJax's extension writes formulas, without the script it adds."""
    app.setup_extension("sphinx.ext.mathjax")
    for event, listeners in app.events.listeners.items():
        app.events.listeners[event] = [
            listener
            for listener in listeners
            if listener.handler.__module__ != "sphinx.ext.mathjax"
        ]


def serve_style(app):
    """Copy KaTeX's style and fonts to _static/katex; the Chinese edition uses the same files."""
    app.add_js_file(None, body=LOAD_FONTS)
    if app.config.language != "en":
        app.add_css_file(f"../../_static/{STYLE}")
        return
    app.add_css_file(STYLE)
    target = Path(app.outdir) / "_static" / "katex"
    shutil.copytree(KATEX / "fonts", target / "fonts", dirs_exist_ok=True)
    shutil.copyfile(KATEX / "LICENSE", target / "LICENSE")
    # The other two formats of the fonts are for browsers of before 2018.
    style = (KATEX / "katex.min.css").read_text("utf-8")
    style = re.sub(r',url\([^)]*\) format\("(?:woff|truetype)"\)', "", style)
    for name in FONTS_OF_EVERY_PAGE:
        font = base64.b64encode((KATEX / "fonts" / f"{name}.woff2").read_bytes()).decode()
        style = style.replace(f"fonts/{name}.woff2", f"data:font/woff2;base64,{font}")
    own = KATEX.with_name("formulas.css").read_text("utf-8")
    (Path(app.outdir) / "_static" / STYLE).write_text(f"{style}\n{own}", "utf-8")


@cache
def engine():
    """KaTeX, ready to draw."""
    javascript = MiniRacer()
    javascript.eval((KATEX / "katex.min.js").read_text("utf-8"))
    javascript.eval(DRAW)
    return javascript


def draw(formulas, known):
    """Add to `known` the HTML of each formula (TeX, whether it is displayed) that it lacks."""
    new = [formula for formula in dict.fromkeys(formulas) if key(*formula) not in known]
    for formula, drawn in zip(new, engine().call("draw", new, OPTIONS) if new else []):
        if "error" in drawn:
            raise ExtensionError(f"KaTeX cannot draw the formula {formula[0]!r}: {drawn['error']}")
        known[key(*formula)] = drawn["html"]


def key(tex, displayed):
    """A formula's name in the store of drawn ones."""
    return ("\\[" if displayed else "\\(") + tex


def replace_formulas(page, known):
    r"""The HTML of a page, with each \(…\) and \[…\] drawn."""
    found = [(html.unescape(tex), kind == "[") for _, kind, tex in FORMULA.findall(page)]
    draw(found, known)
    drawn = iter(found)
    return FORMULA.sub(lambda match: match[1] + known[key(*next(drawn))], page)


def draw_formulas(app, exception):
    """Draw the formulas of every page; the next edition finds them in a file of this build."""
    if exception is not None or app.builder.name != "html":
        return
    english = app.config.language == "en"
    store = Path(app.outdir).parents[0 if english else 1] / "formulas.json"
    known = json.loads(store.read_text("utf-8")) if store.exists() else {}
    for path in sorted(Path(app.outdir).rglob("*.html")):
        text = path.read_text("utf-8")
        try:
            drawn = replace_formulas(text, known)
        except ExtensionError as error:
            raise ExtensionError(f"{path.relative_to(app.outdir)}: {error}") from error
        path.write_text(drawn, "utf-8")
    store.write_text(json.dumps(known, ensure_ascii=False), "utf-8")
