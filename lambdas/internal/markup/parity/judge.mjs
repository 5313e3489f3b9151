// Judges fragments. Each line of standard input is a JSON array of a mode and a
// fragment; the answer is one line, a JSON array of what the fragment may not
// have: by parse5, which implements the parsing algorithm of the HTML standard
// (https://html.spec.whatwg.org/#parsing) on its own, and by DOMPurify with the
// same lists of elements and attributes, which must leave the fragment as it is.
import { createInterface } from 'node:readline';
import createDOMPurify from 'dompurify';
import { JSDOM } from 'jsdom';
import { parseFragment } from 'parse5';

const elements = {
  text: [],
  strip: [],
  rich: ['b', 'i', 'em', 'strong', 'code', 'pre', 'br', 'a'],
};
const rel = 'noopener noreferrer nofollow';
const htmlNamespace = 'http://www.w3.org/1999/xhtml';

// What a fragment may be the content of.
const contexts = ['div', 'p', 'b'].map((name) => parseFragment(`<${name}></${name}>`).childNodes[0]);

function* nodes(parent) {
  for (const node of parent.childNodes ?? []) {
    yield node;
    yield* nodes(node);
    if (node.content) yield* nodes(node.content);
  }
}

// A number that is no IPv4 address and a name that is no Punycode are no hosts
// for a browser, which then follows the link nowhere.
function leadsByHTTPS(value) {
  if (!URL.canParse(value)) return /^https:\/\/[A-Za-z0-9._-]+(:\d+)?(?![^/?#])/.test(value);
  const url = new URL(value);
  return url.protocol === 'https:' && !url.username && !url.password;
}

function problemsByParse5(mode, fragment) {
  const problems = [];
  for (const context of contexts) {
    for (const scriptingEnabled of [true, false]) {
      for (const node of nodes(parseFragment(context, fragment, { scriptingEnabled }))) {
        if (node.nodeName === '#text') continue;
        if (!elements[mode].includes(node.tagName) || node.namespaceURI !== htmlNamespace) {
          problems.push(`parse5: ${node.nodeName}`);
        }
        for (const { name, value } of node.attrs ?? []) {
          const link = node.tagName === 'a' && name === 'href' && leadsByHTTPS(value);
          if (!link && !(node.tagName === 'a' && name === 'rel' && value === rel)) {
            problems.push(`parse5: ${name}=${value}`);
          }
        }
      }
    }
  }
  return problems;
}

const { window } = new JSDOM('');
const purify = createDOMPurify(window);
const host = window.document.createElement('div');

function problemsByDOMPurify(mode, fragment) {
  host.innerHTML = fragment;
  const before = host.innerHTML;
  const after = purify.sanitize(fragment, {
    ALLOWED_TAGS: [...elements[mode], '#text'],
    ALLOWED_ATTR: mode === 'rich' ? ['href', 'rel'] : [],
    ALLOWED_URI_REGEXP: /^https:\/\//,
    ADD_URI_SAFE_ATTR: ['rel'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
  // The body is DOMPurify's own container, which its list of elements takes in.
  const problems = purify.removed
    .map((what) => what.element?.nodeName ?? what.attribute?.name)
    .filter((name) => name !== 'BODY')
    .map((name) => `DOMPurify removes ${name}`);
  // Without a < it returns what it got, else what a parser made of it.
  if (after !== fragment && after !== before) problems.push(`DOMPurify makes it ${after}`);
  return problems;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [mode, fragment] = JSON.parse(line);
  const problems = [...problemsByParse5(mode, fragment), ...problemsByDOMPurify(mode, fragment)];
  process.stdout.write(`${JSON.stringify(problems)}\n`);
}
