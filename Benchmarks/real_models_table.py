#!/usr/bin/env python3
"""Runs of one set as one table in Markdown: scores with 95 % intervals, tests against greedy and against the control, and the cost.

    real_models_table.py AGD RUN...     # files that agd eval has written, each beside a .seconds where Benchmarks/real-models.sh made it
"""
import json
import subprocess
import sys
import zlib
from pathlib import Path

METRICS = {
    "instruction_loose": "instruction loose", "instruction_strict": "instruction strict", "prompt_strict": "prompt strict",
    "dpr_exact_match": "exact match", "instructqa_recall": "recall",
}


def report(agd, runs, *more):
    return json.loads(subprocess.run([agd, "report", *runs, "--format", "json", *more], check=True, capture_output=True).stdout)


def chance(value):
    return "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def main():
    agd, *runs = sys.argv[1:]
    reports = [report(agd, runs)]
    costs = reports[0]["costs"]
    control = next((cost["method"] for cost in costs if cost["method"].startswith("candidate random")), None)
    if control:
        reports.append(report(agd, runs, "--baseline", control))
    rows = [{(row["task"], row["metric"], row["method"]): row for row in each["rows"]} for each in reports]
    columns = [
        (task, metric) for task in dict.fromkeys(key[0] for key in rows[0]) for metric in METRICS
        if any(key[:2] == (task, metric) for key in rows[0])
    ]
    several = len({task for task, _ in columns}) > 1
    names = [(f"{task}, " if several else "") + METRICS[metric] for task, metric in columns]
    # Tests are told of the first metric of each setting.
    tested = [column for column in columns if column[1] in ("instruction_loose", "instructqa_recall")]
    header = ["method", *names]
    for task, metric in tested:
        header += [f"p against {other}" + (f" ({task})" if several else "") for other in ["greedy", "random"][:len(reports)]]
    header += ["% guided", "% changed", "% repeated", "perplexity", "tokens"]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for cost in costs:
        method = cost["method"]
        cells = [method]
        for column in columns:
            row = rows[0].get((*column, method))
            cells.append(f"{100 * row['mean']:.1f} ({100 * row['lower']:.0f}-{100 * row['upper']:.0f})" if row else "")
        for column in tested:
            cells += [chance((each.get((*column, method)) or {}).get("p_value")) for each in rows]
        cells += [f"{100 * cost[key]:.1f}" for key in ("guided_share", "changed_share", "repeated_share")]
        print("| " + " | ".join([*cells, f"{cost['perplexity']:.2f}", f"{cost['mean_tokens']:.0f}"]) + " |")
    counts = {cost["items"] for cost in costs}
    each = ", ".join(f"{cost['method']} {cost['items']}" for cost in costs)
    print(f"\n{min(counts)} items a method." if len(counts) == 1 else f"\nItems: {each}.")
    print("\n| run | bytes | CRC-32 | seconds |\n|---|---|---|---|")
    for run in map(Path, runs):
        data, seconds = run.read_bytes(), run.with_suffix(".seconds")
        took = sum(map(int, seconds.read_text().split())) if seconds.exists() else ""
        print(f"| {run.name} | {len(data)} | {zlib.crc32(data):08x} | {took} |")


main()
