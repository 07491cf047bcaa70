// SPDX-License-Identifier: BSD-2-Clause
// The trace (pool_trace.md is the schema) as pieces in blocks, and where each of them is drawn.

function unhex(text) {
  const out = new Uint8Array(text.length >> 1);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.substr(2 * i, 2), 16);
  return out;
}

// pool_trace.md → what is drawn. A block's header is a piece too, in front of the first allocation in it.
function adaptTrace(raw) {
  const names = {first: "First block", block: "Block", large: "Large one", buffer: "Buffer"};
  const blocks = raw.blocks.map(block => ({
    index: block.id,
    kind: block.kind,
    size: block.bytes,
    used: block.used_bytes,
    pin: block.pin_bytes,
    filled: block.filled_bytes,
    fate: block.fate,
    name: block.id || block.kind !== "first" ? `${names[block.kind] || block.kind} ${block.id}` : names.first,
  }));
  const pieces = [],
    begun = new Set();
  for (const a of raw.allocations) {
    const block = raw.blocks.find(one => one.id === a.block);
    if (block && !begun.has(block.id)) {
      begun.add(block.id);
      if (block.header_bytes)
        pieces.push({
          order: pieces.length,
          number: 0,
          purpose: block.kind === "first" ? "pool" : "block header",
          kind: "pool",
          block: block.id,
          offset: 0,
          size: block.header_bytes,
          kept: block.kind === "first",
          life: block.kind === "first" ? "until the connection closes" : "as long as its block",
          source: "",
          bytes: null,
          hidden: [],
        });
    }
    pieces.push({
      order: pieces.length,
      number: a.order,
      purpose: a.purpose,
      kind: kindOf.get(a.purpose) || (a.lifetime === "buffer" ? "buffer" : a.purpose ? "module" : "other"),
      block: a.block,
      offset: a.offset,
      size: a.bytes,
      filled: a.lifetime === "buffer" && block && block.filled_bytes !== null ? block.filled_bytes : a.bytes,
      kept: a.lifetime === "connection",
      freed: a.freed_after,
      source: a.source,
      bytes: unhex(a.data || ""),
      hidden: a.hidden || [],
      life:
        {
          connection: "until the connection closes",
          request: "until the reset",
          buffer: "until it is put back",
        }[a.lifetime] || a.lifetime,
    });
  }
  const r = raw.reset,
    rest = raw.request,
    left = raw.truncated || {};
  return {
    blocks,
    pieces,
    pool: raw.pool,
    reset: r,
    total: raw.allocations.length,
    pinned: raw.pinned_after,
    line: [
      [true, rest.line],
      [
        false,
        ` · ${plural(rest.fields, "header field")} in ${bytes(rest.head_bytes)}` +
          ` · ${plural(raw.allocations.length, "allocation")} in ${plural(raw.blocks.length, "block")}` +
          ` · location ${rest.location || "none"}`,
      ],
      [
        false,
        left.allocations || left.data_bytes
          ? ` · left out: ${plural(left.allocations, "allocation")}, ${bytes(left.data_bytes)} of contents`
          : "",
      ],
    ],
    back: {
      bytes: r.given_back_bytes,
      free: r.reset_bytes,
      facts: [
        ["Free again for the next request", bytes(r.reset_bytes)],
        ["Back where it came from", bytes(r.given_back_bytes)],
        ["What an idle connection costs", bytes(r.idle.held_bytes)],
        ["Blocks kept in reserve", `${r.after.reserve}, idle ${r.idle.reserve}`],
        ["Stranded at ends of blocks", bytes(r.before.stranded_bytes)],
        ["First block", bytes(raw.pool.first_bytes)],
        ["Each later block", bytes(raw.pool.block_bytes)],
        ["Budget of a connection", raw.pool.budget_bytes ? bytes(raw.pool.budget_bytes) : "none"],
      ],
    },
  };
}

// The steps behind the last allocation: how many there are, and what each of them is.
const RESET_STEPS = ["cleanups", "large", "rewind", "idle"];
function resetStep(data, n) {
  const name = RESET_STEPS[n - data.pieces.length - 1],
    {before, after, idle} = data.reset;
  const words = {
    cleanups: "The answer is out, and the reset begins. 1: the cleanups run, the newest first",
    large: `2: large ones go back. ${before.larges ? `There are ${before.larges}` : "There is none here"}`,
    rewind:
      `3: rewind to the pin. ${bytes(data.back.free)} are free again, ${bytes(after.held_bytes)} are held` +
      (after.reserve ? `, with ${plural(after.reserve, "block")} in reserve` : ""),
    idle: `No other request is here: ${bytes(data.back.bytes)} went back, ${bytes(idle.held_bytes)} stay`,
  };
  return {name, words: words[name]};
}
// Whether a block has gone back when `step` of the reset is done. Output went when it was sent.
function blockGone(block, pieces, step) {
  const at = RESET_STEPS.indexOf(step);
  if (at < 0 || block.kind === "first") return false;
  if (block.kind === "large") return at >= 1;
  if (block.kind === "buffer" && pieces.some(piece => piece.purpose === "output")) return true;
  return at >= (block.kind === "buffer" || block.fate === "kept" ? 3 : 2);
}
// What a block is like after the first n pieces, or at a step of the reset.
function blockAt(data, block, n) {
  const pieces = data.pieces.filter(piece => piece.block === block.index),
    step = n > data.pieces.length ? resetStep(data, n).name : "",
    gone = blockGone(block, pieces, step),
    rewound = RESET_STEPS.indexOf(step) >= 2 && block.kind !== "buffer",
    done = pieces.filter(piece => piece.order < n && (!rewound || piece.kept)),
    used = Math.max(0, ...done.map(piece => piece.offset + piece.size));
  return {
    unborn: block.kind !== "first" && !pieces.some(piece => piece.order < n),
    gone,
    pin: block.pin !== null && n > data.pieces.findIndex(piece => piece.number === data.pinned),
    text: gone
      ? `${bytes(block.size)}: went back`
      : rewound && block.kind !== "first"
        ? `${bytes(block.size)}: in reserve for the next request`
        : `${bytes(block.size)}, ` +
          (!used ? "empty" : block.filled === null ? `${bytes(used)} used` : `${bytes(block.filled)} filled`),
  };
}

