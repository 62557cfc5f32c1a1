// The conversations that the browser keeps; files and links of them.
import { app, changed, on, removeConversation, save, show, showNew } from "./app.js";
import { newConversation, titleOf } from "./conversation.js";
import { button, byId, element, keepingFocus } from "./dom.js";
import { copyText, say } from "./status.js";
import * as store from "./store.js";

export function prepareConversations() {
  byId("new").addEventListener("click", () => { showNew(); document.querySelector('[data-key="message"], [data-key="text"]')?.focus(); });
  byId("save-one").addEventListener("click", () => saveFile([app.conversation], titleOf(app.conversation)));
  byId("save-all").addEventListener("click", () => { save(); saveFile(store.list().map(({ id }) => store.read(id)).filter(Boolean), "conversations"); });
  byId("open-file").addEventListener("click", () => byId("conversation-file").click());
  byId("conversation-file").addEventListener("change", async (event) => { await openFile(event.target.files[0]); event.target.value = ""; });
  byId("link").addEventListener("click", copyLink);
  byId("title").addEventListener("change", () => { app.conversation.title = byId("title").value.trim(); changed("title"); save(); });
  for (const what of ["open", "list", "turns"]) on(what, draw);
  addEventListener("storage", () => { store.forget(); draw(); });
}

function draw() {
  const current = app.conversation;
  if (document.activeElement !== byId("title")) byId("title").value = titleOf(current);
  const rows = store.list().map(({ id, title }) => element("li", {},
    button(title, () => { if (id !== app.conversation.id) show(store.read(id) ?? newConversation()); document.body.dataset.panel = ""; }, { key: `open/${id}`, className: "open", "aria-current": id === current.id ? "true" : undefined }),
    button("×", () => { removeConversation(id); say("The conversation is deleted.", { undo: true }); byId("new").focus(); }, { key: `delete/${id}`, className: "quiet", "aria-label": `Delete: ${title}` })));
  keepingFocus(() => byId("conversations-list").replaceChildren(...(rows.length ? rows : [element("li", { className: "hint", textContent: "None kept yet." })])));
}

function saveFile(conversations, name) {
  const url = URL.createObjectURL(new Blob([store.exported(conversations)], { type: "application/json" }));
  element("a", { href: url, download: `${name.replace(/[^\p{L}\p{N} -]/gu, "").trim() || "conversation"}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
  say(`Saved as a file: ${conversations.length} conversation${conversations.length === 1 ? "" : "s"}.`);
}

// Opened conversations are added; none is replaced, unless it is the same one.
export async function openFile(file) {
  try {
    const conversations = store.imported(await file.text());
    for (const conversation of conversations) {
      if (store.read(conversation.id)) conversation.id = newConversation().id;
      store.write(conversation);
    }
    if (conversations.length) show(conversations[0]);
    say(`Opened ${conversations.length} conversation${conversations.length === 1 ? "" : "s"}.`);
  } catch (error) {
    say(`“${file.name}” can't be opened: ${error.message}.`, { isError: true });
  }
}

function copyLink() {
  const link = `${location.origin}${location.pathname}#${store.linkOf(app.conversation)}`;
  copyText(link, "The link, which holds the whole conversation,");
}

// A conversation in the address is opened as a new one, so that nothing here is written over.
export function openLink() {
  if (location.hash.length < 2) return false;
  try {
    const conversation = store.fromLink(location.hash.slice(1));
    conversation.id = newConversation().id;
    show(conversation);
    return true;
  } catch {
    say("The link is damaged.", { isError: true });
    return false;
  } finally {
    history.replaceState(null, "", location.pathname);
  }
}
