// The page of agd serve: a conversation with regions, answered greedily and guided at the same time.
"use strict";

const byId = (id) => document.getElementById(id);
const element = (name, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
};

// ---- State: what a link or a file holds. Offsets of regions count Unicode characters of a message.

const example = {
  messages: [
    { role: "system", content: "You are a friendly assistant. Reply in English, please." },
    { role: "user", content: "What do you know about Inga? Use the Spanish language." },
  ],
  regions: [{ message: 0, characters: [30, 55], weight: 1 }],
  settings: {},
};
const fields = {
  candidates: "candidates", min_probability: "min-probability", entropy_threshold: "entropy-threshold", score: "score",
  rule: "rule", max_tokens: "max-tokens",
};
let state = structuredClone(example);
let lastSelection = null; // { message, start, end } in characters
let running = null;
const answers = { greedy: null, agd: null };

const characters = (text, end) => Array.from(text.slice(0, end)).length;
const regionText = (region) => Array.from(state.messages[region.message]?.content ?? "").slice(...region.characters).join("");

function checked(value) {
  const roles = ["system", "user", "assistant", "tool"];
  const messages = value?.messages;
  if (!Array.isArray(messages) || !messages.length || !messages.every((m) => roles.includes(m?.role) && typeof m.content === "string"))
    throw new Error("this is no conversation that was saved here");
  const isNumber = (x) => typeof x === "number" && Number.isFinite(x);
  const regions = (Array.isArray(value.regions) ? value.regions : []).filter((r) =>
    messages[r?.message] && Array.isArray(r.characters) && r.characters.length === 2 && r.characters.every(isNumber) && isNumber(r.weight));
  return { messages: messages.map(({ role, content }) => ({ role, content })), regions, settings: { ...value.settings } };
}

function load(value) {
  state = checked(value);
  for (const [name, id] of Object.entries(fields)) if (state.settings[name] !== undefined) byId(id).value = state.settings[name];
  showMessages();
  showRegions();
}

function snapshot() {
  for (const [name, id] of Object.entries(fields)) {
    const input = byId(id);
    state.settings[name] = input.type === "number" ? Number(input.value) : input.value;
  }
  return state;
}

// ---- The conversation and its regions

function showMessages() {
  byId("messages").replaceChildren(...state.messages.map((message, index) => {
    const role = element("select", { ariaLabel: `Role of message ${index + 1}`, onchange: () => { message.role = role.value; } },
      ...["system", "user", "assistant", "tool"].map((name) => element("option", { value: name, textContent: name, selected: name === message.role })));
    const text = element("textarea", { value: message.content, ariaLabel: `Message ${index + 1}`, rows: 2 });
    text.dataset.message = index;
    const note = () => {
      if (text.selectionStart !== text.selectionEnd)
        lastSelection = { message: index, start: characters(text.value, text.selectionStart), end: characters(text.value, text.selectionEnd) };
    };
    for (const event of ["select", "mouseup", "keyup", "touchend"]) text.addEventListener(event, note);
    text.addEventListener("input", () => {
      edit(index, message.content, text.value);
      message.content = text.value;
      showRegions();
    });
    const remove = element("button", { type: "button", className: "small", textContent: "Remove", ariaLabel: `Remove message ${index + 1}`, disabled: state.messages.length === 1,
      onclick: () => {
        state.messages.splice(index, 1);
        state.regions = state.regions.filter((r) => r.message !== index).map((r) => ({ ...r, message: r.message - (r.message > index) }));
        showMessages();
        showRegions();
        byId("add").focus(); // The button that had the focus is gone.
      } });
    const whole = element("button", { type: "button", className: "small", textContent: "Mark all", ariaLabel: `Mark all of message ${index + 1}`,
      onclick: () => mark({ message: index, start: 0, end: Array.from(message.content).length }) });
    const head = element("div", { className: "head" }, role, whole, remove);
    return element("div", { className: "message" }, head, text);
  }));
}

