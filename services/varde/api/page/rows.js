// The rows, live: everything once, then what changes; after a lost connection, what was missed.

import { checkSession } from "./calls.js";
import { keyOf } from "./words.js";

const SILENT_MS = 40_000; // the server gives a sign of life every 15 s
const RETRY_MS = [500, 1000, 2000, 4000];

export class Rows extends EventTarget {
  constructor() {
    super();
    this.byKey = new Map();
    this.loaded = false;
    this.live = false;
    this.seenAt = 0;
    this.last = "";
    this.tries = 0;
  }

  /** Starts to listen, and goes on for as long as the page is open. */
  start() {
    this.open();
    setInterval(() => {
      if (this.live && Date.now() - this.seenAt > SILENT_MS) {
        this.#state(false); // half a connection, or a machine that slept
        this.open();
      }
    }, 5000);
  }

  open() {
    this.source?.close();
    this.source = new EventSource(`/api/v1/stream?last=${encodeURIComponent(this.last)}`);
    this.source.addEventListener("open", () => this.#connected());
    this.source.addEventListener("rows", (event) => this.#take(event, JSON.parse(event.data)));
    this.source.addEventListener("change", (event) => this.#change(event, JSON.parse(event.data)));
    this.source.addEventListener("beat", () => (this.seenAt = Date.now()));
    this.source.addEventListener("error", () => this.#lost());
  }

  get(key) {
    return this.byKey.get(key);
  }

  #connected() {
    this.tries = 0;
    this.#state(true);
  }

  #lost() {
    this.#state(false);
    if (this.source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    const delay = RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)];
    setTimeout(() => {
      checkSession().catch(() => {});
      this.open();
    }, delay);
  }

  #state(live) {
    if (this.live !== live || !this.seenAt) {
      this.live = live;
      this.dispatchEvent(new CustomEvent("connection"));
    }
    if (live) this.seenAt = Date.now();
  }

  #take(event, { rows, first, more }) {
    if (first) this.byKey.clear();
    for (const row of rows) this.byKey.set(keyOf(row), row);
    if (!more) this.loaded = true;
    this.#seen(event, null);
  }

  #change(event, { key, row }) {
    const name = `${key.namespace}/${key.name}`;
    if (row) this.byKey.set(name, row);
    else this.byKey.delete(name);
    this.#seen(event, name);
  }

  #seen(event, name) {
    if (event.lastEventId) this.last = event.lastEventId;
    this.seenAt = Date.now();
    this.dispatchEvent(new CustomEvent("rows", { detail: name }));
  }
}
