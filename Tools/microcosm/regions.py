"""Regions of interest as weights over the tokens of a prompt.

A region is a list of specifications: `system`, `user`, `message:N` (from 0), or `text:"..."`, a passage of the prompt.
Message regions cover the content, not ChatML's own tokens; a token belongs to a region if it overlaps it.
"""

from __future__ import annotations

from tokenizers import Tokenizer

from chat import START, prompt


def tokens_and_region(tokenizer: Tokenizer, messages: list[dict], region: list[str]) -> tuple[list[int], list[float]]:
    """Token ids of the prompt, and 1.0 for each token in the region, else 0.0."""
    text = prompt([(m["role"], m["content"]) for m in messages])
    spans = [span for specification in region for span in find(specification, messages, text)]
    encoding = tokenizer.encode(text)
    weights = [float(any(start < b and a < end for a, b in spans)) for start, end in encoding.offsets]
    return encoding.ids, weights


def find(specification: str, messages: list[dict], text: str) -> list[tuple[int, int]]:
    """Character ranges of a specification."""
    if specification.startswith('text:"') and specification.endswith('"'):
        passage = specification[6:-1]
        if text.count(passage) != 1:
            raise ValueError(f"the passage {passage!r} occurs {text.count(passage)} times in the prompt, not once")
        return [(text.index(passage), text.index(passage) + len(passage))]
    spans, at = [], 0
    for number, message in enumerate(messages):
        at = text.index(f"{START}{message['role']}\n", at) + len(f"{START}{message['role']}\n")
        if specification in (message["role"], f"message:{number}"):
            spans.append((at, at + len(message["content"])))
        at += len(message["content"])
    if not spans:
        raise ValueError(f"no message of the prompt is '{specification}'")
    return spans
