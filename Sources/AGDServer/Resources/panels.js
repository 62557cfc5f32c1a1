// The panels at the sides: beside the conversation on a wide screen, over it on a narrow one.
import { byId } from "./dom.js";

const panels = ["conversations", "guidance"];
const isNarrow = () => matchMedia("(max-width: 62rem)").matches;

export function preparePanels() {
  for (const name of panels) {
    byId(`${name}-button`).addEventListener("click", () => toggle(name));
    byId(`${name}-close`).addEventListener("click", () => close());
  }
  byId("shade").addEventListener("click", () => close());
  addEventListener("keydown", (event) => { if (event.key === "Escape" && document.body.dataset.panel) { close(); event.preventDefault(); } }, true);
  addEventListener("resize", draw);
  new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["data-panel"] });
  draw();
}

function toggle(name) {
  document.body.dataset.panel = document.body.dataset.panel === name ? "" : name;
  draw();
  if (document.body.dataset.panel) byId(`${name}-close`).focus();
}

function close() {
  const name = document.body.dataset.panel;
  document.body.dataset.panel = "";
  draw();
  if (name) byId(`${name}-button`).focus();
}

function draw() {
  const open = document.body.dataset.panel;
  const covers = isNarrow() && Boolean(open);
  byId("middle").inert = covers;
  for (const name of panels) {
    byId(`${name}-button`).setAttribute("aria-expanded", String(open === name));
    byId(name).inert = isNarrow() && open !== name;
  }
}
