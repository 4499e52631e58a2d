"""Two editions of the book from the same pages, English and Chinese; a Sphinx extension.

Sphinx itself translates the text of a page from its catalogue, book/locales/zh_CN/LC_MESSAGES/
book/NAME.po. A page belongs to the Chinese edition when it has one. This extension does the rest:

- what Sphinx leaves out (titles of exercises, descriptions of figures, words of interactive
  figures, captions of the contents) comes from the same catalogues; titles of the pages that are
  not translated, and what belongs to no page, from site.po;
- the Chinese edition is built after the English one, into zh/ of its site. It reads all pages, so
  that numbers and references are those of the English edition, and writes the translated ones;
  links to the others lead to the English page and say so;
- each page has a link to the other edition, for readers and (hreflang) for search engines.
"""

import html
import json
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import polib
from docutils import nodes
from sphinx import addnodes
from sphinx.builders.gettext import MsgOrigin
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx_exercise.nodes import exercise_subtitle

from words import WORDS

LANGUAGE = "zh_CN"
CATALOGUES = PurePosixPath("book/locales", LANGUAGE, "LC_MESSAGES")
SUMMARY = "60秒摘要"  # the box that repeats an English box in Chinese: one is enough for a reader
BIBLIOGRAPHY = "book/references"  # a list of works needs no mark of its language
# What belongs to no page, for site.po: (name of a setting of Sphinx, English text).
SETTINGS = (
    ("project", "Training is a Flow"),
    ("html_title", "Training is a Flow"),
    ("author", "The Training is a Flow authors"),
    ("nb_code_prompt_show", "Show the code"),
    ("nb_code_prompt_hide", "Hide the code"),
    ("togglebutton_hint", "Click to show"),
    ("togglebutton_hint_hide", "Click to hide"),
)
SEARCH_BAR = "Search this book..."
# Labels that the theme and other extensions have in English only.
LABELS = (
    "Main",
    "Page",
    "Toggle primary sidebar",
    "Toggle secondary sidebar",
    "Toggle hidden content",
)
IN_ENGLISH = " (in English)"
ABOUT = (
    "Pages marked “(in English)” are not translated yet. Code, its comments and outputs, and the "
    "words in drawn figures are in English."
)

BUTTONS = re.compile(r'(<div class="first-buttons[^>]*>\s*<p>.*?)(?=</p>)', re.DOTALL)

# What a page of the Chinese edition needs beside its translation: (pattern, replacement).
REPAIRS = (
    (r'(<a class="reference internal[^>]*)(?= href="\.\./\.\./)', r'\1 hreflang="en"'),
    # The title of an exercise stands between brackets as wide as a character.
    (r'(<p class="admonition-title">.*?) \((.*)\)(?=(</a>)?</p>)', r"\1（\2）"),
)


def setup(app):
    """Connect the parts to Sphinx's events."""
    app.add_transform(PreparePage)
    app.add_transform(TranslateTheRest)
    app.connect("config-inited", configure, priority=450)
    app.connect("builder-inited", link_to_english_pages)
    app.connect("env-updated", collect_messages_of_no_page)
    app.connect("doctree-resolved", mark_english_links)
    app.connect("html-page-context", offer_other_edition)
    app.connect("build-finished", translate_labels)
    app.connect("build-finished", build_chinese_edition, priority=900)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}


def translated_pages(root):
    """Names of the pages of the Chinese edition: those with a catalogue."""
    folder = Path(root) / CATALOGUES
    names = (path.relative_to(folder).with_suffix("") for path in folder.glob("book/*.po"))
    return {name.as_posix() for name in names}


def is_chinese(config):
    """Whether this is the build of the Chinese edition."""
    return config.language == LANGUAGE


def translator(root, domain):
    """A function from an English text to its Chinese one, by the catalogue of that name."""
    path = Path(root) / CATALOGUES / f"{domain}.po"
    catalogue = polib.pofile(str(path)) if path.exists() else []
    known = {entry.msgid: entry.msgstr for entry in catalogue if entry.translated()}
    return lambda text: known.get(text, text)


