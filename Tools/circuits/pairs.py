#!/usr/bin/env python3
"""Writes pairs of prompts that differ in one thing, for `agd circuits find`, and IFEval items that ask for the same behaviour.

    pairs.py ioi|agreement|language|json [--count N] [--seed N] > pairs.jsonl
    pairs.py --items language|english|json|forbidden [--count N] > items.jsonl

ioi: who is given something (Wang et al., arXiv 2211.00593); the name that is repeated changes. agreement: a verb agrees with its
subject and not with the noun before it. language, json: the system message asks for French or English, for JSON or plain text.
"""
import argparse
import json
import random

NAMES = ["Mary", "John", "Tom", "Anna", "Paul", "Lisa", "James", "Sarah", "David", "Laura", "Peter", "Emma"]
PLACES = ["store", "park", "school", "office", "station", "library"]
THINGS = ["drink", "book", "ring", "letter", "ball", "key"]
NOUNS = [("key", "keys"), ("car", "cars"), ("dog", "dogs"), ("book", "books"), ("cup", "cups"), ("child", "children")]
NEAR = ["cabinet", "houses", "garden", "tables", "teacher", "boxes"]
QUESTIONS = [
    "What is the capital of Italy?", "What colour is the sky?", "Who wrote Hamlet?", "What do bees make?",
    "Where do penguins live?", "What is the largest ocean?", "What do cows eat?", "When does winter begin?",
    "What is bread made of?", "Why do leaves fall?", "What is the moon?", "How do birds fly?", "What is a volcano?",
    "What does a baker do?", "Where does rain come from?", "What is music?", "What is the sun?", "What do doctors do?",
    "What is a river?", "How do fish breathe?", "What is snow?", "What is a library for?", "What is gold?",
    "What do plants need?", "What is a bicycle?", "Why is the sea salty?", "What is chess?", "What is a desert?",
    "What is coffee?", "What do we use money for?", "What is a bridge?", "What is the heart for?",
]


def ioi(generator):
    first, second = generator.sample(NAMES, 2)
    place, thing = generator.choice(PLACES), generator.choice(THINGS)
    start = f"When {first} and {second} went to the {place}, "
    return dict(
        prompt=f"{start}{second} gave a {thing} to", answer=f" {first}",
        other_prompt=f"{start}{first} gave a {thing} to", other_answer=f" {second}")


def agreement(generator):
    (one, many), near = generator.choice(NOUNS), generator.choice(NEAR)
    return dict(
        prompt=f"The {one} near the {near}", answer=" is", other_prompt=f"The {many} near the {near}", other_answer=" are")


def language(generator, question):
    del generator
    return dict(
        system="Answer in French.", prompt=question, answer="La", other_system="Answer in English.", other_prompt=question,
        other_answer="The")


def json_only(generator, question):
    del generator
    return dict(
        system="Answer in JSON only.", prompt=question, answer="{", other_system="Answer in plain text only.",
        other_prompt=question, other_answer="The")


ITEMS = {
    "language": lambda question: (f"{question} Answer in French.", "language:response_language", dict(language="fr")),
    "english": lambda question: (f"{question} Answer in English.", "language:response_language", dict(language="en")),
    "json": lambda question: (f"{question} Answer in JSON only.", "detectable_format:json_format", {}),
    "forbidden": lambda question: (
        f"{question} Do not use the word the.", "keywords:forbidden_words", dict(forbidden_words=["the"])),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", nargs="?", choices=["ioi", "agreement", "language", "json"])
    parser.add_argument("--items", choices=list(ITEMS))
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    if arguments.items:
        for key, question in enumerate(QUESTIONS[:arguments.count]):
            prompt, instruction, keywords = ITEMS[arguments.items](question)
            print(json.dumps(dict(key=key, prompt=prompt, instruction_id_list=[instruction], kwargs=[keywords])))
        return
    if arguments.kind in ("language", "json"):
        make = dict(language=language, json=json_only)[arguments.kind]
        pairs = (make(generator, question) for question in QUESTIONS)
    else:
        make = dict(ioi=ioi, agreement=agreement)[arguments.kind or parser.error("name a kind of pairs, or --items")]
        # More than there are different ones are not to be had.
        pairs = (make(generator) for _ in range(100 * arguments.count))
    seen = set()
    for pair in pairs:
        if len(seen) == arguments.count:
            break
        line = json.dumps(pair)
        if line not in seen:
            seen.add(line)
            print(line)


if __name__ == "__main__":
    main()
