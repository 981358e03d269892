// A long form that the server draws (data-away holds the id of the person) comes back after a log-in: what was typed when the
// session ended is sent once more to be drawn, so that fields which were added since are there as well. Nothing is saved by it.
const KEY = "away";
const form = document.querySelector("form[data-away]");
const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
const isMember = Boolean(document.body.dataset.liveUrl);
const keep = (value) => sessionStorage.setItem(KEY, JSON.stringify(value));

const comeBack = () => {
  const again = document.createElement("form");
  again.method = "post";
  again.action = kept.place;
  const token = ["csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value];
  for (const [name, value] of [...kept.fields, token, ["go", "again"]]) {
    const field = document.createElement("textarea");
    [field.name, field.value, field.hidden] = [name, value, true];
    again.append(field);
  }
  document.body.append(again);
  again.submit();
};

// Whoever sees a visitor's page next was sent out to log in; any other page says that the form was left on purpose, or saved.
if (!isMember && kept) keep({ ...kept, isOut: true });
else if (!kept?.isOut) sessionStorage.removeItem(KEY);
else if (form && kept.place.split("#")[0] === location.pathname && kept.who === form.dataset.away) {
  sessionStorage.removeItem(KEY);
  comeBack();
}

addEventListener("pagehide", () => {
  if (!form?.isConnected || !form.hasAttribute("data-unsaved")) return;
  const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !["csrfmiddlewaretoken", "go"].includes(name));
  keep({ who: form.dataset.away, place: location.pathname + location.hash, fields });
});