// A region keeps its place when text before it changes, and goes when its own text does.
function edit(index, before, after) {
  const [a, b] = [Array.from(before), Array.from(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const changedEnd = a.length - end;
  state.regions = state.regions.filter((region) => {
    if (region.message !== index || region.characters[1] <= start) return true;
    if (region.characters[0] < changedEnd) return false;
    region.characters = region.characters.map((c) => c + b.length - a.length);
    return true;
  });
}

function mark(selection) {
  if (!selection || selection.start >= selection.end) return say("Select some text in a message first.", true);
  state.regions.push({ message: selection.message, characters: [selection.start, selection.end], weight: 1 });
  lastSelection = null;
  showRegions();
  say("The region is marked.");
}

function showRegions() {
  const items = state.regions.map((region, index) => {
    const text = regionText(region);
    const value = element("output", { value: region.weight.toFixed(1) });
    const slider = element("input", { type: "range", min: -1, max: 1, step: 0.1, value: region.weight, ariaLabel: `Weight of region ${index + 1}: ${text}`,
      oninput: () => { region.weight = Number(slider.value); value.value = region.weight.toFixed(1); } });
    const remove = element("button", { type: "button", className: "small", textContent: "Remove", ariaLabel: `Remove region ${index + 1}`,
      onclick: () => { state.regions.splice(index, 1); showRegions(); byId("mark").focus(); } });
    return element("li", {}, element("q", { textContent: text }), element("span", { className: "quiet", textContent: state.messages[region.message]?.role ?? "" }), slider, value, remove);
  });
  byId("regions").replaceChildren(...(items.length ? items : [element("li", { className: "quiet", textContent: "None yet." })]));
}

// ---- The server

function headers() {
  const key = byId("api-key").value;
  return { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) };
}

async function post(path, body, signal) {
  const reply = await fetch(path, { method: "POST", headers: headers(), body: JSON.stringify(body), signal });
  if (!reply.ok) throw new Error((await reply.json().catch(() => null))?.error?.message ?? `the server answered ${reply.status}`);
  return reply;
}

async function* events(reply) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the server ended the answer early");
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      if (!part.startsWith("data: ")) continue;
      const data = part.slice(6);
      if (data === "[DONE]") return;
      const event = JSON.parse(data);
      if (event.error) throw new Error(event.error.message);
      yield event;
    }
  }
}

function request(strategy) {
  const { messages, regions, settings } = snapshot();
  const guidance = {
    rule: settings.rule, score: settings.score, candidates: settings.candidates, min_probability: settings.min_probability,
    entropy_threshold: settings.entropy_threshold === 0 ? "off" : settings.entropy_threshold,
    roi: regions.filter((r) => r.weight !== 0).map(({ message, characters, weight }) => ({ message, characters, weight })),
  };
  const agd = { strategy, trace: true, ...(strategy === "agd" ? guidance : {}) };
  return { messages, max_tokens: settings.max_tokens, stream: true, agd };
}

// The texts of tokens in a row. A character that several tokens make up shows at the last of them, the others show nothing.
class Texts {
  #decoder = new TextDecoder();
  next(token) {
    return token.bytes ? this.#decoder.decode(Uint8Array.from(token.bytes), { stream: true }) : this.#decoder.decode() + token.text;
  }
}

// A token by itself: its text, or its bytes where they are part of a character.
const nameOf = (token) => token.bytes ? token.bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ") : token.text;

async function answer(strategy, signal) {
  const place = byId(strategy);
  const texts = new Texts();
  const result = { promptTokens: [], steps: [] };
  answers[strategy] = result;
  place.replaceChildren();
  const reply = await post("v1/chat/completions", request(strategy), signal);
  for await (const event of events(reply)) {
    const trace = event.choices[0]?.agd;
    if (trace?.prompt_tokens) result.promptTokens = trace.prompt_tokens;
    for (const step of trace?.steps ?? []) {
      if (step.control) continue; // Ends the answer; what only looks like a control token is text.
      step.shown = texts.next(step);
      result.steps.push(step);
      place.append(tokenElement(strategy, step, result.steps.length - 1));
    }
  }
}

function tokenElement(strategy, step, index) {
  const token = element("span", { className: step.changed ? "token changed" : "token", textContent: step.shown, tabIndex: index === 0 ? 0 : -1, role: "button" });
  token.setAttribute("aria-pressed", "false");
  if (step.changed) token.setAttribute("aria-label", `${step.shown || nameOf(step)}, chosen by guidance`);
  else if (!step.shown) token.setAttribute("aria-label", `part of a character: ${nameOf(step)}`);
  token.addEventListener("click", () => explain(strategy, index, token));
  token.addEventListener("keydown", (event) => {
    const next = { ArrowRight: token.nextElementSibling, ArrowLeft: token.previousElementSibling }[event.key];
    if (next) { token.tabIndex = -1; next.tabIndex = 0; next.focus(); event.preventDefault(); }
    if (event.key === "Enter" || event.key === " ") { explain(strategy, index, token); event.preventDefault(); }
  });
  return token;
}

async function run() {
  stop();
  const controller = running = new AbortController();
  const hasRegion = state.regions.some((r) => r.weight !== 0);
  swap("run", "stop");
  byId("detail").hidden = true;
  say("Answering…");
  if (!hasRegion) byId("agd").replaceChildren();
  const results = await Promise.allSettled([answer("greedy", controller.signal), ...(hasRegion ? [answer("agd", controller.signal)] : [])]);
  if (running !== controller) return;
  running = null;
  swap("stop", "run");
  const failure = results.find((result) => result.status === "rejected");
  if (failure?.reason.name === "AbortError") return say("Stopped.");
  if (failure) return say(`It failed: ${failure.reason.message}`, true);
  const changed = answers.agd?.steps.filter((step) => step.changed).length ?? 0;
  say(hasRegion ? `Done. Guidance chose otherwise at ${changed} of ${answers.agd.steps.length} tokens.` : "Done. Mark a region to see guidance beside it.");
}

function stop() { running?.abort(); }

// Disables a button and enables another, which takes over the focus: a disabled button can't keep it.
function swap(off, on) {
  byId(on).disabled = false;
  if (document.activeElement === byId(off)) byId(on).focus();
  byId(off).disabled = true;
}

