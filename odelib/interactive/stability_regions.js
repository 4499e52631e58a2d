// The eigenvalues of a flow, times the step, among the stability regions of some methods; and what the
// chosen method reaches with a number of gradients.
function moving(data, alpha, method, texts) {
  const at = (rate) => data.eigenvalues.map((lambda) => -rate * lambda);
  const factorsOf = (name, z) => z.map((x) => polynomial(data.polynomials[name], x));
  const z = at(alpha);
  const factors = factorsOf(method, z);
  const stable = Object.keys(data.polynomials)
    .filter((name) => styleOf(factorsOf(name, z)) === "method");
  const style = styleOf(factors);
  const price = data.prices[method];
  const steps = Math.floor(data.gradients / price);
  const each = Math.max(...factors.map(Math.abs)) ** (1 / price);
  const height = (distance) => Math.log10(Math.max(distance, 1e-300));
  const distanceAt = (R) => Math.hypot(...data.error.map((part, i) => part * R[i] ** steps));
  const [curve, path, reach] = [[], [], []];
  for (let j = 0; j <= 115; j++) {
    const x = data.reach * (j / 115 - 1);
    curve.push([x, Math.abs(polynomial(data.polynomials[method], x))]);
  }
  for (let k = 0; k <= steps; k++) {
    path.push(data.minimiser.map((m, j) => data.error.reduce(
      (sum, part, i) => sum + part * factors[i] ** k * data.eigenvectors[i][j], m)));
  }
  const [first, last, count] = data.rates;
  for (let j = 0; j <= count; j++) {
    const rate = first + ((last - first) / count) * j;
    reach.push([rate, height(distanceAt(factorsOf(method, at(rate))))]);
  }
  const marks = {
    region: [
      ...(data.boundaries[method] ?? []).map((points) => ({ shape: "area", style: "method", points })),
      ...z.map((x, i) =>
        ({ shape: "dots", style: styleOf([factors[i]]) + " large", points: [[x, 0]] }))],
    size: [{ shape: "line", style: "guide", points: curve }, ...factorStems(z, factors)],
    path: [{ shape: "line", style: style + " thin", points: path },
           { shape: "dots", style, points: path }],
    reach: [{ shape: "line", style: "method", points: reach },
            { shape: "dots", style: style + " large",
              points: [[alpha, height(distanceAt(factors))]] }],
  };
  return {
    style,
    marks: data.panels.map((name) => marks[name]),
    fields: {
      alpha: fixed(alpha, data.decimals),
      z: z.map((x) => fixed(x, 2)).join(", "),
      method,
      border: fixed(data.borders[method], 4),
      factors: factors.map((R) => fixed(Math.abs(R), 3)).join(", "),
      each: fixed(each, 4),
      steps: String(steps),
      distance: short(distanceAt(factors)),
      verdict: texts[style],
      stable: stable.join(", ") || texts.none,
    },
    numbers: { alpha, method, border: data.borders[method], factors: factors.join(" "), each,
               distance: distanceAt(factors), stable: stable.join(" ") },
  };
}
