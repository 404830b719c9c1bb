// Keeps the draft in the tab while one looks at other pages, and lets rules be dragged. Every move
// that a drag makes can be made by the buttons of a rule.

import { drop, keep, kept } from "./rules_draft.js";
import { tellInZone } from "./zoned.js";

const EDGE = 60;
let isFirst = true;

function value(name) {
  return document.querySelector(`#kept [name=${name}]`)?.value ?? "";
}

function takeUp() {
  const left = kept();
  if (!left || left.draft === value("draft")) return;
  const values = { ...left, hits: value("hits"), do: "refresh" };
  window.htmx.ajax("POST", "/rules/draft", { target: "#desk", swap: "innerHTML", values });
}

// What the server shows without a draft gives way to the one that the tab kept; a draft that it
// shows is the newest.
function settle() {
  const state = document.getElementById("kept");
  if (!state?.dataset.unsaved) return;
  if (state.dataset.unsaved === "yes") keep(value("draft"), value("base"));
  else if (isFirst && kept()) takeUp();
  else drop();
  isFirst = false;
}
document.addEventListener("htmx:afterSettle", settle);
document.addEventListener("htmx:afterSettle", tellInZone);
settle();
tellInZone();

// The rule before which the dragged one belongs; null for the end.
function follower(list, dragged, y) {
  const others = [...list.children].filter((each) => each !== dragged);
  const found = others.find((each) => {
    const box = each.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  return found ?? null;
}

// Its neighbours step aside, for a node that is moved itself loses the pointer.
function arrange(rule, next) {
  const isAbove = next && rule.compareDocumentPosition(next) & Node.DOCUMENT_POSITION_PRECEDING;
  if (isAbove) {
    let passed;
    do {
      passed = rule.previousElementSibling;
      rule.after(passed);
    } while (passed !== next);
  } else {
    while (rule.nextElementSibling !== next) rule.before(rule.nextElementSibling);
  }
}

function drag(event) {
  const grip = event.target.closest("[data-grip]");
  const list = grip?.closest("[data-sorts]");
  if (!list || event.button !== 0) return;
  event.preventDefault();
  const rule = grip.closest("[data-rule]");
  const from = [...list.children].indexOf(rule);
  const back = rule.nextElementSibling;
  grip.setPointerCapture(event.pointerId);
  rule.classList.add("dragged");

  const move = ({ clientY }) => {
    arrange(rule, follower(list, rule, clientY));
    if (clientY < EDGE) window.scrollBy(0, -14);
    if (clientY > window.innerHeight - EDGE) window.scrollBy(0, 14);
  };
  const end = (last) => {
    rule.classList.remove("dragged");
    grip.removeEventListener("pointermove", move);
    grip.removeEventListener("pointerup", end);
    grip.removeEventListener("pointercancel", end);
    if (last.type === "pointercancel") return arrange(rule, back);
    const to = [...list.children].indexOf(rule);
    if (to === from) return;
    const button = document.getElementById("drop-here");
    button.value = `move ${rule.dataset.rule} ${Number(list.dataset.first) + to}`;
    button.click();
  };
  grip.addEventListener("pointermove", move);
  grip.addEventListener("pointerup", end);
  grip.addEventListener("pointercancel", end);
}
document.addEventListener("pointerdown", drag);
