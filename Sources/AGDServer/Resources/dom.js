// Making elements. Text reaches the page through text nodes only, so that nothing a model says is ever read as HTML.

export const byId = (id) => document.getElementById(id);

// Properties with a hyphen are attributes; those that are undefined, null or false are left out.
export function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.includes("-")) node.setAttribute(key, value === true ? "" : value);
    else node[key] = value;
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// `key` names the button among all, so that it keeps the focus when its surroundings are drawn again.
export const button = (label, action, { key, ...properties } = {}) =>
  element("button", { type: "button", textContent: label, onclick: action, "data-key": key, ...properties });

// Draws a part of the page again without taking the focus away from whoever works there by keyboard.
export function keepingFocus(redraw) {
  const key = document.activeElement?.dataset?.key;
  redraw();
  if (!key || document.activeElement?.dataset?.key === key) return;
  document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

// How to scroll to what is asked for.
export const scrolling = () => ({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });

export function percent(share) {
  return `${Math.round(100 * share)} %`;
}
