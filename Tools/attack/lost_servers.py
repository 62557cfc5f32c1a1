#!/usr/bin/env python3
"""Loses the machines that hold a model's layers, at random moments, and prints what came of it. Needs Python only.

Usage: lost_servers.py [--agd .build/release/agd] [--model Models/microcosm.gguf] [--rounds 20] [--seed 1]

`agd serve --rpc` spreads the model over two processes of rpc-server on this machine. In each round an answer streams while one of
them is killed, or in every fifth round stopped where it is. The stream must end within 10 s: with all of the answer, if that was
there by then, or with an error that names the machine, after a beginning of the right answer. Then the machine comes back, and the
next answer has to be the right one, from the same process of agd. The exit status is 1 if anything else happened.
"""
import argparse
import http.client
import json
import pathlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--agd", default=".build/release/agd")
parser.add_argument("--model", default="Models/microcosm.gguf")
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--rpc-server", default=".deps/bin/rpc-server")
parser.add_argument("--tokens", type=int, default=200)
options, _ = parser.parse_known_args()  # `make attack` gives all attacks the same flags.

LONGEST_WAIT = 10
REQUEST = {
    "messages": [{"role": "system", "content": "Reply in English, please."},
                 {"role": "user", "content": "What do you know about Inga? Use the Spanish language."}],
    "max_tokens": options.tokens, "stream": True, "ignore_eos": True, "agd": {"roi": ["system"], "entropy_threshold": "off"},
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise TimeoutError(f"{what} took more than {seconds} s")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Machine:
    """A process of rpc-server at a port of its own."""

    def __init__(self):
        self.port = free_port()
        self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen([options.rpc_server, "--port", str(self.port), "--threads", "1"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: listens(self.port), 10, "rpc-server")

    def lose(self, how):
        self.process.send_signal(how)

    def come_back(self):
        self.process.kill()
        self.process.wait()
        self.start()


def post(port, seconds):
    """The answer's text and the error that it ended with, if any; each piece with its time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    connection.request("POST", "/v1/chat/completions", json.dumps(REQUEST), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    if reply.status != 200:
        return "", json.loads(reply.read())["error"]["message"]
    text, error = "", None
    for line in reply:
        line = line.decode().strip()
        if not line.startswith("data: ") or line == "data: [DONE]":
            continue
        event = json.loads(line[6:])
        if "error" in event:
            error = event["error"]["message"]
        elif event["choices"]:
            text += event["choices"][0]["delta"].get("content") or ""
    return text, error


def main():
    trial = subprocess.run([options.agd, "info", "--devices", options.model, "--rpc", "127.0.0.1:1"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if not pathlib.Path(options.rpc_server).exists() or "can't use servers" in trial.stderr:
        print(f"skipped: no {options.rpc_server}, or an agd that can't use it; GGML_RPC=1 make builds both")
        return 0
    dice = random.Random(options.seed)
    machines = [Machine(), Machine()]
    port = free_port()
    agd = subprocess.Popen(
        [options.agd, "serve", "-m", options.model, "--port", str(port), "-c", "512", "--log-level", "error",
         "--rpc", ",".join(machine.address for machine in machines), "--rpc-timeout", "3"], stderr=subprocess.DEVNULL)
    outcomes, longest, failures = {}, 0, []

    def answer_at_last():
        end = time.monotonic() + 60
        while time.monotonic() < end and agd.poll() is None:
            try:
                text, error = post(port, 30)
                if error is None:
                    return text
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        raise RuntimeError(f"no answer; agd's exit status: {agd.poll()}")

    try:
        right = answer_at_last()
        start = time.monotonic()
        assert answer_at_last() == right
        duration = time.monotonic() - start
        print(f"an answer of {len(right)} characters takes {duration:.2f} s")
        for number in range(options.rounds):
            machine = dice.choice(machines)
            how = signal.SIGSTOP if number % 5 == 4 else signal.SIGKILL
            moment = dice.uniform(0, 0.8 * duration)
            loss = threading.Timer(moment, machine.lose, [how])
            loss.start()
            start = time.monotonic()
            text, error = post(port, 60)
            waited = time.monotonic() - start - moment
            loss.join()
            longest = max(longest, waited)
            if error is None and text == right:
                outcome = "all of the answer was there before"
            elif error is not None and machine.address in error and right.startswith(text):
                outcome = "an error that names the machine"
            else:
                outcome = f"WRONG: text {text!r}, error {error!r}"
                failures.append(outcome)
            if waited > LONGEST_WAIT:
                failures.append(f"round {number} ended {waited:.1f} s after the loss")
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            machine.come_back()
            if answer_at_last() != right:
                failures.append(f"another answer after round {number}")
    except Exception as error:  # Whatever it is, it is to be told beside the outcomes.
        failures.append(repr(error))
    finally:
        status = agd.poll()
        agd.kill()
        for machine in machines:
            machine.process.kill()
    if status is not None:
        failures.append(f"agd ended with status {status}")
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:4d}  {outcome}")
    print(f"longest time from a loss to the end of the answer: {longest:.1f} s")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


sys.exit(main())
