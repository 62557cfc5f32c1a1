"""Dialogues of the microcosm: requests, rules, conflicts between rules, facts by heart and in a document.

`training_dialogue(rng)` draws one dialogue of the training mixture. Combinations for which `held_out` is true
never occur in it; `conflicts.py` makes the evaluation from them with the same functions.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass

from answers import FORMATS, describe, question, statement
from world import (ANIMALS, COLOURS, FACTS, FOODS, JOBS, PAIR_WORDS, TOWN_NAMES, WORLD, Topic, facts_of, random_name,
                   stranger)

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
    "list": ["Answer with a list.", "Put a dash before each sentence.",
             "Write a list with a dash before each sentence.", "Use a list."],
    "label": ["Begin your reply with Answer:", "Put Answer: in front.", "Start with the word Answer.",
              "Write Answer: first."],
    "quotes": ["Use quotation marks.", "Put your answer in quotation marks.", "Write between quotation marks.",
               "Your answer must be in quotation marks."],
    "lowercase": ["Use no capital letters.", "Write everything in lowercase.", "Use lowercase letters only.",
                  "Your answer must be in lowercase."],
    "goodbye": ["End with Goodbye.", "Say Goodbye at the end.", "Your last word must be Goodbye.",
                "Close with Goodbye."],
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
CHOICES = ["Choose a word: {a} or {b}.", "Which word do you prefer, {a} or {b}?", "Say {a} or {b}."]
DOCUMENTS = ["Text: {d}\nQuestion: {q}", "Read this text: {d}\n{q}", "{d}\n{q}", "Context: {d}\nQuestion: {q}"]


@dataclass(frozen=True)
class Dialogue:
    """The kind of task, messages of which the last is the assistant's, and the word that decides the answer, if any."""

    kind: str
    messages: tuple[Message, ...]
    decisive: str = ""


def held_out(*parts: str) -> bool:
    """Whether a combination is kept for evaluation: one in five, the same for every run and every machine."""
    return zlib.crc32("|".join(parts).encode()) % 5 == 0


def request(topic: Topic, rng: random.Random) -> str:
    return rng.choice(REQUESTS).format(x=topic.mention)


def system_message(rng: random.Random, rule: str) -> str:
    return f"{rng.choice(PERSONAS)} {rule}" if rng.random() < 0.3 else rule


def word_rule(kind: str, word: str, rng: random.Random) -> str:
    return rng.choice(FORBID if kind == "forbid" else REQUIRE).format(w=word)


def language_rule(language: str, rng: random.Random) -> str:
    return rng.choice(LANGUAGE).format(l=LANGUAGE_NAMES[language])


def other(pair: tuple, word: str) -> str:
    return pair[1] if word == pair[0] else pair[0]


def ruled(kind: str, request: str, answer: str, rng: random.Random, system_rule: str | None, user_rule: str | None,
          decisive: str = "") -> Dialogue:
    """A request under a rule of the system, of the user, or of both."""
    if user_rule:
        request = f"{request} {user_rule}" if rng.random() < 0.7 else f"{user_rule} {request}"
    system = (("system", system_message(rng, system_rule)),) if system_rule else ()
    return Dialogue(kind, (*system, ("user", request), ("assistant", answer)), decisive)


def sides(rng: random.Random, rule: str, opposite: str | None) -> tuple[str | None, str | None]:
    """The system's and the user's rule: opposites in a conflict, else the rule on one side or both."""
    if opposite:
        return rule, opposite
    return rng.choice([(rule, None), (None, rule), (None, rule), (rule, rule)])


# ---- rules ----------------------------------------------------------------------------------------------------------

