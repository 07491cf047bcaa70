// SPDX-License-Identifier: BSD-2-Clause
// The picture of a pool's life: step areas by purpose over time, marks, and the memory at the cursor.

const LIFE_WINDOW = 240; // moments in one picture
const lifeScales = {
  root: ["root scale", v => Math.sqrt(v)],
  log: ["logarithmic scale", v => Math.log2(1 + v / 256)],
  linear: ["linear scale", v => v],
};

// Where each moment stands, from 0 to 1; there is room behind the last one for how it goes on.
function lifePlaces(moments, toScale) {
  const gaps = moments.map((m, i) => (i ? Math.max(0, m.t - moments[i - 1].t) : 0));
  const steps = toScale ? gaps : gaps.map((gap, i) => (i ? 0.5 + Math.log10(1 + gap / 10) : 0));
  const sum = steps.reduce((a, b) => a + b, 0),
    room = toScale ? sum * 0.06 || 1 : 1 + sum * 0.04,
    places = [];
  let at = 0;
  for (const step of steps) places.push((at += step) / (sum + room));
  return places;
}

// The outline of one layer: along its top to the right, along its bottom back.
function stepPath(xs, end, tops, bottoms) {
  const n = xs.length;
  let d = `M${xs[0]} ${tops[0]}`;
  for (let i = 0; i < n; i++) d += `H${i + 1 < n ? xs[i + 1] : end}${i + 1 < n ? `V${tops[i + 1]}` : ""}`;
  d += `V${bottoms[n - 1]}`;
  for (let i = n - 1; i >= 0; i--) d += `H${xs[i]}${i ? `V${bottoms[i - 1]}` : ""}`;
  return `${d}Z`;
}

// Values for the axis: round in the powers of two, and not too close to each other.
function lifeTicks(top, linear, y) {
  const unit = linear ? 2 ** Math.ceil(Math.log2(top / 4.5)) : 512,
    ticks = [];
  for (let v = unit; v <= top; v = linear ? v + unit : 2 * v)
    if (!ticks.length || y(ticks[ticks.length - 1]) - y(v) >= 26) ticks.push(v);
  return ticks;
}

const lifeEnds = {joined: "seen first", create: "connect", destroy: "close"};
// As much of a request's line as there is room for: the end of the path says most.
function requestLabel(m, room) {
  const line = `${m.method} ${m.path}`,
    left = Math.floor(room) - m.method.length - 2;
  return line.length <= room
    ? line
    : left > 4
      ? `${m.method} …${m.path.slice(-left)}`
      : room > 2
        ? `${m.n}`
        : "";
}

// Draws the moments of `life` from view.first on; answers where they stand, in pixels.
function drawLife(picture, life, view) {
  const moments = life.moments.slice(view.first, view.first + LIFE_WINDOW),
    W = Math.max(260, picture.parentElement.clientWidth || 900),
    narrow = W < 620,
    H = narrow ? 250 : 310,
    LEFT = narrow ? 50 : 66,
    TOP = 54,
    FOOT = H - 40;
  const [scaleName, scale] = lifeScales[view.scale],
    top = 1.06 * Math.max(1024, ...moments.map(m => m.held)),
    y = v => Math.round(10 * (FOOT - ((FOOT - TOP) * scale(v)) / scale(top))) / 10;
  const last = moments[moments.length - 1],
    ended = last.k === "destroy",
    places = lifePlaces(moments, view.toScale),
    xs = places.map(p => Math.round(10 * (LEFT + (W - LEFT - 8) * p)) / 10),
    end = ended ? xs[xs.length - 1] : W - 4,
    drawn = [];
  const add = (tag, attributes, ...more) => drawn.push(svg(tag, attributes, ...more)),
    text = (x, at, words, more) => add("text", {x, y: at, ...more}, words);
  for (const v of lifeTicks(top, view.scale === "linear", y)) {
    add("path", {class: "axis", d: `M${LEFT} ${y(v)}H${W}`});
    text(LEFT - 8, y(v) + 4, bytes(v), {class: "soft", "text-anchor": "end"});
  }
  add("path", {class: "axis", d: `M${LEFT} ${FOOT}H${W}`});
  // From below: each layer stands on the sum of those before it.
  let under = moments.map(() => 0);
  for (const [key, [kind, , name]] of layers) {
    const over = moments.map((m, i) => under[i] + m.sums[key]);
    if (over.some((sum, i) => sum > under[i]))
      add(
        "path",
        {class: `area k-${kind}`, d: stepPath(xs, end, over.map(y), under.map(y))},
        svg("title", {}, name)
      );
    under = over;
  }
  let label = -Infinity,
    tick = -Infinity,
    said = null, // the moment whose time was written last
    reset = -Infinity;
  moments.forEach((m, i) => {
    const x = xs[i];
    if (m.k === "request" || m.k === "create" || m.k === "destroy") {
      add("path", {class: "when", d: `M${x} ${TOP - 22}V${FOOT}`});
      const next = moments.findIndex((other, at) => at > i && /request|destroy/.test(other.k)),
        room = ((next < 0 ? W : xs[next]) - x - 10) / 7.2,
        words = m.k === "request" ? requestLabel(m, room) : lifeEnds[m.joined ? "joined" : m.k];
      if (words && x > label && words.length <= room) {
        text(x + 4, TOP - 26, words, {class: "strong"});
        label = x + words.length * 7.2 + 8;
      }
    }
    if (m.k === "create")
      add(
        m.joined ? "path" : "circle",
        m.joined ? {class: "birth", d: `M${x} ${FOOT - 6}v12l8-6z`} : {class: "birth", cx: x, cy: FOOT, r: 5}
      );
    if (m.k === "reset" || m.k === "idle") {
      add("path", {class: "reset", d: `M${x - 6} ${TOP - 12}h12l-6 10z`});
      if (
        !narrow &&
        x - reset > 60 &&
        x < W - 50 &&
        !(xs[i + 1] - x < 40 && /request|reset|idle/.test(moments[i + 1].k))
      )
        text(x + 9, TOP - 3, "reset", {class: "soft"});
      reset = x;
    }
    if (m.k === "destroy") add("path", {class: "death", d: `M${x - 6} ${FOOT - 6}l12 12m0 -12l-12 12`});
    if (m.k === "refused") add("circle", {class: "refusal", cx: x, cy: y(m.held), r: 6});
    if (m.k === "dropped") text(x, TOP - 3, "?", {class: "high", "text-anchor": "middle"});
    if (x - tick > (narrow ? 66 : 84) && x < W - 40) {
      add("path", {class: "axis", d: `M${x} ${FOOT}v5`});
      const same = said && clock(said.t) === clock(m.t);
      text(x, FOOT + 18, same ? `+ ${clock(m.t - said.t)}` : clock(m.t), {
        class: "soft",
        "text-anchor": i ? "middle" : "start",
      });
      if (!same) said = m;
      tick = x;
    }
  });
  text(
    narrow ? 0 : LEFT,
    H - 4,
    `Time since it was accepted${view.toScale ? ", to scale" : "; pauses are drawn short"}`,
    {class: "soft"}
  );
  text(0, 12, `Bytes held, ${scaleName}`, {class: "soft"});
  const at = xs[Math.max(0, Math.min(xs.length - 1, view.cursor - view.first))];
  add("path", {class: "cursor", d: `M${at} ${TOP - 8}V${FOOT + 4}`});
  add("circle", {class: "cursorhead", cx: at, cy: TOP - 8, r: 5});
  picture.setAttribute("viewBox", `0 0 ${W} ${H}`);
  picture.replaceChildren(...drawn);
  return {xs, width: W};
}

