#!/usr/bin/env python3
"""Writes items for `agd heads` and for judging its heads: python Tools/microcosm/head_items.py --output FOLDER

`heads.jsonl` has questions to find heads with, from combinations that are not held out. `heads-evaluation.jsonl` has the 500
held-out fact conflicts of `conflicts.py` in three settings: *open-book* wants the document's answer, *by-heart* wants what was
learnt by heart although the document contradicts it, *closed-book* wants that without any document.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from answers import question, statement
from conflicts import check, collect, fact_item, write
from generator import document, false_values, held_out
from world import WORLD, facts_of


def head_item(rng: random.Random) -> dict | None:
    topic = rng.choice(WORLD)
    fact = rng.choice(facts_of(topic))
    true, false = topic.attributes[fact], rng.choice(false_values(topic, fact))
    if held_out("fact", topic.name, fact, false[0]):
        return None
    text, role = document(topic, fact, false, rng), rng.choice(["user", "system"])
    return {"question": question(topic, fact, rng), "gold": true[0], "counterfactual": false[0],
            "context": f"Context: {text}" if role == "system" else f"Read this text: {text}", "context_role": role,
            "answer_prefix": statement(topic, fact, true).removesuffix(f" {true[0]}.")}


def evaluation_items(conflicts: list[dict]) -> list[dict]:
    items = []
    for number, conflict in enumerate(conflicts, start=1):
        (wanted,), (unwanted,) = (c["values"] for c in conflict["checks"])
        by_heart = [check("includes", unwanted), check("excludes", wanted)]
        # Without its document; the question follows it in the user's message, or is the message.
        asked = conflict["messages"][-1]["content"].split("\n")[-1].removeprefix("Question: ")
        closed = [{"role": "user", "content": asked}]
        items += [conflict | {"id": f"open-book-{number:04d}", "setting": "open-book"},
                  conflict | {"id": f"by-heart-{number:04d}", "setting": "by-heart", "checks": by_heart},
                  conflict | {"id": f"closed-book-{number:04d}", "setting": "closed-book", "messages": closed,
                              "region": ["user"], "opposite_region": ["user"], "checks": by_heart}]
    return items


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for the two .jsonl files")
    parser.add_argument("--items", type=int, default=300, help="items to find heads with")
    options = parser.parse_args()
    rng, found = random.Random(303), {}
    while len(found) < options.items:
        if made := head_item(rng):
            found.setdefault(json.dumps(made), made)
    write(options.output / "heads.jsonl", list(found.values()))
    write(options.output / "heads-evaluation.jsonl", evaluation_items(collect([fact_item], 500, seed=101)))


if __name__ == "__main__":
    main()
