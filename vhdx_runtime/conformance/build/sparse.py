"""A file in memory that stores only what was written, and how it gets to a real file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..recipes.recipe import RecipeError

WEIGHT_MAX = 1 << 28  # not in the spec: a file is held in memory before it is written
_CHUNK = 1 << 16
_PAGE = 1 << 12
_ZEROS = bytes(_PAGE)


class SparseBytes:
    """Bytes at any offset; what was never written reads as zero.

    Attributes:
        written: every write as (offset, length) in bytes, in order.
    """

    def __init__(self) -> None:
        self.written: list[tuple[int, int]] = []
        self._chunks: dict[int, bytearray] = {}
        self._own: set[int] = set()
        self._known: dict[int, list[tuple[int, bytes]]] = {}

    def fork(self) -> SparseBytes:
        """The same bytes once more: what is written to one of the two is not seen in the other."""
        other = SparseBytes()
        other.written = list(self.written)
        other._chunks, other._known = dict(self._chunks), dict(self._known)
        self._own.clear()
        return other

    def settle(self) -> None:
        """Keep what `extents` works out, for all forks that are made from here."""
        self._known = {number: self._runs(number, 0, _CHUNK) for number in self._chunks}

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes, those that forks have in common included."""
        return len(self._chunks) * _CHUNK

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`."""
        if self.weight + len(data) > WEIGHT_MAX:
            raise RecipeError(f"a file with more than {WEIGHT_MAX} bytes that are not zero")
        self.written.append((offset, len(data)))
        view, done = memoryview(data), 0
        while done < len(view):
            number, start = divmod(offset + done, _CHUNK)
            part = view[done : done + _CHUNK - start]
            chunk = self._chunks.get(number)
            if len(part) == _CHUNK:
                self._chunks[number] = bytearray(part)
            elif chunk is None:
                self._chunks[number] = bytearray().join((bytes(start), part, bytes(_CHUNK - start - len(part))))
            else:
                if number not in self._own:
                    chunk = self._chunks[number] = bytearray(chunk)
                chunk[start : start + len(part)] = part
            self._own.add(number)
            self._known.pop(number, None)
            done += len(part)

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
        for number in self._between(start, end):
            low, high = max(start - number * _CHUNK, 0), min(_CHUNK, end - number * _CHUNK)
            for offset, data in self._runs(number, low, high):
                for done in range(0, len(data), _PAGE):
                    yield offset + done, data[done : done + _PAGE]

    def _between(self, start: int, end: int) -> list[int]:
        return sorted(n for n in self._chunks if start < (n + 1) * _CHUNK and n * _CHUNK < end)

    def _runs(self, number: int, low: int, high: int) -> list[tuple[int, bytes]]:
        """Rows of non-zero pages inside one chunk."""
        chunk, base = self._chunks[number], number * _CHUNK
        part = chunk if high == _CHUNK else chunk[:high].ljust(_CHUNK, b"\0")
        is_used = [not part.startswith(_ZEROS, page) for page in range(0, _CHUNK, _PAGE)]
        first = low // _PAGE
        found = []
        for page in range(first, len(is_used) + 1):
            if page == len(is_used) or not is_used[page]:
                if first < page:
                    data = bytes(memoryview(chunk)[first * _PAGE : min(page * _PAGE, high)])
                    found.append((base + first * _PAGE, data))
                first = page + 1
        return found

    def extents(self, length: int) -> tuple[tuple[int, bytes], ...]:
        """The non-zero pages below `length`, neighbours joined, as (offset, bytes) in order."""
        found: list[tuple[int, list[bytes]]] = []
        end = -1
        for number in self._between(0, length):
            high = min(_CHUNK, length - number * _CHUNK)
            known = self._known.get(number) if high == _CHUNK else None
            for offset, data in self._runs(number, 0, high) if known is None else known:
                if offset == end:
                    found[-1][1].append(data)
                else:
                    found.append((offset, [data]))
                end = offset + len(data)
        return tuple((offset, b"".join(parts)) for offset, parts in found)


def save(path: Path, extents: Iterable[tuple[int, bytes]], length: int) -> None:
    """Write a sparse file: under another name first, then moved, so that half a file never carries the name.

    Args:
        path: the file; replaced where it exists.
        extents: (offset, bytes).
        length: of the file in bytes.
    """
    partial = path.with_name(f".{path.name}.{os.urandom(8).hex()}.partial")
    file = partial.open("xb")  # what is there already under that name is somebody's, and stays
    try:
        with file:
            for offset, data in extents:
                file.seek(offset)
                file.write(data)
            file.truncate(length)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
