"""Whatever a crash leaves, nothing acknowledged is lost, nothing foreign shows, and every reader takes the file."""

from __future__ import annotations

import ast
import random
from itertools import chain, combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.crash.campaign import laboratory
from tests.crash.images import FOREIGN, LARGE, SHAPES, WIDE, Shape, base, dirty
from tests.crash.laboratory import OURS, Outcome
from tests.crash.ours import judged
from tests.crash.sparse import Sparse
from tests.crash.states import KINDS, Event, Medium
from tests.crash.verifier import MIB, PAGE, ZERO, Reading
from tests.crash.writer import opened
from vhdx_runtime.write.recording import Recording

PARTS, FEW, MANY = 4, 3000, 20_000  # distinct states in all
FIRST_OF_MANY = 1_000_000  # trials that the shorter test does not do
KNOWING = {"ours.py", "writer.py", "fault.py", "campaign.py", "report.py"}
KNOWING |= {"faults_headers.py", "faults_log.py", "faults_space.py"}
ALL = (*SHAPES, *LARGE, WIDE)


def tried(first: int, step: int, states: int) -> Outcome:
    """Do trials until there are enough distinct states, and fail at what is wrong."""
    outcome, here, number = Outcome(), laboratory(OURS), first
    while len(outcome.keys) < states:
        here.trial(number, outcome)
        number += step
        assert not outcome.findings, "\n".join(outcome.findings)
    return outcome


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_and_nothing_foreign_shows_wherever_the_power_is_cut(part: int) -> None:
    outcome = tried(part, PARTS, FEW // PARTS)
    assert outcome.ours > len(outcome.keys) // 12
    assert outcome.states["level 2"] > FEW // PARTS // 10
    assert outcome.states["level 3"] > FEW // PARTS // 60


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2 * PARTS))
def test_nothing_is_lost_in_many_states(part: int) -> None:
    outcome = tried(FIRST_OF_MANY + part, 2 * PARTS, MANY // PARTS // 2)
    assert outcome.ours > len(outcome.keys) // 12


@pytest.mark.parametrize("shape", ALL, ids=lambda shape: shape.name)
def test_the_files_to_start_from_are_sound_and_full_of_what_nobody_may_see(shape: Shape) -> None:
    made = base(shape, 5)
    reading = Reading(made.file, made.parent_page if made.parents else None)
    each = shape.block_size // PAGE
    pages = [block * each + n for block in shape.hot for n in (0, 1, each - 1)]
    pages = [page for page in pages if page * PAGE < shape.size]
    assert judged(made.file, made, reading, pages, is_closed=True) == ""
    assert FOREIGN in made.file.layers[0].values()
    assert all(FOREIGN[:512] not in reading.disk_page(page) for page in pages)
    if made.parents and not shape.parent:
        below = Reading(made.parents[0])
        assert all(below.disk_page(page) == made.parent_page(page) for page in pages)
    assert any(reading.disk_page(page) != ZERO for page in pages) or shape is WIDE


@pytest.mark.parametrize("shape", SHAPES[:-1], ids=lambda shape: shape.name)
@pytest.mark.parametrize("first", [2, 250, 254])
def test_a_file_that_another_writer_left_has_a_log_to_be_replayed_and_grows(shape: Shape, first: int) -> None:
    sound, left = base(shape, 0, False), dirty(base(shape, 0, False), first)
    reading = Reading(left.file, left.parent_page if left.parents else None, is_strict=False)
    before = Reading(sound.file, sound.parent_page if sound.parents else None)
    assert reading.view.size == -(-sound.file.size // MIB) * MIB + shape.block_size
    pages = [block * shape.block_size // PAGE for block in shape.states]
    assert all(reading.disk_page(page) == before.disk_page(page) for page in pages)
    assert judged(left.file, left, reading, pages) == ""


@pytest.mark.parametrize("shape", ALL, ids=lambda shape: shape.name)
def test_opening_and_closing_without_a_write_does_nothing_to_the_file(shape: Shape) -> None:
    made, target = base(shape), Recording(base(shape).file)
    with opened(target, made, random.Random(1)) as disk:
        disk.read_at(0, PAGE)
        disk.flush()
    assert target.events == []


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 30), st.integers(1, 4)),
        st.tuples(st.just("resize"), st.integers(10, 40), st.just(0)),
        st.tuples(st.just("flush"), st.just(0), st.just(0)),
    ),
    max_size=4,
)


@given(EVENTS, st.integers(0, 1 << 32))
def test_a_crash_leaves_only_what_some_choice_of_sectors_leaves(drawn: list[tuple[str, int, int]], seed: int) -> None:
    unit, size = 256, 20 * 256  # half sectors: what is written is not always whole ones
    start = Sparse(({0: b"\xee" * PAGE, 1: b"\xee" * (size - PAGE) + bytes(2 * PAGE - size)},), size)
    events = [Event(kind, at * unit, bytes([mark]) * (count * unit)) for mark, (kind, at, count) in enumerate(drawn, 1)]
    allowed = possible(b"\xee" * size, events)
    medium = Medium(start, lambda offset: False, random.Random(seed))
    for event in events:
        medium.do(event)
    for kind in KINDS:
        left = medium.crash(kind, 512)[0]
        content = left.read_at(0, left.size)
        assert any(content[: len(one)] == one and not any(content[len(one) :]) for one in allowed)


def possible(initial: bytes, events: list[Event]) -> set[bytes]:
    """All that can be left, by trying every choice of sectors since the last flush: the slow and obvious way."""
    now, window, durable = initial, [], initial
    for event in events:
        now = after(now, [event])
        if event.kind == "flush":
            durable, window = now, []
        elif event.kind == "resize":
            window.append(event)
        else:
            first, last = event.offset // 512, -(-(event.offset + len(event.data)) // 512)
            window += [Event("write", n * 512, now[n * 512 : n * 512 + 512]) for n in range(first, last)]
    chosen = chain.from_iterable(combinations(window, count) for count in range(len(window) + 1))
    return {after(durable, list(one)) for one in chosen}


def after(content: bytes, events: list[Event]) -> bytes:
    """A file after events."""
    changed = bytearray(content)
    for kind, offset, data in events:
        if kind == "resize":
            del changed[offset:]
            changed.extend(bytes(offset - len(changed)))
        elif kind == "write":
            changed.extend(bytes(max(0, offset - len(changed))))
            changed[offset : offset + len(data)] = data
    return bytes(changed)


def test_the_judges_know_nothing_of_the_project() -> None:
    for path in Path(__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
        used = {name for name in names if name.startswith(("vhdx_runtime", "vhdx_format"))}
        assert not used or path.name in KNOWING or path.name.startswith("test_"), f"{path.name}: {used}"
        if path.name == "verifier.py":
            assert not any(name.startswith("tests") for name in names)
