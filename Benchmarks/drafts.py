#!/usr/bin/env python3
"""What drafts gain: the same questions, asked in turn of servers with and without them. Needs Python only.

    Benchmarks/drafts.py MODEL --hotpotqa FILE --nq-swap FILE [--items 50] [--threads 2] [--llama-server PATH]

asks for a quotation from a document (half of the items from each file: HotpotQA's paragraphs that support the answer with two others,
NQ-swap's passages) and for free prose, guided by the document or the system message at every step, with `--draft off` and `--draft auto`; and
of a llama-server, where one is given, without guidance. Told are tokens a second from the first token of an answer to its last, all
answers together, and how many answers differ.
"""
import argparse
import gzip
import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

root = pathlib.Path(__file__).resolve().parent.parent
prose = [
    "Describe a morning at the harbour.", "Explain how a bicycle stays upright.", "Write a letter to a neighbour about a noisy dog.",
    "What makes a good teacher?", "Tell a story about a lighthouse keeper.", "Why do leaves change colour in autumn?",
    "How would you spend a day in a city that you don't know?", "What did people do before there were clocks?",
    "Explain to a child why the sky is blue.", "Describe the taste of an apple.",
]


def lines(path):
    with (gzip.open(path, "rt") if path.suffix == ".gz" else open(path)) as file:
        text = file.read()
    return json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines()]


def hotpotqa(path, count):
    for item in lines(path)[:count]:
        wanted = {title for title, _ in item["supporting_facts"]}
        chosen = [part for part in item["context"] if part[0] in wanted] + [part for part in item["context"] if part[0] not in wanted][:2]
        yield "\n".join("".join(sentences) for _, sentences in sorted(chosen)), item["question"]


def nq_swap(path, count):
    for item in lines(path)[:count]:
        yield item["sub_context"].replace("<P> ", "").replace(" </P>", ""), item["question"] + "?"


def wait_for(url, process):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"a server ended with {process.returncode}")
        try:
            urllib.request.urlopen(url + "/health", timeout=1).read()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{url} isn't ready after a minute")


def start(command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*map(str, command), "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    wait_for(url, process)
    model = json.loads(urllib.request.urlopen(url + "/v1/models").read())["data"][0]["id"]
    return process, url, model


def ask(url, model, body):
    """The answer, its tokens and the seconds from the first to the last."""
    request = urllib.request.Request(
        url + "/v1/chat/completions", json.dumps(body | {"model": model, "stream": True, "stream_options": {"include_usage": True}}).encode(),
        {"Content-Type": "application/json"})
    text, first, last, usage = "", None, None, {}
    with urllib.request.urlopen(request) as reply:
        for line in reply:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            usage = event.get("usage") or usage
            part = "".join(choice["delta"].get("content") or "" for choice in event.get("choices", []))
            if part:
                last = time.monotonic()
                first = first or last
                text += part
    return text, usage["completion_tokens"], (last or 0) - (first or 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--hotpotqa", type=pathlib.Path, required=True)
    parser.add_argument("--nq-swap", type=pathlib.Path, required=True)
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=100, help="of an answer, at most")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--agd", default=root / ".build" / "release" / "agd")
    parser.add_argument("--llama-server", type=pathlib.Path)
    options = parser.parse_args()

    half = options.items // 2
    documents = [*nq_swap(options.nq_swap, options.items - half), *hotpotqa(options.hotpotqa, half)]
    questions = {
        "quotation": [
            ([{"role": "user", "content": f"{document}\n\n{question} Quote the sentence that says so word by word, then answer."}],
             {"roi": [{"text": document}], "entropy_threshold": "off"}) for document, question in documents],
        "prose": [
            ([{"role": "system", "content": "You are a thoughtful writer."}, {"role": "user", "content": question}],
             {"roi": ["system"], "entropy_threshold": "off"}) for question in prose],
    }
    serve = [options.agd, "serve", "-m", options.model, "-t", options.threads, "--parallel", 1, "-c", 4096]
    servers = {"off": start([*serve, "--draft", "off"]), "auto": start([*serve, "--draft", "auto"])}
    if options.llama_server:
        servers["llama"] = start([
            options.llama_server, "-m", options.model, "-t", options.threads, "-np", 1, "-c", 4096])
    try:
        for kind, items in questions.items():
            tokens, seconds, differing, answers = dict.fromkeys(servers, 0), dict.fromkeys(servers, 0.0), 0, {}
            for index, (messages, guidance) in enumerate(items):
                # Who comes first changes with each question.
                for name in sorted(servers, key=lambda name: (list(servers).index(name) + index) % len(servers)):
                    body = {"messages": messages, "max_tokens": options.tokens, "temperature": 0}
                    answers[name], count, took = ask(*servers[name][1:], body | ({} if name == "llama" else {"agd": guidance}))
                    tokens[name] += max(0, count - 1)
                    seconds[name] += took
                differing += answers["off"] != answers["auto"]
                print(f"\r{kind}: {index + 1} of {len(items)}", end="", file=sys.stderr)
            print(file=sys.stderr)
            speed = {name: tokens[name] / seconds[name] for name in servers if seconds[name] > 0}
            told = f"{kind}: {len(items)} answers, tokens/s {speed['off']:.1f} without drafts, {speed['auto']:.1f} with them: {speed['auto'] / speed['off']:.2f}"
            if "llama" in speed:
                told += f"; llama-server's unguided {speed['llama']:.1f}: {speed['auto'] / speed['llama']:.2f}"
            print(f"{told}; answers that differ: {differing}", flush=True)
    finally:
        for process, _, _ in servers.values():
            process.terminate()


main()
