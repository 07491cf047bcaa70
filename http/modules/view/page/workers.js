// SPDX-License-Identifier: BSD-2-Clause
// Size classes of the workers, the lists that threads share, and the advice.

// A column for each size: what is held stands behind what is used. Bytes grow upwards, linearly.
function drawColumns(picture, items, label) {
  // items: {size, layers: [[class, bytes, what]]}
  const W = Math.max(280, picture.clientWidth || 1080),
    H = 200,
    FOOT = 30,
    LEFT = 66,
    most = 1.04 * Math.max(0, ...items.map(item => Math.max(...item.layers.map(layer => layer[1]))));
  const unit = most ? Math.max(1, 2 ** Math.ceil(Math.log2(most / 5))) : Infinity,
    top = most ? Math.ceil(most / unit) * unit : 1;
  const step = (W - LEFT) / items.length,
    y = value => 12 + (H - 12) * (1 - value / top),
    drawn = [];
  for (let at = 0; at <= top; at += unit)
    drawn.push(
      svg("path", {class: "axis", d: `M${LEFT} ${y(at)}H${W}`}),
      svg("text", {class: "soft", x: LEFT - 8, y: y(at) + 4, "text-anchor": "end"}, bytes(at))
    );
  if (!most)
    drawn.push(
      svg("text", {class: "soft", x: (LEFT + W) / 2, y: H / 2, "text-anchor": "middle"}, "nothing yet")
    );
  items.forEach((item, i) => {
    const x = LEFT + i * step + step * 0.14,
      width = step * 0.72;
    item.layers.forEach(([kind, value], l) => {
      if (value > 0)
        drawn.push(
          svg("rect", {
            class: kind,
            x: x + l * width * 0.08,
            width: width * (1 - l * 0.16),
            y: y(value),
            height: Math.max(1, y(0) - y(value)),
            rx: 2.5,
          })
        );
    });
    const name = item.size < 1024 ? item.size : `${item.size / 1024}K`;
    if (i % Math.ceil(30 / step) === 0)
      drawn.push(svg("text", {x: x + width / 2, y: H + 18, "text-anchor": "middle"}, name));
    drawn.push(
      svg(
        "rect",
        {x: x - step * 0.14, y: 12, width: step, height: H - 12, fill: "transparent"},
        svg(
          "title",
          {},
          `${bytes(item.size)}: ` + item.layers.map(([, value, what]) => `${bytes(value)} ${what}`).join(", ")
        )
      )
    );
  });
  picture.setAttribute("viewBox", `0 0 ${W} ${H + FOOT}`);
  picture.replaceChildren(...drawn);
  set(picture, "aria-label", label);
}

function drawWorkers(data) {
  const select = $("worker");
  while (select.options.length - 1 > data.workers.length) select.lastChild.remove();
  data.workers.forEach((worker, i) => {
    if (!select.options[i + 1]) select.append(el("option", {value: i}, `Worker ${worker.id}`));
  });
  const picked = Number(select.value),
    workers = picked >= 0 && data.workers[picked] ? [data.workers[picked]] : data.workers;
  const sum = name => workers.reduce((total, worker) => total + (worker[name] || 0), 0);
  const classes = data.workers[0]
    ? data.workers[0].classes.map((one, i) => ({
        size: one.size,
        layers: [],
        ...Object.fromEntries(
          ["live", "held", "pages", "cached", "room"].map(name => [
            name,
            workers.reduce((total, worker) => total + worker.classes[i][name], 0),
          ])
        ),
      }))
    : [];
  for (const item of classes)
    item.layers = [
      ["c-held", item.held, "in pages"],
      ["c-live", item.live * item.size, "live"],
    ];
  facts($("worker-facts"), [
    ["Workers", count(workers.length)],
    ["Connections", count(sum("open"))],
    ["Requests", count(sum("requests"))],
    ["Held by pools", bytes(sum("held"))],
    ["Objects out", count(classes.reduce((t, c) => t + c.live, 0))],
    ["In pages of classes", bytes(sum("spanBytes"))],
    ["Of them empty", bytes(sum("emptyBytes"))],
    ["Mapped", bytes(sum("mappedBytes"))],
    ["Resident", bytes(sum("residentBytes"))],
    ["Arenas", count(sum("arenas"))],
  ]);
  drawColumns(
    $("classes"),
    classes,
    `Size classes of ${picked < 0 ? "all workers" : `worker ${data.workers[picked].id}`}, ` +
      "bytes in use and in pages: the table below has the figures"
  );
  table(
    $("classes-table"),
    "Size classes",
    ["Class", "Used objects", "Room for", "At hand", "Used bytes", "Pages", "Bytes in pages"],
    classes.map(c => [
      bytes(c.size),
      count(c.live),
      count(c.room),
      count(c.cached),
      bytes(c.live * c.size),
      count(c.pages),
      bytes(c.held),
    ])
  );
}
legend($("classes-legend"), [
  ["key c-live", "L", "live objects, bytes"],
  ["key c-held", "P", "pages that the class holds"],
]);
$("worker").addEventListener("change", () => now && drawWorkers(now));

