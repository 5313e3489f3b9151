// The list of messages: in order, with days, an unread mark and what becomes of
// the user's own. It scrolls with what is new as long as the end is in view.

import { plain, render } from "./fragment.js";

/** @typedef {import("./feed.js").Message} Message */
/** @typedef {import("./session.js").Outgoing} Outgoing */

/** Messages of one person within so many milliseconds stand together. */
const together = 5 * 60_000;
/** How many announcements are kept for screen readers. */
const maxHeard = 20;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [name] its class
 * @param {...(Node | string)} content
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, name = "", ...content) {
  const made = document.createElement(tag);
  if (name !== "") made.className = name;
  made.append(...content);
  return made;
}

/** A message that is shown. */
class Row {
  /**
   * @param {Message} message
   * @param {HTMLLIElement} item
   */
  constructor(message, item) {
    this.message = message;
    this.item = item;
    this.sent = new Date(message.sentAt);
    this.day = this.sent.toDateString();
  }
}

export class Timeline {
  #scroll;
  #list;
  #heard;
  #subject;
  /** @type {Map<string, Row>} */ #rows = new Map();
  /** @type {WeakMap<Element, Row>} */ #rowOf = new WeakMap();
  /** @type {Map<string, HTMLLIElement>} by client id */ #outgoing = new Map();
  /** @type {HTMLLIElement | null} */ #mark = null;

  /**
   * @param {{scroll: HTMLElement, list: HTMLElement, heard: HTMLElement}} parts
   * @param {string} subject the user's id
   * @param {{retry(out: Outgoing): void, discard(out: Outgoing): void}} actions
   */
  constructor(parts, subject, actions) {
    this.#scroll = parts.scroll;
    this.#list = parts.list;
    this.#heard = parts.heard;
    this.#subject = subject;
    this.actions = actions;
    this.#list.replaceChildren();
    this.#heard.replaceChildren();
  }

  /** Whether the newest message is in view. */
  get atEnd() {
    return this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < 48;
  }

  toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  /**
   * Changes the list, and keeps in view what is in view.
   * @param {() => void} change
   */
  #keep(change) {
    const end = this.atEnd;
    const top = this.#scroll.getBoundingClientRect().top;
    const seen = [...this.#list.children].find((item) => item.getBoundingClientRect().bottom > top);
    const was = seen?.getBoundingClientRect().top ?? 0;
    change();
    if (end) this.toEnd();
    else if (seen?.isConnected) this.#scroll.scrollTop += seen.getBoundingClientRect().top - was;
  }

