#!/usr/bin/env python3
"""Needles in a haystack, as RULER's first task has them (arXiv 2404.06654): a sentence with a number somewhere in a text of repeated sentences that
say nothing, and a question for the number. In HotpotQA's layout, so that `agd citations` measures whether the paragraph with the needle is found.

    needles.py --words 700 --paragraphs 20 --items 20 > needles.json

A thousand tokens are some 800 words. The needle's place goes through the paragraphs in turn.
"""
import argparse
import json
import random

NOISE = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
KEYS = ["harbour", "lantern", "meadow", "violin", "glacier", "orchard", "compass", "saddle", "thimble", "walnut"]


def item(number, arguments, generator):
    key, value = KEYS[number % len(KEYS)], generator.randrange(100000, 1000000)
    gold = number % arguments.paragraphs
    length = arguments.words // arguments.paragraphs
    noise = NOISE.split()
    context = []
    for index in range(arguments.paragraphs):
        sentences = " ".join(noise * (length // len(noise) + 1)).split(". ")
        kept = max(1, round(length / (len(noise) / 5)))
        paragraph = [sentence.rstrip(".") + ". " for sentence in sentences[:kept]]
        if index == gold:
            paragraph.insert(len(paragraph) // 2, f"The special number for {key} is {value}. ")
        context.append([f"Part {index + 1}", paragraph])
    return dict(
        _id=f"needle-{arguments.words}-{number}", question=f"What is the special number for {key} mentioned in the documents?",
        answer=str(value), supporting_facts=[[f"Part {gold + 1}", len(context[gold][1]) // 2]], context=context)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--words", type=int, default=700)
parser.add_argument("--paragraphs", type=int, default=20)
parser.add_argument("--items", type=int, default=20)
arguments = parser.parse_args()
if arguments.paragraphs < 1 or arguments.items < 1 or arguments.words < 20 * arguments.paragraphs:
    parser.error("give at least 1 item, 1 paragraph, and 20 words for each paragraph")
generator = random.Random(arguments.words)
print(json.dumps([item(number, arguments, generator) for number in range(arguments.items)]))
