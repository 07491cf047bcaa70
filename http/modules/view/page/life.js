// SPDX-License-Identifier: BSD-2-Clause
// Following a pool: the stream of its events, what its state is in words, and the ways to begin.

const life = (() => {
  const where = el("span", {id: "life-text"}, "nothing is followed"),
    pill = el(
      "span",
      {class: "state", id: "life-state"},
      svg("svg", {viewBox: "0 0 10 10", "aria-hidden": "true"}, svg("circle", {cx: 5, cy: 5, r: 3.5})),
      where
    ),
    address = el("input", {type: "search", id: "life-address", placeholder: "any", autocomplete: "off"}),
    allocs = el("input", {type: "checkbox", id: "life-allocs"}),
    button = (text, onclick, more) => el("button", {type: "button", onclick, ...more}, text),
    stop = button("Stop", () => finish("", "Stopped. What was seen so far is kept."), {hidden: true});
  let lives = new Map(),
    running = null, // the AbortController of the stream that is read
    heard = 0,
    waiting = "",
    several = false; // connections may be followed: there is no end to that

  $("life-follow").append(
    el("label", {}, "Address begins with", address),
    button("Follow the next connection", () =>
      follow(
        {next: 1, ...(address.value.trim() ? {address: address.value.trim()} : {})},
        "waiting for the next connection"
      )
    ),
    button("Follow mine", () => follow({mine: 1}, "waiting for a connection of this browser")),
    el("label", {class: "tick"}, allocs, "each allocation too"),
    stop,
    pill
  );

  function tell(kind, text) {
    set(pill, "class", `state ${kind}`);
    if (where.textContent === text) return;
    say(where, text);
    document.documentElement.dataset.life = kind || "ended";
  }
  function finish(kind, text) {
    if (running) running.abort();
    running = null;
    stop.hidden = true;
    tell(kind, text);
    speak(text, true);
    lifeView.end();
  }

  // ---- the stream ----

  // The words of an answer that is no stream; a server that is gone has none.
  const because = async answer =>
    (await answer.text().catch(() => "")).trim().slice(0, 200) || `the server answered ${answer.status}`;
  const endings = {
    destroyed: "The pool was destroyed: this was its life.",
    reload: "The server has read its configuration again: the stream has ended.",
    quit: "The server ends: the stream has ended.",
  };

  async function follow(query, words) {
    const mine = new AbortController();
    if (running) running.abort();
    running = mine;
    lives = new Map();
    waiting = words;
    several = Boolean(query.mine);
    lifeView.begin(lives);
    stop.hidden = false;
    tell("", "connecting");
    try {
      const answer = await fetch(
        `follow?${new URLSearchParams({...query, ...(allocs.checked ? {allocs: 1} : {})})}`,
        {
          cache: "no-store",
          signal: mine.signal,
        }
      );
      if (!answer.ok) {
        const text = await because(answer);
        if (running === mine) finish("lost", `Not followed: ${text}`);
        return false;
      }
      heard = performance.now();
      tellHow();
      listen(answer.body.pipeThrough(new TextDecoderStream()).getReader(), mine);
      return true;
    } catch (error) {
      if (running === mine) finish("lost", `Not followed: the server is not there (${error.message}).`);
      return false;
    }
  }
  async function listen(reader, mine) {
    let rest = "";
    try {
      for (;;) {
        const {done, value} = await reader.read();
        if (done || running !== mine) break;
        heard = performance.now();
        const messages = (rest + value).split("\n\n");
        rest = messages.pop();
        for (const message of messages) if (running === mine) receive(message);
      }
    } catch {
      // Told below: a stream that breaks and one that just ends are the same to whoever watches.
    }
    if (running === mine)
      finish("lost", "The stream broke off: the server is gone, or has ended it without a word.");
  }
  function receive(message) {
    const field = name => (message.match(new RegExp(`^${name}: ?(.*)$`, "m")) || [])[1],
      data = field("data");
    if (data === undefined) return; // a sign of life
    const e = JSON.parse(data);
    if (field("event") === "end")
      return finish(e.why === "destroyed" ? "" : "lost", endings[e.why] || `The stream has ended: ${e.why}.`);
    if (!lives.has(e.c)) {
      // Of many that came and went the oldest are let go.
      const over = lives.size >= 64 && [...lives.values()].find(old => old !== lifeView.shown());
      if (over) {
        lives.delete(over.c);
        lifeView.removed(over);
      }
      lives.set(e.c, newLife(e.c));
    }
    const one = lives.get(e.c);
    one.events.push(e);
    if (one.events.length > 5 * LIFE_KEEP) one.events.splice(0, LIFE_KEEP);
    addMoment(one, e);
    lifeView.added(one, e);
    if (e.k === "destroy" && !several) finish("", endings.destroyed);
    else tellHow();
  }
  // Alive is what is shown, or nothing is.
  function tellHow() {
    const shown = lifeView.shown();
    if (!shown) tell("live", waiting);
    else if (shown.destroyed) tell("", "this pool was destroyed; others are still listened for");
    else tell("live", "live" + (lives.size > 1 ? `, ${lives.size} connections` : ""));
  }
  setInterval(() => {
    if (!running || !heard) return;
    const silent = (performance.now() - heard) / 1000;
    if (silent > 3) tell("lost", `nothing heard for ${Math.floor(silent)} s`);
    else tellHow();
  }, 500);

  // ---- ways to begin ----

  function followPool(name) {
    $("life").focus({preventScroll: true});
    $("life").scrollIntoView({block: "start"});
    if (location.hash !== `#pool=${name}`) window.history.replaceState(null, "", `#pool=${name}`);
    return follow({id: name}, `waiting for pool ${name}`);
  }
  function fromAddress() {
    const name = (location.hash.match(/^#pool=([\d.]+)$/) || [])[1];
    if (name && !(lifeView.shown() && lifeView.shown().c === name)) followPool(name);
  }
  addEventListener("hashchange", fromAddress);
  fromAddress();
  return {follow, followPool, finish, lives: () => lives};
})();
