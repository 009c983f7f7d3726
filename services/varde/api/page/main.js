// The page: which view is shown, the keys, and what a person asks for.

import { askRefresh, askSync } from "./calls.js";
import { Detail } from "./detail.js";
import { byId, fill, h, toast } from "./dom.js";
import { List } from "./list.js";
import { Rows } from "./rows.js";
import { keyOf, mark, short } from "./words.js";

const rows = new Rows();
const list = new List(rows, (row) => go(row));
const detail = new Detail(rows, { sync: askForSync, refresh: askForRefresh });
const filter = byId("filter");
const dialog = byId("sync-dialog");
let wanted = ""; // the application that the address names
let asking = null; // the application that the sync dialog is about

function go(row) {
  location.hash = row ? `#/app/${encodeURIComponent(row.namespace)}/${encodeURIComponent(row.name)}` : "#/";
}

/** Shows what the address says. */
function route() {
  const [, , namespace, name] = location.hash.split("/").map(decodeURIComponent);
  wanted = name ? `${namespace}/${name}` : "";
  byId("list").hidden = Boolean(wanted);
  byId("detail").hidden = !wanted;
  document.title = wanted ? `${name} · Varde` : "Varde";
  if (wanted) {
    list.selected = wanted;
    detail.show({ namespace, name });
  } else {
    detail.hide();
    list.soon();
    list.grid.focus({ preventScroll: true });
  }
}

/** The application that keys speak of: the one that is open, else the selected row. */
const current = () => rows.get(wanted || list.selected);

async function ask(row, words, call) {
  try {
    await call;
    toast(`${row.name}: ${words}`);
  } catch (error) {
    toast(`${row.name}: ${error.message}`, "bad");
  }
}

function askForRefresh(row, hard = false) {
  ask(row, hard ? "hard refresh asked for" : "refresh asked for", askRefresh(row, hard));
}

function askForSync(row, revision = "") {
  asking = row;
  byId("sync-title").textContent = `Sync ${row.name}`;
  byId("sync-about").textContent = `${row.repo} ${row.path} at ${row.targetRevision || "HEAD"}, now at ${row.revisions.map(short).join(" ") || "nothing"}`;
  byId("sync-revision").value = revision;
  byId("sync-prune").value = "";
  byId("sync-dry").checked = false;
  dialog.returnValue = "";
  dialog.showModal();
  byId("sync-go").focus();
}

dialog.addEventListener("close", () => {
  if (dialog.returnValue !== "sync") return;
  const prune = byId("sync-prune").value;
  const options = { revision: byId("sync-revision").value.trim(), dryRun: byId("sync-dry").checked };
  ask(asking, "sync asked for", askSync(asking, prune ? { ...options, prune: prune === "true" } : options));
});

const CHIPS = ["Failed", "Error", "Degraded", "Missing", "OutOfSync", "Progressing", "Unknown", "Suspended"];

/** The bar's counts: of each state that a person may have to look at, a button that shows only those. */
function count() {
  const tally = new Map();
  const add = (word, query) => tally.set(query, { word, query, count: (tally.get(query)?.count ?? 0) + 1 });
  for (const row of rows.byKey.values()) {
    if (row.phase === "Failed" || row.phase === "Error") add(row.phase, `phase:${row.phase}`.toLowerCase());
    if (row.health !== "Healthy") add(row.health, `health:${row.health}`.toLowerCase());
    if (row.sync !== "Synced") add(row.sync, `sync:${row.sync}`.toLowerCase());
  }
  const buttons = [...tally.values()].sort((a, b) => CHIPS.indexOf(a.word) - CHIPS.indexOf(b.word)).map(({ word, query, count: number }) => {
    const [shape, tone] = mark(word);
    const pressed = filter.value === query;
    return h("button", { type: "button", class: "count", "aria-pressed": String(pressed), onclick: () => setFilter(pressed ? "" : query) },
      h("span", { class: `mark ${tone}`, "aria-hidden": "true" }, shape), `${number} ${word}`);
  });
  const total = rows.loaded && !buttons.length && rows.byKey.size ? h("span", { class: "fine" }, h("span", { class: "mark good", "aria-hidden": "true" }, "✓"), `${rows.byKey.size} synced and healthy`) : null;
  fill(byId("counts"), buttons, total);
}

function setFilter(text) {
  filter.value = text;
  list.setFilter(text);
  count();
  if (wanted) go(null);
}

function connection() {
  const place = byId("connection");
  place.textContent = rows.live ? "live" : rows.loaded ? "disconnected" : "connecting";
  place.className = `connection ${rows.live ? "on" : "off"}`;
  const lost = rows.loaded && !rows.live;
  byId("banner").hidden = !lost;
  byId("banner").textContent = lost ? `Connection lost. This is how things were at ${new Date(rows.seenAt).toLocaleTimeString()}; trying again …` : "";
  document.body.classList.toggle("old", lost);
}

const KEYS = {
  "/": () => filter.select(),
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: () => !wanted && step(1),
  ArrowUp: () => !wanted && step(-1),
  Enter: () => !wanted && current() && go(current()),
  s: () => current() && askForSync(current()),
  r: () => current() && askForRefresh(current()),
  Escape: () => (wanted ? go(null) : setFilter("")),
  "?": () => byId("help-dialog").showModal(),
};

function step(by) {
  const row = list.move(by);
  if (row && wanted) go(row);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const inFilter = event.target === filter;
  if (inFilter && !["Escape", "Enter", "ArrowDown", "ArrowUp"].includes(event.key)) return;
  const onControl = event.target.closest?.("button, a, summary, input, select");
  if (event.key === "Enter" && onControl && !inFilter) return;
  if (inFilter && event.key === "Enter" && !current()) list.move(0);
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  if (inFilter && event.key === "Escape") filter.blur();
  action();
}

let counting = null;
rows.addEventListener("rows", () => {
  counting ??= requestAnimationFrame(() => {
    counting = null;
    count();
  });
});
rows.addEventListener("connection", connection);
filter.addEventListener("input", () => {
  list.setFilter(filter.value);
  count();
  if (wanted) go(null);
});
byId("help-button").addEventListener("click", () => byId("help-dialog").showModal());
document.addEventListener("keydown", onKey);
window.addEventListener("hashchange", route);
route();
rows.start();
