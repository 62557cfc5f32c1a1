// Draws Markdown with elements and text nodes. Nothing in the text becomes HTML, and no link leads anywhere but to the web or a
// mail program.
import { element, button } from "./dom.js";
import { blocksOf } from "./markdown-blocks.js";
import { inlineOf } from "./markdown-inline.js";

// `draw(start, end)` gives the nodes of a stretch of the source. `drawn`, where it is given, keeps blocks that are the same
// as last time, so that a growing answer is drawn anew at its end only.
export function markdown(source, draw, drawn = null, version = "") {
  const fresh = new Map();
  const nodes = blocksOf(source).map((block) => {
    const key = `${version}/${block.kind}/${source.slice(block.start, block.end)}@${block.start}`;
    const node = drawn?.get(key) ?? blockNode(block, draw);
    fresh.set(key, node);
    return node;
  });
  if (drawn) {
    drawn.clear();
    for (const [key, node] of fresh) drawn.set(key, node);
  }
  return nodes;
}

function blockNode(block, draw) {
  switch (block.kind) {
    case "heading": return element(`h${Math.min(6, block.level + 2)}`, {}, lineNodes(block.lines, draw)); // Below the page's own.
    case "rule": return element("hr");
    case "quote": return element("blockquote", {}, block.blocks.map((inner) => blockNode(inner, draw)));
    case "code": return codeNode(block, draw);
    case "list": return listNode(block, draw);
    case "table": return tableNode(block, draw);
    default: return element("p", {}, lineNodes(block.lines, draw));
  }
}

function listNode(block, draw) {
  const items = block.items.map((blocks) => element("li", {}, blocks.map((inner, index) =>
    index === 0 && inner.kind === "paragraph" ? element("span", {}, lineNodes(inner.lines, draw)) : blockNode(inner, draw))));
  return element(block.ordered ? "ol" : "ul", block.ordered ? { start: block.first } : {}, items);
}

function tableNode(block, draw) {
  const row = (cells, name) => element("tr", {}, block.alignments.map((alignment, column) =>
    element(name, { className: `align-${alignment}` }, cells[column] ? lineNodes([cells[column]], draw) : [])));
  const [head, ...body] = block.rows;
  return element("div", { className: "table", tabIndex: 0 }, element("table", {},
    element("thead", {}, row(head, "th")), element("tbody", {}, body.map((cells) => row(cells, "td")))));
}

function codeNode(block, draw) {
  const text = block.lines.map((line) => line.text).join("\n");
  const nodes = block.lines.flatMap((line, index) => [
    ...(line.text ? draw(line.start, line.start + line.text.length) : []), ...(index + 1 < block.lines.length ? ["\n"] : [])]);
  const copy = button("Copy code", () => copy.dispatchEvent(new CustomEvent("copytext", { bubbles: true, detail: text })), { className: "small" });
  return element("div", { className: "code" },
    element("div", { className: "code-head" }, element("span", { textContent: block.language || "code" }), copy),
    element("pre", { tabIndex: 0 }, element("code", {}, nodes)));
}

// The nodes of a text of several lines, whose characters may lie apart in the source.
function lineNodes(lines, draw) {
  const text = lines.map((line) => line.text).join("\n");
  const lineStarts = [];
  let sum = 0;
  for (const line of lines) {
    lineStarts.push(sum);
    sum += line.text.length + 1;
  }
  return inlineNodes(inlineOf(text), (from, to) => lines.flatMap((line, index) => {
    const [first, last] = [Math.max(from, lineStarts[index]), Math.min(to, lineStarts[index] + line.text.length)];
    const nodes = first < last ? draw(line.start + first - lineStarts[index], line.start + last - lineStarts[index]) : [];
    const breakAt = lineStarts[index] + line.text.length;
    return index + 1 < lines.length && from <= breakAt && breakAt < to ? [...nodes, "\n"] : nodes;
  }));
}

const elements = { strong: "strong", emphasis: "em", strike: "del", code: "code" };

function inlineNodes(tree, draw) {
  return tree.flatMap((node) => {
    if (node.kind === "text") return draw(node.from, node.to);
    const children = inlineNodes(node.children, draw);
    if (node.kind !== "link") return [element(elements[node.kind], {}, children)];
    return [element("a", { href: node.href, target: "_blank", rel: "noopener noreferrer nofollow", title: node.href }, children)];
  });
}
