#!/usr/bin/env python3
"""Fails on public declarations that have no sentence or that throw and don't say what, and on what docc warns of.

Usage: check.py FOLDER...

The folders hold symbol graphs, as `swift symbolgraph-extract` writes them, and the first docc's diagnostics.json.
"""
import json
import sys
from pathlib import Path


def faults(graph):
    # What implements a requirement of a protocol has the requirement's sentence.
    inherited = {link["source"] for link in graph["relationships"] if "sourceOrigin" in link}
    for symbol in graph["symbols"]:
        lines = [line["text"] for line in symbol.get("docComment", {}).get("lines", [])]
        if symbol["identifier"]["precise"] in inherited and not lines:
            continue
        place = symbol.get("location")
        if not place:  # made by the compiler
            continue
        throws = any(part["spelling"] == "throws" for part in symbol["declarationFragments"])
        fault = None
        if not any(line.strip() for line in lines):
            fault = "has no sentence"
        elif throws and not any(line.lstrip().startswith("- Throws:") for line in lines):
            fault = "throws and doesn't say what"
        if fault:
            path = place["uri"].split("/Sources/")[-1]
            yield f"Sources/{path}:{place['position']['line'] + 1}: {'.'.join(symbol['pathComponents'])} {fault}"


def warnings(diagnostics):
    """What docc warns of, dead links above all; but a parameter whose name says all needs no line."""
    for diagnostic in diagnostics["diagnostics"]:
        if diagnostic["summary"].endswith("is missing documentation"):
            continue
        path = diagnostic.get("source", "").split("/Sources/")[-1]
        line = (diagnostic.get("range") or {}).get("start", {}).get("line", 0)
        yield f"Sources/{path}:{line}: {diagnostic['summary']}"


def main():
    folders = [Path(argument) for argument in sys.argv[1:]]
    found = []
    for path in (path for folder in folders for path in folder.glob("*.symbols.json")):
        found += faults(json.loads(path.read_text()))
    found += warnings(json.loads((folders[0] / "diagnostics.json").read_text()))
    print("\n".join(sorted(found)), file=sys.stderr)
    if found:
        sys.exit(f"{len(found)} faults in the documentation")


main()
