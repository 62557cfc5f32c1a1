// The text that a base model continues. It is edited where it stands.
import { app, changed, marksChanged } from "./app.js";
import { element } from "./dom.js";
import { Editor } from "./editor.js";
import { term } from "./glossary.js";

export class TextView {
  constructor(turn) {
    this.turn = turn;
    const place = { turn: turn.id };
    this.editor = new Editor({
      text: turn.text, marks: app.conversation.marks, place, label: "Text to continue", rows: 6, key: "text", placeholder: "Once upon a time",
      onchange: ({ text, marks }) => {
        turn.text = text;
        marksChanged([...app.conversation.marks.filter((mark) => mark.turn !== turn.id), ...marks]);
        changed("words");
      },
    });
    this.node = element("article", { className: "turn text-turn", "aria-label": "Text" },
      element("div", { className: "head" }, element("h3", { className: "who", textContent: "Text" }), element("div", { className: "actions" }, this.editor.markButton({ key: `${turn.id}/mark` }))),
      element("p", { className: "hint" }, "This is a ", term("base", "base model"), ": write the beginning of a text, and it goes on."),
      this.editor.node);
    requestAnimationFrame(() => this.editor.draw());
  }

  update() { this.editor.set(this.turn.text, app.conversation.marks); }
}
