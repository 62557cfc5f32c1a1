// What is open, and who wants to know when it changes. Views listen; nobody but this file touches the store.
import { checked, newConversation, tidyMarks } from "./conversation.js";
import * as store from "./store.js";

export const app = {
  conversation: newConversation(),
  model: null, // as /v1/models tells
  abilities: null, // as /openapi.json tells
  running: new Map(), // answer id → AbortController
};

const listeners = new Map();
export const on = (what, listener) => listeners.set(what, [...(listeners.get(what) ?? []), listener]);
const tell = (what, detail) => (listeners.get(what) ?? []).forEach((listener) => listener(detail));

// What changed: "turns", "marks", "settings", "draft" (its documents), "words" (of a text that is written), "running", "answer" (with
// the answer, many times a second), "model". Besides, "open", "list" and "problem" are told from here.
export function changed(what, detail) {
  if (!["model", "list"].includes(what)) saveSoon();
  tell(what, detail);
}

// ---- Keeping

const open = new Map(); // conversations that answers are still written to, by id
let timer = null;

function saveSoon() {
  timer ??= setTimeout(save, 400);
}

export function save() {
  clearTimeout(timer);
  timer = null;
  for (const conversation of new Set([app.conversation, ...open.values()])) {
    if (!conversation.turns.some((turn) => turn.answers || turn.text) && !conversation.draft.text && !conversation.draft.documents.length) continue;
    try {
      store.write(conversation);
    } catch {
      tell("problem", "The browser's store is full: this conversation isn't kept. Save it as a file, and delete others.");
    }
  }
  tell("list");
}

// Runs work that writes to a conversation, which is kept even if another one is opened meanwhile.
export async function writing(conversation, work) {
  open.set(conversation.id, conversation);
  try { await work(); } finally {
    conversation.changed = Date.now();
    save();
    if (![...app.running.keys()].some((id) => conversation.turns.some((turn) => turn.answers?.some((answer) => answer.id === id)))) open.delete(conversation.id);
  }
}

export function show(conversation) {
  save();
  app.conversation = open.get(conversation.id) ?? conversation;
  store.noteShown(app.conversation.id);
  tell("open");
}

export const showNew = () => show(newConversation(app.model?.has_chat_template === false ? "text" : "chat"));

// Ends the answers that are being given in some turns.
export function abort(turns) {
  for (const turn of turns) for (const answer of turn.answers ?? []) app.running.get(answer.id)?.abort();
}

export function removeConversation(id) {
  const kept = open.get(id) ?? (id === app.conversation.id ? app.conversation : store.read(id));
  abort(kept?.turns ?? []);
  store.remove(id);
  open.delete(id);
  if (id === app.conversation.id) {
    app.conversation = newConversation(app.model?.has_chat_template === false ? "text" : "chat");
    tell("open");
  }
  tell("list");
  if (kept) undo = () => { show(kept); save(); };
}

// ---- Taking back

let undo = null;

// Call before a change that takes something away.
export function remember() {
  const before = JSON.stringify(app.conversation);
  undo = () => {
    abort(app.conversation.turns);
    open.delete(app.conversation.id);
    app.conversation = checked(JSON.parse(before));
    save();
    tell("open");
  };
}

export function takeBack() {
  undo?.();
  undo = null;
}

export function marksChanged(marks) {
  app.conversation.marks = marks;
  tidyMarks(app.conversation);
  changed("marks");
}
