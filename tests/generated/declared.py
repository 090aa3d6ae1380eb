"""What the declarations for other languages are held against: structures of conformance images, and Python's answers."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vhdx_format.layout import STRUCTURES, Field
from vhdx_format.rules import CLAIMS

from tests.generated.engines import ITEMS
from tests.book.test_languages import structures
from tests.support.cases import all_cases
from vhdx_runtime.codec import checksum
from vhdx_runtime.codec.decode import Placed, answer, elements, is_read, part, structure
from vhdx_runtime.conformance import Expanded

LARGEST = 8 << 20
SCALARS = {"u1", "u2", "u4", "u8", "bits"}


@dataclass(frozen=True)
class Sample:
    """A structure as Python read it, and the size in bytes of what it lies in."""

    placed: Placed
    size: int

    @property
    def name(self) -> str:
        """Its name in the layout."""
        return self.placed.structure

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        return self.placed.raw


def images(every: int = 1) -> Iterator[Expanded]:
    """The files of the conformance cases that are at most 8 MiB long, or each so many-th case's."""
    for case in all_cases()[::every]:
        yield from (file for file in case.expand() if file.length <= LARGEST)


def samples(every: int = 1) -> list[Sample]:
    """The structures of these files, each once; and some that the specification does not have, of noise."""
    found = {(one.name, one.raw, one.size): one for file in images(every) for one in of_image(file)}
    chance = random.Random(18)
    for name in sorted(STRUCTURES.keys() - {name for name, _, _ in found}):
        raw = chance.randbytes(STRUCTURES[name].size or 0)
        found[name, raw, len(raw)] = Sample(structure(name, raw), len(raw))
    return list(found.values())


def of_image(file: Expanded) -> Iterator[Sample]:
    """The structures of a file and what is inside them."""
    for name, raw in structures(file):
        yield from _with_parts(name, raw)
        if name == "metadata_table":
            yield from _items(file, structure(name, raw))


def _items(file: Expanded, table: Placed) -> Iterator[Sample]:
    start = file.plan.extents["metadata"][0]
    whole = file.to_bytes()
    for entry in elements(table, "entries"):
        name = ITEMS.get(entry.raw[:4].hex())
        offset = start + int.from_bytes(entry.raw[16:20], "little")
        if name and len(entry.raw) == 32:
            length = min(int.from_bytes(entry.raw[20:24], "little"), 4096)
            yield from _with_parts(name, whole[offset : offset + length])


def _with_parts(name: str, raw: bytes) -> Iterator[Sample]:
    placed = structure(name, raw)
    yield Sample(placed, len(raw))
    for field in STRUCTURES[name].fields:
        if field.type not in STRUCTURES:
            continue
        found = elements(placed, field.id) if field.repeat else [part(placed, field.id)] if field.size else []
        for inner in found:
            if inner is not None:
                yield Sample(inner, len(raw))
    if name == "log_entry":
        for start in range(64, min(len(raw), 4096), 32):
            kind = {b"zero": "zero_descriptor", b"desc": "data_descriptor"}.get(raw[start : start + 4])
            if kind:
                yield Sample(structure(kind, raw[start : start + 32]), 32)
        for start in range(0, len(raw), 4096):
            if raw[start : start + 4] == b"data":
                yield Sample(structure("data_sector", raw[start : start + 4096]), 4096)


def mutants(samples: list[Sample], number: int, seed: int) -> Iterator[Sample]:
    """Structures with some bytes changed, or cut short; small ones come up as often as large ones."""
    chance = random.Random(seed)
    by_name: dict[str, list[Sample]] = {}
    for one in samples:
        by_name.setdefault(one.name, []).append(one)
    for _ in range(number):
        one = chance.choice(by_name[chance.choice(sorted(by_name))])
        raw = bytearray(one.raw)
        near = min(len(raw), 96)
        for _ in range(chance.randint(1, 4) if near else 0):
            raw[chance.randrange(near)] = chance.choice((0, 1, 2, 255, chance.randrange(256)))
        if chance.random() < 0.1:
            del raw[chance.randint(0, near) :]
        yield Sample(structure(one.name, bytes(raw)), len(raw))


def lines(samples: Iterable[Sample]) -> str:
    """The input of a driver."""
    return "".join(f"{one.name} {one.size} {one.raw.hex()}\n" for one in samples)


def expected(one: Sample) -> dict[str, str]:
    """What Python says: fields and derived values by name, rules by id and name; "-" for what cannot be told."""
    placed = one.placed
    found: dict[str, str] = {}
    declared = STRUCTURES[one.name]
    for field in declared.fields:
        if field.offset is not None and (field.size or STRUCTURES[field.type].size):
            found[field.id] = _field(placed, field)
        if field.zero_rule:
            read = is_read(placed, field.id)
            found[f"{field.zero_rule}/{field.id}_bytes_are_zero"] = (
                shown(not any(getattr(placed.fields, field.id))) if read else "-"
            )
    for claim in CLAIMS.get(one.name, ()):
        found[f"{claim.rule}/{claim.instance}"] = shown(answer(placed, claim))
    if declared.checksum:
        found[f"{declared.checksum.rule}/checksum_is_right"] = shown(_checksum(one))
    if placed.complete and one.name != "ms_guid":  # the groups of its text form are not declared
        rules = {claim.instance for claim in CLAIMS.get(one.name, ())}
        for item in declared.instances:
            if item.kind == "value" and not item.constant and not item.enum and item.id not in rules:
                found[item.id] = shown(getattr(placed.fields, item.id))
    return found


def _field(placed: Placed, field: Field) -> str:
    if field.type in SCALARS or field.type == "bytes":
        return shown(getattr(placed.fields, field.id)) if is_read(placed, field.id) else "-"
    start, size = field.offset or 0, field.size or STRUCTURES[field.type].size or 0
    raw = placed.raw[start : start + size]
    return raw.hex() if len(raw) == size else "-"


def _checksum(one: Sample) -> bool | None:
    declared = STRUCTURES[one.name].checksum
    assert declared is not None
    told = one.raw[8:12]
    size = declared.size or (int.from_bytes(told, "little") if len(told) == 4 else len(one.raw) + 1)
    if len(one.raw) < size or size < 8:
        return None
    stored = one.raw[checksum.position(one.name) :][:4]
    return int.from_bytes(stored, "little") == checksum.compute(one.name, one.raw[:size])


def shown(value: Any) -> str:
    """A value as the drivers print it."""
    if value is None:
        return "-"
    return value.hex() if isinstance(value, bytes) else str(int(value))


def differences(samples: list[Sample], printed: str) -> list[str]:
    """Where a driver's output is not what Python says."""
    wrong = []
    for one, line in zip(samples, printed.splitlines(), strict=True):
        theirs = dict(token.split("=") for token in line.split())
        for name, value in expected(one).items():
            if theirs.get(name) != value:
                wrong.append(f"{one.name} {one.raw[:64].hex()}: {name} is {value:.40}, here {theirs.get(name)!s:.40}")
    return wrong
