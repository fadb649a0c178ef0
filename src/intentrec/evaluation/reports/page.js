"use strict";
// Draws every plot from the JSON beside it, one after the other, and opens folded tables for the printer.
(async () => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  const options = {
    mode: "vega-lite", renderer: "svg", actions: false, ast: true, tooltip: { theme: dark ? "dark" : "light" },
  };
  let drawn = 0;
  for (const place of document.querySelectorAll(".plot")) {
    const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
    try {
      await vegaEmbed(place, spec, options);
      drawn += 1;
    } catch (error) {
      place.textContent = `This plot could not be drawn (${error.message}); its numbers are in the table below it.`;
    }
  }
  document.documentElement.dataset.drawn = String(drawn);
})();
window.addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) {
    folded.open = true;
    folded.dataset.opened = "";
  }
});
window.addEventListener("afterprint", () => {
  for (const opened of document.querySelectorAll("details[data-opened]")) {
    opened.open = false;
    delete opened.dataset.opened;
  }
});
