
// The eigenvalues of a flow, times the step, among the stability regions of some methods.
function moving(data, alpha, method, texts) {
  const z = data.eigenvalues.map((lambda) => -alpha * lambda);
  const factorsOf = (name) => z.map((at) => polynomial(data.polynomials[name], at));
  const factors = factorsOf(method);
  const stable = Object.keys(data.polynomials)
    .filter((name) => styleOf(factorsOf(name)) === "method");
  const style = styleOf(factors);
  const curve = [];
  for (let j = 0; j <= 115; j++) {
    const at = data.reach * (j / 115 - 1);
    curve.push([at, Math.abs(polynomial(data.polynomials[method], at))]);
  }
  return {
    style,
    marks: [
      [...data.boundaries[method].map((points) => ({ shape: "area", style: "method", points })),
       ...z.map((at, i) =>
         ({ shape: "dots", style: styleOf([factors[i]]) + " large", points: [[at, 0]] }))],
      [{ shape: "line", style: "guide", points: curve }, ...factorStems(z, factors)],
    ],
    fields: {
      alpha: fixed(alpha, data.decimals),
      z: z.map((at) => fixed(at, 2)).join(", "),
      method,
      border: fixed(data.borders[method], 4),
      factors: factors.map((R) => fixed(Math.abs(R), 3)).join(", "),
      verdict: texts[style],
      stable: stable.join(", ") || texts.none,
    },
    numbers: { alpha, method, border: data.borders[method], factors: factors.join(" "),
               stable: stable.join(" ") },
  };
}
