// The review page: edits turn accepting into replacing, the search filters labels, and the next
// ticket is there before it is asked for.

import "/static/keys.js";
import { tick } from "/static/review_lease.js";

const form = () => document.getElementById("judgement");

function isEdited(judged) {
  const boxes = [...judged.querySelectorAll("input[name=labels]")];
  const moved = judged.elements.department;
  return boxes.some((box) => box.checked !== box.defaultChecked)
    || moved.value !== moved.dataset.was;
}

function tellEdits() {
  const judged = form();
  if (!judged) return;
  const edited = isEdited(judged);
  const [accept, replace] = ["accepted", "replaced"].map((x) => judged.querySelector(`button[value=${x}]`));
  accept.disabled = edited;
  accept.classList.toggle("primary", !edited);
  replace.classList.toggle("primary", edited);
  accept.dataset.key = edited ? "" : "Enter";
  replace.dataset.key = edited ? "Enter" : "r";
  replace.querySelector("kbd").textContent = edited ? "⏎" : "R";
}

function filter(words) {
  for (const row of document.querySelectorAll("#judgement .option")) {
    const box = row.querySelector("input");
    row.hidden = words ? !box.value.toLowerCase().includes(words) : row.dataset.digit === "0" && !box.checked;
  }
}

document.addEventListener("change", tellEdits);
document.addEventListener("input", (event) => {
  if (event.target.id === "search") filter(event.target.value.trim().toLowerCase());
});
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "search" || event.key !== "Enter") return;
  event.preventDefault();
  const first = document.querySelector("#judgement .option:not([hidden]) input");
  if (first && event.target.value.trim()) first.click();
  event.target.value = "";
  filter("");
  event.target.blur();
});
// The form of the next ticket, held and off the page; null while there is none.
let ahead = null;
let isLooking = false;

const headers = () => JSON.parse(document.body.getAttribute("hx-headers"));

function isHeld(judged) {
  return Date.parse(judged.querySelector("#lease").dataset.until) > Date.now() + 5000;
}

async function nextAfter(current, order) {
  const body = new URLSearchParams({ current, order });
  const answer = await fetch("/review/ahead", { method: "POST", headers: headers(), body });
  const drawn = document.createElement("template");
  drawn.innerHTML = answer.status === 200 ? await answer.text() : "";
  return drawn.content.firstElementChild;
}

// A desk without it still works: the server then answers with the next ticket.
async function lookAhead() {
  const judged = form();
  if (!judged?.dataset.item || ahead || isLooking) return;
  isLooking = true;
  const found = await nextAfter(judged.dataset.item, judged.elements.order.value).catch(() => null);
  isLooking = false;
  if (form() === judged) ahead = found;
  else lookAhead();
}

function begin() {
  document.getElementById("case-title")?.focus();
  tellEdits();
  filter("");
  tick();
}

// What is accepted or skipped makes room at once; a replacement may be refused, and waits for that.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt !== form() || detail.parameters.outcome === "replaced") return;
  if (detail.elt.dataset.item && ahead && isHeld(ahead)) detail.parameters.ahead = ahead.dataset.item;
});
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (!detail.requestConfig.parameters.ahead) return;
  detail.elt.hidden = true;
  detail.elt.before(ahead);
  window.htmx.process(ahead);
  ahead = null;
  begin();
});
// Comes twice where what asked is no longer on the page.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { elt, parameters, path } = detail.requestConfig;
  const wasAhead = parameters.ahead && elt.isConnected;
  const isDone = detail.successful && detail.xhr.status < 400;
  if (wasAhead && !isDone) {
    ahead = form();
    ahead.remove();
    elt.hidden = false;
  }
  if (!isDone) return;
  if (wasAhead) elt.remove();
  if (path.endsWith("/renew")) ahead = null;
  document.getElementById("notice").replaceChildren();
  lookAhead();
});
window.addEventListener("pagehide", () => {
  if (!ahead) return;
  const door = `/v1/review/${ahead.dataset.item}/release`;
  fetch(door, { method: "POST", headers: headers(), keepalive: true });
  ahead = null;
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "desk") return;
  if (ahead?.dataset.item === form()?.dataset.item) ahead = null;
  begin();
});
tellEdits();
filter("");
lookAhead();
