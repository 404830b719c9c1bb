// Keeps the board fresh: asks for it while somebody looks, and moves in what is new. A page of older
// tickets stays as it is.

import { tellTimes } from "./shell.js";

const SLOW_MS = 5000;
const board = document.getElementById("board");
const pollMs = Number(board.dataset.pollMs);
const pulse = document.getElementById("pulse");
const pulseWords = document.getElementById("pulse-words");
let shown = null;

function show(html) {
  const before = new Set(Array.from(board.querySelectorAll(".card"), (card) => card.dataset.key));
  const first = before.size === 0;
  const next = new DOMParser().parseFromString(html, "text/html").body;
  for (const card of next.querySelectorAll(".card")) {
    card.classList.toggle("new", !first && !before.has(card.dataset.key));
  }
  const focused = board.contains(document.activeElement) && document.activeElement.getAttribute("href");
  board.replaceChildren(...next.childNodes);
  if (focused) board.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  tellTimes(board);
}

function say(live, words) {
  pulse.dataset.live = String(live);
  if (pulseWords.textContent !== words) pulseWords.textContent = words;
}

async function refresh() {
  const answer = await fetch(board.dataset.from, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const html = await answer.text();
  if (html !== shown) show(html);
  shown = html;
}

async function loop() {
  let wait = pollMs;
  if (!document.hidden) {
    try {
      await refresh();
      say(true, pulse.dataset.wordsLive);
    } catch {
      say(false, pulse.dataset.wordsAway);
      wait = SLOW_MS;
    }
  }
  setTimeout(loop, wait);
}

if (pollMs > 0) loop();
