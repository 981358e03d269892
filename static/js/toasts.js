// A toast goes away by its button, or by itself unless it reports an error. A request that a person made and that failed says so,
// and offers to try again; what refreshes itself stays silent, since it asks again anyway.
const LIFE = 6000;
const box = document.getElementById("toasts");

const close = (toast) => {
  toast.dataset.leaving = "";
  Promise.allSettled(toast.getAnimations().map((animation) => animation.finished)).then(() => toast.remove());
};

const watch = () => {
  for (const toast of box.querySelectorAll("[data-toast]:not([data-tone=danger]):not([data-timed])")) {
    toast.dataset.timed = "";
    const expire = () => (toast.matches(":hover, :focus-within") ? setTimeout(expire, 1000) : close(toast));
    setTimeout(expire, LIFE);
  }
};

const show = (name, retry) => {
  if (!box) return;
  for (const old of box.querySelectorAll(`[data-name="${name}"]`)) old.remove();
  const toast = document.querySelector(`template[data-toast-for="${name}"]`).content.firstElementChild.cloneNode(true);
  toast.dataset.name = name;
  toast.querySelector("[data-toast-retry]")?.addEventListener("click", () => { close(toast); retry(); });
  box.append(toast);
};

const madeByPerson = ({ requestConfig }) => {
  const type = requestConfig?.triggeringEvent?.type ?? "";
  return ["click", "submit", "change", "drop", "keydown"].includes(type);
};

const again = ({ elt, requestConfig }) => () => {
  const { triggeringEvent } = requestConfig;
  if (!elt.isConnected) location.reload();
  else if (elt instanceof HTMLFormElement) elt.requestSubmit(triggeringEvent.submitter?.isConnected ? triggeringEvent.submitter : undefined);
  else elt.dispatchEvent(new Event(triggeringEvent.type, { bubbles: true, cancelable: true }));
};

const nameOf = (xhr) => xhr.getResponseHeader("X-Refusal") ?? ({ 403: "forbidden", 404: "gone", 409: "gone", 410: "gone", 429: "limit" })[xhr.status] ?? "broken";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toast-close]");
  if (button) close(button.closest("[data-toast]"));
});
document.addEventListener("htmx:sendError", ({ detail }) => { if (madeByPerson(detail)) show("offline", again(detail)); });
document.addEventListener("htmx:responseError", ({ detail }) => { if (madeByPerson(detail)) show(nameOf(detail.xhr), again(detail)); });

// Pages of visitors that have nothing to report have no box either.
if (box) {
  new MutationObserver(watch).observe(box, { childList: true });
  watch();
}
