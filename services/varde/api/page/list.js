// The table of all applications. Only the rows in sight are elements, so 5,000 applications cost what 50 do.

import { byId, fill, h, setText } from "./dom.js";
import { ago, full, keyOf, mark, short, shortAll, urgency } from "./words.js";

const ROW_PX = 36;
const SPARE_ROWS = 8;
const RELABEL_MS = 10_000;
const FIELDS = { sync: "sync", health: "health", project: "project", ns: "namespace", namespace: "namespace", phase: "phase" };

const COLUMNS = [
  { name: "Application", class: "c-name", order: (row) => row.name },
  { name: "Project", class: "c-project", order: (row) => row.project },
  { name: "Sync", class: "c-sync", order: (row) => row.sync },
  { name: "Health", class: "c-health", order: (row) => row.health },
  { name: "Revision", class: "c-revision", order: (row) => row.revisions.join() },
  { name: "Current to", class: "c-current", order: (row) => -row.verified.atS, title: "The newest commit that it is known to be up to date with" },
  { name: "Last sync", class: "c-synced", order: (row) => -(Date.parse(row.syncedAt) || 0) },
  { name: "Message", class: "c-message", order: (row) => row.message },
];

export class List {
  constructor(rows, open) {
    this.rows = rows;
    this.open = open;
    this.filter = "";
    this.column = null; // null: what needs a person first
    this.reverse = false;
    this.order = [];
    this.selected = "";
    this.pool = [];
    this.#build();
    rows.addEventListener("rows", () => this.soon(true));
    rows.addEventListener("connection", () => this.soon(true));
    setInterval(() => this.soon(false, true), RELABEL_MS);
  }

