// A turn of the assistant: the answer that goes on, its earlier versions, and the model's own beside it.
import { app, changed, marksChanged, remember } from "./app.js";
import { answerIn, compare, isRunning } from "./answering.js";
import { AnswerView } from "./answer-view.js";
import { besideAnswer, isSteered, newAnswer, shownAnswer } from "./conversation.js";
import { markButton } from "./document-view.js";
import { button, element } from "./dom.js";
import { Editor } from "./editor.js";
import { marksIn } from "./marks.js";
import { copyText } from "./status.js";

const nameOf = () => (app.conversation.kind === "text" ? "Continuation" : "Answer");

export class AssistantView {
  constructor(turn) {
    this.turn = turn;
    this.views = new Map();
    this.head = element("div", { className: "head" });
    this.columns = element("div", { className: "columns" });
    this.node = element("article", { className: "turn assistant", "aria-label": nameOf() }, this.head, this.columns);
    this.update();
  }

  update() {
    const answers = [shownAnswer(this.turn), besideAnswer(this.turn)].filter(Boolean);
    const views = answers.map((answer) => this.view(answer));
    this.head.replaceChildren(element("h3", { className: "who", textContent: nameOf() }), ...this.versions());
    this.columns.classList.toggle("two", views.length === 2);
    if (views.some((view, index) => this.columns.children[index] !== view.node) || this.columns.children.length !== views.length)
      this.columns.replaceChildren(...views.map((view) => view.node));
    views.forEach((view, index) => view.update(this.actions(answers[index], index === 1), views.length === 2));
  }

  view(answer) {
    if (!this.views.has(answer.id)) this.views.set(answer.id, new AnswerView(this.turn, answer));
    return this.views.get(answer.id);
  }

  stream(answer) { this.views.get(answer.id)?.draw(); }

  // Leads through earlier answers of this turn.
  versions() {
    const { answers, shown, id } = this.turn;
    if (answers.length < 2 || (answers.length === 2 && this.turn.beside !== null)) return [];
    const go = (step) => this.choose((shown + step + answers.length) % answers.length);
    return [element("div", { className: "versions" },
      button("‹", () => go(-1), { key: `${id}/earlier`, className: "quiet", "aria-label": "Earlier answer" }),
      element("span", { textContent: `${shown + 1}/${answers.length}`, "aria-label": `Answer ${shown + 1} of ${answers.length}` }),
      button("›", () => go(1), { key: `${id}/later`, className: "quiet", "aria-label": "Later answer" }))];
  }

  choose(index) {
    // Marks in an answer are of that answer's words.
    const own = marksIn(app.conversation.marks, { turn: this.turn.id });
    if (own.length) { remember(); marksChanged(app.conversation.marks.filter((mark) => !own.includes(mark))); }
    if (this.turn.beside === index) this.turn.beside = this.turn.shown;
    this.turn.shown = index;
    changed("turns");
  }

  actions(answer, isBeside) {
    const { turn } = this;
    if (app.running.has(answer.id)) return [];
    const key = (name) => `${answer.id}/${name}`;
    const copy = answer.text ? button("Copy", () => copyText(answer.text, "The answer"), { key: key("copy"), className: "quiet" }) : null;
    const why = answer.tokens.length ? button("Why these words", () => this.view(answer).explore(), { key: key("why"), className: "quiet", "aria-expanded": String(this.view(answer).explores) }) : null;
    if (isBeside) {
      return [copy, why,
        button("Take this one", () => this.choose(turn.answers.indexOf(answer)), { key: key("take"), className: "quiet" }),
        button("Close", () => { turn.beside = null; changed("turns"); }, { key: key("close"), className: "quiet", "aria-label": "Close the answer beside it" })];
    }
    return [copy, why,
      answer.finish === "failed" ? null : button("Again", () => answerIn(app.conversation, turn), { key: key("again"), className: "quiet", disabled: isRunning(), title: "Answer once more, with the marks and settings as they are now" }),
      isSteered(answer) && turn.beside === null ? button("Beside greedy", () => compare(app.conversation, turn), { key: key("beside"), className: "quiet", disabled: isRunning(), title: "What the model says by itself" }) : null,
      button("Edit", () => this.edit(answer), { key: key("edit"), className: "quiet" }),
      answer.text && app.conversation.kind === "chat" ? markButton({ turn: turn.id }, answer.text, key("mark")) : null];
  }

  // An edited answer is a version of its own.
  edit(answer) {
    const editor = new Editor({ text: answer.text, marks: app.conversation.marks, place: { turn: this.turn.id }, label: "Edit the answer", rows: 3 });
    const close = () => { form.remove(); this.columns.hidden = false; this.update(); };
    const save = () => {
      remember();
      this.turn.answers.push({ ...newAnswer("edited"), text: editor.text, finish: "stop" });
      this.turn.shown = this.turn.answers.length - 1;
      this.turn.beside = null;
      marksChanged([...app.conversation.marks.filter((mark) => mark.turn !== this.turn.id), ...editor.marks]);
      close();
      changed("turns");
    };
    const form = element("div", { className: "editing" }, editor.node, element("div", { className: "row" },
      button("Save", save, { className: "primary small" }), editor.markButton(), button("Cancel", close, { className: "quiet" })));
    this.columns.hidden = true;
    this.columns.after(form);
    editor.draw();
    editor.area.focus();
  }
}
