// Tells what a score would be worth while its slider moves, by the points that the page carries,
// refuses a pair of scores that the server would refuse, and takes away what was shown for a form
// that is filled in anew.

const WIDTH = 600;
const { lang } = document.documentElement;
const shown = new Intl.NumberFormat(lang, { style: "percent" });
const score = new Intl.NumberFormat(lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

// The closest point that predicts no more than the threshold does; points fall by threshold.
function at(points, threshold) {
  return points.findLast((point) => point[0] >= threshold);
}

function worth(points, threshold, words) {
  const point = at(points, threshold);
  if (!point) return "";
  const say = (from) =>
    `${shown.format(point[from])} (${shown.format(point[from + 1])}–${shown.format(point[from + 2])})`;
  return words.replace("{p}", say(1)).replace("{r}", say(4)).replace("{c}", say(7));
}

function tell(form) {
  const section = form.closest("#level");
  const curve = section.querySelector("[data-curve]");
  const points = curve ? JSON.parse(curve.dataset.curve) : [];
  const scores = {};
  for (const row of form.querySelectorAll("[data-score]")) {
    const range = row.querySelector("input[type=range]");
    const isOwn = row.querySelector("[data-own]").checked;
    scores[row.dataset.score] = isOwn ? null : Number(range.value);
    const from = isOwn ? row.dataset.acts : range.value;
    row.querySelector("output").textContent = from ? score.format(Number(from)) : "";
    const line = row.querySelector("[data-worth]");
    line.textContent = from ? worth(points, Number(from), line.dataset.words) : "";
  }
  const steers = form.querySelector("input[name=automation]:checked")?.value === "auto";
  const chosen = steers ? scores.auto_from : scores.preselect_from;
  if (curve && chosen !== null) {
    const line = curve.querySelector(".chosen");
    line.setAttribute("x1", chosen * WIDTH);
    line.setAttribute("x2", chosen * WIDTH);
  }
  const { preselect_from: ticked, auto_from: acts } = scores;
  const isRefused = ticked !== null && acts !== null && acts < ticked;
  form.querySelector("#refused").hidden = !isRefused;
  const button = form.querySelector("button[type=submit]");
  if (button) button.disabled = isRefused;
}

document.addEventListener("input", (event) => {
  const stale = event.target.closest("form")?.querySelector(".outcome");
  if (stale) stale.replaceChildren();
  const form = event.target.closest("#level-form");
  if (!form) return;
  const own = event.target.dataset.own;
  if (own) form.elements[own].disabled = event.target.checked;
  tell(form);
});
document.addEventListener("htmx:afterSettle", () => {
  const form = document.getElementById("level-form");
  if (form) tell(form);
});
const first = document.getElementById("level-form");
if (first) tell(first);
