// SPDX-License-Identifier: BSD-2-Clause
// The tiles and their curves.

// A thin line with a word where the server was reloaded or restarted: [place in percent, word].
function markCurve(box, marks) {
  while (box.children.length - 1 > marks.length) box.lastChild.remove();
  marks.forEach(([place, word], i) => {
    const mark = box.children[i + 1] || box.appendChild(el("span", {class: "event"}, el("span")));
    mark.style.left = `${place}%`;
    set(mark, "title", word);
    set(mark, "class", place > 60 ? "event left" : "event");
    // The newest word stands, and those that have room before the next.
    say(mark.firstChild, i + 1 === marks.length || marks[i + 1][0] - place > 40 ? word : "");
  });
}

const tiles = [
  ["Connections", "connections", count],
  ["Requests a second", "requests", count],
  ["Held by pools", "held", bytes],
  ["Received a second", "received", bytes],
  ["Sent a second", "sent", bytes],
  ["Accepted a second", "accepted", count],
].map(([name, key, format]) => {
  const value = el("dd", {class: "value number"}, "–"),
    note = el("dd", {class: "note number"}, "–");
  const area = svg("path", {class: "area"}),
    stroke = svg("path", {class: "stroke"});
  const picture = svg(
    "svg",
    {class: "spark", viewBox: "0 0 300 40", preserveAspectRatio: "none", role: "img", "aria-label": name},
    svg("path", {class: "base", d: "M0 39.5H300"}),
    area,
    stroke
  );
  const marks = el("dd", {class: "curve"}, picture);
  $("tiles").append(el("div", {class: "card tile"}, el("dt", {}, name), value, note, marks));
  return () => {
    const points = history.filter(sample => sample[key] !== null);
    if (!points.length) return;
    const last = points[points.length - 1],
      values = points.map(point => point[key]);
    const least = Math.min(...values),
      most = Math.max(...values),
      top = most * 1.1 || 1;
    const span = Math.max(30, last.time - points[0].time),
      x = point => (300 - (300 * (last.time - point.time)) / span).toFixed(1),
      y = point => (39 - (38 * point[key]) / top).toFixed(1);
    const line = points.map((point, i) => `${i ? "L" : "M"}${x(point)} ${y(point)}`).join("");
    say(value, format(last[key]));
    const range = format(least) === format(most) ? format(most) : `${format(least)} … ${format(most)}`;
    say(note, `${range} in ${whole(last.time - points[0].time)}`);
    markCurve(
      marks,
      history
        .filter(point => point.mark && point.time >= points[0].time)
        .map(point => [x(point) / 3, point.mark])
    );
    set(stroke, "d", line);
    set(area, "d", `${line}L${x(last)} 39V40H${x(points[0])}Z`);
    set(
      picture,
      "aria-label",
      `${name} over the last ${age(last.time - points[0].time)}: ` +
        `least ${format(least)}, most ${format(most)}, now ${format(last[key])}`
    );
  };
});

// Without a limit the tide is measured by the last hour, of which the page has seen little.
let dayAsked = false;
function needDay(data) {
  if (dayAsked || data.budget || data.container) return;
  dayAsked = true;
  askDay().then(
    () => drawTide(now),
    () => {
      dayAsked = false;
    }
  );
}
