// A figure with one slider: Python has drawn what stands still, this draws what moves.
// `spec` is written by interactive.py. To add a kind of figure, add a function to `kinds`:
// it takes the figure's data and the slider's value and returns
//   marks:   for each panel a list of {shape, style, points}, in the panel's own units;
//   fields:  text for the elements marked data-field;
//   numbers: what the text rounds, unrounded, for the data-* attributes of the figure;
//   style:   "method" or "unstable", the colour of the verdict.
function sliderFigure(name, spec) {
  const kinds = {
    // A one-step method on the flow of a quadratic loss. Each step multiplies the part of the
    // error along the i-th eigenvector of the Hessian by R(z), z = −αλᵢ.
    descent(data, alpha) {
      const z = data.eigenvalues.map((lambda) => -alpha * lambda);
      const factors = z.map((at) => data.polynomial.reduceRight((sum, c) => sum * at + c, 0));
      const styles = factors.map((R) => (Math.abs(R) <= 1 ? "method" : "unstable"));
      const style = styles.includes("unstable") ? "unstable" : "method";
      const path = [];
      let error = data.error; // its parts along the eigenvectors
      for (let k = 0; k <= data.steps; k++) {
        if (k > 0) error = error.map((part, i) => part * factors[i]);
        path.push(data.minimiser.map((m, j) =>
          error.reduce((sum, part, i) => sum + part * data.eigenvectors[i][j], m)));
      }
      const distance = Math.hypot(...error);
      const last = path[data.steps];
      return {
        style,
        marks: [
          [{ shape: "line", style: style + " thin", points: path },
           { shape: "dots", style, points: path }],
          z.flatMap((at, i) => {
            const points = [[at, Math.abs(factors[i])]];
            return [{ shape: "stems", style: styles[i], points },
                    { shape: "dots", style: styles[i] + " large", points }];
          }),
        ],
        fields: {
          alpha: alpha.toFixed(data.decimals),
          distance: short(distance),
          verdict: spec.words[style],
        },
        numbers: { alpha, distance, last: last.join(" ") },
      };
    },
  };

  // Four digits, three for small numbers, none after the point of large ones.
  function short(x) {
    if (x >= 1000) return String(Math.round(x));
    return String(Number(x.toPrecision(x < 0.001 ? 3 : 4)));
  }

  // The `d` of an SVG path. Dots are strokes of length 0 with round ends.
  function outline(shape, points, panel) {
    const [left, right, bottom, top] = panel.window;
    const x = (u) => (((u - left) / (right - left)) * panel.size[0]).toFixed(1);
    const y = (v) => (((top - v) / (top - bottom)) * panel.size[1]).toFixed(1);
    if (shape === "line") return "M" + points.map(([u, v]) => x(u) + " " + y(v)).join("L");
    const end = shape === "stems" ? () => "V" + y(0) : () => "h0";
    return points.map(([u, v]) => "M" + x(u) + " " + y(v) + end(v)).join("");
  }

  for (const figure of document.querySelectorAll(`[data-figure="${name}"]`)) {
    const slider = figure.querySelector("input");
    const update = () => {
      const now = kinds[spec.kind](spec.data, Number(slider.value));
      figure.querySelectorAll(".moving").forEach((layer, i) => {
        layer.replaceChildren(...now.marks[i].map(({ shape, style, points }) => {
          const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
          path.setAttribute("class", shape + " " + style);
          path.setAttribute("d", outline(shape, points, spec.panels[i]));
          return path;
        }));
      });
      for (const [field, text] of Object.entries(now.fields)) {
        for (const element of figure.querySelectorAll(`[data-field="${field}"]`)) {
          element.textContent = text;
        }
      }
      Object.assign(figure.dataset, now.numbers, { style: now.style });
    };
    slider.addEventListener("input", update);
    for (const button of figure.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        slider.value = button.value;
        update();
      });
    }
    figure.dataset.ready = "";
    update();
  }
}
