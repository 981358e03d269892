// A fragment that refreshes itself leaves the person where they were: open details, open menus and the focus stay.
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
const kept = new WeakMap();

const refreshesItself = ({ requestConfig, elt, target }) => {
  const type = requestConfig?.triggeringEvent?.type ?? "";
  return elt === target && requestConfig.verb === "get" && (!type || type.startsWith("live:"));
};
const keyOf = (node) => [node.tagName, node.id, node.name, node.getAttribute("href"), node.textContent.trim()].join("|");

let pressed = null;
document.addEventListener("pointerdown", (event) => { pressed = event.target; }, true);
const waiting = new Map();
const release = () => {
  pressed = null;
  for (const [id, fresh] of waiting) {
    document.getElementById(id)?.replaceWith(fresh);
    htmx.process(fresh);
  }
  waiting.clear();
};
for (const type of ["pointerup", "pointercancel", "dragend"]) addEventListener(type, () => setTimeout(release), true);

document.addEventListener("htmx:beforeRequest", (event) => {
  // Under an open menu nothing moves: the next signal looks again.
  if (refreshesItself(event.detail) && event.target.querySelector(":popover-open")) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", ({ detail, target }) => {
  if (!refreshesItself(detail)) return;
  // Between the press and the release of a button it stays where it is, or the click would be lost.
  if (pressed && target.contains(pressed)) return void (detail.shouldSwap = false);
  const focused = target.contains(document.activeElement) ? document.activeElement : null;
  kept.set(detail.xhr, {
    open: [...target.querySelectorAll("details[id][open]")].map((one) => one.id),
    focus: focused && keyOf(focused),
    nth: focused && [...target.querySelectorAll(FOCUSABLE)].filter((one) => keyOf(one) === keyOf(focused)).indexOf(focused),
  });
});

// What an answer brings along for other places stays where it says nothing new. Between a press and its release nothing moves.
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const fresh = detail.fragment.firstElementChild;
  if (!detail.shouldSwap || detail.fragment.childElementCount !== 1 || fresh.id !== detail.target.id) return;
  waiting.delete(fresh.id);
  const before = detail.target.cloneNode(true);
  for (const one of before.querySelectorAll("[data-filled]")) one.replaceChildren();
  if (before.isEqualNode(fresh)) return void (detail.shouldSwap = false);
  if (!pressed) return;
  detail.shouldSwap = false;
  waiting.set(fresh.id, fresh);
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const was = kept.get(detail.xhr);
  if (!was) return;
  kept.delete(detail.xhr);
  for (const id of was.open) document.getElementById(id)?.setAttribute("open", "");
  const now = document.getElementById(detail.target.id) ?? detail.elt;
  const same = was.focus ? [...now.querySelectorAll(FOCUSABLE)].filter((one) => keyOf(one) === was.focus) : [];
  (same[was.nth] ?? same[0])?.focus({ preventScroll: true });
});
