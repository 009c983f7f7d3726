// How states, commits and times are shown: always a shape and a word, never a colour alone.

const MARKS = {
  Synced: ["✓", "good"], OutOfSync: ["≠", "warn"],
  Healthy: ["●", "good"], Progressing: ["◐", "busy"], Suspended: ["‖", "quiet"], Missing: ["○", "warn"], Degraded: ["✕", "bad"],
  Succeeded: ["✓", "good"], Running: ["◐", "busy"], Terminating: ["◐", "busy"], Failed: ["✕", "bad"], Error: ["✕", "bad"],
  Unknown: ["?", "quiet"],
};

/** The shape and the tone of a state's word. */
export const mark = (word) => MARKS[word] ?? ["·", "quiet"];

const WORST_FIRST = { Degraded: 0, Missing: 1, Unknown: 2, Progressing: 3, Suspended: 4, Healthy: 5 };
const SYNC_ORDER = { OutOfSync: 0, Unknown: 1, Synced: 2 };

/** What needs a person comes first: failed syncs, then by health, then what differs from Git. */
export function urgency(row) {
  const failed = row.phase === "Failed" || row.phase === "Error" ? 0 : 1;
  return failed * 100 + (WORST_FIRST[row.health] ?? 2) * 10 + (SYNC_ORDER[row.sync] ?? 1);
}

/** Seven characters of a commit id; other revisions (a chart's version) whole. */
export const short = (revision) => (/^[0-9a-f]{40,64}$/.test(revision) ? revision.slice(0, 7) : revision);

export const shortAll = (revisions) => revisions.map(short).join(" ");

/** `3 min ago` of a time in RFC 3339 or Unix seconds; empty of none. */
export function ago(time) {
  const at = typeof time === "number" ? time * 1000 : Date.parse(time);
  if (!at) return "";
  const seconds = Math.max(0, (Date.now() - at) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** The full local time, for titles. */
export function full(time) {
  const at = typeof time === "number" ? time * 1000 : Date.parse(time);
  return at ? new Date(at).toLocaleString() : "";
}

/** `84 ms`, `1.42 s`, `2 min 05 s`. */
export function duration(seconds) {
  if (seconds < 0.001) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, "0")} s`;
}

export const keyOf = (row) => `${row.namespace}/${row.name}`;
