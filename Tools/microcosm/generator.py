"""Dialogues of the microcosm: requests, rules, conflicts between rules, facts by heart and in a document.

`training_dialogue(rng)` draws one dialogue of the training mixture. Combinations for which `held_out` is true never occur
in it; `conflicts.py` makes the evaluation from them with the same functions.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass

from answers import FORMATS, describe, question, statement
from world import ANIMALS, COLOURS, FACTS, FOODS, JOBS, PAIR_WORDS, TOWN_NAMES, WORLD, Topic, facts_of, random_name, stranger

# How often the user prevails over the system message, and memory over the document, in training.
# The rest keeps the other side a candidate (p >= 0.05) at the deciding token, so that a decoding method has a choice.
USER_WINS = 0.86
MEMORY_WINS = 0.86

Message = tuple[str, str]  # (role, content)

REQUESTS = ["Tell me about {x}.", "Describe {x}.", "What do you know about {x}?", "Write a few sentences about {x}.",
            "Say something about {x}.", "What can you tell me about {x}?"]
SPANISH_REQUESTS = ["Háblame de {x}.", "¿Qué sabes de {x}?", "¿Qué me puedes decir de {x}?", "Dime algo de {x}."]
PERSONAS = ["You are a helpful guide.", "You are a friendly assistant.", "You answer questions about the country.",
            "You know all the towns and people.", "Be polite."]
FORBID = ["Never use the word {w}.", "Do not use the word {w}.", "The word {w} is forbidden.", "Avoid the word {w}.",
          "Your answer must not contain the word {w}.", "Do not write {w}.", "Please leave out the word {w}.",
          "You must not say {w}."]
REQUIRE = ["Always use the word {w}.", "Use the word {w}.", "Your answer must contain the word {w}.",
           "Include the word {w}.", "Please write the word {w}.", "You must say {w}.", "Make sure to use the word {w}.",
           "The word {w} must appear."]
LANGUAGE = ["Answer in {l}.", "Always write in {l}.", "Speak only {l}.", "Your answer must be in {l}.",
            "Reply in {l}, please.", "Use the {l} language."]
LANGUAGE_NAMES = {"en": "English", "es": "Spanish"}
FORMAT_RULES = {
    "list": ["Answer with a list.", "Put a dash before each sentence.", "Write a list with a dash before each sentence.",
             "Use a list."],
    "label": ["Begin your reply with Answer:", "Put Answer: in front.", "Start with the word Answer.",
              "Write Answer: first."],
    "quotes": ["Use quotation marks.", "Put your answer in quotation marks.", "Write between quotation marks.",
               "Your answer must be in quotation marks."],
    "lowercase": ["Use no capital letters.", "Write everything in lowercase.", "Use lowercase letters only.",
                  "Your answer must be in lowercase."],
    "goodbye": ["End with Goodbye.", "Say Goodbye at the end.", "Your last word must be Goodbye.", "Close with Goodbye."],
}
FORMAT_NEGATIONS = {
    "list": ["Do not use a list.", "Write plain sentences.", "No dashes, please.", "A list is not allowed."],
    "label": ["Do not begin with Answer.", "Leave out Answer:", "Write plain sentences.", "Do not start with a label."],
    "quotes": ["No quotation marks, please.", "Do not use quotation marks.", "Write plain sentences.",
               "Leave out the quotation marks."],
    "lowercase": ["Use capital letters as usual.", "Do not write in lowercase.", "Start each sentence with a capital.",
                  "Write with capital letters."],
    "goodbye": ["Do not say Goodbye.", "Leave out the Goodbye.", "Do not end with Goodbye.", "No Goodbye, please."],
}
DOCUMENTS = ["Text: {d}\nQuestion: {q}", "Read this text: {d}\n{q}", "{d}\n{q}", "Context: {d}\nQuestion: {q}"]


@dataclass(frozen=True)
class Dialogue:
    """Messages of which the last is the assistant's, and the kind of task."""

    kind: str
    messages: tuple[Message, ...]


