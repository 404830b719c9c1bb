// What every page does: tells times in the reader's zone as ages, says what failed, and lets a
// dialog and a key find their way. Pages add their own modules.

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const locale = document.documentElement.lang;
const ages = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const toTheMinute = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

function age(seconds) {
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return ages.format(-Math.trunc(seconds / length), unit);
  }
  return ages.format(-Math.trunc(seconds), "second");
}

export function tellTimes(within = document) {
  for (const time of within.querySelectorAll("time[datetime]:not([data-plain])")) {
    const at = Date.parse(time.dateTime);
    time.textContent = "exact" in time.dataset
      ? toTheMinute.format(at) : age((Date.now() - at) / 1000);
    time.title = exact.format(at);
  }
}

export function say(words, kind = "") {
  const line = document.createElement("div");
  line.className = `notice ${kind}`;
  const text = document.createElement("p");
  text.textContent = words;
  line.append(text);
  document.getElementById("notice").replaceChildren(line);
}

// A problem of the API is JSON; pages answer with a ready notice, which htmx puts in its place.
function problemOf(answer) {
  try {
    const problem = JSON.parse(answer.responseText);
    return [problem.detail ?? problem.title, problem.fix].filter(Boolean).join(" – ");
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  // A notice is shown whole, whatever part of a page was asked for.
  if (target.id === "notice") event.detail.selectOverride = "unset";
  if (xhr.status >= 400 && xhr.getResponseHeader("content-type")?.startsWith("text/html")) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  } else if (xhr.status >= 400) {
    say(problemOf(xhr), "bad");
  }
});
document.addEventListener("htmx:sendError", () => {
  say(document.body.dataset.offline, "bad");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const next = event.detail.elt.dataset?.after;
  if (event.detail.successful && next) location.assign(next);
});
// A form that htmx has not taken over yet would put what it holds into the address.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[hx-post]")) event.preventDefault();
});
// Of the whole page: what was swapped as a whole is no longer the target.
document.addEventListener("htmx:afterSwap", () => tellTimes());
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
});

// On a narrow screen the places go on beyond its edge.
document.querySelector(".bar nav [aria-current=page]")
  ?.scrollIntoView({ block: "nearest", inline: "nearest" });
setInterval(() => tellTimes(), 15000);
tellTimes();
