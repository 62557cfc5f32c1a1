#!/usr/bin/env python3
"""The runs of one behaviour as a table in Markdown: how often replies show it where it is asked for and where it isn't, and what it costs.

    circuits_table.py FOLDER    # that Benchmarks/circuits.sh has filled
"""
import json
import math
import sys
from pathlib import Path

METHODS = [
    "span", "heads", "neurons", "neurons-both", "direction", "span-heads", "span-neurons", "random-heads-1", "random-heads-2",
    "random-neurons-1", "random-neurons-2", "random-direction-1", "random-direction-2",
]


def samples(path):
    """Those of a run that have a reply; nothing where there is no run."""
    lines = path.read_text().splitlines()[1:] if path.exists() else []
    return [sample for sample in map(json.loads, lines) if not sample.get("error")]


def shows(sample):
    metrics = sample["metrics"]
    return metrics.get("correct", metrics.get("prompt_strict", 0)) == 1


def share(count, total):
    """Per cent with Wilson's 95 % interval."""
    z, p = 1.959964, count / total
    middle, spread = p + z * z / (2 * total), z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    low, high = ((middle + sign * spread) / (1 + z * z / total) for sign in (-1, 1))
    return f"{100 * p:.0f} [{100 * low:.0f}, {100 * high:.0f}]"


def quality(run):
    tokens = sum(sample["completion_tokens"] for sample in run)
    perplexity = math.exp(-sum(sample["log_probability"] for sample in run) / tokens)
    repeated = 100 * sum(sample["repeated_tokens"] for sample in run) / tokens
    return [f"{perplexity:.2f}", f"{repeated:.1f}", f"{tokens / len(run):.0f}"]


def row(folder, name, greedy):
    wanted, unwanted = (samples(folder / f"{kind}-{name}.jsonl") for kind in ("wanted", "unwanted"))
    if not wanted:
        return
    cells = [name, share(sum(map(shows, wanted)), len(wanted)), *quality(wanted)]
    if unwanted:
        unlike = sum(sample["resps"] != greedy.get(sample["doc_id"]) for sample in unwanted)
        cells += [share(sum(map(shows, unwanted)), len(unwanted)), f"{100 * unlike / len(unwanted):.0f}"]
        cells.append(quality(unwanted)[0])
    else:
        cells += ["", "", ""]
    print("| " + " | ".join(cells) + " |")


def main():
    folder = Path(sys.argv[1])
    greedy = {sample["doc_id"]: sample["resps"] for sample in samples(folder / "unwanted-greedy.jsonl")}
    print("| method | % with the behaviour | perplexity | % repeated | tokens | % unasked | % unlike greedy, unasked | perplexity, unasked |")
    print("|---|---|---|---|---|---|---|---|")
    row(folder, "greedy", greedy)
    for score in ("sum", "excess"):
        for method in METHODS:
            row(folder, f"{method}-{score}", greedy)
    counts = sorted({len(samples(path)) for path in folder.glob("*wanted-*.jsonl")})
    print(f"\nItems of each run: {', '.join(map(str, counts))}.")


main()
