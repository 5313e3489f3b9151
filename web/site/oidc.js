// Signing in at an OpenID Connect issuer: authorization code with PKCE (RFC
// 7636), state and nonce. Tokens are in memory only. What has to outlast the way
// to the issuer's pages and back is in sessionStorage, for that way only.

import { secureURL } from "./config.js";

/** @typedef {import("./config.js").Config} Config */

/**
 * The issuer's endpoints; the last two are null where there are none.
 * @typedef {{authorization: string, token: string, revocation: string | null, logout: string | null}} Endpoints
 */

/**
 * What is kept while the user is at the issuer's pages.
 * @typedef {{state: string, nonce: string, verifier: string, hash: string}} Trip
 */

/** The user has to sign in (again), and why, in words for them. */
export class SignInError extends Error {}

const trip = "portcullis.trip";
// That somebody was signed in here: a reload signs in again without being asked.
const signedIn = "portcullis.signed-in";
const patience = 20_000; // milliseconds

const tokenPattern = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;
const longestToken = 8192; // protocol.MaxToken

/**
 * @param {Uint8Array} data
 */
function base64url(data) {
  return btoa(String.fromCharCode(...data)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** 256 random bits. */
function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/**
 * The claims of a token, unverified: whose word they are is known by where the
 * token came from.
 * @param {string} token
 * @returns {Map<string, unknown>}
 */
export function claimsOf(token) {
  try {
    const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const data = Uint8Array.from(atob(part), (c) => c.charCodeAt(0));
    return new Map(Object.entries(JSON.parse(new TextDecoder().decode(data))));
  } catch {
    return new Map();
  }
}

/**
 * When a token ends, in milliseconds since 1970; 0 if it does not say.
 * @param {string} token
 */
export function expiryOf(token) {
  const exp = claimsOf(token).get("exp");
  return typeof exp === "number" && exp > 0 ? exp * 1000 : 0;
}

/**
 * @param {string} url
 * @param {RequestInit} [request]
 */
function ask(url, request) {
  return fetch(url, { credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", cache: "no-store", signal: AbortSignal.timeout(patience), ...request });
}

/**
 * @param {string} url
 * @param {Record<string, string>} form
 */
function post(url, form) {
  return ask(url, { method: "POST", body: new URLSearchParams(form) });
}

/**
 * Reads a discovery document (OpenID Connect Discovery 1.0).
 * @param {unknown} document
 * @param {string} issuer
 * @returns {Endpoints}
 */
export function readDiscovery(document, issuer) {
  if (typeof document !== "object" || document === null) throw new Error("The discovery document is not an object.");
  const given = new Map(Object.entries(document));
  if (given.get("issuer") !== issuer) throw new Error("The discovery document is another issuer's.");
  /** @param {string} name */
  const optional = (name) => (given.get(name) === undefined ? null : secureURL(given.get(name), "https", name));
  return {
    authorization: secureURL(given.get("authorization_endpoint"), "https", "authorization_endpoint"),
    token: secureURL(given.get("token_endpoint"), "https", "token_endpoint"),
    revocation: optional("revocation_endpoint"),
    logout: optional("end_session_endpoint"),
  };
}

/**
 * Reads what was kept; null if it is not whole.
 * @param {string | null} kept
 * @returns {Trip | null}
 */
export function readTrip(kept) {
  /** @type {unknown} */
  let document;
  try {
    document = JSON.parse(kept ?? "");
  } catch {
    return null;
  }
  const given = new Map(Object.entries(document ?? {}));
  /** @param {string} name */
  const text = (name) => String(given.get(name) ?? "");
  const read = { state: text("state"), nonce: text("nonce"), verifier: text("verifier"), hash: text("hash") };
  return read.state === "" || read.nonce === "" || read.verifier === "" ? null : read;
}

/** One user's tokens, and how to get more. */
export class Identity {
  /** @type {Config} */ #config;
  /** @type {Endpoints} */ #endpoints;
  #access = "";
  #refresh = "";
  #subject = "";
  /** @type {Promise<string> | null} */ #refreshing = null;

  /**
   * @param {Config} config
   * @param {Endpoints} endpoints
   */
  constructor(config, endpoints) {
    this.#config = config;
    this.#endpoints = endpoints;
  }

  /**
   * Finds the issuer's endpoints.
   * @param {Config} config
   */
  static async discover(config) {
    const answer = await ask(config.discovery, { cache: "default" }).catch(() => null);
    if (answer === null || !answer.ok) throw new Error("The pages to sign in cannot be found. Try again later.");
    return new Identity(config, readDiscovery(await answer.json().catch(() => null), config.issuer));
  }

  /** Where the issuer sends the browser back to. */
  get #home() {
    return location.origin + "/";
  }

  /** Whether somebody was signed in in this tab before it was loaded. */
  get wasSignedIn() {
    return sessionStorage.getItem(signedIn) !== null;
  }

  /** The user's id, as the access token has it. */
  get subject() {
    return this.#subject;
  }

  /** Sends the browser to the issuer's pages. */
  async signIn() {
    const verifier = random();
    /** @type {Trip} */
    const kept = { state: random(), nonce: random(), verifier, hash: location.hash };
    sessionStorage.setItem(trip, JSON.stringify(kept));
    const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    const url = new URL(this.#endpoints.authorization);
    const parameters = {
      response_type: "code", client_id: this.#config.clientId, redirect_uri: this.#home, scope: this.#config.scopes.join(" "),
      state: kept.state, nonce: kept.nonce, code_challenge: base64url(new Uint8Array(challenge)), code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    sessionStorage.removeItem(signedIn);
    location.assign(url.href);
  }

  /**
   * Takes what the issuer has sent the browser back with. False when it did not.
   */
  async comeBack() {
    const answer = new URLSearchParams(location.search);
    const came = answer.has("code") || answer.has("error");
    // The code leaves the address and the browser's history at once.
    if (came) history.replaceState(null, "", "/");
    const kept = sessionStorage.getItem(trip);
    sessionStorage.removeItem(trip);
    if (!came) return false;
    const before = readTrip(kept);
    if (before === null || answer.get("state") !== before.state) {
      throw new SignInError("This sign-in was not begun here, or it was begun twice. Sign in again.");
    }
    history.replaceState(null, "", "/" + before.hash);
    const issuer = answer.get("iss"); // RFC 9207
    if (issuer !== null && issuer !== this.#config.issuer) throw new SignInError("Another issuer has answered. Sign in again.");
    const code = answer.get("code");
    if (code === null) {
      throw new SignInError(answer.get("error") === "access_denied" ? "The sign-in was cancelled." : "The sign-in did not work. Try again.");
    }
    await this.#take({ grant_type: "authorization_code", code, redirect_uri: this.#home, code_verifier: before.verifier, client_id: this.#config.clientId }, before.nonce);
    sessionStorage.setItem(signedIn, "");
    return true;
  }

  /**
   * A token that is not the stale one.
   * @param {string} [stale]
   * @returns {Promise<string>}
   */
  token(stale) {
    if (this.#access !== "" && this.#access !== stale) return Promise.resolve(this.#access);
    this.#refreshing ??= this.#renew().finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  async #renew() {
    if (this.#refresh === "") throw new SignInError("Your sign-in has ended. Sign in again.");
    await this.#take({ grant_type: "refresh_token", refresh_token: this.#refresh, client_id: this.#config.clientId }, null);
    return this.#access;
  }

  /**
   * Asks the token endpoint. Its answer comes over TLS from the issuer itself, so
   * the ID token's signature need not be checked (OpenID Connect Core 3.1.3.7).
   * @param {Record<string, string>} form
   * @param {string | null} nonce what the ID token must say; null where there need be none
   */
  async #take(form, nonce) {
    const answer = await post(this.#endpoints.token, form).catch(() => null);
    if (answer === null || answer.status === 429 || answer.status >= 500) throw new Error("The sign-in service does not answer.");
    if (!answer.ok) throw new SignInError("Your sign-in has ended. Sign in again.");
    /** @type {Map<string, unknown>} */
    const given = new Map(Object.entries((await answer.json().catch(() => null)) ?? {}));
    const access = given.get("access_token");
    if (typeof access !== "string" || access.length > longestToken || !tokenPattern.test(access)) {
      throw new SignInError("The issuer gave a token that cannot be used here.");
    }
    const id = given.get("id_token");
    if (nonce !== null || id !== undefined) this.#checkID(typeof id === "string" ? claimsOf(id) : new Map(), nonce);
    const subject = claimsOf(access).get("sub");
    if (typeof subject !== "string" || (this.#subject !== "" && subject !== this.#subject)) {
      throw new SignInError("The issuer gave a token of somebody else. Sign in again.");
    }
    this.#subject = subject;
    this.#access = access;
    const refresh = given.get("refresh_token");
    if (typeof refresh === "string") this.#refresh = refresh;
  }

  /**
   * @param {Map<string, unknown>} claims of an ID token
   * @param {string | null} nonce
   */
  #checkID(claims, nonce) {
    const audiences = [claims.get("aud")].flat();
    const exp = claims.get("exp");
    const ours = claims.get("iss") === this.#config.issuer && audiences.includes(this.#config.clientId) &&
      (audiences.length === 1 || claims.get("azp") === this.#config.clientId) && typeof exp === "number";
    if (!ours || (nonce !== null && claims.get("nonce") !== nonce)) {
      throw new SignInError("The issuer's answer does not belong to this sign-in. Sign in again.");
    }
    // It was given a moment ago.
    if (exp * 1000 <= Date.now() - 60_000) throw new SignInError("The sign-in has ended by this device's clock. Set the clock, and sign in again.");
  }

  /** Forgets the tokens, has the issuer forget them, and ends its session. */
  async signOut() {
    const refresh = this.#refresh;
    this.#access = this.#refresh = this.#subject = "";
    sessionStorage.removeItem(signedIn);
    if (this.#endpoints.revocation !== null && refresh !== "") {
      // It has arrived also where the browser may not read the answer.
      await post(this.#endpoints.revocation, { token: refresh, token_type_hint: "refresh_token", client_id: this.#config.clientId }).catch(() => null);
    }
    if (this.#endpoints.logout === null) {
      location.replace(this.#home);
      return;
    }
    const url = new URL(this.#endpoints.logout);
    url.searchParams.set("client_id", this.#config.clientId);
    url.searchParams.set("post_logout_redirect_uri", this.#home);
    url.searchParams.set("logout_uri", this.#home); // Cognito's name for it
    location.assign(url.href);
  }

  /** Forgets that somebody was signed in, when that has come to its end. */
  forget() {
    this.#access = this.#refresh = "";
    sessionStorage.removeItem(signedIn);
  }
}
