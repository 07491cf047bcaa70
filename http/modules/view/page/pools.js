// SPDX-License-Identifier: BSD-2-Clause
// Which connections are shown: states, filters and order; the heat-map of all.

const states = [
  ["idle", "idle"],
  ["reading", "reading"],
  ["waiting", "waiting"],
  ["sending", "sending"],
  ["lingering", "lingering"],
];
const stateName = new Map(states);
const stateOf = c => (c.gone ? "closed" : stateName.get(c.state) || c.state);
for (const [kind, name] of states) {
  $("states").append(
    el(
      "li",
      {class: `s-${kind}`},
      el("span", {class: "dot", "aria-hidden": "true"}),
      el("span", {"data-state": kind}, name)
    )
  );
  $("f-state").append(el("option", {value: kind}, name));
}
for (const size of OPEN_SIZES.slice(0, 12)) {
  $("f-most").append(el("option", {value: size}, bytes(size)));
  $("f-least").append(el("option", {value: size + 1}, `over ${bytes(size)}`));
}
const anything = {
    find: "", // a name, a number, or what an address begins with
    protocol: "",
    purpose: "",
    quiet: false, // without the connections of whoever watches
    state: "",
    least: 0,
    most: Infinity,
    age: 0,
    cell: null,
  },
  filter = {...anything};
const inCell = (cell, c) =>
  (cell.size === null || cell.size === sizeOf(c.held)) && (cell.age === null || cell.age === ageOf(c.age));
const found = c =>
  c.address.toLowerCase().startsWith(filter.find) || [shortName(c), String(c.number)].includes(filter.find);
const passes = c =>
  (!filter.find || found(c)) &&
  (!filter.protocol || c.protocol === filter.protocol) &&
  (!filter.purpose || c.purposes.includes(filter.purpose)) &&
  !(filter.quiet && c.watches) &&
  (!filter.state || c.state === filter.state) &&
  c.held >= filter.least &&
  c.held <= filter.most &&
  c.age >= filter.age &&
  (!filter.cell || inCell(filter.cell, c));
const filtered = () => Object.keys(anything).some(name => filter[name] !== anything[name]);

// The name of a connection here, in `top`, in the error log: worker and number, 1.4911.
const shortName = c => `${c.worker}.${c.number}`;
const columns = [
  // key, heading, cell text, class, first direction
  ["number", "Pool", shortName, "left", 1],
  ["held", "Holds", c => bytes(c.held), "", -1],
  ["state", "State", c => stateOf(c), "left", 1],
  ["address", "Address", c => c.address + (c.watches ? " watches" : ""), "left", 1],
  ["used", "Filled", c => bytes(c.used), "mid", -1],
  ["peak", "High water", c => bytes(c.peak), "mid", -1],
  ["age", "Age", c => age(c.age), "", -1],
  ["idle", "Idle", c => age(c.idle), "mid", -1],
  ["requests", "Requests", c => count(c.requests), "mid", -1],
  ["unsent", "Unsent", c => bytes(c.unsent), "wide", -1],
  ["larges", "Large", c => count(c.larges), "wide", -1],
  ["protocol", "Protocol", c => c.protocol, "wide left", 1],
];
let sortKey = "held",
  direction = -1,
  order = [],
  chosen = null, // a number …
  chosenOf = ""; // … of this process
const isChosen = c => c.number === chosen && chosenOf === now.process;
const {compare: inOrder} = new Intl.Collator("en", {numeric: true});
const rank = state => states.findIndex(([name]) => name === state);
const compare = (a, b) => {
  const x = a[sortKey],
    y = b[sortKey],
    by = sortKey === "address" ? inOrder(x, y) : sortKey === "state" ? rank(x) - rank(y) : x < y ? -1 : x > y;
  return direction * by || a.number - b.number;
};

// Of many connections the stream carries those that stand out. The table then asks for its own, in its order
// and by its filters, a page after another as it is scrolled: the server answers over all of them.
const PAGE = 200,
  more = {rows: null, key: "", asked: 0, matched: 0, busy: false};