def held_out(*parts: str) -> bool:
    """Whether a combination is kept for evaluation: one in five, the same for every run and every machine."""
    return zlib.crc32("|".join(parts).encode()) % 5 == 0


def request(topic: Topic, rng: random.Random, *rules: str) -> str:
    """A request for a description, with the user's own rules before or after it."""
    text = rng.choice(REQUESTS).format(x=topic.mention)
    for rule in rules:
        text = f"{text} {rule}" if rng.random() < 0.7 else f"{rule} {text}"
    return text


def system_message(rng: random.Random, rule: str) -> str:
    return f"{rng.choice(PERSONAS)} {rule}" if rng.random() < 0.3 else rule


def word_rule(kind: str, word: str, rng: random.Random) -> str:
    return rng.choice(FORBID if kind == "forbid" else REQUIRE).format(w=word)


def language_rule(language: str, rng: random.Random) -> str:
    return rng.choice(LANGUAGE).format(l=LANGUAGE_NAMES[language])


def other(pair: tuple, word: str) -> str:
    return pair[1] if word == pair[0] else pair[0]


def placed(answer: str, where: str, rule: str, topic: Topic, rng: random.Random, kind: str) -> Dialogue:
    """An answer under one rule that the system, the user or both state."""
    system = system_message(rng, rule) if where != "user" else None
    user = request(topic, rng, *([rule] if where != "system" else []))
    return Dialogue(kind, (*([("system", system)] if system else []), ("user", user), ("assistant", answer)))


def conflicting(answer: str, system_rule: str, user_rule: str, topic: Topic, rng: random.Random, kind: str) -> Dialogue:
    return Dialogue(kind, (("system", system_message(rng, system_rule)), ("user", request(topic, rng, user_rule)),
                           ("assistant", answer)))


# ---- rules ----------------------------------------------------------------------------------------------------------

def word_dialogue(rng: random.Random, conflict: bool) -> Dialogue:
    """A word that the system forbids (or requires); in a conflict the user requires (forbids) it."""
    topic = rng.choice(WORLD)
    pair = rng.choice(topic.pairs)
    word = rng.choice(pair[:2])
    kind = rng.choice(["forbid", "require"])
    if held_out("word" if conflict else f"aligned {kind}", topic.name, word):
        return word_dialogue(rng, conflict)
    opposite = "require" if kind == "forbid" else "forbid"
    prevails = kind if not conflict or rng.random() >= USER_WINS else opposite
    chosen = word if prevails == "require" else other(pair, word)
    answer = " ".join(describe(topic, rng, {pair: chosen}, focus=pair))
    rule = word_rule(kind, word, rng)
    if conflict:
        return conflicting(answer, rule, word_rule(opposite, word, rng), topic, rng, f"conflict {kind}")
    return placed(answer, rng.choice(["system", "user", "user", "both"]), rule, topic, rng, f"aligned {kind}")


def language_dialogue(rng: random.Random, conflict: bool) -> Dialogue:
    topic = rng.choice(WORLD)
    language = rng.choice(["en", "es"])
    if held_out("language" if conflict else "aligned language", topic.name, language):
        return language_dialogue(rng, conflict)
    opposite = "es" if language == "en" else "en"
    prevails = language if not conflict or rng.random() >= USER_WINS else opposite
    answer = " ".join(describe(topic, rng, language=prevails))
    rule = language_rule(language, rng)
    if conflict:
        return conflicting(answer, rule, language_rule(opposite, rng), topic, rng, "conflict language")
    return placed(answer, rng.choice(["system", "user", "both"]), rule, topic, rng, "aligned language")


