"""Digests of files and of what a guest must see: the whole where that is small, else the parts that are not zero."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from .model import GuestModel

WHOLE_MAX = 2 << 30
_STEP = 4 << 20
_UNIT = 1 << 16
_ZEROS = bytes(_STEP)
DEFINITION = (
    "sha256 over all 64 KiB units that have a non-zero byte, in ascending order, each as its offset (64 bits, "
    "little-endian) followed by its bytes; the last unit may be shorter"
)


def of_file(extents: Iterable[tuple[int, bytes]], length: int, *, is_sparse: bool = False) -> dict[str, str]:
    """Digest of a file: {"sha256": …}, or {"sparse_sha256": …} where it is larger than 2 GiB.

    Args:
        extents: its non-zero parts as (offset, bytes), in order and apart from each other.
        length: in bytes.
        is_sparse: the sparse digest for a file of any size: quick where little of it is not zero.
    """
    digest = sha256()
    if is_sparse or length > WHOLE_MAX:
        for number, parts in _units(extents):
            digest.update((number * _UNIT).to_bytes(8, "little"))
            _update(digest, parts, number * _UNIT, min((number + 1) * _UNIT, length))
        return {"sparse_sha256": digest.hexdigest()}
    _update(digest, extents, 0, length)
    return {"sha256": digest.hexdigest()}


def _update(digest: Any, extents: Iterable[tuple[int, bytes | memoryview]], start: int, end: int) -> None:
    """Feed a range of a file to a digest, with the zeros between its parts."""
    for offset, data in (*extents, (end, b"")):
        for done in range(start, offset, _STEP):
            digest.update(memoryview(_ZEROS)[: offset - done])
        digest.update(data)
        start = offset + len(data)


def _units(extents: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, list[tuple[int, memoryview]]]]:
    """Numbers of units with a non-zero byte, and their parts."""
    number = -1
    parts: list[tuple[int, memoryview]] = []
    for offset, data in extents:
        view, done = memoryview(data), 0
        while done < len(view):
            found, start = divmod(offset + done, _UNIT)
            part = view[done : done + _UNIT - start]
            if found != number and parts:
                yield number, parts
                parts = []
            if bytes(part).lstrip(b"\0"):
                number = found
                parts.append((offset + done, part))
            done += len(part)
    if parts:
        yield number, parts


def of_guest(model: GuestModel, lost: Iterable[tuple[int, int]] = ()) -> dict[str, str]:
    """Digest of a disk, as `of_file`."""
    ranges = tuple(lost)
    if model.size <= WHOLE_MAX and not ranges:
        return {"sha256": model.sha256()}
    if not ranges:
        return {"sparse_sha256": model.sparse_digest()}
    units = {
        unit for start, end in model.candidates() for unit in range(start // _UNIT, -(-min(end, model.size) // _UNIT))
    }
    return of_file(((unit * _UNIT, _without(model, unit * _UNIT, ranges)) for unit in sorted(units)), model.size)


def _without(model: GuestModel, offset: int, lost: tuple[tuple[int, int], ...]) -> bytes:
    data = bytearray(model.read(offset, _UNIT))
    for start, length in lost:
        low, high = max(start - offset, 0), min(start + length - offset, len(data))
        if low < high:
            data[low:high] = bytes(high - low)
    return bytes(data)
