import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { parse, plain } from "../site/fragment.js";
import { bytes, excess, isRoom, link, pieces, wellFormed } from "../site/text.js";

/** @param {string} path below lambdas/internal */
const facts = (path) => JSON.parse(readFileSync(new URL(`../../lambdas/internal/${path}`, import.meta.url), "utf8"));

test("lengths are those of UTF-8", () => {
  assert.equal(bytes("aé漢👍"), 1 + 2 + 3 + 4);
  assert.equal(wellFormed("a\ud83d"), "a\ufffd");
});

test("a text is too long by bytes, in itself or in its frame", () => {
  const limits = { text: 10, frame: 100 };
  assert.equal(excess("0123456789", limits), 0);
  assert.equal(excess("0123456789a", limits), 1);
  assert.equal(excess("漢漢漢漢", limits), 2);
  // A quote takes two bytes in a frame: {"action":"sendMessage","clientId":"<36>","text":"…"} has 84 without its text.
  assert.equal(excess('""""""""""', limits), 4);
  assert.equal(excess('""""""""', limits), 0);
});

test("rooms are called as the server has it", () => {
  for (const good of ["a", "0", "a-b_c", "a".repeat(64)]) assert.ok(isRoom(good), good);
  for (const bad of ["", "-a", "_a", "A", "a b", "a".repeat(65), "ä", "a\n", "a/b", "a?b", "a%20"]) assert.ok(!isRoom(bad), bad);
});

test("addresses of https become links, and nothing else", () => {
  const links = (/** @type {string} */ text) => pieces(text).filter((p) => p.href !== undefined).map((p) => p.text);
  assert.deepEqual(links("see https://example.com/a?b=1#c, or (https://example.org/x_(y))."), ["https://example.com/a?b=1#c", "https://example.org/x_(y)"]);
  assert.deepEqual(links("http://example.com javascript:alert(1) data:text/html,x //example.com"), []);
  assert.deepEqual(links("https://user:pass@example.com/ https://éxample.com https:// https://-x.com https://a\u202eb"), ["https://a"]);
  assert.equal(pieces("a https://b.example c").map((p) => p.text).join(""), "a https://b.example c");
  assert.equal(link("https://example.com:99999/"), null);
});

test("every published input keeps its characters", () => {
  for (const input of [...facts("markup/testdata/xss.json"), ...facts("text/testdata/naughty.json")]) {
    assert.equal(pieces(input).map((p) => p.text).join(""), input);
    for (const piece of pieces(input)) assert.ok(piece.href === undefined || piece.href.startsWith("https://"), piece.href);
  }
});

test("a fragment of the server's is read", () => {
  assert.deepEqual(parse("a &lt;b&gt; &amp;amp; &#34;&#39; &copy;"), [{ text: 'a <b> &amp; "\' &copy;' }]);
  assert.deepEqual(parse("<b>x<i>y</i></b><br/>z"), [
    { tag: "b", children: [{ text: "x" }, { tag: "i", children: [{ text: "y" }] }] }, { tag: "br", children: [] }, { text: "z" },
  ]);
  assert.deepEqual(parse("<pre>\n\na</pre>"), [{ tag: "pre", children: [{ text: "\na" }] }]);
  assert.deepEqual(parse('<a href="https://e.com/?a=1&amp;b=2" rel="noopener noreferrer nofollow">l</a>'), [
    { tag: "a", href: "https://e.com/?a=1&b=2", children: [{ text: "l" }] },
  ]);
  assert.equal(plain("<b>x</b><br/>y &lt;"), "x\ny <");
});

test("what the server would not write is shown as it is", () => {
  const rel = ' rel="noopener noreferrer nofollow"';
  for (const html of [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b onclick=alert(1)>x</b>", "<B>x</B>", "<b>x", "x</b>", "<b><i></b></i>", "<br>", "<!-- x -->",
    "<b", "<", "a < b", '<a href="javascript:alert(1)"' + rel + ">x</a>", '<a href="http://e.com"' + rel + ">x</a>", '<a href="https://e.com">x</a>',
    '<a href="https://e.com"' + rel + ' id="x">x</a>', '<a href="https://e.com"' + rel + '><a href="https://e.com"' + rel + ">x</a></a>",
    '<a href="https://u@e.com"' + rel + ">x</a>", '<a href="https://e.com" onclick="x"' + rel + ">x</a>", "<p>x</p>", "<b/>", "<b >x</b>", "<svg/onload=alert(1)>", "<b>".repeat(257) + "</b>".repeat(257),
  ]) {
    assert.equal(parse(html), null, html);
    assert.equal(plain(html), html);
  }
});

test("no published input gets an element in that the grammar has not", () => {
  const allowed = new Set(["b", "i", "em", "strong", "code", "pre", "br", "a"]);
  /** @param {import("../site/fragment.js").Node[]} nodes */
  const check = (nodes) => {
    for (const node of nodes) {
      if ("text" in node) continue;
      assert.ok(allowed.has(node.tag), node.tag);
      assert.ok(node.href === undefined || node.href.startsWith("https://"));
      check(node.children);
    }
  };
  for (const input of facts("markup/testdata/xss.json")) check(parse(input) ?? []);
});
