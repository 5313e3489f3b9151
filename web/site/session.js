// One user in one room: keeps a connection, sends what the user says until the
// server has it, and finds what was missed. It behaves as the terminal client
// does (docs/chat.md, docs/delivery.md).

import { Feed, isID, retryTime } from "./feed.js";
import { expiryOf, SignInError } from "./oidc.js";
import { isRoom, messageFrame, wellFormed } from "./text.js";

/** @typedef {import("./feed.js").Message} Message */
/** @typedef {import("./feed.js").User} User */

/**
 * Durations, in milliseconds.
 */
export const timing = {
  handshake: 20_000, // one attempt to connect; two functions may start cold in it
  ack: 15_000, // until a message is sent again, doubled with each try
  answer: 35_000, // until an unanswered question means a dead connection
  ping: 4 * 60_000, // between pings and checks; API Gateway closes after 10 minutes of silence
  pong: 30_000, // until an unanswered ping means a dead connection
  retry: 500, // first step of the back-off
  retryMax: 30_000, // its last
  stable: 30_000, // a connection that lasts so long starts the back-off anew
  grace: 2_000, // for answers that are still under way on a connection that was replaced
};

/** How often a message is sent before the server's silence is an answer. */
const maxTries = 6;
/** After so many attempts that did not open, the token may be at fault. */
const suspicious = 2;

/**
 * A message of the user that the server may not have yet.
 * @typedef {object} Outgoing
 * @property {string} clientId
 * @property {string} text
 * @property {"sending" | "waiting" | "failed"} state
 * @property {string} problem in words; with waiting and failed
 * @property {Link | null} via the link it was sent on; null if it is to be sent
 * @property {number} tries
 * @property {number} first when it was sent first; 0 if it was not
 * @property {number} at when it is to be sent (again)
 */

/**
 * A question. Answers do not say what they answer, so one is asked at a time.
 * @typedef {object} Query
 * @property {object} request
 * @property {(frame: Frame) => boolean} answers
 * @property {(frame: Frame) => void} done
 * @property {(problem: string) => void} failed
 * @property {Link | null} via
 * @property {number} tries
 * @property {number} at when it is to be asked, or when its answer is overdue
 */

/**
 * @typedef {{type: "message", message: Message}
 *   | {type: "batch", messages: Message[]}
 *   | {type: "history", messages: Message[], next: string}
 *   | {type: "members", members: User[], next: string}
 *   | {type: "ack", clientId: string, id: string, sentAt: string, html: string}
 *   | {type: "pong"}
 *   | {type: "error", code: string, clientId: string, retryAfter: number}} Frame
 */

/**
 * Where the connection stands.
 * @typedef {{is: "connecting"} | {is: "open"} | {is: "waiting", until: number, reason: string} | {is: "offline"} | {is: "ended", reason: string}} State
 */

/**
 * What a session tells.
 * @typedef {object} Listener
 * @property {(state: State) => void} state
 * @property {(messages: Message[], past: boolean) => void} messages new ones; past if they were sent while nobody listened here
 * @property {(ids: string[]) => void} dropped messages that are to be read again by scrolling
 * @property {(out: Outgoing) => void} outgoing a message of the user that has changed
 * @property {(clientId: string) => void} settled one that the server has
 * @property {(writable: boolean) => void} access
 * @property {(text: string) => void} notice
 */

class Link {
  opened = Date.now();
  pingAt = 0;
  pongBy = 0;
  /**
   * @param {WebSocket} socket
   * @param {string} token
   */
  constructor(socket, token) {
    this.socket = socket;
    this.token = token;
  }
}

/**
 * @param {unknown} value
 * @returns {Map<string, unknown>}
 */
function members(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : new Map();
}

/**
 * @param {unknown} value
 * @returns {Message | null}
 */
function readMessage(value) {
  const given = members(value);
  const user = members(given.get("user"));
  const [id, html, sentAt] = [given.get("id"), given.get("html"), given.get("sentAt")];
  const [name, sub, clientId, room] = [user.get("name"), user.get("id"), given.get("clientId"), given.get("room")];
  if (!isID(id) || typeof html !== "string" || typeof sentAt !== "string" || Number.isNaN(Date.parse(sentAt))) return null;
  if (typeof sub !== "string" || typeof room !== "string") return null;
  return { id, clientId: typeof clientId === "string" ? clientId : "", room, user: { id: sub, name: typeof name === "string" ? name : "" }, html, sentAt };
}

