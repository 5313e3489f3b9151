// What both halves of the page use.

/**
 * An element of index.html.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function part(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${id}`);
  return found;
}

/**
 * What went wrong, in words.
 * @param {unknown} problem
 */
export function words(problem) {
  if (problem instanceof DOMException && (problem.name === "SecurityError" || problem.name === "QuotaExceededError")) {
    return "The browser keeps nothing for this site, as signing in needs. Let it store data, and load the page again.";
  }
  return problem instanceof Error ? problem.message : String(problem);
}
