// Marks: passages that guidance draws on (weight above 0) or away from (below 0). A mark lies in a place, which is a turn or
// a document of it, from `start` to before `end` in UTF-16 units, as JavaScript counts; requests count Unicode characters.

export const samePlace = (a, b) => a.turn === b.turn && (a.document ?? null) === (b.document ?? null);
export const marksIn = (marks, place) => marks.filter((mark) => samePlace(mark, place)).sort((a, b) => a.start - b.start);

let next = 0;
const newId = () => `${Date.now().toString(36)}${(next++).toString(36)}`;

// Adds a mark. Marks don't overlap: what the new one covers of others is its own.
export function adding(marks, { turn, document, start, end, weight = 1 }) {
  const place = { turn, ...(document ? { document } : {}) };
  const kept = marks.flatMap((mark) => (samePlace(mark, place) ? without(mark, start, end) : [mark]));
  return [...kept, { id: newId(), ...place, start, end, weight }];
}

function without(mark, start, end) {
  if (mark.end <= start || mark.start >= end) return [mark];
  const left = mark.start < start ? [{ ...mark, end: start }] : [];
  const right = mark.end > end ? [{ ...mark, id: left.length ? newId() : mark.id, start: end }] : [];
  return [...left, ...right];
}

// Marks of one place after its text was edited: those before stay, those after move along, one that was edited inside or whose
// last word goes on grows or shrinks, and one whose text is gone goes.
export function edited(marks, before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - start;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const [oldEnd, newEnd] = [before.length - tail, after.length - tail];
  const moved = newEnd - oldEnd;
  return marks.flatMap((mark) => {
    if (mark.end < start || (mark.end === start && oldEnd > start)) return [mark];
    if (mark.end === start) return [{ ...mark, end: start + /^[\p{L}\p{N}]*/u.exec(after.slice(start, newEnd))[0].length }];
    if (mark.start >= oldEnd) return [{ ...mark, start: mark.start + moved, end: mark.end + moved }];
    if (mark.start <= start && mark.end >= oldEnd) {
      const end = mark.end + moved;
      return end > mark.start ? [{ ...mark, end }] : [];
    }
    // The edit covers one end of it, or all of it and more.
    const rest = mark.start < start ? { ...mark, end: start } : { ...mark, start: newEnd, end: mark.end + moved };
    return mark.start >= start && mark.end <= oldEnd ? [] : [rest];
  });
}

// Where a text occurs, without overlaps.
export function occurrences(text, sought) {
  const found = [];
  for (let at = sought ? text.indexOf(sought) : -1; at >= 0; at = text.indexOf(sought, at + sought.length)) found.push(at);
  return found;
}

// How many Unicode characters come before a place in a text.
export function characters(text, end) {
  let count = 0;
  for (let at = 0; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0xdc00 || unit > 0xdfff || at === 0 || (text.charCodeAt(at - 1) & 0xfc00) !== 0xd800) count++;
  }
  return count;
}
