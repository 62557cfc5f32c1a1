// Conversations kept in the browser's store, each by itself.
import { checked, titleOf } from "./conversation.js";

const prefix = "agd/conversation/";

// A browser that forbids keeping gets a shelf that lasts as long as the page.
const [shelf, session] = ["localStorage", "sessionStorage"].map((name) => {
  try {
    return globalThis[name];
  } catch {
    const items = {};
    return Object.defineProperties(items, Object.fromEntries(Object.entries({
      getItem: (key) => items[key] ?? null, setItem: (key, value) => { items[key] = value; }, removeItem: (key) => { delete items[key]; },
    }).map(([key, value]) => [key, { value }])));
  }
});

// Which conversation this tab shows.
export const shown = () => session.getItem("agd/open");
export const noteShown = (id) => session.setItem("agd/open", id);

let entries = null; // id → {id, title, changed}; read once, for a store may be large
const entry = (conversation) => ({ id: conversation.id, title: titleOf(conversation), changed: conversation.changed });

// The conversations in the store, the latest first, as {id, title, changed}.
export function list() {
  entries ??= new Map(Object.keys(shelf).filter((key) => key.startsWith(prefix)).map((key) => read(key.slice(prefix.length)))
    .filter(Boolean).map((conversation) => [conversation.id, entry(conversation)]));
  return [...entries.values()].sort((a, b) => b.changed - a.changed);
}

// Another tab wrote to the store.
export const forget = () => { entries = null; };

// A conversation; null where it isn't there or can't be read.
export function read(id) {
  try {
    return checked(withTokens(JSON.parse(shelf.getItem(prefix + id)), unpacked));
  } catch {
    return null;
  }
}

// Throws where the store is full.
export function write(conversation) {
  shelf.setItem(prefix + conversation.id, JSON.stringify(withTokens(slim(conversation), packed)));
  entries?.set(conversation.id, entry(conversation));
}

export function remove(id) {
  shelf.removeItem(prefix + id);
  entries?.delete(id);
}

// The same conversation with other tokens.
function withTokens(conversation, change) {
  const answer = (value) => ({ ...value, tokens: value.tokens.map(change) });
  const turn = (value) => (value.answers ? { ...value, answers: value.answers.map(answer) } : value);
  return { ...conversation, turns: conversation.turns.map(turn) };
}

// Without what says little: the candidates of tokens that weren't guided, and digits after the fourth.
function slim(conversation) {
  const rounded = (_, value) => (typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value);
  const whole = withTokens(conversation, ({ candidates, ...token }) => (token.guided && candidates ? { ...token, candidates } : token));
  return JSON.parse(JSON.stringify(whole, rounded));
}

// Browsers keep some five million characters, and an hour's talk has many tokens: there they are lists without names.
const packed = ({ id, text, entropy, guided, changed, greedy, name, candidates }) => (guided || name !== undefined
  ? [id, text, entropy, changed ? 2 : guided ? 1 : 0, greedy, name, candidates?.map((one) => [one.id, one.name, one.probability, one.score])] : [id, text, entropy]);

const unpacked = ([id, text, entropy, state, greedy, name, candidates]) => ({
  id, text, entropy, ...(state ? { guided: true } : {}), ...(state === 2 ? { changed: true, greedy } : {}), ...(name ? { name } : {}),
  ...(candidates ? { candidates: candidates.map(([id, name, probability, score]) => ({ id, name, probability, score: score ?? undefined })) } : {}),
});

// As a file or a link: a file has everything, a link leaves out how answers came about.
export const exported = (conversations) => JSON.stringify({ format: "agd-conversations", version: 1, conversations: conversations.map(slim) }, null, 1);

export function imported(text) {
  const value = JSON.parse(text);
  if (value?.format !== "agd-conversations" || !Array.isArray(value.conversations)) throw new Error("this is no file of conversations that was saved here");
  return value.conversations.map(checked);
}

export function linkOf(conversation) {
  const turns = conversation.turns.map((turn) => (turn.answers ? { ...turn, answers: turn.answers.map((answer) => ({ ...answer, tokens: [] })) } : turn));
  const bytes = new TextEncoder().encode(JSON.stringify(slim({ ...conversation, turns })));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_");
}

export function fromLink(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  return checked(JSON.parse(new TextDecoder().decode(bytes)));
}
