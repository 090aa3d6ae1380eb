"""A file on a medium that can lose its power: what was not flushed may be there or not, sector by sector.

Shares nothing with what writes through it. A medium writes whole sectors of 512 bytes, in any order.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

SECTOR = 512


class Medium:
    """A target in memory. `fails` is called before each call with its name and may raise."""

    name = "disk.vhdx"
    fd = None
    path = ""

    def __init__(self, content: bytes, path: str = "", fails: Callable[[str], None] | None = None) -> None:
        self.base = content
        self.path = path
        self.size = len(content)
        self.calls: list[str] = []
        self.last_offset = 0
        self.fails = fails
        self._now: dict[int, bytes] = {}
        self._durable: dict[int, bytes] = {}
        self._durable_size = self.size
        self._flying: dict[int, list[bytes]] = {}
        self._sizes: list[int] = []

    @property
    def identity(self) -> Any:
        return ("medium", id(self))

    def _old(self, number: int) -> bytes:
        return self.base[number * SECTOR : (number + 1) * SECTOR].ljust(SECTOR, b"\0")

    def read_at(self, offset: int, length: int) -> bytes:
        self._call("read")
        return self._read(offset, length)

    def _read(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self.size)
        if end <= offset:
            return b""
        first, last = offset // SECTOR, -(-end // SECTOR)
        raw = bytearray(self.base[first * SECTOR : last * SECTOR].ljust((last - first) * SECTOR, b"\0"))
        for number in self._between(first, last):
            raw[(number - first) * SECTOR : (number - first + 1) * SECTOR] = self._now[number]
        return bytes(raw[offset - first * SECTOR : end - first * SECTOR])

    def _between(self, first: int, last: int) -> list[int]:
        if last - first < len(self._now):
            return [number for number in range(first, last) if number in self._now]
        return [number for number in self._now if first <= number < last]

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        data = self.read_at(offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write_at(self, offset: int, data: Any) -> None:
        self.last_offset = offset
        self._call("write")
        self._put(offset, bytes(data))

    def _put(self, offset: int, data: bytes) -> None:
        if offset + len(data) > self.size:
            self._set_size(offset + len(data))
        first, last = offset // SECTOR, -(-(offset + len(data)) // SECTOR)
        before = self._read(first * SECTOR, offset - first * SECTOR)
        after = self._read(offset + len(data), last * SECTOR - offset - len(data))
        whole = before + data + after.ljust(last * SECTOR - offset - len(data), b"\0")
        for number in range(first, last):
            self._set(number, whole[(number - first) * SECTOR : (number - first + 1) * SECTOR])

    def _set(self, number: int, sector: bytes) -> None:
        self._now[number] = sector
        self._flying.setdefault(number, []).append(sector)

    def resize(self, size: int) -> None:
        self.last_offset = size
        self._call("resize")
        self._set_size(size)

    def _set_size(self, size: int) -> None:
        if size < self.size:
            for number in {*self._now, *range(size // SECTOR, len(self.base) // SECTOR)}:
                if number * SECTOR >= size:
                    self._set(number, bytes(SECTOR))
        self.size = size
        self._sizes.append(size)

    def flush(self) -> None:
        self._call("flush")
        self._durable = dict(self._now)
        self._durable_size = self.size
        self._flying, self._sizes = {}, []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.fails:
            self.fails(name)

    def close(self) -> None:
        """The bytes stay."""

    def content(self) -> bytes:
        return self._read(0, self.size)

    def cut(self, seed: int) -> bytes:
        """The file after the power was cut."""
        chance = random.Random(seed)
        likely = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        sectors = dict(self._durable)
        for number, values in self._flying.items():
            if chance.random() < likely:
                sectors[number] = chance.choice(values)
        size = chance.choice([self._durable_size, *self._sizes])
        whole = bytearray(self.base[:size].ljust(size, b"\0"))
        for number, sector in sectors.items():
            if number * SECTOR < size:
                whole[number * SECTOR : (number + 1) * SECTOR] = sector
        return bytes(whole[:size])
