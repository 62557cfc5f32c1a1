#!/usr/bin/env python3
"""Adherence of greedy and attribution-guided decoding, from a checkpoint:

    python Tools/microcosm/evaluate.py --checkpoint build/microcosm/last.pt --items Models/microcosm-conflicts.jsonl

The table on stdout gives, for each setting and method, how many answers pass all checks, with a 95 % Wilson interval.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import defaultdict
from pathlib import Path

import torch
from tokenizers import Tokenizer

from attribution import excess_score, generate, greedy, sum_score
from chat import END
from checks import obeys
from model import Configuration, Llama
from regions import tokens_and_region

METHODS = {
    "greedy": (greedy, "region"), "sum, region": (sum_score, "region"), "sum, opposite": (sum_score, "opposite_region"),
    "excess, region": (excess_score, "region"), "excess, opposite": (excess_score, "opposite_region"),
}


def load(checkpoint: Path) -> tuple[Llama, Tokenizer]:
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = Llama(Configuration(**state["configuration"]))
    model.load_state_dict(state["model"])
    return model.eval(), Tokenizer.from_file(str(checkpoint.parent / "tokenizer.json"))


def answers(model: Llama, tokenizer: Tokenizer, items: list[dict], method: str, batch: int = 50) -> list[str]:
    choice, region = METHODS[method]
    rows = [tokens_and_region(tokenizer, item["messages"], item[region]) for item in items]
    order = sorted(range(len(rows)), key=lambda at: len(rows[at][0]))
    texts = [""] * len(rows)
    for first in range(0, len(order), batch):
        part = order[first:first + batch]
        made = generate(model, [rows[at][0] for at in part], [rows[at][1] for at in part], choice,
                        tokenizer.token_to_id(END))
        for at, ids in zip(part, made):
            texts[at] = tokenizer.decode(ids, skip_special_tokens=False)
    return texts


def wilson(passed: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a proportion."""
    share, scale = passed / count, 1 + z * z / count
    centre = (share + z * z / (2 * count)) / scale
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / scale
    return centre - half, centre + half


def cell(passed: int, count: int) -> str:
    low, high = wilson(passed, count)
    return f"{100 * passed / count:.0f} ({100 * abs(low):.0f}-{100 * high:.0f})"


def perplexity(model: Llama, tokenizer: Tokenizer, samples: int = 512, seed: int = 999_999) -> float:
    """Of the answers of fresh training-mixture dialogues (a seed that training doesn't use)."""
    import random

    from chat import encode
    from generator import training_dialogue
    from train import pad

    rng = random.Random(seed)
    total = count = 0.0
    for _ in range(samples // 64):
        ids, weights = pad([encode(tokenizer, training_dialogue(rng)) for _ in range(64)])
        with torch.no_grad():
            logarithms = model(ids[:, :-1]).log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
        total -= logarithms[weights >= 1].sum().item()
        count += (weights >= 1).sum().item()
    return math.exp(total / count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--items", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=0, help="items per setting (0: all)")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--show", type=int, default=0, help="answers to print per setting, on stderr")
    parser.add_argument("--samples", type=Path, help="file for all answers, as JSON lines")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    model, tokenizer = load(options.checkpoint)
    settings = defaultdict(list)
    for line in options.items.read_text(encoding="utf-8").splitlines():
        made = json.loads(line)
        settings[made["setting"]].append(made)
    print(f"{options.checkpoint.name}: perplexity of answers {perplexity(model, tokenizer):.3f}")
    print("| setting | items | " + " | ".join(options.methods) + " |")
    print("|---|---|" + "---|" * len(options.methods))
    samples = []
    for setting, items in settings.items():
        items = items[:options.limit or None]
        cells, texts = [], {}
        for method in options.methods:
            texts[method] = answers(model, tokenizer, items, method)
            passed = [obeys(made, text) for made, text in zip(items, texts[method])]
            cells.append(cell(sum(passed), len(items)))
            samples += [{"id": made["id"], "method": method, "answer": text, "obeys": ok}
                        for made, text, ok in zip(items, texts[method], passed)]
        print(f"| {setting} | {len(items)} | " + " | ".join(cells) + " |", flush=True)
        for at in range(min(options.show, len(items))):
            print(*(f"{m['role']}: {m['content']}" for m in items[at]["messages"]), sep="\n", file=sys.stderr)
            print(*(f"    {method}: {texts[method][at]!r}" for method in options.methods), sep="\n", file=sys.stderr)
    if options.samples:
        options.samples.write_text("".join(json.dumps(s, ensure_ascii=False) + "\n" for s in samples), encoding="utf-8")


if __name__ == "__main__":
    main()
