// A conversation: turns, marks on their texts, settings. What is told here is what the browser keeps and a file holds.
import { edited, marksIn } from "./marks.js";

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// `kind` is "chat", or "text" for a model without a chat template, which continues a text.
export function newConversation(kind = "chat") {
  const turns = kind === "text" ? [{ id: random(), role: "text", text: "" }] : [];
  return { id: random(), title: "", kind, changed: Date.now(), turns, marks: [], templateWeight: 0, settings: {}, beside: false, draft: newTurn("user") };
}

// A turn of the system, a person, or a tool; `documents` are {id, title, text, untrusted?}.
export const newTurn = (role, text = "", documents = []) => ({ id: random(), role, text, documents });
export const newDocument = (title, text) => ({ id: random(), title, text });
export const newAnswer = (strategy, avoid = "") => ({ id: random(), strategy, avoid, text: "", thoughts: "", tokens: [], finish: null, error: null, sources: [], trust: null, avoided: 0 });

// A turn of the assistant has answers: one goes on, and another may stand beside it.
export const newAssistantTurn = () => ({ id: random(), role: "assistant", answers: [], shown: 0, beside: null });
export const shownAnswer = (turn) => turn.answers[turn.shown];
export const besideAnswer = (turn) => (turn.beside === null ? undefined : turn.answers[turn.beside]);

// Whether an answer may be another than the model's own: it was guided, or words were kept out of it.
export const isSteered = ({ strategy, avoid }) => strategy === "agd" || avoid !== "";

// What a turn says to those after it.
export const textOf = (turn) => (turn.role === "assistant" ? shownAnswer(turn)?.text ?? "" : turn.text);

// The places of a conversation in which marks may lie, with their texts.
export function places(conversation) {
  return [...conversation.turns, conversation.draft].flatMap((turn) => [
    { turn: turn.id, role: turn.role, text: textOf(turn) },
    ...(turn.documents ?? []).map((document) => ({ turn: turn.id, document: document.id, role: document.title, text: document.text })),
  ]);
}

export const placeOf = (conversation, mark) =>
  places(conversation).find((place) => place.turn === mark.turn && (place.document ?? null) === (mark.document ?? null));

const names = { system: "Instructions", user: "You", assistant: "Answer", tool: "Tool", text: "Text" };
export const nameOf = (place) => names[place?.role] ?? place?.role ?? "";

// Sets a text; its marks go along.
export function setText(conversation, place, text) {
  const turn = [...conversation.turns, conversation.draft].find((turn) => turn.id === place.turn);
  const holder = place.document ? turn.documents.find((document) => document.id === place.document) : turn;
  const own = marksIn(conversation.marks, place);
  const moved = edited(own, holder.text, text);
  holder.text = text;
  conversation.marks = [...conversation.marks.filter((mark) => !own.includes(mark)), ...moved];
}

// Drops marks whose text is gone.
export function tidyMarks(conversation) {
  conversation.marks = conversation.marks.flatMap((mark) => {
    const length = placeOf(conversation, mark)?.text.length ?? 0;
    return mark.start < Math.min(mark.end, length) ? [{ ...mark, end: Math.min(mark.end, length) }] : [];
  });
}

export const titleOf = (conversation) => conversation.title || automaticTitle(conversation);

function automaticTitle({ turns, kind }) {
  const text = turns.find((turn) => turn.role === (kind === "text" ? "text" : "user"))?.text.trim().split("\n")[0] ?? "";
  return text.length > 48 ? `${text.slice(0, 46).trimEnd()}…` : text || "New conversation";
}

// A conversation from outside: of a file, a link, or the browser's store. Whatever is wrong with it is told, not guessed.
export function checked(value) {
  const isText = (text) => typeof text === "string";
  const fail = (what) => { throw new Error(`this is no conversation that was saved here (${what})`); };
  if (!Array.isArray(value?.turns)) fail("it has no turns");
  const document = (item) => isText(item?.title) && isText(item.text) ? { id: isText(item.id) ? item.id : random(), title: item.title, text: item.text, ...(item.untrusted === true ? { untrusted: true } : {}) } : fail("a document without a title or a text");
  const turn = (item) => {
    const id = isText(item?.id) ? item.id : random();
    if (item?.role === "assistant" && Array.isArray(item.answers) && item.answers.every((answer) => isText(answer?.text))) {
      const answers = item.answers.map(answerFrom);
      const within = (index) => Number.isInteger(index) && index >= 0 && index < answers.length;
      return { id, role: "assistant", answers, shown: within(item.shown) ? item.shown : 0, beside: within(item.beside) ? item.beside : null };
    }
    if (!["system", "user", "tool", "text"].includes(item?.role) || !isText(item.text)) fail("a turn without a role or a text");
    return { id, role: item.role, text: item.text, documents: (Array.isArray(item.documents) ? item.documents : []).map(document) };
  };
  const whole = newConversation(value.kind === "text" ? "text" : "chat");
  const isMark = (mark) => isText(mark?.turn) && [mark.start, mark.end, mark.weight].every(Number.isFinite);
  Object.assign(whole, {
    id: isText(value.id) ? value.id : whole.id, title: isText(value.title) ? value.title : "",
    changed: Number.isFinite(value.changed) ? value.changed : whole.changed, turns: value.turns.map(turn),
    marks: (Array.isArray(value.marks) ? value.marks : []).filter(isMark), beside: value.beside === true,
    templateWeight: Number.isFinite(value.templateWeight) ? value.templateWeight : 0, settings: { ...value.settings },
    draft: value.draft ? turn(value.draft) : whole.draft,
  });
  tidyMarks(whole);
  return whole;
}

// What is told of an answer's untrusted share: {largest, sentence, reason?, refused?}.
const isTrust = (trust) => Number.isFinite(trust?.largest) && typeof trust.sentence === "string" && ["string", "undefined"].includes(typeof trust.reason);

function answerFrom(value) {
  const answer = { ...newAnswer(String(value.strategy ?? "greedy")), ...value };
  const isCandidate = (one) => typeof one?.name === "string" && Number.isFinite(one.probability) && (one.score === undefined || Number.isFinite(one.score));
  const isToken = (token) => typeof token?.text === "string" && Number.isFinite(token.entropy)
    && (token.candidates === undefined || (Array.isArray(token.candidates) && token.candidates.every(isCandidate)));
  if (!Array.isArray(answer.tokens) || !answer.tokens.every(isToken) || answer.tokens.map((token) => token.text).join("") !== answer.text) answer.tokens = [];
  const isNote = (note) => typeof note?.text === "string" && [note.start, note.end, note.share].every(Number.isFinite);
  const isSentence = (sentence) => Number.isFinite(sentence?.end) && Array.isArray(sentence.notes) && sentence.notes.every(isNote);
  if (!Array.isArray(answer.sources) || !answer.sources.every(isSentence)) answer.sources = [];
  if (typeof answer.method !== "string") delete answer.method;
  if (!isTrust(answer.trust)) answer.trust = null;
  if (!Number.isInteger(answer.avoided)) answer.avoided = 0;
  if (typeof answer.avoid !== "string") answer.avoid = "";
  answer.error = typeof answer.error?.message === "string" ? answer.error : null;
  answer.notes = (Array.isArray(answer.notes) ? answer.notes : []).filter((note) => typeof note === "string");
  if (answer.finish === null && !answer.error) answer.finish = "stopped"; // The page was closed meanwhile.
  return answer;
}
