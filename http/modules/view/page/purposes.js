// SPDX-License-Identifier: BSD-2-Clause
// What an allocation is for, as the few kinds that have a colour.

const purposes = {
  pool: ["pool", "block", "cleanup"],
  connection: ["connection", "first block"],
  buffer: ["input", "output", "body", "held body", "buffer"],
  request: ["request", "request blocks", "host", "path", "uri", "captures", "variable", "args"],
  header: ["fields", "header", "headers"],
  response: ["page", "location", "response", "etag", "answer header", "date", "template"],
};
const kindOf = new Map(Object.entries(purposes).flatMap(([kind, words]) => words.map(word => [word, kind])));
