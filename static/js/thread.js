// The composer: Enter sends, Shift+Enter breaks the line, the text grows, and a sent form is empty again.
document.addEventListener("keydown", (event) => {
  const area = event.target.closest?.("[data-composer] textarea");
  if (!area || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (area.value.trim() || area.form.querySelector("input[type=file]")?.files.length) area.form.requestSubmit();
});

// What was chosen stands under the text, so that nobody sends a file without seeing its name.
function showFile(form) {
  const line = form.querySelector("[data-file-name]");
  const file = form.querySelector("input[type=file]").files[0];
  line.hidden = !file;
  line.textContent = file ? file.name : "";
}
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-composer]");
  if (form && event.target.type === "file") showFile(form);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("[data-composer]");
  if (!form || !event.detail.successful) return;
  form.reset();
  showFile(form);
  form.querySelector("[name=client_key]").value = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
});
