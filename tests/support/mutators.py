"""Damage to a file: fields of its structures set to values that hurt, checksums made right again, and broken bytes.

Shares nothing with the code under test but the layout's list of fields.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from crc32c import crc32c
from vhdx_format import layout

from vhdx_runtime.conformance import Expanded

KIB, MIB = 1 << 10, 1 << 20
SECTOR = 4096
CHECKSUM_OFFSET = 4
BITS = {"u1": 8, "u2": 16, "u4": 32, "u8": 64}


@dataclass(frozen=True)
class Target:
    """A structure in the file: where it is, and the sealed object around it (start and size), if any."""

    structure: str
    offset: int
    root: tuple[int, int] | None = None


@dataclass(frozen=True)
class Mutant:
    """Bytes to put over the file, a length to cut it to, and words to tell it by."""

    patches: tuple[tuple[int, bytes], ...]
    length: int | None
    words: str


def targets(made: Expanded) -> list[Target]:
    """Every structure of an expanded file that is worth damaging; log entries only where they do not wrap."""
    found = [Target("file_identifier", 0)]
    found += [Target("header", place, (place, SECTOR)) for place in (64 * KIB, 128 * KIB)] * 4
    for place in (192 * KIB, 256 * KIB):
        root = (place, 64 * KIB)
        found.append(Target("region_table_header", place, root))
        found += [Target("region_table_entry", place + 16 + 32 * number, root) for number in range(3)]
    start = made.plan.extents["metadata"][0]
    found += [Target("metadata_table_header", start)] * 2
    raw = made.to_bytes()
    count = struct.unpack_from("<H", raw, start + 10)[0]
    names = {guid.raw: name for name, guid in layout.GUIDS.items()}
    for number in range(count):
        place = start + 32 + 32 * number
        found.append(Target("metadata_table_entry", place))
        name = names.get(raw[place : place + 16], "")
        item = start + struct.unpack_from("<I", raw, place + 16)[0]
        if name == "parent_locator":
            found.append(Target("parent_locator_header", item))
            found += [Target("parent_locator_entry", item + 20 + 12 * pair) for pair in range(2)]
        elif name in layout.STRUCTURES:
            found += [Target(name, item)] * 2
    bat = made.plan.extents["bat"][0]
    indexes = [made.plan.payload_index(number) for number in made.plan.blocks]
    indexes += [made.plan.bitmap_index(chunk) for chunk in made.plan.bitmaps]
    found += [Target("bat_entry", bat + 8 * index) for index in indexes]
    return found + list(_log_targets(made, raw)) * 2


def _log_targets(made: Expanded, raw: bytes) -> Iterator[Target]:
    start, length = made.plan.extents["log"]
    for place in range(start, start + length, SECTOR):
        if raw[place : place + 4] != b"loge":
            continue
        size, count = struct.unpack_from("<I12xI", raw, place + 8)
        if place + size > start + length:
            continue
        root = (place, size)
        yield Target("log_entry_header", place, root)
        sectors = 0
        for number in range(count):
            descriptor = place + 64 + 32 * number
            is_data = raw[descriptor : descriptor + 4] == b"desc"
            yield Target("data_descriptor" if is_data else "zero_descriptor", descriptor, root)
            sectors += is_data
        for number in range(sectors):
            yield Target("data_sector", place + size - SECTOR * (number + 1), root)


def mutant(seed: int, raw: bytearray, places: list[Target]) -> Mutant:
    """The mutant of a seed: two thirds aim at fields, the others at bytes."""
    at = random.Random(seed)
    if at.random() < 0.67:
        return _field_mutant(at, raw, places)
    return _byte_mutant(at, raw, places)


def _field_mutant(at: random.Random, raw: bytearray, places: list[Target]) -> Mutant:
    patches: dict[int, bytes] = {}
    words = []
    roots = set()
    for _ in range(at.choice((1, 1, 1, 2, 3))):
        target = at.choice(places)
        field = at.choice([field for field in layout.STRUCTURES[target.structure].fields if field.offset is not None])
        place = target.offset + (field.offset or 0)
        size = field.size or 4
        value = _value(at, field, bytes(raw[place : place + size]), len(raw))
        patches[place] = value
        words.append(f"{target.structure}@{target.offset:#x}.{field.id}={value[:16].hex()}")
        if target.root and at.random() < 0.9:
            roots.add(target.root)
    for start, size in roots:
        whole = bytearray(raw[start : start + size])
        for place, value in patches.items():
            if start <= place < start + size:
                whole[place - start : place - start + len(value)] = value
        whole = whole[:size]
        whole[CHECKSUM_OFFSET : CHECKSUM_OFFSET + 4] = bytes(4)
        patches[start + CHECKSUM_OFFSET] = crc32c(whole).to_bytes(4, "little")
    return Mutant(tuple(patches.items()), None, "; ".join(words))


def _value(at: random.Random, field: layout.Field, old: bytes, file_length: int) -> bytes:
    if field.type == "bits":
        word = int.from_bytes(old, "little")
        value = at.choice((0, 1, (1 << field.bits) - 1, at.getrandbits(field.bits)))
        mask = ((1 << field.bits) - 1) << field.bit_offset
        return (word & ~mask | value << field.bit_offset).to_bytes(len(old), "little")
    if field.type in BITS:
        bits, value = BITS[field.type], int.from_bytes(old, "little")
        sizes = (SECTOR, 64 * KIB, MIB, file_length, file_length - MIB, 1 << 46)
        near = at.choice((0, *sizes, 1 << bits - 1, (1 << bits) - 1)) + at.choice((0, 0, 0, 1, -1, 8, -SECTOR))
        changed = at.choice(
            (near, value + 1, value - 1, value * 2, value ^ 1 << at.randrange(bits), at.getrandbits(bits))
        )
        return (changed % (1 << bits)).to_bytes(len(old), "little")
    if field.type == "guid":
        known = [guid.raw for guid in layout.GUIDS.values()]
        return at.choice((bytes(16), at.choice(known), at.randbytes(16)))
    return at.choice((bytes(len(old)), at.randbytes(len(old)), b"\xff" * len(old)))[: len(old)]


def _byte_mutant(at: random.Random, raw: bytearray, places: list[Target]) -> Mutant:
    patches = []
    length = None
    words = []
    for _ in range(at.choice((1, 1, 2, 5))):
        place = at.choice(places).offset + at.choice((0, at.randrange(64), at.randrange(SECTOR)))
        kind = at.randrange(6)
        if kind == 0:
            data = bytes([raw[place % len(raw)] ^ 1 << at.randrange(8)])
        elif kind == 1:
            data = at.randbytes(at.randrange(1, 64))
        elif kind == 2:
            place, data = place // SECTOR * SECTOR, bytes(SECTOR)
        elif kind == 3:
            source = at.choice(places).offset // SECTOR * SECTOR
            place, data = place // SECTOR * SECTOR, bytes(raw[source : source + SECTOR])
        elif kind == 4:
            data = b"\xff" * at.randrange(1, 32)
        else:
            data = b""
            length = at.choice((place, at.randrange(len(raw)), len(raw) - 1, len(raw) // MIB * MIB - MIB))
        data = data[: len(raw) - place]
        patches.append((place, data))
        words.append(f"kind {kind} at {place:#x}: {data[:16].hex()}")
    return Mutant(tuple(patches), length, "; ".join(words) + f"; length {length}")


@contextmanager
def applied(raw: bytearray, damage: Mutant) -> Iterator[memoryview]:
    """The damaged file; the bytes are put right again afterwards."""
    saved = [(place, bytes(raw[place : place + len(data)])) for place, data in damage.patches]
    for place, data in damage.patches:
        raw[place : place + len(data)] = data
    try:
        yield memoryview(raw)[: damage.length]
    finally:
        for place, data in reversed(saved):
            raw[place : place + len(data)] = data
