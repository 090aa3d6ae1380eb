"""An overlay against a plain bytearray to which the same updates were made, one after another."""

from __future__ import annotations

import random

import pytest

from vhdx_runtime.codec.overlay import Overlay, Page, merge_ranges
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.semantics.log.state import Updates

PAGE = 4096


def scene(seed: int) -> tuple[Overlay, bytes]:
    """Random updates, through `Updates` and by hand; the middle bytes of every page lie in the base itself."""
    chance = random.Random(seed)
    base = chance.randbytes(40 * PAGE)
    flat = bytearray(base)
    updates = Updates()
    for number in range(chance.randrange(1, 60)):
        start = chance.randrange(60) * PAGE
        if chance.random() < 0.5:
            length = chance.randrange(0, 6) * PAGE
            updates.zero(start, length)
            _put(flat, start, bytes(length))
        else:
            leading, trailing = chance.randbytes(8), chance.randbytes(4)
            source = chance.randrange(40 * PAGE - 4084)
            updates.write(start, Page(leading, source, trailing, (0, number)))
            _put(flat, start, leading + base[source : source + 4084] + trailing)
    size = max(len(base), updates.end, chance.randrange(70) * PAGE)
    flat += bytes(size - len(flat))
    return Overlay(BytesSource(base, "base"), updates.settle(), merge_ranges(updates.ranges), size), bytes(flat)


def _put(flat: bytearray, start: int, data: bytes) -> None:
    if data and len(flat) < start + len(data):
        flat += bytes(start + len(data) - len(flat))
    flat[start : start + len(data)] = data


@pytest.mark.parametrize("seed", range(60))
def test_reads_equal_those_of_a_flat_copy_with_the_updates_applied_in_order(seed: int) -> None:
    overlay, flat = scene(seed)
    assert overlay.size == len(flat)
    chance = random.Random(seed)
    for _ in range(60):
        offset = chance.randrange(len(flat) + 10)
        length = chance.choice((0, 1, 7, 4096, 5000, chance.randrange(len(flat))))
        assert overlay.read_at(offset, length) == flat[offset : offset + length], f"seed {seed}"
        buffer = bytearray(b"\xff" * length)
        count = overlay.readinto_at(offset, memoryview(buffer))
        assert buffer[:count] == flat[offset : offset + length]
        assert count == len(flat[offset : offset + length])


@pytest.mark.parametrize("seed", range(60))
def test_touches_is_false_only_where_the_bytes_are_those_of_the_base(seed: int) -> None:
    overlay, _ = scene(seed)
    chance = random.Random(seed)
    for _ in range(60):
        offset, length = chance.randrange(overlay.size + 1), chance.randrange(1, 5 * PAGE)
        kinds = {kind for _, _, kind in overlay.pieces(offset, length)}
        past = offset + length > overlay.base.size
        assert overlay.touches(offset, length) == (past or kinds != {"base"}), f"seed {seed}"


def test_pieces_tile_the_range() -> None:
    overlay, flat = scene(3)
    position = 0
    for start, length, _ in overlay.pieces(0, overlay.size):
        assert start == position
        assert length > 0
        position += length
    assert position == len(flat)


def test_a_range_of_zeros_of_an_exabyte_costs_nothing() -> None:
    updates = Updates()
    updates.zero(1 << 20, 1 << 60)
    overlay = Overlay(BytesSource(b"x" * 4096, "base"), updates.settle(), merge_ranges(updates.ranges), updates.end)
    assert overlay.read_at(1 << 59, 5) == bytes(5)
    assert overlay.read_at(0, 2) == b"xx"
