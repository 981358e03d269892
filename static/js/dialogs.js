// Opens dialogs by commandfor where the browser does not know it, and closes the drawer when a link is followed.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[commandfor]");
  if (button && !("commandForElement" in HTMLButtonElement.prototype)) {
    const dialog = document.getElementById(button.getAttribute("commandfor"));
    if (button.getAttribute("command") === "show-modal") dialog.showModal();
    if (button.getAttribute("command") === "close") dialog.close();
  }
  const drawer = event.target.closest("a") && event.target.closest("aside[popover]");
  if (drawer?.matches(":popover-open")) drawer.hidePopover();
});
