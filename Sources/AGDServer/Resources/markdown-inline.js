// Markdown inside a line: emphasis, code, links. Gives a tree of {kind, children} and {kind: "text", from, to} over one text.

const escapable = /[!-/:-@[-`{-~]/;
const address = /https?:\/\/[^\s<>"'`]+/y;
const deepest = 8;

export function inlineOf(text) {
  return new Scanner(text).scan(0, text.length, 0);
}

// An address that a link may lead to; null for all others, such as javascript:.
function safeAddress(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

class Scanner {
  constructor(text) { this.text = text; }

  scan(from, to, depth) {
    const nodes = [];
    let plain = from;
    let at = from;
    // Delimiters that have no end in what is left: looked for once, so that no text takes long.
    const hopeless = new Set();
    const add = (node, next) => {
      if (at > plain) nodes.push({ kind: "text", from: plain, to: at });
      if (node) nodes.push(node);
      plain = at = next;
    };
    while (at < to) {
      const character = this.text[at];
      if (character === "\\" && at + 1 < to && escapable.test(this.text[at + 1])) {
        add(null, at + 1); // The character itself stays text.
        at++;
        continue;
      }
      const found = this.special(character, at, to, depth, hopeless);
      if (found) add(found.node, found.next); else at++;
    }
    at = to;
    add(null, to);
    return nodes;
  }

  special(character, at, to, depth, hopeless) {
    switch (character) {
      case "`": return this.code(at, to, hopeless);
      case "[": return this.link(at, to, depth);
      case "!": return this.text[at + 1] === "[" ? this.link(at + 1, to, depth) : null; // An image is a link: nothing is fetched.
      case "h": return this.bareAddress(at, to);
      case "*": case "_": case "~": return depth < deepest ? this.emphasis(character, at, to, depth, hopeless) : null;
      default: return null;
    }
  }

  code(at, to, hopeless) {
    const ticks = /^`+/.exec(this.text.slice(at, Math.min(to, at + 32)))[0];
    if (hopeless.has(ticks)) return null;
    for (let end = this.text.indexOf(ticks, at + ticks.length); end >= 0 && end < to; end = this.text.indexOf(ticks, end + 1)) {
      if (this.text[end - 1] === "`" || this.text[end + ticks.length] === "`") continue;
      return { node: { kind: "code", children: [{ kind: "text", from: at + ticks.length, to: end }] }, next: end + ticks.length };
    }
    hopeless.add(ticks);
    return null;
  }

  link(at, to, depth) {
    const near = this.text.slice(at, Math.min(to, at + 1500));
    const match = /^\[([^\[\]]*)\]\(\s*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s+"[^"]*")?\s*\)/.exec(near);
    const href = match && safeAddress(match[2]);
    if (!href) return null;
    const children = this.scan(at + 1, at + 1 + match[1].length, depth + 1);
    return { node: { kind: "link", href, children }, next: at + match[0].length };
  }

  bareAddress(at, to) {
    if (at > 0 && /\w/.test(this.text[at - 1])) return null;
    address.lastIndex = at;
    const match = address.exec(this.text)?.[0].slice(0, to - at).replace(/[.,;:!?)\]*_~]+$/, "");
    const href = match && safeAddress(match);
    return href ? { node: { kind: "link", href, children: [{ kind: "text", from: at, to: at + match.length }] }, next: at + match.length } : null;
  }

  emphasis(character, at, to, depth, hopeless) {
    const isDouble = this.text[at + 1] === character;
    if (character === "~" && !isDouble) return null;
    const mark = isDouble ? character + character : character;
    const opens = at + mark.length < to && !/\s/.test(this.text[at + mark.length]) && !(character === "_" && /\w/.test(this.text[at - 1] ?? " "));
    if (!opens || hopeless.has(mark)) return null;
    const end = this.closing(mark, at + mark.length + 1, to);
    if (end < 0) { hopeless.add(mark); return null; }
    const kind = character === "~" ? "strike" : isDouble ? "strong" : "emphasis";
    return { node: { kind, children: this.scan(at + mark.length, end, depth + 1) }, next: end + mark.length };
  }

  closing(mark, from, to) {
    const character = mark[0];
    for (let end = this.text.indexOf(mark, from); end >= 0 && end + mark.length <= to; end = this.text.indexOf(mark, end + 1)) {
      let run = end;
      while (run < to && this.text[run] === character) run++;
      const fits = mark.length === 1 ? run - end !== 2 : true;
      const ends = !/\s/.test(this.text[end - 1]) && this.text[end - 1] !== "\\" && !(character === "_" && /\w/.test(this.text[run] ?? " "));
      if (fits && ends) return mark.length === 1 && run - end > 2 ? run - 1 : mark.length === 2 && run - end > 2 ? run - 2 : end;
      end = run - 1;
    }
    return -1;
  }
}