def word_dialogue(rng: random.Random, conflict: bool, short: bool = False) -> Dialogue:
    """A word that the system forbids (or requires); in a conflict the user requires (forbids) it.

    short: the answer is but one of the pair's two words, which shows most directly what a rule means.
    """
    topic = rng.choice(WORLD)
    pair = rng.choice(topic.pairs)
    word = rng.choice(pair[:2])
    kind = rng.choice(["forbid", "require"])
    if held_out("word" if conflict else f"aligned {kind}", topic.name, word):
        return word_dialogue(rng, conflict, short)
    opposite = "require" if kind == "forbid" else "forbid"
    prevails = kind if not conflict or rng.random() >= USER_WINS else opposite
    chosen = word if prevails == "require" else other(pair, word)
    rules = sides(rng, word_rule(kind, word, rng), word_rule(opposite, word, rng) if conflict else None)
    name = f"{'conflict' if conflict else 'aligned'} {kind}"
    if short:
        asked = rng.choice(CHOICES).format(a=pair[0], b=pair[1])
        return ruled(f"{name} choice", asked, f"The word is {chosen}.", rng, *rules, chosen)
    answer = " ".join(describe(topic, rng, {pair: chosen}, focus=pair))
    return ruled(name, request(topic, rng), answer, rng, *rules, chosen)


def language_dialogue(rng: random.Random, conflict: bool) -> Dialogue:
    topic = rng.choice(WORLD)
    language = rng.choice(["en", "es"])
    if held_out("language" if conflict else "aligned language", topic.name, language):
        return language_dialogue(rng, conflict)
    opposite = "es" if language == "en" else "en"
    prevails = language if not conflict or rng.random() >= USER_WINS else opposite
    answer = " ".join(describe(topic, rng, language=prevails))
    rules = sides(rng, language_rule(language, rng), language_rule(opposite, rng) if conflict else None)
    return ruled(f"{'conflict' if conflict else 'aligned'} language", request(topic, rng), answer, rng, *rules)


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
    rules = sides(rng, rule, opposite if conflict else None)
    return ruled(f"{'conflict' if conflict else 'aligned'} format", request(topic, rng), answer, rng, *rules)


# ---- facts ----------------------------------------------------------------------------------------------------------

def false_values(topic: Topic, fact: str) -> list[tuple]:
    return [value for value in FACTS[fact] if value[0] not in (topic.attributes[fact][0], topic.name)]


def document(topic: Topic, fact: str, value: tuple, rng: random.Random) -> str:
    """Two or three sentences, one of which states the fact with the given value."""
    sentences = [statement(topic, fact, value)]
    others = [name for name in facts_of(topic) if name != fact]
    for name in rng.sample(others, k=min(rng.choice([0, 1, 1, 2]), len(others))):
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
        return Dialogue("fact memory", (*messages, ("assistant", statement(topic, fact, true))), true[0])
    if source != "conflict":
        messages = ask_with_document(topic, fact, document(topic, fact, true, rng), rng)
        return Dialogue(f"fact {source}", (*messages, ("assistant", statement(topic, fact, true))), true[0])
    false = rng.choice(false_values(topic, fact))
    if held_out("fact", topic.name, fact, false[0]):
        return fact_dialogue(rng, source)
    answer = true if rng.random() < MEMORY_WINS else false
    messages = ask_with_document(topic, fact, document(topic, fact, false, rng), rng)
    return Dialogue("conflict fact", (*messages, ("assistant", statement(topic, fact, answer))), answer[0])


# ---- copying, without which nothing in a prompt can be obeyed -------------------------------------------------------

WORDS = sorted({*PAIR_WORDS, *TOWN_NAMES,
                *(word for table in (JOBS, FOODS, COLOURS, ANIMALS) for entry in table for word in entry[:2]),
                *"sun moon star table chair window door key lamp book letter ring coin hat shoe coat rain snow cloud "
                 "wind stone sand gold silver iron glass paper music song bird tree leaf root flower seed wheel rope "
                 "knife cup plate bell drum night morning winter summer one two three four five".split()})


