"""A dirty log in a file that was cut off: refused, or with salvage replayed as far as it is whole; the rest is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vhdx_runtime as vhdx
from vhdx_runtime.codec.overlay import Overlay, Page
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Bat, Block, Geometry, Hide, Log, LogEntry, Recipe, expand, expand_chain

KIB, MIB, SECTOR = 1 << 10, 1 << 20, 4096
LOGGED = Log((LogEntry((Hide("bat"),)), LogEntry((Hide("payload[2]", 512 * KIB, 8 * KIB, "noise"),))))
# Log at 1 MiB, metadata at 2, table at 3, blocks 0 and 2 of the disk at 4 and 5 MiB.
DIRTY = Recipe(name="dirty", bat=Bat((Block(0), Block(2))), log=LOGGED)
PLACES = {0: 4 * MIB, 2: 5 * MIB}
IN_LOG = range(5 * MIB + 512 * KIB, 5 * MIB + 520 * KIB)


def joined(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(points):
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        elif start < end:
            found.append((start, end))
    return found


def lost_ranges(disk: vhdx.VirtualDisk) -> list[tuple[int, int]]:
    return joined([(r.virtual_offset, r.virtual_offset + r.length) for r in disk.ranges() if r.kind == "unreadable"])


@pytest.mark.parametrize(
    "end",
    [4 * MIB, 4 * MIB + 512, 5 * MIB - SECTOR, 5 * MIB, 5 * MIB + 513 * KIB, 5 * MIB + 600 * KIB, 6 * MIB - 512],
)
def test_a_file_shorter_than_its_log_says_gives_what_it_holds_and_what_the_log_holds(end: int) -> None:
    made = expand(DIRTY)
    flat, raw = made.expected.read(0, made.expected.size), made.to_bytes()[:end]
    with pytest.raises(vhdx.IntegrityError, match="LOG-025") as caught:
        vhdx.open(raw)
    assert "`salvage=True`" in caught.value.hint
    gone = []
    for block, place in PLACES.items():
        edges = sorted({place, place + MIB, *(e for e in (end, IN_LOG.start, IN_LOG.stop) if place < e < place + MIB)})
        gone += [
            (low - place + block * MIB, high - place + block * MIB)
            for low, high in pairwise(edges)
            if low >= end and low not in IN_LOG
        ]
    with vhdx.open(raw, salvage=True) as disk:
        assert disk.image.log.state == "replayed"
        found = disk.read_at(0, disk.size)
        assert lost_ranges(disk) == joined(gone)
        for start, stop in joined([(0, 0), *gone]):
            flat = flat[:start] + bytes(stop - start) + flat[stop:]
        assert found == flat
        assert joined([(r.virtual_offset, r.virtual_offset + r.length) for r in disk.lost]) == joined(gone)


def test_bytes_that_were_never_flushed_are_zeros_after_replay() -> None:
    """LastFileOffset says how long the file becomes; what lies behind FlushedFileOffset is new (MS-VHDX 2.3.3)."""
    log = Log((LogEntry((Hide("bat"),), flushed_file_offset=5 * MIB),))
    made = expand(Recipe(name="growing", bat=Bat((Block(0), Block(2, fills=()))), log=log))
    with vhdx.open(made.to_bytes()[: 5 * MIB]) as disk:
        assert disk.read_at(0, disk.size) == made.expected.read(0, made.expected.size)
        assert lost_ranges(disk) == []


LAST = Recipe(
    name="last",
    bat=Bat((Block(0), Block(2))),
    log=Log((LogEntry((Hide("bat"),)), LogEntry((Hide("metadata", 0, 64 * KIB),))), length=2 * MIB),
    file_order=("metadata", "bat", "blocks", "log"),
)


def test_a_log_cut_off_behind_its_newest_entry_is_replayed_and_one_cut_off_inside_never() -> None:
    made = expand(LAST)
    raw, flat = made.to_bytes(), made.expected.read(0, made.expected.size)
    start = len(raw) - 2 * MIB
    with vhdx.open(raw) as disk:
        whole = disk.image.log.active[-1]
        behind = start + whole.log_offset + whole.length
    for end in [*range(start, behind + 3 * SECTOR, 512), start + MIB, start + 2 * MIB - 512]:
        with pytest.raises(vhdx.IntegrityError, match="HDR-011") as caught:
            vhdx.open(raw[:end])
        assert ("`salvage=True`" in caught.value.hint) is (end >= behind + SECTOR), (
            "named where it helps, and only there"
        )
        if end < behind + SECTOR:  # nobody can tell whether a newer entry followed
            with pytest.raises(vhdx.IntegrityError, match="LOG-024"):
                vhdx.open(raw[:end], salvage=True)
        else:
            with vhdx.open(raw[:end], salvage=True) as disk:
                assert disk.read_at(0, disk.size) == flat
                assert disk.lost == []


def test_entries_of_a_table_behind_the_cut_are_unknown_but_for_those_in_the_log() -> None:
    blocks = (*(Block(number, 3) for number in range(1000)), Block(1000), Block(1200))
    geometry = Geometry(virtual_disk_size=2000 * MIB)
    log = Log((LogEntry((Hide("bat", 0, SECTOR),)),))
    recipe = Recipe(
        "table", geometry=geometry, bat=Bat(blocks), log=log, file_order=("log", "metadata", "blocks", "bat")
    )
    raw = expand(recipe).to_bytes()
    with vhdx.open(raw[: 5 * MIB], salvage=True) as disk:
        assert lost_ranges(disk) == [(512 * MIB, 2000 * MIB)]
        assert disk.read_at(3 * MIB, MIB) == bytes(MIB)


def test_a_sector_bitmap_behind_the_cut_is_no_evidence_for_the_parent() -> None:
    base = Recipe(name="base", bat=Bat((Block(0), Block(1))))
    child = Recipe(
        name="child",
        geometry=Geometry("differencing"),
        bat=Bat((Block(1, 7, sectors=((8, 16),)),), order="descending"),
        log=Log((LogEntry((Hide("bat"),)),)),
    )
    over, top = expand_chain((base, child))
    raw = top.to_bytes()
    assert len(raw) == 6 * MIB  # the block at 4 MiB, its bitmap behind it
    with vhdx.open(raw[: 5 * MIB + 512], parents=[over.to_bytes()], salvage=True) as disk:
        assert lost_ranges(disk) == [(MIB, 2 * MIB)]
        assert disk.read_at(0, MIB) == over.expected.read(0, MIB)


unknown = st.integers(0, 40)


@given(st.data())
def test_an_overlay_knows_which_bytes_are_missing(data: st.DataObject) -> None:
    page = Overlay.page_size
    base = data.draw(st.integers(page, 6 * page))
    size = data.draw(st.integers(base, 10 * page))
    until = data.draw(st.integers(0, 12 * page))
    pages = {
        number: Page(b"L" * 8, 0, b"T" * 4, (0, 0)) for number in data.draw(st.sets(st.integers(0, 9), max_size=3))
    }
    start = data.draw(st.integers(0, 10 * page))
    zeros = data.draw(st.sampled_from([[], [(start, min(start + 3 * page, size))]]))
    zeros = [gap for gap in zeros if gap[0] < gap[1]]
    raw = b"".join((number % 251 + 1).to_bytes(1, "little") for number in range(base)).ljust(page, b"x")[:base]
    over = Overlay(BytesSource(raw), pages, zeros, size, missing_until=until)
    model: list[int | None] = [
        *raw,
        *[None] * (max(0, min(until, size) - base)),
        *[0] * (size - max(base, min(until, size))),
    ]
    for low, high in zeros:
        model[low:high] = [0] * (high - low)
    for number in pages:
        filled = b"L" * 8 + raw[: page - 12] + b"T" * 4
        model[number * page : number * page + len(filled)] = filled
        model = model[:size]
    offset = data.draw(st.integers(0, size))
    known = next((at for at in range(offset, size) if model[at] is None), size)
    assert over.known_end(offset) == known
    assert over.read_at(offset, size) == bytes(model[offset:known])  # type: ignore[arg-type]
    buffer = bytearray(size - offset)
    assert over.readinto_at(offset, memoryview(buffer)) == known - offset
    assert [at for low, high in over.missing for at in range(low, high)] == [
        at for at, byte in enumerate(model) if byte is None
    ]
