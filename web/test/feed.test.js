import assert from "node:assert/strict";
import { test } from "node:test";

import { before, Feed, isID } from "../site/feed.js";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** @param {number} seconds */
function id(seconds) {
  let time = 1_700_000_000_000 + Math.round(seconds * 1000);
  let text = "";
  for (let i = 0; i < 10; i++, time = Math.floor(time / 32)) text = alphabet.charAt(time % 32) + text;
  return text + "0000000000000001";
}

/** @param {number} seconds */
const message = (seconds) => ({ id: id(seconds), clientId: "", room: "r", user: { id: "u", name: "U" }, html: "x", sentAt: "2026-01-01T00:00:00Z" });

/**
 * A server's history.
 * @param {number[]} seconds
 * @param {{before: string, limit: number}} page
 */
function history(seconds, page) {
  const all = seconds.map(message).filter((m) => page.before === "" || m.id < page.before);
  const messages = all.slice(-page.limit);
  return { messages, next: all.length > messages.length ? (messages[0]?.id ?? "") : "" };
}

/**
 * Carries a repair out, and returns what it found.
 * @param {Feed} feed
 * @param {import("../site/feed.js").Page | null} page
 * @param {number[]} seconds
 */
function repair(feed, page, seconds) {
  let pages = 0;
  while (page !== null) {
    pages++;
    const { messages, next } = history(seconds, page);
    const result = feed.page(messages, next);
    if (!("ask" in result)) return { ...result, pages };
    page = result.ask;
  }
  throw new Error("nothing was asked");
}

const range = (/** @type {number} */ from, /** @type {number} */ to) => Array.from({ length: to - from }, (_, i) => from + i);

test("an id's lower bound is so much earlier", () => {
  assert.ok(isID(id(0)) && !isID("x") && !isID(7) && !isID(id(0).toLowerCase()));
  assert.equal(before(id(100), 30_000).slice(0, 10), id(70).slice(0, 10));
  assert.equal(before("", 1), "");
});

test("messages are in order, each once, however they come", () => {
  const feed = new Feed();
  for (const s of [5, 1, 3, 5, 2, 4, 1]) feed.add(message(s));
  assert.deepEqual(feed.ids, [1, 2, 3, 4, 5].map(id));
});

test("the first page is the newest, and there is more before it", () => {
  const feed = new Feed();
  const { found, pages } = repair(feed, feed.catchUp(), range(0, 120));
  assert.equal(found.length, 50);
  assert.equal(pages, 1);
  assert.ok(feed.more);
  const older = history(range(0, 120), { before: feed.oldest, limit: 100 });
  assert.equal(feed.older(older.messages, older.next).length, 70);
  assert.ok(!feed.more);
});

test("after a gap all that was missed is read, back to five minutes before what was compared", () => {
  const feed = new Feed();
  repair(feed, feed.catchUp(), range(0, 10));
  // 250 messages, and one that was stored late at the place of its first attempt.
  const later = [...range(0, 9), ...range(400, 650)].toSorted((a, b) => a - b);
  const { found, dropped } = repair(feed, feed.catchUp(), later);
  assert.equal(found.length, 250);
  assert.deepEqual(dropped, []);
  const late = [...range(0, 10), 200, ...range(400, 650)];
  assert.deepEqual(repair(feed, feed.catchUp(), [...late, 660]).found.map((m) => m.id), [id(200), id(660)]);
});

test("a check finds what was stored and not passed on", () => {
  const feed = new Feed();
  repair(feed, feed.catchUp(), range(0, 10));
  feed.add(message(12));
  assert.deepEqual(repair(feed, feed.check(), [...range(0, 10), 11, 12]).found.map((m) => m.id), [id(11)]);
  feed.add(message(20));
  assert.deepEqual(repair(feed, feed.check(), [...range(0, 10), 11, 12, 19, 20]).found.map((m) => m.id), [id(19)]);
});

test("a check goes back further than to what it has compared, since clocks differ", () => {
  const feed = new Feed();
  const busy = range(0, 2000).map((tenth) => tenth / 10);
  repair(feed, feed.catchUp(), busy.slice(0, 1900));
  const late = [...busy, 165.05].toSorted((a, b) => a - b);
  for (const s of busy.slice(1900)) feed.add(message(s));
  assert.ok(repair(feed, feed.check(), late).found.some((m) => m.id === id(165.05)));
});

test("who was away looks five minutes back: a message may have been stored late", () => {
  const feed = new Feed();
  const busy = range(0, 2000).map((tenth) => tenth / 10);
  repair(feed, feed.catchUp(), busy.slice(0, 1900));
  const late = [...busy, 20.05].toSorted((a, b) => a - b);
  assert.ok(repair(feed, feed.catchUp(), late).found.some((m) => m.id === id(20.05)));
});

test("two comparisons do not run at once, and a new connection begins anew", () => {
  const feed = new Feed();
  assert.equal(feed.check(), null); // nothing is known yet
  feed.catchUp();
  assert.equal(feed.check(), null);
  feed.fail();
  repair(feed, feed.catchUp(), range(0, 3));
  assert.notEqual(feed.check(), null);
});

test("a room that was empty is read to its beginning", () => {
  const feed = new Feed();
  repair(feed, feed.catchUp(), []);
  assert.ok(!feed.more);
  assert.equal(repair(feed, feed.catchUp(), range(0, 150)).found.length, 150);
});

test("after too long a gap what is older is read again by scrolling", () => {
  const feed = new Feed();
  repair(feed, feed.catchUp(), range(0, 10));
  const { found, dropped, pages } = repair(feed, feed.catchUp(), [...range(0, 10), ...range(1000, 7000)]);
  assert.equal(pages, 50);
  assert.equal(found.length, 5000);
  assert.deepEqual(dropped, range(0, 10).map(id));
  assert.ok(feed.more);
});

test("a message that may have been stored long ago is looked for at its time", () => {
  const feed = new Feed();
  repair(feed, feed.catchUp(), range(0, 10));
  for (const s of range(1000, 1010)) feed.add(message(s));
  repair(feed, feed.check(), [...range(0, 10), ...range(1000, 1010)]);
  const all = [...range(0, 10), 100, ...range(600, 1300)];
  assert.ok(!repair(feed, feed.catchUp(), all).found.some((m) => m.id === id(100)));
  assert.ok(repair(feed, feed.catchUp(1_700_000_100_000), all).found.some((m) => m.id === id(100)));
});