/**
 * Reads a frame of the server's; null if it is none, or of another room. Only
 * what is known is copied.
 * @param {unknown} data
 * @param {string} room
 * @returns {Frame | null}
 */
export function readFrame(data, room) {
  if (typeof data !== "string") return null;
  /** @type {Map<string, unknown>} */
  let given;
  try {
    given = members(JSON.parse(data));
  } catch {
    return null;
  }
  /** @param {string} name */
  const text = (name) => {
    const value = given.get(name);
    return typeof value === "string" ? value : "";
  };
  /** @param {string} name */
  const list = (name) => {
    const value = given.get(name);
    return Array.isArray(value) ? value : [];
  };
  const messages = () => list("messages").map(readMessage).filter((m) => m !== null).filter((m) => m.room === room);
  switch (text("type")) {
    case "message": {
      const message = readMessage(Object.fromEntries(given));
      return message?.room === room ? { type: "message", message } : null;
    }
    case "batch":
      return { type: "batch", messages: messages() };
    case "history":
      return { type: "history", messages: messages().sort((a, b) => (a.id < b.id ? -1 : 1)), next: text("next") };
    case "members":
      return {
        type: "members", next: text("next"),
        members: list("members").map(members).map((m) => ({ id: String(m.get("id") ?? ""), name: String(m.get("name") ?? "") })),
      };
    case "ack":
      return isID(given.get("id")) && !Number.isNaN(Date.parse(text("sentAt")))
        ? { type: "ack", clientId: text("clientId"), id: text("id"), sentAt: text("sentAt"), html: text("html") } : null;
    case "pong":
      return { type: "pong" };
    case "error": {
      const wait = given.get("retryAfterMs");
      return { type: "error", code: text("code"), clientId: text("clientId"), retryAfter: typeof wait === "number" && wait > 0 ? Math.min(wait, 3_600_000) : 0 };
    }
  }
  // API Gateway's own words about some frame (docs/conformance.md).
  return text("message") !== "" && given.has("requestId") ? { type: "error", code: "gateway", clientId: "", retryAfter: 0 } : null;
}

/** @type {Map<string, string>} */
const refusals = new Map([
  ["too_large", "The message is too long."],
  ["empty_message", "The message is empty."],
  ["forbidden", "You may read in this room, but not write."],
  ["rate_limited", "Too many messages at once."],
  ["internal", "The server has a problem."],
  ["gateway", "The server has a problem."],
]);

/**
 * When to replace a token: a tenth of its life before the end, at most two
 * minutes, give or take a quarter.
 * @param {number} now
 * @param {number} expires
 */
export function renewal(now, expires) {
  const left = expires - now;
  if (expires === 0 || left <= 0) return 0;
  const lead = Math.min(Math.max(left / 10, 5_000), 120_000, left / 2);
  return expires - lead * 0.75 - Math.random() * lead * 0.5;
}

/** One user in one room. */
export class Session {
  #url;
  #room;
  #identity;
  /** @type {Listener} */ #listener;
  feed = new Feed();

  /** @type {Link | null} */ #current = null;
  /** @type {Set<Link>} */ #links = new Set();
  #token = "";
  #stale = "";
  #dialing = false;
  #ended = false;
  #attempts = 0; // since a connection last was stable
  #unopened = 0; // attempts that did not open, since one did
  #connectAt = 0;
  #renewAt = 0;
  #catchingUp = false;
  /** @type {Outgoing[]} */ #pending = [];
  /** @type {Query[]} */ #queries = [];
  /** @type {Query | null} the last question of the comparison that runs */ #latest = null;
  /** @type {WeakSet<Query>} questions of comparisons with the history */ #repairing = new WeakSet();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /**
   * @param {string} url of the chat
   * @param {string} room
   * @param {{token(stale?: string): Promise<string>, subject: string}} identity
   * @param {Listener} listener
   */
  constructor(url, room, identity, listener) {
    if (!isRoom(room)) throw new Error("no such room");
    this.#url = `${url}?room=${encodeURIComponent(room)}`;
    this.#room = room;
    this.#identity = identity;
    this.#listener = listener;
    void this.#connect();
  }

