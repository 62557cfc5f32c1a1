"""Load on a running `agd serve`: clients that hang up, and clients that stay. Needs Python only.

    server_load.py hang-up http://127.0.0.1:8080 PID            200 streams left after 0.1 s, while reading and while writing
    server_load.py soak http://127.0.0.1:8080 PID --minutes 30  16 clients with mixed requests

PID is the server's process, for its resident memory. The exit status is 1 where something was not as promised.
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


def soak(options):
    end = time.monotonic() + 60 * options.minutes
    lock = threading.Lock()
    first_tokens, tokens, statuses, unexpected, memory = [], 0, {}, [], []
    seeded = {"messages": conflict, "max_tokens": 16, "temperature": 1.2, "seed": 11}
    alone = json.loads(post(options.base_url, "/v1/chat/completions", seeded)[1])["choices"][0]["message"]["content"]
    differing = 0

    def client(number):
        nonlocal tokens, differing
        chance = random.Random(number)
        while time.monotonic() < end:
            kind = chance.randrange(4)
            guided = {"agd": {"roi": ["system"], "entropy_threshold": "off", "score": chance.choice(["sum", "excess"])}}
            body = seeded if kind == 0 else {"messages": conflict, "max_tokens": chance.randrange(1, 40), **(guided if kind > 1 else {})}
            stream = kind == 3
            start = time.monotonic()
            try:
                connection = connect(options.base_url)
                connection.request("POST", "/v1/chat/completions", json.dumps({**body, "stream": stream}), {"Content-Type": "application/json"})
                reply = connection.getresponse()
                text = b""
                if stream and reply.status == 200:
                    reply.readline()
                    reply.readline()
                    reply.readline()
                    with lock:
                        first_tokens.append(time.monotonic() - start)
                text += reply.read()
                connection.close()
            except Exception as error:  # Everything that isn't an answer counts.
                with lock:
                    unexpected.append(repr(error))
                continue
            with lock:
                statuses[reply.status] = statuses.get(reply.status, 0) + 1
                if reply.status not in (200, 429):
                    unexpected.append(text[:200])
                elif reply.status == 200 and stream:
                    if b"data: [DONE]" not in text:
                        unexpected.append(text[-200:])
                elif reply.status == 200:
                    answer = json.loads(text)
                    tokens += answer["usage"]["completion_tokens"]
                    differing += kind == 0 and answer["choices"][0]["message"]["content"] != alone
            if reply.status == 429:
                time.sleep(chance.random() * int(reply.headers["Retry-After"]))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(options.clients)]
    start = time.monotonic()
    [thread.start() for thread in threads]
    while any(thread.is_alive() for thread in threads):
        memory.append(resident_megabytes(options.pid))
        time.sleep(min(5, max(0.1, end - time.monotonic())))
    seconds = time.monotonic() - start
    quarter = max(1, len(memory) // 4)
    print(f"{seconds:.0f} s, {options.clients} clients; answers by status: {statuses}; {tokens / seconds:.1f} tokens/s in whole answers")
    if first_tokens:
        print(f"time to the first token of a stream: median {statistics.median(first_tokens):.3f} s, longest {max(first_tokens):.3f} s")
    print(f"resident memory: {statistics.mean(memory[quarter:2 * quarter] or memory):.1f} MB in the second quarter, "
          f"{statistics.mean(memory[-quarter:]):.1f} MB in the last")
    print(f"answers that differed from the same seed's alone: {differing}; unexpected: {len(unexpected)} {unexpected[:3]}")
    return bool(unexpected or differing)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["hang-up", "soak"])
parser.add_argument("base_url")
parser.add_argument("pid", type=int)
parser.add_argument("--count", type=int, default=200)
parser.add_argument("--clients", type=int, default=None)
parser.add_argument("--minutes", type=float, default=30)
options = parser.parse_args()
options.clients = options.clients or (16 if options.what == "soak" else 20)
sys.exit(hang_up(options) if options.what == "hang-up" else soak(options))
