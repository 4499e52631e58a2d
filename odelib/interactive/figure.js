// A figure with one slider: Python has drawn what stands still, this draws what moves.
// `spec` is written by figure.py; `moving` is the figure's own file. It takes the figure's data,
// the slider's value, the choice (if there are any), the texts and the values of further sliders,
// and returns
//   marks:   for each panel a list of {shape, style, points, text}, in the panel's own units;
//   fields:  text for the elements marked data-field;
//   numbers: what the text rounds, unrounded, for the data-* attributes of the figure;
//   style:   "method" or "unstable", the colour of the verdict.
function sliderFigure(name, spec, moving) {
  const field = /\{(\w+)\}/g;

  // Every word, from data-texts: an edition in another language has replaced what stands there.
  function speak(figure, texts) {
    for (const element of figure.querySelectorAll("[data-text]")) {
      const text = texts[element.dataset.text].replace(field, '<span data-field="$1"></span>');
      element.innerHTML = element instanceof SVGElement // which has no <sub>
        ? text.replace(/<sub>(.*?)<\/sub>/g, '<tspan dy="3" font-size="10">$1</tspan>') : text;
    }
    for (const element of [figure, ...figure.querySelectorAll("[data-label]")]) {
      const text = texts[element.dataset.label];
      element.setAttribute("aria-label", text.replace(field, (_, key) => spec.fields[key]));
    }
  }

  document.querySelectorAll(`[data-figure="${name}"]`).forEach((figure, index) => {
    const texts = JSON.parse(figure.dataset.texts);
    const [slider, ...more] = figure.querySelectorAll("input[type=range]");
    const radios = [...figure.querySelectorAll("input[type=radio]")];
    const update = () => {
      const choice = radios.find((radio) => radio.checked)?.value;
      const values = more.map((other) => Number(other.value));
      const now = moving(spec.data, Number(slider.value), choice, texts, values);
      figure.querySelectorAll(".moving").forEach((layer, i) => {
        layer.replaceChildren(...now.marks[i].map((mark) => drawn(mark, spec.panels[i])));
      });
      for (const [key, text] of Object.entries({ ...spec.fields, ...now.fields })) {
        for (const element of figure.querySelectorAll(`[data-field="${key}"]`)) {
          if (element.textContent !== text) element.textContent = text;
        }
      }
      Object.assign(figure.dataset, now.numbers, { style: now.style });
    };
    for (const range of [slider, ...more]) range.addEventListener("input", update);
    for (const radio of radios) {
      radio.name = `${name}-${index}`; // arrow keys move within one figure
      radio.addEventListener("input", update);
    }
    for (const button of figure.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        slider.value = button.value;
        update();
      });
    }
    figure.dataset.ready = "";
    speak(figure, texts);
    update();
  });
}

// One mark as an SVG element. Dots are strokes of length 0 with round ends.
function drawn({ shape, style, points, text }, panel) {
  const [left, right, bottom, top] = panel.window;
  const x = (u) => ((u - left) / (right - left)) * panel.size[0];
  const y = (v) => ((top - v) / (top - bottom)) * panel.size[1];
  const at = ([u, v]) => round(x(u)) + " " + round(y(v));
  const element = document.createElementNS(
    "http://www.w3.org/2000/svg", shape === "text" ? "text" : "path");
  if (shape === "text") {
    element.setAttribute("class", style);
    element.setAttribute("x", round(x(points[0][0])));
    element.setAttribute("y", round(y(points[0][1])));
    element.textContent = text;
    return element;
  }
  let outline;
  if (shape === "line" || shape === "area") {
    outline = "M" + points.map(at).join("L") + (shape === "area" ? "Z" : "");
  } else if (shape === "arrow") {
    const [[u, v], [p, q]] = points;
    const back = Math.atan2(y(q) - y(v), x(p) - x(u));
    const [one, other] = [0.85, -0.85].map((turn) =>
      round(x(p) + 8 * Math.cos(back + turn * Math.PI)) + " " +
      round(y(q) + 8 * Math.sin(back + turn * Math.PI)));
    outline = `M${at(points[0])}L${at(points[1])}M${one}L${at(points[1])}L${other}`;
  } else {
    const zero = Math.min(Math.max(y(0), 0), panel.size[1]);
    const end = shape === "stems" ? "V" + round(zero) : "h0";
    outline = points.map((point) => "M" + at(point) + end).join("");
  }
  element.setAttribute("class", shape + " " + style);
  element.setAttribute("d", outline);
  return element;
}

function round(pixels) {
  return (Math.round(pixels * 10) / 10 + 0).toFixed(1); // no −0
}

// The rest is digits.py and panel.py once more.
function short(x) {
  if (x >= 1000 && x < 1e6) return String(Math.round(x));
  if ((x > 0 && x < 1e-4) || x >= 1e6) {
    const [mantissa, exponent] = x.toExponential(1).split("e");
    const digits = [...exponent.slice(1)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");
    return mantissa + " × 10" + (exponent[0] === "-" ? "⁻" : "") + digits;
  }
  return String(Number(x.toPrecision(x < 0.001 ? 3 : 4)));
}

function fixed(x, decimals) {
  return x.toFixed(decimals).replace("-", "−");
}

// Coefficients from the constant term up.
function polynomial(coefficients, x) {
  return coefficients.reduceRight((sum, c) => sum * x + c, 0);
}

function styleOf(factors) {
  return factors.every((R) => Math.abs(R) <= 1) ? "method" : "unstable";
}

function factorStems(z, factors) {
  return z.flatMap((at, i) => {
    const [style, points] = [styleOf([factors[i]]), [[at, Math.abs(factors[i])]]];
    return [{ shape: "stems", style, points }, { shape: "dots", style: style + " large", points }];
  });
}
