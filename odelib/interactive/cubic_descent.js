// Gradient descent on θ³/3 − θ²/2. The operations stand in the order of odelib's Euler step, so
// that the bits are the same even in chaos.
function moving(data, alpha, _, texts) {
  const next = (theta) => theta + alpha * (theta * (1 - theta));
  const loss = (theta) => theta ** 3 / 3 - theta ** 2 / 2;
  const run = [data.start];
  for (let k = 0; k < data.transient; k++) run.push(next(run[k]));
  const end = run[data.transient];
  let period = 0;
  for (let p = data.longest; p >= 1; p--) {
    if (Math.abs(end - run[data.transient - p]) < 1e-9) period = p;
  }
  const half = data.transient / 2;
  const slopes = run.slice(half, -1).map((y) => Math.log(Math.abs(1 + alpha - 2 * alpha * y)));
  const stretch = Math.exp(slopes.reduce((sum, x) => sum + x, 0) / slopes.length);
  const style = period === 1 ? "method" : "unstable";
  const path = run.slice(0, data.shown + 1);
  const late = path.slice(-data.late);
  const cobweb = path.flatMap((y, k) => k < data.shown ? [[y, y], [y, path[k + 1]]] : [[y, y]]);
  const steps = path.map((y, k) => [k, y]);
  const verdict = period === 0 ? "no cycle" : period === 1 ? "one" : "cycle";
  return {
    style,
    marks: [
      [{ shape: "line", style: style + " thin", points: [[alpha, 0], [alpha, data.top]] },
       { shape: "dots", style, points: late.map((y) => [alpha, y]) }],
      [{ shape: "line", style: "flow", points: data.theta.map((y) => [y, next(y)]) },
       { shape: "line", style: style + " thin", points: cobweb },
       { shape: "line", style: style + " fine", points: cobweb.slice(-2 * data.late) }],
      [{ shape: "dots", style, points: late.map((y) => [y, loss(y)]) }],
      [{ shape: "line", style: style + " thin", points: steps },
       { shape: "dots", style, points: steps }],
    ],
    fields: {
      alpha: fixed(alpha, data.decimals),
      verdict: texts[verdict].replace("{period}", period).replace("{longest}", data.longest),
      stretch: fixed(stretch, 2),
      period: String(period),
    },
    numbers: { alpha, period, stretch, last: path[data.shown] },
  };
}
