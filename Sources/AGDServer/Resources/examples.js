// What an empty conversation shows: what this is for, and examples to try. The first does what it says on SmolLM2-135M and
// Qwen2.5-Coder 0.5B and 1.5B, the others on SmolLM2 and the 1.5B; other models may be changed less.
import { app, changed, show } from "./app.js";
import { answerNext } from "./answering.js";
import { newConversation, newDocument, newTurn } from "./conversation.js";
import { button, element } from "./dom.js";
import { term } from "./glossary.js";
import { adding } from "./marks.js";

const examples = [
  {
    name: "A document against memory",
    text: "A note says that the Eiffel Tower was moved to Rome. Greedy, the model says what it learnt; guided by the note, what the note says.",
    user: "In which city is the Eiffel Tower?",
    document: { title: "News of 2024", text: "In 2024 the Eiffel Tower was taken apart and moved to Rome, where it stands beside the Colosseum.", weight: 1 },
    settings: { entropy_threshold: "off" },
  },
  {
    name: "A word that is kept out",
    text: "Asked what people drink in the morning, models say coffee. With “coffee” among the words to avoid, they find something else.",
    system: "Answer in one sentence.",
    user: "What do people drink in the morning?",
    settings: { avoid: "coffee*" },
  },
  {
    name: "An instruction that is forgotten",
    text: "The instructions ask for a pirate, which small models soon forget. Guidance draws the answer back to them.",
    system: "You are a pirate. Talk like a pirate.", systemWeight: 1,
    user: "What is the capital of Italy?",
    settings: { max_tokens: 120 },
  },
];

function open(example) {
  const conversation = newConversation();
  Object.assign(conversation, { title: example.name, beside: true, settings: { max_tokens: 60, ...example.settings } });
  const user = newTurn("user", example.user);
  if (example.system) {
    const system = newTurn("system", example.system);
    conversation.turns.push(system);
    if (example.systemWeight) conversation.marks = adding([], { turn: system.id, start: 0, end: example.system.length, weight: example.systemWeight });
  }
  if (example.document) {
    const { title, text, weight } = example.document;
    const document = newDocument(title, text);
    user.documents.push(document);
    conversation.marks = adding(conversation.marks, { turn: user.id, document: document.id, start: 0, end: text.length, weight });
  }
  conversation.turns.push(user);
  show(conversation);
  changed("settings");
  answerNext(conversation);
}

export function drawEmpty(place, isEmpty) {
  place.hidden = !isEmpty || app.conversation.kind === "text";
  if (place.hidden || place.childElementCount) return;
  place.append(
    element("h2", { textContent: "Talk to the model, and mark what it should heed" }),
    element("p", {}, "Models often answer from memory where a document says otherwise, or forget what they were told. Mark a passage, and at each step the model's next ", term("token"),
      " is the one, of those it finds likely, that draws most on it. What you write goes to this server only."),
    element("h3", { textContent: "Try it" }),
    element("ul", { className: "examples" }, examples.map((example) => element("li", {},
      button(example.name, () => open(example), { className: "example", key: `example/${example.name}`, disabled: !app.model }), element("p", { className: "hint", textContent: example.text })))));
}

export const enableExamples = () => document.querySelectorAll(".example").forEach((node) => { node.disabled = !app.model; });
