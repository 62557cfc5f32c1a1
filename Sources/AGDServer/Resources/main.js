// The page of agd serve: a chat in which passages are marked that the answers shall draw on.
import { app, on, save, show } from "./app.js";
import { addFiles, prepareComposer } from "./composer.js";
import { connect } from "./connection.js";
import { openFile, openLink, prepareConversations } from "./conversations.js";
import { enableExamples } from "./examples.js";
import { prepareTerms } from "./glossary.js";
import { prepareGuidance } from "./guidance.js";
import { preparePanels } from "./panels.js";
import { prepareSelection } from "./selection.js";
import { prepareSettings } from "./settings.js";
import { copyText } from "./status.js";
import * as store from "./store.js";
import { prepareThread } from "./thread.js";

for (const prepare of [prepareTerms, prepareThread, prepareComposer, prepareGuidance, prepareSettings, prepareConversations, preparePanels, prepareSelection]) prepare();

document.addEventListener("copytext", (event) => copyText(event.detail, "The code"));
addEventListener("pagehide", save);
document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });

// A file dropped anywhere becomes a document of the next message, or is opened where it holds conversations.
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); document.body.classList.add("dropping"); } });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
addEventListener("drop", async (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove("dropping");
  const documents = [];
  for (const file of event.dataTransfer.files) {
    const isConversation = file.name.endsWith(".json") && (await file.slice(0, 200).text()).includes('"agd-conversations"');
    if (isConversation) await openFile(file); else documents.push(file);
  }
  await addFiles(documents);
});

on("model", enableExamples);
const last = store.read(store.shown() ?? store.list()[0]?.id ?? "");
if (!openLink()) show(last ?? app.conversation);
addEventListener("hashchange", openLink);
connect();
