// What waits to be read stands in the title too, so that a tab in the background tells of it.
const show = () => {
  const waiting = Number(document.getElementById("unread")?.dataset.unread ?? 0);
  const plain = document.title.replace(/^\(\d+\) /, "");
  document.title = waiting ? `(${waiting}) ${plain}` : plain;
};
show();
document.addEventListener("htmx:afterSwap", ({ detail }) => { if (detail.target?.id === "unread") show(); });