// Of the map, in pixels: the height of a row, and the room on its left for offsets.
const ROWH = 23,
  GUTTER = 46;

// The rows of a block: those of nothing, and the middle of what is long, are drawn as one torn row.
function layOut(block, pieces, across) {
  const total = Math.ceil(block.size / across),
    owner = new Array(total).fill(-1); // -1 nothing, -2 several, else the piece
  pieces
    .flatMap(piece =>
      piece.filled < piece.size
        ? [
            {...piece, size: piece.filled},
            {
              ...piece,
              order: piece.order + 0.5,
              offset: piece.offset + piece.filled,
              size: piece.size - piece.filled,
            },
          ]
        : [piece]
    )
    .forEach(piece => {
      if (!piece.size) return;
      const first = Math.floor(piece.offset / across),
        last = Math.floor((piece.offset + Math.max(1, piece.size) - 1) / across);
      for (let r = first; r <= last && r < total; r++) {
        const all =
          piece.offset <= r * across && piece.offset + piece.size >= Math.min(block.size, (r + 1) * across);
        owner[r] = owner[r] === -1 && all ? piece.order : -2;
      }
    });
  const place = [],
    torn = [];
  let y = 0;
  for (let r = 0; r < total;) {
    let end = r + 1;
    while (end < total && owner[end] === owner[r]) end++;
    const bare = owner[r] === -1 || owner[r] % 1 !== 0,
      lead = bare ? 0 : 3,
      tail = bare ? 0 : 2;
    if (owner[r] !== -2 && end - r > lead + tail + 1) {
      for (let i = 0; i < lead; i++) place[r + i] = y++;
      torn.push({
        y,
        bytes: Math.min(block.size, (end - tail) * across) - (r + lead) * across,
        empty: owner[r] === -1,
        room: owner[r] % 1 !== 0,
        offset: (r + lead) * across,
      });
      for (let i = lead; i < end - r - tail; i++) place[r + i] = y;
      y++;
      for (let i = end - tail; i < end; i++) place[i] = y++;
    } else {
      for (let i = r; i < end; i++) place[i] = y++;
    }
    r = end;
  }
  return {place, torn, rows: y};
}

function shape(from, to, across, width, place) {
  const x = at => GUTTER + ((width - GUTTER) * at) / across,
    y = r => place[r] * ROWH;
  const a = Math.floor(from / across),
    b = Math.floor((to - 1) / across),
    xa = x(from - a * across),
    xb = x(to - b * across),
    L = GUTTER,
    R = width;
  const inset = 1,
    top = y(a) + inset,
    bottom = y(b) + ROWH - inset;
  if (place[a] === place[b])
    return {d: `M${xa} ${top}H${Math.max(xb, xa + 1)}V${bottom}H${xa}Z`, x: xa, y: y(a), w: xb - xa};
  if (place[b] === place[a] + 1 && xb <= xa)
    return {
      d: `M${xa} ${top}H${R}V${y(a) + ROWH - inset}H${xa}ZM${L} ${y(b) + inset}H${xb}V${bottom}H${L}Z`,
      ...(R - xa >= xb - L ? {x: xa, y: y(a), w: R - xa} : {x: L, y: y(b), w: xb - L}),
    };
  const second = place[b] > place[a] + 1 ? {x: L, y: y(a) + ROWH, w: R - L} : {x: L, y: y(b), w: xb - L};
  return {
    d:
      `M${xa} ${top}H${R}V${y(b) + (xb < R ? inset : 0)}` +
      (xb < R ? `H${xb}` : "") +
      `V${bottom}H${L}V${y(a) + ROWH - (xa > L ? inset : 0)}` +
      (xa > L ? `H${xa}` : "") +
      "Z",
    ...(R - xa >= 150 || R - xa >= second.w ? {x: xa, y: y(a), w: R - xa} : second),
  };
}

function hex(piece) {
  const lines = [];
  if (!piece.bytes) return "What the pool itself writes here is not shown.";
  const hidden = new Set(piece.hidden.flatMap(([at, length]) => Array.from({length}, (_, i) => at + i)));
  for (let at = 0; at < Math.min(piece.bytes.length, 2048); at += 8) {
    const row = [...piece.bytes.subarray(at, at + 8)].map((b, i) => (hidden.has(at + i) ? null : b));
    lines.push(
      `${String(piece.offset + at).padStart(5)}  ${row
        .map(b => (b === null ? "··" : b.toString(16).padStart(2, "0")))
        .join(" ")
        .padEnd(
          23
        )}  ${row.map(b => (b === null ? " " : b >= 32 && b < 127 ? String.fromCharCode(b) : "·")).join("")}`
    );
  }
  if (piece.bytes.length < piece.size)
    lines.push(`${lines.length ? "then " : ""}${bytes(piece.size - piece.bytes.length)} never written`);
  else if (piece.size > 2048) lines.push(`… and ${bytes(piece.size - 2048)} more`);
  if (hidden.size) lines.push("··: an address of the server, not shown");
  return lines.join("\n");
}
