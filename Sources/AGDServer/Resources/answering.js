// Having the server answer: tokens arrive one by one and are written to an answer, whatever page is looked at meanwhile.
import { abort, app, changed, save, writing } from "./app.js";
import { connect } from "./connection.js";
import { besideAnswer, isSteered, newAnswer, newAssistantTurn, shownAnswer } from "./conversation.js";
import { noteStart, noteToken } from "./progress.js";
import { completionRequest, isUntrusted, messagesUpTo, strategyFor } from "./request.js";
import { post, stream } from "./server.js";
import { footnotesFrom, trustFrom } from "./sources.js";
import { announceEnd } from "./summary.js";

// Answers after the last turn, in a turn of its own.
export function answerNext(conversation = app.conversation) {
  const turn = newAssistantTurn();
  conversation.turns.push(turn);
  return answerIn(conversation, turn);
}

// Answers once more in a turn of the assistant; earlier answers stay.
export function answerIn(conversation, turn) {
  const before = turnsBefore(conversation, turn);
  const strategy = strategyFor(conversation, before);
  turn.answers.push(newAnswer(strategy, conversation.settings.avoid));
  turn.shown = turn.answers.length - 1;
  turn.beside = null;
  const runs = [run(conversation, turn, shownAnswer(turn))];
  if (conversation.beside && isSteered(shownAnswer(turn))) runs.push(compare(conversation, turn));
  changed("turns");
  return Promise.all(runs);
}

// Puts beside an answer what the model says by itself, without guidance and without words that are kept out.
export function compare(conversation, turn) {
  const known = turn.answers.findIndex((answer) => answer.strategy === "greedy" && !isSteered(answer) && answer.basis === basisOf(conversation, turn) && answer.finish);
  if (known >= 0) {
    turn.beside = known;
    changed("turns");
    return Promise.resolve();
  }
  turn.answers.push(newAnswer("greedy"));
  turn.beside = turn.answers.length - 1;
  changed("turns");
  return run(conversation, turn, besideAnswer(turn));
}

// Goes on where an answer was cut.
export function goOn(conversation, turn, answer) {
  return run(conversation, turn, answer, { continues: true });
}

// After an error. What had come of an answer stays as an earlier one.
export function tryAgain(conversation, turn, answer) {
  if (answer.text && answer === shownAnswer(turn)) return answerIn(conversation, turn);
  Object.assign(answer, newAnswer(answer.strategy, answer.avoid), { id: answer.id });
  return run(conversation, turn, answer);
}

export const stop = () => abort(app.conversation.turns);

export const isRunning = (conversation = app.conversation) =>
  conversation.turns.some((turn) => turn.answers?.some((answer) => app.running.has(answer.id)));

const turnsBefore = (conversation, turn) => conversation.turns.slice(0, conversation.turns.indexOf(turn));

// What an answer was given to, so that it is known whether another was given to the same.
function basisOf(conversation, turn) {
  const text = JSON.stringify(messagesUpTo(conversation, turnsBefore(conversation, turn)).messages) + (conversation.settings.max_tokens ?? "");
  let hash = 7;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

async function run(conversation, turn, answer, { continues = false } = {}) {
  const controller = new AbortController();
  app.running.set(answer.id, controller);
  Object.assign(answer, { error: null, finish: null, basis: basisOf(conversation, turn) });
  changed("running");
  await writing(conversation, async () => {
    try {
      await receive(conversation, turn, answer, continues, controller.signal);
    } catch (error) {
      if (error.name === "AbortError") answer.finish = "stopped";
      else Object.assign(answer, { error: { message: error.message, code: error.code ?? null, wait: error.wait ?? null }, finish: "failed" });
      if ([401, 503].includes(error.status) || error.code === "unreachable") connect(); // Asks for the key, or waits for the server.
    }
    app.running.delete(answer.id);
  });
  changed("running");
  changed("turns");
  if (!app.running.size) announceEnd(answer === besideAnswer(turn) ? shownAnswer(turn) : answer);
}

async function receive(conversation, turn, answer, continues, signal) {
  const turns = [...turnsBefore(conversation, turn), ...(continues ? [{ id: turn.id, role: "assistant", answers: [answer], shown: 0 }] : [])];
  const wantsSources = conversation.settings.sources || isUntrusted(turns);
  const sources = Boolean(app.abilities?.sources && wantsSources && conversation.kind === "chat" && !continues);
  noteStart({ sources });
  const { path, body } = await completionRequest(conversation, turns, answer.strategy, { avoid: answer.avoid, continues, sources, signal });
  let lastSave = Date.now();
  let [report, check] = [null, null];
  for await (const event of stream(path, body, signal)) {
    const choice = event.choices[0];
    if (!choice) continue;
    if (choice.agd?.prompt_tokens && !continues) promptTokens.set(answer.id, choice.agd.prompt_tokens);
    if (choice.agd?.strategy) answer.method = choice.agd.strategy;
    if (choice.agd?.notes) answer.notes = choice.agd.notes;
    report = choice.agd?.sources ?? report;
    check = choice.agd?.trust ?? check;
    append(answer, choice);
    noteToken();
    if (choice.finish_reason) answer.finish = choice.finish_reason;
    changed("answer", answer);
    if (Date.now() - lastSave > 2000) { save(); lastSave = Date.now(); }
  }
  if (!report) return;
  answer.trust = trustFrom(report, check);
  answer.sources = answer.trust?.refused ? [] : footnotesFrom(report, answer.text, messagesUpTo(conversation, turns));
}

// A chunk's text is shown as its token's; one that was held back (a part of a character) shows with the next.
function append(answer, { agd, delta, text }) {
  const piece = delta?.content ?? text ?? "";
  answer.thoughts += delta?.reasoning_content ?? "";
  answer.text += piece;
  const steps = (agd?.steps ?? []).filter((step) => !step.control);
  answer.avoided += (agd?.steps ?? []).filter((step) => step.avoided !== undefined).length;
  steps.forEach((step, index) => answer.tokens.push(tokenFrom(step, index === steps.length - 1 ? piece : "")));
  if (!steps.length && piece) answer.tokens.length ? answer.tokens[answer.tokens.length - 1].text += piece : answer.tokens.push({ id: -1, text: piece, entropy: 0 });
}

function tokenFrom({ token, entropy, guided, changed: isChanged, greedy, candidates, ...step }, text) {
  return {
    id: token, text, name: nameOf(step) === text ? undefined : nameOf(step), entropy,
    ...(guided ? { guided: true } : {}), ...(isChanged ? { changed: true, greedy } : {}),
    ...(candidates.length > 1 || guided ? { candidates: candidates.map((one) => ({ id: one.id, name: nameOf(one), probability: one.probability, score: one.score })) } : {}),
  };
}

// A token by itself: its text, or its bytes where they are part of a character.
const nameOf = ({ text, bytes }) => (bytes ? bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ") : text);

// ---- What a token rests on

const promptTokens = new Map(); // answer id → ids, as long as the page is open

export async function tokensBefore(conversation, turn, answer, index, signal) {
  if (!promptTokens.has(answer.id)) {
    const turns = turnsBefore(conversation, turn);
    const prompt = conversation.kind === "text" ? { prompt: turns[0].text } : { messages: messagesUpTo(conversation, turns).messages };
    promptTokens.set(answer.id, (await post("tokenize", prompt, signal)).tokens.map((token) => token.id));
  }
  return [...promptTokens.get(answer.id), ...answer.tokens.slice(0, index).map((token) => token.id)];
}

