"""Digests of files and of what a guest must see: the whole where that is small, else the parts that are not zero.

Knows extents and the flat model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

from .model import GuestModel

WHOLE_MAX = 2 << 30
_STEP = 4 << 20
_UNIT = 1 << 16
_ZEROS = bytes(_STEP)
DEFINITION = (
    "sha256 over all 64 KiB units that have a non-zero byte, in ascending order, each as its offset (64 bits, "
    "little-endian) followed by its bytes; the last unit may be shorter"
)


def of_file(extents: Iterable[tuple[int, bytes]], length: int) -> dict[str, str]:
    """Digest of a file: {"sha256": …}, or {"sparse_sha256": …} for one larger than 2 GiB.

    Args:
        extents: its non-zero parts as (offset, bytes), in order and apart from each other.
        length: in bytes.
    """
    digest = sha256()
    if length > WHOLE_MAX:
        for offset, data in _units(extents, length):
            digest.update(offset.to_bytes(8, "little") + data)
        return {"sparse_sha256": digest.hexdigest()}
    position = 0
    for offset, data in (*extents, (length, b"")):
        for start in range(position, offset, _STEP):
            digest.update(memoryview(_ZEROS)[: offset - start])
        digest.update(data)
        position = offset + len(data)
    return {"sha256": digest.hexdigest()}


def _units(extents: Iterable[tuple[int, bytes]], length: int) -> Iterator[tuple[int, bytes]]:
    """Units with a non-zero byte, whole but for the last of the file."""
    number, unit = -1, bytearray()
    for offset, data in extents:
        done = 0
        while done < len(data):
            found, start = divmod(offset + done, _UNIT)
            if found != number:
                if any(unit):
                    yield number * _UNIT, bytes(unit)
                number, unit = found, bytearray(min(_UNIT, length - found * _UNIT))
            part = data[done : done + _UNIT - start]
            unit[start : start + len(part)] = part
            done += len(part)
    if any(unit):
        yield number * _UNIT, bytes(unit)


def of_guest(model: GuestModel, lost: Iterable[tuple[int, int]] = ()) -> dict[str, str]:
    """Digest of a disk, as `of_file`.

    Args:
        model: the disk.
        lost: ranges (offset, length) that count as zeros.
    """
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
