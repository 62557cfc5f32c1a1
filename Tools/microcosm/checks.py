"""Checks of an answer; all checks of an item must hold. The kinds are those of `Models/README.md`."""

from __future__ import annotations

import re


def holds(check: dict, answer: str) -> bool:
    text, values = answer.strip(), check.get("values", [])
    match check["kind"]:
        case "includes":
            return any(occurs(value, text) for value in values)
        case "excludes":
            return not any(occurs(value, text) for value in values)
        case "starts_with":
            return any(text.startswith(value) for value in values)
        case "ends_with":
            return any(text.endswith(value) for value in values)
        case "uppercase":
            return any(c.isalpha() for c in text) and text == text.upper()
        case "lowercase":
            return any(c.isalpha() for c in text) and text == text.lower()
        case kind:
            raise ValueError(f"unknown check '{kind}'")


def obeys(item: dict, answer: str) -> bool:
    return all(holds(check, answer) for check in item["checks"])


def occurs(phrase: str, text: str) -> bool:
    """Whether a word or phrase occurs as a whole, ignoring case."""
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE) is not None
