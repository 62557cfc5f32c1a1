// The conversation as one reads it: a view for each turn, kept while the turn is there.
import { app, changed, on, remember } from "./app.js";
import { AssistantView } from "./assistant-view.js";
import { newTurn } from "./conversation.js";
import { button, byId, element, keepingFocus, scrolling } from "./dom.js";
import { drawEmpty } from "./examples.js";
import { term } from "./glossary.js";
import { post } from "./server.js";
import { say } from "./status.js";
import { TextView } from "./text-view.js";
import { TurnView } from "./turn-view.js";

const views = new Map(); // turn id → view

const viewOf = (turn) => (turn.role === "assistant" ? new AssistantView(turn) : turn.role === "text" ? new TextView(turn) : new TurnView(turn));

function draw() {
  const { turns, kind } = app.conversation;
  for (const [id, view] of views) if (!turns.some((turn) => turn === view.turn)) { view.node.remove(); views.delete(id); }
  const list = byId("turns");
  turns.forEach((turn, index) => {
    if (!views.has(turn.id)) views.set(turn.id, viewOf(turn));
    const { node } = views.get(turn.id);
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  drawEmpty(byId("empty"), !turns.some((turn) => turn.role !== "text" || turn.text));
  byId("turns").className = kind;
  drawTemplate();
}

const update = () => keepingFocus(() => { draw(); for (const view of views.values()) view.update(); });

// ---- Following an answer that grows

const isAtEnd = () => { const box = byId("thread"); return box.scrollHeight - box.scrollTop - box.clientHeight < 80; };
const toEnd = () => { byId("thread").scrollTop = byId("thread").scrollHeight; };

// Turns have their heights only when they come into sight: the end is where it stays.
function settleAtEnd(frames = 8) {
  toEnd();
  if (frames) requestAnimationFrame(() => settleAtEnd(frames - 1));
}

const growing = new Set();
function stream(answer) {
  if (!growing.size) requestAnimationFrame(() => {
    const follows = isAtEnd();
    for (const one of growing) for (const view of views.values()) view.stream?.(one);
    growing.clear();
    if (follows) toEnd();
  });
  growing.add(answer);
}

// ---- What the chat template says of its own accord

let known = null; // {key, texts}

async function drawTemplate() {
  const { turns, kind } = app.conversation;
  const place = byId("template");
  if (kind !== "chat" || !app.model?.has_chat_template) return place.replaceChildren();
  const system = turns[0]?.role === "system" ? [{ role: "system", content: turns[0].text }] : [];
  const key = JSON.stringify([app.model.id, system.length > 0]);
  if (known?.key !== key) {
    known = { key, texts: [] };
    try {
      known.texts = (await post("tokenize", { messages: [...system, { role: "user", content: "Hello." }] })).template_text ?? [];
    } catch {
      known = null; // It is said where an answer fails.
    }
  }
  keepingFocus(() => place.replaceChildren(...templateNodes(known?.texts ?? [])));
}

function templateNodes(texts) {
  const { conversation } = app;
  if (!texts.length) return [];
  const isMarked = conversation.templateWeight !== 0;
  const text = texts.map((one) => one.trim()).filter(Boolean).join(" … ");
  const mark = () => { conversation.templateWeight = isMarked ? 0 : 1; changed("marks"); };
  const replace = () => { remember(); conversation.turns.unshift(newTurn("system", text)); conversation.templateWeight = 0; changed("turns"); say("Instructions of your own stand in its place.", { undo: true }); };
  return [element("article", { className: "turn template", "aria-label": "Added by the model's template" },
    element("div", { className: "head" }, element("h3", { className: "who" }, "Added by the model's ", term("template", "chat template")),
      element("div", { className: "actions" }, button(isMarked ? "Unmark" : "Mark", mark, { key: "template/mark", className: "quiet" }),
        conversation.turns[0]?.role === "system" ? null : button("Replace", replace, { key: "template/replace", className: "quiet" }))),
    element("div", { className: "text plain" }, isMarked ? element("mark", { className: "marked", textContent: text }) : text))];
}

export function prepareThread() {
  on("open", () => { views.clear(); byId("turns").replaceChildren(); draw(); if (app.conversation.turns.length > 1) settleAtEnd(); else byId("thread").scrollTop = 0; });
  on("turns", () => { const follows = isAtEnd(); update(); if (follows || app.running.size) toEnd(); });
  on("running", update);
  on("marks", () => { keepingFocus(() => { for (const view of views.values()) view.update(); }); drawTemplate(); });
  on("settings", update);
  on("model", () => { const follows = isAtEnd(); update(); if (follows && app.conversation.turns.length > 1) settleAtEnd(); }); // What it can do decides on buttons and advice.
  on("answer", stream);
  document.addEventListener("light", ({ detail }) => {
    for (const turn of new Set(detail.turns)) views.get(turn)?.update(); // Not the answer that the footnote is in.
    if (detail.goesThere) document.querySelector(".lit")?.scrollIntoView(scrolling());
  });
}