  #build() {
    this.head = h("div", { role: "row", class: "row head", "aria-rowindex": 1 }, COLUMNS.map((column, index) => {
      const button = h("button", { type: "button", title: column.title, onclick: () => this.sortBy(index) }, column.name);
      return h("span", { role: "columnheader", class: column.class, "aria-colindex": index + 1 }, button);
    }));
    this.body = h("div", { class: "rows", role: "rowgroup" });
    this.grid = h("div", {
      class: "grid", role: "grid", tabindex: 0, "aria-label": "Applications", "aria-colcount": COLUMNS.length,
      onscroll: () => this.soon(),
    }, h("div", { role: "rowgroup", class: "heads" }, this.head), this.body);
    this.empty = h("div", { class: "empty" });
    byId("list").append(this.grid, this.empty);
    new ResizeObserver(() => this.soon()).observe(this.grid);
  }

  /** Draws in the next frame, however often it is asked for before that. */
  soon(reorder = false, relabel = false) {
    this.stale ||= reorder;
    this.relabel ||= relabel;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.#draw();
    });
  }

  setFilter(text) {
    this.filter = text.trim().toLowerCase();
    this.soon(true);
  }

  sortBy(index) {
    if (this.column === index && this.reverse) [this.column, this.reverse] = [null, false];
    else [this.reverse, this.column] = [this.column === index, index];
    this.soon(true);
  }

  /** Selects the row that is `step` away from the selected one, among those shown, and brings it into sight. */
  move(step) {
    const at = this.order.findIndex((row) => keyOf(row) === this.selected);
    const next = Math.min(Math.max(at < 0 ? 0 : at + step, 0), this.order.length - 1);
    if (next < 0) return null;
    this.selected = keyOf(this.order[next]);
    const top = next * ROW_PX;
    const room = this.grid.clientHeight - this.head.offsetHeight;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    if (top + ROW_PX > this.grid.scrollTop + room) this.grid.scrollTop = top + ROW_PX - room;
    this.soon();
    return this.order[next];
  }

  #draw() {
    if (this.stale) this.#reorder();
    const first = Math.max(0, Math.floor(this.grid.scrollTop / ROW_PX) - SPARE_ROWS);
    const count = Math.ceil(this.grid.clientHeight / ROW_PX) + 2 * SPARE_ROWS;
    const shown = this.order.slice(first, first + count);
    while (this.pool.length < shown.length) this.pool.push(this.#line());
    this.pool.forEach((line, index) => this.#fill(line, shown[index], first + index));
    this.relabel = false;
    const selected = this.pool.find((line) => line.key === this.selected && line.row);
    if (selected) this.grid.setAttribute("aria-activedescendant", selected.element.id);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  #reorder() {
    this.stale = false;
    const wanted = this.#wanted();
    const by = this.column === null ? urgency : COLUMNS[this.column].order;
    const sign = this.reverse ? -1 : 1;
    const ranked = [...this.rows.byKey.values()].filter(wanted).map((row) => [by(row), keyOf(row), row]);
    ranked.sort((a, b) => (a[0] < b[0] ? -sign : a[0] > b[0] ? sign : a[1] < b[1] ? -1 : 1));
    this.order = ranked.map((entry) => entry[2]);
    this.body.style.height = `${this.order.length * ROW_PX}px`;
    this.places = new Set([...this.rows.byKey.values()].map((row) => row.namespace)).size > 1;
    this.grid.setAttribute("aria-rowcount", this.order.length + 1);
    this.head.querySelectorAll("[role=columnheader]").forEach((cell, index) => {
      cell.setAttribute("aria-sort", this.column !== index ? "none" : this.reverse ? "descending" : "ascending");
    });
    this.#say();
  }

  /** A test of one row: all words of the filter must fit; `field:value` looks at one field. */
  #wanted() {
    const tests = this.filter.split(/\s+/).filter(Boolean).map((word) => {
      const [field, value] = word.split(":", 2);
      if (FIELDS[field] && value !== undefined) return (row) => row[FIELDS[field]].toLowerCase().startsWith(value);
      return (row) => text(row).includes(word);
    });
    return (row) => tests.every((test) => test(row));
  }

  #say() {
    const { loaded, byKey } = this.rows;
    this.grid.classList.toggle("waiting", this.order.length === 0);
    this.grid.setAttribute("aria-busy", String(!loaded));
    if (this.order.length) return fill(this.empty);
    if (!loaded) return fill(this.empty, h("p", { class: "pulse" }, "Loading applications …"));
    if (byKey.size) {
      return fill(this.empty, h("p", {}, `None of ${byKey.size} applications fits this filter.`), h("p", { class: "dim" }, "Esc clears it."));
    }
    return fill(this.empty,
      h("p", {}, "No applications yet."),
      h("p", { class: "dim" }, "Varde takes Argo CD’s Application objects as they are:"),
      h("pre", {}, "kubectl apply -n argocd -f application.yaml"));
  }

  #line() {
    const cells = COLUMNS.map((column, index) => h("span", { role: "gridcell", class: column.class, "aria-colindex": index + 1 }));
    const name = h("a", { tabindex: -1 });
    const place = h("span", { class: "place" });
    cells[0].append(name, place);
    const line = { cells, name, place, element: null, row: null, key: "" };
    line.element = h("div", {
      role: "row", class: "row", id: `row-${this.pool.length}`,
      onclick: (event) => {
        if (event.target !== name) this.open(line.row);
      },
    }, cells);
    this.body.append(line.element);
    return line;
  }

  #fill(line, row, index) {
    line.element.hidden = !row;
    if (!row) return void (line.row = null);
    const key = keyOf(row);
    line.element.style.transform = `translateY(${index * ROW_PX}px)`;
    line.element.setAttribute("aria-rowindex", index + 2);
    line.element.setAttribute("aria-selected", String(key === this.selected));
    if (line.row === row && !this.relabel) return;
    [line.row, line.key] = [row, key];
    const [, project, sync, health, revision, current, synced, message] = line.cells;
    setText(line.name, row.name);
    line.name.href = `#/app/${encodeURIComponent(row.namespace)}/${encodeURIComponent(row.name)}`;
    setText(line.place, this.places ? row.namespace : "");
    setText(project, row.project);
    setState(sync, row.sync, row.phase === "Running" ? "syncing" : "");
    setState(health, row.health, row.deleting ? "deleting" : "");
    setText(revision, shortAll(row.revisions) || "–");
    setText(current, row.verified.commits.length ? row.verified.commits.map(short).join(" ") : "–");
    current.title = row.verified.atS ? `as of ${full(row.verified.atS)}` : "";
    setText(synced, ago(row.syncedAt) || "never");
    synced.title = full(row.syncedAt);
    setText(message, row.message);
    message.title = row.message;
  }
}

/** A state as shape and word; `also` is a word of what is going on besides. */
export function setState(cell, word, also = "") {
  const [shape, tone] = mark(word);
  if (cell.dataset.word === word && cell.dataset.also === also) return;
  Object.assign(cell.dataset, { word, also });
  fill(cell,
    h("span", { class: `mark ${tone}`, "aria-hidden": "true" }, shape), h("span", {}, word),
    also ? h("span", { class: "also" }, also) : null);
}

const texts = new WeakMap();

/** What free words of the filter look at. */
function text(row) {
  if (!texts.has(row)) {
    const parts = [row.name, row.namespace, row.project, row.sync, row.health, row.repo, row.path, row.destination, row.message];
    texts.set(row, [...parts, ...row.revisions].join(" ").toLowerCase());
  }
  return texts.get(row);
}
