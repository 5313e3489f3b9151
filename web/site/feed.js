// The messages of a room in their one order, each once, and what has to be read
// in the history to miss none (docs/delivery.md).

/**
 * @typedef {{id: string, name: string}} User
 * @typedef {{id: string, clientId: string, room: string, user: User, html: string, sentAt: string}} Message
 * @typedef {{before: string, limit: number}} Page
 */

/** For how long a message may be sent again, in milliseconds (protocol.RetryTime). */
export const retryTime = 5 * 60_000;
/** How far before the newest message a check begins: clocks differ. */
const overlap = 30_000;
const checkLimit = 20;
const pageLimit = 100; // protocol.MaxHistoryLimit
const firstLimit = 50;
const maxPages = 50;

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * Whether this is a message's id, a ULID.
 * @param {unknown} id
 * @returns {id is string}
 */
export function isID(id) {
  return typeof id === "string" && /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id);
}

/**
 * A lower bound for the ids of some time before an id's; empty for an empty one.
 * @param {string} id
 * @param {number} by milliseconds
 */
export function before(id, by) {
  if (id === "") return "";
  let time = 0;
  for (const c of id.slice(0, 10)) time = time * 32 + alphabet.indexOf(c);
  return lowest(time - by);
}

/**
 * A lower bound for the ids of a time and what comes after it.
 * @param {number} time milliseconds since 1970
 */
function lowest(time) {
  time = Math.max(time, 0);
  let bound = "";
  for (let i = 0; i < 10; i++) {
    bound = alphabet.charAt(time % 32) + bound;
    time = Math.floor(time / 32);
  }
  return bound + "0".repeat(16);
}

/** A comparison with the history that is under way. */
class Repair {
  pages = 0;
  /** @type {Message[]} */ found = [];
  /**
   * @param {string} from the newest message that came before it began
   * @param {string} cut it ends at a message before this id
   */
  constructor(from, cut) {
    this.from = from;
    this.cut = cut;
  }
}

/** What one client knows of a room. */
export class Feed {
  /** @type {Map<string, Message>} */ #known = new Map();
  /** @type {string[]} in order */ #order = [];
  #checked = "";
  #started = false;
  /** @type {Repair | null} */ #repair = null;
  /** Whether there may be messages before the oldest one. */
  more = true;

  /** Ids in order. */
  get ids() {
    return this.#order;
  }

  get oldest() {
    return this.#order[0] ?? "";
  }

  get newest() {
    return this.#order.at(-1) ?? "";
  }

  /** @param {string} id */
  get(id) {
    return this.#known.get(id);
  }

  /**
   * Adds a message. False when it is known.
   * @param {Message} message
   */
  add(message) {
    if (this.#known.has(message.id)) return false;
    this.#known.set(message.id, message);
    let at = this.#order.length;
    while (at > 0 && String(this.#order[at - 1]) > message.id) at--;
    this.#order.splice(at, 0, message.id);
    return true;
  }

  /**
   * Begins to look for what was missed before a connection was made, or begins
   * anew: what was read on an earlier connection is no longer the newest.
   * @param {number} [since] reads back to this time at least, in milliseconds since 1970
   * @returns {Page} what to ask for
   */
  catchUp(since = Infinity) {
    const cut = before(this.#checked, retryTime);
    const sought = since === Infinity ? cut : lowest(since - overlap);
    this.#repair = new Repair(this.newest, sought < cut ? sought : cut);
    return { before: "", limit: this.#started ? pageLimit : firstLimit };
  }

  /**
   * Begins to look for what was not passed on, while a connection lasts; null if
   * something is being looked for.
   * @returns {Page | null}
   */
  check() {
    if (this.#repair !== null || !this.#started) return null;
    this.#repair = new Repair(this.newest, before(this.#checked, overlap));
    return { before: "", limit: checkLimit };
  }

  /**
   * Takes a page that was asked for.
   * @param {Message[]} messages in order
   * @param {string} next
   * @returns {{ask: Page} | {found: Message[], dropped: string[]}} what to ask for
   * next, or at the end what was missed, and what is no longer joined to it
   */
  page(messages, next) {
    const repair = this.#repair;
    if (repair === null) return { found: [], dropped: [] };
    repair.pages++;
    repair.found = [...messages, ...repair.found];
    const first = messages[0]?.id ?? "";
    const whole = next === "" || first === "" || first < repair.cut;
    if (this.#started && !whole && repair.pages < maxPages) return { ask: { before: next, limit: pageLimit } };
    this.#repair = null;
    /** @type {string[]} */
    let dropped = [];
    if (this.#started && !whole) {
      // Between what was known and what was read now something may be missing.
      dropped = this.#order.filter((id) => id < first);
      this.#order = this.#order.slice(dropped.length);
      for (const id of dropped) this.#known.delete(id);
    }
    if (this.#order.length === 0 || first <= this.oldest) this.more = next !== "";
    // What had come before the comparison began has now been compared.
    const compared = this.#started ? repair.from : (messages.at(-1)?.id ?? "");
    if (compared > this.#checked) this.#checked = compared;
    this.#started = true;
    return { found: repair.found.filter((message) => this.add(message)), dropped };
  }

  /** Gives up a comparison that could not be made. */
  fail() {
    this.#repair = null;
  }

  /**
   * Takes a page of what is before the oldest message.
   * @param {Message[]} messages
   * @param {string} next
   */
  older(messages, next) {
    this.more = next !== "";
    return messages.filter((message) => this.add(message));
  }
}
