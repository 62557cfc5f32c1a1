#!/usr/bin/env python3
"""Writes a file of regions with random neurons, as many in each layer as a circuit has: the control for guidance by the circuit.

    random_set.py circuit.json --width NEURONS-OF-A-LAYER [--group NAME] [--seed N] > random.json
"""
import argparse
import collections
import json
import random


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("circuit")
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--group")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with open(arguments.circuit) as file:
        circuit = json.load(file)
    neurons = circuit["groups"][arguments.group] if arguments.group else circuit["neurons"]
    generator = random.Random(arguments.seed)
    counts = collections.Counter(neuron["layer"] for neuron in neurons)
    drawn = [
        dict(layer=layer, index=index) for layer, count in sorted(counts.items())
        for index in sorted(generator.sample(range(arguments.width), count))]
    print(json.dumps(dict(neurons=drawn)))


if __name__ == "__main__":
    main()
