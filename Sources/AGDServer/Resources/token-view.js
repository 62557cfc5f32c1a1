// Why a token: what else was likely, how each scored, and which words before it rests on.
import { app } from "./app.js";
import { tokensBefore } from "./answering.js";
import { button, element, scrolling } from "./dom.js";
import { term } from "./glossary.js";
import { post } from "./server.js";

const quick = 400; // Tokens up to which relevance is computed unasked.

export class TokenView {
  constructor(turn, answer, owner) {
    Object.assign(this, { turn, answer, owner, index: null, controller: null });
    this.node = element("div", { className: "why", hidden: true, "aria-live": "polite" });
  }

  hint() {
    this.node.hidden = false;
    this.node.replaceChildren(element("p", { className: "hint", textContent: "Arrow keys lead along the words, Enter tells why one was said, Escape ends it. A click or a touch on a word does the same." }));
  }

  close() {
    this.controller?.abort();
    this.index = null;
    this.node.hidden = true;
    this.owner.body.querySelectorAll(".open").forEach((span) => span.classList.remove("open"));
  }

  open(index) {
    this.controller?.abort();
    this.index = index;
    const token = this.answer.tokens[index];
    this.heat = element("div", { className: "heat-box" });
    this.node.hidden = false;
    this.node.replaceChildren(
      element("div", { className: "head" }, element("h4", {}, "Why ", element("code", { textContent: nameOf(token) })), button("Close", () => this.close(), { className: "quiet", key: `${this.answer.id}/close-why` })),
      element("p", {}, term("entropy", "Entropy"), ` ${token.entropy.toFixed(2)} nats. ${this.reason(token)}`),
      token.candidates ? this.table(token) : element("p", { className: "hint", textContent: "Its candidates weren't kept." }), this.heat);
    this.node.scrollIntoView({ ...scrolling(), block: "nearest" });
    this.offerHeat(index);
  }

  reason(token) {
    if (token.changed) return "Guidance took it instead of the model's first choice.";
    if (token.guided) return "Guidance looked, and agreed with the model's first choice.";
    if (this.answer.strategy === "agd") return "The model was sure enough: its first choice was taken.";
    return this.answer.strategy === "sample" ? "It was drawn by chance." : "It was the model's first choice.";
  }

  table(token) {
    const greedy = token.changed ? token.greedy : token.id;
    const scored = token.candidates.some((candidate) => candidate.score !== undefined);
    const row = (candidate) => element("tr", { className: candidate.id === token.id ? "chosen" : "" },
      element("td", {}, element("code", { textContent: candidate.name })), element("td", { textContent: `${(100 * candidate.probability).toFixed(1)} %` }),
      scored ? element("td", { textContent: candidate.score?.toFixed(3) ?? "–" }) : null,
      element("td", { textContent: [candidate.id === token.id ? "said" : "", candidate.id === greedy ? "first choice" : ""].filter(Boolean).join(", ") }));
    const heading = (content) => element("th", { scope: "col" }, content);
    return element("table", { className: "candidates" }, element("caption", {}, term("candidates", "Candidates"), " by falling probability"),
      element("thead", {}, element("tr", {}, heading("word"), heading("probability"), scored ? heading(term("score")) : null, heading(""))),
      element("tbody", {}, token.candidates.map(row)));
  }

  async offerHeat(index) {
    const compute = () => this.showHeat(index);
    const length = this.answer.tokens.length + app.conversation.turns.reduce((sum, turn) => sum + (turn.text?.length ?? 0) + (turn.documents ?? []).reduce((all, document) => all + document.text.length, 0), 0) / 4;
    if (length <= quick) return compute();
    this.heat.replaceChildren(button("What does it rest on?", compute, { className: "small", key: `${this.answer.id}/heat` }), element("span", { className: "hint", textContent: " Computed for all text before it; long ones take a while." }));
  }

  async showHeat(index) {
    this.controller = new AbortController();
    const { signal } = this.controller;
    const token = this.answer.tokens[index];
    this.heat.replaceChildren(element("p", { className: "hint waiting", textContent: "Tracing relevance…" }));
    try {
      const prompt = await tokensBefore(app.conversation, this.turn, this.answer, index, signal);
      const report = await post("v1/attributions", { prompt, targets: [token.id], agd: app.conversation.settings.rule ? { rule: app.conversation.settings.rule } : {} }, signal);
      if (this.index === index) this.drawHeat(report);
    } catch (error) {
      if (error.name !== "AbortError") this.heat.replaceChildren(element("p", { className: "failure", textContent: `The relevance can't be shown: ${error.message}` }));
    }
  }

  drawHeat({ tokens, targets: [{ tokens: relevance, logit }] }) {
    const largest = Math.max(...relevance.map(Math.abs)) || 1;
    const text = textsOf(tokens);
    const spans = tokens.map((_, position) => {
      const value = relevance[position];
      const span = element("span", { textContent: text[position], title: `relevance ${value.toFixed(3)}` });
      span.style.backgroundColor = `rgb(var(--${value < 0 ? "against" : "for"}) / ${(0.75 * Math.abs(value) / largest).toFixed(3)})`;
      return span;
    });
    this.heat.replaceChildren(
      element("p", { className: "hint" }, "What it rests on: ", term("relevance"), " of each word before. ", element("span", { className: "legend against", textContent: "spoke against it" }), " ", element("span", { className: "legend for", textContent: "spoke for it" }), ` strongest ${largest.toFixed(2)} of a logit of ${logit.toFixed(2)}`),
      element("div", { className: "heat", tabIndex: 0, role: "group", "aria-label": "Relevance of the words before" }, spans));
    this.node.scrollIntoView({ ...scrolling(), block: "nearest" });
  }
}

const nameOf = (token) => token.name ?? token.text;

// A character that several tokens make up shows at the last of them.
function textsOf(tokens) {
  const decoder = new TextDecoder();
  return tokens.map((token) => (token.bytes ? decoder.decode(Uint8Array.from(token.bytes), { stream: true }) : decoder.decode() + token.text));
}