// ---- Why a token was chosen

async function explain(strategy, index, token) {
  document.querySelectorAll(".token[aria-pressed=true]").forEach((other) => other.setAttribute("aria-pressed", "false"));
  token.setAttribute("aria-pressed", "true");
  const { promptTokens, steps } = answers[strategy];
  const step = steps[index];
  byId("detail").hidden = false;
  byId("detail-token").replaceChildren(element("code", { textContent: nameOf(step) }));
  byId("detail-why").textContent = `Entropy ${step.entropy.toFixed(2)} nats. ` + (
    step.changed ? "Guidance chose it over the model's first choice." : step.guided ? "Guidance agreed with the model's first choice."
    : strategy === "agd" ? "The model was sure enough: its first choice was taken." : "The model's first choice.");
  const number = (value, digits) => (value === undefined ? "–" : value.toFixed(digits));
  const candidates = step.candidates.length ? step.candidates : [{ id: step.chosen, text: step.text, bytes: step.bytes }];
  byId("detail-candidates").replaceChildren(...candidates.map((candidate) => element("tr", { className: candidate.id === step.chosen ? "chosen" : "" },
    element("td", {}, element("code", { textContent: nameOf(candidate) })),
    element("td", { textContent: candidate.probability === undefined ? "–" : `${(100 * candidate.probability).toFixed(1)} %` }),
    element("td", { textContent: number(candidate.score, 3) }),
    element("td", { textContent: [candidate.id === step.chosen ? "chosen" : "", candidate.id === step.greedy ? "first choice" : ""].filter(Boolean).join(", ") }))));
  byId("heat").textContent = "…";
  byId("heat-scale").textContent = "";
  try {
    // The tokens before this one: those of the prompt, and of the answer so far.
    const context = [...promptTokens, ...steps.slice(0, index).map((s) => s.token)];
    const report = await (await post("v1/attributions", { prompt: context, targets: [step.token], agd: { rule: byId("rule").value } })).json();
    if (token.getAttribute("aria-pressed") !== "true") return;
    const relevance = report.targets[0].tokens;
    const largest = Math.max(...relevance.map(Math.abs)) || 1;
    const texts = new Texts();
    byId("heat").replaceChildren(...report.tokens.map((other, position) => {
      const value = relevance[position];
      const span = element("span", { textContent: texts.next(other), title: `relevance ${value.toFixed(3)}` });
      span.style.backgroundColor = `rgb(var(--${value < 0 ? "against" : "for"}) / ${(0.75 * Math.abs(value) / largest).toFixed(3)})`;
      return span;
    }));
    byId("heat-scale").textContent = `strongest: ${largest.toFixed(2)} of a logit of ${report.targets[0].logit.toFixed(2)}`;
  } catch (error) {
    byId("heat").textContent = `The relevance can't be shown: ${error.message}`;
  }
}

// ---- Links and files

function say(text, isError = false) {
  byId("status").textContent = text;
  byId("status").className = isError ? "error" : "";
}

const encoded = () => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(snapshot())))).replaceAll("+", "-").replaceAll("/", "_");
const decoded = (text) => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))));

async function copyLink() {
  location.hash = encoded();
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied. It holds the conversation, the regions and the settings.");
  } catch {
    say("The link is in the address bar. It holds the conversation, the regions and the settings.");
  }
}

function saveFile() {
  const url = URL.createObjectURL(new Blob([JSON.stringify(snapshot(), null, 2)], { type: "application/json" }));
  element("a", { href: url, download: "conversation.json" }).click();
  URL.revokeObjectURL(url);
}

async function openFile(event) {
  try {
    load(JSON.parse(await event.target.files[0].text()));
    say("The file is open.");
  } catch (error) {
    say(`The file can't be opened: ${error.message}`, true);
  }
  event.target.value = "";
}

function openLink() {
  try { load(location.hash.length > 1 ? decoded(location.hash.slice(1)) : example); } catch {
    load(example);
    say("The link is damaged; here is the example instead.", true);
  }
}

// ---- Start

byId("mark").addEventListener("mousedown", (event) => event.preventDefault()); // keeps the selection
byId("mark").addEventListener("click", () => mark(lastSelection));
byId("add").addEventListener("click", () => {
  const last = state.messages[state.messages.length - 1];
  state.messages.push({ role: last.role === "user" ? "assistant" : "user", content: "" });
  showMessages();
  byId("messages").lastElementChild.querySelector("textarea").focus();
});
byId("run").addEventListener("click", run);
byId("stop").addEventListener("click", stop);
byId("link").addEventListener("click", copyLink);
byId("save").addEventListener("click", saveFile);
byId("open").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", openFile);
window.addEventListener("hashchange", openLink);
openLink();
fetch("v1/models", { headers: headers() }).then((reply) => (reply.ok ? reply.json() : null)).then((list) => {
  if (list) byId("model").textContent = `Model: ${list.data[0].id}.`;
}).catch(() => {});
