// Keys for buttons and fields: `data-key="Enter"` on an element presses it, or goes to it if it is
// a field. Nothing happens while one types; Escape leaves a field.

const FIELDS = "input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]";

export function isTyping(target) {
  return Boolean(target?.matches?.(FIELDS));
}

// The element that a key belongs to; null where it belongs to none, or to the browser.
export function bound(event, root) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return null;
  if (isTyping(event.target)) return null;
  const own = event.target?.matches?.("button, a, summary") && ["Enter", " "].includes(event.key);
  if (own) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = [...root.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  return found && !found.disabled ? found : null;
}

export function listen(page) {
  page.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isTyping(event.target)) return event.target.blur();
    const found = bound(event, page.querySelector("dialog[open]") ?? page);
    if (!found) return;
    event.preventDefault();
    if (isTyping(found)) found.focus();
    else found.click();
  });
}

if (typeof document !== "undefined") listen(document);