const sortsOfServer = {held: "total", used: "filled"}; // the others have the names of columns
function question() {
  const {find, state, protocol, purpose, quiet, cell} = filter,
    size = cell ? cell.size : null,
    old = cell ? cell.age : null,
    bound = (bounds, i) => (i === null ? undefined : bounds[i]);
  const wanted = {
    limit: PAGE,
    sort: sortsOfServer[sortKey] || sortKey,
    order: direction < 0 ? "down" : "up",
    find,
    state,
    protocol,
    purpose,
    watchers: quiet ? "0" : "",
    total_over: Math.max(filter.least - 1, bound(OPEN_SIZES, size - 1) || 0, 0),
    total_most: Math.min(filter.most, bound(OPEN_SIZES, size) || Infinity),
    age_over: Math.max(filter.age, bound(OPEN_AGES, old - 1) || 0),
    age_most: bound(OPEN_AGES, old),
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value && value !== Infinity));
}
function askPage(after) {
  const key = JSON.stringify(question()),
    before = after ? more.rows : [];
  if (after && (more.busy || key !== more.key)) return;
  if (key !== more.key) more.rows = null;
  Object.assign(more, {key, asked: performance.now(), busy: true});
  ask({...question(), ...after})
    .then(answer => {
      if (key !== more.key) return;
      Object.assign(more, {rows: [...before, ...answer.connections], matched: answer.matched});
      arrange(true);
    })
    .catch(() => {}) // the stream says when the server is gone
    .finally(() => (more.busy = false));
}
function wantMore() {
  if (now.complete) return Object.assign(more, {rows: null, key: ""});
  const read = $("table-scroll").scrollTop > 0 && more.rows && more.rows.length > PAGE;
  const late = !read && !resting && performance.now() - more.asked > 4000;
  if (late || JSON.stringify(question()) !== more.key) askPage();
}
// The end of what is loaded is in sight.
function nextPage() {
  const {rows, matched} = more;
  if (rows && rows.length && rows.length < matched) askPage({after: rows[rows.length - 1].place});
}

let resting = false; // the pointer or the focus is on the table: rows stay where they are
function arrange(force) {
  if (!now) return;
  wantMore();
  if (resting && !force && order.length) {
    const asked = new Map((more.rows || []).map(row => [row.number, row]));
    order = order.map(
      old =>
        now.byNumber.get(old.number) ||
        asked.get(old.number) || {...old, absent: true, gone: now.complete || old.gone}
    );
  } else {
    const all = more.rows ? more.rows.map(row => now.byNumber.get(row.number) || row) : now.connections;
    order = all.filter(passes);
    // The server knows the order of all addresses, and they do not change.
    if (!more.rows || sortKey !== "address") order.sort(compare);
  }
  const short =
    (now.short.length
      ? ` Worker ${now.short.join(", ")} had no memory to list more than its largest pools.`
      : "") +
    (now.leftOut ? ` The server had no memory for ${plural(now.leftOut, "row")} more.` : "");
  const absent = order.filter(c => c.absent).length,
    all = more.rows ? more.matched : now.open;
  say(
    $("listed"),
    `${count(order.length - absent)} of ${count(all)} connections are listed` +
      (absent ? `, and ${count(absent)} that ${now.complete ? "closed" : "the server sends no more"}` : "") +
      (now.complete ? "." : "; the others follow as the table is scrolled.") +
      short
  );
  drawRows();
  wantCells();
}

// ---- heat-map ----