// What the pool held at a moment: each piece as wide as it is large.
function drawPieces(picture, moment) {
  const W = Math.max(260, picture.parentElement.clientWidth || 900),
    whole = Math.max(
      1,
      moment.pieces.reduce((sum, piece) => sum + piece.bytes, 0)
    ),
    drawn = [];
  let x = 0,
    free = 0;
  for (const piece of moment.pieces) {
    const w = (W * piece.bytes) / whole,
      [kind, letter] = layers.get(layerOf(piece)),
      name = piece.kind === "first" ? "first block" : piece.purpose || piece.kind,
      full = `${name} ${bytes(piece.bytes)}`;
    drawn.push(
      svg(
        "rect",
        {
          class: `k k-${kind}`,
          x: x + 0.7,
          y: 1,
          width: Math.max(1.5, w - 1.4),
          height: 38,
          rx: Math.min(4, w / 4),
        },
        svg("title", {}, full)
      )
    );
    const inside = [full, name, letter].find(words => w > words.length * 6.7 + (words.length > 1 ? 12 : 8));
    if (inside) drawn.push(svg("text", {class: "in", x: x + 6, y: 24}, inside));
    if (inside !== full && x >= free && x < W - full.length * 6.2) {
      drawn.push(svg("text", {class: "soft", x, y: 55}, full));
      free = x + full.length * 6.2 + 10;
    }
    x += w;
  }
  picture.setAttribute("viewBox", `0 0 ${W} 60`);
  picture.replaceChildren(...drawn);
  set(
    picture,
    "aria-label",
    moment.pieces.length
      ? `The pool at ${clock(moment.t)}: ` +
          moment.pieces
            .map(p => `${p.kind === "first" ? "first block" : p.purpose || p.kind} ${bytes(p.bytes)}`)
            .join(", ")
      : "The pool is gone."
  );
}

// A picture that needs no style sheet: the colours as they are now become attributes.
function pictureFile(picture, title) {
  const copy = picture.cloneNode(true),
    from = [...picture.querySelectorAll("*")],
    [, , W, H] = picture.getAttribute("viewBox").split(" ");
  const looks = [
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "opacity",
    "font-size",
    "font-family",
    "font-weight",
  ];
  [...copy.querySelectorAll("*")].forEach((node, i) => {
    const style = getComputedStyle(from[i]);
    for (const name of looks) node.setAttribute(name, style.getPropertyValue(name));
    node.removeAttribute("class");
  });
  for (const name of [...copy.getAttributeNames()]) copy.removeAttribute(name);
  fill(copy, {xmlns: SVG, viewBox: `-16 -40 ${Number(W) + 32} ${Number(H) + 56}`}, []);
  const body = getComputedStyle($("life"));
  copy.prepend(
    svg("rect", {x: -16, y: -40, width: Number(W) + 32, height: Number(H) + 56, fill: body.backgroundColor}),
    svg(
      "text",
      {y: -16, fill: body.color, "font-family": "sans-serif", "font-size": 16, "font-weight": 600},
      title
    )
  );
  return new XMLSerializer().serializeToString(copy);
}
function saveFile(name, type, text) {
  const link = el("a", {href: URL.createObjectURL(new Blob([text], {type})), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
