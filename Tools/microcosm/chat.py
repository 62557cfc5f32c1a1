"""ChatML and the tokenizer: byte-level BPE, small enough that the output matrix doesn't dominate the model."""

from __future__ import annotations

import random
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from generator import WORDS, Dialogue, Message, training_dialogue
from world import ANIMALS, COLOURS, FOODS, JOBS, PAIR_WORDS, random_name

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|pad|>"
SPECIALS = [PAD, START, END]
TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
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
    """Training text without random names, and the words by which answers are told apart often enough to become tokens."""
    for _ in range(samples):
        dialogue = training_dialogue(rng, copying=0.0)
        if dialogue.kind == "fact stranger":
            continue
        yield from (f"{role}\n{content}\n" for role, content in dialogue.messages)
    english = {*PAIR_WORDS, *(entry[0] for table in (JOBS, FOODS, COLOURS, ANIMALS) for entry in table)}
    for word in WORDS:
        yield from [f" {word}"] * (samples // (80 if word in english else 800))
    yield from (random_name(rng) for _ in range(samples // 40))


def encode(tokenizer: Tokenizer, dialogue: Dialogue) -> tuple[list[int], list[bool]]:
    """Token ids of a dialogue, and for each whether it belongs to an assistant's text (its end token included)."""
    ids: list[int] = []
    answered: list[bool] = []
    for role, content in dialogue.messages:
        head = tokenizer.encode(f"{START}{role}\n").ids
        body = tokenizer.encode(f"{content}{END}").ids
        tail = tokenizer.encode("\n").ids
        ids += head + body + tail
        answered += [False] * len(head) + [role == "assistant"] * len(body) + [False] * len(tail)
    return ids, answered
