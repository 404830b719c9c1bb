// What the admin pages do by themselves: copy a secret, and find a setting.

async function copy(button) {
  const secret = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(secret.textContent);
    button.textContent = button.dataset.copied;
  } catch {
    // Without HTTPS a browser lends no clipboard: it is selected, to be copied by key.
    getSelection().selectAllChildren(secret);
  }
}

function find(field) {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const group of document.querySelectorAll("[data-group]")) {
    const settings = [...group.querySelectorAll(".setting")];
    for (const setting of settings) {
      const text = setting.textContent.toLowerCase();
      setting.hidden = !words.every((word) => text.includes(word));
    }
    const left = settings.filter((setting) => !setting.hidden).length;
    group.hidden = left === 0;
    found += left;
  }
  document.getElementById("none-found").hidden = found > 0;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copies]");
  if (button) copy(button);
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-finds]")) find(event.target);
});
