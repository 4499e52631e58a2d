r"""A page's notebook for programs that know no MyST: stock Jupyter, VS Code, Colab.

`convert` leaves code and outputs as they are and rewrites the text: boxes become quotations or
folded `<details>`, theorems, equations and exercises carry the numbers that they have on the
site, references become links. What it needs to know of the book is plain data: `labels`, label ->
{"text": …, "url": … or ""}, and `works`, key -> {"authors": …, "year": …, "url": …}. Markup that it
does not know is an error, so that no page can slip through half converted.
"""

import copy
import re

from nbformat.v4 import new_markdown_cell

FENCE = re.compile(r"^( *)(`{3,}|:{3,})(?:\{([\w:-]+)\})?[ ]*(.*)$")
OPTION = re.compile(r"^:([\w-]+):[ ]*(.*)$")
TARGET = re.compile(r"^\([\w:.-]+\)=$")
ROLE = re.compile(r"\{([a-z:]+)\}`([^`]+)`")
FORMULA = re.compile(r"\$\$(.+?)\$\$(?:[ ]*\(([^)\n]+)\))?", re.DOTALL)
SOLUTION = re.compile(r"^`{3,}\{solution-(start|end)\}[ ]*(\S*)(?:\n:.*)*\n`{3,}$", re.MULTILINE)
HIDDEN = {  # tag -> what JupyterLab folds
    "hide-input": {"source_hidden": True},
    "hide-output": {"outputs_hidden": True},
    "hide-cell": {"source_hidden": True, "outputs_hidden": True},
    "checks": {"source_hidden": True, "outputs_hidden": True},
}
BOXES = ("note", "hint", "tip", "warning", "important", "caution", "attention", "seealso")
PROOF = ("prf:proof",)


def convert(notebook, labels, works):
    """The notebook with its text in plain Markdown; code cells and outputs are the same."""
    known = (labels, works)
    new = copy.deepcopy(notebook)
    new.metadata.pop("made_from", None)
    new.cells, solution = [], None
    for cell in copy.deepcopy(notebook.cells):
        if cell.cell_type != "markdown":
            if cell.cell_type == "code":
                fold(cell, solution is not None)
            new.cells.append(cell)
            new.cells += caption(cell, known)
            continue
        parts, solution = split(cell.source, solution, labels)
        texts = [text for source, title in parts if (text := with_title(source, title, known))]
        for i, text in enumerate(texts):
            number = f"-{i + 1}" if i else ""
            part = new_markdown_cell(text, id=f"{cell.id}{number}", metadata=cell.metadata)
            new.cells.append(part)
    return new


def fold(cell, is_solution):
    """Fold what the site folds, in the words of JupyterLab and of Colab."""
    tags = set(cell.metadata.get("tags", []))
    folded = {}
    for tag in tags & set(HIDDEN):
        folded |= HIDDEN[tag]
    if is_solution:
        folded |= HIDDEN["hide-cell"]
    if folded:
        cell.metadata["jupyter"] = {**cell.metadata.get("jupyter", {}), **folded}
    if folded.get("source_hidden"):
        cell.metadata["cellView"] = "form"


def caption(cell, known):
    """A cell with the caption that the site shows below the figure of a code cell, if any."""
    figure = cell.metadata.get("mystnb", {}).get("figure") or {}
    if not figure.get("caption"):
        return []
    name = known[0].get(figure.get("name"), {}).get("text", "Figure")
    text = f"*{name}.* {plain(figure['caption'], known)}"
    return [new_markdown_cell(text.strip(), id=f"{cell.id}-caption")]


def split(source, open_solution, labels):
    """A text in parts: (source, title of the solution that it belongs to, or None).

    A solution inside one text is a fold. One with code cells reaches from text to text, so its
    title comes back too: the title of the solution that is still open at the end.
    """
    parts, start = [], 0
    for match in SOLUTION.finditer(source):
        parts.append((source[start : match.start()], open_solution))
        start = match.end()
        exercise = labels.get(match[2], {}).get("text", "the exercise")
        open_solution = f"Solution to {exercise}" if match[1] == "start" else None
    parts.append((source[start:], open_solution))
    return parts, open_solution


def with_title(source, title, known):
    """A part of a text; that of a solution is folded below its title."""
    text = plain(source, known)
    return details(title, text) if title and text else text


# --- Text ------------------------------------------------------------------------------


def plain(source, known):
    """MyST as plain Markdown."""
    out, prose, lines = [], [], source.split("\n")

    def finish():
        text = inline("\n".join(prose), known)
        prose.clear()
        out.append(text)

    i = 0
    while i < len(lines):
        opening = FENCE.match(lines[i])
        if opening:
            indent, fence, name, title = opening.groups()
            end = closing(lines, i, fence)
            finish()
            if name is None:
                out.append("\n".join(lines[i : end + 1]))
            else:
                body = [line.removeprefix(indent) for line in lines[i + 1 : end]]
                box = directive(name, title.strip(), body, known)
                out.append("\n".join(indent + line if line else "" for line in box.split("\n")))
            i = end
        elif not TARGET.match(lines[i]):
            prose.append(lines[i])
        i += 1
    finish()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()


def closing(lines, start, fence):
    """Where the fence that opens in line `start` ends."""
    for i in range(start + 1, len(lines)):
        line = lines[i].strip()
        if line and set(line) == {fence[0]} and len(line) >= len(fence):
            return i
    raise ValueError(f"the fence {lines[start]!r} is never closed")


