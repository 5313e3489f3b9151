// What a message looks like. The server sends a fragment of HTML that is safe as
// the content of an element; this module does not rely on that. It reads the few
// elements that the server may send, in the one spelling that the server writes,
// and makes them anew. Whatever is written otherwise is shown as the text it is.

import { link, pieces } from "./text.js";

/**
 * A tree of what may be shown.
 * @typedef {{text: string} | Element} Node
 * @typedef {{tag: string, href?: string, children: Node[]}} Element
 */

// Parsers of HTML follow so many levels too.
const deepest = 256;

const entities = new Map([["&lt;", "<"], ["&gt;", ">"], ["&amp;", "&"], ["&#34;", '"'], ["&#39;", "'"], ["&#13;", "\n"]]);
const open = /^<(b|i|em|strong|code|pre)>$/;
const close = /^<\/(b|i|em|strong|code|pre|a)>$/;
const anchor = /^<a href="([^"<>]*)" rel="noopener noreferrer nofollow">$/;

/**
 * Replaces the six entities that the server writes. Whatever else looks like one
 * was typed by somebody.
 * @param {string} text
 */
function decode(text) {
  return text.replace(/&(?:lt|gt|amp|#34|#39|#13);/g, (entity) => entities.get(entity) ?? entity);
}

/**
 * Reads a fragment; null if it is not of the server's grammar.
 * @param {string} html
 * @returns {Node[] | null}
 */
export function parse(html) {
  /** @type {Node[]} */
  const top = [];
  /** @type {Element[]} */
  const inside = [];
  for (const token of html.match(/<[^<>]*>|[^<]+|</g) ?? []) {
    const into = inside.at(-1)?.children ?? top;
    if (!token.startsWith("<")) {
      // As a parser of HTML does, it leaves out a line end right after <pre>.
      const first = inside.at(-1)?.tag === "pre" && into.length === 0;
      const text = decode(first ? token.replace(/^\n/, "") : token);
      if (text !== "") into.push({ text });
      continue;
    }
    if (token === "<br/>") {
      into.push({ tag: "br", children: [] });
      continue;
    }
    const ends = close.exec(token);
    if (ends !== null) {
      if (inside.pop()?.tag !== ends[1]) return null;
      continue;
    }
    const target = anchor.exec(token);
    const tag = target ? "a" : open.exec(token)?.[1];
    if (tag === undefined || inside.length === deepest) return null;
    /** @type {Element} */
    const element = { tag, children: [] };
    if (target) {
      const href = link(decode(target[1] ?? ""));
      if (href === null || inside.some((outer) => outer.tag === "a")) return null;
      element.href = href;
    }
    into.push(element);
    inside.push(element);
  }
  return inside.length === 0 ? top : null;
}

/**
 * The text of a fragment, with what marks it up left out.
 * @param {string} html
 */
export function plain(html) {
  const nodes = parse(html);
  return nodes === null ? html : textOf(nodes);
}

/**
 * @param {Node[]} nodes
 * @returns {string}
 */
function textOf(nodes) {
  return nodes.map((node) => ("text" in node ? node.text : node.tag === "br" ? "\n" : textOf(node.children))).join("");
}

/**
 * Makes what a fragment shows. No name, id, class or style is taken from it.
 * @param {string} html
 */
export function render(html) {
  const fragment = document.createDocumentFragment();
  append(fragment, parse(html) ?? [{ text: html }], true);
  return fragment;
}

/**
 * @param {ParentNode} parent
 * @param {Node[]} nodes
 * @param {boolean} links whether addresses in texts become links
 */
function append(parent, nodes, links) {
  for (const node of nodes) {
    if ("text" in node) {
      for (const piece of links ? pieces(node.text) : [{ text: node.text }]) {
        parent.append(piece.href === undefined ? piece.text : anchorTo(piece.href, piece.text));
      }
      continue;
    }
    if (node.tag === "a" && node.href !== undefined) {
      const made = anchorTo(node.href);
      append(made, node.children, false);
      parent.append(made);
      // Its text may claim to lead elsewhere.
      const leads = new URL(node.href);
      if (made.textContent !== node.href && made.textContent !== node.href.replace(/\/$/, "")) {
        const host = document.createElement("span");
        host.className = "leads";
        host.textContent = ` (${leads.host})`;
        parent.append(host);
      }
      continue;
    }
    const made = document.createElement(node.tag);
    append(made, node.children, links && node.tag !== "code" && node.tag !== "pre");
    parent.append(made);
  }
}

/**
 * @param {string} href of https
 * @param {string} [text]
 */
function anchorTo(href, text = "") {
  const made = document.createElement("a");
  made.href = href;
  made.rel = "noopener noreferrer nofollow";
  made.target = "_blank";
  made.referrerPolicy = "no-referrer";
  made.textContent = text;
  return made;
}