  /** Leaves the room. */
  close() {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const link of this.#links) link.socket.close(1000);
    this.#links.clear();
    this.#current = null;
  }

  /** The network is back, or the page is looked at again. */
  wake() {
    if (this.#ended) return;
    if (this.#connectAt !== 0) {
      this.#connectAt = 0;
      void this.#connect();
    } else if (this.#current !== null && this.#current.pongBy === 0) {
      this.#current.pingAt = Date.now();
    }
    this.#tick();
  }

  /** The network is gone. */
  offline() {
    if (this.#current !== null) this.#lost(this.#current, "You are offline.");
    else this.#tell();
  }

  /**
   * Says something.
   * @param {string} text
   * @returns {Outgoing}
   */
  send(text) {
    /** @type {Outgoing} */
    const out = { clientId: crypto.randomUUID(), text: wellFormed(text), state: "sending", problem: "", via: null, tries: 0, first: 0, at: 0 };
    this.#pending.push(out);
    this.#listener.outgoing(out);
    this.#tick();
    return out;
  }

  /**
   * Sends a failed message once more. After the time for which the server knows a
   * message again, the history is asked first whether it has it.
   * @param {Outgoing} out
   */
  retry(out) {
    Object.assign(out, { state: "sending", problem: "", via: null, tries: 0, at: 0 });
    this.#pending.push(out);
    this.#listener.outgoing(out);
    if (out.first !== 0 && Date.now() - out.first > retryTime) this.#catchUp(out.first);
    this.#tick();
  }

  /**
   * Gives a failed message up.
   * @param {Outgoing} out
   */
  discard(out) {
    this.#pending = this.#pending.filter((other) => other !== out);
    this.#listener.settled(out.clientId);
  }

  /**
   * Reads what is before the oldest message.
   * @returns {Promise<Message[]>}
   */
  async older() {
    if (!this.feed.more || this.feed.oldest === "") return [];
    const page = await this.#history({ before: this.feed.oldest, limit: 50 });
    return this.feed.older(page.messages, page.next);
  }

  /**
   * Reads a page of who is in the room.
   * @param {string} after
   * @returns {Promise<{members: User[], next: string}>}
   */
  members(after) {
    const request = after === "" ? { action: "members", limit: 100 } : { action: "members", after, limit: 100 };
    return new Promise((resolve, reject) => {
      this.#ask(request, (frame) => frame.type === "members", (frame) => {
        if (frame.type === "members") resolve(frame);
      }, (problem) => reject(new Error(problem)), false);
    });
  }

  // Connections.

