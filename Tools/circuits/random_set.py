#!/usr/bin/env python3
"""Controls for guidance by a circuit: as many neurons and heads, drawn at random in each layer, and random directions.

    random_set.py circuit.json --neurons NEURONS-OF-A-LAYER [--heads HEADS-OF-A-LAYER] [--group NAME] [--seed N] > random.json
    random_set.py --direction WIDTH [--seed N] > random.npy
"""
import argparse
import collections
import json
import random
import struct
import sys


def drawn(parts, key, width, generator):
    counts = collections.Counter(part["layer"] for part in parts)
    return [
        {"layer": layer, key: number} for layer, count in sorted(counts.items())
        for number in sorted(generator.sample(range(width), count))]


def numpy_file(vector):
    """A float32 vector as NumPy writes it (NumPy Enhancement Proposal 1)."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(vector)},), }}".encode()
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(vector)}f", *vector)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("circuit", nargs="?")
    parser.add_argument("--neurons", type=int, default=0)
    parser.add_argument("--heads", type=int, default=0)
    parser.add_argument("--direction", type=int)
    parser.add_argument("--group")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    if arguments.direction:
        sys.stdout.buffer.write(numpy_file([generator.gauss(0, 1) for _ in range(arguments.direction)]))
        return
    with open(arguments.circuit or parser.error("name a circuit, or --direction")) as file:
        circuit = json.load(file)
    neurons = circuit["groups"][arguments.group] if arguments.group else circuit["neurons"]
    result = {}
    if arguments.neurons:
        result["neurons"] = drawn(neurons, "index", arguments.neurons, generator)
    if arguments.heads:
        result["heads"] = drawn(circuit["heads"], "head", arguments.heads, generator)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
