// A point of the first panel that one drags, or moves with the arrow keys; it lies on a grid. And
// what stands behind a choice, if the panels have different backgrounds.
// The same figure may stand twice on a page: listeners that run before figure.js's own say which
// figure's point it draws from.
function handle(name, spec, [u, v, grid]) {
  const { window: [left, right, bottom, top], size } = spec.panels[0];
  const cells = Math.round(1 / grid);
  const snap = (x, low, high) => Math.min(Math.max(
    Math.round(x * cells), Math.ceil(low * cells)), Math.floor(high * cells)) / cells + 0; // no −0
  for (const figure of document.querySelectorAll(`[data-figure="${name}"]`)) {
    const slider = figure.querySelector("input[type=range]");
    const knob = figure.querySelector(".handle");
    const svg = knob.parentElement.querySelector("svg");
    const box = svg.viewBox.baseVal;
    let point = [u, v];
    for (const kind of ["input", "click"]) {
      figure.addEventListener(kind, () => { spec.data.held = point; }, { capture: true });
    }
    const showBack = () => {
      const choice = figure.querySelector("input[type=radio]:checked")?.value;
      for (const back of figure.querySelectorAll("g[data-choice]")) {
        back.setAttribute("display", back.dataset.choice === choice ? "inline" : "none");
      }
    };
    const move = ([x, y]) => {
      point = [snap(x, left, right), snap(y, bottom, top)];
      const across = (point[0] - left) / (right - left) * size[0];
      const down = (top - point[1]) / (top - bottom) * size[1];
      knob.style.left = `${100 * (across - box.x) / box.width}%`;
      knob.style.top = `${100 * (down - box.y) / box.height}%`;
      knob.setAttribute("aria-valuenow", point[0]);
      knob.setAttribute("aria-valuetext", point.map((at) => fixed(at, 2)).join(", "));
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const under = (event) => { // the pointer, in the panel's own units
      const place = svg.getBoundingClientRect();
      const x = (event.clientX - place.left) / place.width * box.width + box.x;
      const y = (event.clientY - place.top) / place.height * box.height + box.y;
      return [left + x / size[0] * (right - left), top - y / size[1] * (top - bottom)];
    };
    figure.addEventListener("input", showBack);
    svg.addEventListener("click", (event) => move(under(event)));
    knob.addEventListener("pointerdown", (event) => knob.setPointerCapture(event.pointerId));
    knob.addEventListener("pointermove", (event) => {
      if (knob.hasPointerCapture(event.pointerId)) move(under(event));
    });
    knob.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!way) return;
      event.preventDefault(); // the page does not scroll
      move(point.map((at, i) => at + way[i] * grid * (event.shiftKey ? 5 : 1)));
    });
    move(point);
  }
}
