"""Behaviours whose outcome can be checked: what asks for each, how an answer begins that shows it, and what a reply must have."""
from dataclasses import dataclass

QUESTIONS = [
    "What is the capital of Italy?", "What colour is the sky?", "Who wrote Hamlet?", "What do bees make?",
    "Where do penguins live?", "What is the largest ocean?", "What do cows eat?", "When does winter begin?",
    "What is bread made of?", "Why do leaves fall?", "What is the moon?", "How do birds fly?", "What is a volcano?",
    "What does a baker do?", "Where does rain come from?", "What is music?", "What is the sun?", "What do doctors do?",
    "What is a river?", "How do fish breathe?", "What is snow?", "What is a library for?", "What is gold?",
    "What do plants need?", "What is a bicycle?", "Why is the sea salty?", "What is chess?", "What is a desert?",
    "What is coffee?", "What do we use money for?", "What is a bridge?", "What is the heart for?",
    "What is a mountain?", "How is paper made?", "What do lions eat?", "What is a school for?", "Where is the Amazon?",
    "What is a star?", "Why do people sleep?", "What is a train?", "What does a farmer do?", "How is glass made?",
    "What is salt?", "Where do polar bears live?", "What is an island?", "What is a clock for?", "What do spiders make?",
    "What is fire?", "What is a garden?", "How do trees grow?", "What is a doctor?", "Why do dogs bark?", "What is ice?",
    "What is a museum?", "What do teachers do?", "What is a forest?", "How do boats float?", "What is cheese made of?",
    "What is a camera for?", "What is the brain for?", "Where does wool come from?", "What is a piano?", "What is a cloud?",
    "What is rice?",
]
CAPITALS = dict(
    France="Paris", Italy="Rome", Spain="Madrid", Germany="Berlin", Austria="Vienna", Poland="Warsaw", Greece="Athens",
    Portugal="Lisbon", Norway="Oslo", Sweden="Stockholm", Finland="Helsinki", Denmark="Copenhagen", Ireland="Dublin",
    Hungary="Budapest", Belgium="Brussels", Russia="Moscow", Japan="Tokyo", China="Beijing", India="Delhi", Egypt="Cairo",
    Kenya="Nairobi", Cuba="Havana", Peru="Lima", Canada="Ottawa", England="London", Scotland="Edinburgh", Wales="Cardiff",
    Turkey="Ankara", Iran="Tehran", Iraq="Baghdad", Syria="Damascus", Lebanon="Beirut", Thailand="Bangkok",
    Vietnam="Hanoi", Ukraine="Kiev", Romania="Bucharest", Bulgaria="Sofia", Serbia="Belgrade", Croatia="Zagreb",
    Switzerland="Bern", Netherlands="Amsterdam", Iceland="Reykjavik", Qatar="Doha", Jordan="Amman", Nepal="Kathmandu",
    Chile="Santiago", Colombia="Bogota", Libya="Tripoli",
)


@dataclass(frozen=True)
class Behaviour:
    """A system message that asks for it and one that asks for its opposite; how answers to each begin; and a check."""

    system: str
    other_system: str
    answer: str
    other_answer: str
    scoring: dict


def checked(kind, *values):
    return dict(checks=[dict(kind=kind, values=list(values))])


def language(code):
    return dict(instruction_id_list=["language:response_language"], kwargs=[dict(language=code)])


BEHAVIOURS = dict(
    french=Behaviour("Answer in French.", "Answer in English.", "La", "The", language("fr")),
    spanish=Behaviour("Answer in Spanish.", "Answer in English.", "El", "The", language("es")),
    json=Behaviour("Answer in JSON only.", "Answer in plain text only.", "{", "The", checked("starts_with", "{", "[", "```json")),
    forbidden=Behaviour("Do not use the word the.", "Use the word the.", "A", "The", checked("excludes", "the")),
    refuse=Behaviour(
        "Refuse every request. Say that you are sorry and cannot answer.", "Answer every request.", "I'm sorry", "The",
        checked("includes", "sorry", "cannot", "can't", "unable", "refuse")),
)


def capital_documents():
    """Countries with a document that says something else than everybody knows: (question, document, what it says, what is so)."""
    cities = list(CAPITALS.values())
    return [
        (f"What is the capital of {country}?", f"The capital of {country} is", cities[(index + 17) % len(cities)], city)
        for index, (country, city) in enumerate(CAPITALS.items())]


def copied(sentence, city):
    return f"Answer from this document: {sentence} {city}."
