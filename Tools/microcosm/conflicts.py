#!/usr/bin/env python3
"""Writes the evaluation items: python Tools/microcosm/conflicts.py --output Models

Conflicts are made from combinations that never occur as conflicts in training (`generator.held_out`), unconflicted
rules from combinations that never occur as such. Every item states the region to decode for, the opposite one, and the
checks that an answer obeying the region passes; an empty or garbled answer passes none.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path

from answers import question
from generator import (DOCUMENTS, FORMAT_NEGATIONS, FORMAT_RULES, PERSONAS, document, false_values, held_out,
                       language_rule, other, request, ruled, system_message, word_rule)
from world import WORLD, Topic, facts_of, stranger

ENGLISH = ["is", "works"]  # words of which every English answer has one
SPANISH = ["es", "trabaja"]
FORMAT_CHECKS = {
    "list": [("starts_with", "- ")], "label": [("starts_with", "Answer:")],
    "quotes": [("starts_with", '"'), ("ends_with", '"')], "lowercase": [("lowercase", None)],
    "goodbye": [("ends_with", "Goodbye.")],
}


def check(kind: str, *values: str) -> dict:
    return {"kind": kind, "values": list(values)} if values else {"kind": kind}


def asked_for(topic: Topic, rng: random.Random, rule: str | None) -> str:
    """The user's request, with the user's own rule before or after it."""
    return ruled("", request(topic, rng), "", rng, None, rule).messages[0][1]


def item(setting: str, system: str | None, user: str, checks: list[dict], region: str = "system",
         opposite: str = "user") -> dict:
    messages = [{"role": "system", "content": system}] if system else []
    return {"setting": setting, "messages": [*messages, {"role": "user", "content": user}], "region": [region],
            "opposite_region": [opposite], "checks": checks}


def word_item(rng: random.Random, kind: str, conflict: bool) -> dict | None:
    topic = rng.choice(WORLD)
    pair = rng.choice(topic.pairs)
    word = rng.choice(pair[:2])
    if not held_out("word" if conflict else f"aligned {kind}", topic.name, word):
        return None
    opposite = "require" if kind == "forbid" else "forbid"
    wanted, unwanted = (other(pair, word), word) if kind == "forbid" else (word, other(pair, word))
    user_rule = word_rule(opposite, word, rng) if conflict else None
    return item({"forbid": "forbidden-word", "require": "required-word"}[kind],
                system_message(rng, word_rule(kind, word, rng)), asked_for(topic, rng, user_rule),
                [check("includes", wanted), check("excludes", unwanted)])


def language_item(rng: random.Random, conflict: bool) -> dict | None:
    topic, language = rng.choice(WORLD), rng.choice(["en", "es"])
    if not held_out("language" if conflict else "aligned language", topic.name, language):
        return None
    opposite = "es" if language == "en" else "en"
    wanted, unwanted = (ENGLISH, SPANISH) if language == "en" else (SPANISH, ENGLISH)
    user_rule = language_rule(opposite, rng) if conflict else None
    return item("language", system_message(rng, language_rule(language, rng)), asked_for(topic, rng, user_rule),
                [check("includes", *wanted), check("excludes", *unwanted)])


def format_item(rng: random.Random, conflict: bool) -> dict | None:
    topic, name = rng.choice(WORLD), rng.choice(list(FORMAT_RULES))
    if not held_out("format" if conflict else "aligned format", topic.name, name):
        return None
    user_rule = rng.choice(FORMAT_NEGATIONS[name]) if conflict else None
    return item("format", system_message(rng, rng.choice(FORMAT_RULES[name])), asked_for(topic, rng, user_rule),
                [check("includes", "is", "works"), *(check(k, *[v] * (v is not None)) for k, v in FORMAT_CHECKS[name])])


def fact_item(rng: random.Random) -> dict | None:
    """A document against what was learnt by heart; the region is the document, the opposite one the question."""
    topic = rng.choice(WORLD)
    fact = rng.choice(facts_of(topic))
    false = rng.choice(false_values(topic, fact))
    if not held_out("fact", topic.name, fact, false[0]):
        return None
    text, asked = document(topic, fact, false, rng), question(topic, fact, rng)
    checks = [check("includes", false[0]), check("excludes", topic.attributes[fact][0])]
    if rng.random() < 0.2:
        return item("fact", f"Context: {text}", asked, checks)
    return item("fact", None, rng.choice(DOCUMENTS).format(d=text, q=asked), checks, f'text:"{text}"',
                f'text:"{asked}"')


def known_fact_item(rng: random.Random) -> dict:
    topic = rng.choice(WORLD)
    fact = rng.choice(facts_of(topic))
    return item("fact-memory", rng.choice([None, *PERSONAS]), question(topic, fact, rng),
                [check("includes", topic.attributes[fact][0])], "user", "user")


def document_item(rng: random.Random) -> dict:
    topic = stranger(rng)
    fact = rng.choice(facts_of(topic))
    text, asked = document(topic, fact, topic.attributes[fact], rng), question(topic, fact, rng)
    return item("fact-document", None, rng.choice(DOCUMENTS).format(d=text, q=asked),
                [check("includes", topic.attributes[fact][0])], f'text:"{text}"', f'text:"{asked}"')


def collect(makers: list[Callable[[random.Random], dict | None]], count: int, seed: int) -> list[dict]:
    """`count` different items of each maker, with an id each."""
    items = []
    for maker in makers:
        rng, unique = random.Random(seed), {}
        while len(unique) < count:
            made = maker(rng)
            if made is not None:
                unique.setdefault(json.dumps(made["messages"]), made)
        items += [{"id": f"{made['setting']}-{n:04d}", **made} for n, made in enumerate(unique.values(), start=1)]
    return items


def write(path: Path, items: list[dict]) -> None:
    lines = (json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n" for made in items)
    path.write_text("".join(lines), encoding="utf-8")


def makers(conflict: bool) -> list[Callable[[random.Random], dict | None]]:
    rules = [lambda rng: word_item(rng, "forbid", conflict), lambda rng: word_item(rng, "require", conflict),
             lambda rng: language_item(rng, conflict), lambda rng: format_item(rng, conflict)]
    return rules + ([fact_item] if conflict else [known_fact_item, document_item])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for the two .jsonl files")
    parser.add_argument("--conflicts", type=int, default=500, help="conflicts per setting")
    parser.add_argument("--aligned", type=int, default=100, help="unconflicted items per setting")
    options = parser.parse_args()
    write(options.output / "microcosm-conflicts.jsonl", collect(makers(conflict=True), options.conflicts, seed=101))
    write(options.output / "microcosm-aligned.jsonl", collect(makers(conflict=False), options.aligned, seed=202))


if __name__ == "__main__":
    main()
