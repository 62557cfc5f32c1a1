// What the sentences of an answer rest on: footnotes that light up their passage. Servers without sources send none.
import { app } from "./app.js";
import { nameOf, placeOf } from "./conversation.js";
import { element } from "./dom.js";
import { characters } from "./marks.js";
import { percent } from "./dom.js";

const least = 0.1; // of a sentence's relevance
const most = 3; // footnotes of a sentence

// From the server's report: [{start, end, grounded, notes: [{turn, document?, start, end, text, share}]}], in UTF-16 units.
export function footnotesFrom(report, answerText, { messages, places }) {
  return report.map(({ start, end, shares, grounded }) => {
    const notes = shares.flatMap(({ source, passages }) => {
      const [, kind, id] = /^(message|document):(.*)$/s.exec(source) ?? [];
      const noted = { message: (passage) => notesIn(Number(id), passage, messages, places), document: (passage) => notesOf(id, passage, places) }[kind];
      return noted ? (passages ?? []).flatMap(noted) : [];
    });
    const strongest = notes.filter((note) => note.share >= least).sort((a, b) => b.share - a.share).slice(0, most);
    return { start: unitsOf(answerText, start), end: unitsOf(answerText, end), grounded, notes: strongest };
  });
}

// A passage of a message may reach over the turn's own text and a document's.
function notesIn(message, { start, end, share }, messages, places) {
  const content = messages[message]?.content ?? "";
  const [from, to] = [unitsOf(content, start), unitsOf(content, end)];
  return places.filter((place) => place.message === message).flatMap((place) => {
    const first = Math.max(from - place.offset, 0);
    const last = Math.min(to - place.offset, place.text.length);
    const text = first < last ? place.text.slice(first, last).trim() : "";
    return text ? [{ turn: place.turn, document: place.document, start: first, end: last, text, share }] : [];
  });
}

// A passage of a document that was told apart.
function notesOf(id, { start, end, share }, places) {
  const place = places.find((place) => place.document === id);
  if (!place) return [];
  const [first, last] = [unitsOf(place.text, start), unitsOf(place.text, end)];
  return [{ turn: place.turn, document: id, start: first, end: last, text: place.text.slice(first, last).trim(), share }];
}

// What is told of untrusted documents: the largest share of a sentence, which it is, and, where a limit was set, whether it was
// exceeded; null where nothing is untrusted.
export function trustFrom(report, check) {
  const [most] = report.filter(({ untrusted }) => untrusted !== undefined).sort((a, b) => b.untrusted - a.untrusted);
  if (!most) return null;
  return { largest: most.untrusted, sentence: most.text.trim(), ...(check?.reason ? { reason: check.reason } : {}), ...(check?.refused ? { refused: true } : {}) };
}

// Where in UTF-16 units so many Unicode characters end.
function unitsOf(text, count) {
  let at = Math.min(count, text.length);
  while (at < text.length && characters(text, at) < count) at++;
  return at;
}

// The footnotes of an answer, each passage once: [{number, note, sentences: [{end, share}]}].
function numbered(answer) {
  const found = new Map();
  for (const { end, notes } of answer.sources) {
    for (const note of notes) {
      const key = `${note.turn}/${note.document ?? ""}/${note.start}`;
      if (!found.has(key)) found.set(key, { number: found.size + 1, note, sentences: [] });
      found.get(key).sentences.push({ end, share: note.share });
    }
  }
  return [...found.values()];
}

// Numbers behind the sentences, as layers of the answer's text.
export function footnoteRanges(answer) {
  return numbered(answer).flatMap(({ number, note, sentences }) => sentences.map(({ end, share }) => {
    const last = answer.text.slice(0, end).trimEnd().length;
    return { start: last - 1, end: last, node: () => element("sup", { className: "footnote" }, footnoteButton(number, note, share)) };
  }));
}

function footnoteButton(number, note, share) {
  const node = element("button", {
    type: "button", textContent: `${number}`, title: `${percent(share)} of it: ${note.text}`, "aria-label": `Source ${number}: ${note.text}`,
  });
  for (const event of ["mouseenter", "focus"]) node.addEventListener(event, () => light(note, false));
  for (const event of ["mouseleave", "blur"]) node.addEventListener(event, () => light(null));
  node.addEventListener("click", () => light(note, true));
  return node;
}

// The list below an answer.
export function footnoteList(answer) {
  const notes = numbered(answer);
  if (!notes.length) return null;
  return element("ol", { className: "footnotes", "aria-label": "What the answer rests on" }, notes.map(({ number, note, sentences }) => {
    const share = Math.max(...sentences.map(({ share }) => share));
    const where = nameOf(placeOf(app.conversation, note));
    return element("li", {}, footnoteButton(number, note, share), element("q", { textContent: note.text }), ` ${where ? `${where}, ` : ""}${sentences.length > 1 ? "up to " : ""}${percent(share).replace(" ", "\u00a0")}`);
  }));
}

// Lights up a passage where it stands, through the views that draw texts.
let lit = null;
export const litRange = (place) => (lit && lit.turn === place.turn && (lit.document ?? null) === (place.document ?? null)
  ? [{ start: lit.start, end: lit.end, className: "lit", isMark: true }] : []);

function light(note, goesThere) {
  const turns = [lit?.turn, note?.turn].filter(Boolean);
  lit = note;
  document.dispatchEvent(new CustomEvent("light", { detail: { turns, goesThere } }));
}
