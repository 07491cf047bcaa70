// SPDX-License-Identifier: BSD-2-Clause
// "Run a request": this page sends it, follows its own connection, and replays what happened step by step.

(() => {
  const said = el("p", {class: "small soft", id: "life-said"}),
    pause = ms => new Promise(done => setTimeout(done, ms));
  // Each answers with a sentence; `tell` says what is going on meanwhile.
  const runs = [
    [
      "Three requests, one connection",
      async tell => {
        for (let i = 1; i <= 3; i++) {
          tell(`GET, ${i} of 3`);
          await (await fetch(i < 3 ? "run/hello" : "run/hello?close", {cache: "no-store"})).text();
          await pause(250);
        }
        return "Three requests on one connection. Its pool was reset after each, and gone when it closed.";
      },
    ],
    [
      "Send 60 KB",
      async tell => {
        tell("POST, 60,000 bytes");
        const body = "The tide comes in, the tide goes out. ".repeat(1580).slice(0, 60000);
        const answer = await fetch("run/body", {method: "POST", body, cache: "no-store"});
        await answer.text();
        return `The server has taken the 60,000 bytes, and answered ${answer.status}.`;
      },
    ],
    [
      "Read 4 MiB slowly",
      async tell => {
        const reader = (await fetch("run/slow", {cache: "no-store"})).body.getReader();
        let got = 0;
        for (;;) {
          const {done, value} = await reader.read();
          if (done) break;
          got += value.length;
          tell(`GET, ${bytes(got)} read so far`);
        }
        return `${bytes(got)} were read. The server made them as they left, and held few of them.`;
      },
    ],
    [
      "Ask too much",
      async tell => {
        tell("GET with a header field of 40,000 bytes");
        const answer = await fetch("run/hello", {
          headers: {"X-Too-Large": "x".repeat(40000)},
          cache: "no-store",
        });
        await answer.text();
        return answer.ok
          ? "The server took a header field of 40,000 bytes: its limits are that large here."
          : `The server refused the header field of 40,000 bytes: it answered ${answer.status}, and closed.`;
      },
    ],
  ];

  // The connection that the request came by; the last event of it must be old enough to be the last for now.
  // One that was refused while its head came in has no path.
  const ours = () => {
    const all = [...life.lives().values()];
    return all.filter(one => /\/run\//.test(one.path || "")).pop() || all.filter(one => one.destroyed).pop();
  };
  async function settle() {
    for (let seen = -1, i = 0; i < 12; i++) {
      const one = ours();
      if (one) {
        lifeView.show(one.c);
        if (one.count === seen && !one.busy) return;
        seen = one.count;
      }
      await pause(250);
    }
  }
  async function run(name, request) {
    const tell = text => say(said, `${name}: ${text} …`);
    buttons.forEach(button => (button.disabled = true));
    tell("following this browser");
    try {
      if (await life.follow({mine: 1}, "waiting for the request")) {
        const words = await request(tell);
        await settle();
        const one = ours();
        life.finish(
          "",
          one && !one.destroyed
            ? "The request is over; its connection stays open."
            : "The pool was destroyed: this was its life."
        );
        say(said, one ? words : `${words} The connection that it came by was not seen.`);
        if (one && !matchMedia("(prefers-reduced-motion: reduce)").matches)
          lifeView.replay(one.count > 80 ? "1" : "steps");
      } else say(said, `${name}: nothing was sent.`);
    } catch (error) {
      say(said, `${name}: it could not be sent or answered (${error.message}).`);
    }
    buttons.forEach(button => (button.disabled = false));
    document.documentElement.dataset.run = name;
  }
  const buttons = runs.map(([name, request]) =>
    el("button", {type: "button", onclick: () => (calm = run(name, request))}, name)
  );
  $("life-run").append(...buttons, said);
})();
