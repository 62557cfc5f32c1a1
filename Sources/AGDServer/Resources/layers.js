// A stretch of a text as nodes that several layers colour: tokens, marks, passages. Each node knows where in the text it lies,
// so that a selection on the page can be found in the text.

const starts = new WeakMap(); // text node → its start in the text

// A layer's range has `start`, `end`, and any of `className`, `title`, `data` (for its dataset); ranges may overlap. One with
// `node` is an insertion at `end`: the function makes the node that is put there.
export function pieces(text, start, end, ranges) {
  const inside = ranges.filter((range) => range.end > start && range.start < end);
  const cuts = new Set([start, end]);
  for (const range of inside) {
    if (range.start > start) cuts.add(range.start);
    if (range.end < end) cuts.add(range.end);
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  const nodes = [];
  // Ranges that are open while walking along; each is entered and left once.
  const waiting = inside.filter((range) => !range.node).sort((a, b) => a.start - b.start);
  const insertions = inside.filter((range) => range.node);
  let open = [];
  for (let index = 0; index + 1 < sorted.length; index++) {
    const [from, to] = [sorted[index], sorted[index + 1]];
    open = open.filter((range) => range.end > from);
    while (waiting.length && waiting[0].start <= from) open.push(waiting.shift());
    nodes.push(piece(text, from, to, open));
    for (const insertion of insertions) if (insertion.end === to) nodes.push(insertion.node());
  }
  return nodes;
}

function piece(text, from, to, open) {
  const node = document.createTextNode(text.slice(from, to));
  starts.set(node, from);
  if (!open.length) return node;
  const around = document.createElement(open.some((range) => range.isMark) ? "mark" : "span");
  for (const range of open) {
    if (range.className) around.classList.add(...range.className.split(" "));
    if (range.title) around.title = range.title;
    Object.assign(around.dataset, range.data ?? {});
  }
  around.append(node);
  return around;
}

// The part of a text that a selection covers inside an element filled by `pieces`; null where it covers none.
export function selectedRange(container, selection) {
  const walker = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
  let [first, last] = [Infinity, -Infinity];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const start = starts.get(node);
    if (start === undefined || !selection.intersectsNode(node)) continue;
    const from = node === selection.startContainer ? selection.startOffset : 0;
    const to = node === selection.endContainer ? selection.endOffset : node.length;
    if (from >= to) continue;
    first = Math.min(first, start + from);
    last = Math.max(last, start + to);
  }
  return first < last ? { start: first, end: last } : null;
}

export const markRanges = (marks) => marks.map(({ start, end, weight }) => ({
  start, end, isMark: true, className: weight < 0 ? "marked away" : weight > 0 ? "marked" : "marked off",
}));
