"use strict";
// Shows the value of a slider while it moves, brings marked events into view, says when the server cannot be reached.
document.addEventListener("input", (event) => {
  const slider = event.target;
  if (slider.type !== "range") return;
  for (const output of document.querySelectorAll("output")) {
    if (output.htmlFor.contains(slider.id)) output.value = Number(slider.value).toFixed(2);
  }
});
document.addEventListener("htmx:after:settle", () => {
  for (const region of document.querySelectorAll(".scroll")) {
    const marked = region.querySelector(".lit");
    if (marked) region.scrollTop = marked.offsetTop - 24;
  }
});
document.addEventListener("htmx:error", () => {
  document.getElementById("problem").textContent = "The server did not answer. What is shown may be out of date.";
});
