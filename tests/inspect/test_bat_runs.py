"""The BAT as runs says of every entry what the entry says by itself, and ownership is what a map of all MiB says."""

from __future__ import annotations

import random
import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inspect.support import MIB, SPECIMENS, at, below, loaded, made
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.disk.sizes import table_at
from vhdx_runtime.inspect import find, space, tree, words
from vhdx_runtime.inspect.claims import Claims, gaps
from vhdx_runtime.semantics import table as semantics
from vhdx_runtime.semantics.bat import Bat
from vhdx_runtime.semantics.geometry import Geometry

STATE = 7
PLACE = 0xFFFFFFFFFFF00000


def table(entries: list[int], geometry: Geometry) -> Bat:
    raw = struct.pack(f"<{len(entries)}Q", *entries)
    return table_at(BytesSource(raw), geometry, 0, geometry.entry_count)


def shape(blocks: int, *, has_parent: bool = False, block_size: int = 256 * MIB, sector: int = 512) -> Geometry:
    return Geometry(has_parent, False, blocks * block_size, block_size, sector, 4096)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[int], Geometry]:
    """A small table with chunks of 16 blocks, full of entries that continue one another or nearly do."""
    geometry = shape(draw(st.integers(1, 80)), has_parent=draw(st.booleans()))
    entries: list[int] = []
    while len(entries) < geometry.entry_count + 3:
        first = draw(st.sampled_from((0, 0, 6, 7, 3, 2, 4))) | draw(st.integers(0, 40)) << 20
        first |= draw(st.sampled_from((0, 0, 0, 8, 0xFFFF8, 0xFFFFF << 44)))
        step = draw(st.sampled_from((0, geometry.block_size, geometry.block_size, MIB)))
        for number in range(draw(st.integers(1, 20))):
            entries.append((first + number * step) % (1 << 64))
    return entries[: geometry.entry_count + draw(st.integers(0, 3))], geometry


def expected(word: int, number: int, block_size: int) -> int:
    """What the entry so many places behind the first one of a run must hold."""
    return word + number * block_size if word & STATE >= 6 else word


@given(tables())
def test_runs_cover_the_table_and_tell_every_entry(made_up: tuple[list[int], Geometry]) -> None:
    entries, geometry = made_up
    position = 0
    for run in words.runs(table(entries, geometry), geometry):
        assert run.first == position
        for number in range(run.entries):
            index = run.first + number
            assert entries[index] == expected(run.word, number, geometry.block_size)
            owner = words.owner(geometry, index)
            if run.word:
                assert owner == (run.owner, run.number + number)
            assert (owner[0] == words.UNUSED) == (run.owner == words.UNUSED)
        position += run.entries
    assert position == min(len(entries), geometry.entry_count)


@given(tables())
def test_neighbouring_runs_do_not_continue_one_another(made_up: tuple[list[int], Geometry]) -> None:
    entries, geometry = made_up
    found = list(words.runs(table(entries, geometry), geometry))
    for before, after in pairwise(found):
        following = expected(before.word, before.entries, geometry.block_size)
        alike = before.owner == after.owner and (before.word & PLACE or before.word & STATE < 6)
        assert not (alike and after.word == following)


def test_a_table_in_chunks_gives_the_runs_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    at_random = random.Random(1)
    geometry = shape(200)
    entries = [at_random.choice((0, 6 | 5 << 20)) for _ in range(geometry.entry_count)]
    entries[40:160] = [6 | (1000 + 256 * number) << 20 for number in range(120)]
    whole = list(words.runs(table(entries, geometry), geometry))
    for chunk in (1, 2, 7, 64):
        monkeypatch.setattr(semantics, "CHUNK", chunk)
        assert list(words.runs(table(entries, geometry), geometry)) == whole


