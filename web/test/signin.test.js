import assert from "node:assert/strict";
import { test } from "node:test";

import { readConfig } from "../site/config.js";
import { claimsOf, expiryOf, readDiscovery, readTrip } from "../site/oidc.js";
import { readFrame, renewal } from "../site/session.js";

const config = {
  url: "wss://chat.example/live", issuer: "https://issuer.example", discovery: "https://issuer.example/.well-known/openid-configuration",
  client_id: "c", scopes: ["openid"], message_format: "text", max_text_bytes: 4096, max_frame_bytes: 8192,
};

test("a configuration is read", () => {
  assert.equal(readConfig(config).limits.text, 4096);
  assert.equal(readConfig({ ...config, url: "ws://127.0.0.1:8080/x", discovery: "http://localhost:1/d" }).url, "ws://127.0.0.1:8080/x");
});

test("a broken configuration says what is wrong", () => {
  for (const [change, says] of /** @type {[object, RegExp][]} */ ([
    [{ url: "ws://chat.example/" }, /url must begin with wss/], [{ url: "ws://127.0.0.1.example/" }, /url must begin with wss/], [{ url: "https://chat.example/" }, /url must begin with wss/],
    [{ url: "wss://u:p@chat.example/" }, /no user name/], [{ url: "wss://chat.example/?token=x" }, /no query/], [{ url: undefined }, /not a URL/],
    [{ discovery: "http://issuer.example/" }, /discovery must begin with https/], [{ discovery: "javascript:alert(1)" }, /discovery must begin with https/],
    [{ issuer: "" }, /issuer/], [{ client_id: 7 }, /client_id/], [{ scopes: [] }, /openid/], [{ scopes: ["openid", "a b"] }, /openid/],
    [{ message_format: "html" }, /message_format/], [{ max_text_bytes: 0 }, /max_text_bytes/], [{ max_frame_bytes: "9" }, /max_frame_bytes/],
  ])) assert.throws(() => readConfig({ ...config, ...change }), says);
  for (const document of [null, [], "x", 7]) assert.throws(() => readConfig(document), /not an object/);
});

test("a discovery document is that of the issuer, with secure endpoints", () => {
  const document = { issuer: config.issuer, authorization_endpoint: "https://i.example/a", token_endpoint: "https://i.example/t" };
  assert.deepEqual(readDiscovery(document, config.issuer), { authorization: "https://i.example/a", token: "https://i.example/t", revocation: null, logout: null });
  assert.throws(() => readDiscovery({ ...document, issuer: config.issuer + "/" }, config.issuer), /another issuer/);
  assert.throws(() => readDiscovery({ ...document, token_endpoint: "http://i.example/t" }, config.issuer), /token_endpoint/);
  assert.throws(() => readDiscovery({ ...document, end_session_endpoint: "http://i.example/" }, config.issuer), /end_session_endpoint/);
});

test("what was kept for the way to the issuer is whole, or nothing", () => {
  const trip = { state: "s", nonce: "n", verifier: "v", hash: "#ops" };
  assert.deepEqual(readTrip(JSON.stringify(trip)), trip);
  assert.equal(readTrip(JSON.stringify({ ...trip, hash: undefined }))?.hash, "");
  for (const bad of [null, "", "{", "null", "7", '"x"', "[]", JSON.stringify({ ...trip, state: "" }), JSON.stringify({ ...trip, nonce: undefined }), JSON.stringify({ ...trip, verifier: null })]) {
    assert.equal(readTrip(bad), null, String(bad));
  }
});

test("claims are read, and nonsense has none", () => {
  const token = `e30.${Buffer.from(JSON.stringify({ sub: "ä", exp: 12 })).toString("base64url")}.`;
  assert.equal(claimsOf(token).get("sub"), "ä");
  assert.equal(expiryOf(token), 12_000);
  for (const bad of ["", "x", "a.b.c", "..", `.${Buffer.from("[1]").toString("base64url")}.`]) assert.equal(expiryOf(bad), 0);
});

test("a token is renewed in time, at no one moment", () => {
  for (let i = 0; i < 100; i++) {
    const long = renewal(0, 3_600_000);
    assert.ok(long > 3_600_000 - 151_000 && long < 3_600_000 - 89_000, String(long));
    const short = renewal(0, 10_000);
    assert.ok(short > 0 && short < 10_000);
  }
  assert.equal(renewal(0, 0), 0);
  assert.equal(renewal(5, 5), 0);
});

const message = { type: "message", id: "01HF7YAT00QQQQQQQQQQQQQQQQ", clientId: "c", room: "r", user: { id: "u", name: "U" }, html: "x", sentAt: "2026-01-01T00:00:00.000Z" };

test("frames are copied member by member", () => {
  const frame = readFrame(JSON.stringify({ ...message, extra: 1 }), "r");
  const { type, ...content } = message;
  assert.deepEqual(frame, { type, message: content });
  const polluted = readFrame('{"type":"message","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}', "r");
  assert.equal(polluted, null);
  assert.equal(/** @type {any} */ ({}).polluted, undefined);
  const batch = readFrame(JSON.stringify({ type: "batch", messages: [message, { ...message, room: "s" }, { ...message, id: "x" }, null, 7] }), "r");
  assert.equal(batch?.type === "batch" && batch.messages.length, 1);
});

test("what is no frame of the room's is none", () => {
  for (const data of ["", "null", "[]", "7", "{", '{"type":"__proto__"}', JSON.stringify({ ...message, room: "s" }), JSON.stringify({ ...message, sentAt: "soon" }), JSON.stringify({ ...message, user: null }), new ArrayBuffer(1)]) {
    assert.equal(readFrame(data, "r"), null, String(data));
  }
  assert.deepEqual(readFrame('{"message":"Internal server error","connectionId":"c","requestId":"q"}', "r"), { type: "error", code: "gateway", clientId: "", retryAfter: 0 });
  assert.deepEqual(readFrame('{"type":"error","code":"rate_limited","clientId":"c","retryAfterMs":1e99}', "r"), { type: "error", code: "rate_limited", clientId: "c", retryAfter: 3_600_000 });
});
