"""Every node has an address, and shows the bytes that stand there. What to expect is typed or comes from the recipe."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any

import pytest

from tests.inspect.support import EXTRA, KIB, MIB, SPECIMENS, Node, at, below, loaded, made, nodes
from vhdx_runtime.inspect import find, read, resolve, tree

CASES: list[tuple[str, str, int, int, Any]] = [
    # specimen, address, file offset, size, value
    ("dynamic", "file_identifier.signature", 0, 8, "vhdxfile"),
    ("dynamic", "file_identifier.creator", 8, 512, "vhdx-runtime conformance"),
    ("dynamic", "header_1.sequence_number", 0x10008, 8, 1),
    ("dynamic", "header_2.sequence_number", 0x20008, 8, 2),
    ("dynamic", "header_2.log_offset", 0x20048, 8, MIB),
    ("dynamic", "header_2.reserved", 0x20050, 4016, None),
    ("dynamic", "header_1_padding", 0x11000, 60 * KIB, None),
    ("dynamic", "region_table_2.header.entry_count", 0x40008, 4, 2),
    ("dynamic", "region_table_1.entries[0].guid", 0x30010, 16, "2dc27766-f623-4200-9d64-115e9bfd4a08"),
    ("dynamic", "region_table_2.entries[1].guid", 0x40030, 16, "8b7ca206-4790-4b9a-b8fe-575f050f886e"),
    ("dynamic", "region_table_1.entries[1].flags", 0x3004C, 4, 1),
    ("dynamic", "region_table_1.entries[1].required", 0x3004C, 4, 1),
    ("dynamic", "region_table_1.unused", 0x30050, 65536 - 16 - 64, None),
    ("dynamic", "header_section_tail", 0x50000, 704 * KIB, None),
    ("dynamic", "metadata.table.header.signature", 2 * MIB, 8, "metadata"),
    ("dynamic", "metadata.table.header.entry_count", 2 * MIB + 10, 2, 5),
    ("dynamic", "metadata.table.entries[0].item_id", 2 * MIB + 32, 16, "caa16737-fa36-4d43-b3b6-33f0aa44e76b"),
    ("dynamic", "metadata.table.entries[0].is_required", 2 * MIB + 32 + 24, 4, 1),
    ("dynamic", "metadata.items.file_parameters.block_size", 2 * MIB + 64 * KIB, 4, MIB),
    ("dynamic", "metadata.items.file_parameters.has_parent", 2 * MIB + 64 * KIB + 4, 4, 0),
    ("dynamic", "bat[0]", 3 * MIB, 8, 0x400006),
    ("dynamic", "bat[0].state", 3 * MIB, 8, 6),
    ("dynamic", "bat[0].file_offset_mb_low", 3 * MIB, 8, 4),
    ("dynamic", "bat[3]", 3 * MIB + 24, 8, 2),
    ("dynamic", "block[2]", 5 * MIB, MIB, 6),
    ("differencing", "metadata.items.file_parameters.has_parent", 2 * MIB + 64 * KIB + 4, 4, 1),
    ("differencing", "bat[4096]", 3 * MIB + 8 * 4096, 8, 0x400006),
    ("differencing", "bitmap[0]", 4 * MIB, MIB, 6),
    ("differencing", "block[0]", 5 * MIB, MIB, 7),
    ("wrapped", "log.entries[1].header.sequence_number", MIB + 9 * 4096 + 16, 8, 3),
    ("items", "regions[1]", 4 * MIB, MIB, EXTRA),
    ("items", "metadata.items.item[5]", None, 3, None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "offset", "size", "value"), CASES, ids=lambda part: str(part)[:50])
def test_an_address_leads_to_its_bytes(name: str, path: str, offset: int | None, size: int, value: Any) -> None:
    raw = made(name).to_bytes()
    with loaded(raw) as image:
        node = at(tree(image), path)
        assert node.size == size
        if offset is not None:
            assert node.offset == offset
        if value is not None:
            assert node.value == value
        if name != "wrapped":
            start = node.offset or 0
            assert b"".join(read(node)) == raw[start : start + size]


def test_a_user_item_is_shown_with_its_bytes() -> None:
    with loaded(made("items").to_bytes()) as image:
        node = at(tree(image), "metadata.items.item[5]")
        empty = at(tree(image), "metadata.items.item[6]")
        assert b"".join(read(node)) == b"123"
        assert node.meaning == "user item"
        assert (empty.size, empty.extents) == (0, ())


def test_locator_pairs_are_found_by_their_keys() -> None:
    raw = made("differencing").to_bytes()
    locator = SPECIMENS["differencing"].parent
    assert locator is not None
    pairs = dict(locator.pairs)
    with loaded(raw) as image:
        for key, value in pairs.items():
            node = at(tree(image), f"parent_locator.{key}")
            assert node.value == value
            start = node.offset or 0
            assert raw[start : start + node.size].decode("utf-16-le") == value
        node = at(tree(image), "parent_locator.header.key_value_count")
        assert node.value == len(pairs)


def test_every_node_is_found_at_its_own_address() -> None:
    for name in SPECIMENS:
        with loaded(made(name).to_bytes()) as image:
            root = tree(image)
            found = list(nodes(root))
            doubled = [path for path, count in Counter(node.path for node in found).items() if count > 1]
            assert not doubled, name
            for node in found:
                again = find(root, node.path)
                assert again is not None, node.path
                assert same(again, node), node.path


def same(first: Node, second: Node) -> bool:
    """The same but for a remark: a block asked for by itself also says why it cannot be read."""
    keys = ("name", "kind", "parts", "extents", "value", "raw", "findings")
    return all(getattr(first, key) == getattr(second, key) for key in keys) and first.note.startswith(second.note)


@pytest.mark.parametrize(
    ("path", "reached", "missing"),
    [
        ("header_3", "", "header_3"),
        ("header_1.nonsense", "header_1", "nonsense"),
        ("header_1.signature.more", "header_1.signature", "more"),
        ("bat[99999999]", "", "bat[99999999]"),
        ("block[4]", "", "block[4]"),
        ("bat[0].nonsense", "bat[0]", "nonsense"),
        ("region_table_1.entries[2]", "region_table_1", "entries[2]"),
        (".", "", ""),
        ("log..x", "log", ""),
    ],
)
def test_a_wrong_address_is_followed_as_far_as_it_goes(path: str, reached: str, missing: str | None) -> None:
    with loaded(made("dynamic").to_bytes()) as image:
        root = tree(image)
        node, rest = resolve(root, path)
        assert (node.path, rest) == (reached, missing)
        assert find(root, path) is None


def test_a_list_of_alike_nodes_is_found_by_their_common_name() -> None:
    with loaded(made("wrapped").to_bytes()) as image:
        root = tree(image)
        for path, count in (("log.entries", 3), ("region_table_1.entries", 2), ("metadata.table.entries", 5)):
            assert len(below(at(root, path))) == count


def test_an_entry_that_goes_round_the_log_is_one_node() -> None:
    expanded = made("wrapped")
    raw = expanded.to_bytes()
    with loaded(raw) as image:
        root = tree(image)
        found = {node.details["sequence_number"]: node for node in nodes(root) if node.structure == "log_entry"}
        entry = found[40]
        start = MIB + 254 * 4096
        length = struct.unpack_from("<I", raw, start + 8)[0]
        assert length > 2 * 4096
        assert entry.parts == ((start, 2 * 4096), (MIB, length - 2 * 4096))
        assert b"".join(read(entry)) == raw[start : start + 2 * 4096] + raw[MIB : MIB + length - 2 * 4096]
        assert [found[number].details["status"] for number in (3, 40, 41)] == ["stale", "live", "live"]


def test_a_torn_entry_says_why_it_is_broken_and_keeps_what_is_left() -> None:
    with loaded(made("torn").to_bytes()) as image:
        first = at(tree(image), "log.entries[0]")
        assert first.details["status"] == "broken"
        assert first.details["rule"] == "LOG-020"
        assert first.size == 2 * 4096
        sectors = at(tree(image), "log.entries[0].data_sectors[0].signature")
        assert sectors.value == "data"


def test_what_replay_changes_is_shown_and_marked() -> None:
    raw = made("wrapped").to_bytes()
    with loaded(raw) as image:
        entry = at(tree(image), "bat[0]")
        assert entry.from_log
        assert entry.raw == bytes.fromhex("0600400000000000")
        assert entry.stored == raw[3 * MIB : 3 * MIB + 8] == bytes(8)
        assert b"".join(read(entry)) == entry.raw
        untouched = at(tree(image), "region_table_1.header.signature")
        assert not untouched.from_log
    with loaded(raw, log="ignore") as image:
        entry = at(tree(image), "region_table_1.entries[0].guid")
        assert not entry.from_log


def test_broken_rules_stand_at_the_field_that_breaks_them() -> None:
    raw = bytearray(made("dynamic").to_bytes())
    raw[0] ^= 1
    raw[0x208 + 5] = 7
    raw[0x20042] = 9
    raw[0x11000] = 1
    struct.pack_into("<Q", raw, 3 * MIB, 0x400006 | 1 << 10)
    struct.pack_into("<Q", raw, 3 * MIB + 8, 4)
    raw[3 * MIB + 100] = 1
    with loaded(bytes(raw)) as image:
        found = {(node.path, finding.rule) for node in nodes(tree(image)) if node.path for finding in node.findings}
    assert found >= {
        ("file_identifier.signature", "FTI-001"),
        ("file_identifier.reserved", "FTI-005"),
        ("header_2.checksum", "HDR-002"),
        ("header_1_padding", "HDR-016"),
        ("bat[0]", "BAT-002"),
        ("bat[1]", "BAT-003"),
        ("bat.slack", "BAT-018"),
    }
