// A box that scrolls can be reached with the Tab key, so that arrow keys scroll it. Sizes
// change when a fold opens or a formula is typeset, which is when the observer looks again.
document.addEventListener("DOMContentLoaded", () => {
  const reachable = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    }
  });
  const boxes = "pre, table, div.math, div.cell_output, .pst-scrollable-table-container";
  document.querySelectorAll(`.bd-article :is(${boxes})`).forEach((box) => reachable.observe(box));
});
