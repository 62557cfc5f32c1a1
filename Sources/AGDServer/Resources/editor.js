// A text that is edited with its marks in sight: a transparent text area over the coloured text. Marks move with every change.
import { button, element } from "./dom.js";
import { markRanges, pieces } from "./layers.js";
import { adding, edited, marksIn } from "./marks.js";

export class Editor {
  // `place` is {turn, document?}; `marks` are all marks of a conversation, of which those in the place are edited.
  constructor({ text, marks, place, label, rows = 1, placeholder = "", key, onchange = () => {} }) {
    Object.assign(this, { place, marks: marksIn(marks, place), before: text, onchange });
    this.behind = element("div", { className: "behind", "aria-hidden": "true" });
    this.area = element("textarea", { value: text, rows, placeholder, "aria-label": label, "data-key": key, spellcheck: true });
    this.node = element("div", { className: "editor" }, this.behind, this.area);
    this.area.addEventListener("input", () => {
      this.marks = edited(this.marks, this.before, this.area.value);
      this.before = this.area.value;
      this.draw();
      this.onchange(this);
    });
    this.area.addEventListener("scroll", () => { this.behind.scrollTop = this.area.scrollTop; });
    this.area.addEventListener("keydown", (event) => {
      if (!(event.key.toLowerCase() === "m" && (event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      this.markSelection();
    });
    this.draw();
  }

  get text() { return this.area.value; }

  set(text, marks) {
    this.marks = marksIn(marks, this.place);
    if (this.area.value !== text) this.area.value = text;
    this.before = text;
    this.draw();
  }

  draw() {
    this.behind.replaceChildren(...pieces(this.text, 0, this.text.length, markRanges(this.marks)), "\n");
    this.area.style.height = "auto";
    if (this.area.scrollHeight) this.area.style.height = `${this.area.scrollHeight + 2}px`;
  }

  // Marks what is selected, or all of it.
  markSelection() {
    const { selectionStart, selectionEnd } = this.area;
    const [start, end] = selectionStart < selectionEnd ? [selectionStart, selectionEnd] : [0, this.text.length];
    if (start === end) return this.area.focus();
    this.marks = adding(this.marks, { ...this.place, start, end });
    this.draw();
    this.onchange(this);
  }

  // A button for those without a mouse; it keeps the selection.
  markButton(properties = {}) {
    const node = button("Mark", () => this.markSelection(), { className: "small", title: "Mark the selection, or all of it (Ctrl+M)", ...properties });
    node.addEventListener("mousedown", (event) => event.preventDefault());
    return node;
  }
}
