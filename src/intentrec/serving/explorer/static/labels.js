"use strict";
// Keys on the page where people judge; what they do is written on the page. They rest while a text is being written.
(() => {
  const KEPT = "intentrec-keys";
  const box = document.getElementById("keys");
  let framed = 0;

  const criteria = () => [...document.querySelectorAll(".criterion")];
  const frame = (place) => {
    const all = criteria();
    framed = Math.max(0, Math.min(place, all.length - 1));
    all.forEach((each, at) => each.classList.toggle("framed", box.checked && at === framed));
    all[framed]?.scrollIntoView({ block: "nearest" });
  };
  const choose = (level) => {
    const choice = criteria()[framed]?.querySelectorAll("input[type=radio]")[level];
    if (!choice) return false;
    choice.checked = true;
    choice.focus();
    frame(framed + 1);
    return true;
  };
  const act = (key) => {
    if (/^[1-9]$/.test(key)) return choose(Number(key) - 1);
    if (key === "j" || key === "k") return frame(framed + (key === "j" ? 1 : -1)), true;
    if (key === "s") return document.getElementById("skip")?.click(), true;
    if (key === "Enter") return document.getElementById("verdicts")?.requestSubmit(), true;
    return false;
  };
  const writing = (target) => target.matches("input:not([type=radio]):not([type=checkbox]), select, textarea");
  const operated = (target, key) => key === "Enter" && target.matches("a, button, summary");

  document.addEventListener("keydown", (event) => {
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (writing(event.target) || operated(event.target, event.key)) return;
    if (act(event.key)) event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const place = criteria().findIndex((each) => each.contains(event.target));
    if (place >= 0) frame(place);
  });
  document.addEventListener("htmx:after:swap", () => frame(0));
  box.checked = localStorage.getItem(KEPT) !== "off";
  box.addEventListener("change", () => {
    localStorage.setItem(KEPT, box.checked ? "on" : "off");
    frame(framed);
  });
  frame(0);
})();
