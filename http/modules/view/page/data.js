// SPDX-License-Identifier: BSD-2-Clause
// What the server says (schema: pool_view.md) in the names of this page; rates, and five minutes of history.

const OPEN_SIZES = Array.from({length: 16}, (_, i) => 512 << i),
  OPEN_AGES = Array.from({length: 9}, (_, i) => 4 ** i);
const bucket = (bounds, value) => {
  const i = bounds.findIndex(bound => value <= bound);
  return i < 0 ? bounds.length : i;
};
const sizeOf = held => bucket(OPEN_SIZES, held),
  ageOf = seconds => bucket(OPEN_AGES, seconds);

function adaptRow(row) {
  const kinds = {block: "Block", reserve: "In reserve", large: "Large", buffer: "Buffer"};
  const parts = (row.parts || []).map((part, i) => ({
    kind: part.kind === "reserve" || part.kind === "buffer" ? "kept" : "",
    size: part.size,
    used: part.used,
    pin: part.pinned || 0,
    name: i ? kinds[part.kind] || part.kind : "First block",
    text:
      part.kind === "reserve"
        ? `${bytes(part.size)} kept for the next request`
        : part.kind === "block"
          ? `${bytes(part.size)}, ${bytes(part.used)} filled` + (part.pinned ? `, pin at ${part.pinned}` : "")
          : `${bytes(part.size)}, ${bytes(part.used)} filled${part.purpose ? `, ${part.purpose}` : ""}`,
  }));
  const names = {block: "request blocks", reserve: "reserve"},
    purposes = (row.parts || []).map((part, i) => (i ? part.purpose || names[part.kind] : "first block"));
  if (row.more_parts) purposes.push("others");
  if (row.more_parts)
    parts.push({
      kind: "",
      size: 128,
      used: 0,
      pin: 0,
      name: "…",
      text: `and ${plural(row.more_parts, "more part")}`,
    });
  return {
    number: row.id,
    place: `${row.order}.${row.id}`, // in the order that was asked for
    worker: row.worker,
    protocol: row.protocol,
    watches: row.watches,
    state: row.state,
    doing: row.doing,
    address: row.client,
    server: row.server,
    age: row.age_seconds,
    idle: row.idle_seconds,
    requests: row.requests,
    unsent: row.unsent_bytes,
    held: row.total_bytes,
    used: row.filled_bytes,
    handed: row.used_bytes,
    pinned: row.pinned_bytes,
    stranded: row.stranded_bytes,
    peak: row.peak_bytes,
    budget: row.budget_bytes,
    larges: row.larges,
    largeBytes: row.large_bytes,
    buffers: row.buffers,
    bufferBytes: row.buffer_bytes,
    resets: row.resets,
    slow: row.slow_calls,
    failure: row.failure,
    purpose: row.purpose,
    purposes,
    parts,
  };
}

