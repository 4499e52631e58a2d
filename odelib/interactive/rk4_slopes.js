
// One step of an explicit Runge–Kutta method, by its tableau, on y′ = rate·y from (0, start); and
// Euler's method with as many slopes, that is, steps.
function moving(data, h, choice, texts) {
  const { rate, start, c, A, b, decimals } = data;
  const [levels, k] = [[], []];
  c.forEach((_, i) => {
    levels.push(start + h * k.reduce((sum, slope, j) => sum + A[i][j] * slope, 0));
    k.push(rate * levels[i]);
  });
  const mean = k.reduce((sum, slope, i) => sum + b[i] * slope, 0);
  const end = start + h * mean;
  const exact = start * Math.exp(rate * h);
  const polygon = [[0, start]];
  c.forEach((_, j) => {
    const y = polygon[j][1];
    polygon.push([((j + 1) * h) / c.length, y + (h / c.length) * rate * y]);
  });
  const euler = polygon[c.length][1];

  const style = styleOf([end / start]);
  const looks = c.map((part, i) => [part * h, levels[i]]);
  const chosen = data.names.indexOf(choice); // −1: all of them
  const styles = data.names.map((_, i) => (chosen < 0 || i === chosen ? style : "guide"));
  const named = data.names.map((_, i) => i === chosen || (chosen < 0 && h >= data.room));
  const names = (points, side) => points.flatMap((point, i) =>
    named[i] ? [{ shape: "text", style: side(i), points: [point], text: data.names[i] }] : []);
  const across = (height, style) => ({ shape: "line", style, points: [[0, height], [h, height]] });
  return {
    style,
    marks: [
      [{ shape: "line", style: "second dashed", points: polygon },
       { shape: "dots", style: "second", points: [polygon[c.length]] },
       { shape: "line", style: style + " fine", points: [[0, start], [h, end]] },
       ...(chosen > 0 ? [{ shape: "line", style: style + " dashed",
                           points: [[0, start], looks[chosen]] }] : []),
       ...looks.map(([t, y], i) => ({ shape: "arrow", style: styles[i],
         points: [[t, y], [t + data.run, y + data.run * k[i]]] })),
       { shape: "dots", style: style + " large", points: [[h, end]] },
       { shape: "dots", style: "flow", points: [[h, exact]] },
       ...names(looks, (i) => (i % 2 ? "below" : "above"))],
      [across(mean, style), across((exact - start) / h, "flow dashed"),
       across((euler - start) / h, "second dashed"),
       ...looks.flatMap(([t], i) =>
         [{ shape: "stems", style: styles[i], points: [[t, k[i]]] },
          { shape: "dots", style: styles[i] + " large", points: [[t, k[i]]] }]),
       ...names(looks.map(([t], i) => [t, k[i]]), (i) => (i % 2 ? "left" : "right"))],
    ],
    fields: {
      h: fixed(h, decimals),
      exact: fixed(exact, 4),
      end: fixed(end, 4),
      euler: fixed(euler, 4),
      error: short(Math.abs(end - exact)),
      euler_error: short(Math.abs(euler - exact)),
      mean: fixed(mean, 4),
      exact_mean: fixed((exact - start) / h, 4),
      euler_mean: fixed((euler - start) / h, 4),
      slopes: k.map((slope, i) => `${data.names[i]}\u00a0=\u00a0${fixed(slope, 3)}`).join(", "),
    },
    numbers: { h, k: k.join(" "), mean, end, exact, euler },
  };
}
