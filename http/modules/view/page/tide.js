// SPDX-License-Identifier: BSD-2-Clause
// The first card: memory as a water level, one sentence about all of it, and the tiles with their curves.

const scene = (() => {
  const TOP = 44,
    picture = $("scene");
  let W = 0,
    H = 0,
    level = null,
    marks = null,
    last = null;
  const wave = (y, height, length) => {
    let path = `M${-2 * length} ${y}`;
    for (let x = -2 * length; x < W + 2 * length; x += length)
      path += `q${length / 4} ${-height} ${length / 2} 0t${length / 2} 0`;
    return `${path}V${y + H + 60}H${-2 * length}Z`;
  };
  const stone = (x, y, width, height, kind) =>
    svg("path", {
      class: kind,
      d:
        `M${x} ${y}c${width * 0.05} ${-height * 0.7} ${width * 0.22} ${-height} ${width * 0.45} ${-height}` +
        `s${width * 0.3} ${height * 0.22} ${width * 0.38} ${height * 0.45}` +
        `s${width * 0.17} ${height * 0.2} ${width * 0.17} ${height * 0.55}z`,
    });
  const star = (x, y, r) => {
    const points = Array.from({length: 10}, (_, i) => {
      const a = Math.PI * (i / 5 - 0.45),
        d = i % 2 ? r * 0.42 : r;
      return `${(x + d * Math.cos(a)).toFixed(1)} ${(y + d * Math.sin(a)).toFixed(1)}`;
    });
    return svg("path", {class: "star", d: `M${points.join("L")}Z`});
  };
  const weed = (x, height, lean) =>
    svg("path", {
      class: "weed",
      d: `M${x} ${H}q${-lean} ${-height * 0.25} 0 ${-height * 0.5}t${lean * 0.4} ${-height * 0.5}`,
    });
  const anemone = (x, y) =>
    svg(
      "g",
      {},
      svg("path", {
        class: "arms",
        d: [-16, -10, -4, 4, 10, 16]
          .map(lean => `M${x + lean * 0.4} ${y - 8}q${lean * 0.4} -10 ${lean} -17`)
          .join(""),
      }),
      svg("path", {class: "body", d: `M${x - 9} ${y + 6}q-2 -14 0 -15h18q2 1 0 15z`})
    );
  function build() {
    W = picture.clientWidth || 640;
    H = picture.clientHeight || 250;
    picture.setAttribute("viewBox", `0 0 ${W} ${H}`);
    level = svg(
      "g",
      {class: "level"},
      svg("path", {class: "water drift slow", d: wave(-6, 12, 220)}),
      svg("path", {class: "deep drift", d: wave(3, 9, 160)})
    );
    marks = svg("g");
    picture.replaceChildren(
      svg(
        "linearGradient",
        {id: "depth", x1: 0, y1: 0, x2: 0, y2: 1},
        svg("stop", {class: "stop-top", offset: 0}),
        svg("stop", {class: "stop-bottom", offset: 0.8})
      ),
      stone(-W * 0.08, H + 4, W * 0.42, H * 0.62, "far"),
      stone(W * 0.62, H + 4, W * 0.5, H * 0.5, "far"),
      weed(W * 0.42, H * 0.36, 16),
      weed(W * 0.445, H * 0.25, -12),
      weed(W * 0.4, H * 0.2, 10),
      weed(W * 0.7, H * 0.22, -10),
      weed(W * 0.72, H * 0.3, 14),
      level,
      stone(-W * 0.05, H + 3, W * 0.3, H * 0.24, "rock"),
      stone(W * 0.14, H + 3, W * 0.17, H * 0.13, "rock near"),
      stone(W * 0.74, H + 3, W * 0.32, H * 0.2, "rock"),
      stone(W * 0.55, H + 3, W * 0.13, H * 0.1, "rock near"),
      star(W * 0.09, H - H * 0.1, 13),
      anemone(W * 0.615, H - H * 0.11),
      anemone(W * 0.235, H - H * 0.14),
      marks
    );
    if (last) draw(last, true);
  }
  const y = (value, top) => H - share(value, top) * (H - TOP);
  function draw(data, still) {
    const peak = Math.max(data.peak, data.memory),
      limit = data.budget;
    const wish = limit && limit < peak * 12 ? limit * 1.02 : peak * 1.25,
      unit = 2 ** Math.ceil(Math.log2(wish / 4.5 || 1)),
      top = Math.max(wish, 1),
      drawn = [];
    const text = (x, at, words, more) => drawn.push(svg("text", {x, y: at, ...more}, words));
    last = data;
    level.style.transition = still ? "none" : "";
    level.style.transform = `translateY(${y(data.memory, top).toFixed(1)}px)`;
    drawn.push(svg("path", {class: "staff", d: `M${W - 26} ${TOP - 22}V${H}`}));
    for (let at = unit; at <= top; at += unit) {
      drawn.push(
        svg("path", {class: "staff", d: `M${W - 36} ${y(at, top)}h20M${W - 30} ${y(at - unit / 2, top)}h8`})
      );
      text(W - 42, y(at, top) + 4, bytes(at), {"text-anchor": "end"});
    }
    const high = y(peak, top),
      edge = W - 112;
    drawn.push(svg("path", {class: "mark", d: `M18 ${high}H${edge}`}));
    const crowded = limit && limit <= top && high - y(limit, top) < 24;
    text(20, high + (crowded ? 16 : -7), `high water ${bytes(peak)}`, {class: "high"});
    if (limit && limit <= top) {
      drawn.push(svg("path", {class: "limit", d: `M18 ${y(limit, top)}H${edge}`}));
      text(20, y(limit, top) + (high - y(limit, top) < 44 ? -7 : 17), `memory_budget ${bytes(limit)}`);
    }
    marks.replaceChildren(...drawn);
    set(
      picture,
      "aria-label",
      `A water level: ${bytes(data.memory)} now, high water ${bytes(peak)}` +
        (limit ? `, memory_budget ${bytes(limit)}` : "")
    );
  }
  new ResizeObserver(() => {
    if (Math.abs(picture.clientWidth - W) + Math.abs(picture.clientHeight - H) > 2)
      requestAnimationFrame(build);
  }).observe(picture);
  build();
  return data => draw(data, false);
})();

