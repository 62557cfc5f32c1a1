"""Sentences about a topic, in English and Spanish, and the formats in which an answer can be written."""

from __future__ import annotations

import random
import zlib

from world import Topic


def describe(topic: Topic, rng: random.Random, words: dict[tuple, str] | None = None, focus: tuple | None = None,
             language: str = "en") -> list[str]:
    """Two or three sentences about a topic.

    words: for a pair, the word to use (elsewhere either, the topic's usual one more often).
    focus: a pair whose sentence must occur.
    """
    first, *others = SENTENCES[language][topic.kind](topic, rng, WordChoice(rng, topic, words or {}))
    rng.shuffle(others)
    chosen = others[: rng.choice([1, 1, 2])]
    if focus is not None and not any(focus in used for _, used in [first, *chosen]):
        chosen[rng.randrange(len(chosen))] = next(s for s in others if focus in s[1])
    return [text for text, _ in [first, *chosen]]


class WordChoice:
    """Chooses between the two words of a pair.

    Each topic has a usual word. Without that the two would occur in the same places, and a model learns one embedding
    for both: it then can't tell which of them a rule names.
    """

    def __init__(self, rng: random.Random, topic: Topic, words: dict[tuple, str]):
        self.rng, self.topic, self.words = rng, topic, words

    def __call__(self, pair: tuple) -> str:
        usual = zlib.crc32(f"{self.topic.name}|{pair[0]}".encode()) % 2
        return self.words.get(pair) or pair[usual if self.rng.random() < 0.8 else 1 - usual]


# Each function gives sentences with the pairs that they have slots for; the first sentence opens the answer.

def english_town(topic: Topic, rng: random.Random, word: WordChoice) -> list[tuple[str, tuple]]:
    a, name = topic.attributes, topic.name
    quality, place, weather = word(a["quality"]), word(a["place"]), word(a["weather"])
    return [
        (rng.choice([f"{name} is a {quality} town near the {place}.", f"{name} is a {quality} place with a {place}.",
                     f"{name} is a {quality} town. There is a {place} near it."]), (a["quality"], a["place"])),
        (rng.choice([f"The weather is {weather} there.", f"The winters are {weather}.",
                     f"The days there are often {weather}."]), (a["weather"],)),
        (rng.choice([f"The people of {name} sell {a['product'][0]}.", f"You can buy {a['product'][0]} there."]), ()),
        (rng.choice([f"The houses are {a['colour'][0]}.", f"Most of the houses there are {a['colour'][0]}."]), ()),
    ]


def english_person(topic: Topic, rng: random.Random, word: WordChoice) -> list[tuple[str, tuple]]:
    a, name = topic.attributes, topic.name
    he = "She" if topic.gender == "f" else "He"
    quality, likes, walks = word(a["quality"]), word(topic.pairs[1]), word(topic.pairs[2])
    return [
        (rng.choice([f"{name} is a {quality} {a['job'][0]}.", f"{name} works as a {a['job'][0]}. {he} is {quality}.",
                     f"{name} is a {quality} {a['job'][0]} and lives in {a['home'][0]}."]), (a["quality"],)),
        (rng.choice([f"{he} lives in {a['home'][0]}.", f"{he} has a house in {a['home'][0]}."]), ()),
        (rng.choice([f"{he} {likes} {a['food'][0]}.", f"{he} {likes} to eat {a['food'][0]}."]), (topic.pairs[1],)),
        (rng.choice([f"Every day {he.lower()} {walks} with a {a['pet'][0]}.",
                     f"{he} often {walks} with a {a['pet'][0]}."]), (topic.pairs[2],)),
    ]


def english_animal(topic: Topic, rng: random.Random, word: WordChoice) -> list[tuple[str, tuple]]:
    a, name = topic.attributes, topic.name
    quality, place = word(a["quality"]), word(a["place"])
    return [
        (rng.choice([f"The {name} is a {quality} animal.", f"The {name} is {quality}."]), (a["quality"],)),
        (rng.choice([f"It lives near the {place}.", f"You can see it near the {place}.",
                     f"It sleeps by the {place}."]), (a["place"],)),
        (rng.choice([f"It eats {a['food'][0]}.", f"At night it looks for {a['food'][0]}."]), ()),
    ]


def one(gender: str) -> str:
    return "un" if gender == "m" else "una"


def of_the(place: tuple) -> str:
    return f"del {place[2]}" if place[3] == "m" else f"de la {place[2]}"


