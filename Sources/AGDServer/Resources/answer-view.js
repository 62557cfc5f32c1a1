// One answer: its text as Markdown in which every token can be asked why, its line, and what went wrong.
import { app } from "./app.js";
import { goOn, answerIn, isRunning, tryAgain } from "./answering.js";
import { isSteered, shownAnswer } from "./conversation.js";
import { button, element } from "./dom.js";
import { term } from "./glossary.js";
import { markRanges, pieces } from "./layers.js";
import { markdown } from "./markdown.js";
import { marksIn } from "./marks.js";
import { usePreset } from "./presets.js";
import { footnoteList, footnoteRanges, litRange } from "./sources.js";
import { adviceOn, avoidedOf, lineOf, trustOf } from "./summary.js";
import { TokenView } from "./token-view.js";

// What to do about errors, by the server's code.
const remedies = {
  context_length_exceeded: "The conversation has become longer than the model can read. Delete early turns or documents, or begin a new conversation.",
  no_chat_template: "This is a base model, which continues texts: a new conversation has a box for one.",
  unreachable: "Start the server again, and try again here: nothing is lost.",
};

// What an answer is called where two stand side by side, as a word that explains itself.
function titleOf(answer) {
  if (answer.strategy === "agd") return term("guided", "Guided");
  if (isSteered(answer)) return term("avoid", "Words kept out");
  return answer.strategy === "sample" ? term("temperature", "Drawn") : term("greedy", answer.strategy === "edited" ? "Edited" : "Greedy");
}

export class AnswerView {
  constructor(turn, answer) {
    Object.assign(this, { turn, answer, explores: false, drawn: new Map() });
    this.title = element("h4", { className: "strategy" });
    this.thoughts = element("details", { className: "thoughts", hidden: true }, element("summary", { textContent: "Thoughts" }), element("div", { className: "plain" }));
    this.body = element("div", { className: "text", "data-place": turn.id });
    this.after = element("div", { className: "after" });
    this.foot = element("div", { className: "foot" });
    this.tokens = new TokenView(turn, answer, this);
    this.node = element("section", { className: "answer" }, this.title, this.thoughts, this.body, this.after, this.tokens.node, this.foot);
    this.body.addEventListener("click", (event) => this.touch(event));
    this.body.addEventListener("keydown", (event) => this.press(event));
  }

  update(actions, hasTitle) {
    const { answer } = this;
    this.title.replaceChildren(titleOf(answer));
    this.title.hidden = !hasTitle;
    this.node.classList.toggle("greedy", !isSteered(answer));
    if (answer !== shownAnswer(this.turn)) this.body.removeAttribute("data-place"); else this.body.dataset.place = this.turn.id;
    this.draw();
    const isRunning = app.running.has(answer.id);
    this.node.setAttribute("aria-busy", String(isRunning));
    this.after.replaceChildren(...[footnoteList(answer), ...this.notes(), this.failure(), this.continuation(isRunning)].filter(Boolean));
    this.foot.replaceChildren(element("div", { className: "actions" }, actions));
  }

  draw() {
    const { answer, body } = this;
    const isRunning = app.running.has(answer.id);
    this.thoughts.hidden = !answer.thoughts;
    this.thoughts.lastElementChild.textContent = answer.thoughts;
    const isShown = answer === shownAnswer(this.turn);
    const marks = isShown ? marksIn(app.conversation.marks, { turn: this.turn.id }) : [];
    const lit = isShown ? litRange({ turn: this.turn.id }) : [];
    const ranges = [...this.tokenRanges(), ...markRanges(marks), ...lit, ...footnoteRanges(answer)];
    const version = JSON.stringify([marks, lit, answer.sources.length]);
    const state = JSON.stringify([version, answer.text, isRunning]);
    if (state === this.state) return this.prepareTokens(); // A long talk isn't drawn again for each change.
    this.state = state;
    const draw = (start, end) => pieces(answer.text, start, end, ranges);
    body.replaceChildren(...(app.conversation.kind === "text" ? draw(0, answer.text.length) : markdown(answer.text, draw, this.drawn, version)));
    body.classList.toggle("plain", app.conversation.kind === "text");
    body.classList.toggle("waiting", isRunning && !answer.text);
    body.classList.toggle("writing", isRunning && answer.text !== "");
    this.prepareTokens();
  }

  // The space before a word is not underlined with it.
  tokenRanges() {
    let at = 0;
    return this.answer.tokens.flatMap((token, index) => {
      const end = at + token.text.length;
      const start = /\S/.test(token.text) ? end - token.text.trimStart().length : at;
      at = end;
      const range = { start, end, className: token.changed ? "token changed" : "token", data: { token: index } };
      return range.start < range.end ? [range] : [];
    });
  }

