// A turn of a person, the system or a tool: its text with marks, its documents, and its editing.
import { answerIn, answerNext, isRunning } from "./answering.js";
import { abort, app, changed, marksChanged, remember } from "./app.js";
import { setText } from "./conversation.js";
import { DocumentList, drawText, markButton } from "./document-view.js";
import { button, element } from "./dom.js";
import { Editor } from "./editor.js";
import { samePlace } from "./marks.js";
import { copyText, say } from "./status.js";

const names = { user: "You", system: "Instructions", tool: "Tool" };

export class TurnView {
  constructor(turn) {
    this.turn = turn;
    this.editor = null;
    this.head = element("div", { className: "head" });
    this.body = element("div", { className: "text plain", "data-place": turn.id });
    this.documents = new DocumentList(element("div", { className: "documents" }));
    this.node = element("article", { className: `turn ${turn.role}` }, this.head, this.body, this.documents.node);
    this.update();
  }

  update() {
    const { turn } = this;
    this.node.className = `turn ${turn.role}`;
    this.node.setAttribute("aria-label", names[turn.role]);
    if (this.editor) return; // Its marks are its own until it is saved.
    drawText(this.body, { turn: turn.id }, turn.text);
    this.body.hidden = !turn.text;
    this.head.replaceChildren(element("h3", { className: "who", textContent: names[turn.role] }), this.actions());
    this.documents.update(turn);
  }

  actions() {
    const { turn } = this;
    const key = (name) => `${turn.id}/${name}`;
    return element("div", { className: "actions" },
      button("Edit", () => this.edit(), { key: key("edit"), className: "quiet" }),
      turn.text ? markButton({ turn: turn.id }, turn.text, key("mark")) : null,
      turn.text ? button("Copy", () => copyText(turn.text), { key: key("copy"), className: "quiet" }) : null,
      button("Delete", () => this.remove(), { key: key("delete"), className: "quiet" }));
  }

  edit() {
    const { turn } = this;
    this.editor = new Editor({ text: turn.text, marks: app.conversation.marks, place: { turn: turn.id }, label: `Edit: ${names[turn.role]}`, rows: 2 });
    const role = element("select", { "aria-label": "Who says it" }, ...Object.entries(names).map(([value, textContent]) => element("option", { value, textContent, selected: value === turn.role })));
    const row = element("div", { className: "row" },
      button("Save and answer", () => this.save(role.value, true), { className: "primary small", disabled: isRunning() }),
      button("Save", () => this.save(role.value, false), { className: "small" }), this.editor.markButton(), role,
      button("Cancel", () => this.close(), { className: "quiet" }));
    this.editor.area.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.stopPropagation(); this.close(); }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.save(role.value, true);
    });
    this.body.hidden = true;
    this.head.querySelector(".actions").hidden = true;
    this.form = element("div", { className: "editing" }, this.editor.node, row);
    this.body.after(this.form);
    this.editor.draw();
    this.editor.area.focus();
  }

  close() {
    this.form?.remove();
    this.editor = this.form = null;
    this.update();
    this.head.querySelector("button")?.focus();
  }

  save(role, answers) {
    remember();
    const { turn, editor } = this;
    setText(app.conversation, { turn: turn.id }, editor.text);
    turn.role = role;
    marksChanged([...app.conversation.marks.filter((mark) => !samePlace(mark, { turn: turn.id })), ...editor.marks]);
    this.close();
    if (!answers || isRunning()) return changed("turns");
    if (role === "system") return this.answerLast();
    this.answerHere();
  }

  // Under other instructions the last turn is answered again.
  answerLast() {
    const last = app.conversation.turns.at(-1);
    if (last.role === "assistant") answerIn(app.conversation, last);
    else if (last !== this.turn) answerNext();
    else changed("turns");
  }

  // The answers to a turn stay as earlier ones; what was said on their strength goes.
  answerHere() {
    const { turns } = app.conversation;
    const at = turns.indexOf(this.turn);
    const next = turns[at + 1]?.role === "assistant" ? turns[at + 1] : null;
    const later = turns.splice(at + (next ? 2 : 1)).length;
    if (next) answerIn(app.conversation, next); else answerNext();
    if (later) say(`${later} later turn${later === 1 ? " is" : "s are"} gone.`, { undo: true });
  }

  remove() {
    remember();
    const { turns } = app.conversation;
    const at = turns.indexOf(this.turn);
    abort(turns.splice(at, turns[at + 1]?.role === "assistant" && this.turn.role === "user" ? 2 : 1));
    app.conversation.marks = app.conversation.marks.filter((mark) => turns.some((turn) => turn.id === mark.turn) || mark.turn === app.conversation.draft.id);
    changed("turns");
    changed("marks");
    say("Deleted.", { undo: true });
  }
}
