// SPDX-License-Identifier: BSD-2-Clause
// The first card: memory as a water level, what it is measured by, and one sentence about all of it.

// From which part of a limit on memory is high, and then almost full.
const bands = [
  [0.8, "high"],
  [0.95, "full"],
];

// What the water is measured by: a limit that is in force, or else the most of the last hour. A container's
// limit is about what is resident.
function scaleOf(data) {
  const untouched = Math.max(
    0,
    data.workers.reduce((sum, w) => sum + w.mappedBytes - w.residentBytes, 0)
  );
  if (data.budget)
    return {full: data.budget, level: data.memory, name: "memory_budget", limit: true, untouched};
  if (data.container)
    return {
      full: data.container,
      level: data.rss || data.memory,
      name: "the container's limit",
      limit: true,
      untouched,
    };
  return {full: peakOfHour(), level: data.memory, name: "most of the last hour", limit: false, untouched};
}
function bandOf(data) {
  const {full, level, limit} = scaleOf(data);
  return (limit && bands.findLast(([part]) => level >= part * full)?.[1]) || "";
}

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
    const {full, level: wet, name, limit, untouched} = scaleOf(data),
      peak = Math.max(data.peak, data.memory),
      top = limit ? full : full * 1.2,
      unit = 2 ** Math.ceil(Math.log2(top / 4.5 || 1)),
      staff = W - 40,
      edge = W - 126,
      drawn = [];
    const text = (x, at, words, more) => drawn.push(svg("text", {x, y: at, ...more}, words)),
      path = (kind, d) => drawn.push(svg("path", {class: kind, d}));
    last = data;
    level.style.transition = still ? "none" : "";
    level.style.transform = `translateY(${y(wet, top).toFixed(1)}px)`;
    // What is reserved stands above the water, like mist: no page of it was touched.
    const mist = y(wet + untouched, top);
    if (y(wet, top) - mist > 2) {
      drawn.push(svg("rect", {class: "mist", x: 0, y: mist, width: W, height: y(wet, top) - mist}));
      if (W > 560)
        text(W / 2, mist - 5, `reserved, untouched ${bytes(untouched)}`, {"text-anchor": "middle"});
    }
    path("staff", `M${staff} ${TOP - 22}V${H}`);
    for (let at = unit; at <= top; at += unit) {
      path("staff", `M${staff - 10} ${y(at, top)}h10M${staff - 5} ${y(at - unit / 2, top)}h5`);
      text(staff - 16, y(at, top) + 4, bytes(at), {"text-anchor": "end"});
    }
    for (const [part, kind] of limit ? bands : []) {
      path(`band ${kind}`, `M${staff} ${y(part * top, top)}V${TOP}`);
      text(staff + 6, y(part * top, top) + 4, percent(part), {class: "little"});
    }
    if (data.rss && data.rss <= top) {
      const at = y(data.rss, top);
      path("arrow", `M${staff - 2} ${at}l-8 -4v8z`);
      if (W > 560)
        text(edge, at + (at - TOP < 9 ? 15 : 4), `resident ${bytes(data.rss)}`, {"text-anchor": "end"});
    }
    const high = y(peak, top),
      line = y(full, top);
    if (limit) {
      path("mark", `M18 ${high}H${edge}`);
      text(20, high + (high - line < 24 ? 16 : -7), `high water ${bytes(peak)}`, {class: "high"});
    }
    path("limit", `M18 ${line}H${edge}`);
    text(20, line - 7, `${name} ${bytes(full)}`);
    marks.replaceChildren(...drawn);
    set(picture, "class", `scene ${bandOf(data)}`);
    set(
      picture,
      "aria-label",
      `A water level: ${bytes(wet)} now, of ${bytes(full)}, ${name}; high water ${bytes(peak)}` +
        (untouched ? `; ${bytes(untouched)} more are reserved and untouched` : "")
    );
  }
  new ResizeObserver(() => {
    if (Math.abs(picture.clientWidth - W) + Math.abs(picture.clientHeight - H) > 2)
      requestAnimationFrame(build);
  }).observe(picture);
  build();
  return data => draw(data, false);
})();

// In the title and the icon, which are seen when the page is not.
const showBand = (() => {
  const icon = document.querySelector("link[rel=icon]"),
    calm = [document.title, icon.href];
  return (band, part, name) => {
    const y = 29 - 24 * Math.min(1, part),
      colour = band === "full" ? "#ff9a83" : "#e0b85c",
      picture =
        `<svg xmlns="${SVG}" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#0f5560"/>` +
        `<path d="M0 ${y}q4-4 8 0t8 0 8 0 8 0V32H0z" fill="${colour}"/></svg>`,
      [title, href] = band
        ? [`${percent(part)} of ${name} · Tidepool`, `data:image/svg+xml,${encodeURIComponent(picture)}`]
        : calm;
    if (document.title !== title) document.title = title;
    if (icon.href !== href) icon.href = href;
  };
})();
let band = "";
function drawBand(data) {
  const {full, level, name} = scaleOf(data),
    next = bandOf(data),
    text =
      (next === "full" ? "Almost full: " : "High: ") +
      `${percent(level / full)} of ${name} is ${data.budget ? "taken" : "resident"}. At 100 % ` +
      (data.budget ? "requests and connections are refused." : "the kernel ends this process.");
  say($("band"), next ? text : "");
  showBand(next, level / full, name);
  if (next !== band) speak(next ? text : `Below ${percent(bands[0][0])} of ${name} again.`, true);
  band = next;
}

function drawTide(data) {
  const {full, level, name, untouched} = scaleOf(data);
  say($("tide-now"), bytes(data.memory));
  say(
    $("tide-note"),
    data.budget
      ? `taken from the system, ${percent(level / full)} of ${name}`
      : data.container
        ? `taken from the system; ${percent(level / full)} of ${name} is resident`
        : `taken from the system; the most of the last hour was ${bytes(full)}`
  );
  say(
    $("tide-rest"),
    (data.rss ? `Resident are ${bytes(data.rss)}, with the program and its libraries. ` : "") +
      (untouched
        ? `${bytes(untouched)} more are reserved for pools and untouched: they are addresses, no memory.`
        : "")
  );
  drawBand(data);
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
  speak(`${text} ${bytes(data.memory)} taken from the system.`);
}
