"""A file in memory that stores only what was written, and how it gets to a real file.

Knows nothing of the format.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_CHUNK = 1 << 16
_PAGE = 1 << 12
_ZERO_PAGE = bytes(_PAGE)


class SparseBytes:
    """Bytes at any offset; what was never written reads as zero."""

    def __init__(self) -> None:
        self._chunks: dict[int, bytearray] = {}

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`."""
        done = 0
        while done < len(data):
            number, start = divmod(offset + done, _CHUNK)
            count = min(_CHUNK - start, len(data) - done)
            chunk = self._chunks.get(number)
            if chunk is None:
                chunk = self._chunks[number] = bytearray(_CHUNK)
            chunk[start : start + count] = data[done : done + count]
            done += count

    def read(self, offset: int, length: int) -> bytes:
        """The bytes of a range."""
        parts = []
        done = 0
        while done < length:
            number, start = divmod(offset + done, _CHUNK)
            count = min(_CHUNK - start, length - done)
            chunk = self._chunks.get(number)
            parts.append(bytes(count) if chunk is None else bytes(chunk[start : start + count]))
            done += count
        return b"".join(parts)

    def pages(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Every 4 KiB of a range that has a non-zero byte, as (offset, bytes), in order.

        Args:
            start: bytes, a multiple of 4 KiB.
            end: bytes; the last page may be cut off by it.
        """
        for number in sorted(n for n in self._chunks if start < (n + 1) * _CHUNK and n * _CHUNK < end):
            chunk = self._chunks[number]
            for offset in range(max(start - number * _CHUNK, 0), min(_CHUNK, end - number * _CHUNK), _PAGE):
                page = bytes(chunk[offset : min(offset + _PAGE, end - number * _CHUNK)])
                if page != _ZERO_PAGE[: len(page)]:
                    yield number * _CHUNK + offset, page

    def extents(self, length: int) -> tuple[tuple[int, bytes], ...]:
        """The non-zero pages below `length`, neighbours joined, as (offset, bytes) in order."""
        found: list[tuple[int, list[bytes]]] = []
        end = -1
        for offset, page in self.pages(0, length):
            if offset == end:
                found[-1][1].append(page)
            else:
                found.append((offset, [page]))
            end = offset + len(page)
        return tuple((offset, b"".join(pages)) for offset, pages in found)


def save(path: Path, extents: Iterable[tuple[int, bytes]], length: int) -> None:
    """Write a sparse file: under another name first, then moved, so that half a file never carries the name.

    Args:
        path: the file; replaced where it exists.
        extents: (offset, bytes).
        length: of the file in bytes.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("xb") as file:
            for offset, data in extents:
                file.seek(offset)
                file.write(data)
            file.truncate(length)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