  async #connect() {
    if (this.#dialing || this.#ended) return;
    this.#dialing = true;
    const renewing = this.#current !== null;
    this.#tell();
    /** @type {Link} */
    let link;
    try {
      // A token that has ended, or may be the reason for a refusal, is replaced.
      const expires = expiryOf(this.#token);
      if (this.#token !== "" && expires !== 0 && expires <= Date.now()) this.#stale = this.#token;
      const token = await this.#identity.token(this.#stale === "" ? undefined : this.#stale);
      if (this.#ended) return;
      link = await this.#open(token);
    } catch (problem) {
      this.#dialing = false;
      if (this.#ended) return;
      if (problem instanceof SignInError) {
        if (renewing && this.#current !== null) {
          this.#listener.notice(`${problem.message} Until then the connection lasts as long as its token.`);
          return;
        }
        this.#end(problem.message);
        return;
      }
      if (renewing && this.#current !== null) this.#renewAt = Date.now() + this.#backoff();
      else this.#plan(problem instanceof Error ? problem.message : "");
      this.#tick();
      return;
    }
    this.#dialing = false;
    if (this.#ended) {
      link.socket.close(1000);
      return;
    }
    this.#adopt(link);
  }

  /**
   * Opens a socket, with the token as a subprotocol: never in the address.
   * @param {string} token
   * @returns {Promise<Link>}
   */
  #open(token) {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(this.#url, ["chat.v1", `bearer.${token}`]);
      const link = new Link(socket, token);
      this.#links.add(link);
      const late = setTimeout(() => socket.close(), timing.handshake);
      socket.onopen = () => {
        clearTimeout(late);
        if (socket.protocol !== "chat.v1") {
          socket.close(1000);
          return;
        }
        this.#unopened = 0;
        link.opened = Date.now();
        resolve(link);
      };
      socket.onmessage = (event) => this.#receive(event.data, link);
      socket.onclose = (event) => {
        clearTimeout(late);
        this.#links.delete(link);
        if (socket.protocol === "chat.v1") {
          this.#lost(link, ending(event.code));
          return;
        }
        // A browser does not say why: it may be the token, the room, the network.
        if (++this.#unopened % suspicious === 0) this.#stale = token;
        reject(new Error(this.#unopened < 2 * suspicious ? "The chat cannot be reached." : "The chat cannot be reached, or does not let you into this room now: it may be full, or not for you."));
      };
    });
  }

  /** @param {Link} link */
  #adopt(link) {
    const old = this.#current;
    if (old !== null) setTimeout(() => old.socket.close(1000), timing.grace);
    this.#current = link;
    this.#token = link.token;
    this.#stale = "";
    link.pingAt = Date.now() + timing.ping;
    this.#renewAt = renewal(Date.now(), expiryOf(link.token));
    this.#connectAt = 0;
    this.#catchUp();
    this.#tell();
    this.#tick();
  }

  /**
   * The end of a link.
   * @param {Link} link
   * @param {string} reason
   */
  #lost(link, reason) {
    link.socket.onclose = null;
    link.socket.onmessage = null;
    link.socket.close(1000);
    this.#links.delete(link);
    for (const out of this.#pending) {
      if (out.via === link) Object.assign(out, { via: null, at: 0, tries: Math.max(out.tries - 1, 0) });
    }
    const asked = this.#queries[0];
    if (asked?.via === link) Object.assign(asked, { via: null, at: 0 });
    if (link !== this.#current || this.#ended) {
      this.#tick();
      return;
    }
    if (Date.now() - link.opened >= timing.stable) this.#attempts = 0;
    this.#current = null;
    this.#renewAt = 0;
    if (!this.#dialing) this.#plan(reason);
    this.#tell();
    this.#tick();
  }

  /** @param {string} reason */
  #plan(reason) {
    const wait = this.#backoff();
    this.#connectAt = Date.now() + wait;
    this.#listener.state(navigator.onLine ? { is: "waiting", until: this.#connectAt, reason } : { is: "offline" });
  }

  /** With full jitter, so that many who are cut off do not come back at once. */
  #backoff() {
    const limit = Math.min(timing.retry * 2 ** Math.min(this.#attempts, 16), timing.retryMax);
    this.#attempts++;
    return 1 + Math.random() * limit;
  }

  /** @param {string} reason */
  #end(reason) {
    this.close();
    for (const out of this.#pending.splice(0)) this.#fail(out, "It was not sent.");
    for (const query of this.#queries.splice(0)) query.failed(reason);
    this.#listener.state({ is: "ended", reason });
  }

  #tell() {
    if (this.#ended) return;
    if (this.#current !== null) this.#listener.state({ is: "open" });
    else if (!navigator.onLine) this.#listener.state({ is: "offline" });
    else if (this.#dialing) this.#listener.state({ is: "connecting" });
  }

  /** Does what is due, and sets the time to look again. */
  #tick() {
    if (this.#ended) return;
    clearTimeout(this.#timer);
    const now = Date.now();
    if (this.#connectAt !== 0 && this.#connectAt <= now) {
      this.#connectAt = 0;
      void this.#connect();
    }
    const asked = this.#queries[0];
    if (asked !== undefined && asked.via !== null && asked.at <= now) this.#overdue(asked);
    const link = this.#current;
    if (link !== null) {
      if (link.pongBy !== 0 && link.pongBy <= now) {
        this.#lost(link, "The connection is gone.");
        return;
      }
      if (this.#renewAt !== 0 && this.#renewAt <= now && !this.#dialing) {
        this.#renewAt = 0;
        this.#stale = this.#token;
        void this.#connect();
      }
      if (link.pingAt <= now) {
        link.pingAt = now + timing.ping;
        if (link.pongBy === 0) link.pongBy = now + timing.pong;
        link.socket.send('{"action":"ping"}');
        const page = this.feed.check();
        if (page !== null) this.#read(page, false);
      }
      this.#flush(link, now);
    }
    const times = [this.#connectAt, this.#queries[0]?.at ?? 0];
    if (this.#current !== null) times.push(this.#renewAt, this.#current.pingAt, this.#current.pongBy, ...this.#pending.map((out) => out.at));
    const next = Math.min(...times.filter((at) => at > now));
    if (next !== Infinity) this.#timer = setTimeout(() => this.#tick(), Math.min(next - now, 60_000) + 1);
  }

  /**
   * Sends and asks what waits.
   * @param {Link} link
   * @param {number} now
   */
  #flush(link, now) {
    for (const out of [...this.#pending]) {
      if (out.at > now) continue;
      // The history may have what was sent before.
      if (out.first !== 0 && out.via === null && this.#catchingUp) continue;
      if (out.tries >= maxTries) {
        this.#fail(out, out.problem || "The server does not answer. It may have the message.");
        continue;
      }
      out.via = link;
      out.first ||= now;
      out.at = now + timing.ack * 2 ** Math.min(out.tries, 2);
      out.tries++;
      if (out.state !== "sending") {
        out.state = "sending";
        this.#listener.outgoing(out);
      }
      link.socket.send(messageFrame(out.clientId, out.text));
    }
    const query = this.#queries[0];
    if (query === undefined || query.via !== null || query.at > now) return;
    query.via = link;
    query.at = now + timing.answer;
    query.tries++;
    link.socket.send(JSON.stringify(query.request));
  }

  // Frames.

  /**
   * @param {unknown} data
   * @param {Link} link
   */
  #receive(data, link) {
    link.pongBy = 0;
    const frame = readFrame(data, this.#room);
    if (frame === null) return;
    switch (frame.type) {
      case "message":
        this.#arrived([frame.message]);
        break;
      case "batch":
        this.#arrived(frame.messages);
        break;
      case "ack": {
        const own = { id: frame.id, clientId: frame.clientId, room: this.#room, user: { id: this.#identity.subject, name: "" }, html: frame.html, sentAt: frame.sentAt };
        this.#settle(frame.clientId);
        this.#arrived([own]);
        break;
      }
      case "history":
      case "members": {
        const query = this.#queries[0];
        if (query === undefined || query.via !== link || !query.answers(frame)) break;
        this.#queries.shift();
        query.done(frame);
        break;
      }
      case "error":
        this.#refused(frame, link);
    }
    this.#tick();
  }

  /** @param {Message[]} messages */
  #arrived(messages) {
    const fresh = messages.filter((message) => this.feed.add(message));
    for (const message of fresh) if (message.user.id === this.#identity.subject) this.#settle(message.clientId);
    if (fresh.length > 0) this.#listener.messages(fresh, false);
  }

  /**
   * The server has a message.
   * @param {string} clientId
   */
  #settle(clientId) {
    const at = this.#pending.findIndex((out) => out.clientId === clientId);
    if (at >= 0) this.#pending.splice(at, 1);
    if (clientId !== "") this.#listener.settled(clientId);
  }

  /**
   * @param {Frame & {type: "error"}} error
   * @param {Link} link
   */
  #refused(error, link) {
    const words = refusals.get(error.code) ?? "The server refuses this.";
    if (error.code === "token_expired") {
      this.#stale = link.token;
      this.#lost(link, "Your sign-in is being renewed.");
      return;
    }
    if (error.code === "gateway") {
      for (const out of this.#pending) if (out.via === link) this.#later(out, words, 0);
      const asked = this.#queries[0];
      if (asked?.via === link) this.#askLater(asked, words, 0);
      return;
    }
    if (error.code === "forbidden") this.#listener.access(false);
    const out = this.#pending.find((one) => one.clientId === error.clientId);
    const query = this.#queries[0];
    if (out !== undefined && (error.code === "internal" || error.code === "rate_limited")) this.#later(out, words, error.retryAfter);
    else if (out !== undefined) this.#fail(out, words);
    else if (error.clientId === "" && query?.via === link) {
      if (error.code === "internal" || error.code === "rate_limited") this.#askLater(query, words, error.retryAfter);
      else {
        this.#queries.shift();
        query.failed(words);
      }
    } else this.#listener.notice(words);
  }

  /**
   * @param {Outgoing} out
   * @param {string} problem
   * @param {number} wait
   */
  #later(out, problem, wait) {
    out.via = null;
    out.at = Date.now() + Math.max(wait, timing.retry * 2 ** out.tries);
    out.state = "waiting";
    out.problem = problem;
    this.#listener.outgoing(out);
  }

  /**
   * @param {Outgoing} out
   * @param {string} problem
   */
  #fail(out, problem) {
    this.#pending = this.#pending.filter((other) => other !== out);
    out.state = "failed";
    out.problem = problem;
    this.#listener.outgoing(out);
  }

  // Questions.

  /**
   * @param {object} request
   * @param {(frame: Frame) => boolean} answers
   * @param {(frame: Frame) => void} done
   * @param {(problem: string) => void} failed
   * @param {boolean} urgent
   */
  #ask(request, answers, done, failed, urgent) {
    /** @type {Query} */
    const query = { request, answers, done, failed, via: null, tries: 0, at: 0 };
    const asked = this.#queries[0] !== undefined && this.#queries[0].via !== null ? 1 : 0;
    this.#queries.splice(urgent ? asked : this.#queries.length, 0, query);
    this.#tick();
    return query;
  }

  /**
   * @param {import("./feed.js").Page} page
   * @returns {Promise<{messages: Message[], next: string}>}
   */
  #history(page) {
    return new Promise((resolve, reject) => {
      const request = page.before === "" ? { action: "history", limit: page.limit } : { action: "history", before: page.before, limit: page.limit };
      this.#ask(request, answersHistory(page.before), (frame) => {
        if (frame.type === "history") resolve(frame);
      }, (problem) => reject(new Error(problem)), false);
    });
  }

  /** @param {number} [since] */
  #catchUp(since) {
    this.#queries = this.#queries.filter((query) => query.via !== null || !this.#repairing.has(query));
    this.#catchingUp = true;
    this.#read(this.feed.catchUp(since), true);
  }

  /**
   * Reads a page for a comparison with the history, before the user's questions.
   * @param {import("./feed.js").Page} page
   * @param {boolean} catchingUp
   */
  #read(page, catchingUp) {
    const request = page.before === "" ? { action: "history", limit: page.limit } : { action: "history", before: page.before, limit: page.limit };
    const query = this.#ask(request, answersHistory(page.before), (frame) => {
      if (frame.type !== "history" || this.#latest !== query) return;
      const result = this.feed.page(frame.messages, frame.next);
      if ("ask" in result) {
        this.#read(result.ask, catchingUp);
        return;
      }
      if (catchingUp) this.#catchingUp = false;
      if (result.dropped.length > 0) this.#listener.dropped(result.dropped);
      for (const message of result.found) if (message.user.id === this.#identity.subject) this.#settle(message.clientId);
      this.#listener.messages(result.found, true);
    }, () => {
      if (this.#latest !== query) return;
      this.feed.fail();
      if (catchingUp) this.#catchingUp = false;
      this.#listener.notice("Some messages could not be read. They will be looked for again.");
    }, true);
    this.#latest = query;
    this.#repairing.add(query);
  }

  /**
   * @param {Query} query
   * @param {string} problem
   * @param {number} wait
   */
  #askLater(query, problem, wait) {
    if (query.tries >= maxTries) {
      this.#queries.shift();
      query.failed(problem);
      return;
    }
    query.via = null;
    query.at = Date.now() + Math.max(wait, timing.retry * 2 ** query.tries);
  }

  /**
   * Gives up a link on which a question stays unanswered, so that no answer comes
   * so late that it is taken for another's.
   * @param {Query} query
   */
  #overdue(query) {
    if (query.tries >= maxTries / 2) {
      this.#queries.shift();
      query.failed("The server does not answer.");
      return;
    }
    if (query.via !== null) this.#lost(query.via, "The server does not answer.");
  }
}

/**
 * Takes no page for an answer that does not lie before an id: that one belongs to
 * an earlier question.
 * @param {string} before
 * @returns {(frame: Frame) => boolean}
 */
function answersHistory(before) {
  return (frame) => frame.type === "history" && (before === "" || (frame.next < before && (frame.messages.at(-1)?.id ?? "") < before));
}

/**
 * Says in words why a socket ended.
 * @param {number} code
 */
function ending(code) {
  switch (code) {
    case 1000:
      return "The server has closed the connection.";
    case 1001:
      return "The server has ended the connection, as it does after two hours.";
  }
  return "The connection broke.";
}
