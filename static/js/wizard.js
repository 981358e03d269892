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

// The row of steps is never drawn anew, so that a click on it always arrives: an answer only says which ones are done.
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  if (detail.target.id !== "steps") return;
  detail.shouldSwap = false;
  for (const link of detail.fragment.querySelectorAll("a")) {
    document.querySelector(`#steps a[href="${link.getAttribute("href")}"]`)?.toggleAttribute("data-done", link.hasAttribute("data-done"));
  }
});

addEventListener("hashchange", markStep);
document.addEventListener("input", (event) => { if (event.target.matches("[data-variant-text]")) measure(); });
document.addEventListener("htmx:load", () => { if (wizard()) { markStep(); measure(); } });
// While a model writes, the empty text that it is to fill waits for it, so that nothing typed meanwhile is replaced.
for (const [type, isWriting] of [["htmx:beforeSend", true], ["htmx:afterRequest", false]]) {
  document.addEventListener(type, ({ target }) => {
    if (!target.matches?.("[data-wizard] button[value^=write]")) return;
    for (const area of document.querySelectorAll("textarea[data-variant-text]")) area.readOnly = isWriting && !area.value.trim();
  });
}

// The phone shows the variation that is being written.
const follow = () => {
  const area = document.activeElement?.closest("textarea[data-variant-text]");
  const shown = area && document.querySelector(`#preview [data-of="${area.dataset.label}"]`);
  if (shown) shown.parentElement.scrollTop += shown.getBoundingClientRect().top - shown.parentElement.getBoundingClientRect().top;
};
document.addEventListener("focusin", follow);

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  follow();
  if (wizard() && detail.target?.matches?.("#variants, [data-variant-field]")) document.body.dispatchEvent(new Event("preview"));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("[data-wizard] input:not([type=checkbox], [type=radio])")) return;
  event.preventDefault();
  shown()?.querySelector(".step-foot a[data-variant=primary]")?.click();
});

// What was typed and not saved is not left by accident; a page that was refused holds it too.
let mayLeave = false;
for (const type of ["input", "change"]) document.addEventListener(type, (event) => event.target.closest("[data-wizard]")?.toggleAttribute("data-unsaved", true));
document.addEventListener("submit", (event) => { if (event.target.matches("[data-wizard]")) mayLeave = true; });
// Who is sent out to log in finds it again afterwards.
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => { if (detail.xhr.getResponseHeader("HX-Redirect")) mayLeave = true; });
addEventListener("beforeunload", (event) => { if (!mayLeave && wizard()?.hasAttribute("data-unsaved")) event.preventDefault(); });

if (wizard()) { markStep(); measure(); }
