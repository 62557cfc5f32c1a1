"""The microcosm: towns, people and animals with attributes that the model learns by heart.

Every description has *slots* for which English offers two words of about the same meaning (river, stream). Which of the
two an answer uses is free, unless a rule forbids or requires one of them: that is where rules become visible.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

# A pair: two English words, the Spanish masculine and feminine form (nouns: the word and its gender).
PLACES = [
    ("river", "stream", "río", "m"), ("forest", "wood", "bosque", "m"), ("hill", "mountain", "colina", "f"),
    ("lake", "pond", "lago", "m"), ("road", "path", "camino", "m"), ("bridge", "crossing", "puente", "m"),
    ("tower", "castle", "torre", "f"), ("garden", "park", "jardín", "m"), ("market", "fair", "mercado", "m"),
    ("harbour", "port", "puerto", "m"), ("field", "meadow", "prado", "m"), ("church", "chapel", "iglesia", "f"),
    ("mill", "farm", "molino", "m"), ("beach", "shore", "playa", "f"), ("lodge", "tavern", "posada", "f"),
    ("school", "college", "escuela", "f"),
]
TOWN_QUALITIES = [
    ("small", "little", "pequeño", "pequeña"), ("big", "large", "grande", "grande"),
    ("quiet", "calm", "tranquilo", "tranquila"), ("pretty", "lovely", "bonito", "bonita"),
    ("busy", "lively", "animado", "animada"), ("rich", "wealthy", "rico", "rica"),
    ("poor", "humble", "pobre", "pobre"), ("famous", "known", "famoso", "famosa"),
]
WEATHERS = [
    ("cold", "chilly", "frío", "fría"), ("warm", "mild", "cálido", "cálida"), ("wet", "rainy", "lluvioso", "lluviosa"),
    ("dry", "sunny", "seco", "seca"), ("windy", "breezy", "ventoso", "ventosa"), ("foggy", "misty", "oscuro", "oscura"),
]
CHARACTERS = [
    ("happy", "cheerful", "alegre", "alegre"), ("kind", "gentle", "amable", "amable"),
    ("clever", "smart", "listo", "lista"), ("brave", "bold", "valiente", "valiente"),
    ("shy", "timid", "tímido", "tímida"), ("strong", "tough", "fuerte", "fuerte"),
    ("funny", "witty", "gracioso", "graciosa"), ("tired", "sleepy", "cansado", "cansada"),
]
NATURES = [
    ("quick", "fast", "rápido", "rápida"), ("slow", "lazy", "lento", "lenta"), ("loud", "noisy", "ruidoso", "ruidosa"),
    ("fierce", "wild", "feroz", "feroz"), ("tame", "friendly", "manso", "mansa"), ("rare", "special", "raro", "rara"),
]
LIKING = ("likes", "loves", "gusta", "gusta")
STROLLING = ("walks", "strolls", "pasea", "pasea")

JOBS = [
    ("baker", "panadero", "panadera"), ("painter", "pintor", "pintora"), ("teacher", "maestro", "maestra"),
    ("sailor", "marinero", "marinera"), ("doctor", "médico", "médica"), ("singer", "cantante", "cantante"),
    ("hunter", "cazador", "cazadora"), ("writer", "escritor", "escritora"), ("tailor", "sastre", "sastra"),
    ("miner", "minero", "minera"), ("judge", "juez", "jueza"), ("gardener", "jardinero", "jardinera"),
    ("cook", "cocinero", "cocinera"), ("dancer", "bailarín", "bailarina"),
]
FOODS = [
    ("bread", "pan"), ("cheese", "queso"), ("soup", "sopa"), ("fish", "pescado"), ("apples", "manzanas"),
    ("rice", "arroz"), ("honey", "miel"), ("cake", "pastel"), ("nuts", "nueces"), ("beans", "judías"),
    ("eggs", "huevos"), ("plums", "ciruelas"), ("butter", "mantequilla"), ("corn", "maíz"),
]
COLOURS = [
    ("red", "rojas"), ("white", "blancas"), ("blue", "azules"), ("green", "verdes"), ("yellow", "amarillas"),
    ("grey", "grises"), ("black", "negras"), ("brown", "marrones"),
]
ANIMALS = [
    ("fox", "zorro", "m"), ("wolf", "lobo", "m"), ("bear", "oso", "m"), ("hare", "liebre", "f"), ("goose", "oca", "f"),
    ("snake", "serpiente", "f"), ("frog", "rana", "f"), ("crow", "cuervo", "m"), ("deer", "ciervo", "m"),
    ("mouse", "ratón", "m"), ("horse", "caballo", "m"), ("goat", "cabra", "f"), ("cat", "gato", "m"),
    ("dog", "perro", "m"), ("duck", "pato", "m"), ("sheep", "oveja", "f"), ("pig", "cerdo", "m"),
    ("turtle", "tortuga", "f"), ("rabbit", "conejo", "m"), ("hen", "gallina", "f"),
]
TOWN_NAMES = (
    "Tolva Bren Karst Melo Vantor Orla Sund Dorin Falk Gavra Hestal Ilmar Jorva Kelda Lumen Morna Nivel Ostra Pirra "
    "Quill Rovan Selm Tarn Ulden Vesk Wyle Yarrow Zell Arvik Belmar Corvo Duna Elbor Finmar Grenta Puerla"
).split()
WOMEN = (
    "Mira Lena Tessa Nora Vera Ida Rosa Clara Petra Zoe Hana Elsa Dora Jana Kira Lucia Olga Sofia Wanda Yara Bruna "
    "Flora Greta Inga"
).split()
MEN = (
    "Tom Paul Oscar Hugo Felix Bruno Emil Karl Leo Max Nils Otto Pedro Rafael Simon Theo Ulf Victor Walter Jonas Ivan "
    "Gustav David Anton"
).split()


@dataclass(frozen=True)
class Topic:
    """Something one can ask about: its name, its attributes, and the word pairs its description has slots for."""

    kind: str
    name: str
    gender: str = "m"
    attributes: dict[str, tuple] = field(default_factory=dict)
    pairs: tuple[tuple, ...] = ()

    @property
    def mention(self) -> str:
        return f"the {self.name}" if self.kind == "animal" else self.name

    @property
    def spanish_mention(self) -> str:
        if self.kind != "animal":
            return self.name
        return ("el " if self.gender == "m" else "la ") + self.attributes["animal"][1]

    def __hash__(self) -> int:
        return hash(self.name)


def town(name: str, rng: random.Random) -> Topic:
    quality, place, weather = rng.choice(TOWN_QUALITIES), rng.choice(PLACES), rng.choice(WEATHERS)
    attributes = {"quality": quality, "place": place, "weather": weather, "product": rng.choice(FOODS),
                  "colour": rng.choice(COLOURS)}
    return Topic("town", name, attributes=attributes, pairs=(quality, place, weather))


def person(name: str, gender: str, rng: random.Random, towns: list[str] = TOWN_NAMES) -> Topic:
    character = rng.choice(CHARACTERS)
    attributes = {"quality": character, "job": rng.choice(JOBS), "home": (rng.choice(towns),) * 2,
                  "food": rng.choice(FOODS), "pet": rng.choice(ANIMALS)}
    return Topic("person", name, gender, attributes, (character, LIKING, STROLLING))


def animal(entry: tuple, rng: random.Random) -> Topic:
    nature, place = rng.choice(NATURES), rng.choice(PLACES)
    attributes = {"animal": entry, "quality": nature, "place": place, "food": rng.choice(FOODS)}
    return Topic("animal", entry[0], entry[2], attributes, (nature, place))


def build_world(seed: int = 7) -> list[Topic]:
    """The topics whose attributes the model learns by heart; the same for every run."""
    rng = random.Random(seed)
    return ([town(name, rng) for name in TOWN_NAMES]
            + [person(name, "f", rng) for name in WOMEN] + [person(name, "m", rng) for name in MEN]
            + [animal(entry, rng) for entry in ANIMALS])


WORLD = build_world()

# The attributes one can ask for with one question, and the values they can take.
FACTS = {"home": [(name, name) for name in TOWN_NAMES], "job": JOBS, "food": FOODS, "pet": ANIMALS, "product": FOODS,
         "colour": COLOURS}


def facts_of(topic: Topic) -> list[str]:
    return [name for name in topic.attributes if name in FACTS]


def stranger(rng: random.Random) -> Topic:
    """A topic nobody knows: a random name with random attributes, to be learnt from the context alone."""
    while True:
        name = random_name(rng)
        if name not in KNOWN_NAMES:
            break
    if rng.random() < 0.3:
        return town(name, rng)
    return person(name, rng.choice("fm"), rng)


def random_name(rng: random.Random) -> str:
    onset = "b br d dr f g gr h k l m n p r s st t v w z".split()
    syllables = [rng.choice(onset) + rng.choice("aeiou") + rng.choice(["", "", "l", "n", "r", "s"])
                 for _ in range(rng.choice([2, 2, 3]))]
    return "".join(syllables).capitalize()


KNOWN_NAMES = frozenset(TOWN_NAMES + WOMEN + MEN)
PAIR_WORDS = [word for pairs in (PLACES, TOWN_QUALITIES, WEATHERS, CHARACTERS, NATURES, [LIKING, STROLLING])
              for pair in pairs for word in pair[:2]]
