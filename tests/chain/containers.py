"""Tiny containers built by hand from plain struct formats, and chains of them opened."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from crc32c import crc32c

import vhdx_runtime as vhdx
from vhdx_runtime.disk.chain import Chain, Link, open_chain
from vhdx_runtime.disk.image import open_image

MIB = 1 << 20
NIL = "00000000-0000-0000-0000-000000000000"
LOCATOR_TYPE = "B04AEFB7-D19E-4A81-B789-25B8E9445913"
REGIONS = {"bat": "2DC27766-F623-4200-9D64-115E9BFD4A08", "metadata": "8B7CA206-4790-4B9A-B8FE-575F050F886E"}
ITEMS = {
    "parameters": "CAA16737-FA36-4D43-B3B6-33F0AA44E76B",
    "size": "2FA54224-CD1B-4876-B211-5DBED83BF4B8",
    "id": "BECA12AB-B2E6-4523-93EF-C309E000C746",
    "logical": "8141BF1D-A96F-4709-BA47-F233A8FAAB5F",
    "physical": "CDA348C7-445D-4471-9CC9-E9885251C556",
    "locator": "A8D35F2D-B30B-454D-ABF7-D3D84834AB0C",
}
Pairs = list[tuple[str, str]]


def guid(name: str) -> str:
    """A GUID of its own for each name."""
    return str(uuid5(UUID(int=1), name))


def raw_guid(text: str) -> bytes:
    return UUID(text).bytes_le


def sealed(data: bytes, size: int) -> bytes:
    """`data` in `size` bytes with the checksum in its second four."""
    whole = bytearray(data.ljust(size, b"\0"))
    whole[4:8] = struct.pack("<I", crc32c(bytes(whole)))
    return bytes(whole)


def header(sequence: int, data_write: str) -> bytes:
    fields = raw_guid(guid("file write")) + raw_guid(data_write) + bytes(16)
    return sealed(struct.pack("<4sIQ", b"head", 0, sequence) + fields + struct.pack("<HHIQ", 0, 1, MIB, MIB), 4096)


def region_table() -> bytes:
    entries = raw_guid(REGIONS["bat"]) + struct.pack("<QII", 3 * MIB, MIB, 1)
    entries += raw_guid(REGIONS["metadata"]) + struct.pack("<QII", 2 * MIB, MIB, 1)
    return sealed(struct.pack("<4sIII", b"regi", 0, 2, 0) + entries, 65536)


def locator_item(pairs: Pairs, kind: str = LOCATOR_TYPE) -> bytes:
    position, entries, strings = 20 + 12 * len(pairs), b"", b""
    for key, value in ((key.encode("utf-16-le"), value.encode("utf-16-le", "surrogatepass")) for key, value in pairs):
        entries += struct.pack("<IIHH", position, position + len(key), len(key), len(value))
        strings += key + value
        position += len(key) + len(value)
    return raw_guid(kind) + struct.pack("<HH", 0, len(pairs)) + entries + strings


def metadata(items: dict[str, tuple[bytes, int]]) -> bytes:
    table, body, position = struct.pack("<8sHH", b"metadata", 0, len(items)).ljust(32, b"\0"), b"", 65536
    for name, (value, flags) in items.items():
        table += raw_guid(ITEMS[name]) + struct.pack("<IIII", position, len(value), flags, 0)
        body += value
        position += len(value)
    return table.ljust(65536, b"\0") + body


def image(
    name: str,
    pairs: Pairs | None = None,
    *,
    data_write: str | None = None,
    locator: bytes | None = None,
    has_parent: bool | None = None,
    logical: int = 512,
    block: int = MIB,
    size: int = 4 * MIB,
    other_header: str | None = None,
) -> bytes:
    """An empty disk of the format's own bytes: dynamic, or differencing where there are pairs."""
    child = (pairs is not None or locator is not None) if has_parent is None else has_parent
    items = {
        "parameters": (struct.pack("<II", block, 2 if child else 0), 4),
        "size": (struct.pack("<Q", size), 6),
        "id": (raw_guid(guid("disk")), 6),
        "logical": (struct.pack("<I", logical), 6),
        "physical": (struct.pack("<I", 4096), 6),
    }
    found = locator if locator is not None else locator_item(pairs) if pairs is not None else None
    if found is not None:
        items["locator"] = (found, 4)
    current = header(8, data_write or guid(name))
    file = bytearray(4 * MIB)
    for offset, data in (
        (0, b"vhdxfile"),
        (65536, header(7, other_header) if other_header else current),
        (131072, current),
        (196608, region_table()),
        (262144, region_table()),
        (2 * MIB, metadata(items)),
    ):
        file[offset : offset + len(data)] = data
    return bytes(file)


def to(parent: str, *paths: tuple[str, str]) -> Pairs:
    """Pairs that name a parent by its linkage and where it should be."""
    return [("parent_linkage", f"{{{guid(parent)}}}"), *(paths or [("relative_path", f".\\{parent}.vhdx")])]


class Folder:
    """A folder to put images in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, name: str, pairs: Pairs | None = None, *, where: str = "", **options: Any) -> Path:
        path = self.path / (where or f"{name}.vhdx")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image(name, pairs, **options))
        return path


@contextmanager
def chain_of(file: Any, **options: Any) -> Iterator[Chain]:
    child = open_image(file)
    try:
        chain = open_chain(child, **options)
    except BaseException:
        child.close()
        raise
    yield chain
    chain.close()


def links(file: Any, **options: Any) -> tuple[Link, ...]:
    with chain_of(file, **options) as chain:
        return chain.links


def refusal(file: Any, **options: Any) -> vhdx.ChainError:
    with pytest.raises(vhdx.ChainError) as caught, chain_of(file, **options):
        pass
    return caught.value


@contextmanager
def opened_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Files that are opened meanwhile; a folder in which a name is looked up is none."""
    found: list[str] = []
    real = os.open

    def remember(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if not flags & os.O_DIRECTORY:
            folder = options.get("dir_fd")
            found.append(os.fspath(path) if folder is None else f"{os.readlink(f'/proc/self/fd/{folder}')}/{path}")
        return real(path, flags, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", remember)
        yield found


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
