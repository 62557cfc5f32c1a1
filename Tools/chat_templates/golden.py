#!/usr/bin/env python3
"""Renders the conversations beside this file with Jinja2 as HuggingFace's `apply_chat_template` does, and records what came out.

    pip install jinja2==3.1.6
    golden.py .deps/source/models/templates [NAME=TEMPLATE ...] > Tools/chat_templates/golden.json

`agd info MODEL --chat-template` writes the template of a model's file.

Templates are other people's, so the record has a digest of each text, not the text; and where in it each content lies.
The settings are those of transformers 4.57, `utils/chat_template_utils.py`.
"""

import datetime
import functools
import json
import pathlib
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox

HERE = pathlib.Path(__file__).parent
DATE = datetime.datetime(2025, 7, 26)
TOKENS = {"bos_token": "<BOS>", "eos_token": "<EOS>"}


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks what a model is trained on; it prints what is in it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


@functools.cache
def compiled(source):
    result = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    result.filters["tojson"] = tojson
    result.globals["raise_exception"] = raise_exception
    result.globals["strftime_now"] = DATE.strftime
    return result.from_string(source)


def render(template, conversation, tools):
    """The text; transformers cuts it behind the final message where that is to be continued."""
    continues = conversation.get("continue_final_message", False)
    text = template.render(
        messages=conversation["messages"],
        tools=[tools[name] for name in conversation["tools"]] if "tools" in conversation else None,
        documents=None,
        add_generation_prompt=conversation.get("add_generation_prompt", True) and not continues,
        **TOKENS,
        **conversation.get("template_options", {}),
    )
    if not continues:
        return text
    final = conversation["messages"][-1]["content"]
    start = text.rindex(final.strip())  # raises where the template leaves the message out
    whole = text[start : start + len(final.lstrip())] == final
    return text[: start + len(final.lstrip() if whole else final.strip())]


def texts(message):
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"text": content or ""}]
    return [part["text"] for part in parts]


def spans(text, conversation):
    """Bytes of each text of each message, without white space at its ends; null where it isn't there once."""
    result = []
    for message in conversation["messages"]:
        found = []
        for wanted in map(str.strip, texts(message)):
            once = wanted and text.count(wanted) == 1
            start = len(text[: text.index(wanted)].encode()) if once else 0
            found.append([start, start + len(wanted.encode())] if once else None)
        result.append(found)
    return result


def digest(text):
    """FNV-1a, which any language computes in two lines."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def record(source, conversations, tools):
    result = {}
    for name, conversation in conversations.items():
        try:
            text = render(compiled(source), conversation, tools)
            result[name] = {"digest": digest(text), "bytes": len(text.encode()), "spans": spans(text, conversation)}
        except Exception:  # a template's own refusal, or an error of Python's; either way there is no text
            result[name] = None
    return result


def main(folder, *others):
    conversations = json.loads((HERE / "conversations.json").read_text())
    tools = json.loads((HERE / "tools.json").read_text())
    paths = {path.stem: path for path in sorted(pathlib.Path(folder).glob("*.jinja"))}
    paths |= {name: pathlib.Path(path) for name, path in (other.split("=", 1) for other in others)}
    golden = {}
    for name, path in paths.items():
        # As open() does: line ends of all kinds become \n.
        source = path.read_text(encoding="utf-8")
        golden[name] = record(source, conversations, tools)
    # A conversation a line.
    blocks = []
    for name, outcomes in golden.items():
        lines = [f"  {json.dumps(key)}: {json.dumps(outcome)}" for key, outcome in outcomes.items()]
        blocks.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "}")
    print("{" + ",\n".join(blocks) + "}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
