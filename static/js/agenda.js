// The agenda by keyboard: arrows walk over the cells of the grid, or turn the page where no field has the focus. A frame of a
// dialog opens when its content arrives, and not when a part of it comes late, after somebody has closed it.
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.matches?.("dialog[data-dialog-frame]") && !target.open && target.childElementCount) target.showModal();
});

const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

const walk = (cell, [across, down]) => {
  const columns = [...document.querySelectorAll("[data-agenda-cells]")];
  const column = columns.indexOf(cell.parentElement);
  const row = [...cell.parentElement.children].indexOf(cell);
  const next = columns[column + across]?.children[row + down];
  if (!next) return false;
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
  return true;
};

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || document.querySelector("dialog[open]")) return;
  const cell = event.target.closest?.("[data-agenda-cells] > a");
  if (cell && walk(cell, step)) return event.preventDefault();
  const busy = event.target.closest?.("input, select, textarea, [contenteditable], .segmented");
  const link = !busy && !step[1] && document.querySelector(step[0] < 0 ? "[data-agenda-previous]" : "[data-agenda-next]");
  if (!link) return;
  event.preventDefault();
  link.click();
});
