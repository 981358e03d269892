// The wizard works by fragments alone (#publico, #mensagem, ...). This adds the current step for screen readers, Enter for the next
// step instead of sending, and the length of each text.
const MAX = 4096;
const language = document.documentElement.lang;
const wizard = () => document.querySelector("[data-wizard]");
const shown = () => wizard()?.querySelector(".step:target") ?? wizard()?.querySelector(".step[data-first]");

const markStep = () => {
  const step = shown();
  if (!step) return;
  for (const link of document.querySelectorAll("#steps a")) {
    link.toggleAttribute("aria-current", link.hash === `#${step.id}`);
    if (link.hash !== `#${step.id}`) continue;
    link.setAttribute("aria-current", "step");
    const row = link.closest("ol");
    row.scrollTo({ left: link.offsetLeft - row.offsetLeft - row.clientWidth / 3 });
  }
  // Where a fragment is no step, as after the skip link, the last step stays.
  for (const one of wizard().querySelectorAll(".step")) one.toggleAttribute("data-first", one === step);
};

const measure = () => {
  for (const place of document.querySelectorAll("[data-length-of]")) {
    const { length } = document.getElementById(place.dataset.lengthOf).value;
    place.textContent = length ? `${length.toLocaleString(language)} / ${MAX.toLocaleString(language)}` : "";
  }
};

addEventListener("hashchange", markStep);
document.addEventListener("input", (event) => { if (event.target.matches("[data-variant-text]")) measure(); });
document.addEventListener("htmx:load", () => { if (wizard()) { markStep(); measure(); } });
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (wizard() && detail.target?.matches?.("#variants, [data-variant-field]")) document.body.dispatchEvent(new Event("preview"));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("[data-wizard] input:not([type=checkbox], [type=radio])")) return;
  event.preventDefault();
  shown()?.querySelector(".step-foot a[data-variant=primary]")?.click();
});

// What was typed and not saved is not left by accident; a page that was refused holds it too.
let unsaved = Boolean(document.querySelector("#resultado > *"));
for (const type of ["input", "change"]) document.addEventListener(type, (event) => { if (event.target.closest("[data-wizard]")) unsaved = true; });
document.addEventListener("submit", (event) => { if (event.target.matches("[data-wizard]")) unsaved = false; });
addEventListener("beforeunload", (event) => { if (wizard() && unsaved) event.preventDefault(); });

if (wizard()) { markStep(); measure(); }