def configure(app, config):
    """Settings of both editions, then those of the Chinese one."""
    options = config.html_theme_options
    if translated_pages(app.srcdir):
        config.templates_path = [*config.templates_path, "book/_templates"]
        options["article_header_end"] = ["language-switch.html", "article-header-buttons.html"]
    if is_chinese(config):
        say = translator(app.srcdir, "site")
        for name, text in SETTINGS:
            config[name] = say(text)
        options["search_bar_text"] = say(SEARCH_BAR)
        # Indices would list pages that are not here.
        config.html_use_index = config.html_domain_indices = False


# --- What Sphinx does not translate ----------------------------------------------------


class PreparePage(SphinxTransform):
    """Do what has to be done before Sphinx translates a page."""

    default_priority = 5

    def apply(self, **kwargs):
        """Remove the second summary; translate formulas, of which Sphinx makes literal blocks."""
        if is_chinese(self.config) or self.app.builder.name == "gettext":
            for box in list(self.document.findall(nodes.admonition)):
                if box.children and box[0].astext() == SUMMARY:
                    box.parent.remove(box)
        if is_chinese(self.config):
            say = translator(self.app.srcdir, self.env.docname)
            for formula in self.document.findall(nodes.math_block):
                formula.rawsource = say(formula.rawsource or formula.astext())
                formula[:] = [nodes.Text(formula.rawsource)]


class TranslateTheRest(SphinxTransform):
    """Translate what Sphinx leaves out; in a gettext build, add it to the catalogues."""

    default_priority = 150  # after the table of contents is inserted (100)

    def apply(self, **kwargs):
        """Treat one page."""
        page, root = self.env.docname, self.app.srcdir
        if self.app.builder.name == "gettext":
            origin = MsgOrigin(page, 0)
            translate_the_rest(self.document, lambda text: add(self.app, page, text, origin))
            if page not in translated_pages(root):
                title = next(self.document.findall(nodes.title))
                add(self.app, "site", title.astext(), origin)
        elif is_chinese(self.config):
            say = translator(root, page)
            translate_the_rest(self.document, say)
            for exercise in getattr(self.env, "sphinx_exercise_registry", {}).values():
                if exercise["docname"] == page:  # a copy, from which solutions take its title
                    translate_the_rest(exercise["node"], say)
            say = translator(root, "site")
            if page not in translated_pages(root):
                title = next(self.document.findall(nodes.title))
                replace_text(title, lambda text: say(text) + say(IN_ENGLISH))
            elif page == self.config.root_doc:
                chapter = next(self.document.findall(nodes.section))
                first = chapter.first_child_matching_class(nodes.section)  # below the first screen
                note = nodes.paragraph("", say(ABOUT), classes=["about-edition"])
                chapter.insert(len(chapter) if first is None else first, note)


def add(app, page, text, origin):
    """Add a message to the page's catalogue, and return it."""
    app.builder.catalogs[page].add(text, origin)
    return text


def translate_the_rest(document, say):
    """Replace what Sphinx does not translate by what `say` makes of it."""
    for title in document.findall(exercise_subtitle):
        replace_text(title, say)
    for contents in document.findall(addnodes.toctree):
        if contents.get("caption"):
            contents["caption"] = say(contents["caption"])
    for image in document.findall(nodes.image):
        if image.get("alt"):
            image["alt"] = say(image["alt"])
    for raw in document.findall(nodes.raw):
        replace_text(raw, lambda source: translate_figure(source, say))


def replace_text(node, say):
    """Replace each piece of text in the node."""
    for text in list(node.findall(nodes.Text)):
        text.parent.replace(text, nodes.Text(say(text.astext())))


def translate_figure(source, say):
    """The HTML of an interactive figure, with the words in its data-texts translated."""

    def translated(found):
        texts = json.loads(html.unescape(found[1]))
        texts = {key: say(text) if has_words(text) else text for key, text in texts.items()}
        return f'data-texts="{html.escape(json.dumps(texts, ensure_ascii=False))}"'

    return re.sub(r'data-texts="([^"]*)"', translated, source)


def has_words(text):
    """Whether a text has words, and not only the letters of a formula."""
    return bool(re.search(r"[A-Za-z]{2}", re.sub(r"<[^>]*>|\{\w+\}", "", text)))


def collect_messages_of_no_page(app, env):
    """In a gettext build, what site.po has to translate beside the titles of pages."""
    if app.builder.name == "gettext":
        settings = (text for _, text in SETTINGS)
        for text in [*settings, SEARCH_BAR, *LABELS, *WORDS, IN_ENGLISH, ABOUT]:
            add(app, "site", text, MsgOrigin("site", 0))


