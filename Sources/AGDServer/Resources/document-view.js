// A document of a turn: its text with marks, folded where it is long.
import { app, changed, marksChanged, remember } from "./app.js";
import { button, element, keepingFocus } from "./dom.js";
import { markRanges, pieces } from "./layers.js";
import { marksIn } from "./marks.js";
import { markPlace, unmarkPlace } from "./selection.js";
import { litRange } from "./sources.js";
import { say } from "./status.js";

const long = 4000; // characters

// Fills an element with a text, its marks, and the passage that a footnote lights up.
export function drawText(body, place, text) {
  body.replaceChildren(...pieces(text, 0, text.length, [...markRanges(marksIn(app.conversation.marks, place)), ...litRange(place)]));
}

// Marks a whole text, or takes its marks away.
export function markButton(place, text, key) {
  const isMarked = marksIn(app.conversation.marks, place).length > 0;
  return button(isMarked ? "Unmark" : "Mark", () => (isMarked ? unmarkPlace(place) : markPlace({ ...place, start: 0, end: text.length })), {
    key, className: "quiet", title: isMarked ? "Take the marks away" : "Mark all of it: answers will draw on it" });
}

class DocumentView {
  constructor(turn, document) {
    Object.assign(this, { turn, document, place: { turn: turn.id, document: document.id } });
    this.body = element("div", { className: "text plain", "data-place": turn.id, "data-document": document.id });
    this.actions = element("div", { className: "actions" });
    const count = document.text.trim().split(/\s+/).length;
    this.size = ` ${count} word${count === 1 ? "" : "s"}`;
    this.hint = element("span", { className: "hint" });
    this.node = element("details", { className: "document", open: document.text.length < long },
      element("summary", {}, element("span", { className: "title", textContent: document.title }), this.hint),
      this.body, this.actions);
  }

  // In place, so that it stays scrolled and folded as it was.
  update() {
    const top = this.body.scrollTop;
    drawText(this.body, this.place, this.document.text);
    this.body.scrollTop = top;
    this.hint.textContent = this.size + (this.document.untrusted ? " · untrusted" : "");
    this.actions.replaceChildren(markButton(this.place, this.document.text, `${this.document.id}/mark`), ...this.trustButton(),
      button("Remove", () => this.remove(), { className: "quiet", key: `${this.document.id}/remove`, "aria-label": `Remove the document ${this.document.title}` }));
  }

  // Where the server tells what rests on what is untrusted.
  trustButton() {
    if (!app.abilities?.trust) return [];
    const { document } = this;
    const toggle = () => {
      if (document.untrusted) delete document.untrusted; else document.untrusted = true;
      changed("turns");
      changed("draft");
      say(document.untrusted ? `“${document.title}” is to be read, not obeyed: below an answer it is told what rests on it.` : `“${document.title}” is trusted.`);
    };
    return [button("Untrusted", toggle, { key: `${document.id}/trust`, className: "quiet", "aria-pressed": String(Boolean(document.untrusted)), title: "Text from elsewhere: tells how much of each answer rests on it" })];
  }

  remove() {
    remember();
    this.turn.documents = this.turn.documents.filter((other) => other !== this.document);
    marksChanged(app.conversation.marks.filter((mark) => mark.document !== this.document.id));
    changed("turns");
    changed("draft");
    say("Removed.", { undo: true });
  }
}

// The documents of a turn in a box that keeps their views.
export class DocumentList {
  constructor(node) { Object.assign(this, { node, views: new Map() }); }

  update(turn) {
    const documents = turn.documents ?? [];
    for (const [id, view] of this.views) if (!documents.includes(view.document)) { view.node.remove(); this.views.delete(id); }
    keepingFocus(() => documents.forEach((document, index) => {
      if (!this.views.has(document.id)) this.views.set(document.id, new DocumentView(turn, document));
      const view = this.views.get(document.id);
      view.update();
      if (this.node.children[index] !== view.node) this.node.insertBefore(view.node, this.node.children[index] ?? null);
    }));
  }
}
