// Text that is selected on the page can be marked: a button appears beside it.
import { app, marksChanged } from "./app.js";
import { button, byId } from "./dom.js";
import { selectedRange } from "./layers.js";
import { adding, marksIn } from "./marks.js";
import { say } from "./status.js";

let found = null; // {turn, document?, start, end}

export function markPlace({ turn, document, start, end, weight = 1 }) {
  marksChanged(adding(app.conversation.marks, { turn, document, start, end, weight }));
  const again = app.conversation.turns.at(-1)?.role === "assistant" ? " “Again” gives the last one anew." : "";
  say(`Marked: answers will ${weight < 0 ? "be led away from" : "draw on"} it.${again}`);
}

export function unmarkPlace(place) {
  const own = marksIn(app.conversation.marks, place);
  marksChanged(app.conversation.marks.filter((mark) => !own.includes(mark)));
  say("No longer marked.");
}

function mark(weight) {
  if (!found) return;
  markPlace({ ...found, weight });
  getSelection().removeAllRanges();
  hide();
}

function hide() {
  found = null;
  byId("mark-bar").hidden = true;
}

function look() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return hide();
  const range = selection.getRangeAt(0);
  const around = range.commonAncestorContainer;
  const body = (around.nodeType === Node.ELEMENT_NODE ? around : around.parentElement)?.closest("[data-place]");
  const part = body && selectedRange(body, range);
  if (!part) return hide();
  found = { turn: body.dataset.place, document: body.dataset.document || undefined, ...part };
  show(range.getBoundingClientRect());
}

function show(place) {
  const bar = byId("mark-bar");
  bar.hidden = false;
  // Below the selection, where a phone's own menu isn't.
  const left = Math.max(8, Math.min(place.left, innerWidth - bar.offsetWidth - 8));
  const top = Math.min(place.bottom + 8, innerHeight - bar.offsetHeight - 8);
  Object.assign(bar.style, { left: `${left}px`, top: `${top}px` });
}

export function prepareSelection() {
  const bar = byId("mark-bar");
  bar.append(button("Mark", () => mark(1), { className: "primary small" }), button("Lead away", () => mark(-1), { className: "small", title: "Mark with a weight below 0, which forbids nothing" }));
  bar.addEventListener("mousedown", (event) => event.preventDefault());
  document.addEventListener("selectionchange", look);
  byId("thread").addEventListener("scroll", hide, { passive: true });
}
