// Where the time of a change went: its budget, phase by phase, then span by span.

import { h } from "./dom.js";
import { ago, duration, full, short } from "./words.js";

const MOST_PHASES = 7; // as many as there are colours to tell them apart; the smaller ones are told together
const CAUSES = {
  "varde.cpu_s": "CPU", "varde.run_queue_s": "waited for a CPU", "varde.throttled_s": "throttled by a quota", "varde.steal_s": "stolen by the hypervisor",
  "varde.io_wait_s": "waited for a disk", "varde.gil_wait_s": "waited for the GIL (estimated)", "varde.loop_wait_s": "waited for the event loop (estimated)",
};
const TOLD_FROM_S = 0.005; // a wait that took less, or less than a third of its span, is in the title alone
const RESULTS = { success: "", skip: "nothing to do", cancellation: "overtaken", failure: "failed", error: "refused", timeout: "timed out" };

/** The spans as a tree, depth first, each part by its start; a part whose parent never came hangs on the whole. */
function lines(spans) {
  const ids = new Set(spans.map((span) => span.span_id));
  const below = new Map();
  for (const span of spans) {
    const parent = ids.has(span.parent_id) ? span.parent_id : "";
    below.set(parent, [...(below.get(parent) ?? []), span]);
  }
  const walk = (parent, depth) => {
    const parts = below.get(parent) ?? [];
    below.delete(parent); // what names itself as its parent has its parts once
    return parts
      .sort((a, b) => a.start_s - b.start_s || b.end_s - a.end_s)
      .flatMap((span) => [{ span, depth, whole: below.has(span.span_id) }, ...walk(span.span_id, depth + 1)]);
  };
  return walk("", 0);
}

/** The whole in words: how long until synced and healthy; of a commit's trace how many it touched. */
function totals(trace, root) {
  if (!root) return [h("strong", {}, "not healthy yet")];
  const told = root.attributes ?? {};
  if (root.name === "push") {
    const [touched, all] = [told["varde.touched"] ?? 0, told["varde.applications"] ?? 0];
    return ["the commit touched ", h("strong", {}, `${touched} of ${all}`), " applications, known after ", h("strong", {}, duration(trace.healthy_s))];
  }
  const result = RESULTS[told["cicd.pipeline.result"]] ?? "";
  if (result) return [h("strong", {}, result), " after ", h("strong", {}, duration(trace.healthy_s))];
  return ["push → synced ", h("strong", {}, duration(trace.synced_s)), " · push → healthy ", h("strong", {}, duration(trace.healthy_s))];
}

/** The budget: one bar, each phase as wide as its share, and the same in words. They sum to the whole. */
function budget(phases) {
  const total = phases.reduce((sum, phase) => sum + phase.seconds, 0);
  if (!total) return null;
  const ranked = [...phases].sort((a, b) => b.seconds - a.seconds);
  const shown = ranked.slice(0, MOST_PHASES).map((phase, index) => ({ ...phase, tone: `tone-${index}` }));
  const rest = ranked.slice(MOST_PHASES).reduce((sum, phase) => sum + phase.seconds, 0);
  if (rest) shown.push({ name: `${ranked.length - MOST_PHASES} others`, seconds: rest, tone: "tone-rest" });
  const bar = h("div", { class: "budget-bar", "aria-hidden": "true" }, shown.map((phase) => {
    const part = h("span", { class: phase.tone, title: `${phase.name}: ${duration(phase.seconds)}` });
    part.style.flexGrow = phase.seconds / total;
    return part;
  }));
  return h("div", { class: "budget" }, bar, h("ul", {}, shown.map((phase) =>
    h("li", {},
      h("span", { class: `swatch ${phase.tone}`, "aria-hidden": "true" }), `${phase.name} `,
      h("span", { class: "dim" }, `${duration(phase.seconds)} · ${Math.round((phase.seconds / total) * 100)} %`)))));
}

