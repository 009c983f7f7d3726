// One application: what is wrong, what it consists of, what a sync would change, where the last change's time went.

import { readDetail, readDiff, readTrace, readTraces } from "./calls.js";
import { diffView } from "./diff.js";
import { byId, fill, h } from "./dom.js";
import { setState } from "./list.js";
import { waterfall } from "./waterfall.js";
import { ago, full, keyOf, short, shortAll, urgency } from "./words.js";

const SETTLE_MS = 150;
const LATE_SPANS_MS = 1500; // spans are written behind the work

export class Detail {
  constructor(rows, { sync, refresh }) {
    this.rows = rows;
    this.actions = { sync, refresh };
    this.row = null;
    this.root = byId("detail");
    rows.addEventListener("rows", ({ detail: name }) => {
      if (this.row && (name === null || name === keyOf(this.row))) this.#soon(SETTLE_MS);
    });
  }

  show(row) {
    this.row = row;
    this.traceId = "";
    fill(this.root, h("p", { class: "pulse" }, `Loading ${row.name} …`));
    this.root.scrollTop = 0;
    this.root.focus({ preventScroll: true });
    this.#read();
  }

  hide() {
    this.row = null;
    clearTimeout(this.timer);
    fill(this.root);
  }

  #soon(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#read(), delay);
  }

  async #read() {
    const row = this.row;
    try {
      const detail = await readDetail(row);
      const [trace, traces, diff] = await Promise.all([
        readTrace(row, this.traceId).catch((error) => error),
        readTraces(row).catch(() => []),
        detail.summary.sync === "Synced" ? { objects: [] } : readDiff(row).catch((error) => error),
      ]);
      if (this.row !== row) return;
      this.#draw(detail, trace, traces, diff);
      this.#again(trace);
    } catch (error) {
      if (this.row === row) fill(this.root, this.#back(), h("p", { class: "problem" }, error.message));
    }
  }

  /** Looks once more when spans of a change may still be on their way. */
  #again(trace) {
    const newest = trace.spans?.length ? Math.max(...trace.spans.map((span) => span.end_s)) : 0;
    if (Date.now() / 1000 - newest < 2 * (LATE_SPANS_MS / 1000)) this.#soon(LATE_SPANS_MS);
  }

  /** Shows another of the changes that are kept; the newest follows what happens. */
  #choose(id, traces) {
    this.traceId = id === traces[0]?.id ? "" : id;
    this.#read();
  }

  #draw(detail, trace, traces, diff) {
    const scroll = this.root.scrollTop;
    const choosing = this.root.contains(document.activeElement) && document.activeElement.tagName === "SELECT";
    const open = [...this.root.querySelectorAll("details.diff")].map((element) => element.open);
    fill(this.root,
      this.#back(), this.#heading(detail), facts(detail), problems(detail),
      h("div", { class: "columns" },
        h("div", {},
          detail.summary.sync === "Synced" ? null : section("Diff", diff instanceof Error ? note(diff) : diffView(diff)),
          section("Changes", trace instanceof Error ? note(trace) : waterfall(trace, traces, (id) => this.#choose(id, traces))),
          section(`Resources (${detail.resources.length})`, resources(detail.resources))),
        h("div", {}, section("History", history(detail.history, (entry) => this.actions.sync(detail.summary, entry.revisions[0]))))));
    this.root.querySelectorAll("details.diff").forEach((element, index) => (element.open = open[index] ?? element.open));
    if (choosing) this.root.querySelector("select")?.focus();
    this.root.scrollTop = scroll;
  }

  #back() {
    return h("a", { class: "back", href: "#/" }, "← All applications");
  }

  #heading({ summary }) {
    const button = (text, action, kind = "") => h("button", { type: "button", class: kind, onclick: action }, text);
    return h("div", { class: "heading" },
      h("h1", {}, summary.name, h("span", { class: "place" }, summary.namespace)),
      state(summary.sync), state(summary.health, summary.deleting ? "deleting" : ""),
      h("div", { class: "buttons" },
        button("Sync …", () => this.actions.sync(summary), "primary"),
        button("Refresh", () => this.actions.refresh(summary)),
        button("Hard refresh", () => this.actions.refresh(summary, true), "quiet")));
  }
}

