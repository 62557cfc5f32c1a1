// What is being done while an answer is on its way, and for how long already: long texts are read for a while, and sources are
// looked for when an answer is there.
import { app } from "./app.js";
import { byId, element } from "./dom.js";
import { say } from "./status.js";

const pause = 1000; // without a token, in milliseconds, after which the answer's sources are being looked for
let [began, lastToken, wantsSources, timer] = [0, 0, false, null];

export function noteStart({ sources }) {
  [began, lastToken, wantsSources] = [Date.now(), 0, sources];
  say("Reading…");
  timer ??= setInterval(show, 500);
}

export function noteToken() {
  const isFirst = !lastToken;
  lastToken = Date.now();
  if (isFirst) show();
}

const stage = () => (!lastToken ? "Reading…" : wantsSources && Date.now() - lastToken > pause ? "Looking for sources…" : "Answering…");

function show() {
  if (!app.running.size) {
    clearInterval(timer);
    timer = null;
    return;
  }
  if (byId("status").firstElementChild?.textContent !== stage()) say(stage()); // Screen readers hear each stage once.
  const seconds = Math.round((Date.now() - began) / 1000);
  byId("elapsed")?.remove();
  if (seconds >= 3) byId("status").append(element("span", { id: "elapsed", textContent: `${seconds} s`, "aria-hidden": "true" }));
}