function adapt(raw) {
  const t = raw.totals,
    m = raw.memory,
    c = raw.connections,
    s = raw.sgi,
    lock = l => ({taken: l.taken, contended: l.contended, wait: l.wait_seconds});
  const connections = c.rows.map(adaptRow);
  return {
    time: raw.server.time,
    process: `${raw.server.pid} ${raw.server.started}`, // numbers of connections are of one process
    pid: raw.server.pid,
    mode: raw.server.pool_mode,
    generation: raw.server.generation,
    open: c.total,
    active: c.total - c.states.idle,
    held: t.total_bytes,
    used: t.used_bytes,
    memory: m.live_bytes,
    peak: m.peak_bytes,
    budget: m.budget_bytes,
    events: raw.events || [],
    container: m.container_bytes,
    rss: m.resident_bytes,
    uses: m.uses,
    peakUses: m.peak_uses,
    purposes: c.purposes,
    reserved: raw.workers.reduce((sum, {sizeclass: s}) => sum + s.mapped_bytes - s.resident_bytes, 0),
    counters: {requests: t.requests, received: t.received_bytes, sent: t.sent_bytes, accepted: t.accepted},
    refused: t.refused,
    overBudget: t.over_budget,
    failed: m.failed,
    refusedByBudget: m.refused,
    connections,
    watchers: c.watchers,
    matched: c.matched,
    complete: c.complete,
    leftOut: c.rows_left_out, // rows for which the server had no memory
    short: raw.workers.filter(w => w.short_of_memory).map(w => w.worker), // list their largest pools alone
    states: c.states,
    protocols: Object.keys(c.protocols),
    grid: c.histograms.total_bytes_by_age,
    sizes: c.histograms.total_bytes.map(b => b.count),
    ages: c.histograms.age_seconds.map(b => b.count),
    byNumber: new Map(connections.map(row => [row.number, row])),
    workers: raw.workers.map(w => ({
      id: w.worker,
      state: w.state,
      open: w.open,
      requests: w.requests,
      held: w.total_bytes,
      budget: w.budget_bytes,
      arenas: w.sizeclass.arenas,
      mappedBytes: w.sizeclass.mapped_bytes,
      spanBytes: w.sizeclass.span_bytes,
      emptyBytes: w.sizeclass.empty_bytes,
      residentBytes: w.sizeclass.resident_bytes,
      classes: w.sizeclass.classes.map(k => ({
        size: k.size,
        live: k.used,
        room: k.allocated,
        cached: k.cached,
        pages: k.pages,
        held: k.pages * 4096,
      })),
    })),
    sgi: {
      held: s.held_bytes,
      free: s.free_bytes,
      depot: s.depot_bytes,
      out: s.out_bytes,
      largeCount: s.large_count,
      largeBytes: s.large_bytes,
      threads: s.threads,
      spans: s.spans_mapped - s.spans_unmapped,
      handlerRuns: s.handler_runs,
      lists: lock(s.lists),
      depots: lock(s.depots),
      classes: s.classes.map(k => ({
        size: k.size,
        free: k.free,
        full: k.full_magazines,
        empty: k.empty_magazines,
        refills: k.refills,
        drains: k.drains,
        ...lock(k),
      })),
    },
    advice: raw.advice || {},
    about:
      `${raw.server.name} ${raw.server.version}, process ${raw.server.pid}, ` +
      `configuration ${raw.server.generation}, pool_mode ${raw.server.pool_mode}; this snapshot ` +
      `took ${(raw.server.took_seconds * 1000).toFixed(1)} ms and held no worker up for more than ` +
      `${(raw.server.slice_seconds * 1000).toFixed(2)} ms at a time`,
  };
}

// A question of one's own, for what the stream does not carry: `data` with arguments. While a request is
// run to be looked at it waits: it might take that one's connection.
let calm = null;
async function get(path, parameters) {
  await calm;
  const answer = await fetch(`${path}?${new URLSearchParams(parameters)}`, {cache: "no-store"});
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}
const ask = async parameters => adapt(await get("data", parameters));

// ---- rates and history ----

let now = null; // the last snapshot
// {time, mark, connections, held, memory, requests, received, sent, accepted}, rates per second
const history = [];

// Whether another process answers than before: none of the numbers that are shown is its own.
const restarted = next => Boolean(now) && now.process !== next.process;

// The most that was taken in each minute of the last hour: as the server has kept it, and as the page saw it.
const hour = new Map();
function noteHour(time, memory) {
  const minute = Math.floor(time / 60);
  hour.set(minute, Math.max(hour.get(minute) || 0, memory));
  for (const old of hour.keys()) if (old <= minute - 60) hour.delete(old);
}
const peakOfHour = () => Math.max(1, ...hour.values());

let day = null; // the last one, minute by minute, as the server has kept it
async function askDay() {
  const answer = await fetch("history", {cache: "no-store"});
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  day = await answer.json();
  day.minutes.slice(-60).forEach(([live], i, all) => {
    if (live) noteHour(day.first + 60 * (day.minutes.length - all.length + i), live);
  });
}

function remember(next) {
  const seconds = now ? next.time - now.time : 0,
    restart = restarted(next);
  const rate = name =>
    seconds > 0 && !restart && next.counters[name] >= now.counters[name]
      ? (next.counters[name] - now.counters[name]) / seconds
      : null;
  if (now && seconds <= 0) history.length = 0;
  if (restart) hour.clear();
  noteHour(next.time, next.memory);
  history.push({
    time: next.time,
    mark: restart ? "restart" : now && now.generation !== next.generation ? "reload" : "",
    connections: next.open,
    held: next.held,
    memory: next.memory,
    requests: rate("requests"),
    received: rate("received"),
    sent: rate("sent"),
    accepted: rate("accepted"),
  });
  if (history.length > KEEP) history.shift();
  now = next;
}
