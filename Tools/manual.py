#!/usr/bin/env python3
"""The manual's pages, agd.1 and one for each command, from what the program says about itself:

    agd --experimental-dump-help | Tools/manual.py FOLDER
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def escaped(text):
    """Text that roff takes for nothing but text."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in text)
    return "\\&" + text if text.startswith((".", "'")) else text


def running(text):
    """Paragraphs; lines with a margin are examples."""
    lines = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        if all(line.startswith("  ") for line in paragraph.split("\n")):
            lines += [".PP", ".in +4", ".nf", *(escaped(line.strip()) for line in paragraph.split("\n")), ".fi", ".in"]
        else:
            lines += [".PP", escaped(" ".join(paragraph.split()))]
    return lines[1:]  # A heading needs no .PP behind it.


def names(info):
    """An option's names, the short one first."""
    return sorted((("--" if each["kind"] == "long" else "-") + each["name"] for each in info["names"]), key=lambda name: name[:2] == "--")


def usage(info):
    """As it stands in a synopsis."""
    value = f"\\fI{escaped(info['valueName'])}\\fR"
    return value if info["kind"] == "positional" else f"\\fB{escaped(names(info)[0])}\\fR {value}"


def argument(info):
    """One option, flag or argument, with what it takes and says."""
    value = info["valueName"] + (" ..." if info["isRepeating"] and info["kind"] == "positional" else "")
    if info["kind"] == "positional":
        head = f"\\fI{escaped(value)}\\fR"
    else:
        head = ", ".join(f"\\fB{escaped(each)}\\fR" for each in names(info))
        head += f" \\fI{escaped(value)}\\fR" if info["kind"] == "option" else ""
    said = " ".join(info.get("abstract", "").split())
    if (standard := info.get("defaultValue")) and "default" not in said:
        said += f" By default {standard}."
    values = info.get("allValues", [])
    if values and not all(value in said for value in values):
        said += f" One of {', '.join(values)}."
    return [".TP", head, escaped(said.strip())]


def synopsis(path, command):
    arguments = shown(command.get("arguments", []))
    words = [f"\\fB{escaped(' '.join(path))}\\fR"] + [usage(each) for each in arguments if not each["isOptional"]]
    words += [f"[{usage(each)}]" for each in arguments if each["isOptional"] and each["kind"] == "positional"]
    return " ".join(words + ["\\fIcommand\\fR" if command.get("subcommands") else "[\\fIoptions\\fR]"])


def shown(entries):
    return [entry for entry in entries if entry.get("shouldDisplay", True)]


def page(path, command, version):
    title = "-".join(path)
    lines = [f'.TH "{title.upper()}" 1 "" "agd {version}" "Attribution-guided decoding"', ".SH NAME"]
    lines += [f"{escaped(title)} \\- {escaped(command['abstract'].rstrip('.'))}", ".SH SYNOPSIS", synopsis(path, command)]
    if command.get("discussion"):
        lines += [".SH DESCRIPTION", *running(command["discussion"])]
    if commands := [each for each in shown(command.get("subcommands", [])) if each["commandName"] != "help"]:
        lines.append(".SH COMMANDS")
        for each in commands:
            lines += [".TP", f"\\fB{escaped(title + '-' + each['commandName'])}\\fR(1)", escaped(each["abstract"])]
    sections = {}
    for each in shown(command.get("arguments", [])):
        heading = "ARGUMENTS" if each["kind"] == "positional" else (each.get("sectionTitle") or "Options").upper()
        sections.setdefault(heading, []).append(each)
    # What concerns the command alone comes before what it shares with others.
    for heading in sorted(sections, key=lambda heading: heading not in ("ARGUMENTS", "OPTIONS")):
        lines += [f'.SH "{heading}"'] + [line for each in sections[heading] for line in argument(each)]
    if len(path) > 1:
        lines += [".SH SEE ALSO", f"\\fB{escaped('-'.join(path[:-1]))}\\fR(1)"]
    return title, "\n".join(lines) + "\n"


def pages(path, command, version):
    yield page(path, command, version)
    for each in shown(command.get("subcommands", [])):
        if each["commandName"] != "help":
            yield from pages(path + [each["commandName"]], each, version)


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    version = re.search(r'program = "([^"]+)"', (ROOT / "Sources/agd/Version.swift").read_text())[1]
    command = json.load(sys.stdin)["command"]
    for title, text in pages(["agd"], command, version):
        (folder / f"{title}.1").write_text(text)
