// A room: its messages, writing, who is there, and what is told when nobody
// looks. It is loaded after the first page.

import { plain } from "./fragment.js";
import { part, words } from "./page.js";
import { Session } from "./session.js";
import { bytes, excess, wellFormed } from "./text.js";
import { element, Timeline } from "./timeline.js";

const roomName = part("room-name", HTMLElement);
const stateText = part("state", HTMLElement);
const banner = part("banner", HTMLElement);
const scroll = part("scroll", HTMLElement);
const older = part("older", HTMLElement);
const newest = part("newest", HTMLButtonElement);
const composer = part("composer", HTMLFormElement);
const input = part("text", HTMLTextAreaElement);
const send = part("send", HTMLButtonElement);
const warning = part("warning", HTMLElement);
const counter = part("counter", HTMLElement);
const notifyButton = part("notify", HTMLButtonElement);
const membersDialog = part("members", HTMLDialogElement);
const membersState = part("members-state", HTMLElement);
const membersList = part("members-list", HTMLElement);
const membersMore = part("members-more", HTMLButtonElement);

const title = document.title;
/** How much of a message a notification shows, in characters. */
const noteLength = 200;

/** The user's wish to be notified, for all rooms until the page is left. */
let notify = false;

/** The room that the user is in. One at a time: they share the page. */
export class Room {
  #config;
  #identity;
  #signIn;
  #session;
  #timeline;
  #unread = 0;
  #writable = true;
  #reading = false;
  #abort = new AbortController();
  #sight;
  #atEnd = true;
  // Where the end is in view it stays there, also when the window changes.
  #size = new ResizeObserver(() => {
    if (this.#atEnd) this.#timeline.toEnd();
  });

  /**
   * Enters a room.
   * @param {string} name
   * @param {import("./config.js").Config} config
   * @param {import("./oidc.js").Identity} identity
   * @param {() => void} signIn
   */
  constructor(name, config, identity, signIn) {
    this.name = name;
    this.#config = config;
    this.#identity = identity;
    this.#signIn = signIn;
    roomName.textContent = name;
    older.textContent = "";
    banner.hidden = true;
    newest.hidden = true;
    this.#timeline = new Timeline({ scroll, list: part("messages", HTMLElement), heard: part("heard", HTMLElement) }, identity.subject, {
      retry: (out) => this.#session.retry(out),
      discard: (out) => this.#session.discard(out),
    });
    let first = true;
    this.#sight = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void this.#readOlder();
    }, { root: scroll, rootMargin: "200px 0px 0px" });
    this.#session = new Session(config.url, name, identity, {
      state: (state) => this.#showState(state),
      messages: (messages, past) => {
        this.#timeline.add(messages);
        if (past && first) {
          this.#timeline.toEnd();
          this.#sight.observe(older);
          first = false;
        } else this.#heard(messages.filter((message) => message.user.id !== identity.subject), past);
        this.#showOlder();
      },
      dropped: (ids) => {
        this.#timeline.remove(ids);
        this.#showOlder();
      },
      outgoing: (out) => this.#timeline.outgoing(out),
      settled: (clientId) => this.#timeline.settle(clientId),
      access: (writable) => this.#setWritable(writable),
      notice: (text) => this.#showBanner(text),
    });
    this.#setWritable(true);
    this.#showUnread();
    this.#listen();
    input.focus();
  }

  /** Leaves the room. */
  leave() {
    this.#session.close();
    this.#sight.disconnect();
    this.#size.disconnect();
    this.#abort.abort();
    membersDialog.close();
    document.title = title;
  }

  #listen() {
    composer.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    input.oninput = () => this.#showLength();
    input.onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    };
    this.#size.observe(scroll);
    scroll.onscroll = () => {
      this.#atEnd = this.#timeline.atEnd;
      this.#read();
    };
    newest.onclick = () => {
      this.#timeline.toEnd();
      input.focus();
    };
    part("members-open", HTMLButtonElement).onclick = () => {
      membersDialog.showModal();
      void this.#showMembers("");
    };
    part("members-close", HTMLButtonElement).onclick = () => membersDialog.close();
    notifyButton.hidden = !("Notification" in window);
    notifyButton.onclick = () => void this.#toggleNotify();

    const { signal } = this.#abort;
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        if (this.#unread === 0) this.#timeline.unmark();
        return;
      }
      this.#session.wake();
      this.#read();
    }, { signal });
    window.addEventListener("online", () => this.#session.wake(), { signal });
    window.addEventListener("offline", () => this.#session.offline(), { signal });
  }

  /**
   * Messages of others that came while the room was open.
   * @param {import("./feed.js").Message[]} messages
   * @param {boolean} past
   */
  #heard(messages, past) {
    const [firstOne] = messages;
    if (firstOne === undefined) return;
    for (const message of messages) this.#timeline.announce(message);
    if (!document.hidden && this.#timeline.atEnd) return;
    this.#timeline.mark(firstOne.id);
    this.#unread += messages.length;
    newest.hidden = this.#timeline.atEnd;
    this.#showUnread();
    if (!document.hidden || !notify || past) return;
    const last = messages.at(-1) ?? firstOne;
    const note = new Notification(`${last.user.name} in ${this.name}`, { body: plain(last.html).slice(0, noteLength), tag: `portcullis-${this.name}`, icon: "icon.svg" });
    note.onclick = () => {
      window.focus();
      note.close();
    };
  }

  #showUnread() {
    const count = this.#unread > 0 ? `(${this.#unread}) ` : "";
    document.title = `${count}#${this.name} · ${title}`;
  }

  /** What is in view is read. */
  #read() {
    if (document.hidden || !this.#timeline.atEnd) return;
    newest.hidden = true;
    this.#unread = 0;
    this.#showUnread();
  }

  /** @param {import("./session.js").State} state */
  #showState(state) {
    stateText.dataset["state"] = state.is;
    switch (state.is) {
      case "open":
        stateText.textContent = "Connected";
        banner.hidden = true;
        break;
      case "connecting":
        stateText.textContent = "Connecting";
        break;
      case "waiting":
        stateText.textContent = "Reconnecting";
        this.#showBanner(`${state.reason} Trying again. What you write is sent when the connection is back.`);
        break;
      case "offline":
        stateText.textContent = "Offline";
        this.#showBanner("You are offline. What you write is sent when the connection is back.");
        break;
      case "ended": {
        stateText.textContent = "Signed out";
        this.#identity.forget();
        const again = element("button", "", "Sign in");
        again.type = "button";
        again.onclick = this.#signIn;
        this.#showBanner(`${state.reason} `, again);
      }
    }
  }

  /** @param {...(string | Node)} content */
  #showBanner(...content) {
    banner.replaceChildren(...content);
    banner.hidden = false;
  }

  /** @param {boolean} may */
  #setWritable(may) {
    this.#writable = may;
    input.disabled = !may;
    input.placeholder = may ? "Message" : "You may read in this room, but not write.";
    this.#showLength();
  }

  #showOlder() {
    if (!this.#reading) older.textContent = this.#session.feed.more ? "" : "The room begins here.";
  }

  async #readOlder() {
    const { feed } = this.#session;
    if (this.#reading || !feed.more || feed.oldest === "") return;
    this.#reading = true;
    older.textContent = "Reading older messages";
    try {
      const messages = await this.#session.older();
      if (this.#abort.signal.aborted) return;
      this.#timeline.add(messages);
    } catch (problem) {
      if (!this.#abort.signal.aborted) this.#showBanner(`Older messages could not be read. ${words(problem)}`);
      return;
    } finally {
      this.#reading = false;
      if (!this.#abort.signal.aborted) this.#showOlder();
    }
    // The top may be in view still, which would not be told again.
    this.#sight.unobserve(older);
    this.#sight.observe(older);
  }

  #showLength() {
    const text = input.value;
    const over = excess(text, this.#config.limits);
    const length = bytes(wellFormed(text));
    counter.textContent = `${length} / ${this.#config.limits.text} bytes`;
    counter.classList.toggle("over", over > 0);
    const wrong = over > 0 ? `${over} bytes too long to be sent.` : "";
    if (warning.textContent !== wrong) warning.textContent = wrong;
    input.setAttribute("aria-invalid", String(over > 0));
    send.disabled = !this.#writable || over > 0 || text.trim() === "";
    input.rows = Math.min(8, text.split("\n").length);
  }

  #submit() {
    this.#showLength();
    if (send.disabled) return;
    this.#timeline.unmark();
    this.#session.send(input.value);
    input.value = "";
    this.#showLength();
    this.#timeline.toEnd();
    this.#read();
    input.focus();
  }

  /** @param {string} after */
  async #showMembers(after) {
    if (after === "") membersList.replaceChildren();
    membersMore.hidden = true;
    membersState.textContent = "Reading";
    try {
      const page = await this.#session.members(after);
      for (const member of page.members) {
        membersList.append(element("li", "", element("bdi", "", member.name || "Somebody"), member.id === this.#identity.subject ? " (you)" : ""));
      }
      membersState.textContent = "";
      membersMore.hidden = page.next === "";
      membersMore.onclick = () => void this.#showMembers(page.next);
    } catch (problem) {
      membersState.textContent = words(problem);
    }
  }

  async #toggleNotify() {
    if (!notify && Notification.permission !== "granted" && (await Notification.requestPermission()) !== "granted") {
      this.#showBanner("The browser does not let this site notify you. Its settings say so.");
      return;
    }
    notify = !notify;
    notifyButton.setAttribute("aria-pressed", String(notify));
  }
}
