"""Raw images to convert, other things to convert from, and what came of them."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import vhdx_runtime as vhdx
from vhdx_runtime.check import check_image


def sparse(path: Path, size: int, *parts: tuple[int, bytes]) -> bytes:
    """Write a sparse raw file, and give its bytes, made without reading it."""
    flat = bytearray(size)
    with open(path, "wb") as file:
        file.truncate(size)
        for offset, data in parts:
            os.pwrite(file.fileno(), data, offset)
            flat[offset : offset + len(data)] = data
    return bytes(flat)


def guest(path: Path) -> bytes:
    """What the guest sees, of an image that a full check finds nothing wrong with."""
    with vhdx.open(path) as disk:
        assert [finding.message for finding in check_image(disk.image).findings] == []
        return disk.read_at(0, disk.size)


def stored(path: Path) -> int:
    """Bytes that a file takes on its file system."""
    return path.stat().st_blocks * 512


class Thing:
    """Something that has a size and can be read, and nothing else."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


class Pipe(io.RawIOBase):
    """A stream that gives what it likes, but not more than asked for."""

    name = "pipe"

    def __init__(self, data: bytes, most: int = 70_001) -> None:
        super().__init__()
        self._rest = memoryview(data)
        self._most = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), len(self._rest), self._most)
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count
