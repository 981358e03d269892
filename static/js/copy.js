// Copies a field's text and says so; without JavaScript the field can be selected by hand.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  const field = button && document.getElementById(button.dataset.copy);
  if (!field) return;
  field.select();
  try { await navigator.clipboard.writeText(field.value); } catch { if (!document.execCommand("copy")) return; }
  const words = button.querySelector("span") ?? button;
  const before = words.textContent;
  words.textContent = button.dataset.copied;
  words.setAttribute("role", "status");
  setTimeout(() => { words.textContent = before; words.removeAttribute("role"); }, 2500);
});