// The counts are the server's, over all connections, however few of them it lists.
const heat = (() => {
  const shortAge = s =>
    s < 600 ? `${s} s` : s < 7200 ? `${(s / 60).toFixed(1)} m` : `${(s / 3600).toFixed(1)} h`;
  const names = (bounds, text) => [
    ...bounds.map(bound => `≤ ${text(bound)}`),
    `> ${text(bounds[bounds.length - 1])}`,
  ];
  // A square holds what is above the label before it, too.
  const spoken = (bounds, text) =>
    [...bounds, Infinity].map((bound, i) =>
      [i ? `more than ${text(bounds[i - 1])}` : "", bound < Infinity ? `at most ${text(bound)}` : ""]
        .filter(Boolean)
        .join(" and ")
    );
  const sizes = names(OPEN_SIZES, bytes),
    ages = names(OPEN_AGES, shortAge),
    saidSizes = spoken(OPEN_SIZES, bytes).map(text => `holding ${text}`),
    saidAges = spoken(OPEN_AGES, s => `${count(s)} s`).map(text => `${text} old`);
  const body = el("tbody"),
    heads = el(
      "tr",
      {},
      el("td", {}),
      ages.map((name, i) =>
        el("th", {scope: "col", "aria-label": saidAges[i], title: saidAges[i]}, name.replace("≤ ", ""))
      ),
      el("th", {scope: "col"}, "all")
    );
  $("heat").append(el("thead", {}, heads), body);
  const cells = []; // [size][age]; the last of each is the sum
  const button = (size, a) =>
    el("button", {type: "button", "aria-pressed": "false", onclick: () => choose(size, a)});
  for (let s = OPEN_SIZES.length; s >= -1; s--) {
    // the sums of columns come last
    const size = s < 0 ? OPEN_SIZES.length + 1 : s,
      row = el("tr", {}, el("th", {scope: "row", title: saidSizes[s]}, s < 0 ? "all" : sizes[s]));
    cells[size] = [];
    for (let a = 0; a <= OPEN_AGES.length + 1; a++) {
      if (s < 0 && a > OPEN_AGES.length) {
        row.append(el("td", {class: "number whole"}));
        break;
      }
      cells[size][a] = button(s < 0 ? null : s, a > OPEN_AGES.length ? null : a);
      row.append(el("td", {}, cells[size][a]));
    }
    body.append(row);
  }
  function choose(size, a) {
    const same = filter.cell && filter.cell.size === size && filter.cell.age === a;
    filter.cell = same ? null : {size, age: a};
    draw();
    arrange(true);
    speak($("listed").textContent, true);
  }
  $("heat-clear").addEventListener("click", () => {
    filter.cell = null;
    draw();
    arrange(true);
  });
  // Empty buckets at the ends are not shown, but for enough of them to be a picture.
  let reach = [0, 0];
  const reachOf = (counts, least, was) => {
    let i = counts.length - 1;
    while (i > 0 && !counts[i]) i--;
    return Math.max(i + 1, least, was);
  };
  function paint(cell, n, most, name, pressed) {
    const level = n ? 0.16 + (0.84 * Math.log1p(n)) / Math.log1p(most) : 0;
    say(cell, n ? count(n) : "");
    set(cell, "class", level > 0.72 ? "some dark" : n ? "some" : "");
    set(cell, "aria-label", `${plural(n, "connection")}, ${name}`);
    set(cell, "aria-pressed", pressed);
    cell.style.background = !n
      ? ""
      : level > 0.72
        ? "var(--sea)"
        : `color-mix(in srgb, var(--water) ${Math.round(110 * level)}%, var(--well))`;
    cell.disabled = !n && !pressed;
  }
  function draw() {
    if (!now) return;
    reach = [reachOf(now.sizes, 7, reach[0]), reachOf(now.ages, 6, reach[1])];
    const most = Math.max(1, ...now.grid.flat()),
      sums = Math.max(1, ...now.sizes, ...now.ages),
      S = OPEN_SIZES.length,
      A = OPEN_AGES.length;
    const is = (size, a) => Boolean(filter.cell && filter.cell.size === size && filter.cell.age === a);
    for (let s = 0; s <= S; s++) {
      body.rows[S - s].hidden = s >= reach[0];
      for (let a = 0; a <= A; a++)
        paint(cells[s][a], now.grid[s][a], most, `${saidSizes[s]}, ${saidAges[a]}`, is(s, a));
      paint(cells[s][A + 1], now.sizes[s], sums, saidSizes[s], is(s, null));
    }
    for (let a = 0; a <= A; a++) {
      paint(cells[S + 1][a], now.ages[a], sums, saidAges[a], is(null, a));
      for (const row of [heads, ...body.rows]) row.children[a + 1].hidden = a >= reach[1];
    }
    say(body.querySelector(".whole"), count(now.open));
    $("heat-clear").hidden = !filter.cell;
  }
  return draw;
})();
