// The page: signing in, and choosing a room.

import { ConfigError, loadConfig } from "./config.js";
import { Identity, SignInError } from "./oidc.js";
import { part, words } from "./page.js";
import { isRoom } from "./text.js";

const start = part("start", HTMLElement);
const startText = part("start-text", HTMLElement);
const startProblem = part("start-problem", HTMLElement);
const signInButton = part("sign-in", HTMLButtonElement);
const joinForm = part("join", HTMLFormElement);
const roomInput = part("room", HTMLInputElement);
const startSignOut = part("start-sign-out", HTMLButtonElement);
const chat = part("chat", HTMLElement);

/** @type {import("./config.js").Config} */ let config;
/** @type {Identity} */ let identity;
/** @type {import("./room.js").Room | null} */ let entered = null;

/**
 * Shows the card instead of a room.
 * @param {string} text
 * @param {{problem?: string, signIn?: boolean, join?: boolean}} [what]
 */
function showStart(text, { problem = "", signIn = false, join = false } = {}) {
  leave();
  chat.hidden = true;
  start.hidden = false;
  startText.textContent = text;
  showProblem(problem);
  signInButton.hidden = !signIn;
  joinForm.hidden = startSignOut.hidden = !join;
  if (join) roomInput.focus();
  else if (signIn) signInButton.focus();
}

/** @param {string} problem */
function showProblem(problem) {
  startProblem.textContent = problem;
  startProblem.hidden = problem === "";
  roomInput.setAttribute("aria-invalid", String(problem !== ""));
}

const roomRule = "A room’s name has 1 to 64 small letters, digits, “-” and “_”, and begins with a letter or a digit.";

/** The room that the address names; empty for none. */
function roomOfAddress() {
  return location.hash.slice(1);
}

/** Goes where the address says. */
async function route() {
  const room = roomOfAddress();
  if (room === "") {
    showStart("Which room?", { join: true });
    return;
  }
  if (!isRoom(room)) {
    showStart("Which room?", { join: true, problem: `The address names no room. ${roomRule}` });
    return;
  }
  if (entered !== null && entered.name === room) return;
  const { Room } = await import("./room.js");
  if (roomOfAddress() !== room) return; // it has changed meanwhile
  leave();
  start.hidden = true;
  chat.hidden = false;
  entered = new Room(room, config, identity, signIn);
}

function leave() {
  entered?.leave();
  entered = null;
}

async function signIn() {
  try {
    await identity.signIn();
  } catch (problem) {
    showStart("Sign in to chat.", { problem: words(problem), signIn: true });
  }
}

async function signOut() {
  showStart("Signing out");
  await identity.signOut();
}

function listen() {
  signInButton.onclick = signIn;
  startSignOut.onclick = signOut;
  part("sign-out", HTMLButtonElement).onclick = signOut;
  part("leave", HTMLButtonElement).onclick = () => {
    location.hash = "";
  };
  joinForm.onsubmit = (event) => {
    event.preventDefault();
    const room = roomInput.value.trim();
    showProblem(isRoom(room) ? "" : roomRule);
    if (!isRoom(room)) roomInput.focus();
    else if (roomOfAddress() === room) void route();
    else location.hash = room;
  };
  window.addEventListener("hashchange", () => {
    if (identity.subject !== "") void route();
  });
  window.addEventListener("pagehide", leave);
  // A page that comes back from the browser's cache has left its room.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && identity.subject !== "") void route();
  });
}

async function main() {
  try {
    config = await loadConfig();
    identity = await Identity.discover(config);
  } catch (problem) {
    const fault = problem instanceof ConfigError ? " Whoever runs this site has to mend that." : "";
    showStart("The chat cannot be used now.", { problem: words(problem) + fault });
    return;
  }
  listen();
  try {
    if (await identity.comeBack()) await route();
    else if (identity.wasSignedIn) await signIn();
    else showStart("Sign in to chat.", { signIn: true });
  } catch (problem) {
    showStart(problem instanceof SignInError ? "Sign in to chat." : "The chat cannot be used now.", { problem: words(problem), signIn: true });
  }
}

void main();
