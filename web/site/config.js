// What Terraform says about the chat that this site belongs to: config.json,
// beside this page.

/**
 * @typedef {object} Config
 * @property {string} url of the chat's WebSocket
 * @property {string} issuer of the tokens, exactly as their claim iss has it
 * @property {string} discovery URL of the issuer's discovery document
 * @property {string} clientId
 * @property {string[]} scopes
 * @property {"text" | "strip" | "rich"} format what the server makes of markup
 * @property {import("./text.js").Limits} limits
 */

/** What is wrong with the configuration, in words for whoever wrote it. */
export class ConfigError extends Error {}

/**
 * Whether a host is this machine, where no TLS is needed.
 * @param {string} hostname as URL.hostname has it
 */
export function isLoopback(hostname) {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.[0-9]{1,3}){3}$/.test(hostname);
}

/**
 * Checks that an address is encrypted, or of this machine.
 * @param {unknown} value
 * @param {"https" | "wss"} scheme
 * @param {string} what
 * @returns {string}
 */
export function secureURL(value, scheme, what) {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  if (url === null) throw new ConfigError(`${what} is not a URL.`);
  if (url.username !== "" || url.password !== "" || url.hash !== "") throw new ConfigError(`${what} must have no user name and no fragment.`);
  const clear = scheme.slice(0, -1) + ":";
  if (url.protocol === scheme + ":" || (url.protocol === clear && isLoopback(url.hostname))) return url.href;
  throw new ConfigError(`${what} must begin with ${scheme}://.`);
}

/**
 * Reads a configuration. Members that it does not know are left alone.
 * @param {unknown} document what config.json has
 * @returns {Config}
 */
export function readConfig(document) {
  if (typeof document !== "object" || document === null || Array.isArray(document)) throw new ConfigError("config.json is not an object.");
  const given = new Map(Object.entries(document));
  /** @param {string} name */
  const text = (name) => {
    const value = given.get(name);
    if (typeof value !== "string" || value === "") throw new ConfigError(`config.json: ${name} must be a text.`);
    return value;
  };
  /** @param {string} name */
  const size = (name) => {
    const value = given.get(name);
    if (!Number.isSafeInteger(value) || value < 1) throw new ConfigError(`config.json: ${name} must be a number of bytes.`);
    return Number(value);
  };
  const format = text("message_format");
  if (format !== "text" && format !== "strip" && format !== "rich") throw new ConfigError("config.json: message_format must be text, strip or rich.");
  const scopes = given.get("scopes");
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string" && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) || !scopes.includes("openid")) {
    throw new ConfigError("config.json: scopes must be a list with openid in it.");
  }
  const url = secureURL(given.get("url"), "wss", "config.json: url");
  if (new URL(url).search !== "") throw new ConfigError("config.json: url must have no query.");
  return {
    url,
    issuer: text("issuer"),
    discovery: secureURL(given.get("discovery"), "https", "config.json: discovery"),
    clientId: text("client_id"),
    scopes,
    format,
    limits: { text: size("max_text_bytes"), frame: size("max_frame_bytes") },
  };
}

/**
 * Fetches the configuration.
 * @returns {Promise<Config>}
 */
export async function loadConfig() {
  const answer = await fetch("config.json", { cache: "no-cache", credentials: "omit" }).catch(() => null);
  if (answer === null) throw new Error("The chat's settings (config.json) cannot be fetched. Are you offline?");
  if (!answer.ok) throw new ConfigError(`config.json is missing (${answer.status}).`);
  /** @type {unknown} */
  let document;
  try {
    document = await answer.json();
  } catch {
    throw new ConfigError("config.json is not JSON.");
  }
  return readConfig(document);
}
