"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const longPrompt = 300;

/** An element with attributes (a function is a listener) and children. */
function element(name, attributes = {}, ...children) {
  const isDrawing = ["svg", "rect", "line", "text", "title", "pattern", "path", "defs", "g"].includes(name);
  const node = isDrawing ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const number = (value) => value === undefined || value === null ? "–" : Number(value).toPrecision(3).replace("-", "−");
const percent = (value) => (100 * value).toFixed(1) + " %";
const visible = (text) => text.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/ /g, "␣");
const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The colour of a share between -1 and 1: white (or the card's dark) at 0. */
function color(share) {
  const amount = Math.sqrt(Math.min(1, Math.abs(share)));
  const styles = getComputedStyle(document.documentElement);
  const parts = (name) => styles.getPropertyValue(name).split(",").map(Number);
  const [from, to] = [parts("--zero"), parts(share < 0 ? "--negative" : "--positive")];
  return from.map((channel, index) => Math.round(channel + (to[index] - channel) * amount));
}

/** Black or white, whichever is easier to read on a colour. */
function ink([red, green, blue]) {
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return luminance > 0.19 ? "#111" : "#fff";
}

/** For each token that shares a character with its neighbours: what they are together, and which of them it is. */
const shared = new Map(data.sharedCharacters.flatMap(({ position, count, text }) =>
  Array.from({ length: count }, (_, index) => [position + index, { text, part: index + 1, count }])));

/** A token in words; one that shares a character by the character and its part of it. */
function nameOf(position) {
  const whole = shared.get(position);
  return whole ? `“${visible(whole.text)}”, token ${whole.part} of ${whole.count}` : `“${visible(data.tokens[position].text)}”`;
}

/** A token as text whose spaces and line ends can be seen. The first of those that share a character shows it, the others a sign. */
function tokenNode(token, position) {
  const whole = shared.get(position);
  const node = element("span", { class: "token" + (token.weight !== 0 ? " region" : ""), "data-position": position });
  if (whole && whole.part > 1) {
    node.append(element("span", { class: "sign" }, "‥"));
    return node;
  }
  for (const piece of (whole ? whole.text : token.text).split(/([ \n\t])/)) {
    if (piece === "") continue;
    if (piece === " ") node.append(element("span", { class: "sign" }, "·"), element("wbr"));
    else if (piece === "\t") node.append(element("span", { class: "sign" }, "⇥\t"));
    else if (piece === "\n") node.append(element("span", { class: "sign" }, "↵\n"));
    else node.append(piece);
  }
  if (token.text === "") node.append(element("span", { class: "sign" }, "∅"));
  return node;
}

const nodes = data.tokens.map(tokenNode);
// One frame around neighbouring tokens of the region.
const inRegion = (position) => (data.tokens[position]?.weight ?? 0) !== 0;
nodes.forEach((node, position) => {
  node.classList.toggle("first", inRegion(position) && !inRegion(position - 1));
  node.classList.toggle("last", inRegion(position) && !inRegion(position + 1));
});
let selected = 0;

function paint(step) {
  const most = largest(step.relevance);
  nodes.forEach((node, position) => {
    const value = position < step.relevance.length ? step.relevance[position] : 0;
    const share = most > 0 ? value / most : 0;
    const isPainted = Math.abs(share) >= 0.005;
    const background = color(share);
    node.style.background = isPainted ? `rgb(${background})` : "";
    node.style.color = isPainted ? ink(background) : "";
    node.classList.toggle("painted", isPainted);
    node.classList.toggle("negative", share < -0.03);
    node.classList.toggle("strong", Math.abs(share) > 0.5);
    const name = shared.has(position) ? nameOf(position) + "; " : "";
    node.title = position < step.relevance.length ? `${name}relevance ${number(value)}` : name;
  });
}

function showCandidates(step) {
  const chosen = data.tokens[step.position];
  const note = step.changedByGuidance ? "guidance chose it" : step.guided ? "guided; the model's own choice too"
    : data.entropyThreshold !== undefined && data.entropyThreshold !== null && step.entropy < data.entropyThreshold
      ? "the gate was shut" : "not guided";
  byId("target").replaceChildren(element("code", {}, nameOf(step.position)),
    ` — logit ${number(step.logit)}, entropy ${number(step.entropy)} nats; ${note}`);
  const cell = (text) => element("td", { class: "number" }, text);
  byId("candidates").replaceChildren(element("table", {},
    element("thead", {}, element("tr", {}, element("th", {}, "candidate"),
      ...["probability", "score", "of region"].map((title) => element("th", { class: "number" }, title)))),
    element("tbody", {}, ...step.candidates.map((candidate) => {
      const isChosen = candidate.id === chosen.id;
      const marks = [isChosen && "chosen", candidate.text === step.greedy && "greedy’s"].filter(Boolean).join(", ");
      return element("tr", { class: isChosen ? "chosen" : "" }, element("td", {}, element("code", {}, visible(candidate.text)), marks && element("small", {}, " " + marks)),
        cell(percent(candidate.probability)), cell(number(candidate.score)), cell(number(candidate.relevance)));
    }))));
}

function showParts(step) {
  const [least, most] = [Math.min(0, ...step.parts), Math.max(0, ...step.parts)];
  const share = (value) => 100 * value / (most - least || 1);
  byId("parts").style.setProperty("--origin", `${share(-least)}%`);
  byId("parts").replaceChildren(...data.parts.map((part, index) => {
    const value = step.parts[index];
    const fill = element("span", { class: "fill" + (value < 0 ? " negative" : ""),
      style: `width:${share(Math.abs(value))}%;left:${share(Math.min(0, value) - least)}%` });
    return element("div", { class: "bar" }, element("span", { class: "name" }, part.name),
      element("span", { class: "track" }, fill), element("span", { class: "value" }, number(value)));
  }));
}

function showHeads(step) {
  const [layers, heads, left, top] = [step.heads.length, step.heads[0]?.length ?? 0, 34, 18];
  const size = Math.max(7, Math.min(26, (byId("heads").clientWidth - left) / Math.max(1, heads)));
  const most = largest(step.heads.map(largest)) || 1;
  const drawing = element("svg", { width: left + heads * size, height: top + layers * size + 4, role: "img",
    "aria-label": "Relevance by layer and head" });
  drawing.append(element("defs", {}, element("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    element("line", { x1: 0, y1: 0, x2: 0, y2: 5, stroke: "currentColor", "stroke-width": 1.4 }))));
  const every = Math.ceil(16 / size);
  for (let head = 0; head < heads; head += every) drawing.append(element("text", { x: left + (head + 0.5) * size, y: 12, "text-anchor": "middle" }, String(head)));
  step.heads.forEach((row, layer) => {
    const y = top + layer * size;
    if (layer % every === 0) drawing.append(element("text", { x: left - 6, y: y + size / 2 + 4, "text-anchor": "end" }, String(layer)));
    row.forEach((value, head) => {
      const box = { x: left + head * size, y, width: size, height: size };
      drawing.append(element("rect", { ...box, class: "cell", fill: `rgb(${color(value / most)})` },
        element("title", {}, `layer ${layer}, head ${head}: ${number(value)}`)));
      if (value / most < -0.05) drawing.append(element("rect", { ...box, fill: "url(#hatch)", opacity: 0.6, "pointer-events": "none" }));
    });
  });
  byId("heads").replaceChildren(drawing);
}

function showEntropy() {
  const [height, width, left] = [90, Math.max(6, Math.min(22, (byId("entropy").clientWidth - 40) / data.steps.length)), 34];
  const gate = data.entropyThreshold;
  const top = Math.max(0.1, gate ?? 0, ...data.steps.map((step) => step.entropy)) * 1.1;
  const y = (value) => height - (value / top) * (height - 8);
  const drawing = element("svg", { width: left + width * data.steps.length + 6, height: height + 16, role: "img", "aria-label": "Entropy of each step" });
  drawing.append(element("text", { x: left - 5, y: height, "text-anchor": "end" }, "0"),
    element("text", { x: left - 5, y: 14, "text-anchor": "end" }, top.toFixed(1)));
  data.steps.forEach((step, index) => {
    drawing.append(element("rect", { x: left + index * width + 1, y: y(step.entropy), width: width - 2, height: Math.max(1.5, height - y(step.entropy)),
      class: "step" + (step.guided ? " guided" : "") + (index === selected ? " selected" : ""), click: () => select(index) },
      element("title", {}, `${nameOf(step.position)}: ${step.entropy.toFixed(3)} nats`)));
    if (step.changedByGuidance) drawing.append(element("text", { x: left + (index + 0.5) * width, y: height + 13, "text-anchor": "middle" }, "▴"));
  });
  if (gate !== undefined && gate !== null) drawing.append(element("line", { class: "gate", x1: left, x2: left + width * data.steps.length, y1: y(gate), y2: y(gate) }));
  byId("entropy").replaceChildren(drawing);
}

function select(index) {
  if (index < 0 || index >= data.steps.length) return;
  nodes[data.steps[selected].position].setAttribute("aria-selected", "false");
  nodes[data.steps[selected].position].tabIndex = -1;
  selected = index;
  const step = data.steps[index];
  const node = nodes[step.position];
  node.setAttribute("aria-selected", "true");
  node.tabIndex = 0;
  paint(step);
  showCandidates(step);
  showParts(step);
  showHeads(step);
  showEntropy();
}

byId("facts").textContent = [data.model, data.architecture, `strategy ${data.strategy}`, `rule ${data.rule}`,
  `${data.promptLength} + ${data.steps.length} tokens`, data.stopReason && `ended: ${data.stopReason}`].filter(Boolean).join(" · ");
byId("entropy-note").textContent = "Entropy of the model’s prediction at each word, in nats; guided steps are drawn in the accent colour, ▴ where guidance chose otherwise."
  + (data.entropyThreshold !== undefined && data.entropyThreshold !== null ? ` The dashed line is the gate, ${data.entropyThreshold} nats.` : " There is no gate.");
byId("prompt").append(...nodes.slice(0, data.promptLength));
byId("completion").append(...nodes.slice(data.promptLength));
data.steps.forEach((step, index) => {
  const node = nodes[step.position];
  node.setAttribute("role", "option");
  node.tabIndex = -1;
  if (step.changedByGuidance) node.classList.add("changed");
  node.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") select(index); });
  node.addEventListener("click", () => select(index));
});
byId("completion").addEventListener("keydown", (event) => {
  const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (move === undefined) return;
  event.preventDefault();
  select(selected + move);
  nodes[data.steps[selected].position].focus();
});
if (data.promptLength > longPrompt) {
  byId("prompt").classList.add("folded");
  byId("unfold").hidden = false;
  byId("unfold").addEventListener("click", () => {
    const isFolded = byId("prompt").classList.toggle("folded");
    byId("unfold").textContent = isFolded ? "Show the whole prompt" : "Fold the prompt";
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => select(selected));
addEventListener("resize", () => select(selected));
const firstChange = data.steps.findIndex((step) => step.changedByGuidance);
select(Math.max(0, firstChange));
