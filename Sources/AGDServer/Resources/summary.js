// The line after an answer: how often guidance stepped in, how often it chose another word, and what to do where it never did.
import { app } from "./app.js";
import { byId, percent } from "./dom.js";
import { say } from "./status.js";

const shares = ({ tokens }) => ({
  count: tokens.length,
  guided: tokens.filter((token) => token.guided).length,
  changed: tokens.filter((token) => token.changed).length,
  mostEntropy: tokens.reduce((most, token) => Math.max(most, token.entropy), 0),
});

// Whether the server is set to guide in another way than this page does.
const isOther = ({ strategy, method }) => strategy === "agd" && method !== undefined && method !== "agd";

export function lineOf(answer) {
  const { count, guided, changed } = shares(answer);
  const tokens = `${count} token${count === 1 ? "" : "s"}`;
  if (answer.strategy === "edited") return "edited by you";
  if (answer.trust?.refused) return "withheld";
  if (isOther(answer)) return `${answer.method}: changed ${percent(count ? changed / count : 0)} of ${tokens}`;
  if (answer.strategy !== "agd") return `${answer.strategy === "sample" ? "drawn by chance" : "greedy"}, ${tokens}`;
  return count ? `guided ${percent(guided / count)}, changed ${percent(changed / count)} of ${tokens}` : "guided, no tokens";
}

// What an answer draws from untrusted documents, in a sentence, and what was done about it; null where nothing is untrusted.
export function trustOf({ trust, text }) {
  if (!trust) return null;
  if (trust.refused) return `Withheld: ${trust.reason}. The limit is in the settings.`;
  if (trust.reason) return `Careful: ${trust.reason}.`;
  const sentence = trust.sentence.length > 80 ? `${trust.sentence.slice(0, 78).trimEnd()}…` : trust.sentence.replace(/\.$/, "");
  if (trust.sentence === text.trim()) return `${percent(trust.largest)} of it rests on untrusted documents.`;
  return `up to ${percent(trust.largest)} of a sentence rests on untrusted documents, most in “${sentence}”.`;
}

export const avoidedOf = ({ avoided }) => (avoided ? `Words to avoid were kept out ${avoided === 1 ? "once" : `${avoided} times`}.` : null);

// What to do where guidance changed nothing: {text, preset?}, with a preset that would help.
export function adviceOn(answer, settings) {
  const { count, guided, changed, mostEntropy } = shares(answer);
  if (answer.strategy !== "agd" || isOther(answer) || changed > 0 || !count || answer.error) return null;
  const threshold = settings.entropy_threshold ?? app.abilities?.guidance.entropy_threshold.standard;
  if (guided === 0 && typeof threshold === "number") {
    return { text: `The model was never unsure enough for guidance to step in: its entropy stayed below ${threshold} (at most ${mostEntropy.toFixed(2)}).`, preset: "always" };
  }
  if (settings.score === "excess") return { text: "The model's first choice drew most on what is marked, at every word: there was nothing to change." };
  return { text: "Of the likely words, the model's first choice drew most on what is marked, each time.", preset: "strong" };
}

export function announceEnd(answer) {
  byId("spoken").textContent = answer.text; // Screen readers hear an answer once, when it is whole.
  if (answer.error) return say(`No answer: ${answer.error.message}`);
  say(`${answer.finish === "stopped" ? "Stopped" : "Answered"}: ${lineOf(answer)}.`);
}
