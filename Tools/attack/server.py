#!/usr/bin/env python3
"""Attacks servers of its own by HTTP, for a bounded time, and prints what came of it. Needs Python only, on Linux.

Usage: server.py [--agd .build/release/agd] [--model Models/microcosm.gguf] [--seconds 20]

Each attack is a promise of SECURITY.md turned round; the exit status is 1 if one is broken:
  spellings   closed paths, written in every way a router might take for the same, without the key
  trickle     hundreds of connections that send a byte now and then; are others served, and how fast?
  unread      a stream of half a million tokens that nobody reads: does it go on being computed, does memory grow?
  memory      large bodies and requests with large answers, under a limit of 1 GiB of address space
  files       more connections than the process may open files: does accepting them spin?
"""
import argparse
import contextlib
import http.client
import json
import os
import re
import resource
import selectors
import socket
import subprocess
import threading
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--agd", default=".build/release/agd")
parser.add_argument("--model", default="Models/microcosm.gguf")
parser.add_argument("--seconds", type=float, default=20, help="for each attack that lasts")
parser.add_argument("--only", help="one attack by its name")
options = parser.parse_args()
KEY = "attack-key"
broken = []


def promise(holds, text):
    print(f"  {'ok    ' if holds else 'BROKEN'}  {text}", flush=True)
    if not holds:
        broken.append(text)


