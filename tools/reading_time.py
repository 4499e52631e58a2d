"""How long a page takes to read, computed from its text.

130 words, 10 lines of visible code or one displayed formula take a minute. Proofs, solutions,
folded boxes and cells, and sections marked ★ are apart; a page with a marked title counts in full.

    python tools/reading_time.py        the minutes of every page
"""

import re
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

ROOT = Path(__file__).resolve().parents[1]
PER_MINUTE = {"words": 130, "lines": 10, "formulas": 1}
APART = ("{prf:proof}", "{solution}", "{solution-end}")  # not counted
NO_TEXT = ("{bibliography}", "{chapter-map}", "{toctree}", "{autofunction}", "{automodule}")
FOLDED = ("hide-input", "hide-cell", "remove-input", "remove-cell")  # tags of a cell
OPTIONS = re.compile(r"\A---\n(?s:.*?)\n---\n|\A(?::[\w-]+:.*\n)+")  # of a directive

parser = MarkdownIt("commonmark").enable("table")
for plugin in (front_matter_plugin, myst_block_plugin, myst_role_plugin, colon_fence_plugin):
    parser.use(plugin)
parser.use(dollarmath_plugin)


def minutes(text):
    """Minutes that the text of a page, NAME.md, takes to read."""
    count = measured(text)
    return max(1, round(sum(count[what] / PER_MINUTE[what] for what in count)))


def measured(text):
    """Number of words, of lines of visible code, and of displayed formulas in a text."""
    count = dict.fromkeys(PER_MINUTE, 0)
    starred = 0  # level of the heading whose section is left out
    solution = False  # between solution-start and solution-end
    tokens = parser.parse(text)
    for i, token in enumerate(tokens):
        if token.type == "fence" and token.info.startswith("{solution-"):
            solution = token.info.startswith("{solution-start}")
        if solution:
            continue
        if token.type == "heading_open" and (not starred or int(token.tag[1]) <= starred):
            marked = "★" in tokens[i + 1].content and token.tag != "h1"
            starred = int(token.tag[1]) if marked else 0
        if starred:
            continue
        if token.type == "inline":
            count["words"] += words(token)
        elif token.type.startswith("math_block"):
            count["formulas"] += 1
        elif token.type in ("fence", "colon_fence"):
            for what, number in of_fence(token.info.strip(), token.content).items():
                count[what] += number
    return count


def of_fence(info, content):
    """The same for what stands between fences: code, or the content of a directive."""
    kind, _, title = info.partition(" ")
    options = OPTIONS.match(content)
    options, rest = (options[0], content[options.end() :]) if options else ("", content)
    if kind in (*APART, *NO_TEXT) or (kind == "{admonition}" and "dropdown" in options):
        return {}
    if kind == "{math}":
        return {"formulas": 1}
    if kind == "{code-cell}" and any(tag in options for tag in FOLDED):
        return {}
    if kind == "{code-cell}" or not kind.startswith("{"):
        return {"lines": sum(bool(line.strip()) for line in rest.splitlines())}
    return measured(f"{title}\n\n{rest}")


def words(inline):
    """Number of words of a paragraph: a formula, a reference or a piece of code is one."""
    texts = "".join(child.content for child in inline.children if child.type == "text")
    pieces = sum(
        child.type in ("math_inline", "code_inline", "myst_role") for child in inline.children
    )
    return pieces + len(re.findall(r"[A-Za-z0-9][^\s—–]*", texts))


def of_page(name, root=ROOT):
    """Minutes of the page book/NAME."""
    return minutes((root / "book" / f"{name}.md").read_text("utf-8"))


if __name__ == "__main__":
    for path in sorted((ROOT / "book").glob("*.md")):
        print(f"{of_page(path.stem):4} minutes  {path.stem:20} {measured(path.read_text('utf-8'))}")
