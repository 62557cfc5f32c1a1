"""Copies the repository's model with a chat template that shows tools, calls and their results. Needs Python only.

Usage: tools_copy.py MODEL.gguf COPY.gguf
"""
import pathlib
import sys

TEMPLATE = (
    "{% for t in tools or [] %}{{ t | tojson }}{% endfor %}"
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + (m.content or '') }}"
    "{% for c in m.tool_calls or [] %}{{ '<tool_call>{\"name\": \"' + c.function.name + '\", \"arguments\": ' }}"
    "{{ c.function.arguments | tojson }}{{ '}</tool_call>' }}{% endfor %}{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")

source = pathlib.Path(sys.argv[1]).read_bytes()
key = b"tokenizer.chat_template"
# Behind a key's name stand the value's type (u32), a text's length (u64) and its bytes.
start = source.index(key) + len(key) + 4
length = int.from_bytes(source[start:start + 8], "little")
# Tensors begin at a multiple of 32, which a comment keeps.
template = TEMPLATE + "{#" + " " * ((length - len(TEMPLATE) - 4) % 32) + "#}"
pathlib.Path(sys.argv[2]).write_bytes(
    source[:start] + len(template).to_bytes(8, "little") + template.encode() + source[start + 8 + length:])
