// Builds elements. Every text comes in as a text node, so a name or a message is never markup.

/** An element: attributes by name (`on…` are listeners, null ones left out), then children: elements, texts, null. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  fill(element, ...children);
  return element;
}

/** Gives an element new children; null ones are left out, lists taken apart. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
}

/** Sets a text only when it differs: an unchanged node costs no layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const byId = (id) => document.getElementById(id);

/** Says something that passes. */
export function toast(text, kind = "") {
  const note = h("div", { class: `toast ${kind}` }, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), kind === "bad" ? 9000 : 4000);
}