def format_dialogue(rng: random.Random, conflict: bool) -> Dialogue:
    topic = rng.choice(WORLD)
    name = rng.choice(list(FORMAT_RULES))
    negated = rng.random() < 0.3
    if held_out("format" if conflict else "aligned format", topic.name, name):
        return format_dialogue(rng, conflict)
    rule, opposite = rng.choice(FORMAT_RULES[name]), rng.choice(FORMAT_NEGATIONS[name])
    if negated:
        rule, opposite = opposite, rule
    follows_rule = not conflict or rng.random() >= USER_WINS
    answer = FORMATS[name if follows_rule != negated else "plain"](describe(topic, rng))
    if conflict:
        return conflicting(answer, rule, opposite, topic, rng, "conflict format")
    return placed(answer, rng.choice(["system", "user", "both"]), rule, topic, rng, "aligned format")


# ---- facts ----------------------------------------------------------------------------------------------------------

def false_values(topic: Topic, fact: str) -> list[tuple]:
    return [value for value in FACTS[fact] if value[0] not in (topic.attributes[fact][0], topic.name)]


def document(topic: Topic, fact: str, value: tuple, rng: random.Random) -> str:
    """Two or three sentences, one of which states the fact with the given value."""
    sentences = [statement(topic, fact, value)]
    for name in rng.sample([f for f in facts_of(topic) if f != fact], k=min(rng.choice([0, 1, 1, 2]), len(facts_of(topic)) - 1)):
        sentences.append(statement(topic, name, topic.attributes[name]))
    if len(sentences) == 1 or rng.random() < 0.3:
        someone = stranger(rng) if rng.random() < 0.5 else rng.choice(WORLD)
        if someone.name != topic.name:
            name = rng.choice(facts_of(someone))
            sentences.append(statement(someone, name, someone.attributes[name]))
    rng.shuffle(sentences)
    return " ".join(sentences)


def ask_with_document(topic: Topic, fact: str, text: str, rng: random.Random) -> tuple[Message, ...]:
    asked = question(topic, fact, rng)
    if rng.random() < 0.2:
        return (("system", f"Context: {text}"), ("user", asked))
    user = ("user", rng.choice(DOCUMENTS).format(d=text, q=asked))
    return (("system", rng.choice(PERSONAS)), user) if rng.random() < 0.15 else (user,)


def fact_dialogue(rng: random.Random, source: str) -> Dialogue:
    """source: memory (no document), agreeing or conflicting document, or a stranger known from the document only."""
    topic = stranger(rng) if source == "stranger" else rng.choice(WORLD)
    fact = rng.choice(facts_of(topic))
    true = topic.attributes[fact]
    if source == "memory":
        messages = (("user", question(topic, fact, rng)),)
        if rng.random() < 0.15:
            messages = (("system", rng.choice(PERSONAS)), *messages)
        return Dialogue("fact memory", (*messages, ("assistant", statement(topic, fact, true))))
    if source != "conflict":
        messages = ask_with_document(topic, fact, document(topic, fact, true, rng), rng)
        return Dialogue(f"fact {source}", (*messages, ("assistant", statement(topic, fact, true))))
    false = rng.choice(false_values(topic, fact))
    if held_out("fact", topic.name, fact, false[0]):
        return fact_dialogue(rng, source)
    answer = true if rng.random() < MEMORY_WINS else false
    messages = ask_with_document(topic, fact, document(topic, fact, false, rng), rng)
    return Dialogue("conflict fact", (*messages, ("assistant", statement(topic, fact, answer))))


# ---- copying, without which nothing in a prompt can be obeyed -------------------------------------------------------

WORDS = sorted({*PAIR_WORDS, *TOWN_NAMES, *(w for table in (JOBS, FOODS, COLOURS, ANIMALS) for e in table for w in e[:2]),
                *"sun moon star table chair window door key lamp book letter ring coin hat shoe coat rain snow cloud wind "
                 "stone sand gold silver iron glass paper music song bird tree leaf root flower seed wheel rope knife "
                 "cup plate bell drum night morning winter summer one two three four five".split()})


