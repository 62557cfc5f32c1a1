"""Sends a server requests made from its own description, most of them wrong somewhere. Needs Python only.

Usage: fuzz.py BASE_URL [--count 10000] [--seed 1] [--key KEY]
       fuzz.py --agd .build/release/agd --model Models/microcosm.gguf    starts the server itself

Fails on a status of 5xx, an error without the form that its path announces, an answer that takes longer than a minute, and a server that is
gone. With a key, one request in ten tries a closed path without it, spelt in some way, and must not be answered. Bodies are drawn from /openapi.json: values within and just outside each limit, of wrong types, deep, long, with
unknown, missing and doubled fields; then cut, or with bytes replaced; some requests are no proper HTTP.
"""
import argparse
import atexit
import collections
import http.client
import json
import random
import re
import socket
import subprocess
import threading
import time
import urllib.parse

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("base_url", nargs="?")
parser.add_argument("--agd")
parser.add_argument("--model")
parser.add_argument("--count", type=int, default=10_000)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--clients", type=int, default=4)
parser.add_argument("--key")
options = parser.parse_args()
if bool(options.base_url) == bool(options.agd and options.model):
    parser.error("give a server's address, or --agd and --model")
server = None
if options.agd:
    options.key = "fuzz-key"
    server = subprocess.Popen([options.agd, "serve", "-m", options.model, "--port", "0", "--api-key", options.key], stderr=subprocess.PIPE, text=True)
    atexit.register(server.kill)
    log = ""
    while not ("model loaded" in log and "address=" in log):  # in either order
        line = server.stderr.readline()
        assert line, f"the server did not start: {log}"
        log += line
    options.base_url = re.search(r"http://[0-9.]+:[0-9]+", log)[0]
    threading.Thread(target=lambda: [print(line, end="") for line in server.stderr], daemon=True).start()
address = urllib.parse.urlparse(options.base_url)
patience = 60

texts = ["", "x", "Hi", "system", "\u0000", "\ud83d\ude42" * 3, "é漢🙂\u202e\u0301", "<|im_start|>", "off", "a" * 300, " \n\t", "\ufffd", "-1", "null",
         'text:"Hi"=-0.5', "tokens:0..<2", "tokens:5..<1", "heads:0.0", "heads:99.99", "heads:@/etc/passwd", "regex:(a+)+$", "message:7", "=1", "text:=nan"]
numbers = [0, 1, -1, 2, 0.5, -0.0, 1e-320, 1e308, -1e308, 2**31, 2**53, -(2**63), 2**64, 0.1, 3, 7, 10**400]
roots = {"/v1/chat/completions": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4},
         "/v1/completions": {"prompt": "Hi", "max_tokens": 4}, "/tokenize": {"prompt": "Hi"}, "/v1/attributions": {"prompt": "Hi", "targets": [5]},
         "/v1/embeddings": {"input": "Hi"}, "/v1/responses": {"input": "Hi", "max_output_tokens": 4}, "/v1/responses/input_tokens": {"input": "Hi"},
         "/v1/messages": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}, "/v1/messages/count_tokens": {"messages": [{"role": "user", "content": "Hi"}]}}
limits = {"max_tokens", "max_output_tokens"}


