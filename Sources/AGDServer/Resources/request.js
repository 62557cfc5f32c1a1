// A conversation as the server's API wants it.
import { textOf } from "./conversation.js";
import { characters, samePlace } from "./marks.js";
import { post } from "./server.js";

// The messages up to a turn, and where in them each place lies: {turn, document?, message, offset, text}.
export function messagesUpTo(conversation, turns) {
  const messages = [];
  const found = [];
  for (const turn of turns) {
    const message = messages.length;
    let content = textOf(turn);
    found.push({ turn: turn.id, message, offset: 0, text: content });
    for (const document of turn.documents ?? []) {
      content += `${content ? "\n\n" : ""}Document “${document.title}”:\n`;
      found.push({ turn: turn.id, document: document.id, message, offset: content.length, text: document.text });
      content += document.text;
    }
    messages.push({ role: turn.role, content });
  }
  return { messages, places: found };
}

// The documents of these messages, by where they stand there: so the server tells them apart from what is said around them.
function documentsOf(turns, { messages, places }) {
  return turns.flatMap((turn) => (turn.documents ?? []).filter((document) => document.text).map(({ id, title, text, untrusted }) => {
    const { message, offset } = places.find((place) => place.document === id && place.turn === turn.id);
    const { content } = messages[message];
    const ends = [offset, offset + text.length].map((end) => characters(content, end));
    return { id, title, message, characters: ends, ...(untrusted ? { agd_trust: "untrusted" } : {}) };
  }));
}

export const isUntrusted = (turns) => turns.some((turn) => turn.documents?.some((document) => document.untrusted && document.text));

// What words are kept out, whatever the strategy: a list with commas or lines between.
const wordsOf = (text) => text.split(/[,\n]/).map((word) => word.trim()).filter(Boolean);

// What sources are asked for, and how untrusted documents are limited. A server that knows no trust is asked for none.
function sourceFields(conversation, turns, upTo, sources) {
  if (!sources) return {};
  const { trust_limit: limit, trust_action: action } = conversation.settings;
  const trust = limit !== undefined && isUntrusted(turns) ? { trust: { limit, ...(action ? { action } : {}) } } : {};
  return { agd: { sources: "sentence", ...trust }, documents: documentsOf(turns, upTo) };
}

// The marks that lie in these messages, as regions.
function regions(conversation, { messages, places }) {
  const spans = conversation.marks.flatMap((mark) => {
    const place = places.find((place) => samePlace(place, mark));
    if (!place || mark.weight === 0) return [];
    const content = messages[place.message].content;
    const span = [mark.start, mark.end].map((end) => characters(content, place.offset + end));
    return [{ message: place.message, characters: span, weight: mark.weight }];
  });
  return conversation.templateWeight ? [...spans, `template=${conversation.templateWeight}`] : spans;
}

// Regions of a text without messages, which the server knows by their tokens.
async function tokenRegions(conversation, turn, signal) {
  const marks = conversation.marks.filter((mark) => mark.turn === turn.id && mark.weight !== 0);
  if (!marks.length) return [];
  const { tokens } = await post("tokenize", { prompt: turn.text }, signal);
  return marks.flatMap((mark) => {
    const [start, end] = [characters(turn.text, mark.start), characters(turn.text, mark.end)];
    const positions = tokens.flatMap((token, position) => (token.characters[0] < end && token.characters[1] > start ? [position] : []));
    return positions.length ? [{ tokens: positions, weight: mark.weight }] : [];
  });
}

const settingsNames = ["rule", "score", "candidates", "min_probability", "entropy_threshold"];
export const standardLength = 400;

// {path, body} of a request for an answer after these turns. `strategy` is "agd", or "greedy" for the model by itself; `avoid`
// lists words to keep out. What is left open is the server's default.
export async function completionRequest(conversation, turns, strategy, { avoid = "", continues, sources, signal }) {
  const { settings } = conversation;
  const isText = conversation.kind === "text";
  const upTo = isText ? null : messagesUpTo(conversation, turns);
  const roi = strategy !== "agd" ? [] : isText ? await tokenRegions(conversation, turns[0], signal) : regions(conversation, upTo);
  const guidance = Object.fromEntries(settingsNames.filter((name) => settings[name] !== undefined).map((name) => [name, settings[name]]));
  // Where nothing is set here, guidance is what the server is set to.
  const guided = { roi, ...(Object.keys(guidance).length ? { strategy: "agd", ...guidance } : {}) };
  const agd = roi.length ? guided : { strategy: strategy === "sample" ? "sample" : "greedy" };
  const words = wordsOf(avoid);
  const { agd: origins, documents } = sourceFields(conversation, turns, upTo, sources);
  const body = {
    max_tokens: settings.max_tokens ?? standardLength,
    ...(strategy === "sample" ? { temperature: settings.temperature } : {}),
    agd: { ...agd, ...(words.length ? { avoid: words } : {}), trace: true, ...origins },
    ...(documents?.length ? { documents } : {}),
  };
  if (isText) return { path: "v1/completions", body: { ...body, prompt: turns.map(textOf).join("") } };
  return { path: "v1/chat/completions", body: { ...body, messages: upTo.messages, ...(continues ? { continue_final_message: true } : {}) } };
}

// Whether anything that these turns say is marked.
function hasRegion(conversation, turns) {
  if (conversation.templateWeight && conversation.kind === "chat") return true;
  return conversation.marks.some((mark) => mark.weight !== 0 && turns.some((turn) => turn.id === mark.turn));
}

// How the next answer is made: guided where something is marked, else by itself.
export function strategyFor(conversation, turns) {
  if (hasRegion(conversation, turns)) return "agd";
  return conversation.settings.temperature > 0 ? "sample" : "greedy";
}
