r"""A search that finds sections; a Sphinx extension.

Sphinx's own search finds pages, of which one here has ten screens or more. This one writes the
text of each section into search-sections.js, formulas as a reader sees them and no code, and
beside it what is in bold, which is where a word is explained; book/_static/search.js ranks the
sections. The Chinese edition also holds the English pages that it lacks, and the glossary, by which
a Chinese word finds an English section.
"""

import json
import re
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import NavigableString

from editions import is_chinese, translated_pages

FILE = "search-sections.js"
NOT_TEXT = (
    "a.headerlink, script, style, figure img, table.dataframe, div.cell_input, div.cell_output, "
    "div.highlight, details.hide, .odelib-figure, .toctree-wrapper, .eqno"
)
SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "xi": "ξ",
    "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "omega": "ω",
    "Delta": "Δ", "Lambda": "Λ", "Phi": "Φ", "Omega": "Ω", "nabla": "∇", "partial": "∂",
    "le": "≤", "ge": "≥", "ne": "≠", "approx": "≈", "to": "→", "cdot": "·", "times": "×",
    "in": "∈", "infty": "∞", "pm": "±", "max": "max", "min": "min", "ldots": "…", "dots": "…",
    "log": "log", "exp": "exp", "sin": "sin", "cos": "cos", "lVert": "‖", "rVert": "‖",
    "lvert": "|", "rvert": "|", "top": "ᵀ",
}  # fmt: skip
RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
LOWERED = str.maketrans("0123456789+-ijkn", "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙ")


def setup(app):
    """Connect the parts to Sphinx's events."""
    app.connect("config-inited", use_own_search_page)
    app.connect("html-page-context", collect)
    app.connect("build-finished", write_sections, priority=800)  # before the Chinese edition
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}


def use_own_search_page(app, config):
    """The theme's page of results, with our program in it."""
    if "book/_templates" not in config.templates_path:
        config.templates_path = [*config.templates_path, "book/_templates"]
    app.sections_of_pages = {}


def collect(app, page, template, context, document):
    """Take down the sections of a page of the book."""
    if page.startswith("book/") and context.get("body"):
        app.sections_of_pages[page] = sections(context["body"])


def sections(body):
    """[(anchor, title, text, terms)] of a page: its sections, each without those inside it."""
    soup = BeautifulSoup(body, "html.parser")
    for element in soup.select(NOT_TEXT):
        element.decompose()
    for element in soup.select(".math"):
        element.replace_with(NavigableString(f" {formula_in_words(element.get_text())} "))
    found = []
    for section in reversed(soup.select("section[id]")):  # the inner ones first
        heading = section.find(re.compile(r"^h[1-6]$"), recursive=False)
        if heading is not None:
            title = readable(heading.extract())
            terms = " ".join(readable(bold) for bold in section.select("strong, dt"))
            found.append((section["id"], title, readable(section), terms))
            section.decompose()
    return found[::-1]


def readable(element):
    """The text of an element on one line."""
    text = " ".join(element.get_text(" ").split())
    return re.sub(r" (?=[,.;:?!)，。；：？！）])|(?<=[(（]) ", "", text)


def formula_in_words(tex):
    """A simple formula in the letters of a text; of another one, three dots."""
    tex = re.sub(r"^\\[(\[]|\\[)\]]$", "", tex.strip())
    tex = re.sub(r"\\text\{([^}]*)\}", r" \1 ", tex)
    tex = re.sub(r"\\[,;:! ]|\\(?:left|right|big|Big|tfrac12(?=x))\b|~", " ", tex)
    tex = re.sub(r"\\(nabla|partial|Delta) ", lambda name: SYMBOLS[name[1]], tex)
    tex = re.sub(r"\\([A-Za-z]+)", lambda name: SYMBOLS.get(name[1], name[0]), tex)
    tex = re.sub(r"\^\{?([0-9+-]+|n)\}?", lambda power: power[1].translate(RAISED), tex)
    tex = re.sub(r"_\{?([0-9+-]+|[ijkn])\}?", lambda index: index[1].translate(LOWERED), tex)
    return "…" if re.search(r"[\\{}^_&]", tex) else " ".join(tex.split())


def write_sections(app, exception):
    """Write what the page of results reads."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    found = entries(app.sections_of_pages)
    terms = []
    if is_chinese(app.config):
        english = json.loads((out.parent / FILE).read_text("utf-8").partition("=")[2].rstrip(";\n"))
        here = translated_pages(app.srcdir)
        found += [
            {**entry, "url": f"../{entry['url']}", "language": "en"}
            for entry in english["sections"]
            if entry["url"].split(".html")[0] not in here
        ]
        terms = glossary(Path(app.srcdir) / "book" / "glossary.md")
    data = {"sections": found, "terms": terms}
    text = f"window.BOOK={json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n"
    (out / FILE).write_text(text, "utf-8")


def entries(pages):
    """The sections of all pages, as the program reads them."""
    return [
        {
            "url": f"{page}.html#{anchor}",
            "page": parts[0][1],
            "title": title,
            "text": text,
            "terms": terms,
        }
        for page, parts in sorted(pages.items())
        if parts
        for anchor, title, text, terms in parts
    ]


def glossary(path):
    """[(Chinese, English)] of the glossary's terms."""
    if not path.exists():
        return []
    lines = re.findall(r"(?m)^(\S.*?) · (.+)$", path.read_text("utf-8"))
    return [
        [chinese.strip(), re.sub(r"\(.*?\)|[*`]", "", english).strip()]
        for english, words in lines
        for chinese in re.split(r"[，、,;；/]", re.sub(r"（.*?）", "", words))
        if chinese.strip()
    ]
