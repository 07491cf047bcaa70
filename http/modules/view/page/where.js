// SPDX-License-Identifier: BSD-2-Clause
// Where the memory is: all that the process has taken, as squares whose areas are bytes.

const where = (() => {
  const picture = $("where-map"),
    squares = new Map(),
    H = 300;
  let held = null, // a moment to compare with: bytes by name
    heldAt = 0;
  const process = uses =>
    Object.entries(uses).map(([use, size]) => [use === "pools" ? "all pools" : `process: ${use}`, size]);
  function partsOf(data) {
    const {pools, ...others} = data.uses,
      parts = new Map();
    for (const {purpose, bytes} of data.purposes) parts.set(purpose, (parts.get(purpose) || 0) + bytes);
    parts.set("free in size classes", Math.max(0, pools - data.held));
    for (const [name, size] of process(others)) parts.set(name, size);
    parts.set("not named", Math.max(0, data.memory - Object.values(data.uses).reduce((a, b) => a + b)));
    return parts;
  }
  function changes(parts) {
    const names = new Set([...parts.keys(), ...held.keys()]);
    return [...names].map(name => [name, (parts.get(name) || 0) - (held.get(name) || 0)]);
  }
  // Rows along the shorter side, each as long as its pieces stay nearly square (Bruls, Huizing, van Wijk).
  function squarify(areas, w, h) {
    const placed = [];
    let x = 0,
      y = 0;
    for (let i = 0; i < areas.length; ) {
      const side = Math.min(w, h);
      let n = 0,
        sum = 0,
        at = 0;
      for (let worst = Infinity; i + n < areas.length; n++) {
        const next = sum + areas[i + n],
          ratio = Math.max((side * side * areas[i]) / next ** 2, next ** 2 / (side * side * areas[i + n]));
        if (ratio > worst) break;
        worst = ratio;
        sum = next;
      }
      const thick = sum / side;
      for (; n; n--, i++) {
        const long = areas[i] / thick;
        placed.push(w > h ? [x, y + at, thick, long] : [x + at, y, long, thick]);
        at += long;
      }
      if (w > h) (x += thick), (w -= thick);
      else (y += thick), (h -= thick);
    }
    return placed;
  }
  function choose(purpose) {
    filter.purpose = purpose;
    $("f-purpose").value = purpose;
    [sortKey, direction] = ["held", -1];
    headings();
    arrange(true);
    $("f-purpose").focus();
    speak($("listed").textContent, true);
  }
  // What connections hold can be chosen.
  function square(name, text, [x, y, w, h], link) {
    let item = squares.get(name);
    if (!item) {
      const go = event => (event.key || "Enter") === "Enter" && choose(name);
      item = svg(
        "g",
        link ? {role: "button", tabindex: 0, onclick: go, onkeydown: go} : {},
        svg("title"),
        svg("rect"),
        svg("text"),
        svg("text")
      );
      squares.set(name, item);
    }
    const [title, rect, ...lines] = item.children,
      kind = link ? kindOf.get(name) || "other" : name.startsWith("process") ? "pool" : "room",
      wide = Math.max(name.length, text.length) * 7 + 12 < w;
    say(title, `${name}: ${text}`);
    fill(rect, {class: `k k-${kind}`, x, y, width: Math.max(0, w - 1), height: Math.max(0, h - 1)});
    [name, text].forEach((words, i) => {
      say(lines[i], wide && h > 20 + 17 * i ? words : "");
      fill(lines[i], {x: x + 6, y: y + 16 + 17 * i});
    });
    if (!item.isConnected) picture.append(item);
    return item;
  }
  function draw(data) {
    const view = $("where-view").value,
      now = partsOf(data),
      signed = view === "change",
      items = (signed ? changes(now) : view === "peak" ? process(data.peakUses) : [...now])
        .filter(([, size]) => size)
        .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a)),
      whole = items.reduce((sum, [, size]) => sum + Math.abs(size), 0),
      W = picture.clientWidth || 900,
      text = size => (signed && size > 0 ? "+" : "") + (size < 0 ? `−${bytes(-size)}` : bytes(size)),
      linked = data.purposes.map(({purpose}) => purpose),
      places = squarify(items.map(([, size]) => (Math.abs(size) / whole) * W * H), W, H);
    set(picture, "viewBox", `0 0 ${W} ${H}`);
    const shown = items.map(([name, size], i) =>
      square(name, text(size), places[i], linked.includes(name))
    );
    for (const item of [...picture.children]) if (!shown.includes(item)) item.remove();
    table(
      $("where-table"),
      "Memory by purpose",
      ["Part", "Bytes", "Share"],
      items.map(([name, size]) => [name, text(size), percent(Math.abs(size) / whole)])
    );
    say(
      $("where-note"),
      signed
        ? `${text(items.reduce((sum, [, size]) => sum + size, 0))} in ${age(data.time - heldAt)}.`
        : `${bytes(whole)}, and ${bytes(data.reserved)} reserved by size classes, but not touched.`
    );
  }
  $("where-hold").addEventListener("click", () => {
    held = partsOf(now);
    heldAt = now.time;
    $("where-view").options[2].disabled = false;
    $("where-view").value = "change";
    draw(now);
  });
  $("where-view").addEventListener("change", () => draw(now));
  return draw;
})();
