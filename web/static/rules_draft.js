// The draft of the rules, kept in this tab for the person who is signed in: pages that try rules
// read it, and it is there again when one comes back.

const who = document.querySelector(".person a")?.textContent ?? "";
const KEY = `rules-draft:${who}`;

// `draft` is the JSON text of a ruleset, `base` the revision that it was made on.
export function keep(draft, base) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ draft, base }));
  } catch {
    // A draft too large for the tab's storage lives on in the page alone.
    drop();
  }
}

export function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

export function drop() {
  sessionStorage.removeItem(KEY);
}
