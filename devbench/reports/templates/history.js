"use strict";
const filter = document.getElementById("filter");
const moved = document.getElementById("moved");
const said = document.getElementById("said");
const groups = Array.from(document.querySelectorAll("details.variant"));
const openAtFirst = new Map(groups.map((group) => [group, group.open]));

function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const asked = words.length > 0 || moved.checked;
  let shown = 0;
  for (const group of groups) {
    let some = 0;
    for (const figure of group.querySelectorAll("figure")) {
      const text = figure.dataset.words.toLowerCase();
      const fits = words.every((word) => text.includes(word)) && (!moved.checked || "moved" in figure.dataset);
      figure.hidden = !fits;
      some += fits;
    }
    group.hidden = some === 0;
    group.open = asked ? some > 0 : openAtFirst.get(group);
    shown += some;
  }
  said.textContent = asked ? shown + (shown === 1 ? " line" : " lines") : "";
}

function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.hidden) {
    filter.value = "";
    moved.checked = false;
    show();
  }
  for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
  target.scrollIntoView();
  target.focus({ preventScroll: true });
}

filter.addEventListener("input", show);
moved.addEventListener("change", show);
addEventListener("hashchange", reveal);
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link && link.getAttribute("href") === location.hash) reveal();
});
show();
reveal();
