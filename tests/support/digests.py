"""Digests of what a disk shows, as the manifest of the real images defines them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import vhdx_runtime as vhdx

UNIT = 64 << 10
STEP = 4 << 20
ZEROS = bytes(STEP)
STORED = ("data", "log")


def file_sha256(path: Path) -> str:
    """Digest of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while part := file.read(STEP):
            digest.update(part)
    return digest.hexdigest()


def disk_sha256(disk: vhdx.VirtualDisk) -> str:
    """Digest of the whole disk; what the ranges call zeros is not read."""
    digest = sha256()
    for piece in disk.ranges(0, disk.size):
        for start in range(0, piece.length, STEP):
            count = min(STEP, piece.length - start)
            is_stored = piece.kind in STORED
            digest.update(disk.read_at(piece.virtual_offset + start, count) if is_stored else ZEROS[:count])
    return digest.hexdigest()


def nonzero_64k_digest(disk: vhdx.VirtualDisk) -> tuple[str, int]:
    """The manifest's digest over all 64 KiB units that have a non-zero byte, and how many those are."""
    digest, count = sha256(), 0
    for number in _stored_units(disk):
        data = disk.read_at(number * UNIT, UNIT)
        if data.count(0) != len(data):
            digest.update((number * UNIT).to_bytes(8, "little") + data)
            count += 1
    return digest.hexdigest(), count


def _stored_units(disk: vhdx.VirtualDisk) -> Iterator[int]:
    last = -1
    for piece in disk.ranges(0, disk.size):
        if piece.kind in STORED:
            first = max(piece.virtual_offset // UNIT, last + 1)
            last = max(last, (piece.virtual_offset + piece.length - 1) // UNIT)
            yield from range(first, last + 1)
