#!/usr/bin/env python3
"""Writes pairs of prompts that differ in one thing, for `agd circuits find`, and other questions that ask for the same behaviour.

    pairs.py ioi|agreement|french|spanish|json|forbidden|refuse|copy [--count N] [--seed N] > pairs.jsonl
    pairs.py --items french|spanish|json|forbidden|refuse|copy [--without] [--count N] > items.jsonl   # for agd eval task

ioi: who is given something (Wang et al., arXiv 2211.00593); the name that is repeated changes. agreement: a verb agrees with its
subject and not with the noun before it. copy: a document says the wrong thing, against one that says the right one. The others: the
system message asks for the behaviour or for its opposite. Items are of questions that no pair has, the instruction in the system message;
--without leaves it out, for what happens where the behaviour isn't wanted.
"""
import argparse
import json
import random

from behaviours import BEHAVIOURS, QUESTIONS, capital_documents, checked, copied

PAIR_COUNT = 24
NAMES = ["Mary", "John", "Tom", "Anna", "Paul", "Lisa", "James", "Sarah", "David", "Laura", "Peter", "Emma"]
PLACES = ["store", "park", "school", "office", "station", "library"]
THINGS = ["drink", "book", "ring", "letter", "ball", "key"]
NOUNS = [("key", "keys"), ("car", "cars"), ("dog", "dogs"), ("book", "books"), ("cup", "cups"), ("child", "children")]
NEAR = ["cabinet", "houses", "garden", "tables", "teacher", "boxes"]


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


def drawn(make, count, seed):
    """Different pairs, as many as there are up to `count`."""
    generator = random.Random(seed)
    pairs = {json.dumps(make(generator)): None for _ in range(100 * count)}
    return [json.loads(pair) for pair in list(pairs)[:count]]


def copy_pair(question, sentence, said, so):
    return dict(
        system=copied(sentence, said), prompt=question, answer=f"{sentence} {said}", other_system=copied(sentence, so),
        other_prompt=question, other_answer=f"{sentence} {so}")


def pairs(kind, count, seed):
    if kind in ("ioi", "agreement"):
        return drawn(dict(ioi=ioi, agreement=agreement)[kind], count, seed)
    if kind == "copy":
        return [copy_pair(*fact) for fact in capital_documents()[:min(count, PAIR_COUNT)]]
    asked = BEHAVIOURS[kind]
    return [
        dict(
            system=asked.system, prompt=question, answer=asked.answer, other_system=asked.other_system, other_prompt=question,
            other_answer=asked.other_answer)
        for question in QUESTIONS[:min(count, PAIR_COUNT)]]


def items(kind, count, without):
    if kind == "copy":
        asked = [(question, copied(sentence, said), checked("includes", said))
                 for question, sentence, said, _ in capital_documents()[PAIR_COUNT:]]
    else:
        asked = [(question, BEHAVIOURS[kind].system, BEHAVIOURS[kind].scoring) for question in QUESTIONS[PAIR_COUNT:]]
    for key, (question, system, scoring) in enumerate(asked[:count]):
        messages = [] if without else [dict(role="system", content=system)]
        # A region is needed where there is no system message; runs name another in its place.
        yield dict(
            id=f"{kind}-{key}", setting=kind, messages=messages + [dict(role="user", content=question)],
            region=["user" if without else "system"], **scoring)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    behaviours = [*BEHAVIOURS, "copy"]
    parser.add_argument("kind", nargs="?", choices=["ioi", "agreement", *behaviours])
    parser.add_argument("--items", choices=behaviours)
    parser.add_argument("--without", action="store_true")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.items:
        lines = items(arguments.items, arguments.count, arguments.without)
    else:
        lines = pairs(arguments.kind or parser.error("name a kind of pairs, or --items"), arguments.count, arguments.seed)
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()
