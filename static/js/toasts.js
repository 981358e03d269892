// A toast goes away by its button, or by itself unless it reports an error.
const LIFE = 6000;

const watch = (scope) => {
  for (const toast of scope.querySelectorAll("[data-toast]:not([data-tone=error]):not([data-timed])")) {
    toast.dataset.timed = "";
    setTimeout(() => toast.remove(), LIFE);
  }
};

document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove());
document.addEventListener("htmx:oobAfterSwap", () => watch(document));
watch(document);
