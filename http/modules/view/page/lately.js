// SPDX-License-Identifier: BSD-2-Clause
// What happened lately, the newest first: limits that were reached, reloads; and in what mode all runs.

// What pool_mode makes other than it is else.
const modes = {
  passthrough:
    "every allocation is one of the system's, and none is cut from a block. " +
    "What is said below of blocks, pins and size classes does not apply.",
  poison: "memory is filled when it is taken and at a reset, so that mistakes show. All is slower than else.",
};
function drawMode({mode}) {
  $("mode").hidden = !modes[mode];
  if (modes[mode]) say($("mode"), `pool_mode is ${mode}: ${modes[mode]}`);
}

function ago(s) {
  const [n, unit] =
    s < 60 ? [s, "s"] : s < 3600 ? [s / 60, "min"] : s < 86400 ? [s / 3600, "h"] : [s / 86400, "d"];
  return `${Math.max(0, Math.floor(n))} ${unit} ago`;
}

// A line of the log: who in front, what, and behind that what a reader of the page needs no more.
function drawLately(data) {
  const list = $("lately"),
    totals = [
      [data.overBudget, "request", "over a budget"],
      [data.refusedByBudget, "block", "refused by memory_budget"],
      [data.refused, "connection", "turned away"],
      [data.failed, "call", "that the system refused"],
    ].filter(([n]) => n);
  say($("clock"), at(data.time));
  while (list.children.length > data.events.length) list.lastChild.remove();
  data.events.forEach((event, i) => {
    const [, name, what, client] = event.text.match(
        /^(?:\*(\S+) )?(.*?)(?: while [a-z ]+)?(?:, client: ([^,]+).*)?$/s
      ),
      item =
        list.children[i] ||
        list.appendChild(el("li", {}, el("time"), " ", el("span", {class: "soft"}), " ", el("span")));
    const [time, age, words] = item.children;
    set(item, "class", event.level);
    say(time, at(event.time));
    set(time, "title", new Date(event.time * 1000).toLocaleString("en-GB"));
    say(age, [ago(data.time - event.time), client, name].filter(Boolean).join(" · "));
    say(words, (event.count > 1 ? `${count(event.count)} times: ` : "") + what);
  });
  $("lately-none").hidden = data.events.length > 0;
  say(
    $("totals"),
    totals.length
      ? `Since the start: ${totals.map(([n, word, what]) => `${plural(n, word)} ${what}`).join(", ")}.`
      : ""
  );
}
