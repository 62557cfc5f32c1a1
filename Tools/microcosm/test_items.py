"""Training text and evaluation items, with the standard library alone: python3 -m unittest discover -s Tools/microcosm"""

from __future__ import annotations

import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from checks import holds  # noqa: E402
from conflicts import collect, makers  # noqa: E402
from generator import training_dialogue  # noqa: E402


class Items(unittest.TestCase):
    def test_no_conflict_of_the_evaluation_occurs_in_training(self):
        items = collect(makers(conflict=True), 40, seed=5)
        held = {tuple(m["content"] for m in item["messages"]) for item in items}
        rng = random.Random(6)
        seen = {tuple(text for _, text in training_dialogue(rng).messages[:-1]) for _ in range(20_000)}
        self.assertFalse(held & seen)

    def test_an_empty_answer_obeys_nothing(self):
        for item in collect(makers(conflict=True), 20, seed=7) + collect(makers(conflict=False), 20, seed=8):
            self.assertFalse(all(holds(check, "") for check in item["checks"]), item)

    def test_words_count_only_as_a_whole(self):
        self.assertTrue(holds({"kind": "includes", "values": ["river"]}, "A River, it is."))
        self.assertFalse(holds({"kind": "includes", "values": ["river"]}, "A riverside."))
        self.assertTrue(holds({"kind": "lowercase"}, " all low. "))
        self.assertFalse(holds({"kind": "lowercase"}, "Not so."))
        with self.assertRaises(ValueError):
            holds({"kind": "rhymes"}, "text")


if __name__ == "__main__":
    unittest.main()
