"""A picture with a slider: its HTML, which holds all that it needs."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import numpy as np

from odelib.interactive.panel import PANEL, panel_html
from odelib.interactive.words import Words


@dataclass(frozen=True)
class SliderFigure:
    """A picture with a slider, shown by its `_repr_html_`; `kind` names its JavaScript file."""

    kind: str
    texts: dict  # every word of the figure, see words.py
    fields: dict  # text of each {field} at the first value
    panels: tuple  # of Panel
    slider: tuple  # first and last value, and the step between two
    value: float  # the first to be shown
    marks: tuple  # values of the buttons
    readout: tuple  # of fields, each with the texts FIELD.before and FIELD.below
    style: str  # "method" or "unstable" at the first value
    data: dict  # what the moving part computes with
    table: tuple  # of rows of texts or keys of texts, the first being the heads
    choices: tuple = ()  # of a second control: names, or keys of texts; the first is chosen
    stops: tuple = ()  # if any: all values of the slider, whose position is the number of one
    border: float | None = None  # with stops: a value that the track marks
    held: tuple = ()  # if any: a point (x, y) of the first panel that one drags, and its grid
    more: tuple = ()  # of further sliders: (key of its text, first and last value and step, value)

    def __repr__(self):
        words = self._words
        rows = ("  ".join(map(words.plain, row)) for row in self.table)
        return "\n".join([words.plain("title"), *rows])

    def _repr_html_(self):
        words = self._words
        body = "\n".join(
            [
                f"<style>\n{self._files('css')}</style>",
                self._control(),
                self._readout(),
                '<div class="panels">',
                *(
                    panel_html(panel, words, held=bool(self.held) and i == 0)
                    for i, panel in enumerate(self.panels)
                ),
                "</div>",
                self._table(),
                words.element("noscript", "noscript"),
            ]
        )
        spec = {
            "panels": [{"window": list(panel.window), "size": PANEL} for panel in self.panels],
            "fields": self.fields,
            "data": self.data,
        }
        texts, spec = (json.dumps(part, ensure_ascii=False) for part in (self.texts, spec))
        script = self._files("js", self.kind)
        name = hashlib.sha256((body + texts + spec + script).encode()).hexdigest()[:8]
        return (
            f'<div class="odelib-figure{" three" * self._tracked}" role="group" '
            f'{words.label("title")} data-figure="{name}" '
            f'data-style="{self.style}" data-texts="{escape(texts)}">\n'
            f"{body}\n<script>\n(() => {{\n{script}"
            f"{self._calls(name, spec)}}})();\n</script>\n</div>"
        )

    @property
    def _words(self):
        return Words(self.texts, self.fields)

    @property
    def _tracked(self):
        return bool(self.stops)

    def _files(self, kind, *more):
        """Text of the files of a kind that the figure needs, one after the other."""
        parts = ["track"] * self._tracked + ["handle"] * bool(self.held)
        return "".join(_file(f"{part}.{kind}") for part in ("figure", *more, *parts))

    def _calls(self, name, spec):
        """The calls that make the figure move, its slider with stops speak, its point follow."""
        if self.held:
            return (
                f'const spec = {spec};\nsliderFigure("{name}", spec, moving);\n'
                f'handle("{name}", spec, {list(self.held)});\n'
            )
        track = f'track("{name}", {list(self.stops)}, {self.data.get("decimals")});\n'
        return f'sliderFigure("{name}", {spec}, moving);\n{track * self._tracked}'

    def _position(self, value):
        """Of a value on the slider: itself, or the number of its stop."""
        return self.stops.index(value) if self.stops else value

    def _control(self):
        words = self._words
        range_of = (0, len(self.stops) - 1, 1) if self.stops else self.slider
        values = (*range_of, self._position(self.value))
        names = ("min", "max", "step", "value")
        bounds = " ".join(f'{name}="{value}"' for name, value in zip(names, values, strict=True))
        control = f'<input type="range" {bounds} autocomplete="off">'
        play = ""
        if self.stops:
            at = np.interp(self.border, self.stops, range(len(self.stops))) / range_of[1]
            control = f'<span class="track" style="--at:{at:.1%}">{control}</span>'
            play = words.element("button", "play", 'type="button" class="play"')
        buttons = "".join(
            f'<button type="button" value="{self._position(mark)}">{mark}</button>'
            for mark in self.marks
        )
        return (
            f'<div class="control"><label>{words.element("span", "slider")}{control}</label>'
            f"{self._more()}"
            f"<span>{words.element('span', 'try')} {buttons}{play}</span>{self._choice()}</div>"
        )

    def _more(self):
        return "".join(
            f"<label>{self._words.element('span', key)}"
            f'<input type="range" min="{first}" max="{last}" step="{step}" value="{value}" '
            'autocomplete="off"></label>'
            for key, (first, last, step), value in self.more
        )

    def _choice(self):
        if not self.choices:
            return ""
        radios = "".join(
            f'<label><input type="radio" value="{escape(choice)}" autocomplete="off"'
            f"{' checked' if choice == self.choices[0] else ''}>"
            f"{self._words.either('span', choice)}</label>"
            for choice in self.choices
        )
        return f"<fieldset>{self._words.element('legend', 'choice')}{radios}</fieldset>"

    def _readout(self):
        words = self._words
        items = "\n".join(
            f"<span>{words.element('small', f'{field}.before')} "
            f"<strong>{words.field(field)}</strong> "
            f"{words.element('small', f'{field}.below')}</span>"
            for field in self.readout
        )
        return f'<div class="readout" role="status" aria-live="polite">\n{items}\n</div>'

    def _table(self):
        words = self._words
        heads, *rows = self.table
        heads = "".join(words.element("th", head, 'scope="col"') for head in heads)
        rows = ["".join(words.either("td", cell) for cell in row) for row in rows]
        lines = "\n".join(f"<tr>{row}</tr>" for row in [heads, *rows])
        summary = words.element("summary", "as table")
        return f"<details>{summary}<table>\n{lines}\n</table></details>"


@cache
def _file(name):
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
