// Markdown's blocks: which lines are a heading, a list, a table, code. Lines keep their place in the source, so that whatever
// is drawn can be found in it. Indented code and raw HTML are left out on purpose: models don't mean them.

const fence = /^ {0,3}(```+|~~~+)\s*([^`]*)$/;
const heading = /^ {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$/;
const rule = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const quote = /^ {0,3}> ?/;
const item = /^( *)([-*+]|\d{1,9}[.)])(?:( {1,4})(?=\S)|\s*$)/;
const delimiterRow = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const deepest = 12; // quotes and lists inside each other

// Blocks: {kind, lines, …} with lines of {text, start}, where start is the place in the source of the line's first character.
export function blocksOf(source) {
  const lines = [];
  let start = 0;
  for (const text of source.split("\n")) {
    lines.push({ text, start });
    start += text.length + 1;
  }
  return parse(lines, 0);
}

const cut = (line, count) => ({ text: line.text.slice(count), start: line.start + Math.min(count, line.text.length) });
const isBlank = (line) => !line.text.trim();
const interrupts = (line, depth) =>
  fence.test(line.text) || heading.test(line.text) || rule.test(line.text) || (depth < deepest && (quote.test(line.text) || item.test(line.text)));

function parse(lines, depth) {
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (isBlank(lines[at])) { at++; continue; }
    const [block, next] = one(lines, at, depth);
    block.start = lines[at].start;
    block.end = lines[next - 1].start + lines[next - 1].text.length;
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function one(lines, at, depth) {
  const line = lines[at];
  let match;
  if ((match = fence.exec(line.text))) return code(lines, at, match);
  if ((match = heading.exec(line.text))) {
    const skipped = line.text.indexOf(match[2], match[0].indexOf(match[1]) + match[1].length);
    return [{ kind: "heading", level: match[1].length, lines: [{ text: match[2], start: line.start + skipped }] }, at + 1];
  }
  if (rule.test(line.text)) return [{ kind: "rule", lines: [] }, at + 1];
  if (depth < deepest && quote.test(line.text)) return quoted(lines, at, depth);
  if (depth < deepest && item.test(line.text)) return list(lines, at, depth);
  if (line.text.includes("|") && at + 1 < lines.length && delimiterRow.test(lines[at + 1].text) && lines[at + 1].text.includes("-"))
    return table(lines, at);
  let end = at + 1;
  while (end < lines.length && !isBlank(lines[end]) && !interrupts(lines[end], depth)) end++;
  return [{ kind: "paragraph", lines: lines.slice(at, end) }, end];
}

function code(lines, at, match) {
  const [, mark, information] = match;
  const closing = new RegExp(`^ {0,3}\\${mark[0]}{${mark.length},}\\s*$`);
  let end = at + 1;
  while (end < lines.length && !closing.test(lines[end].text)) end++;
  const block = { kind: "code", language: information.trim().split(/\s/)[0], lines: lines.slice(at + 1, end) };
  return [block, Math.min(end + 1, lines.length)];
}

function quoted(lines, at, depth) {
  let end = at;
  while (end < lines.length && quote.test(lines[end].text)) end++;
  const inner = lines.slice(at, end).map((line) => cut(line, quote.exec(line.text)[0].length));
  return [{ kind: "quote", lines: [], blocks: parse(inner, depth + 1) }, end];
}

function list(lines, at, depth) {
  const first = item.exec(lines[at].text);
  const ordered = /\d/.test(first[2]);
  const items = [];
  let end = at;
  while (end < lines.length) {
    const match = item.exec(lines[end].text);
    if (!match || match[1].length > first[1].length + 3 || /\d/.test(match[2]) !== ordered) break;
    const indent = match[1].length + match[2].length + (match[3]?.length ?? 1);
    const inner = [cut(lines[end], indent)];
    end++;
    while (end < lines.length && belongs(lines, end, indent, depth)) {
      inner.push(cut(lines[end], Math.min(indent, /^ */.exec(lines[end].text)[0].length)));
      end++;
    }
    items.push(parse(inner, depth + 1));
    while (end + 1 < lines.length && isBlank(lines[end]) && item.test(lines[end + 1].text)) end++;
  }
  return [{ kind: "list", ordered, first: ordered ? parseInt(first[2], 10) : 1, lines: [], items }, end];
}

// Whether a line goes on with an item: it is indented like it, or follows its text directly.
function belongs(lines, at, indent, depth) {
  const line = lines[at];
  const isIndented = (other) => /^ */.exec(other.text)[0].length >= Math.min(indent, 2) && !isBlank(other);
  if (isBlank(line)) return at + 1 < lines.length && isIndented(lines[at + 1]);
  return isIndented(line) || (!isBlank(lines[at - 1]) && !interrupts(line, depth));
}

function table(lines, at) {
  const alignments = cells(lines[at + 1]).map(({ text }) => [text.startsWith(":"), text.endsWith(":")])
    .map(([left, right]) => (left && right ? "center" : right ? "right" : "left"));
  let end = at + 2;
  while (end < lines.length && !isBlank(lines[end]) && lines[end].text.includes("|")) end++;
  const rows = [lines[at], ...lines.slice(at + 2, end)].map(cells);
  return [{ kind: "table", alignments, rows, lines: [] }, end];
}

// The cells of a row as lines of their own.
function cells(line) {
  const found = [];
  let start = 0;
  for (let at = 0; at <= line.text.length; at++) {
    if (at < line.text.length && (line.text[at] !== "|" || line.text[at - 1] === "\\")) continue;
    const raw = line.text.slice(start, at);
    const isEdge = (start === 0 || at === line.text.length) && !raw.trim();
    if (!isEdge) found.push({ text: raw.trim(), start: line.start + start + (raw.length - raw.trimStart().length) });
    start = at + 1;
  }
  return found;
}
