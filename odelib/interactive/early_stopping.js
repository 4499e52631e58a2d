// The gradient flow of a linear fit at one time. A mode with the eigenvalue λ has learnt the share
// 1 − exp(−λt); errors and curves come as tables, with a row for each time of the slider.
function moving(data, log, _, texts) {
  const at = Math.round((log - data.first) / data.step);
  const time = 10 ** log;
  const style = at <= data.best ? "method" : "unstable";
  const half = data.eigenvalues.filter((lambda) => lambda * time > Math.log(2)).length;
  const height = (value) => Math.log10(Math.max(value, 1e-12));
  const shares = data.eigenvalues.slice(0, data.seen)
    .map((lambda, i) => [i + 1, -Math.expm1(-lambda * time)]);
  const errors = [data.train[at], data.test[at]].map((error) => [log, Math.log10(error)]);
  const learnt = shares.map(([i, share]) => [i, data.parts[i - 1] + height(share)]);
  return {
    style,
    marks: [
      [{ shape: "line", style, points: data.across.map((x, k) => [x, data.thousandths[at][k] / 1000]) }],
      [{ shape: "stems", style, points: shares }, { shape: "dots", style, points: shares }],
      [{ shape: "line", style: style + " thin", points: [[log, -2.5], [log, 1]] },
       { shape: "dots", style: style + " large", points: errors }],
      [{ shape: "dots", style: style + " large", points: learnt }],
    ],
    fields: {
      log: fixed(log, 1),
      time: short(time),
      half: String(half),
      train: short(data.train[at]),
      test: short(data.test[at]),
      verdict: texts[style],
    },
    numbers: { log, half, train: data.train[at], test: data.test[at] },
  };
}
