// Finding the server and its model; what stands in the way is said at the top, with what to do.
import { app, changed, showNew } from "./app.js";
import { button, byId, element } from "./dom.js";
import { abilities, get, setKey } from "./server.js";
import { say } from "./status.js";

export async function connect() {
  try {
    const [models, known] = await Promise.all([get("v1/models"), app.abilities ?? abilities()]);
    if (app.model && !byId("connection").hidden) say("The server is back.");
    Object.assign(app, { model: models.data[0], abilities: known });
    byId("connection").hidden = true;
    byId("model").textContent = app.model.id;
    const kind = app.model.has_chat_template ? "chat" : "text";
    const isEmpty = app.conversation.turns.every((turn) => turn.text === "") && !app.conversation.draft.text && !app.conversation.draft.documents.length;
    if (isEmpty && app.conversation.kind !== kind) showNew();
    changed("model");
  } catch (error) {
    tell(error);
  }
}

function tell(error) {
  const banner = byId("connection");
  banner.hidden = false;
  if (error.status === 401) return askForKey(banner);
  banner.replaceChildren(element("p", { textContent: error.message }));
  if (error.status !== 503 && error.code !== "unreachable") return banner.append(button("Try again", connect, { className: "small" }));
  setTimeout(connect, 1500);
}

function askForKey(banner) {
  if (banner.querySelector("#api-key")) return banner.querySelector("p").replaceChildren("The server doesn't take this key.");
  const input = element("input", { id: "api-key", type: "password", autocomplete: "off", "aria-label": "API key" });
  const form = element("form", { className: "row" }, input, element("button", { className: "primary small", textContent: "Use it" }));
  form.addEventListener("submit", (event) => { event.preventDefault(); setKey(input.value); connect(); });
  banner.replaceChildren(element("p", { textContent: "This server wants a key. It is kept while the page is open, and not stored." }), form);
}
