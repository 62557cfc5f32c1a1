"""Load on a running server: clients that hang up, clients that stay, and how fast it answers some at once. Needs Python only.

    server_load.py hang-up http://127.0.0.1:8080 PID            200 streams left after 0.1 s, while reading and while writing
    server_load.py soak http://127.0.0.1:8080 PID --minutes 30  16 clients with mixed requests
    server_load.py speed http://127.0.0.1:8080 PID              8 clients, 64 questions, some with a document, answered greedily

The first two are for `agd serve`; `speed` is for any server that speaks OpenAI's protocol, such as llama-server. With --guided its
system message is the region. PID is the server's process, for its resident memory. The exit status is 1 where something was not
as promised.
"""
import argparse
import http.client
import json
import random
import statistics
import sys
import threading
import time
import urllib.parse

conflict = [
    {"role": "system", "content": "You are a friendly assistant. Reply in English, please."},
    {"role": "user", "content": "What do you know about Inga? Use the Spanish language."},
]


def resident_megabytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20


def connect(base_url):
    address = urllib.parse.urlparse(base_url)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=120)


def post(base_url, path, body):
    connection = connect(base_url)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.read(), reply.headers
    finally:
        connection.close()


def health(base_url):
    connection = connect(base_url)
    connection.request("GET", "/health")
    result = json.loads(connection.getresponse().read())
    connection.close()
    return result


def small_request_seconds(base_url):
    """How long a client waits that tries again every tenth of a second while the queue is full."""
    start = time.monotonic()
    while True:
        status, text, _ = post(base_url, "/v1/chat/completions", {"messages": conflict, "max_tokens": 1})
        if status == 200:
            return time.monotonic() - start
        assert status == 429, text
        time.sleep(0.1)


