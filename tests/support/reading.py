"""Hold a disk against a flat model: all of it where it is small, and many pieces that start and end anywhere."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import vhdx_runtime as vhdx
from vhdx_runtime.conformance import Expanded, GuestModel, Recipe, expand, expand_chain

WHOLE = 64 << 20
STEP = 3 << 20
LENGTHS = (1, 2, 511, 512, 513, 4096, 70_001, 1 << 20, (1 << 20) + 1, 2_500_000)


def assert_reads(disk: vhdx.VirtualDisk, model: GuestModel, *, seed: int = 0, count: int = 40) -> None:
    """Every way to read gives the model's bytes."""
    assert disk.size == model.size
    flat = model.read(0, model.size) if model.size <= WHOLE else None
    if flat is not None:
        assert guest_sha256(disk) == sha256(flat).hexdigest()
    at = random.Random(seed)
    edges = [edge for pair in sorted(model.candidates())[:50] for edge in pair]
    for _ in range(count):
        near = at.choice(edges) + at.randrange(-3000, 3000) if edges and at.random() < 0.6 else at.randrange(disk.size)
        offset, length = min(max(near, 0), disk.size), at.choice(LENGTHS)
        expected = model.read(offset, length) if flat is None else flat[offset : offset + length]
        found = disk.read_at(offset, length)
        assert found == expected, (
            f"seed {seed}: read_at({offset}, {length}) differs {first_difference(found, expected)}"
        )
    buffer = bytearray(b"\xaa" * 10_000)
    offset = max(disk.size - 6000, 0)
    read = disk.readinto_at(offset, buffer)
    assert bytes(buffer[:read]) == model.read(offset, 10_000)
    assert bytes(buffer[read:]) == b"\xaa" * (10_000 - read)
    assert_covers(disk)


def assert_covers(disk: vhdx.VirtualDisk) -> None:
    """The ranges cover the disk without gaps."""
    position = 0
    for piece in disk.ranges(0, disk.size):
        assert piece.virtual_offset == position
        assert piece.length > 0
        position += piece.length
    assert position == disk.size


def first_difference(found: bytes, expected: bytes) -> str:
    """Where two reads part."""
    if len(found) != len(expected):
        return f"in length, {len(found)} instead of {len(expected)}"
    at = next((i for i, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b), None)
    return (
        "nowhere"
        if at is None
        else f"at byte {at}: {found[at : at + 16].hex()} instead of {expected[at : at + 16].hex()}"
    )


def guest_sha256(disk: vhdx.VirtualDisk) -> str:
    """Digest of the whole disk, read in pieces that fit no block."""
    digest = sha256()
    for offset in range(0, disk.size, STEP + 4096):
        digest.update(disk.read_at(offset, STEP + 4096))
    return digest.hexdigest()


class SparseFile:
    """An expanded file as a seekable binary file object, for files too long to hold."""

    def __init__(self, made: Expanded) -> None:
        self.extents, self.length, self.position = made.extents, made.length, 0
        self.starts = [offset for offset, _ in made.extents]

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = offset + (0, self.position, self.length)[whence]
        return self.position

    def tell(self) -> int:
        return self.position

    def read(self, size: int = -1) -> bytes:
        start, end = self.position, min(self.length, self.position + size) if size >= 0 else self.length
        result = bytearray(max(end - start, 0))
        for offset, data in self.extents[max(bisect_right(self.starts, start) - 1, 0) : bisect_left(self.starts, end)]:
            low, high = max(offset, start), min(offset + len(data), end)
            if low < high:
                result[low - start : high - start] = data[low - offset : high - offset]
        self.position = max(start, end)
        return bytes(result)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        pass


def readable(made: Expanded) -> Any:
    """Something to open: the bytes of a small file, a file object over a long one."""
    return made.to_bytes() if made.length <= WHOLE else SparseFile(made)


def check(recipe: Recipe, **options: Any) -> None:
    """Expand one recipe and hold the disk against its model."""
    made = expand(recipe)
    with vhdx.open(readable(made), **options) as disk:
        assert_reads(disk, made.expected)


def check_chain_in_memory(recipes: Sequence[Recipe], **options: Any) -> None:
    """As `check_chain`, without files: the caller names the parents."""
    chain = expand_chain(recipes)
    with vhdx.open(readable(chain[-1]), parents=[readable(made) for made in chain[:-1]], **options) as disk:
        assert len(disk.images) == len(recipes)
        assert_reads(disk, chain[-1].expected)


def write_chain(recipes: Sequence[Recipe], folder: Path) -> tuple[Expanded, ...]:
    """Expand a chain, base first, into a folder."""
    chain = expand_chain(recipes)
    for made in chain:
        made.write(folder)
    return chain


def check_chain(recipes: Sequence[Recipe], folder: Path, **options: Any) -> None:
    """Expand a chain, base first, open its last file and hold the disk against the model."""
    chain = write_chain(recipes, folder)
    with vhdx.open(folder / recipes[-1].path, **options) as disk:
        assert len(disk.images) == len(recipes)
        assert_reads(disk, chain[-1].expected)


def rules(image: vhdx.Image) -> set[str]:
    """Ids of the broken rules found while opening."""
    return {finding.rule for finding in image.findings}
