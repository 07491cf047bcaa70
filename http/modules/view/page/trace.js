// SPDX-License-Identifier: BSD-2-Clause
// "Your request in memory": the map of the trace, the bytes of a piece, what the reset gave back.

const kinds = new Map([
  // purpose class: letter, name
  ["pool", ["P", "the pool itself"]],
  ["connection", ["C", "connection"]],
  ["buffer", ["B", "buffers"]],
  ["request", ["R", "request"]],
  ["header", ["H", "header fields"]],
  ["response", ["A", "answer"]],
  ["module", ["M", "modules"]],
  ["other", ["O", "other"]],
]);

const memory = (() => {
  const root = $("trace"),
    line = el("p", {class: "small"}),
    step = el("input", {type: "range", min: "0", value: "0", id: "step", "aria-label": "Allocations done"});
  const play = el("button", {type: "button"}, "Play"),
    told = el("output", {class: "small number", for: "step"});
  const keys = el("ul", {class: "legend"}),
    map = el("div", {class: "map stack"});
  const panelTitle = el("h3", {}, "Nothing chosen"),
    panelFacts = el("dl"),
    dump = el("pre", {tabindex: "0", role: "region", "aria-label": "Bytes of the chosen piece"});
  const panel = el("aside", {class: "bytes", "aria-label": "The chosen piece"}, panelTitle, panelFacts, dump);
  const ebb = svg("svg", {class: "draw", role: "img"}),
    back = el("dl", {class: "facts"}),
    words = el("table");
  const whole = [
    line,
    keys,
    el("div", {class: "steps"}, play, step, told),
    el("div", {class: "memory"}, map, panel),
    el("h3", {}, "What the reset gave back"),
    ebb,
    back,
    el(
      "details",
      {},
      el("summary", {}, "Every allocation, as a table"),
      el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Every allocation"}, words)
    ),
  ];
  let data = null,
    groups = [],
    picked = -1,
    playing = 0;

  function drawBlock(block) {
    const pieces = data.pieces.filter(piece => piece.block === block.index),
      width = Math.max(260, map.clientWidth || 640);
    let across = block.size <= 1024 ? 64 : 128;
    if (width < 480) across /= 2;
    const {place, torn, rows: tall} = layOut(block, pieces, across),
      height = tall * ROWH;
    const picture = svg("svg", {
      class: "draw",
      viewBox: `0 -6 ${width} ${height + 12}`,
      role: "group",
      "aria-label": `${block.name}, ${bytes(block.size)}`,
    });
    picture.style.maxWidth = `${width}px`;
    picture.append(svg("path", {class: "ground", d: shape(0, block.size, across, width, place).d}));
    const seen = new Set();
    place.forEach((y, r) => {
      if (!seen.has(y)) {
        seen.add(y);
        if (!torn.some(t => t.y === y))
          picture.append(
            svg("text", {class: "soft", x: GUTTER - 8, y: y * ROWH + 16, "text-anchor": "end"}, r * across)
          );
      }
    });
    for (const piece of pieces) {
      const [letter, name] = kinds.get(piece.kind),
        s = shape(
          piece.offset,
          piece.offset + Math.max(1, Math.min(piece.size, block.size - piece.offset)),
          across,
          width,
          place
        );
      const full = `${letter}  ${piece.purpose}  ${bytes(piece.size)}`,
        label =
          s.w > full.length * 6.7 + 8
            ? full
            : s.w > piece.purpose.length * 6.7 + 26
              ? `${letter}  ${piece.purpose}`
              : s.w > 13
                ? letter
                : "";
      const group = svg(
        "g",
        {
          class: "alloc",
          role: "button",
          tabindex: "-1",
          "data-order": piece.order,
          "aria-pressed": "false",
          "aria-label":
            (label.length > 1 ? label.replace(/ +/g, " ") : `${letter} ${piece.purpose}`) +
            `${piece.number ? `, number ${piece.number}` : ""}, ${name}, ` +
            `${plural(piece.size, "byte")} at ${piece.offset} of ${block.name}` +
            `${piece.source ? `, ${piece.source}` : ""}, lives ${piece.life}`,
        },
        svg("path", {class: `k k-${piece.kind}${piece.filled < piece.size ? " unfilled" : ""}`, d: s.d}),
        piece.filled < piece.size && piece.filled
          ? svg("path", {
              class: `k k-${piece.kind}`,
              d: shape(piece.offset, piece.offset + piece.filled, across, width, place).d,
            })
          : null,
        label ? svg("text", {class: "in", x: s.x + 6, y: s.y + 16}, label) : null
      );
      groups[piece.order] = group;
      picture.append(group);
    }
    for (const t of torn)
      picture.append(
        svg("path", {class: "torn", d: `M${GUTTER} ${t.y * ROWH + 12}H${width}`}),
        svg(
          "text",
          {class: "soft halo", x: (GUTTER + width) / 2, y: t.y * ROWH + 16, "text-anchor": "middle"},
          `${bytes(t.bytes)} ${t.empty ? "not used" : t.room ? "of it not filled" : "more"}`
        )
      );
    if (block.pin !== null) {
      const r = Math.min(place.length - 1, Math.floor(block.pin / across)),
        x = GUTTER + ((width - GUTTER) * (block.pin - r * across)) / across,
        y = place[r] * ROWH;
      picture.append(
        svg(
          "g",
          {class: "pin"},
          svg("path", {class: "pinline", d: `M${x} ${y - 4}v${ROWH + 8}`}),
          svg("circle", {cx: x, cy: y - 4, r: 4.2, class: "pinhead"}),
          svg("text", {class: "halo high", x: x + 7, y: y + 16}, "pin"),
          svg("title", {}, `The pin at ${block.pin}: what stands before it outlives every request`)
        )
      );
    }
    return el(
      "figure",
      {class: "stack"},
      el("figcaption", {class: "small"}, el("strong", {}, block.name), " ", el("span")),
      picture
    );
  }

  function pick(order) {
    const piece = data.pieces[order];
    if (!piece) return;
    const block = data.blocks.find(one => one.index === piece.block);
    picked = order;
    groups.forEach((group, i) => {
      if (!group) return;
      group.classList.toggle("chosen", i === order);
      set(group, "aria-pressed", i === order);
      set(group, "tabindex", i === order ? 0 : -1);
    });
    const [letter, name] = kinds.get(piece.kind);
    panelTitle.replaceChildren(
      el("span", {class: `key k-${piece.kind}`, "aria-hidden": "true"}, letter),
      ` ${piece.purpose}`
    );
    panelFacts.replaceChildren(
      ...[
        ["Order", piece.number ? `${piece.number} of ${data.total}` : "–"],
        ["Size", plural(piece.size, "byte")],
        ["Place", `${block ? block.name : "?"}, at ${piece.offset}`],
        ["For", name],
        ["Source", piece.source || "–"],
        ["Lives", piece.freed ? `until allocation ${piece.freed}` : piece.life],
      ].flatMap(([a, b]) => [el("dt", {}, a), el("dd", {}, b)])
    );
    dump.textContent = hex(piece);
    dump.scrollTop = 0;
  }

  // The pool as it was after n pieces, or in the steps of the reset behind the last; the panel goes along.
  function stepTo(n, alone) {
    const last = data.pieces.length,
      ebbing = n > last ? resetStep(data, n) : null,
      now = data.blocks.map(block => blockAt(data, block, n));
    step.value = n;
    data.blocks.forEach((block, i) => {
      const figure = map.children[i],
        pin = figure.querySelector(".pin");
      figure.classList.toggle("unborn", now[i].unborn);
      figure.classList.toggle("away", now[i].gone);
      if (pin) pin.classList.toggle("unborn", !now[i].pin);
      say(figure.querySelector("figcaption span"), now[i].text + (now[i].pin ? `, pin at ${block.pin}` : ""));
    });
    groups.forEach((group, i) => {
      if (!group) return;
      const piece = data.pieces[i],
        at = data.blocks.findIndex(block => block.index === piece.block),
        freed = piece.freed && n > 0 && data.pieces[Math.min(n, last) - 1].number >= piece.freed,
        rewound =
          ebbing && /rewind|idle/.test(ebbing.name) && data.blocks[at].kind !== "buffer" && !piece.kept;
      group.classList.toggle("later", i >= n);
      group.classList.toggle("back", Boolean(freed || rewound || (at >= 0 && now[at].gone)));
    });
    const piece = data.pieces[Math.min(n, last) - 1];
    told.textContent = ebbing
      ? ebbing.words
      : n === last
        ? `all ${data.total} allocations`
        : n
          ? `${piece.number ? `${piece.number} of ${data.total}: ` : ""}${piece.purpose}`
          : "an empty pool";
    set(step, "aria-valuetext", told.textContent);
    if (alone || n > last) return;
    if (n) return pick(n - 1);
    panelTitle.textContent = "Nothing yet";
    panelFacts.replaceChildren();
    dump.textContent = "";
  }

  const build = () => {
    groups = [];
    map.replaceChildren(...data.blocks.map(drawBlock));
    drawEbb();
    pick(Math.max(0, Math.min(picked, data.pieces.length - 1)));
    stepTo(Number(step.value), true);
  };

  function drawEbb() {
    const times = [
      ["before", "answer queued"],
      ["after", "after the reset"],
      ["idle", "waiting for more"],
    ].map(([key, name]) => [data.reset[key], name]);
    const W = Math.max(280, root.clientWidth || 900),
      narrow = W < 700,
      LEFT = narrow ? 0 : 128,
      ROOM = W - LEFT - (narrow ? 4 : 320),
      STEP = narrow ? 56 : 40,
      top = Math.max(1, ...times.map(([t]) => t.held_bytes));
    ebb.setAttribute("viewBox", `0 0 ${W} ${times.length * STEP + (narrow ? 14 : 0)}`);
    ebb.replaceChildren(
      ...times.flatMap(([t, name], i) => {
        const y = i * STEP + (narrow ? 22 : 6),
          w = Math.max(14, (ROOM * t.held_bytes) / top),
          r = Math.min(9, w / 2),
          fill = w * Math.min(1, t.used_bytes / t.held_bytes);
        const text = narrow
          ? `${bytes(t.held_bytes)} held, ${bytes(t.used_bytes)} used`
          : `${bytes(t.held_bytes)} held, ${bytes(t.used_bytes)} of blocks used` +
            (t.buffers ? `, ${plural(t.buffers, "buffer")}` : "") +
            (t.reserve ? `, ${t.reserve} in reserve` : "");
        const d = `M${LEFT + 1} ${y}h${w}v18q0 9 -${r} 9h${2 * r - w}q-${r} 0 -${r} -9z`;
        return [
          svg("clipPath", {id: `ebb-${i}`}, svg("path", {d})),
          svg("path", {class: "basin", d}),
          svg("rect", {class: "fill", "clip-path": `url(#ebb-${i})`, x: LEFT, y, width: fill, height: 27}),
          ...(narrow
            ? [svg("text", {x: 0, y: y - 6}, `${name}: ${text}`)]
            : [
                svg("text", {x: LEFT - 12, y: y + 18, "text-anchor": "end"}, name),
                svg("text", {x: LEFT + w + 12, y: y + 18}, text),
              ]),
        ];
      })
    );
    set(
      ebb,
      "aria-label",
      times.map(([t, name]) => `${name}: ${bytes(t.held_bytes)} held, ${bytes(t.used_bytes)} used`).join("; ")
    );
  }

  function show(next) {
    data = next;
    picked = data.pieces.findIndex(piece => piece.purpose === "input"); // what can be read best
    if (!whole[0].isConnected) root.replaceChildren(...whole);
    line.replaceChildren(...data.line.map(([strong, text]) => el(strong ? "strong" : "span", {}, text)));
    const used = [...kinds].filter(([kind]) => data.pieces.some(piece => piece.kind === kind));
    const sumOf = kind => data.pieces.reduce((sum, piece) => sum + (piece.kind === kind ? piece.size : 0), 0);
    legend(keys, [
      ...used.map(([kind, [letter, name]]) => [`key k-${kind}`, letter, `${name} ${bytes(sumOf(kind))}`]),
      ["key k-room", "", "not used"],
    ]);
    step.max = data.pieces.length + RESET_STEPS.length;
    step.value = data.pieces.length;
    build();
    facts(back, data.back.facts);
    table(
      words,
      "In the order in which they were made",
      ["No.", "Purpose", "Bytes", "Block", "At", "For", "Source", "Lives"],
      data.pieces.map(piece => [
        piece.number || "–",
        piece.purpose,
        piece.size,
        (data.blocks.find(b => b.index === piece.block) || {name: "–"}).name,
        piece.offset,
        kinds.get(piece.kind)[1],
        piece.source || "–",
        piece.life,
      ])
    );
  }

  const find = event => {
    const group = event.target.closest(".alloc");
    return group ? Number(group.dataset.order) : -1;
  };
  for (const name of ["pointerover", "focusin", "click"])
    map.addEventListener(name, event => {
      const order = find(event);
      if (order >= 0) pick(order);
    });
  map.addEventListener("keydown", event => {
    const move = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity}[
      event.key
    ];
    if (move === undefined || find(event) < 0) return;
    event.preventDefault();
    pick(Math.max(0, Math.min(data.pieces.length - 1, picked + move)));
    if (groups[picked]) groups[picked].focus();
  });
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    say(play, "Play");
  };
  step.addEventListener("input", () => {
    stop();
    stepTo(Number(step.value));
  });
  play.addEventListener("click", () => {
    if (playing) return stop();
    if (Number(step.value) > data.pieces.length - 1) stepTo(0);
    say(play, "Stop");
    playing = setInterval(
      () => {
        const next = Number(step.value) + 1;
        if (next > Number(step.max)) return stop();
        stepTo(next);
      },
      Math.max(80, Math.min(350, 9000 / data.pieces.length))
    );
  });
  let wide = 0;
  new ResizeObserver(() => {
    if (data && Math.abs(map.clientWidth - wide) > 8) {
      wide = map.clientWidth;
      requestAnimationFrame(build);
    }
  }).observe(map);
  return show;
})();

let retry = 0;
const later = () => {
  retry = setTimeout(() => (document.hidden ? later() : trace()), 2000);
};
async function trace() {
  clearTimeout(retry);
  $("again").disabled = true;
  try {
    const answer = await fetch("trace", {cache: "no-store"});
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    memory(adaptTrace(await answer.json()));
    document.documentElement.dataset.traced = "yes";
  } catch (error) {
    $("trace").replaceChildren(el("p", {class: "soft"}, `The trace could not be had: ${error.message}.`));
    document.documentElement.dataset.traced = "no";
    later(); // the server may be back then
  }
  $("again").disabled = false;
}
$("again").addEventListener("click", trace);
trace();