def test_of_a_table_that_is_cut_off_the_entries_that_are_there_are_told_and_no_others() -> None:
    geometry = shape(1 << 18, has_parent=True)
    for held in (0, 1, 5):
        bat = table_at(BytesSource(bytes(held * 8 + 7)), geometry, 0, geometry.entry_count)
        assert bat.is_cut
        assert sum(run.entries for run in words.runs(bat, geometry)) == held


@pytest.mark.parametrize("name", sorted(SPECIMENS.keys() - {"no region table", "overlapping regions"}))
def test_runs_of_the_tree_and_single_entries_agree(name: str) -> None:
    with loaded(made(name).to_bytes()) as image:
        assert image.bat is not None
        root = tree(image)
        count = 0
        for run in below(at(root, "bat")):
            if run.name == "slack":
                continue
            first, entries = int(str(run.details["index"])), int(str(run.details.get("count", 1)))
            assert first == count
            for index in {first, first + entries // 2, first + entries - 1}:
                entry = at(root, f"bat[{index}]")
                assert entry.offset == (run.offset or 0) + 8 * (index - first)
                assert entry.meaning == run.meaning or not run.value
                assert entry.details["state"] == run.details["state"]
            count += entries
        assert count == image.bat.entry_count
        assert find(root, f"bat[{count}]") is None


def naive_owners(entries: list[int], geometry: Geometry, taken: range, file_mib: int) -> dict[int, tuple[str, int]]:
    """Owner of every MiB of the file: present blocks in the order of the table, then the others that name a place."""
    owners: dict[int, tuple[str, int]] = {}
    for is_first in (True, False):
        for index in range(min(len(entries), geometry.entry_count)):
            kind, number = words.owner(geometry, index)
            state, place = entries[index] & STATE, entries[index] >> 20
            present = state == 6 if kind == "sector_bitmap" else state >= 6
            if kind == "unused" or not place or present != is_first:
                continue
            size = 1 if kind == "sector_bitmap" else geometry.block_size // MIB
            for unit in range(place, min(place + size, file_mib)):
                if unit not in taken:
                    owners.setdefault(unit, (kind, number))
    return owners


@given(tables(), st.integers(0, 30), st.integers(0, 10), st.integers(1, 500))
def test_every_mib_has_the_owner_that_a_naive_map_gives_it(
    made_up: tuple[list[int], Geometry], start: int, length: int, file_mib: int
) -> None:
    entries, geometry = made_up
    bat = table(entries, geometry)
    fixed = Claims()
    fixed.claim(start * MIB, min(start + length, file_mib) * MIB, "log")
    measured = space.measure(bat, geometry, fixed, file_mib * MIB)
    owners = naive_owners(entries, geometry, range(start, start + length), file_mib)
    found: dict[int, Any] = {}
    for index in range(bat.entry_count):
        kind, number = words.owner(geometry, index)
        run = words.Run(index, 1, kind, number, entries[index])
        if kind == "unused" or not run.file_offset:
            continue
        for low, high in measured.zone(space.span_of(run, geometry.block_size)).owned:
            for unit in range(low // MIB, -(-high // MIB)):
                assert unit not in found
                found[unit] = (kind, number)
    assert found == owners
    used = {unit for low, high in measured.ranges() for unit in range(low // MIB, -(-high // MIB))}
    assert used - set(range(start, start + length)) == set(owners)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=12))
def test_the_first_claimant_owns_a_byte(ranges: list[tuple[int, int]]) -> None:
    claims = Claims()
    owners: dict[int, str] = {}
    for number, (start, length) in enumerate(ranges):
        gained = claims.claim(start, start + length, str(number))
        mine = {place for place in range(start, start + length) if place not in owners}
        assert {place for low, high in gained for place in range(low, high)} == mine
        owners |= dict.fromkeys(mine, str(number))
    held = {place: name for low, high, name in claims.holders(0, 100) for place in range(low, high)}
    assert held == owners
    free = {place for low, high in gaps(claims, within=(0, 60)) for place in range(low, high)}
    assert free == set(range(60)) - set(owners)
