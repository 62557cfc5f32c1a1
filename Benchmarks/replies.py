#!/usr/bin/env python3
"""Ten replies of each of some runs on IHEval's single-turn items, decoded again.

    replies.py draw AGD MODEL DATA RUN... > FILE    # DATA: IHEval's input_data.json.gz
    replies.py check AGD FILE MODEL DATA

The items are drawn by a seed; of each reply the first tokens are kept, which have to be how the run's reply begins. `check` decodes them
again and counts those that are the same. Which of two tokens that are about as likely is taken hangs on how a processor rounds: caches
in f32 instead of f16 change 34 of the 40 replies. So fewer than eight of ten fail the check on the kind of processor that the file
names; on others they are only told of.
"""
import gzip
import json
import random
import subprocess
import sys
import zlib
from pathlib import Path

SEED, ITEMS, TOKENS = 1, 10, 48
LEAST = 8


def processor():
    """The kind of kernels that agd takes here."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return "unknown"
    needed = {"AVX-512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"}, "AVX2": {"avx2", "fma", "f16c"}}
    return next((kind for kind, names in needed.items() if names <= flags), "unknown")


def checksum(path):
    return f"{zlib.crc32(Path(path).read_bytes()):08x}"


def decode(agd, model, item, method):
    options = [
        f"--{name.replace('_', '-').replace('minimum-', 'min-')}={value}" for name, value in method.items()
        if name not in ("regions", "side")]
    region = [] if method["strategy"] == "greedy" else ["--roi", "system"]
    command = [agd, "generate", "-m", model, "--system", item["system"], "--user", item["instruction"], "-n", str(TOKENS), "-t", "1"]
    return json.loads(subprocess.run([*command, "--json", *region, *options], check=True, capture_output=True).stdout)


def draw(agd, model, data, *runs):
    items = json.loads(gzip.open(data).read())
    replies = {}
    for path in runs:
        with open(path) as file:
            settings = json.loads(file.readline())["run"]
            samples = {sample["place"]["item"]: sample for sample in map(json.loads, file)}
        drawn = sorted(random.Random(SEED).sample(sorted(samples), ITEMS))
        tokens = {}
        for place in drawn:
            assert str(items[place - 1]["id"]) == samples[place]["doc_id"]
            decoded = decode(agd, model, items[place - 1], settings["method"])
            if not samples[place]["resps"][0].startswith(decoded["answer"].rstrip("\ufffd")):
                sys.exit(f"{path}: item {place} is not what is decoded now: {decoded['answer']!r}")
            tokens[place] = decoded["completion_tokens"]
        replies[Path(path).stem] = {"method": settings["method"], "run_crc32": checksum(path), "tokens": tokens}
    head = {
        "processor": processor(), "model": settings["model"], "data": settings["data"][0], "seed": SEED,
        "ids": [items[place - 1]["id"] for place in drawn]}
    print("{" + "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()) + '"runs": {')
    print(",\n".join(f"{json.dumps(name)}: {json.dumps(reply)}" for name, reply in replies.items()) + "}}")


def check(agd, path, model, data):
    recorded = json.loads(Path(path).read_text())
    for given, name in (model, "model"), (data, "data"):
        if not given or not Path(given).exists():
            return print(f"skipped: {recorded[name]['name']} isn't there{': ' + given if given else ''}")
        if checksum(given) != recorded[name]["crc32"]:
            sys.exit(f"{given}: is not the file that the replies are of ({recorded[name]['name']}, CRC-32 {recorded[name]['crc32']})")
    items = json.loads(gzip.open(data).read())
    fewest = ITEMS
    for name, run in recorded["runs"].items():
        same = sum(
            decode(agd, model, items[int(place) - 1], run["method"])["completion_tokens"] == tokens
            for place, tokens in run["tokens"].items())
        fewest = min(fewest, same)
        print(f"{name}: {same} of {len(run['tokens'])} replies begin as they did, {TOKENS} tokens each", flush=True)
    if processor() != recorded["processor"]:
        print(f"not judged: the replies are of a processor with {recorded['processor']}, this one has {processor()}")
    elif fewest < LEAST:
        sys.exit(f"{path}: fewer than {LEAST} replies of a run begin as they did")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("draw", "check"):
        sys.exit(__doc__)
    {"draw": draw, "check": check}[sys.argv[1]](*sys.argv[2:])
