// SPDX-License-Identifier: BSD-2-Clause
// One connection, drawn: what its pool holds, block by block.

const one = (() => {
  const title = el("h3", {id: "one-title"}),
    list = el("dl", {class: "facts"}),
    picture = svg("svg", {class: "draw", role: "img"});
  const close = el(
    "button",
    {
      type: "button",
      onclick: () => {
        const n = chosen;
        chosen = null;
        draw();
        arrange();
        const i = order.findIndex(c => c.number === n);
        if (i >= 0) goTo(i);
      },
    },
    "Close"
  );
  const follow = el("button", {type: "button", onclick: () => life.followPool(shortName(last))}, "Follow");
  const words = el("table"),
    note = el("p", {class: "small soft"});
  $("one").append(
    el("div", {class: "row"}, title, follow, close),
    list,
    picture,
    note,
    el(
      "details",
      {},
      el("summary", {}, "As a table"),
      el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Blocks of this pool"}, words)
    )
  );
  title.style.marginRight = "auto";
  let last = null,
    alone = null,
    asking = false;

  // The chosen pool may be one that the stream does not carry.
  function fetchOne(n) {
    if (asking) return;
    asking = true;
    ask({id: n, limit: 1})
      .then(answer => {
        if (answer.process !== chosenOf) return;
        alone = answer.byNumber.get(n) || null;
        if (!alone && last && last.number === n) last = {...last, gone: true};
        if (!last || last.number !== n) draw();
      })
      .catch(() => {})
      .finally(() => {
        asking = false;
      });
  }

  function picturePool(c) {
    const W = Math.max(280, picture.parentElement.clientWidth - 44 || 900),
      narrow = W < 620,
      LEFT = narrow ? 0 : 110,
      ROOM = W - LEFT - (narrow ? 0 : 230),
      H = 28,
      STEP = narrow ? 58 : 42;
    // From 128 bytes to 256 KiB.
    const width = size => ROOM * Math.max(0.12, Math.min(1, (Math.log2(Math.max(size, 64)) - 7) / 11));
    const label = (y, w, name, text) =>
      narrow
        ? [svg("text", {x: 0, y: y - 6}, `${name}: ${text}`)]
        : [
            svg("text", {x: LEFT - 12, y: y + 18, "text-anchor": "end"}, name),
            svg("text", {x: LEFT + w + 12, y: y + 18}, text),
          ];
    const drawn = [];
    let y = narrow ? 22 : 10;
    c.parts.forEach((part, i) => {
      const w = width(part.size),
        r = Math.min(9, w / 2),
        basin = `M${LEFT + 1} ${y}h${w}v${H - 9}q0 9 -${r} 9h${2 * r - w}q-${r} 0 -${r} -9z`;
      drawn.push(
        svg("clipPath", {id: `clip-${i}`}, svg("path", {d: basin})),
        svg("path", {class: "basin", d: basin}),
        svg("rect", {
          class: `fill ${part.kind}`,
          "clip-path": `url(#clip-${i})`,
          x: LEFT,
          y,
          width: w * share(part.used, part.size),
          height: H,
        }),
        ...label(y, w, part.name, part.text)
      );
      if (part.pin) {
        const x = LEFT + w * share(part.pin, part.size);
        drawn.push(
          svg("path", {class: "pinline", d: `M${x} ${y - 5}v${H + 9}`}),
          svg("circle", {cx: x, cy: y - 5, r: 3.6, class: "pinhead"})
        );
      }
      y += STEP;
    });
    y += 4;
    const top = Math.max(c.held, c.peak, c.budget && c.budget < 4 * c.peak ? c.budget : 0),
      x = value => LEFT + 1 + ROOM * share(value, top);
    drawn.push(
      svg("rect", {class: "basin", x: LEFT + 1, y, width: ROOM - 2, height: 18, rx: 5}),
      svg("rect", {class: "fill kept", x: LEFT + 1, y, width: x(c.held) - LEFT - 1, height: 18, rx: 5}),
      svg("rect", {class: "fill", x: LEFT + 1, y, width: x(c.used) - LEFT - 1, height: 18, rx: 5}),
      svg("path", {class: "peakline", d: `M${x(c.peak) - 1} ${y - 6}v30`}),
      ...label(y - 4, ROOM, "together", `${bytes(c.held)}, high water ${bytes(c.peak)}`)
    );
    picture.setAttribute("viewBox", `0 0 ${W} ${y + 30}`);
    picture.replaceChildren(...drawn);
    set(
      picture,
      "aria-label",
      `Pool ${shortName(c)}: ` + c.parts.map(part => `${part.name} ${part.text}`).join("; ")
    );
  }
  function draw() {
    $("one").hidden = chosen === null;
    if (chosen === null || !now) return;
    const here = chosenOf === now.process; // else its number may be another client's by now
    let c = here ? now.byNumber.get(chosen) : null;
    if (!c && here && !now.complete && !(last && last.number === chosen && last.gone)) fetchOne(chosen);
    if (!c && here && alone && alone.number === chosen) c = alone;
    const shown = c || (last && last.number === chosen ? last : order.find(row => row.number === chosen));
    if (!shown) return;
    last = shown;
    say(title, `Pool ${shortName(shown)}: ${shown.address}`);
    say(
      note,
      c
        ? "The pin divides what the connection keeps from what goes with each request. " +
            "Widths grow with the logarithm of the size."
        : here
          ? "This connection has closed: this is the last that was seen of it."
          : "This connection was of a process that has ended: this is the last that was seen of it."
    );
    facts(list, [
      ["State", c ? stateName.get(c.state) + (c.doing ? `: ${c.doing}` : "") : "closed"],
      ["Protocol", `${shown.protocol} on ${shown.server}${shown.watches ? "; it watches" : ""}`],
      ["Age", age(shown.age)],
      ["Idle", age(shown.idle)],
      ["Requests", count(shown.requests)],
      ["Resets", count(shown.resets)],
      ["Holds", bytes(shown.held)],
      ["Cut from blocks", bytes(shown.handed)],
      ["Before the pin", bytes(shown.pinned)],
      ["Stranded", bytes(shown.stranded), "left at the ends of blocks that were passed over"],
      ["High water", bytes(shown.peak)],
      ["Budget", shown.budget ? bytes(shown.budget) : "none"],
      ["Large allocations", `${count(shown.larges)}, ${bytes(shown.largeBytes)}`],
      ["Buffers", `${count(shown.buffers)}, ${bytes(shown.bufferBytes)}`],
      ["Unsent", bytes(shown.unsent)],
      ["Slow calls", count(shown.slow)],
      ["In the error log", `*${shortName(shown)}`],
      [
        "Last refused",
        shown.failure === "none"
          ? "never"
          : `${shown.failure}${shown.purpose ? `, asking for ${shown.purpose}` : ""}`,
      ],
    ]);
    picturePool(shown);
    table(
      words,
      "What this pool holds",
      ["Part", "Size", "Used", "Pin at"],
      shown.parts.map(part => [
        part.name,
        bytes(part.size),
        bytes(part.used),
        part.pin ? bytes(part.pin) : "–",
      ])
    );
  }
  return draw;
})();
function open(n, focus) {
  chosen = n;
  chosenOf = now.process;
  one();
  drawRows();
  drawShore();
  if (focus) {
    $("one").focus({preventScroll: true});
    $("one").scrollIntoView({
      block: "nearest",
      behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
    });
  }
}
