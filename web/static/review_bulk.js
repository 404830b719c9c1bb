// The bulk review page: one row is the current one and lends its keys to the page, a row tells what
// its button will do, and what was sent is passed over until its answer is there.

import { isTyping } from "/static/keys.js";
import { tick } from "/static/review_lease.js";

const open = () => [...document.querySelectorAll("#rows .bulk-row:not(.settled):not(.sent)")];
const current = () => document.querySelector("#rows [aria-current]");

function isEdited(row) {
  const boxes = [...row.querySelectorAll("input[name=labels]")];
  const chosen = row.querySelector("select").selectedOptions[0];
  return boxes.some((box) => box.checked !== box.defaultChecked) || !chosen.defaultSelected;
}

function tell(row) {
  const skip = row.querySelector("input[name=skipped]").checked;
  row.dataset.state = skip ? "skip" : isEdited(row) ? "edited" : "plain";
  const button = row.querySelector(".settle");
  button.querySelector("span").textContent = button.dataset[row.dataset.state];
}

function count() {
  const all = document.getElementById("accept-all");
  if (!all) return;
  const rows = open();
  const kept = rows.filter((row) => row.dataset.state !== "edited" && !row.matches(".again"));
  const marked = kept.filter((row) => row.dataset.state === "skip").length;
  const [plain, skips] = all.querySelectorAll("output");
  plain.textContent = kept.length - marked;
  skips.textContent = marked;
  all.querySelector(".marked").hidden = marked === 0;
  all.disabled = kept.length === 0;
  const isHolding = Boolean(document.querySelector("#rows [name=items]"));
  document.getElementById("give-back").disabled = !isHolding;
  if (!isHolding) document.getElementById("lease")?.remove();
  all.classList.toggle("primary", rows.length > 0);
  document.getElementById("take-next").classList.toggle("primary", rows.length === 0);
}

function choose(row) {
  const old = current();
  if (row === old) return;
  for (const each of old?.querySelectorAll("[data-row-key]") ?? []) delete each.dataset.key;
  old?.removeAttribute("aria-current");
  row?.setAttribute("aria-current", "true");
  for (const each of row?.querySelectorAll("[data-row-key]") ?? []) each.dataset.key = each.dataset.rowKey;
}

function goTo(row) {
  if (!row) return;
  choose(row);
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

// The next row in a direction that waits to be settled; at the end of the list the last one does.
function step(by) {
  const rows = [...document.querySelectorAll("#rows .bulk-row")];
  const waiting = open();
  const at = rows.indexOf(current());
  const after = waiting.filter((row) => by * (rows.indexOf(row) - at) > 0);
  goTo((by > 0 ? after[0] : after.at(-1)) ?? (waiting.includes(current()) ? null : waiting.at(-1)));
}

function refresh() {
  open().forEach(tell);
  count();
  tick();
  if (!document.activeElement || document.activeElement === document.body) {
    goTo(current() ?? open()[0]);
    if (open().length === 0) document.getElementById("take-next")?.focus();
  }
  if (!current()) choose(open()[0]);
}

document.addEventListener("change", (event) => {
  const row = event.target.closest("#rows .bulk-row");
  if (row) tell(row);
  count();
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest("#rows .bulk-row:not(.settled):not(.sent)");
  if (row) choose(row);
});
document.addEventListener("keydown", (event) => {
  const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  const busy = event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target);
  if (!by || busy || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  step(by);
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const row = event.target.matches(".settle") && event.target.closest(".bulk-row");
  if (!row) return;
  row.classList.add("sent");
  step(1);
  count();
});
document.addEventListener("htmx:afterRequest", (event) => {
  event.detail.elt.closest(".bulk-row")?.classList.remove("sent");
  if (event.detail.successful) document.getElementById("notice").replaceChildren();
  const back = document.querySelector("#rows .bulk-row.again:not([data-seen])");
  if (back) goTo(back);
  for (const row of document.querySelectorAll("#rows .bulk-row.again")) row.dataset.seen = "";
  if (event.detail.target?.id === "bulk") goTo(open()[0]);
  refresh();
});
