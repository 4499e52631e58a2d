"""Predict: a question that takes a guess before it shows its answer; a Sphinx extension.

    ````{predict} A title, or none
    :choices: It settles | It cycles | It explodes
    :answer: 3
    The question.
    ```{answer}
    The answer and its reason.
    ```
    ````

In place of choices and answer it may have `:number: 0.9685` and `:within: 0.01`: a number is
asked for, and right within so much. What the page holds is plain HTML, a list of choices and a
closed <details>; book.js makes buttons of the choices, or a field for the number. Title, choices,
question and answer are nodes of the page like any other, so Sphinx translates them.
"""

from html import escape

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from words import say

OPTIONS = dict.fromkeys(("choices", "answer", "number", "within"), directives.unchanged_required)


class guess(nodes.General, nodes.Element):
    """The choices, or the place of the field; has `answer`, or `number` and `within`."""


class answer(nodes.General, nodes.Element):
    """What the box hides."""


class Predict(SphinxDirective):
    """The box: a title, the question, the guess, the answer."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = OPTIONS

    def run(self):
        """An admonition of the class `predict`."""
        choices, data = asked(self.options, self.error)
        box = nodes.admonition("", classes=["predict"])
        if self.arguments:
            box += self.text(nodes.title, self.arguments[0])
        self.state.nested_parse(self.content, self.content_offset, box)
        answers = [child for child in box if isinstance(child, answer)]
        if len(answers) != 1:
            raise self.error(f"predict needs one block {{answer}}, got {len(answers)}")
        items = [nodes.list_item("", self.text(nodes.paragraph, choice)) for choice in choices]
        place = guess("", **data)
        if items:
            place += nodes.enumerated_list("", *items, enumtype="arabic")
        box.insert(box.index(answers[0]), place)
        self.set_source_info(box)
        return [box]

    def text(self, kind, text):
        """A node of that kind with the text, in which formulas may stand."""
        children, _ = self.state.inline_text(text, self.lineno)
        node = kind(text, "", *children)
        self.set_source_info(node)
        return node


def asked(options, error):
    """The choices and the data of a guess, from the options; wrong ones raise `error`."""
    if set(options) == {"choices", "answer"}:
        choices = [choice.strip() for choice in options["choices"].split(" | ")]
        right = options["answer"]
        if not (right.isdecimal() and 1 <= int(right) <= len(choices)):
            raise error(f"answer must be a number from 1 to {len(choices)}, got {right}")
        return choices, {"answer": int(right)}
    if set(options) == {"number", "within"}:
        for name, text in options.items():
            try:
                float(text)
            except ValueError:
                raise error(f"{name} must be a number, got {text}") from None
        if float(options["within"]) <= 0:
            raise error(f"within must be positive, got {options['within']}")
        return [], dict(options)
    names = ", ".join(sorted(options)) or "none"
    raise error(f"predict needs the options choices and answer, or number and within; got {names}")


class Answer(SphinxDirective):
    """The answer, inside `predict`."""

    has_content = True

    def run(self):
        """The node that becomes a <details>."""
        node = answer()
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def visit_guess(self, node):
    """What book.js needs: the right answer and the words with which to comment a guess."""
    texts = {
        "label": "Your guess", "check": "Check",
        "right": "Your guess is right.", "wrong": "Your guess is not right.",
    }  # fmt: skip
    data = {key: node[key] for key in ("answer", "number", "within") if key in node}
    data |= {key: say(self.builder.app, text) for key, text in texts.items()}
    attributes = " ".join(f'data-{key}="{escape(str(value))}"' for key, value in data.items())
    self.body.append(f'<div class="guess" {attributes}>\n')


def depart_guess(self, node):
    """End of the guess."""
    self.body.append("</div>\n")


def visit_answer(self, node):
    """A fold that works without JavaScript."""
    summary = escape(say(self.builder.app, "Show the answer"))
    self.body.append(f'<details class="answer"><summary>{summary}</summary>\n')


def depart_answer(self, node):
    """End of the fold."""
    self.body.append("</details>\n")


def label_boxes(app, document, page):
    """Put the word "Predict" before the titles of the boxes, and in place of a missing one."""
    word = say(app, "Predict")
    for box in document.findall(nodes.admonition):
        if "predict" in box["classes"]:
            if not isinstance(box[0], nodes.title):
                box.insert(0, nodes.title())
            elif box[0].astext():
                box[0].insert(0, nodes.Text(": " if word.isascii() else "："))
            box[0].insert(0, nodes.inline("", word, classes=["label"]))


def setup(app):
    """Add the directives and their nodes."""
    app.add_node(guess, html=(visit_guess, depart_guess))
    app.add_node(answer, html=(visit_answer, depart_answer))
    app.add_directive("predict", Predict)
    app.add_directive("answer", Answer)
    app.connect("doctree-resolved", label_boxes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
