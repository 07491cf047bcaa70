// SPDX-License-Identifier: BSD-2-Clause
// "The life of one pool": cursor, replay and keys over the moments that the stream (life.js) brings.

const lifeView = (() => {
  const view = {cursor: 0, first: 0, gone: 0, scale: "root", toScale: false},
    root = $("life-view");
  let life = null, // the one shown, of `lives`
    lives = new Map(),
    mode = "live", // live: at the last event; held: where it was put; replay: on its way
    following = false,
    chosenByHand = false,
    drawn = {xs: [], width: 1},
    timer = 0,
    asked = 0;

  const line = el("p", {class: "small soft"}),
    keys = el("ul", {class: "legend"}),
    picture = svg("svg", {
      class: "draw life",
      role: "slider",
      tabindex: "0",
      "aria-label": "Event of this pool; arrow keys move, space holds",
      "aria-valuemin": 1,
    }),
    sentence = el("p", {class: "quote", id: "life-sentence"}),
    then = el("p", {class: "small number"}),
    pieces = svg("svg", {class: "draw", role: "img"}),
    words = el("table"),
    pools = el("select", {id: "life-pool"}),
    choosePool = el("label", {hidden: true}, "Connection", pools);
  const button = (text, onclick, more) => el("button", {type: "button", onclick, ...more}, text),
    choice = (name, options, onchange) =>
      el(
        "label",
        {},
        name,
        el(
          "select",
          {onchange: event => onchange(event.target.value)},
          options.map(([value, text]) => el("option", {value}, text))
        )
      );
  const hold = button("Hold", () => setMode(mode === "live" ? "held" : "live"), {"aria-pressed": "false"}),
    live = button("Live", () => setMode("live")),
    replay = button("Replay", () => (mode === "replay" ? setMode("held") : startReplay()));
  const speed = choice(
    "Speed",
    [
      ["1", "1×"],
      ["0.1", "0.1×"],
      ["0.001", "0.001×"],
      ["steps", "step by step"],
    ],
    () => {}
  );
  const link = el("a", {class: "button"}, "Link"),
    file = () => `pool-${life.c}`;
  const body = el(
    "div",
    {class: "stack", hidden: true},
    keys,
    el("div", {class: "life-picture"}, picture),
    sentence,
    el(
      "div",
      {class: "row"},
      button("◀", () => moveTo(view.cursor - 1), {"aria-label": "Previous event"}),
      button("▶", () => moveTo(view.cursor + 1), {"aria-label": "Next event"}),
      hold,
      live,
      replay,
      speed,
      choice(
        "Bytes",
        Object.entries(lifeScales).map(([key, [name]]) => [key, name]),
        value => {
          view.scale = value;
          draw();
        }
      ),
      choice(
        "Time",
        [
          ["", "pauses short"],
          ["1", "to scale"],
        ],
        value => {
          view.toScale = Boolean(value);
          draw();
        }
      )
    ),
    then,
    el("div", {}, pieces),
    el(
      "div",
      {class: "row"},
      choosePool,
      link,
      button("Save JSON", () => saveFile(`${file()}.json`, "application/json", JSON.stringify(life.events))),
      button("Save picture", () =>
        saveFile(`${file()}.svg`, "image/svg+xml", pictureFile(picture, `The life of pool ${life.c}`))
      )
    ),
    el(
      "details",
      {},
      el("summary", {}, "As a table"),
      el(
        "div",
        {class: "scroll life-table", tabindex: "0", role: "region", "aria-label": "Events of this pool"},
        words
      )
    )
  );
  root.append(line, body);

  // ---- where the cursor is ----

  function setMode(next) {
    if (mode !== next) clearTimeout(timer);
    mode = next === "live" && !following ? "held" : next;
    set(hold, "aria-pressed", following && mode !== "live");
    hold.disabled = live.disabled = !following;
    set(live, "aria-pressed", mode === "live");
    say(replay, mode === "replay" ? "Stop replay" : "Replay");
    draw();
  }
  function moveTo(index, keep) {
    if (!life) return;
    view.cursor = Math.max(0, Math.min(life.moments.length - 1, index));
    if (keep) draw();
    else setMode("held");
  }
  // As fast as it was, slower, or by steps; nobody waits longer than two seconds for anything.
  function startReplay(how) {
    if (!life) return;
    if (how) speed.querySelector("select").value = how;
    if (view.cursor >= life.moments.length - 1) view.cursor = 0;
    setMode("replay");
    onward();
  }
  function onward() {
    const at = speed.querySelector("select").value;
    let wait = 0;
    while (mode === "replay" && wait < 4) {
      const here = life.moments[view.cursor],
        next = life.moments[view.cursor + 1];
      if (!next) return setMode(following ? "live" : "held");
      wait = at === "steps" ? (next.k === "have" ? 0 : 1300) : Math.min(2000, (next.t - here.t) / 1000 / at);
      if (wait < 4) moveTo(view.cursor + 1, true);
    }
    timer = setTimeout(() => {
      moveTo(view.cursor + 1, true);
      onward();
    }, wait);
  }

  // ---- drawing ----

  function draw() {
    if (!asked) asked = requestAnimationFrame(drawNow);
  }
  function drawNow() {
    asked = 0;
    body.hidden = !life || !life.moments.length;
    if (body.hidden) return;
    const n = life.moments.length,
      gone = life.count - n;
    // What stands still stays at its moment while older ones are let go.
    view.cursor = Math.max(0, view.cursor - gone + view.gone);
    view.first = Math.max(0, view.first - gone + view.gone);
    view.gone = gone;
    if (mode === "live") view.cursor = n - 1;
    view.cursor = Math.min(view.cursor, n - 1);
    if (mode === "live") view.first = Math.max(0, n - LIFE_WINDOW);
    else if (view.cursor < view.first) view.first = Math.max(0, view.cursor - 20);
    else if (view.cursor >= view.first + LIFE_WINDOW) view.first = view.cursor - LIFE_WINDOW + 20;
    const moment = life.moments[view.cursor];
    say(
      line,
      `Pool ${life.c}${life.client ? `, ${life.client}, ${life.protocol}` : ""}: ` +
        `${plural(life.requests, "request")}, ` +
        `${plural(life.resets, "reset")}, ${plural(life.count, "event")}, ${count(life.dropped)} dropped.` +
        (gone ? ` The first ${count(gone)} are no longer kept here.` : "") +
        (n > LIFE_WINDOW ? ` The picture has ${count(LIFE_WINDOW)} of them: the cursor takes it along.` : "")
    );
    const used = [...layers].filter(([key]) => life.moments.some(m => m.sums[key]));
    legend(
      keys,
      used.map(([, [kind, letter, name]]) => [`key k-${kind}`, letter, name])
    );
    drawn = drawLife(picture, life, view);
    set(picture, "aria-valuemax", n);
    set(picture, "aria-valuenow", view.cursor + 1);
    set(picture, "aria-valuetext", `${view.cursor + 1} of ${n}, ${clock(moment.t)}: ${moment.words}`);
    say(sentence, moment.words);
    say(
      then,
      `At ${clock(moment.t)}, event ${count(view.cursor + 1)} of ${count(n)}: ${bytes(moment.held)} held`
    );
    drawPieces(pieces, moment);
    link.href = `#pool=${life.c}`;
    say(link, `Link to ${life.c}`);
    drawWords();
  }
  // Only while somebody looks at it: a table of hundreds of rows is not free.
  function drawWords() {
    if (!words.closest("details").open) return;
    table(
      words,
      "What happened, oldest first",
      ["Event", "Time", "What", "Bytes", "Held", "For", "Source"],
      life.moments
        .slice(view.first, view.first + LIFE_WINDOW)
        .map((m, i) => [
          view.first + i + 1,
          `${number.format(m.t)} µs`,
          `${markOf[m.k] || ""} ${m.k}`,
          m.bytes === undefined ? "–" : bytes(m.bytes),
          bytes(m.held),
          m.purpose || m.path || m.state || m.why || "–",
          m.source || "–",
        ])
    );
  }
  body.querySelector("details").addEventListener("toggle", draw);

  // ---- hands and keys ----

  function toPointer(event) {
    const box = picture.getBoundingClientRect(),
      x = ((event.clientX - box.left) / box.width) * drawn.width;
    let at = drawn.xs.findIndex(place => place > x + 2);
    if (at < 0) at = drawn.xs.length;
    moveTo(view.first + Math.max(0, at - 1));
  }
  picture.addEventListener("pointerdown", event => {
    picture.setPointerCapture(event.pointerId);
    toPointer(event);
  });
  picture.addEventListener("pointermove", event => {
    if (picture.hasPointerCapture(event.pointerId)) toPointer(event);
  });
  picture.addEventListener("keydown", event => {
    const step = {
      ArrowRight: 1,
      ArrowUp: 1,
      ArrowLeft: -1,
      ArrowDown: -1,
      PageUp: 10,
      PageDown: -10,
      Home: -Infinity,
      End: Infinity,
    }[event.key];
    if (event.key === " ") hold.click();
    else if (step !== undefined) moveTo(view.cursor + step);
    else return;
    event.preventDefault();
  });
  pools.addEventListener("change", () => {
    chosenByHand = true;
    show(pools.value);
  });
  new ResizeObserver(() => draw()).observe(root);

  function show(c) {
    if (life && life.c === c) return;
    life = lives.get(c) || null;
    view.first = view.cursor = 0;
    view.gone = life ? life.count - life.moments.length : 0;
    pools.value = c;
    draw();
  }
  return {
    draw,
    show,
    replay: startReplay,
    // A stream has begun, which fills `map`; or it has ended.
    begin(map) {
      lives = map;
      life = null;
      following = true;
      chosenByHand = false;
      pools.replaceChildren();
      choosePool.hidden = true;
      say(line, "");
      setMode("live");
    },
    end() {
      following = false;
      setMode(mode === "live" ? "held" : mode);
    },
    // Of several connections the one is shown that began a request last, until somebody chooses.
    added(one, e) {
      if (![...pools.options].some(option => option.value === one.c)) {
        pools.append(el("option", {value: one.c}, one.c));
        choosePool.hidden = pools.options.length < 2;
      }
      if (!life || (e.k === "request" && mode === "live" && !chosenByHand)) show(one.c);
      if (life === one) draw();
    },
    removed(one) {
      for (const option of [...pools.options]) if (option.value === one.c) option.remove();
    },
    shown: () => life,
  };
})();
