"""ChatML and the tokenizer: byte-level BPE, small enough that the output matrix doesn't dominate the model."""

from __future__ import annotations

import random
import re
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from generator import WORDS, Dialogue, Message, training_dialogue
from world import ANIMALS, COLOURS, FOODS, JOBS, PAIR_WORDS, random_name

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|pad|>"
SPECIALS = [PAD, START, END]
TEMPLATE = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def render(message: Message) -> str:
    return f"{START}{message[0]}\n{message[1]}{END}\n"


def prompt(messages: tuple[Message, ...] | list[Message]) -> str:
    """The text of the messages, ready for the assistant's answer."""
    return "".join(render(m) for m in messages) + f"{START}assistant\n"


def train_tokenizer(path: Path, size: int = 1152, samples: int = 40_000, seed: int = 1) -> Tokenizer:
    rng = random.Random(seed)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=[AddedToken(s, special=True) for s in SPECIALS],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(corpus(rng, samples), trainer)
    tokenizer.save(str(path))
    return tokenizer


def corpus(rng: random.Random, samples: int):
    """Training text without random names, and the words that tell answers apart, often enough to become tokens."""
    for _ in range(samples):
        dialogue = training_dialogue(rng)
        if dialogue.kind in ("copy", "fact stranger"):
            continue
        yield from (f"{role}\n{content}\n" for role, content in dialogue.messages)
    english = {*PAIR_WORDS, *(entry[0] for table in (JOBS, FOODS, COLOURS, ANIMALS) for entry in table)}
    for word in WORDS:
        yield from [f" {word}"] * (samples // (80 if word in english else 800))
    yield from (random_name(rng) for _ in range(samples // 40))


PROMPT_WEIGHT, ANSWER_WEIGHT, DECISIVE_WEIGHT = 0.1, 1.0, 4.0


def encode(tokenizer: Tokenizer, dialogue: Dialogue) -> tuple[list[int], list[float]]:
    """Token ids of a dialogue and the weight of each in the loss.

    A rule or a document decides one word of an answer; unweighted, the rest of the sentence would drown it.
    """
    ids: list[int] = []
    weights: list[float] = []
    for role, content in dialogue.messages:
        head = tokenizer.encode(f"{START}{role}\n").ids
        body = tokenizer.encode(f"{content}{END}")
        tail = tokenizer.encode("\n").ids
        ids += head + body.ids + tail
        weights += [PROMPT_WEIGHT] * len(head)
        if role == "assistant":
            spans = [m.span() for m in re.finditer(re.escape(dialogue.decisive), content)] if dialogue.decisive else []
            weights += [DECISIVE_WEIGHT if any(a < end and start < b for a, b in spans) else ANSWER_WEIGHT
                        for start, end in body.offsets]
        else:
            weights += [PROMPT_WEIGHT] * len(body.ids)
        weights += [PROMPT_WEIGHT] * len(tail)
    return ids, weights
