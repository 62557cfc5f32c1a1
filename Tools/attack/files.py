#!/usr/bin/env python3
"""Opens broken model files for a bounded time and prints what came of it. Needs Python only, on Linux.

Usage: files.py [--agd .build/release/agd] [--model Models/microcosm.gguf] [--seconds 20] [--seed 1]

Every file is a model that works, changed by one of the mutators below, and is described, or asked for two tokens, by a
process with 4 GiB of address space. It has to work or to be refused with an error; a process that is killed, takes more
than a minute, or lets a control character of the file through to the terminal is a death. Files that kill are kept.
The exit status is 1 if there was one.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import resource
import signal
import struct
import subprocess
import tempfile
import time

from formats import gguf

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--agd", default=".build/release/agd")
parser.add_argument("--model", default="Models/microcosm.gguf")
parser.add_argument("--seconds", type=float, default=20)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--only", help="one mutator by its name")
parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
options = parser.parse_args()

ORACLE = pathlib.Path(__file__).resolve().parents[2] / "Tests/TestFixtures/Oracle"
EDGES = [0, 1, 2, 3, 7, 31, 64, 255, 256, 2**15, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
REALS = [0.0, -0.0, 1.0, -1.0, 1e-45, 1e38, float("inf"), float("-inf"), float("nan")]
# ggml's number of a type: elements of a block, bytes of a block.
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 16: (256, 66), 17: (256, 74), 18: (256, 98),
    19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}
WORDS = [b"", b"\0", b"a\0b", b"\xff\xfe", b"\x1b]0;x\x07", b" ", "é".encode(), b"<0x0A>", b"a" * 100_000, b"\n" * 9,
         "\u202e".encode(), b"%s%n", b"[EMPTY_3]", b"{{ messages[0].content }}", b"{% for x in range(9999999) %}{{ x }}"]


def number(kind, dice):
    """Bytes of a number at one of its ends."""
    if kind in (6, 12):
        return struct.pack("<f" if kind == 6 else "<d", dice.choice(REALS))
    return struct.pack("<Q", dice.choice(EDGES))[: gguf.SIZES[kind]]


def flip_bytes(model, dice):
    data = bytearray(model.serialized())
    end = dice.choice([400, 2000, len(data)])
    for _ in range(dice.randint(1, 4)):
        data[dice.randrange(min(end, len(data)))] ^= dice.randint(1, 255)
    return bytes(data)


def truncate(model, dice):
    data = model.serialized()
    return data[: dice.choice([dice.randrange(len(data)), dice.randrange(600), len(data) - dice.randint(1, 64)])]


def change_number(model, dice):
    pair = dice.choice([pair for pair in model.metadata if pair[1] in gguf.SIZES])
    pair[2] = number(pair[1], dice)


def change_type(model, dice):
    pair = dice.choice(model.metadata)
    kind = dice.choice(list(gguf.SIZES))
    if dice.random() < 0.3:
        pair[1:] = [gguf.STRING, gguf.text(dice.choice(WORDS))]
    elif dice.random() < 0.5:
        count = dice.choice([0, 1, 2, 1000])
        pair[1:] = [gguf.ARRAY, gguf.array(kind, count, b"".join(number(kind, dice) for _ in range(count)))]
    else:
        pair[1:] = [kind, number(kind, dice)]


def change_array(model, dice):
    """A vocabulary whose lists are longer, shorter or other than they were."""
    pair = dice.choice([pair for pair in model.metadata if pair[1] == gguf.ARRAY])
    kind, elements = gguf.elements(pair[2])
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(len(elements)) if elements else 0
        new = dice.choice(WORDS) if kind == gguf.STRING else number(kind, dice)
        match dice.randrange(4):
            case 0: elements[place:place] = [new]
            case 1: elements[place : place + dice.choice([1, 1, 100])] = []
            case 2 if elements: elements[place] = new
            case _: elements += elements[place : place + 3]
    pair[2] = gguf.from_elements(kind, elements)


def change_text(model, dice):
    pair = dice.choice([pair for pair in model.metadata if pair[1] == gguf.STRING])
    old = pair[2][8:]
    place = dice.randrange(len(old) + 1)
    pair[2] = gguf.text(dice.choice([dice.choice(WORDS), old[:place] + dice.choice(WORDS) + old[place:], old[place:]]))


def shadow_key(model, dice):
    key, kind, value = dice.choice(model.metadata)
    other = dice.choice([key, key + b"\0", key + b"\0x", b"\0" + key, key.upper(), key + b" ", b""])
    if dice.random() < 0.3:
        kind, value = dice.choice(model.metadata)[1:]
    else:
        copy = gguf.Model(metadata=[[key, kind, value]])
        {gguf.ARRAY: change_array, gguf.STRING: change_text}.get(kind, change_number)(copy, dice)
        _, kind, value = copy.metadata[0]
    model.metadata.insert(dice.randrange(len(model.metadata) + 1), [other, kind, value])


def unknown_key(model, dice):
    architecture = model.find(b"general.architecture")[2][8:]
    name = dice.choice([b"rope.scaling.factor", b"rope.scaling.type", b"expert_count", b"attention.scale", b"x",
                        b"attention.sliding_window", b"attention.value_length", b"rope.dimension_count", b"vocab_size"])
    kind = dice.choice([4, 5, 6, 7, 10, 12])
    value = (gguf.STRING, gguf.text(dice.choice([b"yarn", b"none", b"linear", b"longrope"] + WORDS)))
    model.set(architecture + b"." + name, *(value if dice.random() < 0.2 else (kind, number(kind, dice))))


def change_tensor(model, dice):
    tensor = dice.choice(model.tensors)
    other = dice.choice(model.tensors)
    match dice.randrange(7):
        case 0: tensor.name = dice.choice(WORDS + [other.name, other.name + b"\0", b"n" * 64])
        case 1: tensor.shape[dice.randrange(len(tensor.shape))] = dice.choice(EDGES)
        case 2: tensor.shape = [dice.choice([1, 2, 16, 2**20]) for _ in range(dice.randint(0, 6))]
        case 3: tensor.type = dice.choice(list(range(45)) + EDGES)
        case 4: tensor.claimed_offset = dice.choice(EDGES)
        case 5: model.tensors.append(other)
        case 6: model.tensors.remove(tensor)


def odd_shapes(model, dice):
    """A model whose numbers and tensors agree with one another, at sizes and in types that nobody makes."""
    width, kv_heads = 2 * dice.choice([1, 2, 3, 4, 16, 17, 32, 64, 128]), dice.choice([1, 2, 3])
    heads = kv_heads * dice.choice([1, 1, 2, 3, 8])
    hidden = dice.choice([1, 2, 3, 5, 31, 32, 33, 64, 96, 256, 288, 512])
    forward = dice.choice([1, 2, 3, 17, 32, 64, 256, 257, 768])
    layers = dice.choice([1, 1, 2, 5])
    architecture = model.find(b"general.architecture")[2][8:]
    for key, value in [("embedding_length", hidden), ("feed_forward_length", forward), ("block_count", layers),
                       ("attention.head_count", heads), ("attention.head_count_kv", kv_heads),
                       ("attention.key_length", width), ("attention.value_length", width),
                       ("rope.dimension_count", dice.choice([width, width, 2]))]:
        model.set(architecture + b"." + key.encode(), gguf.U32, gguf.integer(value))
    tokens = next(tensor.shape[1] for tensor in model.tensors if tensor.name == b"token_embd.weight")
    sizes = {"token_embd": (hidden, tokens), "attn_q": (hidden, heads * width), "attn_k": (hidden, kv_heads * width),
             "attn_v": (hidden, kv_heads * width), "attn_output": (heads * width, hidden), "ffn_gate": (hidden, forward),
             "ffn_up": (hidden, forward), "ffn_down": (forward, hidden), "attn_q_norm": (width,), "attn_k_norm": (width,)}
    first, whole = [], []
    for tensor in model.tensors:
        layer = tensor.name.split(b".")
        if layer[0] != b"blk":
            whole.append(tensor)
        elif layer[1] == b"0":
            first.append(tensor)
    model.tensors = [tensor for tensor in whole if tensor.name not in (b"output.weight", b"rope_freqs.weight")]
    for layer in range(layers):
        model.tensors += [
            gguf.Tensor(tensor.name.replace(b"blk.0.", b"blk.%d." % layer), [], tensor.type, b"") for tensor in first]
    wild = dice.random() < 0.5
    for tensor in model.tensors:
        role, last = tensor.name.split(b".")[-2:]
        shape = sizes.get(role.decode(), (hidden,))
        tensor.shape = list(shape) if last == b"weight" else [shape[1]]
        usable = [kind for kind, (block, _) in BLOCKS.items() if tensor.shape[0] % block == 0]
        tensor.type = dice.choice(usable) if len(tensor.shape) == 2 else 0
        block, size = BLOCKS[tensor.type]
        count = tensor.shape[0] // block * size
        for extent in tensor.shape[1:]:
            count *= extent
        if tensor.type == 0:
            tensor.data = struct.pack("<%df" % (count // 4), *(dice.uniform(-0.3, 0.3) for _ in range(count // 4)))
        else:
            tensor.data = dice.randbytes(count) if wild else bytes(count)


def split(model, dice):
    model.set(b"split.count", dice.choice([2, 4]), struct.pack("<H", dice.choice([0, 1, 2, 65535])) + b"\0\0")
    model.set(b"split.no", 2, struct.pack("<H", dice.choice([0, 1, 2])))
    model.set(b"split.tensors.count", dice.choice([4, 5]), gguf.integer(dice.choice(EDGES)))
    pair = model.find(b"split.count")
    pair[2] = pair[2][: gguf.SIZES[pair[1]]]


MUTATORS = [flip_bytes, truncate, change_number, change_type, change_array, change_text, shadow_key, unknown_key,
            change_tensor, odd_shapes, split]


def request(path, dice):
    if dice.random() < 0.2:
        return ["info", path]
    prompt = dice.choice([["-p", "The é 漢 <x>  a\n"], ["--prompt-tokens", "1,2,3"], ["--user", "hi \n you"]])
    guidance = [["--strategy", "greedy"], ["--roi", "tokens:1", "--entropy-threshold", "off", "--score", "excess"]]
    return ["generate", "-m", path, *prompt, "-n", "2", "-t", "1", *dice.choice(guidance)]


def attempt(seed, models, folder):
    """Makes one file and opens it. Returns the mutator, what happened, its time and memory, and the file's path."""
    dice = random.Random(seed)
    mutate = dice.choice([mutator for mutator in MUTATORS if options.only in (None, mutator.__name__)])
    model = gguf.read(dice.choice(models))
    path = folder / f"{seed}.gguf"
    path.write_bytes(mutate(model, dice) or model.serialized())
    errors = open(folder / f"{seed}.txt", "w+b")
    start = time.monotonic()
    process = subprocess.Popen(
        [options.agd, *request(str(path), dice)], stdout=subprocess.DEVNULL, stderr=errors, stdin=subprocess.DEVNULL,
        env={**os.environ, "GGML_NO_BACKTRACE": "1", "SWIFT_BACKTRACE": "enable=no"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)))
    alarm = concurrent.futures.thread.threading.Timer(60, process.kill)
    alarm.start()
    _, status, usage = os.wait4(process.pid, 0)
    alarm.cancel()
    process.returncode = code = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    errors.seek(0)
    report = errors.read(100_000)
    errors.close()
    if code < 0:
        outcome = f"killed by {signal.Signals(-code).name}: {report[-300:].decode(errors='replace').strip()}"
    elif code == 0:
        outcome = "loaded"
    elif not report.lstrip().startswith((b"Error: ", b"note: ")):
        outcome = f"no error told: {report[:300]!r}"
    elif any(byte < 32 and byte not in b"\n\t\r" or byte == 127 for byte in report):
        outcome = f"control characters in the error: {report[:300]!r}"
    else:
        outcome = "refused"
    if outcome in ("loaded", "refused"):
        path.unlink()
        (folder / f"{seed}.txt").unlink()
    return mutate.__name__, outcome, seconds, usage.ru_maxrss // 1024, path


