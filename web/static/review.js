// The review page: edits turn accepting into replacing, the search filters labels.

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
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "desk") return;
  document.getElementById("notice").replaceChildren();
  document.getElementById("case-title")?.focus();
  tellEdits();
  filter("");
  tick();
});
tellEdits();
filter("");
