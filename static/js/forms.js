// Forms: a button works once per submit, files can be dropped and are named, placeholders are inserted at the cursor.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.dataset.busy) return form.dataset.busy && event.preventDefault();
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  form.dataset.busy = "1";
  event.submitter?.setAttribute("aria-busy", "true");
  addEventListener("pageshow", () => { delete form.dataset.busy; event.submitter?.removeAttribute("aria-busy"); }, { once: true });
});

for (const type of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    const zone = event.target.closest?.("[data-drop-zone]");
    if (!zone) return;
    event.preventDefault();
    zone.toggleAttribute("data-over", type === "dragover");
    if (type !== "drop" || !event.dataTransfer.files.length) return;
    const input = zone.querySelector("input[type=file]");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

document.addEventListener("change", (event) => {
  const name = event.target.type === "file" && event.target.closest("[data-drop-zone]")?.querySelector("[data-file-name]");
  if (name) name.textContent = event.target.files[0]?.name ?? "";
});

let lastText = null;
document.addEventListener("focusin", (event) => { if (event.target.matches("textarea[data-variant-text]")) lastText = event.target; });
document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-insert]");
  const last = lastText?.isConnected ? lastText : document.querySelector("textarea[data-variant-text]");
  const area = chip && (document.getElementById(chip.dataset.insertInto) ?? last);
  if (!area) return;
  area.setRangeText(chip.dataset.insert, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
});
