// What is marked, and how strongly each mark counts.
import { app, changed, marksChanged, on } from "./app.js";
import { nameOf, placeOf, places } from "./conversation.js";
import { button, byId, element, keepingFocus, scrolling } from "./dom.js";
import { term } from "./glossary.js";
import { adding, occurrences } from "./marks.js";
import { say } from "./status.js";

export function prepareGuidance() {
  for (const what of ["open", "marks", "turns"]) on(what, draw);
  byId("mark-text").addEventListener("submit", (event) => { event.preventDefault(); markEverywhere(byId("sought").value); });
}

function draw() {
  const { conversation } = app;
  const order = places(conversation).map((place) => `${place.turn}/${place.document ?? ""}`);
  const at = (mark) => order.indexOf(`${mark.turn}/${mark.document ?? ""}`);
  const marks = [...conversation.marks].sort((a, b) => at(a) - at(b) || a.start - b.start);
  byId("mark-count").textContent = marks.length + (conversation.templateWeight ? 1 : 0) || "";
  const rows = [...(conversation.templateWeight ? [templateRow()] : []), ...marks.map(row)];
  const isDragging = document.activeElement?.type === "range" && byId("marks").contains(document.activeElement);
  if (isDragging && byId("marks").children.length === rows.length) return; // A slider is being moved.
  keepingFocus(() => byId("marks").replaceChildren(...(rows.length ? rows : [element("li", { className: "hint" }, "Nothing yet. Select text in the conversation, and press Mark. Until then answers are ", term("greedy"), ".")])));
}

function row(mark) {
  const place = placeOf(app.conversation, mark);
  const text = place?.text.slice(mark.start, mark.end) ?? "";
  // The middle of a long one is left out, between words where there are some.
  const shown = text.length > 160 ? `${text.slice(0, 110).replace(/\s\S*$/, "")} … ${text.slice(-40).replace(/^\S*\s/, "")}` : text;
  return line(shown, nameOf(place), mark.weight, `${mark.id}`, (weight) => { mark.weight = weight; changed("marks"); },
    () => marksChanged(app.conversation.marks.filter((other) => other !== mark)), mark);
}

const templateRow = () => line("What the template adds", "Template", app.conversation.templateWeight, "template",
  (weight) => { app.conversation.templateWeight = weight; changed("marks"); }, () => { app.conversation.templateWeight = 0; changed("marks"); });

function line(text, where, weight, key, setWeight, remove, mark) {
  const value = element("output", { value: weight.toFixed(1) });
  const slider = element("input", { type: "range", min: -1, max: 1, step: 0.1, value: weight, "aria-label": `Weight of: ${text.slice(0, 80)}`, "data-key": `${key}/weight` });
  const quote = element("q", { className: weight < 0 ? "away" : weight === 0 ? "off" : "", textContent: text });
  slider.addEventListener("input", () => {
    const weight = Number(slider.value);
    value.value = weight.toFixed(1);
    quote.className = weight < 0 ? "away" : weight === 0 ? "off" : "";
    setWeight(weight);
  });
  const go = mark ? button("Show", () => document.querySelector(`[data-place="${CSS.escape(mark.turn)}"]${mark.document ? `[data-document="${CSS.escape(mark.document)}"]` : ""} .marked`)?.scrollIntoView(scrolling()), { className: "quiet", key: `${key}/show` }) : null;
  return element("li", {}, quote, element("div", { className: "row" }, element("span", { className: "hint", textContent: where }), slider, value, go, button("Remove", remove, { className: "quiet", key: `${key}/remove`, "aria-label": `Remove the mark: ${text.slice(0, 80)}` })));
}

// Marks every occurrence of a text: the way for those who don't select with a mouse.
function markEverywhere(sought) {
  let { marks } = app.conversation;
  let count = 0;
  for (const { turn, document, text } of places(app.conversation)) {
    for (const start of occurrences(text, sought)) {
      marks = adding(marks, { turn, document, start, end: start + sought.length });
      count++;
    }
  }
  if (!count) return say(sought ? `“${sought}” occurs nowhere.` : "Write what to mark.", { isError: true });
  marksChanged(marks);
  byId("sought").value = "";
  say(`Marked ${count} time${count === 1 ? "" : "s"}.`);
}