def main():
    models = [options.model] + [str(ORACLE / f"{name}.gguf") for name in ("llama31", "qwen2", "qwen3", "gemma3")]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="agd-attack-"))
    counts, deaths, slowest, largest = collections.Counter(), [], (0, ""), (0, "")
    end = time.monotonic() + options.seconds
    seeds = iter(range(options.seed * 10_000_000, 2**62))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(attempt, next(seeds), models, folder) for _ in range(options.jobs)}
        while running:
            done, running = concurrent.futures.wait(running, return_when="FIRST_COMPLETED")
            for result in (future.result() for future in done):
                name, outcome, seconds, mebibytes, path = result
                counts[name, outcome if outcome in ("loaded", "refused") else "dead"] += 1
                slowest, largest = max(slowest, (seconds, name)), max(largest, (mebibytes, name))
                if outcome not in ("loaded", "refused"):
                    deaths.append(path)
                    print(f"  DEATH   {name}, {path}: {outcome}", flush=True)
                if time.monotonic() < end:
                    running.add(pool.submit(attempt, next(seeds), models, folder))
    print(f"{'mutator':16}{'files':>8}{'refused':>9}{'loaded':>8}{'deaths':>8}")
    for name in [mutator.__name__ for mutator in MUTATORS] + ["all"]:
        row = [sum(n for (who, what), n in counts.items() if name in (who, "all") and what == outcome)
               for outcome in ("refused", "loaded", "dead")]
        print(f"{name:16}{sum(row):8}{row[0]:9}{row[1]:8}{row[2]:8}")
    print(f"slowest {slowest[0]:.1f} s ({slowest[1]}), most memory {largest[0]} MiB ({largest[1]})")
    if not deaths:
        folder.rmdir()
    raise SystemExit(1 if deaths else 0)


main()
