// Presets with a sentence each, and each setting by itself. A setting that is left empty is the server's default.
import { compare, isRunning } from "./answering.js";
import { app, changed, on } from "./app.js";
import { isSteered, shownAnswer } from "./conversation.js";
import { byId, element } from "./dom.js";
import { presetOf, presets, usePreset } from "./presets.js";
import { standardLength } from "./request.js";

const numbers = { candidates: "candidates", min_probability: "min-probability", max_tokens: "max-tokens", temperature: "temperature" };

export function prepareSettings() {
  byId("presets").append(...presets.map(({ id, name, text }) => element("label", { className: "preset" },
    element("input", { type: "radio", name: "preset", value: id, onchange: () => usePreset(id) }),
    element("span", {}, element("strong", { textContent: name }), element("span", { className: "hint", textContent: text })))));
  byId("presets").append(element("p", { id: "own-settings", className: "hint", textContent: "Settings of your own, below.", hidden: true }));
  for (const [name, id] of Object.entries(numbers)) byId(id).addEventListener("change", () => set(name, byId(id).value === "" ? undefined : Number(byId(id).value), byId(id)));
  for (const name of ["score", "rule"]) byId(name).addEventListener("change", () => set(name, byId(name).value === standard(name) ? undefined : byId(name).value));
  byId("entropy-threshold").addEventListener("change", () => set("entropy_threshold", byId("entropy-threshold").value === "" ? undefined : Number(byId("entropy-threshold").value), byId("entropy-threshold")));
  byId("always").addEventListener("change", () => set("entropy_threshold", byId("always").checked ? "off" : undefined));
  byId("beside").addEventListener("change", () => { setBeside(byId("beside").checked); });
  byId("avoid").addEventListener("change", () => set("avoid", byId("avoid").value.trim() || undefined));
  byId("trust-limit").addEventListener("change", () => set("trust_limit", byId("trust-limit").value === "" ? undefined : Number(byId("trust-limit").value) / 100, byId("trust-limit")));
  byId("trust-action").addEventListener("change", () => set("trust_action", byId("trust-action").value === "flag" ? undefined : byId("trust-action").value));
  byId("sources").addEventListener("change", () => set("sources", byId("sources").checked || undefined));
  for (const what of ["open", "settings", "model"]) on(what, draw);
}

// Switched on, it shows at once what the model would have said itself.
function setBeside(isOn) {
  const { conversation } = app;
  conversation.beside = isOn;
  changed("settings");
  const last = conversation.turns.at(-1);
  if (isOn && last?.role === "assistant" && last.beside === null && isSteered(shownAnswer(last)) && !isRunning()) compare(conversation, last);
}

const standard = (name) => app.abilities?.guidance[name]?.standard;

function set(name, value, input) {
  // What the browser finds wrong with a number isn't sent; it says so itself.
  if (input && !input.reportValidity()) return;
  if (value === undefined) delete app.conversation.settings[name]; else app.conversation.settings[name] = value;
  changed("settings");
}

function draw() {
  const { settings, beside } = app.conversation;
  const preset = presetOf(settings);
  for (const input of document.querySelectorAll("#presets input")) input.checked = input.value === preset?.id;
  byId("own-settings").hidden = Boolean(preset);
  for (const [name, id] of Object.entries(numbers)) byId(id).value = settings[name] ?? "";
  byId("always").checked = settings.entropy_threshold === "off";
  byId("entropy-threshold").value = typeof settings.entropy_threshold === "number" ? settings.entropy_threshold : "";
  byId("entropy-threshold").disabled = settings.entropy_threshold === "off";
  byId("beside").checked = beside;
  byId("sources").checked = Boolean(settings.sources);
  byId("avoid").value = settings.avoid ?? "";
  byId("avoid-setting").hidden = !app.abilities?.avoid;
  byId("trust-limit").value = settings.trust_limit === undefined ? "" : Math.round(100 * settings.trust_limit);
  byId("trust-limit").placeholder = "100";
  byId("trust-action").value = settings.trust_action ?? "flag";
  for (const id of ["trust-limit", "trust-action"]) byId(id).disabled = !app.abilities?.trust || app.conversation.kind === "text";
  byId("sources-setting").hidden = !app.abilities?.sources || app.conversation.kind === "text";
  for (const name of ["candidates", "min_probability", "entropy_threshold"]) byId(name.replace("_", "-")).placeholder = standard(name) ?? "";
  byId("max-tokens").placeholder = standardLength;
  byId("temperature").placeholder = "0";
  for (const name of ["score", "rule"]) drawChoice(name);
}

const ruleNames = { attnlrp: "AttnLRP", "cp-lrp": "CP-LRP", ixg: "Input × Gradient", relp: "RelP" };

function drawChoice(name) {
  const values = app.abilities?.guidance[name]?.values ?? [];
  byId(name).replaceChildren(...values.map((value) => element("option", { value, textContent: `${ruleNames[value] ?? value}${value === standard(name) ? " (default)" : ""}` })));
  byId(name).value = app.conversation.settings[name] ?? standard(name) ?? "";
}
