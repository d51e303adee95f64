"use strict";
const table = document.getElementById("results");
const body = table.tBodies[0];
const original = Array.from(body.rows);
const keep = document.getElementById("keep");
const said = document.getElementById("said");
let sorted = { column: -1, direction: 0 };

function key(row, column) {
  const cell = row.cells[column];
  return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
}

function compare(a, b, column, direction) {
  const x = key(a, column), y = key(b, column);
  const xMissing = typeof x === "string" && a.cells[column].classList.contains("num");
  const yMissing = typeof y === "string" && b.cells[column].classList.contains("num");
  if (xMissing !== yMissing) return xMissing ? 1 : -1;
  if (typeof x === "number" && typeof y === "number") return direction * (x - y);
  return direction * String(x).localeCompare(String(y), undefined, { numeric: true });
}

function show() {
  const { column, direction } = sorted;
  const rows = original.slice();
  if (direction !== 0) rows.sort((a, b) => compare(a, b, column, direction));
  if (keep && keep.checked) {
    rows.sort((a, b) => Number(b.hasAttribute("data-ref")) - Number(a.hasAttribute("data-ref")));
  }
  body.append(...rows);
  Array.from(table.tHead.rows[0].cells).forEach((head, i) => {
    const word = i !== column || direction === 0 ? "none" : direction > 0 ? "ascending" : "descending";
    head.setAttribute("aria-sort", word);
  });
}

table.tHead.addEventListener("click", (event) => {
  const head = event.target.closest("th");
  if (!head || !event.target.closest("button")) return;
  const column = head.cellIndex;
  const following = { 0: 1, 1: -1, "-1": 0 };
  sorted = { column, direction: sorted.column === column ? following[sorted.direction] : 1 };
  show();
});
if (keep) keep.addEventListener("change", show);

function asCsv() {
  const quoted = (text) => '"' + text.replace(/\s+/g, " ").trim().replace(/"/g, '""') + '"';
  const heads = Array.from(table.tHead.rows[0].cells, (cell) => quoted(cell.textContent));
  const rows = Array.from(body.rows, (row) =>
    Array.from(row.cells, (cell) => cell.dataset.v === undefined ? quoted(cell.textContent) : cell.dataset.v).join(","));
  return [heads.join(","), ...rows].join("\n") + "\n";
}

document.getElementById("copy").addEventListener("click", async () => {
  const text = asCsv();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  said.textContent = "copied";
});

function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
  target.scrollIntoView();
  if (target.tabIndex === -1 && target.hasAttribute("tabindex")) target.focus({ preventScroll: true });
}

addEventListener("hashchange", reveal);
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link && link.getAttribute("href") === location.hash) reveal();
});
reveal();