def translate_labels(app, exception):
    """In the pages of the Chinese edition, translate LABELS."""
    if exception or not is_chinese(app.config) or app.builder.format != "html":
        return
    say = translator(app.srcdir, "site")
    label = re.compile(rf'(aria-label|title)="({"|".join(LABELS)})"')
    for path in Path(app.outdir).rglob("*.html"):
        page = label.sub(lambda found: f'{found[1]}="{say(found[2])}"', path.read_text("utf-8"))
        path.write_text(page, "utf-8")


# --- Links between the editions --------------------------------------------------------


def link_to_english_pages(app):
    """In the Chinese edition, a page that it lacks has the address of the English one."""
    if is_chinese(app.config) and app.builder.format == "html":
        here = translated_pages(app.srcdir)

        def address(page, kind=None):
            return ("../" if page in app.env.found_docs - here else "") + f"{page}.html"

        app.builder.get_target_uri = address
        app.builder.load_indexer = lambda pages: None  # there is no older index to complete
        write_words_of_the_book(app)


def mark_english_links(app, document, page):
    """In the Chinese edition, the text of a link to an English page says so."""
    if is_chinese(app.config):
        mark = translator(app.srcdir, "site")(IN_ENGLISH)
        for link in document.findall(nodes.reference):
            target = link.get("refuri", "").split("#")[0]
            english = target.startswith("../../") and BIBLIOGRAPHY not in target
            if english and mark not in link.astext():
                link += nodes.inline("", mark)


def offer_other_edition(app, page, template, context, document):
    """Where the page is in the other edition, for language-switch.html and in the head."""
    here = translated_pages(app.srcdir)
    if app.builder.format != "html" or not here:
        return
    up = "../" * page.count("/")
    languages = {"en": f"{up}{page}.html", "zh-CN": f"{up}zh/{page}.html"}
    if is_chinese(app.config):
        languages = {"en": f"{up}../{page}.html", "zh-CN": f"{up}{page}.html"}
        context["other_edition"] = {"name": "English", "language": "en", "url": languages["en"]}
        add_button(context)
        for pattern, replacement in REPAIRS:
            context["body"] = re.sub(pattern, replacement, context.get("body") or "")
    elif page in here | {"search"}:
        context["other_edition"] = {"name": "中文", "language": "zh-CN", "url": languages["zh-CN"]}
        add_button(context)
    else:
        first = f"{up}zh/{app.config.root_doc}.html"
        context["other_edition"] = {"name": "中文首页", "language": "zh-CN", "url": first}
        return
    if app.config.html_baseurl:  # a search engine wants whole addresses
        site = app.config.html_baseurl.removesuffix("zh/" if is_chinese(app.config) else "")
        languages = {"en": f"{site}{page}.html", "zh-CN": f"{site}zh/{page}.html"}
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<link rel="alternate" hreflang="{language}" href="{url}">'
        for language, url in languages.items()
    )


def add_button(context):
    """The other edition as the last of the first page's buttons."""
    other = context["other_edition"]
    link = '<a class="reference" href="{url}" hreflang="{language}" lang="{language}">{name}</a>'
    body = context.get("body") or ""
    context["body"] = BUTTONS.sub(rf"\1 {link.format(**other)}", body)


# --- The build of the Chinese edition --------------------------------------------------


def write_words_of_the_book(app):
    """The glossary's Chinese terms, for the search's division of sentences into words."""
    import jieba  # takes a moment, and only this edition needs it

    jieba.setLogLevel("WARNING")
    glossary = (Path(app.srcdir) / "book" / "glossary.md").read_text("utf-8")
    terms = re.findall(r"(?m)^\S.* · (.+)$", glossary)
    words = Path(app.doctreedir) / "words.txt"
    words.write_text("\n".join(terms), "utf-8")
    app.config.html_search_options = {"dict": str(words)}


def build_chinese_edition(app, exception):
    """After the English edition is written, write the Chinese one into its folder zh."""
    chinese_or_other = app.builder.name != "html" or is_chinese(app.config)
    if exception or chinese_or_other or not translated_pages(app.srcdir):
        return
    command = [sys.executable, "tools/translations.py", "build", str(Path(app.outdir) / "zh")]
    if subprocess.run(command, cwd=app.srcdir).returncode:
        raise ExtensionError("the Chinese edition could not be built; see above")