class Server:
    """A server with a key, that is still alive when it is left."""

    def __init__(self, *arguments, limits=()):
        def limit():
            for kind, value in limits:
                resource.setrlimit(kind, (value, value))
        self.process = subprocess.Popen(
            [options.agd, "serve", "-m", options.model, "--port", "0", "-t", "1", "--api-key", KEY, *arguments],
            stderr=subprocess.PIPE, text=True, preexec_fn=limit)
        log = ""
        while not ("model loaded" in log and "address=" in log):  # in either order
            line = self.process.stderr.readline()
            if not line:
                raise SystemExit(f"the server did not start: {log}")
            log += line
        self.port = int(re.search(r"http://[0-9.]+:([0-9]+)", log)[1])
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        alive = self.process.poll() is None
        promise(alive, "the server lives on" if alive else f"the server ended with {self.process.returncode}")
        self.process.kill()
        self.process.wait()

    def request(self, method, path, body=None, key=KEY, timeout=120, more=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", f"127.0.0.1:{self.port}")
            if key:
                connection.putheader("Authorization", f"Bearer {key}")
            for name, value in (more or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Type", "application/json")
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            if body is not None:
                connection.send(body)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def answer(self, *arguments, **named):
        """Status and body, or the error in the status' place."""
        try:
            return self.request(*arguments, **named)
        except (OSError, http.client.HTTPException) as error:
            return repr(error), b""

    def status(self, *arguments, **named):
        return self.answer(*arguments, **named)[0]

    def megabytes(self, field="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as file:
            found = re.search(field + r":\s+(\d+)", file.read())
        return int(found[1]) / 1024 if found else float("nan")  # It has none when it is dead.

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def completion_tokens(self):
        return int(re.search(rb"agd_completion_tokens_total (\d+)", self.request("GET", "/metrics")[1])[1])

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)


SPELLINGS = [
    "{}", "/{}", "//{}", "{}/", "{}//", "/.{}", "{}/.", "/x/..{}", "/health/..{}", "/page/..{}", "/%2e{}", "/x/%2e%2e{}", "{};x", "{}?", "{}?a=/health", "{}#", "{}%20",
    "{}%00", "{}%2f", "http://127.0.0.1{}", "http://evil.example{}", "HTTP://127.0.0.1{}", "/health?{}", "/health#{}", "*{}", "\\{}",
]


def spellings():
    with Server() as server:
        document = json.loads(server.request("GET", "/openapi.json")[1])
        closed = [path.replace("{model}", "microcosm") for path, operations in document["paths"].items()
                  if any(operation.get("security") != [] for operation in operations.values())]
        # Public by what is documented, wherever the server's description says nothing about it.
        closed = [path for path in closed if path not in ("/", "/health", "/openapi.json", "/page/{file}")]
        shown = {server.request("GET", path)[1] for path in ("/", "/health", "/openapi.json", "/page/main.js")}
        tried, answered = 0, []
        keys = [None, None, {"x-api-key": "wrong"}, {"x-api-key": f"Bearer {KEY}"}, {"api-key": KEY}]
        for path in closed:
            slashes = [path, path.replace("/", "//"), path.replace("/", "/./"), path.replace("/", "%2f"), "/" + path[1:].replace("/", "%2F"), path.upper(), path.replace("o", "%6f").replace("e", "%65")]
            for target in {spelling.format(form) for spelling in SPELLINGS for form in slashes}:
                if target.startswith(("/health?", "/health#")):
                    continue
                for method, body in (("GET", None), ("HEAD", None), ("POST", b'{"prompt":"a"}')):
                    tried += 1
                    status, answer = server.answer(method, target, body, key=None, more=keys[tried % len(keys)])
                    if answer in shown - {b""}:
                        break  # Another way to write a path that is for everybody.
                    if isinstance(status, int) and status < 400 or status == 415:
                        answered.append((method, target, status))
        promise(not answered, f"{tried} requests without the key: {len(answered)} were answered {answered[:3] or ''}")


@contextlib.contextmanager
def trickling(server, count, openings):
    """Connections that send one byte after the other, and are opened again where they are closed."""
    stop = threading.Event()
    figures = {"opened": 0, "closed": 0}

    def run():
        selector, sockets = selectors.DefaultSelector(), {}
        while not stop.is_set():
            for _ in range(min(count - len(sockets), 64)):
                try:
                    new = server.connect()
                except OSError:
                    break
                new.setblocking(False)
                sockets[new] = [openings[figures["opened"] % len(openings)], 0, time.monotonic()]
                figures["opened"] += 1
            for trickle, state in list(sockets.items()):
                if time.monotonic() < state[2]:
                    continue
                state[2] = time.monotonic() + 1
                try:
                    trickle.send(state[0][state[1]:state[1] + 1] or b"x")
                    state[1] += 1
                    if trickle.recv(4096) == b"":
                        raise ConnectionResetError
                except BlockingIOError:
                    pass
                except OSError:
                    figures["closed"] += 1
                    trickle.close()
                    del sockets[trickle]
            stop.wait(0.02)
        for trickle in sockets:
            trickle.close()
        selector.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield figures
    finally:
        stop.set()
        thread.join()


def trickle():
    head = b"POST /tokenize HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n"
    with Server() as server, trickling(
            server, 600, [b"", b"GET /health HTTP/1.1\r\nX: ", head + b"\r\n{", head + b"Authorization: Bearer " + KEY.encode() + b"\r\n\r\n{"]) as figures:
        time.sleep(3)
        times, failures, end = [], [], time.monotonic() + options.seconds
        while time.monotonic() < end:
            start = time.monotonic()
            status = server.status("POST", "/v1/completions", b'{"prompt":"Hi","max_tokens":2}', timeout=15)
            times.append(time.monotonic() - start)
            if status != 200:
                failures.append(status)
            time.sleep(0.05)
        times.sort()
        promise(not failures, f"{len(times)} requests beside 600 trickling connections ({figures['opened']} opened, {figures['closed']} closed): {len(failures)} failed {failures[:2] or ''}")
        promise(times[-1] < 5, f"they took {1000 * times[len(times) // 2]:.0f} ms (median), {1000 * times[-1]:.0f} ms at most")


def unread():
    endless = {"ignore_eos": True, "stream": True}
    unread_stream("/v1/completions", {
        **endless, "prompt": ["Hi"] * 64, "n": 8, "max_tokens": 500, "logprobs": 20,
        "agd": {"roi": ['text:"Hi"'], "entropy_threshold": "off", "trace": True, "candidates": 64, "min_probability": 0}})
    unread_stream("/v1/responses", {**endless, "input": "Hi", "max_output_tokens": 30_000}, "-c", "32768", small=True)
    unread_stream("/v1/messages", {**endless, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 30_000}, "-c", "32768", small=True)


FITS = 15_000  # events of 300 bytes in 4 MB, which is what a socket holds
PATIENCE = 180  # seconds that a slow build or a busy machine has for them


def unread_stream(path, request, *arguments, small=False):
    body = json.dumps(request).encode()
    print(f"  {path}", flush=True)
    with Server(*arguments) as server:
        before = server.megabytes()
        with server.connect() as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stream.sendall(b"POST " + path.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + KEY.encode()
                           + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            time.sleep(5)
            first, wait = server.completion_tokens(), time.monotonic() + PATIENCE
            time.sleep(options.seconds)
            grown, steps = server.megabytes() - before, server.completion_tokens() - first
            # Small events take a while to fill the sockets' buffers.
            while steps >= 50 and small and first < FITS and time.monotonic() < wait:
                first = server.completion_tokens()
                time.sleep(options.seconds)
                grown, steps = server.megabytes() - before, server.completion_tokens() - first
        promise(first > 0, f"the stream began: {first} tokens")
        if small and steps >= 50 and first < FITS:
            print(f"  skipped: {first} tokens fit the sockets' buffers, and more took too long")
        else:
            promise(steps < 50, f"after {first} tokens {steps} more were computed in {options.seconds:.0f} s")
        promise(grown < 100, f"memory grew by {grown:.0f} MB")


def memory():
    ids = [[5] * 480] * 64
    requests = {
        "64 rated prompts, n 8, logprobs 20": ("/v1/completions", {"prompt": ids, "n": 8, "echo": True, "logprobs": 20, "max_tokens": 1}),
        "16 rated prompts, logprobs 5": ("/v1/completions", {"prompt": ids[:16], "echo": True, "logprobs": 5, "max_tokens": 1}),
        "64 traced prompts, n 8": ("/v1/completions", {"prompt": [[5] * 8] * 64, "n": 8, "max_tokens": 400, "agd": {"trace": True, "candidates": 64}}),
        "131072 token ids": ("/tokenize", {"prompt": [5] * 131072}),
        "a megabyte of text": ("/tokenize", {"prompt": "a b " * 250_000}),
        "1024 items": ("/v1/responses/input_tokens", {"input": [{"role": "user", "content": "Hi " * 100}] * 1024}),
        "64 blocks in 1024 messages": ("/v1/messages/count_tokens", {"messages": [{"role": "user", "content": [{"text": "Hi"}] * 64}] * 1024}),
        "a traced stream of a response": ("/v1/responses", {"input": "Hi", "max_output_tokens": 30_000, "stream": True, "agd": {"trace": True, "candidates": 64, "roi": ["user"]}}),
        "1024 messages": ("/tokenize", {"messages": [{"role": "user", "content": "Hi " * 100}] * 1024}),
    }
    raw = {"a million arrays": b"[" + b"[]," * 650_000 + b"[]]", "a deep array": b"[" * 1_000_000, "a number of a megabyte": b'{"prompt":"x","seed":' + b"7" * 1_000_000 + b"}",
           "a name of a megabyte": b'{"prompt":"x","' + b"y" * 1_000_000 + b'":1}'}
    with Server(limits=[(resource.RLIMIT_AS, 1 << 30)]) as server:
        for name, (path, body) in requests.items():
            text = json.dumps(body).encode()
            start = time.monotonic()
            status, answer = server.answer("POST", path, text)
            promise(isinstance(status, int) and status < 500, f"{name}: {len(text) >> 10} kB get {status} and {len(answer) >> 10} kB after {time.monotonic() - start:.1f} s")
        for name, body in raw.items():
            status, answer = server.answer("POST", "/v1/completions", body)
            promise(status == 400 and len(answer) < 2000, f"{name}: {status} in {len(answer)} bytes")
        crowd = []
        for _ in range(300):  # Each holds back the end of a large body.
            with contextlib.suppress(OSError):
                one = server.connect()
                one.settimeout(1)
                crowd.append(one)
                one.sendall(b"POST /tokenize HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + KEY.encode()
                            + b"\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n" + b"[" * 1_900_000)
        promise(server.status("GET", "/v1/models") == 200, "300 bodies held back before their end keep nobody out")
        for one in crowd:
            one.close()
        body = json.dumps({"prompt": [5] * 30_000}).encode()
        crowd = []
        for _ in range(150):  # Each asks for a megabyte or two, and reads nothing.
            with contextlib.suppress(OSError):
                one = server.connect()
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                one.sendall(b"POST /tokenize HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + KEY.encode()
                            + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                crowd.append(one)
        promise(server.status("GET", "/v1/models") == 200, "150 answers that nobody reads keep nobody out")
        for one in crowd:
            one.close()
        promise(True, f"memory at most {server.megabytes('VmHWM'):.0f} MB")


def files():
    with Server(limits=[(resource.RLIMIT_NOFILE, 160)]) as server:
        crowd = []
        for _ in range(400):
            with contextlib.suppress(OSError):
                crowd.append(server.connect())
        time.sleep(1)
        start = server.cpu_seconds()
        time.sleep(4)
        used = (server.cpu_seconds() - start) / 4
        promise(used < 0.2, f"400 connections, 160 files: {100 * used:.0f} % of a processor")
        promise(server.status("GET", "/health", timeout=5) == 200, "others are served")
        for one in crowd:
            one.close()


for attack in (spellings, trickle, unread, memory, files):
    if options.only in (None, attack.__name__):
        print(f"{attack.__name__}:", flush=True)
        attack()
print(f"{len(broken)} promises broken" if broken else "all promises hold")
raise SystemExit(1 if broken else 0)
