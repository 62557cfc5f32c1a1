"""GGUF files as values that can be taken apart, changed in any way, broken ones too, and put together again."""

import struct
from dataclasses import dataclass, field

U32, STRING, ARRAY = 4, 8, 9
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


@dataclass
class Tensor:
    name: bytes
    shape: list
    type: int
    data: bytes
    claimed_offset: int | None = None


@dataclass
class Model:
    version: int = 3
    metadata: list = field(default_factory=list)  # [key, type, bytes of the value]
    tensors: list = field(default_factory=list)
    alignment: int = 32

    def find(self, key):
        return next((pair for pair in self.metadata if pair[0] == key), None)

    def set(self, key, kind, value):
        pair = self.find(key)
        if pair:
            pair[1:] = [kind, value]
        else:
            self.metadata.append([key, kind, value])

    def serialized(self):
        out = bytearray(b"GGUF" + struct.pack("<IQQ", self.version, len(self.tensors), len(self.metadata)))
        for key, kind, value in self.metadata:
            out += text(key) + struct.pack("<I", kind) + value
        offset = 0
        for tensor in self.tensors:
            out += text(tensor.name) + struct.pack("<I", len(tensor.shape))
            out += b"".join(struct.pack("<Q", extent % 2**64) for extent in tensor.shape)
            claimed = offset if tensor.claimed_offset is None else tensor.claimed_offset
            out += struct.pack("<IQ", tensor.type % 2**32, claimed % 2**64)
            offset += padded(len(tensor.data), self.alignment)
        out += b"\0" * (padded(len(out), self.alignment) - len(out))
        for tensor in self.tensors:
            out += tensor.data + b"\0" * (padded(len(tensor.data), self.alignment) - len(tensor.data))
        return bytes(out)


def padded(length, alignment):
    return (length + alignment - 1) // alignment * alignment


def text(content):
    return struct.pack("<Q", len(content)) + content


def integer(number):
    return struct.pack("<I", number % 2**32)


def real(number):
    return struct.pack("<f", number)


def strings(contents):
    return struct.pack("<IQ", STRING, len(contents)) + b"".join(map(text, contents))


def array(kind, count, elements):
    return struct.pack("<IQ", kind, count) + elements


def elements(value):
    """The type and the elements of an array's bytes."""
    kind, count = struct.unpack_from("<IQ", value)
    if kind != STRING:
        return kind, [value[12 + SIZES[kind] * index :][: SIZES[kind]] for index in range(count)]
    contents, place = [], 12
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", value, place)
        contents.append(value[place + 8 : place + 8 + length])
        place += 8 + length
    return kind, contents


def from_elements(kind, contents):
    return strings(contents) if kind == STRING else array(kind, len(contents), b"".join(contents))


def read(path):
    data = open(path, "rb").read()
    place = 24

    def number(form):
        nonlocal place
        (value,) = struct.unpack_from("<" + form, data, place)
        place += struct.calcsize(form)
        return value

    def take(count):
        nonlocal place
        place += count
        return data[place - count : place]

    def value(kind):
        start = place
        if kind == STRING:
            take(number("Q"))
        elif kind == ARRAY:
            element, count = number("I"), number("Q")
            if element == STRING:
                for _ in range(count):
                    take(number("Q"))
            else:
                take(SIZES[element] * count)
        else:
            take(SIZES[kind])
        return data[start:place]

    tensor_count, pair_count = struct.unpack_from("<QQ", data, 8)
    model = Model(version=struct.unpack_from("<I", data, 4)[0])
    for _ in range(pair_count):
        key = take(number("Q"))
        kind = number("I")
        model.metadata.append([key, kind, value(kind)])
    infos = []
    for _ in range(tensor_count):
        name = take(number("Q"))
        shape = [number("Q") for _ in range(number("I"))]
        infos.append((name, shape, number("I"), number("Q")))
    start = padded(place, model.alignment)
    ends = sorted(info[3] for info in infos)[1:] + [len(data) - start]
    order = sorted(range(tensor_count), key=lambda index: infos[index][3])
    for position, index in enumerate(order):
        name, shape, kind, offset = infos[index]
        model.tensors.append(Tensor(name, shape, kind, data[start + offset : start + ends[position]]))
    return model
