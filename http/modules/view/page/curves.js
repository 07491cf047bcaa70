// SPDX-License-Identifier: BSD-2-Clause
// The tiles and their curves: five minutes as the page saw them, or the last day as the server has kept it.

let dayShown = false,
  dayAt = -Infinity, // when it was asked for last
  pointed = null; // the time that all curves are read out at

// A moment by the clock of whoever looks.
const at = (time, more) => new Date(time * 1000).toLocaleTimeString("en-GB", more);

// A thin line with a word where the server was reloaded or restarted: [place in percent, word].
function markCurve(box, marks) {
  while (box.children.length > marks.length) box.lastChild.remove();
  marks.forEach(([place, word], i) => {
    const mark = box.children[i] || box.appendChild(el("span", {class: "event"}, el("span")));
    mark.style.left = `${place}%`;
    set(mark, "title", word);
    set(mark, "class", place > 60 ? "event left" : "event");
    // The newest word stands, and those that have room before the next.
    say(mark.firstChild, i + 1 === marks.length || marks[i + 1][0] - place > 40 ? word : "");
  });
}

// What is known of a figure, in pieces: between two of them nothing is known.
function pieces(key) {
  const all = dayShown
      ? (day?.minutes || []).map(([memory, connections, requests, reloads], i) => ({
          time: day.first + 60 * i,
          mark: reloads ? "reload" : "",
          ...(memory ? {memory, connections, requests: requests / 60} : {}),
        }))
      : history,
    found = [],
    marks = []; // a restart is where a rate is not known
  let last = -Infinity;
  for (const point of all) {
    if (point.mark) marks.push(point);
    if ((point[key] ?? null) === null) continue;
    if (point.time - last > (dayShown ? 60 : 4)) found.push([]);
    found[found.length - 1].push({time: point.time, value: point[key]});
    last = point.time;
  }
  return [found, marks];
}

const tiles = [
  ["Connections", "connections", count],
  ["Requests a second", "requests", count],
  ["Held by pools", "held", bytes, ["Taken from the system", "memory"]],
  ["Received a second", "received", bytes, []],
  ["Sent a second", "sent", bytes, []],
  ["Accepted a second", "accepted", count, []],
].map(([name, key, format, ofDay = [name, key]]) => {
  const title = el("dt"),
    value = el("dd", {class: "value number"}, "–"),
    note = el("dd", {class: "note number"}, "–"),
    area = svg("path", {class: "area"}),
    stroke = svg("path", {class: "stroke"}),
    reading = svg("path", {class: "reading"}),
    picture = svg(
      "svg",
      {
        class: "spark",
        viewBox: "0 0 300 40",
        preserveAspectRatio: "none",
        role: "slider",
        tabindex: 0,
        "aria-valuenow": 0,
        "aria-label": name,
      },
      svg("path", {class: "base", d: "M0 39.5H300"}),
      area,
      stroke,
      reading
    ),
    marks = el("div"),
    most = el("span", {class: "most"}),
    from = el("span"),
    to = el("span"),
    tile = el(
      "div",
      {class: "card tile"},
      title,
      value,
      note,
      el("dd", {class: "curve"}, picture, marks, most, el("div", {class: "ends"}, from, to))
    );
  let known = [],
    span = 1;
  $("tiles").append(tile);
  const last = () => known[known.length - 1],
    nearest = () =>
      known.reduce((best, point, i) => {
        const far = Math.abs(point.time - pointed);
        return far < Math.abs(known[best].time - pointed) ? i : best;
      }, 0),
    point = time => {
      pointed = time;
      drawTiles();
    };
  picture.addEventListener("pointermove", event => {
    const box = picture.getBoundingClientRect();
    if (known.length) point(last().time - span * (1 - (event.clientX - box.left) / box.width));
  });
  for (const gone of ["pointerleave", "blur"]) picture.addEventListener(gone, () => point(null));
  picture.addEventListener("keydown", event => {
    const move = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -Infinity, End: Infinity}[
      event.key
    ];
    if (event.key === "Escape") return point(null);
    if (!move || !known.length) return;
    event.preventDefault();
    const now = pointed === null ? known.length - 1 : nearest();
    point(known[Math.max(0, Math.min(known.length - 1, now + move))].time);
  });
  return () => {
    const [called, figure] = dayShown ? ofDay : [name, key],
      [drawn, turns] = called ? pieces(figure) : [[], []];
    tile.hidden = !called;
    if (!called) return;
    known = drawn.flat();
    say(title, called);
    set(picture, "aria-label", called);
    for (const path of [stroke, area, reading]) set(path, "d", "");
    if (!known.length) return say(note, "nothing is known yet");
    const values = known.map(point => point.value),
      high = Math.max(...values),
      ends = last().time,
      clock = dayShown ? {hour: "2-digit", minute: "2-digit"} : {},
      low = format(Math.min(...values)).split(" "),
      top = format(high),
      range = low.join(" ") === top ? top : `${top.endsWith(low[1]) ? low[0] : low.join(" ")} … ${top}`;
    span = Math.max(dayShown ? 1800 : 30, ends - known[0].time);
    const x = time => (300 - (300 * (ends - time)) / span).toFixed(1),
      y = value => (39 - (38 * value) / (high || 1)).toFixed(1),
      paths = drawn.map(piece =>
        piece
          .map(p => `L${x(p.time)} ${y(p.value)}`)
          .join("")
          .replace("L", "M")
      );
    set(stroke, "d", paths.map(path => `${path}h.4`).join(""));
    set(
      area,
      "d",
      drawn
        .map((piece, i) => `${paths[i]}L${x(piece[piece.length - 1].time)} 39V40H${x(piece[0].time)}Z`)
        .join("")
    );
    say(value, format(history[history.length - 1][figure] ?? last().value));
    const read = pointed === null ? null : known[nearest()],
      text = read
        ? `${at(read.time, clock)}: ${format(read.value)}`
        : `${range} in ${whole(ends - known[0].time)}`;
    say(note, text);
    if (read) set(reading, "d", `M${x(read.time)} 0V40`);
    say(most, top);
    say(from, at(ends - span, clock));
    say(to, at(ends, clock));
    markCurve(
      marks,
      turns.filter(turn => turn.time >= ends - span).map(turn => [x(turn.time) / 3, turn.mark])
    );
    set(picture, "aria-valuemax", known.length - 1);
    set(picture, "aria-valuenow", read ? known.indexOf(read) : known.length - 1);
    set(picture, "aria-valuetext", read ? text : `${text}, now ${format(last().value)}`);
  };
});
function drawTiles() {
  if (history.length) for (const tile of tiles) tile();
}

// The last day, while it is shown; and once if without a limit the tide is measured by the last hour.
function needDay(data) {
  if (performance.now() - dayAt < 60000 || !(dayShown || !(day || data.budget || data.container))) return;
  dayAt = performance.now();
  askDay().then(
    () => {
      say($("day-text"), "");
      drawTide(now);
      drawTiles();
    },
    error => say($("day-text"), `The last day could not be had: ${error.message}.`)
  );
}
$("span").addEventListener("change", () => {
  dayShown = $("span").value === "day";
  $("tiles").classList.toggle("day", dayShown);
  dayAt = -Infinity;
  if (now) needDay(now);
  drawTiles();
});
