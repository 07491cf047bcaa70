// SPDX-License-Identifier: BSD-2-Clause
// What every part of the page is made with: elements, and numbers as a person reads them.

const $ = id => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const KEEP = 300; // snapshots of history: five minutes
const number = new Intl.NumberFormat("en");

function fill(node, attributes, children = []) {
  for (const [name, value] of Object.entries(attributes || {}))
    if (value === false || value === undefined || value === null) node.removeAttribute(name);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
}
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const say = (node, text) => {
  text = String(text);
  if (node.textContent !== text) node.textContent = text;
};
const set = (node, name, value) => {
  value = String(value);
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
};

function bytes(n) {
  if (n === undefined || n === null || Number.isNaN(n)) return "–";
  if (n < 1024) return `${Math.round(n)} B`;
  let unit = 0;
  for (n /= 1024; n >= 1023.5 && unit < 3; n /= 1024) unit++;
  const figure = n < 9.95 && n % 1 ? n.toFixed(1) : number.format(Math.round(n));
  return `${figure} ${["KiB", "MiB", "GiB", "TiB"][unit]}`;
}
function count(n) {
  if (n === undefined || n === null || Number.isNaN(n)) return "–";
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)} G`;
  if (n >= 1e7) return `${(n / 1e6).toFixed(1)} M`;
  return number.format(Math.round(n));
}
function age(s) {
  if (s === undefined || s === null) return "–";
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${Math.floor(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}
const whole = s => (s < 60 ? `${Math.floor(s)} s` : age(s));
const share = (part, whole) => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0);
const percent = x => `${Math.round(x * 100)} %`;
const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

// A figure with a name; kept and changed in place, so that nothing flickers and a reader's place is not lost.
function facts(list, pairs) {
  while (list.children.length > pairs.length) list.lastChild.remove();
  pairs.forEach(([name, value, title], i) => {
    const item = list.children[i] || list.appendChild(el("div", {}, el("dt"), el("dd", {class: "number"})));
    say(item.firstChild, name);
    say(item.lastChild, value);
    if (title) set(item, "title", title);
  });
}
function legend(list, items) {
  // [class, letter, text]
  while (list.children.length > items.length) list.lastChild.remove();
  items.forEach(([kind, letter, text], i) => {
    const item =
      list.children[i] || list.appendChild(el("li", {}, el("span", {"aria-hidden": "true"}), el("span")));
    set(item.firstChild, "class", kind);
    say(item.firstChild, letter);
    say(item.lastChild, text);
  });
}
function table(node, caption, heads, rows) {
  if (!node.tHead)
    node.append(
      el("caption", {}, caption),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          heads.map(h => el("th", {scope: "col"}, h))
        )
      ),
      el("tbody")
    );
  const body = node.tBodies[0];
  while (body.rows.length > rows.length) body.lastChild.remove();
  rows.forEach((cells, r) => {
    const row =
      body.rows[r] ||
      body.appendChild(
        el(
          "tr",
          {},
          cells.map((_, c) => el(c ? "td" : "th", c ? {} : {scope: "row"}))
        )
      );
    cells.forEach((cell, c) => say(row.children[c], cell));
  });
}