  /**
   * Shows messages at their place.
   * @param {Message[]} messages
   */
  add(messages) {
    this.#keep(() => {
      for (const message of messages) this.#insert(message);
    });
  }

  /** @param {Message} message */
  #insert(message) {
    if (this.#rows.has(message.id)) return;
    const own = message.user.id === this.#subject;
    const item = element("li", own ? "message own" : "message");
    const row = new Row(message, item);
    const time = element("time", "", clock.format(row.sent));
    time.dateTime = message.sentAt;
    time.title = moment.format(row.sent);
    const name = own ? "You" : message.user.name || "Somebody";
    item.append(element("p", "who", element("bdi", "name", name), " ", time));
    const text = element("div", "text", render(message.html));
    text.dir = "auto";
    item.append(text);
    if (own) item.append(element("p", "fate", "Sent"));

    let next = this.#firstOutgoing();
    for (let at = this.#before(next); at !== null && at.message.id > message.id; at = this.#before(next)) next = at.item;
    // A day's divider, or the unread mark, stays with what it stands before.
    while (next !== null && next.previousElementSibling !== null && this.#rowOf.get(next.previousElementSibling) === undefined) {
      next = /** @type {HTMLLIElement} */ (next.previousElementSibling);
    }
    this.#list.insertBefore(item, next);
    this.#rows.set(message.id, row);
    this.#rowOf.set(item, row);
    this.#decorate(row);
    const after = this.#after(item);
    if (after !== null) this.#decorate(after);
  }

  /** @returns {HTMLLIElement | null} */
  #firstOutgoing() {
    for (const item of this.#outgoing.values()) return item;
    return null;
  }

  /**
   * @param {Element | null} item null for the end of the list
   * @returns {Row | null}
   */
  #before(item) {
    for (let at = item === null ? this.#list.lastElementChild : item.previousElementSibling; at !== null; at = at.previousElementSibling) {
      const row = this.#rowOf.get(at);
      if (row !== undefined) return row;
    }
    return null;
  }

  /**
   * @param {Element} item
   * @returns {Row | null}
   */
  #after(item) {
    for (let at = item.nextElementSibling; at !== null; at = at.nextElementSibling) {
      const row = this.#rowOf.get(at);
      if (row !== undefined) return row;
    }
    return null;
  }

  /**
   * Puts a day's name before its first message, and joins messages that belong
   * together.
   * @param {Row} row
   */
  #decorate(row) {
    const earlier = this.#before(row.item);
    const previous = row.item.previousElementSibling;
    const divided = previous !== null && previous.classList.contains("day");
    const first = earlier === null || earlier.day !== row.day;
    if (first && !divided) row.item.before(element("li", "day", element("h2", "", date.format(row.sent))));
    if (!first && divided) previous.remove();
    const follows = !first && row.item.previousElementSibling === earlier.item &&
      earlier.message.user.id === row.message.user.id && row.sent.getTime() - earlier.sent.getTime() < together;
    row.item.classList.toggle("follows", follows);
  }

  /**
   * Takes messages out that are to be read again.
   * @param {string[]} ids
   */
  remove(ids) {
    this.#keep(() => {
      for (const id of ids) {
        const row = this.#rows.get(id);
        if (row === undefined) continue;
        const before = row.item.previousElementSibling;
        if (before?.classList.contains("day")) before.remove();
        row.item.remove();
        this.#rows.delete(id);
      }
    });
    const item = this.#list.querySelector(".message");
    const first = item === null ? undefined : this.#rowOf.get(item);
    if (first !== undefined) this.#decorate(first);
  }

  /**
   * Tells a screen reader what somebody said.
   * @param {Message} message
   */
  announce(message) {
    this.#heard.append(element("p", "", element("bdi", "", message.user.name), ": ", element("bdi", "", plain(message.html).slice(0, 500))));
    while (this.#heard.childElementCount > maxHeard) this.#heard.firstElementChild?.remove();
  }

  /**
   * Puts the unread mark before a message, unless there is one.
   * @param {string} id
   */
  mark(id) {
    const row = this.#rows.get(id);
    if (this.#mark !== null || row === undefined) return;
    const mark = element("li", "unread", "New");
    this.#keep(() => {
      row.item.before(mark);
      this.#decorate(row);
    });
    this.#mark = mark;
  }

  unmark() {
    const mark = this.#mark;
    if (mark === null) return;
    this.#mark = null;
    this.#keep(() => {
      const after = this.#after(mark);
      mark.remove();
      if (after !== null) this.#decorate(after);
    });
  }

  /**
   * Shows what becomes of a message of the user.
   * @param {Outgoing} out
   */
  outgoing(out) {
    this.#keep(() => {
      let item = this.#outgoing.get(out.clientId);
      if (item === undefined) {
        item = element("li");
        const text = element("div", "text", out.text);
        text.dir = "auto";
        item.append(element("p", "who", element("bdi", "name", "You")), text, element("p", "fate"));
        item.lastElementChild?.setAttribute("role", "status");
        this.#outgoing.set(out.clientId, item);
        this.#list.append(item);
      }
      item.className = `message own ${out.state}`;
      const fate = item.lastElementChild;
      if (fate === null) return;
      if (out.state !== "failed") {
        fate.replaceChildren(out.state === "sending" ? "Sending" : `${out.problem} It will be sent again.`);
        return;
      }
      const retry = element("button", "", "Retry");
      const discard = element("button", "", "Discard");
      retry.type = discard.type = "button";
      retry.onclick = () => this.actions.retry(out);
      discard.onclick = () => this.actions.discard(out);
      fate.replaceChildren(`Not sent. ${out.problem} `, retry, " ", discard);
    });
  }

  /**
   * The server has a message of the user, or it was given up.
   * @param {string} clientId
   */
  settle(clientId) {
    const item = this.#outgoing.get(clientId);
    if (item === undefined) return;
    this.#outgoing.delete(clientId);
    this.#keep(() => item.remove());
  }
}