def anything(chance, depth=0):
    kind = chance.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return None
    if kind == 1:
        return chance.random() < 0.5
    if kind == 2:
        return chance.choice(numbers)
    if kind < 5:
        return chance.choice(texts)
    if kind == 5:
        return [anything(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 6:
        return {chance.choice(texts): anything(chance, depth + 1) for _ in range(chance.randrange(4))}
    nested = None
    for _ in range(chance.choice([3, 60, 600])):
        nested = [nested] if chance.random() < 0.5 else {"a": nested}
    return nested


def drawn(schema, chance, depth=0):
    """A value that the schema accepts, or nearly."""
    if chance.random() < 0.04:
        return anything(chance)
    if "anyOf" in schema:
        return drawn(chance.choice(schema["anyOf"]), chance, depth)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    kind = schema.get("type")
    if kind in ("integer", "number"):
        low, high = schema["minimum"], schema["maximum"]
        near = [low, high, low - 1, high + 1, low + 1, 0, 1, 2, 3, 5] if kind == "integer" else [low, high, low - 1e-9, high + 1, 0.5, 1, chance.random()]
        return chance.choice(near)
    if kind == "string":
        text = chance.choice(texts)
        return text if chance.random() < 0.98 else "y" * min(schema["maxLength"] + chance.randrange(-1, 2), 100_000)
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "array":
        count = chance.choice([0, 1, 1, 2, 3]) if chance.random() < 0.97 else min(schema["maxItems"] + 1, 3000)
        return [drawn(schema["items"], chance, depth + 1) for _ in range(count if depth < 4 else 0)]
    if kind == "object":
        properties = schema.get("properties", {})
        names = [name for name in properties if name in schema.get("required", []) or chance.random() < 0.25]
        value = {name: drawn(properties[name], chance, depth + 1) for name in names if chance.random() > 0.02}
        return value | ({"no_such_field": 1} if chance.random() < 0.02 else {})
    return anything(chance)


def body(schema, path, chance):
    """A body of one endpoint: a small request that is accepted, with some fields drawn."""
    value = dict(roots[path])
    names = list(schema["properties"])
    for name in chance.sample(names, min(len(names), chance.choice([0, 1, 1, 2, 3, 5]))):
        value[name] = drawn(schema["properties"][name], chance)
    if chance.random() < 0.05:
        value = drawn(schema, chance)
    for name in limits.intersection(names):
        if isinstance(value, dict) and not isinstance(value.get(name, ""), str) and chance.random() < 0.7:
            value[name] = chance.choice([1, 2, 4])
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if chance.random() < 0.08:
        text = text[:chance.randrange(len(text) + 1)]
    if chance.random() < 0.08 and text:
        damaged = bytearray(text)
        for _ in range(chance.randrange(1, 5)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        text = bytes(damaged)
    if chance.random() < 0.02:
        text = text.replace(b"{", b'{"prompt":"a","prompt":"b",', 1)
    return text


class Report:
    def __init__(self):
        self.lock = threading.Lock()
        self.statuses, self.problems, self.slowest = collections.Counter(), [], (0.0, None, b"")

    def note(self, status, seconds, problem=None, request=b""):
        with self.lock:
            self.statuses[status] += 1
            self.slowest = max(self.slowest, (seconds, status, request[:300]), key=lambda entry: entry[0])
            if problem:
                self.problems.append((problem, request[:300]))


def send(report, method, path, text, headers):
    start = time.monotonic()
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=patience)
    problem, status = None, None
    try:
        connection.request(method, path, text, headers)
        reply = connection.getresponse()
        status, answer = reply.status, reply.read()
        if status >= 500:
            problem = f"status {status}: {answer[:200]}"
        elif status >= 400 and method != "HEAD":
            whole = json.loads(answer)
            error, is_message = whole["error"], whole.get("type") == "error"
            # A path that isn't matched has OpenAI's form.
            if not (error["message"] and error["type"] and {"param"} <= set(error) and ("code" in error or is_message)) or is_message and "/v1/messages" not in path:
                problem = f"an error without its form: {answer[:200]}"
            if path in ("/v1/messages", "/v1/messages/count_tokens") and not is_message:
                problem = f"an error without Anthropic's form: {answer[:200]}"
        elif "event-stream" in reply.headers.get("Content-Type", ""):
            last = answer.decode().strip().split("\n\n")[-1]
            if last != "data: [DONE]" and ('"internal_error"' in last or "server_error" in last or "event: error" in last):
                problem = f"a stream that ends with {last[:200]}"
    except Exception as error:
        problem = repr(error)
    finally:
        connection.close()
    report.note(status, time.monotonic() - start, problem, method.encode() + b" " + path.encode() + b" " + text)


def send_raw(report, chance):
    """Bytes that are no proper request; any answer but 5xx will do, and none too."""
    head = chance.choice([b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{}", b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", bytes(chance.randrange(256) for _ in range(80)),
                          b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n",
                          b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -4\r\n\r\n", b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
                          b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 3000 + b"\r\n"])
    start = time.monotonic()
    problem, answer = None, b""
    try:
        with socket.create_connection((address.hostname, address.port), timeout=patience) as connection:
            connection.settimeout(0.5)
            connection.sendall(head)
            try:
                answer = connection.recv(4096)
            except (TimeoutError, ConnectionError):
                pass
    except ConnectionResetError:
        pass  # Hung up on, rightly.
    except OSError as error:
        problem = repr(error)
    if answer.startswith((b"HTTP/1.1 500", b"HTTP/1.1 502")):
        problem = f"raw: {answer[:100]}"
    report.note("raw", time.monotonic() - start, problem, head)


def spelt(path, chance):
    """A way to write a path that something on the way might take for the same."""
    for _ in range(chance.randrange(1, 3)):
        path = chance.choice([
            lambda: "/" + path, lambda: path + "/", lambda: path.replace("/", "//"), lambda: "/." + path, lambda: "/health/.." + path, lambda: path + "?x=/health",
            lambda: path.replace("/", "%2f", chance.randrange(3)), lambda: "/%2e%2e" + path, lambda: path + ";x", lambda: path.upper(), lambda: path + "%00", lambda: path + "#",
            lambda: path.replace(chance.choice("aeiotks"), "%" + format(ord(chance.choice("aeiotks")), "x"), 1)])()
    return path


def send_without_key(report, path, chance):
    """A request to a closed path: it must be refused, whatever its spelling."""
    start = time.monotonic()
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=patience)
    path, problem, status = spelt(path, chance), None, None
    try:
        headers = chance.choice([{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": options.key}, {"X-Api-Key": "wrong"}, {"X-Api-Key": "Bearer " + options.key}, {"Api-Key": options.key}])
        connection.request(chance.choice(["GET", "POST", "HEAD", "OPTIONS"]), path, headers=headers)
        status = connection.getresponse().status
        if status not in (400, 401):
            problem = f"answered without the key: {status}"
    except OSError as error:
        problem = repr(error)
    finally:
        connection.close()
    report.note(status, time.monotonic() - start, problem, path.encode())


def client(number, paths, report):
    chance = random.Random(f"{options.seed}/{number}")
    for _ in range(number, options.count, options.clients):
        if chance.random() < 0.01:
            send_raw(report, chance)
            continue
        if options.key and chance.random() < 0.1:
            send_without_key(report, chance.choice(closed), chance)
            continue
        path = chance.choice(list(paths))
        text = body(paths[path], path, chance)
        method, headers = "POST", {"Content-Type": "application/json"}
        if chance.random() < 0.01:
            method = chance.choice(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
        if chance.random() < 0.01:
            path += chance.choice(["/", "/../x", "?a=b", "%00", "/x" * 50])
        if chance.random() < 0.01:
            headers = chance.choice([{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json; charset=latin-1"}, {"Host": "evil.example", **headers}])
        if options.key and chance.random() < 0.99:
            headers = {**chance.choice([{"Authorization": f"Bearer {options.key}"}, {"X-Api-Key": options.key}]), **headers}
        send(report, method, path, text, headers)


def get(path):
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=patience)
    connection.request("GET", path)
    return json.loads(connection.getresponse().read())


document = get("/openapi.json")
paths = {path: operations["post"]["requestBody"]["content"]["application/json"]["schema"] for path, operations in document["paths"].items() if "post" in operations}
closed = [path.replace("{model}", "x") for path, operations in document["paths"].items() if all(operation.get("security") != [] for operation in operations.values())]
report = Report()
start = time.monotonic()
threads = [threading.Thread(target=client, args=(number, paths, report)) for number in range(options.clients)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert sum(report.statuses.values()) == options.count, "the fuzzer itself failed"
print(f"{options.count} requests in {time.monotonic() - start:.0f} s; by status: "
      f"{dict(sorted(report.statuses.items(), key=str))}; slowest {report.slowest[0]:.1f} s")
if report.slowest[0] > 5:
    print("the slowest:", report.slowest[1:])
for problem, request in report.problems[:10]:
    print(problem, "\n   ", request)
health = get("/health")
print(f"afterwards: {health}")
assert health["busy_slots"] == 0 and not report.problems, f"{len(report.problems)} problems"
if server:
    server.terminate()
    assert server.wait(patience) == 0, "the server did not stop as it should"
print("ok")
