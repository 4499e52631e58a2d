// A DC motor with a PID controller whose voltage may have a limit: RK4, as in pid_motor.py.
function moving(data, Kp, choice, texts, [Ki, Kd]) {
  const [limit, repair] = data.choices[choice];
  const slopes = ([y, omega, z], load) => {
    const e = data.setpoint - y;
    const u = Kp * e + Ki * z - Kd * omega;
    const s = Math.min(Math.max(u, -limit), limit);
    const back = Ki ? (repair * (s - u)) / Ki : 0;
    return [[omega, 200 * s - 10 * omega + 4000 * load, e + back], s];
  };
  const along = (state, h, slope) => state.map((x, i) => x + h * slope[i]);
  const h = data.step;
  let state = [0, 0, 0];
  const path = [];
  for (let n = 0; n <= data.steps; n++) {
    const load = n >= data.loaded ? data.load : 0;
    const [k1, s] = slopes(state, load);
    path.push([n * h, state[0], s]);
    const [k2] = slopes(along(state, h / 2, k1), load);
    const [k3] = slopes(along(state, h / 2, k2), load);
    const [k4] = slopes(along(state, h, k3), load);
    state = state.map((x, i) => x + (h / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]));
  }
  const before = path.slice(0, data.loaded + 1).map((row) => row[1]);
  const overshoot = Math.max(Math.max(...before) - data.setpoint, 0);
  const [, last, voltage] = path[data.steps];
  const left = data.setpoint - last;
  const style = (10 + 200 * Kd) * Kp > Ki ? "method" : "unstable";
  const shown = path.filter((_, n) => n % data.drawn === 0);
  const curve = (i) => [
    { shape: "line", style, points: shown.map((row) => [row[0], row[i]]) },
    { shape: "dots", style: style + " large", points: [[path[data.steps][0], path[data.steps][i]]] },
  ];
  return {
    style,
    marks: [curve(1), curve(2)],
    fields: {
      gain: fixed(Kp, 1),
      ki: String(Ki),
      kd: fixed(Kd, 2),
      overshoot: fixed(overshoot, 3),
      left: fixed(left, 3),
      verdict: texts[style],
    },
    numbers: { gains: [Kp, Ki, Kd].join(" "), overshoot, left, voltage },
  };
}
