"""Blocks that share their bytes get places of their own: every block reads what it read, and none lies on another.

What a block reads is taken from the file by hand, by the entry that is there.
"""

from __future__ import annotations

import os
import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.repair.support import current_header, digest, planned
from tests.support.sampling import examples
from vhdx_runtime.change import undo
from vhdx_runtime.change.relocation import Lengthened, Move
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import BytesSource, Source
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Hide, Log, LogEntry, Recipe, expand
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.repair.plan import Plan, Wishes
from vhdx_runtime.repair.planners import bat_apart
from vhdx_runtime.write.recording import Recording, crashes
from vhdx_runtime.write.target import FileTarget

MIB = 1 << 20
TABLE = 3 * MIB
FRONT, END, SIZE = 4, 20, 2  # where the tables end, the file ends, and the length of a block, in MiB
RATIO = 2048  # payload blocks of a chunk
SHARED = ("BAT-007", "BAT-008")
AGREED = Wishes(offered=frozenset(SHARED), keep=SHARED.__contains__)

FLAT = Recipe("flat", geometry=Geometry(virtual_disk_size=8 * SIZE * MIB, block_size=SIZE * MIB))
PARENT = Recipe("parent", geometry=Geometry(virtual_disk_size=(9 << 30), block_size=SIZE * MIB))
CHILD = Recipe("child", geometry=Geometry(disk_type="differencing", virtual_disk_size=(9 << 30), block_size=SIZE * MIB))
PAYLOAD = (0, 1, RATIO + 1, RATIO + 2, 2 * RATIO + 2)  # indices of entries, in three chunks
BITMAPS = (RATIO, 2 * RATIO + 1, 3 * RATIO + 2)


def file_of(recipe: Recipe, words: dict[int, int]) -> bytes:
    """A file of 20 MiB in which no two pages behind the tables are alike, with these entries."""
    made = expand(recipe, *([expand(PARENT)] if recipe is CHILD else []))
    data = bytearray(made.to_bytes()[: FRONT * MIB].ljust(FRONT * MIB, b"\0"))
    data += random.Random("pages").randbytes((END - FRONT) * MIB)
    for index, word in words.items():
        data[TABLE + 8 * index : TABLE + 8 * index + 8] = word.to_bytes(8, "little")
    return bytes(data)


def word_at(source: Source, index: int) -> int:
    return int.from_bytes(source.read_at(TABLE + 8 * index, 8), "little")


def extent(index: int, word: int) -> tuple[int, int]:
    """Where the block of an entry lies, in MiB."""
    return word >> 20, (word >> 20) + (1 if index in BITMAPS else SIZE)


def overlap(one: tuple[int, int], two: tuple[int, int]) -> bool:
    return one[0] < two[1] and two[0] < one[1]


def carried_out(data: bytes, undo_path: Path, wanted: Wishes = AGREED) -> tuple[Plan, Recording]:
    plan, recording = planned(BytesSource(data), wanted), Recording(data)
    if plan.changes.operations:
        assert not apply(plan, recording, undo_path).failure
    return plan, recording


def apart(words: dict[int, int]) -> bool:
    """No two blocks in the file share a byte."""
    spans = [extent(*item) for item in words.items() if item[1] & 7 >= 6]
    return not any(overlap(one, two) for one, two in combinations(spans, 2))


def bytes_of(source: Source, words: dict[int, int]) -> dict[int, bytes]:
    """What the blocks in the file read, by index of the entry."""
    spans = {index: extent(index, word) for index, word in words.items() if word & 7 >= 6}
    return {index: source.read_at(start * MIB, (end - start) * MIB) for index, (start, end) in spans.items()}


def moved_apart(data: bytes, words: dict[int, int], undo_path: Path) -> tuple[dict[int, int], Recording]:
    """The entries after the repair, and the file; undone once, and found as it was."""
    assume(not apart(words))
    plan, after = carried_out(data, undo_path)
    _, again = carried_out(data, undo_path.with_suffix(".again"))
    undo.restore(undo.load(undo_path), after)
    assert not after.changed()
    assert not plan.changes.changed
    return {index: word_at(again, index) for index in words}, again


def is_moved_for_a_reason(index: int, words: dict[int, int]) -> bool:
    """Its block shares bytes with another one."""
    mine = extent(index, words[index])
    return any(overlap(mine, extent(*item)) for item in words.items() if item[0] != index and item[1] & 7 >= 6)


