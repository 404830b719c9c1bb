// Takes away what was shown for a form that is filled in anew: it was shown for something else.
document.addEventListener("input", (event) => {
  event.target.closest("form")?.querySelector(".outcome")?.replaceChildren();
});