def inline(text, known):
    """Prose with its formulas and references rewritten."""
    text = FORMULA.sub(lambda match: formula(match[1], match[2], known[0]), text)
    text = ROLE.sub(lambda match: role(match[1], match[2], known), text)
    return re.sub(
        r"\[([^]\n]+)\]\(#([\w:.-]+)\)",
        lambda match: link(match[1], known[0].get(match[2], {}).get("url", "")),
        text,
    )


def formula(tex, label, labels):
    r"""A displayed formula with its number as \tag; lines outside an environment are aligned."""
    if r"\\" in tex and r"\begin" not in tex:
        tex = f"\n\\begin{{aligned}}\n{tex.strip()}\n\\end{{aligned}}\n"
    if label:
        number = lookup(labels, label)["text"].strip("()")
        tail = "\n" if tex.endswith("\n") else " "
        tex = f"{tex.rstrip()} \\tag{{{number}}}{tail}"
    return f"$${tex}$$"


def role(name, content, known):
    """A reference as a link, or as its text where it leads to nothing outside this page."""
    labels, works = known
    text, label = re.fullmatch(r"(?:(.*?)\s*<)?([^<>]+)>?", content, re.DOTALL).groups()
    if name in ("ref", "prf:ref", "eq", "numref"):
        target = lookup(labels, label.strip())
        return link(text or target["text"], target["url"])
    if name in ("cite", "cite:p", "cite:t"):
        found = [lookup(works, key.strip()) for key in label.split(",")]
        form = "{authors} ({year})" if name == "cite:t" else "{authors}, {year}"
        cited = "; ".join(link(form.format(**work), work["url"]) for work in found)
        return cited if name == "cite:t" else f"({cited})"
    raise ValueError(f"the converter does not know the role {{{name}}}: teach it to role()")


def lookup(table, key):
    """What the book knows of a label or of a work."""
    if key not in table:
        raise ValueError(f"the book has no label or work named {key!r}")
    return table[key]


def link(text, url):
    """A link, or only its text."""
    return f"[{text}]({url})" if url else text


# --- Boxes -----------------------------------------------------------------------------


def directive(name, title, lines, known):
    """A directive as plain Markdown."""
    options, lines = read_options(lines)
    body = plain("\n".join(lines), known)
    title = inline(title, known)
    label = options.get("label") or options.get("name")
    number = known[0].get(label, {}).get("text", "")
    folded = "dropdown" in options.get("class", "").split()
    if name == "admonition" or name in BOXES:
        return box(title or name.capitalize(), body, folded)
    if name.startswith("prf:"):
        kind = number or name.removeprefix("prf:").capitalize()
        return box(f"{kind} ({title})" if title else kind, body, folded or name in PROOF)
    if name == "exercise":
        heading = number or "Exercise"
        return f"#### {heading} ({title})\n\n{body}" if title else f"#### {heading}\n\n{body}"
    if name == "solution":
        exercise = known[0].get(title, {}).get("text", "the exercise")
        return details(f"Solution to {exercise}", body)
    if name == "predict":
        return predict(title, options, body)
    if name == "answer":
        return details("Answer", body)
    if name == "grid-item-card" and title:
        return f"**{title}**\n\n{body}\n"
    if name in ("div", "grid", "grid-item-card"):  # they arrange, and say nothing
        return body
    raise ValueError(
        f"the converter does not know the directive {{{name}}}: teach it to directive()"
    )


def read_options(lines):
    """The options of a directive, and its other lines."""
    options = {}
    while lines and (option := OPTION.match(lines[0])):
        options[option[1]] = option[2]
        lines = lines[1:]
    return options, lines


def predict(title, options, body):
    """A question with its choices; the answer, which is folded, comes last."""
    question, fold_of_answer, answer = body.partition("<details>")
    parts = [question.strip()]
    if "choices" in options:
        choices = [choice.strip() for choice in options["choices"].split("|")]
        parts.append("\n".join(f"{i}. {choice}" for i, choice in enumerate(choices, 1)))
        if "answer" in options:
            chosen = choices[int(options["answer"]) - 1]
            answer = answer.replace("</summary>\n", f"</summary>\n\n**{chosen}.**", 1)
    elif "number" in options:
        answer = answer.replace("</summary>\n", f"</summary>\n\n**{options['number']}.**", 1)
    parts.append(fold_of_answer + answer)
    return box(f"Predict: {title}" if title else "Predict", "\n\n".join(parts), folded=False)


def box(title, body, folded):
    """A box as a quotation, or folded."""
    stop = "" if title[-1] in ".…?!" else "."
    return details(title, body) if folded else quote(f"**{title}{stop}**\n\n{body}")


def details(title, body):
    """A folded text below its title."""
    title = re.sub(r"\*\*|`", "", title)
    return f"\n<details>\n<summary><b>{title}</b></summary>\n\n{body}\n\n</details>\n"


def quote(text):
    """A quotation; each displayed formula stands on one line, which Jupyter would take apart."""
    text = FORMULA.sub(lambda match: f"$${' '.join(match[1].split())}$$", text)
    lines = [f"> {line}".rstrip() for line in text.strip().split("\n")]
    return "\n" + "\n".join(lines) + "\n"
