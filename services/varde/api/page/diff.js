// What a sync would change, object by object; the worker has masked Secrets before it left this.

import { h } from "./dom.js";
import { ago } from "./words.js";

const CHANGES = { added: ["+", "will be created"], changed: ["~", "will change"], removed: ["−", "will be deleted"] };
const OPEN_AT_ONCE = 3;
const LONGEST_LINES = 2000;

/** An element with a stored diff. */
export function diffView(stored) {
  if (!stored.objects.length) return h("p", { class: "dim" }, "No difference.");
  return h("div", {},
    stored.at_s ? h("p", { class: "dim" }, `as of ${ago(stored.at_s)}`) : null,
    stored.objects.map((object, index) => one(object, index < OPEN_AT_ONCE)));
}

function one({ resource, change, text }, open) {
  const [sign, words] = CHANGES[change] ?? ["·", change];
  const place = [resource.namespace, resource.name].filter(Boolean).join("/");
  const lines = text.trimEnd().split("\n");
  const kept = lines.slice(0, LONGEST_LINES).map((content) => h("span", { class: tone(content) }, `${content}\n`));
  const rest = lines.length - LONGEST_LINES;
  return h("details", { class: "diff", open },
    h("summary", {}, h("span", { class: `sign ${change}`, "aria-hidden": "true" }, sign), ` ${resource.kind} ${place} `, h("span", { class: "dim" }, words)),
    h("pre", { tabindex: 0 }, kept, rest > 0 ? `… ${rest} more lines: varde app diff` : null));
}

function tone(line) {
  if (line.startsWith("+++") || line.startsWith("---") || line.startsWith("@@")) return "hunk";
  if (line.startsWith("+")) return "plus";
  return line.startsWith("-") ? "minus" : "";
}
