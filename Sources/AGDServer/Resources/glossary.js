// Words that need explaining explain themselves.
import { byId, element } from "./dom.js";

const meanings = {
  trust: ["Trust", "A document that is “untrusted” is there to be read, not obeyed. Its share of a sentence is how much of what made the sentence's words came from it. An answer that is taken from a document rests on it: a large share is no sign of an attack, and a small one none of safety. A limit in the settings tells, or withholds, answers that rest on it more."],
  avoid: ["Words to avoid", "They are kept out of answers, however they are spelled in tokens and cases. “tea” is the word alone, “tea*” every word that begins so. Synonyms and other spellings stay possible."],
  greedy: ["Greedy", "The model by itself: at each step it says the word that it finds most likely."],
  guided: ["Guided", "At a step where the model hesitates, guidance takes, of the words that the model itself finds likely, the one that draws most on what you have marked."],
  changed: ["Changed", "Guidance took another word than the model's first choice. Such words are underlined in the answer."],
  marks: ["Marked passages", "What the answer should draw on. Select text anywhere in the conversation and press “Mark”. A weight below 0 turns it round: the answer then avoids words that rest on the passage. Careful: marking the word “coffee” below 0 inside “never say coffee” also weakens that sentence."],
  token: ["Token", "The piece of text that a model writes at a time: a word, a part of one, or a sign."],
  candidates: ["Candidates", "The words that guidance may choose from at a step: the few that the model finds most likely."],
  score: ["Score", "How much a word owes to what is marked. “Sum” adds up the relevance of the marked words, as published. “Excess” counts what goes beyond the share that is usual at this place; it changes more."],
  relevance: ["Relevance", "How much each word of the text before contributed to a word that the model said, traced back through the network. Red spoke for it, blue against it."],
  entropy: ["Entropy", "How unsure the model is about the next word, in nats: 0 where it is certain, about 1.7 where six words are equally likely."],
  threshold: ["Entropy threshold", "Guidance steps in only where the model is at least this unsure. Small and well-trained models are seldom unsure: lower it, or switch it off. `agd tune` chooses settings by examples of your own."],
  rule: ["Rule", "How relevance is passed back through the layers. AttnLRP is the published one; the others are there to compare."],
  temperature: ["Temperature", "0: always the most likely word. Above: words are drawn by chance, the more freely the higher. Where something is marked nothing is drawn."],
  template: ["Chat template", "The form in which the model was trained to read conversations. It may add words of its own, which the model reads like yours."],
  base: ["Base model", "A model that continues texts and was not trained to converse."],
  sources: ["Sources", "Which passages each sentence of an answer owes most to, by relevance. It takes a little longer."],
};

// A word with its meaning behind it.
export function term(name, text) {
  const node = element("button", { type: "button", className: "term", textContent: text ?? meanings[name][0].toLowerCase(), "aria-haspopup": "dialog", "data-term": name });
  node.addEventListener("click", (event) => { event.stopPropagation(); event.preventDefault(); explain(name, node); });
  return node;
}

// Turns the page's own <span data-term> into such words.
export function prepareTerms() {
  for (const span of document.querySelectorAll("span[data-term]")) span.replaceWith(term(span.dataset.term, span.textContent));
  byId("meaning").addEventListener("toggle", (event) => { if (event.newState === "closed" && opener?.isConnected && byId("meaning").contains(document.activeElement)) opener.focus(); });
}

let opener = null;

function explain(name, node) {
  const box = byId("meaning");
  const [title, text] = meanings[name];
  box.replaceChildren(element("strong", { textContent: title }), element("p", { textContent: text }));
  opener = node;
  box.showPopover();
  const place = node.getBoundingClientRect();
  const left = Math.max(8, Math.min(place.left, innerWidth - box.offsetWidth - 8));
  const below = place.bottom + 6;
  const top = below + box.offsetHeight > innerHeight ? Math.max(8, place.top - box.offsetHeight - 6) : below;
  Object.assign(box.style, { left: `${left}px`, top: `${top}px` });
  box.focus();
}
