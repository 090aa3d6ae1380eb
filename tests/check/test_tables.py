"""Random tables: what a check says of millions at once is what slow and obvious definitions say of each."""

from __future__ import annotations

import random
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vhdx_format.bulk import BULK
from vhdx_format.rules import RULES

from tests.support.sampling import sampled
from vhdx_runtime.check import Report, check_image, ranges
from vhdx_runtime.check.ranges import Ranges
from vhdx_runtime.codec import decode
from vhdx_runtime.codec.overlay import Overlay
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Expanded, Geometry, Recipe, expand, locator_for
from vhdx_runtime.disk import sorted_extents
from vhdx_runtime.disk.image import Image, load_image
from vhdx_runtime.disk.sorted_extents import Marked, Sorted, distinct, first_marked, windows
from vhdx_runtime.semantics import table
from vhdx_runtime.semantics.presence import UNREADABLE

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
TABLES = 60

# Block size and disk size such that there are few entries, in one chunk or several, and a last block cut short.
SHAPES = {
    "dynamic": Geometry("dynamic", 9 * MIB + 512, 1 * MIB),
    "fixed": Geometry("fixed", 12 * MIB, 2 * MIB),
    "chunks": Geometry("dynamic", 9 * GIB + 4096, 256 * MIB),
    "differencing": Geometry("differencing", 9 * MIB + 512 * 11, 1 * MIB),
    "differencing chunks": Geometry("differencing", 9 * GIB + 4096, 256 * MIB),
    "differencing 4096": Geometry("differencing", 40 * MIB, 8 * MIB, 4096),
}


