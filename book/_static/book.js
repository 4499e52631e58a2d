// A box that scrolls can be reached with the Tab key, so that arrow keys scroll it, and says in
// data-cut at which edges there is more, so that they fade. Sizes change when a fold opens or a
// font arrives, which is when the observer looks again.
document.addEventListener("DOMContentLoaded", () => {
  const BOXES =
    "pre, table, div.math, .output, .cell_output, .pst-scrollable-table-container";
  const look = (box) => {
    const hidden = box.scrollWidth - box.clientWidth;
    const scrolls = hidden > 1 && getComputedStyle(box).overflowX === "auto";
    const edges = [box.scrollLeft > 1 && "left", box.scrollLeft < hidden - 1 && "right"];
    const cut = scrolls ? edges.filter(Boolean).join(" ") : "";
    if (scrolls) box.tabIndex = 0;
    if (cut) box.dataset.cut = cut;
    else delete box.dataset.cut;
  };
  const observer = new ResizeObserver((entries) => entries.forEach(({ target }) => look(target)));
  for (const box of document.querySelectorAll(`.bd-article :is(${BOXES})`)) {
    observer.observe(box);
    for (const child of box.children) observer.observe(child);
    box.addEventListener("scroll", () => look(box), { passive: true });
  }

  // The button of a fold is announced by the title of what it opens.
  for (const button of document.querySelectorAll("button.toggle-button")) {
    button.setAttribute("aria-label", button.closest(".admonition-title").textContent.trim());
  }
});
