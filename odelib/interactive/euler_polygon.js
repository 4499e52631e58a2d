
// Euler's method on y′ = rate·y, and from its corners (of many, some) the solution that starts there.
function moving(data, steps) {
  const { rate, start, end, decimals } = data;
  const h = end / steps;
  const corners = [[0, start]];
  for (let n = 0; n < steps; n++) {
    const y = corners[n][1];
    corners.push([(n + 1) * h, y + h * rate * y]);
  }
  const every = Math.ceil(steps / 8);
  const fan = corners.slice(1, -1).filter((_, i) => i % every === 0).map(([t, y]) => {
    const points = [];
    for (let j = 0; j <= 12; j++) {
      const later = ((end - t) * j) / 12;
      points.push([t + later, y * Math.exp(rate * later)]);
    }
    return { shape: "line", style: "guide faint", points };
  });
  const arrival = corners[steps][1];
  const error = Math.abs(start * Math.exp(rate * end) - arrival);
  const style = rate < 0 ? styleOf([1 + h * rate]) : "method";
  return {
    style,
    marks: [
      [...fan, { shape: "line", style, points: corners },
       { shape: "dots", style, points: corners }],
      [{ shape: "stems", style, points: [[h, error]] },
       { shape: "dots", style: style + " large", points: [[h, error]] }],
    ],
    fields: {
      steps: String(steps),
      h: short(h),
      error: short(error),
      arrival: fixed(arrival, decimals),
      quotient: fixed(error / h, 3),
    },
    numbers: { steps, h, error, arrival },
  };
}