@dataclass
class Specimen:
    """A healthy file whose table is overwritten again and again; behind its bytes come zeros up to `length`."""

    geometry: Geometry
    made: Expanded
    raw: bytearray
    length: int

    @property
    def ratio(self) -> int:
        return (1 << 23) * self.geometry.logical_sector_size // self.geometry.block_size

    @property
    def blocks(self) -> int:
        return -(-self.geometry.virtual_disk_size // self.geometry.block_size)

    @property
    def count(self) -> int:
        chunks = -(-self.blocks // self.ratio)
        if self.geometry.disk_type == "differencing":
            return chunks * (self.ratio + 1)
        return self.blocks + (self.blocks - 1) // self.ratio

    @property
    def used(self) -> list[int]:
        """Entries of payload blocks and of bitmaps; those between are not used."""
        return [
            i
            for i in range(self.count)
            if i % (self.ratio + 1) == self.ratio or i - i // (self.ratio + 1) < self.blocks
        ]

    def is_bitmap(self, index: int) -> bool:
        return index % (self.ratio + 1) == self.ratio

    def image(self, words: dict[int, int]) -> Image:
        start, length = self.made.plan.extents["bat"]
        self.raw[start : start + length] = bytes(length)
        for index, word in words.items():
            struct.pack_into("<Q", self.raw, start + 8 * index, word)
        return load_image(Overlay(BytesSource(self.raw), {}, [], self.length))


def specimen(name: str, at: random.Random) -> Specimen:
    geometry = SHAPES[name]
    parent = locator_for(Recipe("base")) if geometry.disk_type == "differencing" else None
    made = expand(Recipe(geometry=geometry, parent=parent))
    raw = bytearray(made.to_bytes())
    for _ in range(3):  # bitmaps to point at: long runs of bits that are alike, and few that are mixed
        units = [bytearray(at.choice((b"\0", b"\xff")) * 4096) for _ in range(MIB // 4096)]
        for unit in [units[0], *units[::16]]:
            unit[:16] = at.randbytes(16)
        raw += b"".join(units)
    return Specimen(geometry, made, raw, len(raw) + at.choice((0, 5 * MIB, 600 * MIB)) + at.choice((0, 0, 512)))


def random_words(made: Specimen, at: random.Random) -> dict[int, int]:
    """Entries that are healthy, alike, overlapping, outside or nonsense; some tables are calm and some are wild."""
    wild = at.random()
    first, size = len(made.raw) // MIB - 3, made.geometry.block_size // MIB
    words = {}
    for number, index in enumerate(made.used):
        if at.random() < wild:
            state = at.choice((0, 1, 2, 3, 4, 5, 6, 6, 6, 7, 7))
            place = at.choice(
                (0, 1, 2, first, first + number, made.length // MIB - size, made.length // MIB, 1 << 31, 1 << 43)
            )
            place = max(0, place + (at.randrange(-1, 2) if place > 1 else 0))
            words[index] = state | place << 20 | at.choice((0, 0, 0, 1 << 3, 1 << 19))
        elif made.is_bitmap(index):
            words[index] = 6 | (first + at.randrange(3)) << 20
        else:
            words[index] = at.choice((0, 2, 6 | (first + 3 + number * size) << 20))
    return words


# The slow and obvious definitions.


def overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def expected(made: Specimen, words: dict[int, int], fixed: list[tuple[int, int]]) -> dict[str, int]:
    """Numbers of findings of the rules that compare extents, from their words in the catalogue."""
    size = made.geometry.block_size
    found: Counter[str] = Counter()
    blocks, anchors, named = [], [], []
    for index, word in words.items():
        state, place, bitmap = word & 7, word >> 20 << 20, made.is_bitmap(index)
        if place:
            named.append(place)
            if state >= 6:
                blocks.append((place, place + (MIB if bitmap else size), bitmap))
            elif state in (1, 3) and not bitmap:
                anchors.append((place, place + size))
        if bitmap and made.geometry.disk_type == "differencing" and state >= 6:
            found["BAT-013"] += not place or place + MIB > made.length
        if not bitmap and state >= 6 and place:
            found["BAT-006"] += place + size > made.length
    blocks.sort(key=lambda block: (block[0], block[2]))
    found["BAT-007"] = sum(count > 1 for count in Counter(named).values())
    found["BAT-008"] = sum(
        any(overlap(block[:2], other[:2]) for other in blocks[:number]) for number, block in enumerate(blocks)
    )
    found["BAT-009"] = sum(overlap(block[:2], item) for block in blocks for item in fixed)
    anchors.sort()
    for number, anchor in enumerate(anchors):
        others = [*fixed, *(block[:2] for block in blocks), *anchors[:number]]
        found["BAT-015"] += anchor[1] > made.length or any(overlap(anchor, other) for other in others)
    found["LAY-004"] = free_bytes(made.length, [*fixed, *(block[:2] for block in blocks), *anchors]) > 0
    return {rule: count for rule, count in found.items() if count}


def free_bytes(length: int, used: list[tuple[int, int]]) -> int:
    free, end = 0, 0
    for start, stop in [*sorted(used), (length, length)]:
        free += max(0, min(start, length) - end)
        end = max(end, stop)
    return free


def doubtful_bytes(made: Specimen, words: dict[int, int], fixed: list[tuple[int, int]]) -> int:
    """Bytes of the disk in payload blocks that share a byte with another block or with a fixed object."""
    present = {i: w >> 20 << 20 for i, w in words.items() if w & 7 >= 6 and w >> 20}
    extents = {i: (p, p + (MIB if made.is_bitmap(i) else made.geometry.block_size)) for i, p in present.items()}
    total = 0
    for index, extent in extents.items():
        others = [other for i, other in extents.items() if i != index] + fixed
        if not made.is_bitmap(index) and any(overlap(extent, other) for other in others):
            start = (index - index // (made.ratio + 1)) * made.geometry.block_size
            total += min(made.geometry.block_size, made.geometry.virtual_disk_size - start)
    return total


def lost_ranges(image: Image) -> list[tuple[int, int]]:
    """What reading the whole disk piece by piece calls unreadable, neighbours joined."""
    found: list[tuple[int, int]] = []
    assert image.mapping
    for piece in image.mapping.pieces(0, image.size):
        if piece.kind == UNREADABLE:
            if found and sum(found[-1]) == piece.virtual_offset:
                found[-1] = (found[-1][0], found[-1][1] + piece.length)
            else:
                found.append((piece.virtual_offset, piece.length))
    return found


def cases(name: str) -> Iterator[tuple[int, Specimen, dict[int, int], Image, Report]]:
    at = random.Random(name)
    made = specimen(name, at)
    for number in range(TABLES):
        words = random_words(made, at)
        if number % 7 == 0:
            made.length = len(made.raw) + at.choice((0, 1, 20, 3000)) * MIB + at.choice((0, 512))
        image = made.image(words)
        yield number, made, words, image, check_image(image)


COMPARING = ("BAT-006", "BAT-007", "BAT-008", "BAT-009", "BAT-013", "BAT-015", "LAY-004")


@pytest.mark.parametrize("name", sampled(SHAPES, "fixed", "differencing chunks"))
def test_what_overlaps_or_lies_outside_is_what_comparing_each_with_each_says(name: str) -> None:
    seen: Counter[str] = Counter()
    for number, made, words, _, report in cases(name):
        plan = made.made.plan.extents
        fixed = [(0, MIB), *((plan[k][0], sum(plan[k])) for k in ("log", "bat", "metadata"))]
        found = {rule: count for rule, count in report.totals.items() if rule in COMPARING}
        assert found == expected(made, words, fixed), f"table {number}"
        assert report.doubtful.bytes == doubtful_bytes(made, words, fixed), f"table {number}"
        seen.update(found)
    assert set(seen) >= set(COMPARING) - ({"BAT-013"} if "differencing" not in name else set())


@pytest.mark.parametrize("name", sampled(SHAPES, "fixed", "differencing chunks"))
def test_the_entries_that_break_a_rule_are_those_of_which_decode_says_so(name: str) -> None:
    for number, made, words, _, report in cases(name):
        parent = "has_parent" if made.geometry.disk_type == "differencing" else "no_parent"
        found: Counter[str] = Counter()
        for index, word in words.items():
            kind = "sector_bitmap" if made.is_bitmap(index) else "payload"
            tags = [kind, parent, *(["fixed"] if made.geometry.disk_type == "fixed" else [])]
            raw = word.to_bytes(8, "little")
            broken = {finding.rule for finding in decode.findings(decode.structure("bat_entry", raw), tags)}
            if kind == "sector_bitmap" and parent == "no_parent" and word & 7:
                broken = {"BAT-011"}
            found.update(broken)
        judged = {rule: count for rule, count in report.totals.items() if rule in BULK["bat_entry"]}
        assert judged == found, f"table {number}"
        places = {f.place.structure for f in report.findings if f.rule in judged}
        assert all(RULES[rule].structure == "bat_entry" for rule in judged)
        assert places <= {f"bat[{index}]" for index in words}


@pytest.mark.parametrize("name", sampled(SHAPES, "fixed", "differencing chunks"))
def test_what_cannot_be_read_is_what_the_mapping_cannot_read(name: str) -> None:
    lost = 0
    for number, _, _, image, report in cases(name):
        slow = lost_ranges(image)
        assert report.lost.bytes == sum(length for _, length in slow), f"table {number}"
        assert list(report.lost.ranges) == slow[: len(report.lost.ranges)], f"table {number}"
        assert report.lost.is_complete == (len(report.lost.ranges) == len(slow)), f"table {number}"
        lost += bool(slow)
    assert lost > TABLES // 4


@pytest.mark.parametrize("name", sampled(["chunks", "differencing chunks"], "differencing chunks"))
def test_a_table_cut_into_other_parts_yields_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [(report.totals, report.lost, report.doubtful) for *_, report in cases(name)]
    monkeypatch.setattr(table, "CHUNK", 7)
    monkeypatch.setattr(sorted_extents, "STEP", 3)
    assert [(report.totals, report.lost, report.doubtful) for *_, report in cases(name)] == whole


def test_a_finding_names_an_entry_that_has_the_offset() -> None:
    at = random.Random(4)
    made = specimen("dynamic", at)
    for _ in range(TABLES):
        words = random_words(made, at)
        for finding in check_image(made.image(words)).findings:
            if finding.rule in ("BAT-006", "BAT-008", "BAT-009", "BAT-015"):
                index = int(finding.place.structure.removeprefix("bat[").removesuffix("]"))
                assert finding.place.file_offset == made.made.plan.extents["bat"][0] + 8 * index
                assert (words[index] & 7 >= 6) == (finding.rule != "BAT-015")


STARTS = st.lists(st.integers(0, 40), max_size=12)


@given(STARTS, st.integers(1, 9), st.tuples(st.integers(0, 50), st.integers(0, 50)), st.booleans())
def test_sorted_extents_answer_as_a_loop_does(
    starts: list[int], length: int, span: tuple[int, int], wide: bool
) -> None:
    base = 1 << 40 if wide else 0
    extents = Sorted(np.array([base + start for start in starts], np.uint64 if wide else np.uint32), length)
    ordered = sorted(base + start for start in starts)
    first, last = base + min(span), base + max(span)
    lows, highs = extents.touching(np.array([first], np.uint64), np.array([last], np.uint64))
    inside = [i for i, start in enumerate(ordered) if start <= last and start + length > first]
    assert list(range(int(lows[0]), int(highs[0]))) == inside
    assert extents.first_ending_behind(first) == sum(start + length <= first for start in ordered)
    clashing = [i for i in range(1, len(ordered)) if ordered[i] < ordered[i - 1] + length]
    assert np.flatnonzero(extents.overlapping_their_predecessors()).tolist() == clashing
    covered = {at for start in ordered for at in range(start, start + length) if at < last}
    before = slice(0, sum(start < last for start in ordered))
    found = [at for start, end in (extents.runs(before, last << 20) >> 20).tolist() for at in range(start, end)]
    assert found == sorted(covered)


@given(STARTS, STARTS, st.integers(1, 5), st.integers(1, 5))
def test_extents_on_others_are_those_of_which_a_loop_says_so(
    mine: list[int], theirs: list[int], length: int, other: int
) -> None:
    extents, others = Sorted(np.array(mine, np.uint32), length), Sorted(np.array(theirs, np.uint64), other)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_extents, "STEP", 3)
        found = [start + at for start, marks in extents.on_others(others) for at in np.flatnonzero(marks).tolist()]
    ordered = sorted(mine)
    clashes = [any(start < at + other and at < start + length for at in theirs) for start in ordered]
    assert found == [number for number, clash in enumerate(clashes) if clash]


@given(st.lists(st.lists(st.integers(0, 9), max_size=20), min_size=1, max_size=3), st.integers(1, 4))
def test_windows_part_all_arrays_at_the_same_values(numbers: list[list[int]], step: int) -> None:
    arrays = [np.array(sorted(some), np.uint64 if number else np.uint32) for number, some in enumerate(numbers)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_extents, "STEP", step)
        found = list(windows(*arrays))
    for number, array in enumerate(arrays):
        assert [at for parts in found for at in range(len(array))[parts[number]]] == list(range(len(array)))
    spans = [[int(x) for array, part in zip(arrays, parts, strict=True) for x in array[part]] for parts in found]
    held = [span for span in spans if span]
    assert all(max(one) < min(two) for one, two in pairwise(held))
    assert all(len(distinct(array[part])) <= step for parts in found for array, part in zip(arrays, parts, strict=True))


@given(st.lists(st.tuples(st.integers(0, 70), st.integers(1, 3)), max_size=25), st.sets(st.integers(0, 70)), st.data())
def test_marked_extents_are_told_from_others_in_any_order(
    some: list[tuple[int, int]], chosen: set[int], data: st.DataObject
) -> None:
    wide = data.draw(st.booleans())
    values = [start << 40 * wide for start, count in some for _ in range(count)]  # wide: the lowest bits are all alike
    extents = Sorted(np.array(values, np.uint64 if wide else np.uint32), 1)
    marks = np.array([int(start) >> 40 * wide in chosen for start in extents.starts], dtype=bool)
    asked = data.draw(st.permutations(values))
    found = Marked(extents, marks).among(np.array(asked, np.uint64)).tolist()
    assert found == [value >> 40 * wide in chosen for value in asked]
    assert first_marked(marks, 3) == [at for at, mark in enumerate(marks) if mark][:3]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=30), st.integers(1, 6), st.integers(0, 30))
def test_ranges_are_counted_and_listed_as_far_as_there_is_room(
    steps: list[tuple[int, int]], room: int, split: int
) -> None:
    starts, lengths, end = [], [], 0
    for gap, length in steps:
        starts.append(end + gap)
        lengths.append(length)
        end += gap + length
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "LISTED", room)
        made = Ranges()
        for part in (slice(0, split), slice(split, None)):
            made.add(np.array(starts[part], np.int64), np.array(lengths[part], np.int64))
    joined: list[list[int]] = []
    for start, length in zip(starts, lengths, strict=True):
        if length and joined and sum(joined[-1]) == start:
            joined[-1][1] += length
        elif length:
            joined.append([start, length])
    assert made.bytes == sum(lengths)
    assert [list(one) for one in made.listed] == joined[:room]
    assert made.is_complete == (len(joined) <= room)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), st.booleans()), max_size=30), st.integers(1, 6))
def test_joined_ranges_are_the_first_of_both(steps: list[tuple[int, int, bool]], room: int) -> None:
    whole, end = [], 0
    for gap, length, is_first in steps:
        whole.append((end + gap, length, is_first))
        end += gap + length
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "LISTED", room)
        made = []
        for wanted in (True, False):
            chosen = np.array([one[:2] for one in whole if one[2] == wanted], np.int64).reshape(-1, 2)
            part = Ranges()
            part.add(chosen[:, 0], chosen[:, 1])
            made.append(part)
        both = made[0].joined(made[1])
    expected = [one[:2] for one in whole]
    assert both.bytes == sum(length for _, length in expected)
    assert both.listed == expected[: len(both.listed)]
    assert both.is_complete == (both.listed == expected)
    assert both.is_complete or len(both.listed) >= room - 1 or not all(part.is_complete for part in made)
