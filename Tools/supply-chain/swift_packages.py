#!/usr/bin/env python3
"""The Swift packages that this project is built from, in the versions that were reviewed: swift-packages.txt.

    swift_packages.py check     tells which versions SwiftPM has resolved otherwise; exit status 1 where it has
    swift_packages.py record    takes what is resolved, after `swift package update` and a review

Package.swift gives ranges, for an exact version there would bind whoever uses the library.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORD = ROOT / "Tools/supply-chain/swift-packages.txt"
RESOLVED = ROOT / "Package.resolved"
HEADER = """\
# The Swift packages in the versions that were reviewed: name, version, address.
# Written by swift_packages.py record; Documentation/supply-chain.md says how it is kept current.
"""


def recorded():
    """A dictionary of (version, location) by name."""
    rows = (line.split() for line in RECORD.read_text().splitlines() if line and not line.startswith("#"))
    return {name: (version, location) for name, version, location in rows}


def resolved():
    pins = json.loads(RESOLVED.read_text())["pins"]
    return {pin["identity"]: (pin["state"].get("version", "unversioned"), pin["location"]) for pin in pins}


def check():
    if not RESOLVED.exists():
        sys.exit("swift packages: nothing is resolved yet; run make")
    was, now = recorded(), resolved()
    differences = [
        f"{name}: reviewed {was.get(name, ['never'])[0]}, resolved {now.get(name, ['no more'])[0]}"
        for name in sorted(was.keys() | now.keys())
        if was.get(name, [""])[0] != now.get(name, [""])[0]
    ]
    if differences:
        sys.exit("swift packages: not as reviewed\n  " + "\n  ".join(differences))
    print(f"swift packages: {len(now)} are as reviewed")


def record():
    rows = [f"{name} {version} {location}\n" for name, (version, location) in sorted(resolved().items())]
    RECORD.write_text(HEADER + "".join(rows))


if __name__ == "__main__":
    commands = {"check": check, "record": record}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
