#!/usr/bin/env python3
"""Computes a folder of golden files again, from the weights in its GGUF files, and tells how far the numbers are apart.

    check.py Tests/.../Oracle [VARIANT ...]
"""
import hashlib
import json
import multiprocessing
import sys
from pathlib import Path

from families import VARIANTS
from reference import RULES, Reference

# Inside transformers norms, softmax and rotary tables are float32, so six digits can be trusted.
TOLERANCE = 2e-5


def distance(expected, found):
    """The largest difference between two trees of numbers, relative to the largest number; infinite where they differ in form."""
    pairs = list(leaves(expected, found))
    if any(pair is None for pair in pairs):
        return float("inf")
    scale = max((abs(a) for a, _ in pairs), default=0) or 1
    return max((abs(a - b) for a, b in pairs), default=0) / scale


def leaves(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in a:
            yield from leaves(a[key], b.get(key))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for x, y in zip(a, b):
            yield from leaves(x, y)
    elif isinstance(a, (int, float)) and isinstance(b, (int, float)):
        yield float(a), float(b)
    elif a != b:
        yield None


def check(job):
    """A variant under one rule: each number's name and how far it is off."""
    folder, variant, rule = job
    golden = json.loads((Path(folder) / f"{variant}.json").read_text())
    reference = Reference(variant, Path(folder) / f"{variant}.gguf", rule)
    expected = golden["rules"][rule]
    found = reference.numbers(golden["prompt"], golden["targets"], golden["rois"], expected["heads"]["target"])
    results = {name: distance(expected[name], found[name]) for name in ("relevance", "roi_sums", "roi_span_all_vocab", "heads")}
    results["logits"] = distance(golden["logits"], reference.logits(golden["prompt"])[-1])
    for name, trace in golden["traces"].items():
        if (trace["rule"] or "ixg") != rule:
            continue
        steps = reference.decode(trace["prompt"], golden["rois"].get(trace["roi"]), trace["tau"])
        same = [step["chosen"] for step in steps] == trace["tokens"]
        results[f"trace {name}"] = distance(
            [step["candidates"] for step in trace["steps"]], [step["candidates"] for step in steps]) if same else float("inf")
    return variant, rule, results


def check_sums(folder):
    """Files whose checksum isn't the recorded one."""
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    return [
        name for digest, name in (line.split() for line in lines)
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest]


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    folder, variants = Path(sys.argv[1]), sys.argv[2:] or list(VARIANTS)
    changed = check_sums(folder)
    for name in changed:
        print(f"{name}: its checksum is not the one in SHA256SUMS", flush=True)
    worst = 0
    # A process for each rule: LXT's patches can't be taken back.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for variant, rule, results in pool.imap(check, [(str(folder), v, r) for v in variants for r in RULES]):
            name, value = max(results.items(), key=lambda item: item[1])
            worst = max(worst, value)
            print(f"{variant} {rule}: {len(results)} numbers and traces, farthest off: {name}, {value:.1e}", flush=True)
    if changed or worst > TOLERANCE:
        raise SystemExit(f"error: the golden files don't hold (tolerance {TOLERANCE})")


if __name__ == "__main__":
    main()
