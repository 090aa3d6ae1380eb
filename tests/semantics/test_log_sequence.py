"""The active sequence against the specification's own procedure, written out literally, on random rings."""

from __future__ import annotations

import random

import pytest

from vhdx_runtime.semantics.log.entries import LogEntry, data_offset
from vhdx_runtime.semantics.log.state import active, runs

SECTOR = 4096


def entry(position: int, length: int, tail: int, sequence: int, broken: str = "") -> LogEntry:
    return LogEntry(position, length, tail, sequence, 0, bytes(16), 0, 0, broken)


def by_the_book(entries: list[LogEntry], log_length: int) -> list[LogEntry]:
    """MS-VHDX 2.3.3 as steps: try every start, follow the entries, keep the sequence with the newest head."""
    at = {item.log_offset: item for item in entries if not item.broken}
    best: list[LogEntry] = []
    tail = 0
    while tail < log_length:
        found: list[LogEntry] = []
        position, used = tail, 0
        while used < log_length:
            item = at.get(position)
            follows = not found or (item is not None and item.sequence_number == found[-1].sequence_number + 1)
            if item is None or not follows or used + item.length > log_length:
                break
            found.append(item)
            used += item.length
            position = (position + item.length) % log_length
        valid = bool(found) and any(item.log_offset == found[-1].tail for item in found)
        if valid and (not best or found[-1].sequence_number > best[-1].sequence_number):
            best = found
        tail += SECTOR
    if not best:
        return []
    start = next(i for i, item in enumerate(best) if item.log_offset == best[-1].tail)
    return best[start:]


def random_ring(chance: random.Random) -> tuple[list[LogEntry], int]:
    """Entries that share no sector, some in sequence, some stale, some broken, laid round the ring from anywhere."""
    sectors = chance.randrange(4, 24)
    length = sectors * SECTOR
    position, used, sequence = chance.randrange(sectors), 0, chance.randrange(1, 50)
    entries: list[LogEntry] = []
    places: list[int] = []
    while used < sectors:
        size = min(chance.choice((1, 1, 2, 3)), sectors - used)
        if chance.random() < 0.8:
            here = (position + used) % sectors * SECTOR
            places.append(here)
            tail = chance.choice(places[-3:]) if chance.random() < 0.8 else chance.randrange(sectors) * SECTOR
            broken = "LOG-003" if chance.random() < 0.1 else ""
            entries.append(entry(here, size * SECTOR, tail, sequence, broken))
        sequence = sequence + 1 if chance.random() < 0.85 else chance.randrange(1, 50)
        used += size
    return sorted(entries, key=lambda item: item.log_offset), length


@pytest.mark.parametrize("seed", range(20))
def test_active_sequence_is_that_of_the_written_procedure(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(200):
        entries, length = random_ring(chance)
        mine, book = active(entries, length), by_the_book(entries, length)
        heads = [run[-1].sequence_number for run in runs(entries, length)]
        if len(set(heads)) < len(heads):  # two heads of one number: the specification leaves the choice open
            assert bool(mine) == bool(book)
        else:
            assert mine == book, f"seed {seed}"


def test_every_valid_entry_is_in_exactly_one_run() -> None:
    chance = random.Random(7)
    for _ in range(200):
        entries, length = random_ring(chance)
        held = [item.log_offset for run in runs(entries, length) for item in run]
        assert sorted(held) == [item.log_offset for item in entries if not item.broken]


def test_a_full_ring_of_single_sectors_ends_and_is_one_run() -> None:
    count = 5000
    first = 1234
    ring = [entry(i * SECTOR, SECTOR, first * SECTOR, (i - first) % count + 1) for i in range(count)]
    found = active(ring, count * SECTOR)
    assert [item.sequence_number for item in found] == list(range(1, count + 1))


def test_newest_run_with_a_tail_outside_itself_gives_way_to_an_older_one() -> None:
    older = [entry(0, SECTOR, 0, 5), entry(SECTOR, SECTOR, 0, 6)]
    newer = [entry(4 * SECTOR, SECTOR, 0, 9)]
    assert active(older + newer, 8 * SECTOR) == older


@pytest.mark.parametrize(
    ("count", "size"), [(0, 4096), (126, 4096), (127, 8192), (126 + 128, 8192), (126 + 129, 12288)]
)
def test_descriptor_sectors_hold_126_then_128_descriptors(count: int, size: int) -> None:
    assert data_offset(count) == size
