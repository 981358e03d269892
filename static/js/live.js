// One stream of signals per page: each "topic changed" becomes a DOM event `live:<topic>` on the body, which fragments listen to
// by hx-trigger. The cursor closes the gap between render and connection; while there is no stream, everything is polled.
const body = document.body;
const POLL = 10000;
let cursor = body.dataset.liveCursor;
let connected = false;

const dispatch = (topic, data = {}) => body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: data }));
const topics = () => {
  const found = new Set();
  for (const node of document.querySelectorAll("[hx-trigger*='live:']")) {
    for (const match of node.getAttribute("hx-trigger").matchAll(/live:([\w:-]+)/g)) found.add(match[1]);
  }
  return found;
};
const refreshAll = () => topics().forEach((topic) => dispatch(topic));

const connect = () => {
  const source = new EventSource(`${body.dataset.liveUrl}?since=${encodeURIComponent(cursor)}`, { withCredentials: true });
  source.onopen = () => { connected = true; };
  source.onerror = () => {
    connected = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, POLL);
  };
  source.addEventListener("signal", (event) => {
    cursor = event.lastEventId || cursor;
    const { topic, data } = JSON.parse(event.data);
    dispatch(topic, data);
  });
  source.addEventListener("resync", (event) => { cursor = event.lastEventId || cursor; refreshAll(); });
  addEventListener("pagehide", () => source.close(), { once: true });
};

if (body.dataset.liveUrl) {
  connect();
  setInterval(() => { if (!connected && !document.hidden) refreshAll(); }, POLL);
}
