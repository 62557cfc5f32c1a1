#!/usr/bin/env python3
"""Whether a device computes what HuggingFace and LXT compute, and what the CPU does: with the program alone, no test has to be built.

    Tools/devices/compare.py [--agd .build/release/agd] [--layers 99,2] [--rpc HOST:PORT]

Follows the oracle's decodes (Tests/TestFixtures/Oracle) step by step: chosen tokens, candidates, probabilities and scores. Then what
the oracle has none of, against the CPU: caches of all types, excess relevance, neurons, two regions. Layers are those of -ngl.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
oracle = root / "Tests/TestFixtures/Oracle"
TOLERANCE = 2e-4  # of the largest score of a decode


def arguments_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agd", type=pathlib.Path, default=root / ".build/release/agd")
    parser.add_argument("--layers", default="99,2", help="values of -ngl, with commas")
    parser.add_argument("--rpc", help="machines that hold the layers, in place of graphics processors")
    parser.add_argument("--jobs", type=int, default=4, help="programs at a time")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="in shares of the largest score, or of 1 for probabilities")
    return parser.parse_args()


def decode(agd: pathlib.Path, model: pathlib.Path, prompt: list[int], count: int, options: list[str]) -> list[dict]:
    command = [agd, "generate", "-m", model, "--prompt-tokens", ",".join(map(str, prompt)), "-n", count, "-t", 1, "--ignore-eos", "--json"]
    done = subprocess.run([*map(str, command), *options], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1])
    return json.loads(done.stdout)["steps"]


def region(roi: dict) -> list[str]:
    if "heads" in roi:
        return ["--roi", "heads:" + ",".join(f"{layer}.{head}" for layer, head in roi["heads"])]
    return [part for position, weight in zip(roi["positions"], roi["weights"]) for part in ("--roi", f"tokens:{position}={weight}")]


def differences(found: list[dict], expected: list[dict]) -> tuple[float, float, int | None]:
    """The largest of scores, in shares of the largest, and of probabilities; and the first step with another token."""
    scale = max((abs(c["score"]) for step in expected for c in step["candidates"] if c["score"] is not None), default=0)
    scores = probabilities = 0.0
    for index, (a, b) in enumerate(zip(found, expected, strict=True)):
        theirs = {c["id"]: c for c in b["candidates"]}
        for candidate in a["candidates"]:
            if not (other := theirs.get(candidate["id"])):
                continue
            probabilities = max(probabilities, abs(candidate["probability"] - other["probability"]))
            if candidate.get("score") is not None and other["score"] is not None:
                scores = max(scores, abs(candidate["score"] - other["score"]) / scale)
        if a["token"] != b["token"]:
            return scores, probabilities, index
    return scores, probabilities, None


def as_steps(trace: dict) -> list[dict]:
    return [
        {
            "token": step["chosen"],
            "candidates": [{"id": c["id"], "probability": c["prob"], "score": c.get("score")} for c in step["candidates"]],
        }
        for step in trace["steps"]
    ]


def cases(options: argparse.Namespace):
    """Name, tolerance, and what computes found and expected steps."""
    places = [["-ngl", n] for n in options.layers.split(",")]
    if options.rpc:
        places = [[*place, "--rpc", options.rpc] for place in places]
    for place in places:
        for file in sorted(oracle.glob("*.json")):
            data = json.loads(file.read_text())
            if "traces" not in data:
                continue
            for name, trace in data["traces"].items():
                flags = ["--cache-type", "f32"]
                if trace["roi"]:
                    flags += region(data["rois"][trace["roi"]]) + ["--rule", trace["rule"].replace("_", "-")]
                    flags += ["--entropy-threshold", str(trace["tau"] or "off")]

                def found(file=file, trace=trace, flags=flags, place=place):
                    return decode(options.agd, file.with_suffix(".gguf"), trace["prompt"], len(trace["tokens"]), flags + place)

                yield f"{file.stem} {name} {' '.join(place)}", options.tolerance, found, lambda trace=trace: as_steps(trace)
        microcosm = root / "Models/microcosm.gguf"
        prompt = [(i * 37 + i * i * 11 + 5) % 512 for i in range(300)]
        span = ["--roi", "tokens:7..<60", "--entropy-threshold", "off"]
        for name, tolerance, flags in [
            ("f32", options.tolerance, ["--cache-type", "f32"]),
            ("f16", 2e-2, ["--cache-type", "f16"]),
            ("bf16", 5e-2, ["--cache-type", "bf16"]),
            ("q8_0", 5e-2, ["--cache-type", "q8_0"]),
            ("relp", options.tolerance, ["--cache-type", "f32", "--rule", "relp"]),
            ("excess", options.tolerance, ["--cache-type", "f32", "--score", "excess"]),
            ("neurons", options.tolerance, ["--cache-type", "f32", "--roi", "neurons:1.3,2.7=-1"]),
        ]:

            def on(place, flags=flags):
                return decode(options.agd, microcosm, prompt, 8, span + flags + place)

            yield f"microcosm {name} {' '.join(place)}", tolerance, lambda on=on, place=place: on(place), lambda on=on: on([])


def check(case) -> tuple[str, bool]:
    name, tolerance, found, expected = case
    try:
        scores, probabilities, other = differences(found(), expected())
    except (RuntimeError, subprocess.TimeoutExpired, ValueError) as error:
        return f"{name}: {error}", False
    text = f"{name}: scores differ by {scores:.1e}, probabilities by {probabilities:.1e}"
    if other is not None:
        text += f", another token at step {other + 1}"
    return text, scores < tolerance and probabilities < tolerance and other is None


def main() -> None:
    options = arguments_of()
    failed = count = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for text, holds in pool.map(check, cases(options)):
            count += 1
            failed += not holds
            print(("      " if holds else "FAIL  ") + text, flush=True)
    print(f"{count} comparisons, {failed} failed")
    sys.exit(failed != 0)


main()