  notes() {
    const { answer } = this;
    if (!answer.finish || answer.finish === "failed") return [];
    const words = lineOf(answer).split(/(guided|changed|greedy|tokens?)/);
    const line = element("p", { className: "line" }, words.map((word) => (["guided", "changed", "greedy"].includes(word) ? term(word, word) : /^tokens?$/.test(word) ? term("token", word) : word)));
    const advice = adviceOn(answer, app.conversation.settings);
    const trust = trustOf(answer);
    const [avoided, share] = [avoidedOf(answer), trust && element("p", { className: answer.trust.reason ? "advice trust" : "line trust" }, term("trust", "Trust"), `: ${trust}`)];
    return [line, share, avoided && element("p", { className: "line", textContent: avoided }), advice && this.advice(advice), ...(answer.notes ?? []).map((note) => element("p", { className: "line", textContent: note }))].filter(Boolean);
  }

  advice({ text, preset }) {
    const node = element("p", { className: "advice" }, text, " ");
    if (preset) node.append(button(preset === "always" ? "Guide every word" : "Guide more strongly", () => { usePreset(preset); answerIn(app.conversation, this.turn); }, { key: `${this.answer.id}/advice`, className: "small", disabled: isRunning() }));
    return node;
  }

  failure() {
    const { answer, turn } = this;
    if (!answer.error) return null;
    const more = remedies[answer.error.code];
    return element("div", { className: "failure", role: "alert" }, element("p", { textContent: answer.error.message }), more ? element("p", { textContent: more }) : null,
      element("div", { className: "row" }, button("Try again", () => tryAgain(app.conversation, turn, answer), { key: `${answer.id}/retry`, className: "small primary" })));
  }

  continuation(isRunning) {
    const { answer, turn } = this;
    if (isRunning || app.conversation.kind === "text" || !answer.text || !["length", "stopped", "failed"].includes(answer.finish)) return null;
    const why = { length: `It was cut off after ${answer.tokens.length} tokens.`, stopped: "It was stopped.", failed: "It broke off." }[answer.finish];
    return element("p", { className: "cut" }, `${why} `, button("Go on", () => goOn(app.conversation, turn, answer), { key: `${answer.id}/go-on`, className: "small" }));
  }

  // ---- Asking tokens

  // By keyboard, tokens become buttons when they are asked for: who only listens is not held up by them.
  explore() {
    this.explores = !this.explores;
    if (!this.explores) this.tokens.close();
    this.prepareTokens();
    if (!this.explores) return;
    const first = this.body.querySelector(".changed") ?? this.body.querySelector("[data-token]");
    this.moveTo(first);
    this.tokens.hint();
  }

  prepareTokens() {
    for (const span of this.explores || this.tokens.index !== null ? this.body.querySelectorAll("[data-token]") : []) {
      const isOpen = Number(span.dataset.token) === this.tokens.index;
      span.classList.toggle("open", isOpen);
      if (!this.explores) continue;
      span.setAttribute("role", "button");
      span.setAttribute("aria-pressed", String(isOpen));
      span.tabIndex = isOpen ? 0 : -1;
      if (span.classList.contains("changed")) span.setAttribute("aria-label", `${span.textContent}, changed by guidance`);
    }
  }

  moveTo(span) {
    if (!span) return;
    for (const other of this.body.querySelectorAll('[data-token][tabindex="0"]')) other.tabIndex = -1;
    span.tabIndex = 0;
    span.focus();
  }

  touch(event) {
    const span = event.target.closest("[data-token]");
    if (!span || event.target.closest("a, button") || !getSelection().isCollapsed) return;
    this.open(Number(span.dataset.token));
  }

  open(index) {
    this.tokens.open(index);
    for (const span of this.body.querySelectorAll("[data-token].open")) span.classList.remove("open");
    this.prepareTokens();
  }

  press(event) {
    const span = event.target.closest?.("[data-token]");
    if (!span || !this.explores) return;
    const all = [...this.body.querySelectorAll("[data-token]")];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) this.moveTo(all[all.indexOf(span) + step]);
    else if (event.key === "Home" || event.key === "End") this.moveTo(all.at(event.key === "Home" ? 0 : -1));
    else if (event.key === "Enter" || event.key === " ") this.open(Number(span.dataset.token));
    else if (event.key === "Escape") this.explore();
    else return;
    event.stopPropagation();
    event.preventDefault();
  }
}