def hang_up(options):
    model = json.loads(get(options.base_url, "/v1/models"))["data"][0]
    # A prompt that fills most of the context, so that some leave while it is read.
    long_prompt = "Tell me about the wolf. " * (model["context_length"] // 10)
    kinds = {
        "while reading": {"prompt": long_prompt, "max_tokens": 4},
        "while writing": {"prompt": "The cat", "max_tokens": model["context_length"], "ignore_eos": True},
        "without a stream": {"prompt": "The cat", "max_tokens": model["context_length"], "ignore_eos": True, "stream": False},
    }
    small_request_seconds(options.base_url)
    failed = False
    for name, body in kinds.items():
        before = resident_megabytes(options.pid)
        statuses = []

        def leave():
            connection = connect(options.base_url)
            connection.request(
                "POST", "/v1/completions", json.dumps({"stream": True, **body}), {"Content-Type": "application/json"})
            time.sleep(0.1)
            connection.sock.close()
            statuses.append(True)

        for _ in range(options.count // options.clients):
            threads = [threading.Thread(target=leave) for _ in range(options.clients)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
        left = time.monotonic()
        seconds = small_request_seconds(options.base_url)
        while health(options.base_url)["busy_slots"] > 0 and time.monotonic() - left < 30:
            time.sleep(0.01)
        free = time.monotonic() - left
        after = resident_megabytes(options.pid)
        print(f"{name}: {len(statuses)} clients left; a small request then took {seconds:.3f} s, all slots were free after "
              f"{free:.3f} s; resident memory {before:.1f} -> {after:.1f} MB")
        failed |= seconds > 5 or free > 5
    return failed


def get(base_url, path):
    connection = connect(base_url)
    connection.request("GET", path)
    text = connection.getresponse().read()
    connection.close()
    return text


seeded = {"messages": conflict, "max_tokens": 16, "temperature": 1.2, "seed": 11}
long_text = "You are a friendly assistant. " + "The wolf sleeps by the meadow. " * 30


def mixed_request(chance):
    """A name, a path and a body; the bodies are small ones of every kind that the server answers."""
    guided = {"roi": ["system"], "entropy_threshold": "off", "score": chance.choice(["sum", "excess"])}
    length = chance.randrange(1, 40)
    chat, plain, stream = "/v1/chat/completions", {"messages": conflict, "max_tokens": length}, {"stream": True, "stream_options": {"include_usage": True}}
    return chance.choice([
        ("seeded", chat, seeded),
        ("greedy", chat, plain),
        ("guided", chat, {**plain, "agd": {**guided, "trace": chance.random() < 0.5}}),
        ("streamed", chat, {**plain, **stream}),
        ("guided and streamed", chat, {**plain, **stream, "agd": guided}),
        ("rated", "/v1/completions", {"prompt": long_text[:chance.randrange(40, 900)], "max_tokens": 1, "echo": True, "logprobs": 5}),
        ("several", "/v1/completions", {"prompt": ["The cat", "A river"], "n": 2, "max_tokens": 8, "temperature": 1, "seed": length}),
        ("attributed", "/v1/attributions", {"messages": conflict, "targets": [5, 7]}),
        ("tokenized", "/tokenize", {"messages": conflict, "agd": {"roi": ["system"]}}),
        ("left early", chat, {"messages": conflict, "max_tokens": 400, "ignore_eos": True, **stream}),
        ("wrong", chat, {**plain, "temperature": -1}),
    ])


class Tally:
    """What a soak has seen so far."""

    def __init__(self, text_alone):
        self.lock = threading.Lock()
        self.text_alone = text_alone
        self.first_tokens, self.tokens, self.statuses, self.kinds, self.unexpected, self.differing = [], 0, {}, {}, [], 0

    def count(self, kind, status, text):
        """Notes an answer that was read to its end."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.kinds[kind] = self.kinds.get(kind, 0) + (status != 429)
        if status not in ((400,) if kind == "wrong" else (200, 429)):
            self.unexpected.append((kind, status, text[:200]))
        elif status == 200 and "streamed" in kind:
            events = [line[6:] for line in text.decode().split("\n\n") if line.startswith("data: ")]
            if events and events[-1] == "[DONE]":
                self.tokens += json.loads(events[-2])["usage"]["completion_tokens"]
            else:
                self.unexpected.append((kind, status, text[-200:]))
        elif status == 200:
            answer = json.loads(text)
            self.tokens += answer.get("usage", {}).get("completion_tokens", 0)
            self.differing += kind == "seeded" and answer["choices"][0]["message"]["content"] != self.text_alone

    def ask(self, base_url, chance):
        kind, path, body = mixed_request(chance)
        start = time.monotonic()
        connection = connect(base_url)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            if kind == "left early":
                time.sleep(chance.random() * 0.3)
                with self.lock:
                    self.kinds[kind] = self.kinds.get(kind, 0) + 1
                return 0
            reply = connection.getresponse()
            text = b""
            if "streamed" in kind and reply.status == 200:
                while b'"content":"' not in text:  # Comments that keep the connection open, and the role, come first.
                    line = reply.readline()
                    text += line
                    if not line:
                        break
                with self.lock:
                    self.first_tokens.append(time.monotonic() - start)
            text += reply.read()
            with self.lock:
                self.count(kind, reply.status, text)
            return int(reply.headers["Retry-After"]) if reply.status == 429 else 0
        except Exception as error:  # Everything that isn't an answer counts.
            with self.lock:
                self.unexpected.append((kind, repr(error)))
            return 0
        finally:
            connection.close()


def soak(options):
    end = time.monotonic() + 60 * options.minutes
    tally = Tally(json.loads(post(options.base_url, "/v1/chat/completions", seeded)[1])["choices"][0]["message"]["content"])
    memory = []

    def client(number):
        chance = random.Random(number)
        while time.monotonic() < end:
            time.sleep(chance.random() * tally.ask(options.base_url, chance))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(options.clients)]
    start = time.monotonic()
    [thread.start() for thread in threads]
    while any(thread.is_alive() for thread in threads):
        memory.append(resident_megabytes(options.pid))
        time.sleep(min(5, max(0.1, end - time.monotonic())))
    seconds = time.monotonic() - start
    quarter = max(1, len(memory) // 4)
    print(f"{seconds:.0f} s, {options.clients} clients; answers by status: {dict(sorted(tally.statuses.items()))}; "
          f"{sum(tally.kinds.values()) / seconds:.1f} requests/s, {tally.tokens / seconds:.1f} generated tokens/s")
    print(f"by kind: {tally.kinds}")
    if tally.first_tokens:
        times = sorted(tally.first_tokens)
        print(f"time to the first token of {len(times)} streams, waiting included: median {statistics.median(times):.3f} s, "
              f"95th percentile {times[len(times) * 95 // 100]:.3f} s, longest {times[-1]:.3f} s")
    print("resident memory by quarters: " + ", ".join(
        f"{statistics.mean(memory[first:first + quarter]):.1f}" for first in range(0, quarter * 4, quarter) if memory[first:first + quarter])
        + f" MB, at most {max(memory):.1f} MB, at the end {memory[-1]:.1f} MB")
    print(f"answers that differed from the same seed's alone: {tally.differing}; unexpected: {len(tally.unexpected)} {tally.unexpected[:3]}")
    return bool(tally.unexpected or tally.differing)


questions = [
    "What is the capital of Italy, and what is it known for?", "Explain how a bicycle stays upright.",
    "Write a short letter to a neighbour about a noisy dog.", "Which planets have rings?", "How do I cook rice?",
    "Tell a story about a lighthouse keeper.", "What is the difference between a list and a tuple in Python?",
]
document = "\n".join(
    f"Section {number}. The harbour of Lindau counted {number * 37 % 91} boats in week {number}, {number * 11 % 13} of them from Bregenz."
    for number in range(1, 13))


def speed(options):
    """Streams questions from some clients until all are answered. No two begin alike behind the system message, which --shared makes long."""
    system = "You are a helpful assistant. Answer in full sentences." + ("\n" + document * 2 if options.shared else "")
    model = json.loads(get(options.base_url, "/v1/models"))["data"][0]["id"]
    numbers, lock = iter(range(options.count)), threading.Lock()
    answers, failures = [], []

    def ask(number):
        question = f"Question {number}: {questions[number % len(questions)]}"
        if number % 4 == 3:
            question = f"Document {number}:\n{document}\n\nHow many boats were there in week {1 + number % 12}?"
        body = {
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}],
            "model": model, "max_tokens": options.tokens, "temperature": 0, "stream": True, "stream_options": {"include_usage": True},
        }
        if options.guided:
            body["agd"] = {"roi": ["system"]}
        start = time.monotonic()
        connection = connect(options.base_url)
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        first, usage = None, None
        for line in reply:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            usage = event.get("usage") or usage
            if first is None and any(choice["delta"].get("content") for choice in event.get("choices", [])):
                first = time.monotonic() - start
        connection.close()
        assert reply.status == 200 and usage, f"status {reply.status}"
        return first, time.monotonic() - start, usage["prompt_tokens"], usage["completion_tokens"]

    def client():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                answers.append(ask(number))
            except Exception as error:  # Told below.
                failures.append(repr(error))

    threads = [threading.Thread(target=client) for _ in range(options.clients)]
    start = time.monotonic()
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    seconds = time.monotonic() - start
    if answers:
        firsts = sorted(answer[0] for answer in answers if answer[0] is not None)
        generated, read = sum(answer[3] for answer in answers), sum(answer[2] for answer in answers)
        print(f"{len(answers)} answers to {options.clients} clients in {seconds:.1f} s: {generated / seconds:.1f} generated tokens/s, "
              f"{read / seconds:.0f} prompt tokens/s; first token after {statistics.median(firsts):.3f} s (median), "
              f"{firsts[len(firsts) * 95 // 100]:.3f} s (95th percentile); resident memory {resident_megabytes(options.pid):.0f} MB")
    if failures:
        print(f"{len(failures)} failed, the first: {failures[0]}", file=sys.stderr)
    return bool(failures)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["hang-up", "soak", "speed"])
parser.add_argument("base_url")
parser.add_argument("pid", type=int)
parser.add_argument("--count", type=int, default=None, help="streams left (200), or questions asked (64)")
parser.add_argument("--clients", type=int, default=None, help="at once (20, 16 and 8)")
parser.add_argument("--minutes", type=float, default=30, help="of a soak")
parser.add_argument("--tokens", type=int, default=128, help="of each answer, at most")
parser.add_argument("--shared", action="store_true", help="all questions follow one document of some 1,000 tokens")
parser.add_argument("--guided", action="store_true", help="answers are guided by the system message")
options = parser.parse_args()
task, clients, count = {"hang-up": (hang_up, 20, 200), "soak": (soak, 16, None), "speed": (speed, 8, 64)}[options.what]
options.clients, options.count = options.clients or clients, options.count or count
sys.exit(task(options))