/** A choice among the changes whose traces are kept. */
function choice(traces, shown, choose) {
  const label = (each) =>
    [ago(each.began_s), each.reason || each.lane, short(each.revision), each.healthy_s === null ? "under way" : duration(each.healthy_s),
      RESULTS[each.result], each.kept && each.kept !== "share" ? `kept: ${each.kept}` : ""].filter(Boolean).join(" · ");
  const options = traces.map((each) => {
    const option = h("option", { value: each.id }, label(each));
    option.selected = each.id === shown;
    return option;
  });
  if (shown && !traces.some((each) => each.id === shown)) options.unshift(h("option", { value: shown, selected: "" }, "the commit"));
  const select = h("select", { "aria-label": "Which change" }, options);
  select.addEventListener("change", () => choose(select.value));
  return select;
}

/**
 * An element that shows one change.
 * @param trace with its spans and its budget, as the API gives it
 * @param traces the changes to choose from, newest first
 * @param choose is called with the id of another one
 */
export function waterfall(trace, traces, choose) {
  if (!trace.spans.length) return h("p", { class: "dim" }, "No change has been traced yet: the next push will be.");
  const root = trace.spans.find((span) => !span.parent_id);
  const from = Math.min(...trace.spans.map((span) => span.start_s));
  const to = Math.max(...trace.spans.map((span) => span.end_s));
  const length = Math.max(to - from, 1e-6);
  const cause = root?.links?.[0]?.split("-")[1];
  return h("div", {},
    h("div", { class: "change" },
      choice(traces, trace.id, choose),
      cause ? h("button", { type: "button", class: "quiet", onclick: () => choose(cause) }, "The commit’s trace") : null,
      trace.url ? h("a", { href: trace.url, rel: "noreferrer" }, "Open elsewhere") : null),
    h("p", {}, totals(trace, root), h("span", { class: "dim" }, ` · ${full(from)}`)),
    budget(trace.to_healthy),
    h("ol", { class: "waterfall" }, lines(trace.spans).map((part) => line(part, from, length))));
}

function line({ span, depth, whole }, from, length) {
  const bar = h("span", { class: `bar-in ${whole ? "whole" : ""} ${span.error ? "bad" : ""}` });
  bar.style.left = `${((span.start_s - from) / length) * 100}%`;
  bar.style.width = `${Math.max(((span.end_s - span.start_s) / length) * 100, 0.4)}%`;
  const name = h("span", { class: "span-name" }, span.name);
  name.style.paddingLeft = `${Math.min(depth, 8) * 0.8}rem`;
  const told = Object.entries(span.attributes ?? {});
  const causes = told.filter(([key]) => key in CAUSES).sort(([, a], [, b]) => b - a);
  const culprit = causes.find(([key, took]) => key !== "varde.cpu_s" && took >= TOLD_FROM_S && took >= (span.end_s - span.start_s) / 3);
  const details = told.filter(([key]) => !(key in CAUSES)).map(([key, value]) => `${key}: ${value}`);
  const spent = causes.map(([key, seconds]) => `${CAUSES[key]}: ${duration(seconds)}`);
  const events = (span.events ?? []).map((event) => eventLine(event.name, event.attributes ?? {}));
  return h("li", { title: [span.error, `+${duration(span.start_s - from)}`, ...spent, ...events, ...details].filter(Boolean).join("\n") },
    name,
    h("span", { class: "span-service" }, span.service ?? ""),
    h("span", { class: "bar-out", "aria-hidden": "true" }, bar),
    h("span", { class: "span-time" }, duration(span.end_s - span.start_s)),
    culprit ? h("span", { class: "span-cause" }, `${CAUSES[culprit[0]]}: ${duration(culprit[1])}`) : null,
    span.error ? h("span", { class: "span-error" }, `✕ ${span.error}`) : null);
}

const eventLine = (name, told) =>
  `${name} ${told["varde.object.kind"] ?? ""} ${told["varde.object.name"] ?? ""} ${duration(told["varde.object.seconds"] ?? 0)}`;
