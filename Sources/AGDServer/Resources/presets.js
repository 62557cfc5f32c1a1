// Ways to guide, each a few settings with a sentence. What a preset leaves open is the server's default.
import { app, changed } from "./app.js";

export const presets = [
  { id: "default", name: "Default", settings: {}, text: "As the server is set; unless told otherwise, as published: steps in where the model hesitates, and takes the likely word that draws most on the marks. Gentle: some answers don't change." },
  { id: "always", name: "Every word", settings: { entropy_threshold: "off" }, text: "At every word the likely one that draws most on the marks, however sure the model is. For models that seldom hesitate." },
  { id: "strong", name: "Stronger", settings: { entropy_threshold: "off", score: "excess" }, text: "At every word, by how much more than usual a word owes to the marks. Changes more, and reads less smoothly." },
  { id: "careful", name: "Likely words only", settings: { min_probability: 0.15 }, text: "Where the model hesitates, among words of at least 15 % only. Reads most smoothly." },
];
const fields = ["entropy_threshold", "score", "min_probability", "candidates", "rule"];

export const presetOf = (settings) => presets.find((preset) => fields.every((name) => preset.settings[name] === settings[name]));

export function usePreset(id) {
  const { settings } = app.conversation;
  const preset = presets.find((one) => one.id === id);
  for (const name of fields) delete settings[name];
  Object.assign(settings, preset.settings);
  changed("settings");
}
