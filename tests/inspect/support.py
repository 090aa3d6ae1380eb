"""What the tests of the tree share: the specimens, that leaves are the file, and a naive reading of references."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.mutators import Target, targets
from vhdx_runtime.codec.source import Readable, open_source
from vhdx_runtime.conformance import (
    Bat,
    Bitmap,
    Block,
    Expanded,
    ExtraRegion,
    FieldOverride,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    Recipe,
    RegionTables,
    Write,
    Zeros,
    expand,
    locator_for,
    make_guid,
)
from vhdx_runtime.disk.image import Image, load_image
from vhdx_runtime.inspect import Node, find, leaves, tree

KIB, MIB = 1 << 10, 1 << 20
SECTOR = 4096
LOG_SECTORS = 256
EXTRA = make_guid("an unknown region")
BAT_GUID = bytes.fromhex("6677c22d23f600429d64115e9bfd4a08")
METADATA_GUID = bytes.fromhex("06a27c8b90479a4bb8fe575f050f886e")
FILE_PARAMETERS = bytes.fromhex("3767a1ca36fa434db3b633f0aa44e76b")
DISK_SIZE = bytes.fromhex("2442a52f1bcd7648b2115dbed83bf4b8")
SECTOR_SIZE = bytes.fromhex("1dbf41816fa90947ba47f233a8faab5f")

SPECIMENS: dict[str, Recipe] = {
    "dynamic": Recipe(bat=Bat((Block(0, fills=(Fill(0, 9000),)), Block(2, fills=()), Block(3, 2)))),
    "anchored": Recipe(bat=Bat((Block(0, fills=()), Block(1, 1, anchored=True), Block(3, 3, anchored=True)))),
    "fixed": Recipe(geometry=Geometry("fixed", 3 * MIB, logical_sector_size=4096), bat=Bat((Block(1, fills=()),))),
    "differencing": Recipe(
        geometry=Geometry("differencing", 3 * MIB),
        bat=Bat((Block(0, 7, fills=(Fill(0, 9000),), sectors=((0, 3), (9, 1), (100, 1000))), Block(1, fills=()))),
        parent=locator_for(Recipe("base"), is_full=True),
    ),
    "wrapped": Recipe(
        bat=Bat((Block(0, fills=(Fill(0, 9000),)), Block(1, fills=()))),
        log=Log(
            (
                LogEntry((Write("metadata", 800 * KIB, b"old" * 4096),), sequence_number=3, position=SECTOR * 9),
                LogEntry((Hide("bat"), Hide("metadata")), sequence_number=40, position=SECTOR * (LOG_SECTORS - 2)),
                LogEntry((Zeros("metadata", 700 * KIB),)),
            )
        ),
    ),
    "dirty child": Recipe(
        geometry=Geometry("differencing", 3 * MIB),
        bat=Bat((Block(1, 7, fills=(Fill(0, 9000),), sectors=((0, 3),)),)),
        log=Log((LogEntry((Hide("bitmap[0]"), Hide("bat"), Hide("region_table_1")), split=1, torn=()),)),
        parent=locator_for(Recipe("base")),
    ),
    "torn": Recipe(
        bat=Bat((Block(0, fills=()),)),
        log=Log((LogEntry((Write("bat", 0, bytes(3 * SECTOR)),), torn=(2,)), LogEntry((Zeros("bat", SECTOR),)))),
    ),
    "items": Recipe(
        metadata=Metadata(
            extra=(Item(make_guid("u"), b"123", is_user=True), Item(make_guid("e"), b"")), gap=5, data_order=(4, 2)
        ),
        headers=(HeaderCopy(5), HeaderCopy(5)),
        regions=RegionTables(extra=(ExtraRegion(EXTRA, content=b"secret"),), order=("metadata", EXTRA, "bat")),
    ),
    "spaced": Recipe(
        geometry=Geometry("differencing", 5 * MIB),
        bat=Bat(
            (Block(0, 6, fills=()), Block(2, 7, fills=(), sectors=((5, 9),))),
            bitmaps=(Bitmap(0, sectors=((9000, 20),)),),
            spacing_mb=1,
            order="descending",
        ),
        parent=locator_for(Recipe("base")),
        file_order=("metadata", "blocks", "log", "bat"),
    ),
    "overlapping blocks": Recipe(
        bat=Bat((Block(0, fills=()), Block(1, fills=()), Block(2, 6, file_offset_mb=None), Block(3, fills=()))),
        overrides=(
            FieldOverride("bat[1]", "file_offset_mb_low", 4),
            FieldOverride("bat[2]", "file_offset_mb_low", 3),
            FieldOverride("bat[3]", "file_offset_mb_low", 900),
        ),
    ),
    "overlapping regions": Recipe(
        overrides=tuple(FieldOverride(f"region_table_{n}", "entries[1].file_offset", MIB) for n in (1, 2)),
    ),
    "no header": Recipe(headers=(HeaderCopy(1, damage="zeroed"), HeaderCopy(2, damage="bad_checksum"))),
    "no region table": Recipe(regions=RegionTables(damage=("bad_checksum", "bad_checksum"))),
}


@cache
def made(name: str) -> Expanded:
    """A specimen, expanded."""
    return expand(SPECIMENS[name])


@cache
def zoo() -> tuple[tuple[str, bytes, list[Target]], ...]:
    """The specimens as bytes, and the places where damage does something."""
    return tuple((name, made(name).to_bytes(), targets(made(name))) for name in SPECIMENS)


@contextmanager
def loaded(file: Readable | Path, **options: Any) -> Iterator[Image]:
    """An image, loaded as far as it goes."""
    image = load_image(open_source(file), **options)
    try:
        yield image
    finally:
        image.close()


def nodes(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for child in node.children() if node.children is not None else ():
        yield from nodes(child)


def at(root: Node, path: str) -> Node:
    """The node at an address; it must be there."""
    node = find(root, path)
    assert node is not None, path
    return node


def below(node: Node) -> list[Node]:
    """The children of a node."""
    assert node.children is not None, node.path
    return list(node.children())


def assert_partition(image: Image) -> list[Node]:
    """The extents of all leaves are the file, each byte once; returns the leaves."""
    found = list(leaves(tree(image)))
    pieces = sorted((start, length, leaf.path) for leaf in found for start, length in leaf.extents or ())
    position = 0
    for start, length, path in pieces:
        assert length > 0, f"{path} owns an empty extent"
        assert start == position, f"{path} starts at {start:#x}, the leaf before ends at {position:#x}"
        position += length
    assert position == image.source.size
    return found


def assert_nothing_referenced_is_unknown(image: Image, found: list[Node]) -> None:
    """No leaf that is called unknown covers a byte that a naive reader finds a reference to."""
    unknown = [extent for leaf in found if leaf.kind == "unknown" for extent in leaf.extents or ()]
    for start, end, what in references(image):
        for offset, length in unknown:
            assert end <= offset or start >= offset + length, f"{what}, {start:#x} to {end:#x}, is called unknown"


def references(image: Image) -> Iterator[tuple[int, int, str]]:
    """Every range that a structure points at, by plain struct formats: start, end (exclusive) and what it is.

    Takes nothing from the image but which header and region table count, and the bytes after replay.
    """
    view = image.view

    def number(form: str, offset: int) -> tuple[Any, ...] | None:
        raw = view.read_at(offset, struct.calcsize(form))
        return struct.unpack(form, raw) if len(raw) == struct.calcsize(form) else None

    for slot in (64 * KIB, 128 * KIB):
        place = number("<IQ", slot + 68)
        if place:
            yield place[1], place[1] + place[0], f"log of the header at {slot:#x}"
    current = image.regions.current
    for table in (192 * KIB, 256 * KIB):
        count = number("<I", table + 8)
        for entry in range(min(count[0], 2047) if count else 0):
            place = number("<16sQI", table + 16 + 32 * entry)
            if place:
                yield place[1], place[1] + place[2], f"region of the table at {table:#x}"
    if current is None:
        return
    regions: dict[bytes, tuple[int, int]] = {}
    for entry in range(min((number("<I", current.placed.file_offset + 8) or (0,))[0], 2047)):
        guid, start, length = number("<16sQI", current.placed.file_offset + 16 + 32 * entry) or (b"", 0, 0)
        regions.setdefault(guid, (start, length))
    items: dict[bytes, int] = {}
    if METADATA_GUID in regions:
        start, length = regions[METADATA_GUID]
        head = number("<8sHH", start) if length >= 64 * KIB else None
        for entry in range(min(head[2], 2047) if head and head[0] == b"metadata" else 0):
            place = number("<16sIII", start + 32 + 32 * entry)
            if place:
                yield start + place[1], start + place[1] + place[2], f"metadata item {entry}"
                if not place[3] & 1:
                    items.setdefault(place[0], start + place[1])
    if image.geometry is not None and BAT_GUID in regions:
        yield from _blocks(number, items, regions[BAT_GUID])


def _blocks(number: Any, items: dict[bytes, int], bat: tuple[int, int]) -> Iterator[tuple[int, int, str]]:
    block_size, flags = number("<II", items[FILE_PARAMETERS])
    (size,) = number("<Q", items[DISK_SIZE])
    (sector,) = number("<I", items[SECTOR_SIZE])
    ratio = (1 << 23) * sector // block_size
    blocks = -(-(size - size % sector) // block_size)
    count = blocks + (blocks - 1) // ratio
    if flags & 2:
        count = -(-blocks // ratio) * (ratio + 1)
    for index in range(min(count, bat[1] // 8)):
        word = (number("<Q", bat[0] + 8 * index) or (0,))[0]
        place = word >> 20 << 20
        is_bitmap = index % (ratio + 1) == ratio
        if place and (is_bitmap or index - index // (ratio + 1) < blocks):
            yield place, place + (MIB if is_bitmap else block_size), f"entry {index} of the BAT"
