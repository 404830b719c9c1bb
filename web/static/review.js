// The review page: edits turn accepting into replacing, the search filters labels, the lease is
// counted down and renewed while somebody works.

import "/static/keys.js";

let active = false;
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

function tick() {
  const lease = document.getElementById("lease");
  if (!lease?.dataset.until) return;
  const left = (Date.parse(lease.dataset.until) - Date.now()) / 1000;
  const shown = Math.max(0, Math.ceil(left));
  lease.querySelector("output").textContent = `${Math.floor(shown / 60)}:${String(shown % 60).padStart(2, "0")}`;
  lease.classList.toggle("warn", left < 60);
  if (active && left > 0 && left < 120) {
    active = false;
    window.htmx.trigger(lease, "renew");
  }
}

document.addEventListener("keydown", () => { active = true; });
document.addEventListener("pointerdown", () => { active = true; });
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
setInterval(tick, 1000);
tellEdits();
filter("");
tick();
