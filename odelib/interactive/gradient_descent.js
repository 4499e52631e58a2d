
// A one-step method on the flow of a quadratic loss. Each step multiplies the part of the error
// along the i-th eigenvector of the Hessian by R(z), z = −αλᵢ.
function moving(data, alpha, _, texts) {
  const z = data.eigenvalues.map((lambda) => -alpha * lambda);
  const factors = z.map((at) => polynomial(data.polynomial, at));
  const style = styleOf(factors);
  const path = [];
  let error = data.error; // its parts along the eigenvectors
  for (let k = 0; k <= data.steps; k++) {
    if (k > 0) error = error.map((part, i) => part * factors[i]);
    path.push(data.minimiser.map((m, j) =>
      error.reduce((sum, part, i) => sum + part * data.eigenvectors[i][j], m)));
  }
  const distance = Math.hypot(...error);
  return {
    style,
    marks: [
      [{ shape: "line", style: style + " thin", points: path },
       { shape: "dots", style, points: path }],
      factorStems(z, factors),
    ],
    fields: {
      alpha: fixed(alpha, data.decimals),
      distance: short(distance),
      verdict: texts[style],
    },
    numbers: { alpha, distance, last: path[data.steps].join(" ") },
  };
}
