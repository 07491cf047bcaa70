// SPDX-License-Identifier: BSD-2-Clause
// The stream of snapshots: what arrives is drawn, in the order of the page; pause, colours, reconnecting.

let source = null,
  timer = 0,
  paused = false,
  pending = null;

function state(kind, text) {
  set($("state"), "class", `state ${kind}`);
  if ($("state-text").textContent === text) return;
  say($("state-text"), text);
  if (kind !== "live") speak(`The view is ${text}.`, true);
}
function draw() {
  const data = pending;
  pending = null;
  if (!data || paused) return;
  if (!now) performance.mark("first picture");
  remember(data);
  drawTide(data);
  for (const tile of tiles) tile();
  heat();
  arrange();
  one();
  drawWorkers(data);
  drawShared(data);
  drawAdvice(data);
  drawSummary(data);
  for (const item of $("states").querySelectorAll("[data-state]"))
    say(item, `${stateName.get(item.dataset.state)} ${count(data.states[item.dataset.state])}`);
  say($("about"), data.about);
  document.documentElement.dataset.snapshots = Number(document.documentElement.dataset.snapshots || 0) + 1;
}
function take(text) {
  if (!pending) requestAnimationFrame(draw);
  pending = adapt(JSON.parse(text));
  state("live", "live");
}
function listen() {
  if (source || paused || document.hidden) return;
  source = new EventSource("events");
  source.addEventListener("snapshot", event => take(event.data));
  source.addEventListener("error", () => {
    state("lost", "waiting for the server");
    if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
    source = null;
    clearTimeout(timer);
    timer = setTimeout(listen, 3000);
  });
}
function silence() {
  clearTimeout(timer);
  if (source) source.close();
  source = null;
}
$("pause").addEventListener("click", () => {
  paused = !paused;
  set($("pause"), "aria-pressed", paused);
  say($("pause"), paused ? "Go on" : "Pause");
  document.body.classList.toggle("paused", paused);
  if (paused) {
    silence();
    state("", "paused");
  } else {
    state("", "connecting");
    listen();
  }
});
// A page that nobody sees costs the server nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) silence();
  else listen();
});
$("theme").addEventListener("change", () => {
  document.documentElement.style.colorScheme = $("theme").value;
  recolour();
});
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
listen();
trace();
