// What was sent in a form marked with data-keep (the id of the person) comes back when the answer was not the page itself: the
// session had ended, the network was gone. A page that saved says so in a toast, and one that refused shows what was typed.
const place = (form) => `draft:${location.pathname}#${form.id}`;
const isKept = (field) => field.name && field.name !== "csrfmiddlewaretoken" && !["file", "password", "submit", "button"].includes(field.type);
const read = (form) => [...form.elements].filter(isKept).map((field) => [field.name, field.type, field.value, field.checked]);

const OUT = "draft:out";

document.addEventListener("submit", ({ target }) => {
  if (!target.dataset.keep) return;
  sessionStorage.removeItem(OUT);
  sessionStorage.setItem(place(target), JSON.stringify({ who: target.dataset.keep, fields: read(target) }));
});

const putBack = (form, fields) => {
  for (const [name, type, value, checked] of fields) {
    const choice = type === "checkbox" || type === "radio";
    const field = [...form.elements].find((one) => one.name === name && one.type === type && (!choice || one.value === value));
    if (!field) continue;
    if (choice) field.checked = checked;
    else field.value = value;
  }
};

// Pages of visitors have no stream: whoever sees one after sending was sent out to log in, and nothing was saved.
if (!document.body.dataset.liveUrl) sessionStorage.setItem(OUT, "1");

for (const form of document.querySelectorAll("form[data-keep]")) {
  const kept = JSON.parse(sessionStorage.getItem(place(form)) ?? "null");
  const wasOut = sessionStorage.getItem(OUT);
  sessionStorage.removeItem(place(form));
  const isAnswered = !wasOut && document.querySelector("#toasts [data-tone=success], [aria-invalid=true], .notice[role=alert]");
  if (!kept || isAnswered || kept.who !== form.dataset.keep) continue;
  if (JSON.stringify(kept.fields) === JSON.stringify(read(form))) continue;
  putBack(form, kept.fields);
  const notice = document.querySelector("template[data-draft-notice]").content.cloneNode(true);
  form.prepend(notice);
}
