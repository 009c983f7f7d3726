// Where the time of the newest change went, span by span.

import { h } from "./dom.js";
import { duration, full, short } from "./words.js";

/** The spans as a tree, depth first, each part by its start; a part whose parent never came hangs on the whole. */
function lines(spans) {
  const ids = new Set(spans.map((span) => span.span_id));
  const below = new Map();
  for (const span of spans) {
    const parent = ids.has(span.parent_id) ? span.parent_id : "";
    below.set(parent, [...(below.get(parent) ?? []), span]);
  }
  const walk = (parent, depth) =>
    (below.get(parent) ?? [])
      .sort((a, b) => a.start_s - b.start_s || b.end_s - a.end_s)
      .flatMap((span) => [{ span, depth, whole: below.has(span.span_id) }, ...walk(span.span_id, depth + 1)]);
  return walk("", 0);
}

const WHOLE = "converge"; // the root span, from the push until healthy
const WAIT = "wait for health"; // its part from synced until healthy

/** `push → synced …, push → healthy …`; that it is not so yet while the root span is missing. */
function totals(spans) {
  const whole = spans.find((span) => span.name === WHOLE);
  if (!whole) return [h("strong", {}, "not healthy yet")];
  const wait = spans.find((span) => span.name === WAIT);
  const synced = (wait?.start_s ?? whole.end_s) - whole.start_s;
  return ["push → synced ", h("strong", {}, duration(synced)), " · push → healthy ", h("strong", {}, duration(whole.end_s - whole.start_s))];
}

/** An element with the spans of a trace that are this application's or everybody's. */
export function waterfall(trace, row) {
  const mine = trace.spans.filter((span) => !span.application || (span.application.namespace === row.namespace && span.application.name === row.name));
  if (!mine.length) return h("p", { class: "dim" }, "No change has been traced yet: the next push will be.");
  const from = Math.min(...mine.map((span) => span.start_s));
  const to = Math.max(...mine.map((span) => span.end_s));
  const length = Math.max(to - from, 1e-6);
  const revision = mine.map((span) => span.attributes?.["vcs.ref.head.revision"]).find(Boolean);
  const table = h("ol", { class: "waterfall" }, lines(mine).map((part) => line(part, from, length)));
  return h("div", {},
    h("p", {}, totals(mine), h("span", { class: "dim" }, `${revision ? ` · ${short(String(revision))}` : ""} · ${full(from)}`)), table);
}

function line({ span, depth, whole }, from, length) {
  const bar = h("span", { class: `bar-in ${whole ? "whole" : ""} ${span.error ? "bad" : ""}` });
  bar.style.left = `${((span.start_s - from) / length) * 100}%`;
  bar.style.width = `${Math.max(((span.end_s - span.start_s) / length) * 100, 0.4)}%`;
  const name = h("span", { class: "span-name" }, span.name);
  name.style.paddingLeft = `${Math.min(depth, 8) * 0.8}rem`;
  const details = Object.entries(span.attributes ?? {}).map(([key, value]) => `${key}: ${value}`);
  return h("li", { title: [span.error, `+${duration(span.start_s - from)}`, ...details].filter(Boolean).join("\n") },
    name,
    h("span", { class: "span-service" }, span.service ?? ""),
    h("span", { class: "bar-out", "aria-hidden": "true" }, bar),
    h("span", { class: "span-time" }, duration(span.end_s - span.start_s)),
    span.error ? h("span", { class: "span-error" }, `✕ ${span.error}`) : null);
}
