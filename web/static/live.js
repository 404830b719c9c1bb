// Keeps the board fresh: asks for it while somebody looks, moves in what is new, and tells the age
// of each decision by the server's clock.

const POLL_MS = 1500;
const SLOW_MS = 5000;
const board = document.getElementById("board");
const pulse = document.getElementById("pulse");
const pulseWords = document.getElementById("pulse-words");
let shown = null;
let clockSkewMs = 0;

function tellAges() {
  const now = Date.now() + clockSkewMs;
  for (const time of board.querySelectorAll("time")) {
    time.textContent = age(Math.max(0, now - Date.parse(time.dateTime)) / 1000);
  }
}

function age(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

function show(html) {
  const before = new Set(Array.from(board.querySelectorAll(".card"), (card) => card.dataset.key));
  const first = before.size === 0;
  const next = new DOMParser().parseFromString(html, "text/html").body;
  for (const card of next.querySelectorAll(".card")) {
    card.classList.toggle("new", !first && !before.has(card.dataset.key));
  }
  board.replaceChildren(...next.childNodes);
  tellAges();
}

function say(live, words) {
  pulse.dataset.live = String(live);
  if (pulseWords.textContent !== words) pulseWords.textContent = words;
}

async function refresh() {
  const answer = await fetch("/board", { cache: "no-cache" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  clockSkewMs = Date.parse(answer.headers.get("date")) - Date.now() || 0;
  const html = await answer.text();
  if (html !== shown) show(html);
  shown = html;
}

async function loop() {
  let wait = POLL_MS;
  if (!document.hidden) {
    try {
      await refresh();
      say(true, "live");
    } catch {
      say(false, "reconnecting");
      wait = SLOW_MS;
    }
  }
  setTimeout(loop, wait);
}

document.addEventListener("visibilitychange", tellAges);
setInterval(tellAges, 1000);
tellAges();
loop();