function drawShared(data) {
  const s = data.sgi,
    listed = s.classes.reduce((sum, c) => sum + c.free * c.size, 0);
  facts($("sgi-facts"), [
    ["Out, or in magazines", bytes(s.out)],
    ["Held in spans", bytes(s.held)],
    ["Free on lists", bytes(listed)],
    ["Not cut into objects yet", bytes(Math.max(0, s.free - listed))],
    ["In depots", bytes(s.depot)],
    ["Larger, from the system", `${count(s.largeCount)}, ${bytes(s.largeBytes)}`],
    ["Threads attached", count(s.threads)],
    ["Spans", count(s.spans)],
    ["Locks of lists", `${count(s.lists.taken)}, contended ${count(s.lists.contended)}`],
    ["Locks of depots", `${count(s.depots.taken)}, contended ${count(s.depots.contended)}`],
    ["Waited for locks", `${((s.lists.wait + s.depots.wait) * 1000).toFixed(1)} ms`],
    ["Asked for memory again", count(s.handlerRuns)],
  ]);
  const BATCH = 20;
  drawColumns(
    $("lists"),
    s.classes.map(c => ({
      size: c.size,
      layers: [
        ["c-held", (c.free + c.full * BATCH) * c.size, "ready"],
        ["c-depot", c.full * BATCH * c.size, "of them in full magazines"],
      ],
    })),
    "The sixteen lists, bytes ready to be handed out: the table below has the figures"
  );
  table(
    $("lists-table"),
    "Lists by the size of their objects",
    [
      "Object",
      "Free on the list",
      "Full magazines",
      "Empty magazines",
      "Refills",
      "Drains",
      "Depot locked",
      "Contended",
      "Waited",
    ],
    s.classes.map(c => [
      bytes(c.size),
      count(c.free),
      count(c.full),
      count(c.empty),
      count(c.refills),
      count(c.drains),
      count(c.taken),
      count(c.contended),
      `${(c.wait * 1000).toFixed(2)} ms`,
    ])
  );
}
legend($("lists-legend"), [
  ["key c-depot", "M", "in full magazines of the depot"],
  ["key c-held", "F", "free on the list"],
]);

function drawAdvice(data) {
  const a = data.advice;
  for (const part of ["sentence", "more", "line"]) say($(`advice-${part}`), a[part] || "");
  $("advice-row").hidden = !a.line;
  facts(
    $("advice-facts"),
    a.requests === undefined
      ? []
      : [
          ["Requests seen", count(a.requests)],
          ["Half of them need at most", bytes(a.request_p50_bytes)],
          ["99 % need at most", bytes(a.request_p99_bytes)],
          ["99 % of connections held at most", bytes(a.connection_p99_bytes)],
          ["connection_pool_size", bytes(a.first_size)],
          ["request_pool_size", bytes(a.block_size) + (a.automatic ? " (auto)" : "")],
          ["Served in one block now", a.requests ? percent(a.served_now / a.requests) : "–"],
        ]
  );
}
$("advice-copy").addEventListener("click", () => {
  getSelection().selectAllChildren($("advice-line")); // and it stays, where copying is not allowed
  document.execCommand("copy");
});
