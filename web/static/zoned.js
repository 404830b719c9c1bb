// Moments that are typed: the server says and hears them in UTC, the reader in their own zone.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const MINUTE = 60000;

// 2026-03-01T09:30 as an input has it, moved from one zone to the other; empty stays empty.
function moved(typed, at, offset) {
  if (!typed || Number.isNaN(at)) return typed;
  return new Date(at - offset * MINUTE).toISOString().slice(0, typed.length > 16 ? 23 : 16);
}

function fromUtc(typed) {
  const at = Date.parse(`${typed}Z`);
  return moved(typed, at, new Date(at).getTimezoneOffset());
}

function toUtc(typed) {
  return moved(typed, Date.parse(typed), 0);
}

export function tellInZone() {
  for (const input of document.querySelectorAll("input[data-utc='']")) {
    input.dataset.utc = input.value || "none";
    input.value = fromUtc(input.value);
    input.dataset.told = input.value;
    const label = input.labels[0];
    label.textContent = `${label.dataset.zoned} (${zone})`;
  }
}

// What was left as it was is sent as it came, to the last digit.
function sent(input) {
  const { told, utc } = input.dataset;
  return input.value === told && utc !== "none" ? utc : toUtc(input.value);
}

document.addEventListener("htmx:configRequest", ({ detail }) => {
  for (const input of document.querySelectorAll("input[data-told]")) {
    if (detail.formData.has(input.name)) detail.formData.set(input.name, sent(input));
  }
});