function drawTide(data) {
  say($("tide-now"), bytes(data.memory));
  say(
    $("tide-note"),
    "taken from the system" +
      (data.budget ? `, ${percent(data.memory / data.budget)} of memory_budget` : "") +
      (data.rss ? `; the process has ${bytes(data.rss)} resident` : "")
  );
  const {pools, shared, ...others} = data.uses;
  const parts = [
    ["k k-connection", "P", "cut from blocks of pools", data.used],
    ["k k-request", "B", "buffers, large ones and room in pools", Math.max(0, data.held - data.used)],
    ["k k-buffer", "C", "free in size classes", Math.max(0, pools - data.held)],
    ["k k-header", "S", "shared objects", shared],
    ...Object.entries(others).map(([use, size]) => ["k k-pool", use[0].toUpperCase(), use, size]),
  ];
  const whole = parts.reduce((sum, part) => sum + part[3], 0);
  while ($("parts").children.length < parts.length) $("parts").append(el("i"));
  parts.forEach(([kind, , , size], i) => {
    const bar = $("parts").children[i];
    set(bar, "class", kind);
    bar.style.width = `${share(size, whole) * 100}%`;
  });
  legend(
    $("parts-legend"),
    parts
      .filter(part => part[3])
      .map(([kind, letter, text, size]) => [`key ${kind}`, letter, `${text} ${bytes(size)}`])
  );
  scene(data);
}

// One polite sentence: at once when something turned, else not more often than every 30 seconds.
let spokenAt = -Infinity;
function speak(text, urgent) {
  if (!urgent && performance.now() - spokenAt < 30000) return;
  spokenAt = performance.now();
  say($("spoken"), text);
}

function drawSummary(data) {
  const last = history[history.length - 1];
  const text =
    `${plural(data.open, "connection")}, ${count(data.active)} of them busy` +
    (data.watchers ? `, ${count(data.watchers)} to watch; ` : "; ") +
    (last.requests === null ? "" : `${count(last.requests)} requests a second; `) +
    `${bytes(data.held)} in pools, ` +
    `${data.open ? bytes(data.held / data.open) : "0 B"} each on average.`;
  say($("summary"), text);
  const trouble = [
    [data.overBudget, "request", "over a budget"],
    [data.refusedByBudget, "block", "refused by memory_budget"],
    [data.refused, "connection", "turned away"],
    [data.failed, "call", "that the system refused"],
  ]
    .filter(([n]) => n)
    .map(([n, word, what]) => `${plural(n, word)} ${what}`);
  say($("trouble"), trouble.length ? `Since the start: ${trouble.join(", ")}.` : "");
  speak(`${text} ${bytes(data.memory)} taken from the system.`);
}

// ---- tiles with sparklines ----

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