const note = (error) => h("p", { class: "dim" }, error.message);

const section = (title, content) => h("section", {}, h("h2", {}, title), content);

function state(word, also = "") {
  const element = h("span", { class: "state" });
  setState(element, word, also);
  return element;
}

function facts({ summary, sources, operation, asked, reconciledAt }) {
  const fact = (name, ...content) => [h("dt", {}, name), h("dd", {}, content)];
  const verified = summary.verified;
  return h("dl", { class: "facts" },
    sources.map((source) => fact("Source",
      h("code", {}, source.repo), ` ${source.chart || source.path || "."} `, h("span", { class: "dim" }, `at ${source.targetRevision || "HEAD"}`))),
    fact("Revision", h("code", { title: summary.revisions.join("\n") }, shortAll(summary.revisions) || "none yet"),
      summary.syncedAt ? h("span", { class: "dim", title: full(summary.syncedAt) }, ` synced ${ago(summary.syncedAt)}`) : ""),
    verified.commits.length
      ? fact("Current to", h("code", { title: verified.commits.join("\n") }, verified.commits.map(short).join(" ")),
        h("span", { class: "dim", title: full(verified.atS) }, ` as of ${ago(verified.atS)}`))
      : null,
    fact("Goes to", summary.destination || "the namespaces that its objects name", summary.automated ? h("span", { class: "dim" }, " automatically") : ""),
    operation
      ? fact("Last operation", state(operation.phase), ` ${operation.message} `,
        h("span", { class: "dim", title: full(operation.finishedAt || operation.startedAt) },
          `${operation.finishedAt ? `ended ${ago(operation.finishedAt)}` : `began ${ago(operation.startedAt)}`}` +
          `${operation.initiatedBy ? ` by ${operation.initiatedBy}` : ""}${operation.retries ? `, retried ${operation.retries}×` : ""}`))
      : null,
    asked ? fact("Asked for", "a sync that has not begun yet") : null,
    reconciledAt ? fact("Compared", h("span", { title: full(reconciledAt) }, ago(reconciledAt))) : null);
}

function problems({ conditions }) {
  return conditions.map((condition) => {
    const bad = condition.type.endsWith("Error");
    return h("div", { class: `problem ${bad ? "" : "mild"}` },
      h("strong", {}, h("span", { "aria-hidden": "true" }, bad ? "✕ " : "! "), condition.type),
      condition.at ? h("span", { class: "dim", title: full(condition.at) }, ` since ${ago(condition.at)}`) : "",
      h("p", {}, condition.message));
  });
}

function resources(all) {
  if (!all.length) return h("p", { class: "dim" }, "None known yet.");
  const ranked = [...all].sort((a, b) => urgency({ ...a, phase: "" }) - urgency({ ...b, phase: "" }));
  const head = ["Kind", "Name", "Sync", "Health", "Message"].map((name) => h("th", { scope: "col" }, name));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Resources" },
    h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, ranked.map((entry) =>
      h("tr", {},
        h("td", {}, entry.kind, h("span", { class: "place" }, entry.group)),
        h("td", {}, entry.name, h("span", { class: "place" }, entry.namespace)),
        h("td", {}, entry.sync ? state(entry.sync, entry.requiresPruning ? "to prune" : "") : ""),
        h("td", {}, entry.health ? state(entry.health) : h("span", { class: "dim" }, "–")),
        h("td", { class: "words" }, entry.message))))));
}

function history(entries, syncTo) {
  if (!entries.length) return h("p", { class: "dim" }, "Never synced.");
  return h("ol", { class: "history" }, entries.map((entry, index) =>
    h("li", {},
      h("code", { title: entry.revisions.join("\n") }, shortAll(entry.revisions)),
      h("span", { class: "dim", title: full(entry.deployedAt) }, ` ${ago(entry.deployedAt)}${entry.initiatedBy ? ` by ${entry.initiatedBy}` : ""}`),
      index && entry.revisions.length === 1
        ? h("button", { type: "button", class: "quiet small", onclick: () => syncTo(entry) }, "Sync to this …")
        : null)));
}
