// Where the next turn is written, with documents, and sent.
import { app, changed, marksChanged, on, remember } from "./app.js";
import { answerNext, isRunning, stop } from "./answering.js";
import { newDocument, newTurn, shownAnswer } from "./conversation.js";
import { DocumentList } from "./document-view.js";
import { byId } from "./dom.js";
import { Editor } from "./editor.js";
import { marksIn } from "./marks.js";
import { say } from "./status.js";

const largest = 1 << 20; // of a document, in bytes
let editor = null;
let documents = null;

export function prepareComposer() {
  byId("send").addEventListener("click", () => send());
  byId("stop").addEventListener("click", stop);
  byId("instruct").addEventListener("click", addInstructions);
  byId("attach").addEventListener("click", () => byId("document-file").click());
  byId("document-file").addEventListener("change", (event) => { addFiles([...event.target.files]); event.target.value = ""; });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && isRunning() && !event.defaultPrevented) stop(); });
  on("open", open);
  on("draft", drawDocuments);
  on("marks", () => { editor?.set(app.conversation.draft.text, app.conversation.marks); drawDocuments(); });
  on("words", controls);
  on("turns", controls);
  on("running", controls);
  on("model", controls);
}

function open() {
  const { draft, marks, kind } = app.conversation;
  const hadFocus = byId("message").contains(document.activeElement);
  editor = new Editor({ text: draft.text, marks, place: { turn: draft.id }, label: "Your message", rows: 1, placeholder: "Write a message, or drop a document here", key: "message", onchange: keep });
  editor.area.addEventListener("keydown", (event) => {
    const isNewLine = event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches;
    if (event.key !== "Enter" || (isNewLine && !event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    send();
  });
  byId("message").replaceChildren(...(kind === "chat" ? [editor.node] : []));
  byId("draft-documents").replaceChildren();
  documents = new DocumentList(byId("draft-documents"));
  byId("mark-draft").replaceChildren(...(kind === "chat" ? [editor.markButton({ key: "mark-draft" })] : []));
  editor.draw();
  if (hadFocus) editor.area.focus();
  drawDocuments();
  controls();
}

function keep({ text, marks }) {
  const { draft } = app.conversation;
  draft.text = text;
  const before = marksIn(app.conversation.marks, { turn: draft.id });
  app.conversation.marks = [...app.conversation.marks.filter((mark) => !before.includes(mark)), ...marks];
  changed(JSON.stringify(before) === JSON.stringify(marks) ? "words" : "marks");
  controls();
}

function drawDocuments() {
  const { draft } = app.conversation;
  documents?.update(draft);
  controls();
}

// Turns buttons on and off. One that the focus is on hands it over, as a button that is off can't keep it.
function controls() {
  const { conversation } = app;
  const runs = isRunning();
  const isText = conversation.kind === "text";
  const hasFocus = [byId("send"), byId("stop")].includes(document.activeElement);
  const canAnswer = isText ? conversation.turns[0].text !== "" : conversation.draft.text.trim() !== "" || conversation.draft.documents.length > 0 || conversation.turns.at(-1)?.role === "user";
  byId("send").textContent = isText ? "Continue" : "Send";
  byId("send").hidden = runs;
  byId("stop").hidden = !runs;
  byId("send").disabled = !canAnswer || !app.model;
  if (hasFocus) (runs ? byId("stop") : byId("send").disabled ? editor.area : byId("send")).focus();
  byId("instruct").hidden = isText || conversation.turns[0]?.role === "system";
  byId("attach").hidden = isText;
}

function send() {
  const { conversation } = app;
  if (byId("send").disabled || isRunning()) return;
  if (conversation.kind === "text") return continueText();
  const { draft } = conversation;
  if (draft.text.trim() || draft.documents.length) {
    conversation.turns.push(draft); // Its marks stay, for it keeps its name.
    conversation.draft = newTurn("user");
    open();
  }
  answerNext();
  document.getElementById("thread").scrollTop = 1e9;
}

// What was said so far becomes text, and is continued.
function continueText() {
  const { conversation } = app;
  const [text, turn] = conversation.turns;
  if (turn) {
    remember();
    text.text += shownAnswer(turn).text;
    conversation.turns.length = 1;
  }
  answerNext();
}

function addInstructions() {
  const { conversation } = app;
  const turn = newTurn("system");
  conversation.turns.unshift(turn);
  changed("turns");
  document.querySelector(`[data-key="${turn.id}/edit"]`)?.click();
}

// ---- Documents

export async function addFiles(files) {
  for (const file of files) {
    const text = file.size > largest ? null : await file.text();
    if (text === null) say(`“${file.name}” is larger than 1 MB; the model couldn't read it.`, { isError: true });
    else if (text.includes("\0")) say(`“${file.name}” is no text. Only text files can be read.`, { isError: true });
    else addDocument(file.name, text);
  }
}

function addDocument(title, text) {
  const { conversation } = app;
  if (conversation.kind === "text") {
    conversation.turns[0].text += text;
    return marksChanged(conversation.marks);
  }
  conversation.draft.documents.push(newDocument(title, text.replaceAll("\r\n", "\n")));
  changed("draft");
  say(`“${title}” goes along with your next message. Mark it, or a part of it, to have answers draw on it.`);
}