@examples(40)
@given(st.lists(st.sampled_from((0, *range(FRONT, END - SIZE + 1))), min_size=8, max_size=8))
def test_blocks_that_overlap_are_all_kept(tmp_path_factory: pytest.TempPathFactory, places: list[int]) -> None:
    words = {index: at << 20 | 6 if at else 0 for index, at in enumerate(places)}
    data = file_of(FLAT, words)
    after, file = moved_apart(data, words, tmp_path_factory.mktemp("flat") / "undo")
    assert bytes_of(file, after) == bytes_of(BytesSource(data), words)
    assert apart(after)
    assert all(is_moved_for_a_reason(index, words) for index, word in words.items() if after[index] != word)
    assert not set(SHARED) & check_image(load_image(file)).totals.keys()


@examples(40)
@given(
    st.lists(st.integers(FRONT, END - SIZE), min_size=5, max_size=5),
    st.lists(st.sampled_from((6, 7, 7)), min_size=5, max_size=5),
    st.lists(st.integers(FRONT, END - 1), min_size=3, max_size=3),
)
def test_bitmaps_that_overlap_are_kept_where_blocks_need_them(
    tmp_path_factory: pytest.TempPathFactory, places: list[int], states: list[int], bitmaps: list[int]
) -> None:
    words = {index: at << 20 | state for index, at, state in zip(PAYLOAD, places, states, strict=True)}
    words |= {index: at << 20 | 6 for index, at in zip(BITMAPS, bitmaps, strict=True)}
    data = file_of(CHILD, words)
    after, file = moved_apart(data, words, tmp_path_factory.mktemp("child") / "undo")
    let_go = {index for index in BITMAPS if not after[index]}
    needed = {index // (RATIO + 1) for index in PAYLOAD if words[index] & 7 == 7}
    assert not {index // (RATIO + 1) for index in let_go} & needed
    kept = {index: word for index, word in words.items() if index not in let_go}
    assert bytes_of(file, after) == bytes_of(BytesSource(data), kept)
    assert {index: after[index] & 7 for index in kept} == {index: word & 7 for index, word in kept.items()}
    assert apart(after)
    assert all(is_moved_for_a_reason(index, words) for index, word in words.items() if after[index] != word)
    assert not set(SHARED) & check_image(load_image(file)).totals.keys()


@given(st.lists(st.sampled_from((0, *range(FRONT, END + 4))), min_size=7, max_size=7), st.integers(END - 1, END + 4))
def test_a_plan_with_a_block_outside_copies_nothing(places: list[int], outside: int) -> None:
    words = {index: at << 20 | 6 if at else 0 for index, at in enumerate((*places, outside))}
    plan = planned(BytesSource(file_of(FLAT, words)), AGREED)
    assert not plan.changes.operations
    assert not plan.declined


TWO = {0: 6 << 20 | 6, 1: 7 << 20 | 6}


def test_two_blocks_are_moved_apart_by_one_copy_at_the_end(tmp_path: Path) -> None:
    data = file_of(FLAT, TWO)
    plan, after = carried_out(data, tmp_path / "undo")
    (step,) = plan.steps
    assert step.repair.moves == (Move(7 * MIB, END * MIB, SIZE * MIB),)
    assert (step.repair.new_size, after.size) == ((END + SIZE) * MIB,) * 2
    assert [word_at(after, index) for index in TWO] == [6 << 20 | 6, END << 20 | 6]
    assert current_header(BytesSource(data))["data"] == current_header(after)["data"], "no byte of the disk changes"


def test_without_consent_nothing_is_copied_and_nothing_given_up(tmp_path: Path) -> None:
    for wanted in (Wishes(), Wishes(lossy=True)):
        plan = planned(BytesSource(file_of(FLAT, TWO)), wanted)
        assert not plan.changes.operations
        assert [(item.repair.consent, item.reason) for item in plan.declined] == [
            ("offered", "needs consent: --offer BAT-008")
        ]


def test_a_cut_anywhere_in_copying_is_no_harm(tmp_path: Path) -> None:
    data = file_of(FLAT, TWO)
    plan, recording = carried_out(data, tmp_path / "undo")
    kept, seen = undo.load(tmp_path / "undo"), 0
    expected = [data[at * MIB : (at + SIZE) * MIB] for at in (6, 7)]
    for label, file in crashes(plan.changes.image.source, recording.events):
        with load_image(file) as image:
            assert image.mapping is not None, label
            for block, wanted in enumerate(expected):
                (piece,) = image.mapping.pieces(block * SIZE * MIB, SIZE * MIB)
                assert image.view.read_at(piece.file_offset, piece.length) == wanted, label
        undo.restore(kept, file)
        assert not file.changed(), label
        seen += 1
    assert seen > 10


def test_what_replay_of_the_log_puts_there_is_copied(tmp_path: Path) -> None:
    same = (Fill(0, SIZE * MIB, random.Random("same").randbytes(SIZE * MIB)),)
    table = Bat((Block(0, fills=same), Block(1, fills=same, file_offset_mb=FRONT)))
    log = Log((LogEntry((Hide("bat"), Hide("payload[0]", 0, 8192))),))
    made = expand(Recipe("dirty", geometry=FLAT.geometry, bat=table, log=log))
    data, block = made.to_bytes(), made.expected.read(0, SIZE * MIB)
    assert data[FRONT * MIB :][:8192] == bytes(8192), "only the log has it"
    _, after = carried_out(data, tmp_path / "undo", Wishes(offered=frozenset(SHARED)))
    places = [word_at(after, index) >> 20 for index in (0, 1)]
    assert len(set(places)) == 2
    assert [after.read_at(place * MIB, SIZE * MIB) for place in places] == [block, block]
    undo.restore(undo.load(tmp_path / "undo"), after)
    assert after.content() == data


def test_holes_of_a_block_stay_holes(tmp_path: Path) -> None:
    path = tmp_path / "sparse.vhdx"
    head = file_of(FLAT, TWO)[: FRONT * MIB]
    with path.open("wb") as file:
        file.write(head)
        file.truncate(END * MIB)
        os.pwrite(file.fileno(), b"\x5a" * 4096, 8 * MIB)
    before = digest(path)
    plan = planned(path, AGREED)
    with FileTarget(path) as target:
        assert not apply(plan, target, tmp_path / "undo").failure
        (one, other) = (word_at(target, index) >> 20 for index in TWO)
        assert (one, other) == (6, END)
        assert target.read_at((END + 1) * MIB, 4096) == b"\x5a" * 4096
        assert path.stat().st_blocks * 512 < (FRONT + 1) * MIB
        undo.restore(undo.load(tmp_path / "undo"), target)
    assert digest(path) == before
    plan.changes.image.close()


def test_what_is_too_much_to_copy_is_given_up_only_with_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bat_apart, "_BLOCKS", 0)
    data = file_of(FLAT, TWO)
    plan = planned(BytesSource(data), AGREED)
    assert [item.reason for item in plan.declined] == ["gives something up: --lossy"]
    plan, after = carried_out(data, tmp_path / "undo", Wishes(lossy=True))
    assert [word_at(after, index) for index in TWO] == [6 << 20 | 6, 2]
    assert plan.changes.changed == ((SIZE * MIB, 2 * SIZE * MIB),)


def test_while_a_block_lies_outside_nothing_is_put_behind_the_end(tmp_path: Path) -> None:
    words = {0: 6 << 20 | 6, 1: 6 << 20 | 6, 2: END - 1 << 20 | 6, 3: END << 20 | 3}
    data = file_of(FLAT, words)
    assert not planned(BytesSource(data), AGREED).steps
    assert not planned(BytesSource(data), Wishes(offered=frozenset(SHARED), lossy=True, keep="BAT-008".__eq__)).steps
    plan, after = carried_out(
        data,
        tmp_path / "undo",
        Wishes(offered=frozenset(SHARED), lossy=True, keep={*SHARED, "BAT-006", "BAT-015"}.__contains__),
    )
    assert [step.repair.rules for step in plan.steps] == [("BAT-006",), ("BAT-015",), SHARED]
    assert [word_at(after, index) >> 20 for index in words] == [6, END + 1, END - 1, 0]
    assert (
        after.read_at(6 * MIB, SIZE * MIB)
        == after.read_at((END + 1) * MIB, SIZE * MIB)
        == data[6 * MIB :][: SIZE * MIB]
    )
    assert after.read_at((END - 1) * MIB, SIZE * MIB) == data[(END - 1) * MIB :].ljust(SIZE * MIB, b"\0")


@given(
    st.binary(min_size=0, max_size=50),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5), st.integers(1, 20)), max_size=4),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), max_size=8),
)
def test_a_file_with_copies_behind_its_end_reads_as_a_flat_one(
    data: bytes, parts: list[tuple[int, int, int]], reads: list[tuple[int, int]]
) -> None:
    flat, moves = data, []
    for source, gap, length in parts:
        moves.append(Move(source, len(flat) + gap, length))
        flat += bytes(gap) + data[source : source + length].ljust(length, b"\0")
    view = Lengthened(BytesSource(data), moves)
    assert view.size == len(flat)
    for offset, length in [*reads, (0, view.size)]:
        assert view.read_at(offset, length) == flat[offset : offset + length]
        buffer = bytearray(b"\xff" * length)
        count = view.readinto_at(offset, memoryview(buffer))
        assert bytes(buffer) == flat[offset : offset + count] + b"\xff" * (length - count)
    assert all(copy.data == flat[copy.file_offset :][: copy.length] for copy in view.copies())
