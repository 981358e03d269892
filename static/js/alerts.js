// Sound and notifications of the browser for what a person wants to be told of (see "My account"). The fragment #alerts brings what
// has come up; each alert is told once by one tab of the browser, and not where its conversation is in sight.
const KEEP = 600000;
const CHIME = [[880, 0], [1174.7, 0.16]];

const chime = async () => {
  const audio = new AudioContext();
  // Before the first click on a page browsers keep it silent.
  if (audio.state === "suspended") await Promise.race([audio.resume(), new Promise((done) => setTimeout(done, 300))]);
  for (const [tone, at] of CHIME) {
    const voice = new OscillatorNode(audio, { type: "sine", frequency: tone });
    const volume = new GainNode(audio, { gain: 0 });
    const start = audio.currentTime + at;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.2, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.35);
    voice.connect(volume).connect(audio.destination);
    voice.start(start);
    voice.stop(start + 0.4);
  }
  setTimeout(() => audio.close(), 1500);
  document.body.dispatchEvent(new CustomEvent("alert:sound"));
};

// Storage is shared by the tabs; the lock lets one of them at a time look and write.
const claim = (key) => {
  const take = () => {
    const told = Object.entries(JSON.parse(localStorage.getItem("alerts") ?? "{}")).filter(([, at]) => Date.now() - at < KEEP);
    if (told.some(([known]) => known === key)) return false;
    localStorage.setItem("alerts", JSON.stringify(Object.fromEntries([...told, [key, Date.now()]])));
    return true;
  };
  return navigator.locks ? navigator.locks.request("alerts", take) : Promise.resolve(take());
};

const isInSight = (link) => document.hasFocus() && !document.hidden && location.pathname === new URL(link.href).pathname;

const tell = async (box) => {
  for (const link of box.querySelectorAll("[data-alert]")) {
    if (isInSight(link) || !(await claim(link.dataset.alert))) continue;
    if ("sound" in box.dataset) chime();
    if (!("popup" in box.dataset) || !("Notification" in window) || Notification.permission !== "granted") continue;
    const shown = new Notification(link.dataset.title, { body: link.textContent, tag: new URL(link.href).pathname });
    shown.onclick = () => { window.focus(); location.assign(link.href); shown.close(); };
  }
};

document.addEventListener("htmx:afterSettle", () => {
  const box = document.getElementById("alerts");
  if (!box || "told" in box.dataset) return;
  box.dataset.told = "";
  tell(box);
});

const setup = document.querySelector("[data-alert-setup]");
if (setup) {
  const state = setup.querySelector("[data-alert-state]");
  const allow = setup.querySelector("[data-alert-allow]");
  const show = () => {
    const known = "Notification" in window ? Notification.permission : "unknown";
    state.textContent = state.dataset[known];
    allow.hidden = known !== "default";
  };
  allow.addEventListener("click", async () => { await Notification.requestPermission(); show(); });
  setup.querySelector("[data-alert-try]").addEventListener("click", chime);
  setup.hidden = false;
  show();
}