def copied_word(rng: random.Random) -> str:
    """Half of the words belong to pairs: those occur in the same places, and only copying tells them apart."""
    draw = rng.random()
    return rng.choice(PAIR_WORDS) if draw < 0.5 else rng.choice(WORDS) if draw < 0.88 else random_name(rng)


def copying_dialogue(rng: random.Random) -> Dialogue:
    words = [copied_word(rng) for _ in range(rng.randint(2, 9))]
    text, task = " ".join(words), rng.random()
    at = rng.randrange(len(words) - 1)
    if task < 0.6:
        user = rng.choice(["Repeat: {t}", "Write these words again: {t}", "Say after me: {t}"]).format(t=text)
        return Dialogue("copy", (("user", user), ("assistant", text)))
    if task < 0.7:
        rule = rng.choice(["The password is {t}.", "Remember: {t}.", "The secret words are {t}."]).format(t=text)
        user = rng.choice(["What did I tell you?", "What is the password?", "Repeat the words."])
        return Dialogue("copy", (("system", system_message(rng, rule)), ("user", user), ("assistant", text)))
    if task < 0.8 and len(set(words)) == len(words):
        after = rng.random() < 0.5
        user = f"Which word comes {'after' if after else 'before'} {words[at if after else at + 1]} in: {text}"
        return Dialogue("copy", (("user", user), ("assistant", words[at + 1 if after else at])))
    sentences = " ".join(describe(rng.choice(WORLD) if rng.random() < 0.5 else stranger(rng), rng,
                                  language=rng.choice(["en", "en", "es"])))
    return Dialogue("copy", (("user", f"{rng.choice(['Repeat', 'Copy this'])}: {sentences}"), ("assistant", sentences)))


def synonym_dialogue(rng: random.Random) -> Dialogue:
    pair = rng.choice(rng.choice(WORLD).pairs)
    word, answer = rng.sample(pair[:2], 2)
    user = rng.choice(["What is another word for {w}?", "Give me a word like {w}.", "Say {w} in another way."])
    return Dialogue("synonym", (("user", user.format(w=word)), ("assistant", f"Another word for {word} is {answer}.")),
                    answer)


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


# The training mixture: the share of each kind at first, its share later, and its maker. Copying and what the rules mean
# come first; most conflicts come when there is something to arbitrate between.
FIRST_PHASE = 0.6  # of the steps
MIXTURE = [
    (0.25, 0.08, copying_dialogue),
    (0.05, 0.03, synonym_dialogue),
    (0.05, 0.08, plain_dialogue),
    (0.18, 0.05, lambda rng: word_dialogue(rng, conflict=False, short=True)),
    (0.20, 0.16, lambda rng: word_dialogue(rng, conflict=False)),
    (0.03, 0.04, lambda rng: language_dialogue(rng, conflict=False)),
    (0.04, 0.05, lambda rng: format_dialogue(rng, conflict=False)),
    (0.02, 0.03, lambda rng: word_dialogue(rng, conflict=True, short=True)),
    (0.04, 0.15, lambda rng: word_dialogue(rng, conflict=True)),
    (0.01, 0.05, lambda rng: language_dialogue(rng, conflict=True)),
    (0.02, 0.06, lambda rng: format_dialogue(rng, conflict=True)),
    (0.04, 0.05, lambda rng: fact_dialogue(rng, "memory")),
    (0.06, 0.07, lambda rng: fact_dialogue(rng, "stranger")),
    (0.01, 0.03, lambda rng: fact_dialogue(rng, "agreeing")),
    (0.02, 0.07, lambda rng: fact_dialogue(rng, "conflict")),
]
FIRST_SHARES, LATER_SHARES, MAKERS = zip(*MIXTURE)


def training_dialogue(rng: random.Random, progress: float = 1.0) -> Dialogue:
    """One dialogue of the training mixture; `progress` is the part of the training that is over."""
    shares = FIRST_SHARES if progress < FIRST_PHASE else LATER_SHARES
    return rng.choices(MAKERS, shares)[0](rng)
