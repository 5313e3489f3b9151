// Texts: how long they are on the wire, what a room may be called, and where in
// a text there are links.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The longest that a text may be, in bytes of UTF-8, and the frame around it.
 * @typedef {{text: number, frame: number}} Limits
 */

/**
 * Length in UTF-8, as the server counts.
 * @param {string} text
 */
export function bytes(text) {
  return encoder.encode(text).length;
}

/**
 * The text without half characters (lone surrogates), which the server refuses.
 * @param {string} text
 */
export function wellFormed(text) {
  return decoder.decode(encoder.encode(text));
}

/**
 * The frame that sends a text.
 * @param {string} clientId
 * @param {string} text
 */
export function messageFrame(clientId, text) {
  return JSON.stringify({ action: "sendMessage", clientId, text });
}

/**
 * By how many bytes a text is too long to be sent; 0 when it is not. Quotes, line
 * ends and control characters take more room in a frame than in a text.
 * @param {string} text
 * @param {Limits} limits
 */
export function excess(text, limits) {
  const sound = wellFormed(text);
  const frame = bytes(messageFrame("0".repeat(36), sound));
  return Math.max(bytes(sound) - limits.text, frame - limits.frame, 0);
}

/**
 * Whether a room may be called so (protocol.RoomPattern).
 * @param {string} name
 */
export function isRoom(name) {
  return /^[a-z0-9][a-z0-9_-]{0,63}$/.test(name) && !name.endsWith("\n");
}

/**
 * Part of a text; with href it is a link.
 * @typedef {{text: string, href?: string | undefined}} Piece
 */

// Invisible characters, blanks and what may stand around an address end one.
const address = /https:\/\/[^\p{C}\p{Z}<>"'`\\^{|}]+/giu;

/**
 * A text in pieces, of which those that are addresses of https are links.
 * @param {string} text
 * @returns {Piece[]}
 */
export function pieces(text) {
  /** @type {Piece[]} */
  const found = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const shown = trimmed(match[0]);
    const href = link(shown);
    if (href === null) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

/**
 * An address without the punctuation that follows it in a sentence.
 * @param {string} text
 */
function trimmed(text) {
  for (;;) {
    const last = text.at(-1) ?? "";
    const open = { ")": "(", "]": "[" }[last];
    const closes = open !== undefined && text.split(open).length < text.split(last).length;
    if (!closes && !".,:;!?*_~".includes(last)) return text;
    text = text.slice(0, -1);
  }
}

// A host in ASCII, so that one alphabet cannot pass for another, and no user
// part, which could pass for the host.
const plainHost = /^https:\/\/(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:[/?#]|$)/i;

/**
 * The address that a link may lead to, or null.
 * @param {string} text
 */
export function link(text) {
  if (!plainHost.test(text)) return null;
  try {
    const url = new URL(text);
    return url.protocol === "https:" && url.username === "" && url.password === "" ? url.href : null;
  } catch {
    return null;
  }
}
