// SPDX-License-Identifier: BSD-2-Clause
// The shore: every connection as a cell, at a place that it keeps for its life; on a canvas.

const shore = {
  cells: [], // by place; empty where one has left
  places: new Map(), // of numbers
  columns: 1,
  cell: 10,
  process: "",
  key: "", // what was asked …
  asked: 0, // … and when
  busy: false,
  cursor: -1, // a place
  known: null, // the row of the cell that was pointed at last
  note: "",
};
const colours = {};
function readColours() {
  // A custom property that says light-dark() is only a colour once a real property has it.
  const probe = document.body.appendChild(el("span", {hidden: true}));
  const names = {
    idle: "soft",
    reading: "request",
    sending: "buffer",
    waiting: "header",
    lingering: "response",
    water: "water-deep",
    well: "card",
    chosen: "coral",
    ink: "ink",
  };
  for (const name in names) {
    probe.style.color = `var(--${names[name]})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
}

// ---- what there is ----

const cellOf = c => ({...c, size: sizeOf(c.held), full: share(c.used, c.held), dim: !passes(c)});
function decode({workers}) {
  return workers.flatMap(({worker, protocols, cells}) =>
    (atob(cells).match(/[^]{9}/g) || []).map(text => {
      const raw = Array.from(text, one => one.charCodeAt(0)),
        [flags, size, both, resets] = raw.slice(5);
      return {
        number: raw.slice(0, 5).reduce((sum, byte) => sum * 256 + byte),
        worker,
        protocol: protocols[(flags >> 5) & 3],
        state: states[flags & 7][0],
        watches: flags & 8,
        dim: !(flags & 16),
        size,
        full: (both & 15) / 15,
        resets,
      };
    })
  );
}
// More than the server tells one by one: cells of several that have state and size in common.
function lump({matched, most, by_state}) {
  const each = Math.ceil(matched / 4000);
  shore.note = `There are more than ${count(most)}: a cell is up to ${count(each)}, by state and size.`;
  shore.cells = Object.entries(by_state).flatMap(([state, sizes]) =>
    sizes.flatMap((n, size) => Array(Math.ceil(n / each)).fill({state, size, full: 1, many: true}))
  );
  shore.places.clear();
}
// Each to its place; who comes takes the first that is free; who has left is seen once more.
function settle(list) {
  let {cells, places} = shore;
  const here = new Set(list.map(c => c.number));
  if (shore.process !== now.process || list.length * 3 < cells.length - 60 || (cells[0] && cells[0].many)) {
    cells = shore.cells = [];
    places.clear();
  }
  shore.process = now.process;
  cells.forEach((c, place) => {
    if (!c || here.has(c.number)) return;
    if (c.gone) places.delete(c.number);
    cells[place] = c.gone ? null : {...c, gone: true};
  });
  let free = 0;
  for (const c of list.sort((a, b) => a.number - b.number)) {
    let place = places.get(c.number);
    if (place === undefined) {
      while (cells[free]) free++;
      places.set(c.number, (place = free));
    } else c.flash = (c.resets - cells[place].resets) & 255;
    cells[place] = c;
  }
  while (cells.length && !cells[cells.length - 1]) cells.pop();
}
// Draws when there is something new alone, since each picture shows its rings again.
function wantCells() {
  if (now.complete) {
    shore.note = "";
    settle(now.connections.map(cellOf));
    return drawShore();
  }
  const {limit, sort, order, ...filters} = question(),
    key = JSON.stringify(filters),
    wait = Math.max(900, now.open / 5);
  if (shore.busy || (key === shore.key && performance.now() - shore.asked < wait)) return;
  Object.assign(shore, {key, asked: performance.now(), busy: true});
  get("cells", filters)
    .then(answer => {
      if (`${answer.pid} ${answer.started}` !== now.process) return;
      if (answer.aggregated) lump(answer);
      else {
        const less = answer.left_out;
        settle(decode(answer));
        shore.note = less ? `The server had no memory for ${plural(less, "cell")}.` : "";
      }
      drawShore();
    })
    .catch(() => {}) // as with the table
    .finally(() => (shore.busy = false));
}

// ---- the picture ----

function drawCell(pen, c, x, y, size) {
  const round = size * 0.45,
    water = Math.max(1, size * c.full),
    shade = 0.5 + 0.5 * Math.min(1, c.size / 8),
    // The shape is the protocol: a cup for HTTP, a ball for echo, a box for others.
    shapes = {http: [2, 2, round, round], echo: round},
    alpha = c.dim ? 0.15 : c.gone ? 0.5 : 1;
  const basin = () => {
    pen.beginPath();
    pen.roundRect(x, y, size, size, shapes[c.protocol] || 1);
  };
  pen.globalAlpha = alpha;
  if (size > 9) {
    pen.save();
    basin();
    pen.fillStyle = colours.well;
    pen.fill();
    pen.clip();
    pen.globalAlpha = alpha * shade;
    pen.fillStyle = colours.water;
    pen.fillRect(x, y + size - water, size, water);
    pen.restore();
    basin();
    pen.lineWidth = c.state === "idle" ? 1 : 2;
    pen.strokeStyle = colours[c.state];
    pen.stroke();
  } else {
    pen.fillStyle = c.state === "idle" ? colours.water : colours[c.state];
    pen.globalAlpha = alpha * shade * 0.5;
    basin();
    pen.fill();
    pen.globalAlpha = alpha * shade;
    if (c.protocol === "http") pen.fillRect(x, y + size - water, size, water);
    else pen.fill();
  }
  pen.globalAlpha = alpha;
  pen.fillStyle = colours.ink;
  const dot = Math.max(1, size / 4);
  if (c.watches) pen.fillRect(x + (size - dot) / 2, y + (size - dot) / 2, dot, dot);
}
// What fades lies on a canvas of its own, which the style sheet fades: those that left, the rings of resets.
function drawShore() {
  const width = $("shore").clientWidth,
    n = shore.cells.length;
  if (!width || !now) return;
  // Room for some more: places stay where they are while a few come and go.
  const room = 2 ** (Math.ceil(2 * Math.log2(n + 1)) / 2),
    tall = Math.max(220, Math.min(380, $("heat").offsetHeight - 6));
  let cell = Math.floor(Math.sqrt((width * tall) / room));
  while (cell > 4 && Math.ceil(room / Math.max(1, Math.floor((width - 8) / cell))) * cell > tall) cell--;
  cell = Math.max(4, Math.min(34, cell));
  const across = Math.max(1, Math.floor((width - 8) / cell)),
    height = Math.max(Math.min(tall, 120), Math.ceil(n / across) * cell + 8),
    ratio = devicePixelRatio || 1,
    size = cell - (cell > 8 ? 2 : 1);
  Object.assign(shore, {columns: across, cell});
  const [still, fading] = ["canvas", "fading"].map(name => {
    const canvas = $(name),
      pen = canvas.getContext("2d");
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    pen.setTransform(ratio, 0, 0, ratio, 4, 4);
    return pen;
  });
  const ring = (pen, x, y, colour, wide) => {
    pen.globalAlpha = 1;
    pen.lineWidth = wide;
    pen.strokeStyle = colour;
    pen.strokeRect(x - wide / 2 + 0.5, y - wide / 2 + 0.5, size + wide - 1, size + wide - 1);
  };
  shore.cells.forEach((c, place) => {
    if (!c) return;
    const x = (place % across) * cell,
      y = Math.floor(place / across) * cell;
    drawCell(c.gone ? fading : still, c, x, y, size);
    if (c.flash && !c.gone) ring(fading, x, y, colours.chosen, cell > 8 ? 2 : 1);
    if (isChosen(c)) ring(still, x, y, colours.chosen, 3);
    if (place === shore.cursor && document.activeElement === $("shore")) ring(still, x, y, colours.ink, 2);
  });
  for (const animation of $("fading").getAnimations()) {
    animation.cancel();
    animation.play();
  }
  say($("shore-note"), shore.note);
  const seen = shore.cells.filter(c => c && !c.gone);
  fill($("shore"), {"data-cells": seen.length, "data-grid": `${across} ${cell}`});
}

// ---- pointer and keys ----

function describe(c) {
  const row = [now.byNumber.get(c.number), shore.known].find(row => row && row.number === c.number);
  if (c.many) return `${c.state}, at most ${bytes(512 << c.size)}`;
  return (
    `${shortName(c)} ${row ? row.address : ""}, ${c.protocol}, ${stateOf(c)}` +
    (row ? `: ${bytes(row.used)} of ${bytes(row.held)}` : `, ${percent(c.full)} full`)
  );
}
let resolve = 0;
function point(place, spoken) {
  const c = shore.cells[place],
    tip = $("tip");
  clearTimeout(resolve);
  tip.hidden = !c;
  if (!c) return;
  const show = () => {
    if (tip.hidden) return;
    say(tip, describe(c));
    if (spoken) speak(describe(c), true);
    tip.style.left = `min(${(place % shore.columns) * shore.cell + 16}px, 100% - ${tip.offsetWidth}px)`;
    tip.style.top = `min(${Math.floor(place / shore.columns + 1) * shore.cell + 8}px, 100% - 2rem)`;
  };
  show();
  if (c.many || c.gone || describe(c).includes(" of ")) return;
  // Its address is asked for once the pointer rests.
  resolve = setTimeout(
    () =>
      ask({id: c.number, limit: 1})
        .then(answer => {
          shore.known = answer.byNumber.get(c.number);
          show();
        })
        .catch(() => {}),
    150
  );
}
const placeAt = event => {
  const box = $("canvas").getBoundingClientRect(),
    column = Math.floor((event.clientX - box.left - 4) / shore.cell);
  return column < shore.columns && column >= 0
    ? Math.floor((event.clientY - box.top - 4) / shore.cell) * shore.columns + column
    : -1;
};
const openPlace = place => {
  const c = shore.cells[place];
  if (c && !c.many) open(c.number, true);
};
let under = -1;
$("canvas").addEventListener("pointermove", event => {
  const place = placeAt(event);
  if (place !== under) point((under = place));
});
$("canvas").addEventListener("click", event => openPlace(placeAt(event)));
$("shore").addEventListener("pointerleave", () => point((under = -1)));
$("shore").addEventListener("keydown", event => {
  const {columns, cells, cursor} = shore,
    steps = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: 1, End: -1};
  if (event.key === "Enter") return openPlace(cursor);
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  let place = {Home: 0, End: cells.length - 1}[event.key] ?? cursor + step;
  while (place >= 0 && place < cells.length && !cells[place]) place += step;
  if (!cells[place]) return;
  shore.cursor = place;
  drawShore();
  point(place, true);
});
$("shore").addEventListener("focus", () => {
  if (!shore.cells[shore.cursor]) shore.cursor = shore.cells.findIndex(Boolean);
  drawShore();
  point(shore.cursor, true);
});
$("shore").addEventListener("blur", () => {
  point(-1);
  drawShore();
});
