// SPDX-License-Identifier: BSD-2-Clause
// The events of a followed pool (schema: pool_view.md) as moments: what it held after each, and a sentence.

const LIFE_KEEP = 4000; // moments of a pool; older ones are let go, and that is said
const layers = new Map([
  // what a piece is for: colour, letter, name
  ["first", ["connection", "C", "first block: the connection. It never leaves: that is the pin"]],
  ["block", ["request", "R", "blocks of the request"]],
  ["input", ["buffer", "B", "input"]],
  ["output", ["response", "A", "output"]],
  ["body", ["header", "D", "body"]],
  ["module", ["module", "M", "modules"]],
  ["other", ["other", "O", "other"]],
]);
function layerOf(piece) {
  if (piece.kind === "first" || piece.kind === "block") return piece.kind;
  if (!piece.purpose) return "other";
  if (/body/.test(piece.purpose)) return "body";
  if (layers.has(piece.purpose)) return piece.purpose;
  return (
    {request: "block", header: "block", response: "output", buffer: "other", connection: "first"}[
      kindOf.get(piece.purpose)
    ] || "module"
  );
}

function clock(t) {
  if (t < 1000) return `${t} µs`;
  if (t < 1e6) return `${(t / 1000).toFixed(t < 1e5 ? 2 : 0)} ms`;
  return t < 6e7 ? `${(t / 1e6).toFixed(3)} s` : age(t / 1e6);
}

// What is held behind an event. A give names no piece: it is the newest of that kind and size.
function piecesAfter(pieces, e) {
  if (e.k === "create") {
    const first = {kind: "first", purpose: "connection", bytes: e.bytes};
    // With pool_mode passthrough the connection has a place of its own beside the block.
    return e.joined || e.held <= e.bytes
      ? [first]
      : [first, {...first, kind: "large", bytes: e.held - e.bytes}];
  }
  if (e.k === "take" || e.k === "have")
    return [...pieces, {kind: e.kind, purpose: e.purpose, bytes: e.bytes}];
  if (e.k === "destroy") return [];
  if (e.k !== "give") return pieces;
  const at = pieces.findLastIndex(
    p => p.kind === e.kind && p.bytes === e.bytes && (!e.purpose || p.purpose === e.purpose)
  );
  return at < 0 ? pieces : pieces.toSpliced(at, 1);
}

function addMoment(life, e) {
  const last = life.moments[life.moments.length - 1],
    pieces = piecesAfter(last ? last.pieces : [], e),
    held = e.held ?? (last ? last.held : 0);
  const sums = Object.fromEntries([...layers.keys()].map(key => [key, 0]));
  let named = 0;
  for (const piece of pieces) {
    sums[layerOf(piece)] += piece.bytes;
    named += piece.bytes;
  }
  if (e.k !== "have") sums.other += Math.max(0, held - named); // taken by an event that was dropped
  const moment = {...e, pieces, held, sums, gave: 0};
  if (e.k === "give") moment.gave = e.bytes + (last && last.k === "give" ? last.gave : 0);
  if ((e.k === "reset" || e.k === "idle") && last && last.k === "give") moment.gave = last.gave;
  moment.words = wordsFor(moment);
  life.moments.push(moment);
  life.count++;
  if (e.k === "create") Object.assign(life, {client: e.client, protocol: e.protocol, joined: e.joined});
  if (e.k === "request") Object.assign(life, {requests: e.n, path: e.path, busy: true});
  if (e.k === "reset" || e.k === "idle") Object.assign(life, {resets: e.n, busy: false});
  if (e.k === "dropped") life.dropped += e.count;
  if (e.k === "destroy") life.destroyed = true;
  if (life.moments.length > LIFE_KEEP) life.moments.splice(0, LIFE_KEEP / 8);
  return moment;
}
const newLife = c => ({
  c,
  moments: [],
  events: [], // as they arrived, for "Save JSON"
  count: 0,
  requests: 0,
  resets: 0,
  dropped: 0,
  destroyed: false,
  client: "",
  protocol: "",
});

// One plain sentence for each event.
const stateWords = {
  idle: "The connection is idle: it waits for the next request.",
  reading: "The connection reads: a head or a body comes in.",
  waiting: "The connection waits: the answer is not ready yet.",
  sending: "The connection sends: the client takes the answer as fast as it can.",
  lingering: "The connection lingers: it reads what still comes, and closes.",
};
const back = e => (e.gave ? `${bytes(e.gave)} go back, ` : "") + `${bytes(e.held)} stay.`;
function wordsFor(e) {
  const size = bytes(e.bytes),
    purpose = e.purpose || "the request";
  switch (e.k) {
    case "create":
      return e.joined
        ? `The pool was there before: it holds ${bytes(e.held)}, and is watched from now on.`
        : `A connection is accepted, and its pool created: ${bytes(e.held)}. The connection lives in it.`;
    case "have":
      return `It holds ${size} already: ${e.kind === "block" ? "a block of the request" : purpose}.`;
    case "pin":
      return `The pin is set: these ${bytes(e.held)} outlive every request.`;
    case "take":
      return e.kind === "block"
        ? `The pool takes a block of ${size} for ${purpose}.`
        : e.kind === "large"
          ? `${size} for ${purpose} are too large for a block: they get a place of their own.`
          : `A buffer of ${size} is taken for ${purpose}.`;
    case "give":
      return e.kind === "block"
        ? `A block of ${size} goes back.`
        : e.purpose === "output"
          ? `Output is sent: its buffer of ${size} goes back.`
          : e.purpose === "input" && e.kind === "buffer"
            ? `No input is left to read: its buffer of ${size} goes back.`
            : `The ${e.kind === "large" ? "large one" : "buffer"} of ${size} for ${purpose} goes back.`;
    case "alloc":
      return `${size} are cut from a block for ${purpose}.`;
    case "request":
      return `Request ${e.n} begins: ${e.method} ${e.path}${e.cut ? "…" : ""}`;
    case "state":
      return stateWords[e.state] || `The connection is ${e.state}.`;
    case "reset":
      return `The request is done: the pool is reset. ${back(e)}`;
    case "idle":
      return "The request is done, and no other is here: the pool is reset, without a reserve. " + back(e);
    case "refused":
      return `${size} for ${purpose} are refused: ${e.why === "system" ? "the system has no more" : e.why}.`;
    case "destroy":
      return `The connection is closed, and its pool is destroyed: nothing is left.`;
    case "dropped":
      return `${plural(e.count, "event")} found no room on the way here: the picture has a gap.`;
  }
  return e.k;
}
// A mark on the picture: class, letter of the table.
const markOf = {
  create: "●",
  reset: "▽",
  idle: "▽",
  destroy: "✕",
  refused: "○",
  dropped: "?",
  take: "+",
  give: "−",
  alloc: "·",
  request: "→",
};
