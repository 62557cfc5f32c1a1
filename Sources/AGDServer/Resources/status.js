// The line below the conversation, which screen readers read out when it changes.
import { app, on, takeBack } from "./app.js";
import { button, byId, element } from "./dom.js";

let timer = null;

export function say(text, { isError = false, undo = false } = {}) {
  clearTimeout(timer);
  byId("status").className = isError ? "error" : "";
  byId("status").replaceChildren(element("span", { textContent: text }), ...(undo ? [button("Undo", () => { takeBack(); say("It is back."); }, { className: "small", key: "undo" })] : []));
  if (!app.running.size && !isError) timer = setTimeout(() => byId("status").replaceChildren(), undo ? 20000 : 8000);
}

// What was said about one conversation doesn't stand below another.
on("open", () => { if (!app.running.size) byId("status").replaceChildren(); });
on("problem", (text) => say(text, { isError: true }));

export async function copyText(text, what = "The text") {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages without TLS have no clipboard; the old way works there.
    const area = element("textarea", { value: text, className: "offscreen" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return say("The browser doesn't let this page copy.", { isError: true });
  }
  say(`${what} is copied.`);
}
