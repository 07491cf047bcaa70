// SPDX-License-Identifier: BSD-2-Clause
// The table of connections: as many rows as can be seen, used over again; keys and focus move in it.

const ROW = 31,
  SPARE = 6;
for (const [key, heading, , kind, first] of columns)
  $("heads").append(
    el(
      "th",
      {scope: "col", class: kind, "data-key": key},
      el(
        "button",
        {
          type: "button",
          onclick: () => {
            direction = sortKey === key ? -direction : first;
            sortKey = key;
            headings();
            arrange(true);
            speak(`Sorted by ${heading.toLowerCase()}, ${direction < 0 ? "descending" : "ascending"}`, true);
          },
        },
        heading
      )
    )
  );
function headings() {
  for (const head of $("heads").children) {
    const here = head.dataset.key === sortKey,
      heading = columns.find(([key]) => key === head.dataset.key)[1];
    fill(head, {"aria-sort": here ? (direction < 0 ? "descending" : "ascending") : null}, []);
    say(head.firstChild, here ? `${heading} ${direction < 0 ? "↓" : "↑"}` : heading);
  }
}
headings();
const pads = [0, 1].map(() =>
  el("tr", {class: "pad", "aria-hidden": "true"}, el("td", {colspan: columns.length}))
);
$("rows").append(...pads);
const rows = []; // {row, cells, number}

function addRow() {
  const open1 = el("button", {type: "button", tabindex: "-1"}),
    meter = el("span", {class: "meter", "aria-hidden": "true"});
  const dot = el("span", {class: "dot", "aria-hidden": "true"}),
    texts = columns.map(() => document.createTextNode(""));
  const row = el(
    "tr",
    {},
    columns.map(([key, , , kind], i) =>
      key === "number"
        ? el("td", {class: kind}, open1)
        : el("td", {class: kind}, key === "state" ? dot : null, texts[i], key === "held" ? meter : null)
    )
  );
  const item = {row, open: open1, texts, meter, number: null, index: -1};
  open1.addEventListener("click", () => open(item.number, true));
  rows.push(item);
  $("rows").insertBefore(row, pads[1]);
  return item;
}

function drawRows() {
  const view = $("table-scroll"),
    seen = Math.ceil(view.clientHeight / ROW) + 2 * SPARE;
  const first = Math.max(0, Math.min(Math.floor(view.scrollTop / ROW) - SPARE, order.length - seen)),
    last = Math.min(order.length, first + seen);
  while (rows.length < last - first) addRow();
  rows.forEach((item, i) => {
    const c = order[first + i];
    item.row.hidden = !c || first + i >= last;
    if (item.row.hidden) return;
    item.number = c.number;
    item.index = first + i;
    set(item.row, "aria-rowindex", first + i + 2);
    set(item.row, "class", `s-${c.state}${isChosen(c) ? " chosen" : ""}${c.gone ? " gone" : ""}`);
    columns.forEach(([key, , text], column) => {
      if (key === "number") say(item.open, text(c));
      else if (item.texts[column].data !== String(text(c))) item.texts[column].data = text(c);
    });
    set(item.open, "aria-label", `Pool ${shortName(c)}${c.gone ? ", closed" : ""}`);
    item.meter.style.setProperty("--fill", `${Math.round(100 * share(c.used, c.held))}%`);
  });
  pads[0].firstChild.style.height = `${first * ROW}px`;
  pads[1].firstChild.style.height = `${(order.length - last) * ROW}px`;
  set($("connections"), "aria-rowcount", order.length + 1);
  // One row can be reached with Tab: that of the focus, else of the chosen pool, else the first in sight.
  if (last > order.length - SPARE) nextPage();
  const focused = rows.find(item => item.open === document.activeElement),
    shown = rows.filter(item => !item.row.hidden);
  const reachable =
    focused || shown.find(item => isChosen(item)) || shown.find(item => item.index * ROW >= view.scrollTop);
  for (const item of rows) set(item.open, "tabindex", item === reachable ? 0 : -1);
}
let scrolling = false;
$("table-scroll").addEventListener(
  "scroll",
  () => {
    if (scrolling) return;
    scrolling = true;
    requestAnimationFrame(() => {
      scrolling = false;
      drawRows();
    });
  },
  {passive: true}
);

function goTo(index) {
  const view = $("table-scroll"),
    head = $("heads").offsetHeight;
  index = Math.max(0, Math.min(order.length - 1, index));
  if (index * ROW < view.scrollTop) view.scrollTop = index * ROW;
  else if ((index + 1) * ROW + head > view.scrollTop + view.clientHeight)
    view.scrollTop = (index + 1) * ROW + head - view.clientHeight;
  drawRows();
  const item = rows.find(one => !one.row.hidden && one.index === index);
  if (item) {
    item.open.focus({preventScroll: true});
    drawRows();
  }
}
$("rows").addEventListener("keydown", event => {
  const item = rows.find(one => one.open === event.target),
    page = Math.max(1, Math.floor($("table-scroll").clientHeight / ROW) - 2);
  const step = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity}[
    event.key
  ];
  if (!item || step === undefined) return;
  event.preventDefault();
  goTo(item.index + step);
});
function rest() {
  const before = resting;
  resting =
    $("table-scroll").matches(":hover") || $("table-scroll").contains(document.activeElement);
  if (before && !resting) arrange();
}
for (const name of ["pointerenter", "pointerleave", "focusin", "focusout"])
  $("table-scroll").addEventListener(name, () => requestAnimationFrame(rest));

// Protocols are those that the server speaks: a reload may bring one more.
function offer(select, words) {
  for (const word of words)
    if (![...select.options].some(option => option.value === word))
      select.append(el("option", {value: word}, word));
}
$("filters").addEventListener("input", () => {
  filter.find = $("f-find").value.trim().toLowerCase().replace(/^\*/, ""); // as the error log has it
  filter.protocol = $("f-protocol").value;
  filter.purpose = $("f-purpose").value;
  filter.quiet = $("f-quiet").checked;
  filter.state = $("f-state").value;
  filter.least = Number($("f-least").value);
  filter.most = Number($("f-most").value);
  filter.age = Number($("f-age").value);
  arrange(true);
  speak($("listed").textContent, true);
});
$("filters").addEventListener("reset", () => {
  Object.assign(filter, anything);
  heat();
  requestAnimationFrame(() => arrange(true));
});
$("filters").addEventListener("submit", event => event.preventDefault());