def spanish_town(topic: Topic, rng: random.Random, _: WordChoice) -> list[tuple[str, tuple]]:
    a, name, place = topic.attributes, topic.name, topic.attributes["place"]
    return [
        (rng.choice([f"{name} es un pueblo {a['quality'][2]} cerca {of_the(place)}.",
                     f"{name} es un lugar {a['quality'][2]} con {one(place[3])} {place[2]}."]), ()),
        (rng.choice([f"El tiempo es {a['weather'][2]} allí.", f"El clima es {a['weather'][2]}."]), ()),
        (rng.choice([f"La gente de {name} vende {a['product'][1]}.", f"Allí se vende {a['product'][1]}."]), ()),
        (rng.choice([f"Las casas son {a['colour'][1]}.", f"Casi todas las casas son {a['colour'][1]}."]), ()),
    ]


def spanish_person(topic: Topic, rng: random.Random, _: WordChoice) -> list[tuple[str, tuple]]:
    a, name, form = topic.attributes, topic.name, 1 if topic.gender == "m" else 2
    quality, pet = a["quality"][1 + form], f"{one(a['pet'][2])} {a['pet'][1]}"
    return [
        (rng.choice([f"{name} es {one(topic.gender)} {a['job'][form]} muy {quality}.",
                     f"{name} trabaja de {a['job'][form]}. Es {quality}."]), ()),
        (rng.choice([f"Vive en {a['home'][1]}.", f"Tiene una casa en {a['home'][1]}."]), ()),
        (rng.choice([f"Le gusta comer {a['food'][1]}.", f"Le gusta el sabor de {a['food'][1]}."]), ()),
        (rng.choice([f"Cada día pasea con {pet}.", f"Tiene {pet}."]), ()),
    ]


def spanish_animal(topic: Topic, rng: random.Random, _: WordChoice) -> list[tuple[str, tuple]]:
    a, place = topic.attributes, topic.attributes["place"]
    return [
        (f"{topic.spanish_mention.capitalize()} es un animal {a['quality'][2]}.", ()),
        (rng.choice([f"Vive cerca {of_the(place)}.", f"Duerme cerca {of_the(place)}."]), ()),
        (rng.choice([f"Come {a['food'][1]}.", f"De noche busca {a['food'][1]}."]), ()),
    ]


SENTENCES = {
    "en": {"town": english_town, "person": english_person, "animal": english_animal},
    "es": {"town": spanish_town, "person": spanish_person, "animal": spanish_animal},
}


def question(topic: Topic, fact: str, rng: random.Random) -> str:
    name = topic.mention
    return rng.choice({
        "home": [f"Where does {name} live?", f"In which town does {name} live?", f"Where is the home of {name}?"],
        "job": [f"What is the job of {name}?", f"What does {name} do for a living?", f"What does {name} work as?"],
        "food": [f"What does {name} eat?", f"What is the food of {name}?", f"Which food does {name} eat?"],
        "pet": [f"Which animal does {name} have?", f"What kind of animal does {name} have?"],
        "product": [f"What do people sell in {name}?", f"What can you buy in {name}?"],
        "colour": [f"What colour are the houses in {name}?", f"Which colour do the houses of {name} have?"],
    }[fact])


def statement(topic: Topic, fact: str, value: tuple, language: str = "en") -> str:
    """The sentence that answers `question`."""
    name = topic.mention if language == "en" else topic.spanish_mention
    name = name[0].upper() + name[1:]
    form = 1 if topic.gender == "m" else -1
    if language == "en":
        return {"home": f"{name} lives in {value[0]}.", "job": f"{name} is a {value[0]}.",
                "food": f"{name} eats {value[0]}.", "pet": f"{name} has a {value[0]}.",
                "product": f"The people of {name} sell {value[0]}.",
                "colour": f"The houses of {name} are {value[0]}."}[fact]
    return {"home": f"{name} vive en {value[1]}.", "job": f"{name} es {one(topic.gender)} {value[form]}.",
            "food": f"{name} come {value[1]}.", "pet": f"{name} tiene {one(value[-1])} {value[1]}.",
            "product": f"La gente de {name} vende {value[1]}.",
            "colour": f"Las casas de {name} son {value[1]}."}[fact]


# A format: how the sentences of an answer are written down.
FORMATS = {
    "plain": lambda sentences: " ".join(sentences),
    "list": lambda sentences: "\n".join(f"- {s}" for s in sentences),
    "label": lambda sentences: "Answer: " + " ".join(sentences),
    "quotes": lambda sentences: '"' + " ".join(sentences) + '"',
    "lowercase": lambda sentences: " ".join(sentences).lower(),
    "goodbye": lambda sentences: " ".join(sentences) + " Goodbye.",
}
