// Counts down how long an agent holds what is on the page, and renews it while somebody works.

let active = false;

export function tick() {
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
setInterval(tick, 1000);
tick();
