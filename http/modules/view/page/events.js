// SPDX-License-Identifier: BSD-2-Clause
// The stream of snapshots: what arrives is drawn, in the order of the page; how old it is; pause and colours.

const PATIENCE = 3; // seconds: figures that are older are not called live
let source = null,
  timer = 0,
  paused = false,
  pending = null,
  wire = "asking", // then open, or lost
  tries = 0,
  kind = "",
  news = "", // of a restart, for some seconds
  why = "", // there is no snapshot, as the server says
  begun = 0, // by performance.now(), as are those below: since when the page wants snapshots
  seen = -Infinity, // the last snapshot
  heard = -Infinity; // any sign of life

const since = time => (performance.now() - time) / 1000;

// A browser tells apart whether it is refused, connected, and spoken to: so does this.
function trouble() {
  if (wire === "lost") return ["stopped", "No connection: the server is stopped, or turns this page away."];
  if (wire === "open" && since(heard) < PATIENCE)
    return ["slow", `The server lives, but is slow: ${why || "there is no new snapshot yet"}.`];
  return [
    "hung",
    wire === "open"
      ? "The connection is open, but nothing comes, not even a sign of life: the server hangs."
      : "A connection is taken, but nobody answers: the server hangs.",
  ];
}

// What the page says of itself, and whether its figures are grey.
function look() {
  const last = seen > 0 ? `last seen ${whole(since(seen))} ago` : "nothing seen yet",
    late = since(Math.max(seen, begun)) >= PATIENCE,
    fresh = wire === "lost" ? "reconnecting" : since(seen) < PATIENCE ? "live" : "connecting",
    [next, text] = paused ? ["paused", ""] : late ? trouble() : [fresh, news];
  say($("state-text"), paused ? `paused, ${last}` : late ? last : fresh);
  say($("stale"), text);
  $("stale").hidden = !text;
  document.body.classList.toggle("stale", late && !paused && seen > 0);
  if (kind === next) return;
  const first = !kind;
  kind = next;
  if (next !== "live") showBand(""); // what is not live alarms nobody
  set($("state"), "class", `state ${next === "live" ? next : late && !paused ? "lost" : ""}`);
  if (next !== "live" && !first) speak(text || `The view is ${next}.`, true);
}
setInterval(look, 500);

// Another process: what was asked of the one before is nobody's any more.
function forget(data) {
  news = `The server was restarted: process ${now.pid} has ended, this is process ${data.pid}.`;
  speak(news, true);
  setTimeout(() => {
    news = "";
  }, 15000);
  Object.assign(more, {rows: null, key: ""});
  order = [];
  day = null;
  dayAt = -Infinity;
}
function draw() {
  const data = pending;
  pending = null;
  if (!data || paused) return;
  if (!now) performance.mark("first picture");
  if (restarted(data)) forget(data);
  remember(data);
  needDay(data);
  drawTide(data);
  drawMode(data);
  drawLately(data);
  drawTiles();
  heat();
  arrange();
  one();
  where(data);
  drawWorkers(data);
  drawShared(data);
  drawAdvice(data);
  drawSummary(data);
  for (const item of $("states").querySelectorAll("[data-state]"))
    say(item, `${stateName.get(item.dataset.state)} ${count(data.states[item.dataset.state])}`);
  offer($("f-protocol"), data.protocols);
  offer($("f-purpose"), new Set(data.purposes.map(({purpose}) => purpose)));
  say($("about"), data.about);
  document.documentElement.dataset.snapshots = Number(document.documentElement.dataset.snapshots || 0) + 1;
}
function take(text) {
  if (!pending) requestAnimationFrame(draw);
  pending = adapt(JSON.parse(text));
  seen = heard = performance.now();
  tries = 0;
  look();
}
// A browser would ask again by itself, and then not say whether it is refused or not answered.
function listen() {
  if (source || paused || document.hidden) return;
  const here = new EventSource("events"),
    opens = setTimeout(() => {
      if (source === here) wire = "asking"; // not refused any more
    }, 1500);
  source = here;
  here.addEventListener("open", () => {
    clearTimeout(opens);
    wire = "open";
    heard = performance.now();
  });
  here.addEventListener("snapshot", event => take(event.data));
  here.addEventListener("wait", event => {
    heard = performance.now();
    why = event.data;
  });
  here.addEventListener("error", () => {
    clearTimeout(opens);
    if (source !== here) return;
    silence();
    wire = "lost";
    look();
    timer = setTimeout(listen, tries++ ? 2000 : 200); // a reload ends streams: the next one is there at once
  });
}
function silence() {
  clearTimeout(timer);
  if (source) source.close();
  source = null;
}
function resume() {
  begun = performance.now();
  wire = "asking";
  listen();
  look();
}
$("pause").addEventListener("click", () => {
  paused = !paused;
  set($("pause"), "aria-pressed", paused);
  say($("pause"), paused ? "Go on" : "Pause");
  document.body.classList.toggle("paused", paused);
  if (paused) {
    silence();
    look();
  } else resume();
});
// A page that nobody sees costs the server nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) silence();
  else resume();
});
$("theme").addEventListener("change", recolour);
function recolour() {
  readColours();
  heat();
  drawShore();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
new ResizeObserver(() =>
  requestAnimationFrame(() => {
    drawShore();
    drawRows();
  })
).observe($("shore"));

readColours();
resume();
