// Gradient flow and descent on L = a·u²/2 + b·v²/2 + c·v⁴/4, from the point that the reader holds.
function moving(data, alpha, choice, texts) {
  const start = data.held;
  const [a, b, c] = data.coefficients[choice];
  const loss = ([u, v]) => a * u * u / 2 + b * v * v / 2 + c * v * v * v * v / 4;
  const flow = (t) => [
    start[0] * Math.exp(-a * t),
    start[1] * Math.exp(-b * t) /
      Math.sqrt(1 - c / b * start[1] * start[1] * Math.expm1(-2 * b * t)),
  ];
  const [line, flowLosses, path] = [[], [], [start]];
  for (let j = 0; j <= data.drawn; j++) {
    const t = data.until * (j / data.drawn) ** 3;
    const point = flow(t);
    if (Math.abs(point[1]) > data.edge) break;
    line.push(point);
    flowLosses.push([t, loss(point)]);
  }
  const isFar = ([u, v]) => Math.max(Math.abs(u), Math.abs(v)) > data.far;
  const steps = Math.floor(data.until / alpha + 1e-9);
  for (let k = 0; k < steps && !isFar(path[k]); k++) {
    const [u, v] = path[k];
    path.push([u - alpha * (a * u), v - alpha * (c * v * v * v + b * v)]);
  }
  const losses = path.map((point, k) => [alpha * k, loss(point)]);
  const rises = losses.some(([, L], k) =>
    k > 0 && L > losses[k - 1][1] + 1e-12 * Math.max(1, Math.abs(losses[k - 1][1])));
  const style = rises ? "unstable" : "method";
  const last = path[path.length - 1];
  const pair = (point) => point.map((x) => fixed(Math.abs(x) > 0.005 ? x : 0, 2)).join(", ");
  // The first row of stationary points is (0, 0); in the double well the side decides.
  const side = start[1] === 0 || choice === "bowl" ? 0 : Math.sign(start[1]);
  const rest = data.rests[choice].find(([, v]) => v === side);
  const ends = !rest ? texts.away : texts[rest[2] ? "minimum" : "rest"]
    .replace("{u}", String(rest[0])).replace("{v}", fixed(rest[1], 0));
  return {
    style,
    marks: [
      [{ shape: "line", style: "flow", points: line },
       { shape: "dots", style: "flow", points: data.marked.map(flow) },
       { shape: "line", style: style + " thin", points: path },
       { shape: "dots", style, points: path }],
      [{ shape: "line", style: "flow", points: flowLosses },
       { shape: "line", style: style + " thin", points: losses },
       { shape: "dots", style, points: losses }],
    ],
    fields: {
      alpha: fixed(alpha, data.decimals),
      u: fixed(start[0], 2),
      v: fixed(start[1], 2),
      ends,
      lands: isFar(last) ? texts.far : `(${pair(last)})`,
      verdict: texts[style],
    },
    numbers: { alpha, landscape: choice, start: start.join(" "), steps: path.length - 1,
               last: last.join(" "), flow: flow(alpha * (path.length - 1)).join(" ") },
  };
}
