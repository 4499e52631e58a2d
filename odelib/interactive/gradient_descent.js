// A one-step method on the flow of a quadratic loss. Each step multiplies the part of the error
// along the i-th eigenvector of the Hessian by R(z), z = −αλᵢ; the flow multiplies it by exp(z).
function moving(data, position, _, texts) {
  const alpha = data.stops ? data.stops[position] : position;
  const z = data.eigenvalues.map((lambda) => -alpha * lambda);
  const factors = z.map((at) => polynomial(data.polynomial, at));
  const style = styleOf(factors);
  const loss = (error) =>
    error.reduce((sum, part, i) => sum + data.eigenvalues[i] * part * part, 0) / 2;
  const height = (value) => Math.log10(Math.max(value, 1e-300));
  const [path, losses, flow, levels, ideal] = [[], [], [], [], []];
  let error = data.error; // its parts along the eigenvectors
  for (let k = 0; k <= data.steps; k++) {
    if (k > 0) error = error.map((part, i) => part * factors[i]);
    path.push(data.minimiser.map((m, j) =>
      error.reduce((sum, part, i) => sum + part * data.eigenvectors[i][j], m)));
    const gap = loss(data.error.map((part, i) => part * Math.exp(k * z[i])));
    losses.push([k, height(loss(error))]);
    flow.push([k, height(gap)]);
    levels.push([k, height(data.minimum + loss(error))]);
    ideal.push([k, height(data.minimum + gap)]);
  }
  const distance = Math.hypot(...error);
  const marks = {
    path: [{ shape: "line", style: style + " thin", points: path },
           { shape: "dots", style, points: path }],
    factors: factorStems(z, factors),
    loss: [{ shape: "line", style: "flow", points: flow },
           { shape: "line", style: style + " thin", points: losses },
           { shape: "dots", style, points: losses }],
    level: [{ shape: "line", style: "flow", points: ideal },
            { shape: "line", style: style + " thin", points: levels },
            { shape: "dots", style, points: levels }],
    reach: [{ shape: "dots", style: style + " large", points: [[alpha, height(distance)]] }],
  };
  return {
    style,
    marks: data.panels.map((name) => marks[name]),
    fields: {
      alpha: fixed(alpha, data.decimals),
      distance: short(distance),
      end: short(data.minimum + loss(error)),
      verdict: texts[style],
    },
    numbers: { alpha, distance, loss: loss(error), last: path[data.steps].join(" ") },
  };
}