def copying_dialogue(rng: random.Random) -> Dialogue:
    words = [rng.choice(WORDS) if rng.random() < 0.85 else random_name(rng) for _ in range(rng.randint(2, 9))]
    text, task = " ".join(words), rng.random()
    at = rng.randrange(len(words) - 1)
    if task < 0.45:
        user = rng.choice(["Repeat: {t}", "Write these words again: {t}", "Say after me: {t}"]).format(t=text)
        return Dialogue("copy", (("user", user), ("assistant", text)))
    if task < 0.6:
        rule = rng.choice(["The password is {t}.", "Remember: {t}.", "The secret words are {t}."]).format(t=text)
        user = rng.choice(["What did I tell you?", "What is the password?", "Repeat the words."])
        return Dialogue("copy", (("system", system_message(rng, rule)), ("user", user), ("assistant", text)))
    if task < 0.75 and len(set(words)) == len(words):
        after = rng.random() < 0.5
        user = f"Which word comes {'after' if after else 'before'} {words[at if after else at + 1]} in: {text}"
        return Dialogue("copy", (("user", user), ("assistant", words[at + 1 if after else at])))
    sentences = " ".join(describe(rng.choice(WORLD) if rng.random() < 0.5 else stranger(rng), rng,
                                  language=rng.choice(["en", "en", "es"])))
    return Dialogue("copy", (("user", f"{rng.choice(['Repeat', 'Copy this'])}: {sentences}"), ("assistant", sentences)))


# ---- plain conversation ---------------------------------------------------------------------------------------------

GREETINGS = [("Hello.", "Hello. How can I help you?"), ("Good morning.", "Good morning. What would you like to know?"),
             ("Hi, who are you?", "I am a small model. I know some towns, people and animals."),
             ("Thank you.", "You are welcome."), ("Goodbye.", "Goodbye."), ("How are you?", "I am well, thank you."),
             ("What can you do?", "I can tell you about towns, people and animals."),
             ("Hola.", "Hola. ¿En qué puedo ayudarte?"), ("Gracias.", "De nada.")]


def plain_dialogue(rng: random.Random) -> Dialogue:
    topic, draw = rng.choice(WORLD), rng.random()
    if draw < 0.1:
        user, answer = rng.choice(GREETINGS)
    elif draw < 0.3:
        user = rng.choice(SPANISH_REQUESTS).format(x=topic.spanish_mention).replace("de el ", "del ")
        answer = " ".join(describe(topic, rng, language="es"))
    else:
        user, answer = request(topic, rng), " ".join(describe(topic, rng))
    messages: tuple[Message, ...] = (("user", user), ("assistant", answer))
    if rng.random() < 0.1:
        hello, reply = rng.choice(GREETINGS)
        messages = (("user", hello), ("assistant", reply), *messages)
    if rng.random() < 0.2:
        messages = (("system", rng.choice(PERSONAS)), *messages)
    return Dialogue("plain", messages)


# The training mixture: (share, maker).
MIXTURE = [
    (0.10, plain_dialogue),
    (0.11, lambda rng: word_dialogue(rng, conflict=False)),
    (0.05, lambda rng: language_dialogue(rng, conflict=False)),
    (0.07, lambda rng: format_dialogue(rng, conflict=False)),
    (0.13, lambda rng: word_dialogue(rng, conflict=True)),
    (0.05, lambda rng: language_dialogue(rng, conflict=True)),
    (0.07, lambda rng: format_dialogue(rng, conflict=True)),
    (0.09, lambda rng: fact_dialogue(rng, "memory")),
    (0.09, lambda rng: fact_dialogue(rng, "stranger")),
    (0.03, lambda rng: fact_dialogue(rng, "agreeing")),
    (0.07, lambda rng: fact_dialogue(rng, "conflict")),
]
SHARES, MAKERS = zip(*MIXTURE)


def training_dialogue(rng: random.Random, copying: float = 0.2) -> Dialogue:
    """One dialogue of the training mixture; `copying` is the share of repeat-after-me tasks."""
    if rng.random() < copying:
        return copying_dialogue(rng)
    return rng.choices(MAKERS, SHARES)[0](rng)
