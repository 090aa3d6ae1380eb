"""The images that a crash may leave are those that a medium with sectors of 512 bytes can leave."""

from __future__ import annotations

from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from vhdx_runtime.conformance import Bat, Block, Geometry, Recipe, expand
from vhdx_runtime.write.disk import open_writable
from vhdx_runtime.write.patch import Patch, diff, pages
from vhdx_runtime.write.recording import Event, Recording, crashes

SECTOR = 512
INITIAL = b"\xee" * (4 * SECTOR)
EVENTS = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 6), st.integers(1, 3)),
    st.tuples(st.just("resize"), st.integers(4, 9), st.just(0)),
    st.tuples(st.just("flush"), st.just(0), st.just(0)),
)


def played(given_events: list[tuple[str, int, int]]) -> Recording:
    """A recording of events given in sectors; each writes bytes of its own."""
    target = Recording(INITIAL)
    for mark, (kind, at, count) in enumerate(given_events, 1):
        if kind == "write":
            target.write_at(at * SECTOR, bytes([mark]) * (count * SECTOR))
        elif kind == "resize":
            target.resize(at * SECTOR)
        else:
            target.flush()
    return target


def possible(initial: bytes, events: list[Event]) -> set[bytes]:
    """All that can be left, by trying every choice of sectors between flushes: the slow and obvious way."""
    states, durable = {initial}, initial
    window: list[Event] = []
    for event in events:
        if event.kind == "flush":
            durable, window = _after(durable, window), []
            continue
        window += _sectors(event)
        for chosen in chain.from_iterable(combinations(window, count) for count in range(len(window) + 1)):
            states.add(_after(durable, list(chosen)))
    return states


def _sectors(event: Event) -> list[Event]:
    if event.kind == "resize":
        return [event]
    return [Event("write", event.offset + at, event.data[at : at + SECTOR]) for at in range(0, len(event.data), SECTOR)]


def _after(content: bytes, events: list[Event]) -> bytes:
    changed = bytearray(content)
    for kind, offset, data in events:
        if kind == "resize":
            del changed[offset:]
            changed.extend(bytes(offset - len(changed)))
        else:
            changed.extend(bytes(max(0, offset - len(changed))))
            changed[offset : offset + len(data)] = data
    return bytes(changed)


@given(st.lists(EVENTS, max_size=5))
def test_a_crash_leaves_only_what_some_choice_of_sectors_leaves(events: list[tuple[str, int, int]]) -> None:
    target = played(events)
    allowed = possible(INITIAL, target.events)
    assert {left.content() for _, left in crashes(INITIAL, target.events)} <= allowed


@given(st.lists(EVENTS, max_size=8))
def test_a_recording_holds_what_a_plain_copy_holds(events: list[tuple[str, int, int]]) -> None:
    target = played(events)
    expected = _after(INITIAL, [event for event in target.events if event.kind != "flush"])
    assert target.content() == expected
    assert target.size == len(expected)
    assert target.changed() == (expected != INITIAL)
    assert target.read_at(700, 1500) == expected[700:2200]


@given(st.lists(EVENTS, max_size=6))
def test_the_state_after_each_event_is_among_the_crashes(events: list[tuple[str, int, int]]) -> None:
    target = played(events)
    found = {left.content() for _, left in crashes(INITIAL, target.events)}
    for count in range(len(events) + 1):
        assert played(events[:count]).content() in found


def test_crashes_tear_writes_and_lose_what_was_not_flushed() -> None:
    target = played([("write", 0, 2), ("write", 2, 1), ("flush", 0, 0), ("write", 3, 1)])
    marks = {left.content()[::SECTOR] for _, left in crashes(INITIAL, target.events)}
    assert {b"\x01\xee\xee\xee", b"\xee\x01\xee\xee", b"\xee\xee\x02\xee", b"\x01\x01\x02\x04"} <= marks
    assert b"\xee\xee\xee\x04" not in marks, "what was flushed cannot be lost"


@given(st.binary(max_size=64), st.binary(max_size=64), st.integers(0, 5))
def test_a_difference_turns_the_old_bytes_into_the_new_ones(old: bytes, new: bytes, offset: int) -> None:
    size = min(len(old), len(new))
    old, new = old[:size], new[:size]
    changed = bytearray(bytes(offset) + old)
    for patch in diff(offset, old, new):
        assert changed[patch.file_offset : patch.end] != patch.data
        changed[patch.file_offset : patch.end] = patch.data
    assert bytes(changed) == bytes(offset) + new


@given(st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=1, max_size=20)), max_size=4))
def test_pages_hold_the_same_bytes_as_the_patches(patches: list[tuple[int, bytes]]) -> None:
    flat, paged = bytearray(64), bytearray(64)
    for offset, data in patches:
        flat[offset : offset + len(data)] = data
    for number, inside, data in pages([Patch(*one) for one in patches], 8):
        assert inside + len(data) <= 8
        paged[number * 8 + inside : number * 8 + inside + len(data)] = data
    assert flat == paged


def test_no_sector_of_a_place_that_a_block_kept_is_ever_old_in_part() -> None:
    """Until the table is written the block may still be what it was: each sector is old, zero, or what was written."""
    mib, words = 1 << 20, b"a hundred bytes, neither at the start of a sector nor at its end" * 2
    blocks = Bat(tuple(map(Block, range(4))))
    made = expand(Recipe("kept", geometry=Geometry("fixed", virtual_disk_size=4 * mib), bat=blocks))
    target, place = Recording(made.to_bytes()), made.plan.payload[1]
    with open_writable(target) as disk:
        disk.trim(mib, mib)
        disk.write_at(mib + 1000, words)
        assert any(place < event.offset < place + 2 * SECTOR for event in target.events), "it kept its place"
        written = bytes(1000) + words + bytes(mib - 1000 - len(words))
        file = bytearray(made.to_bytes())
        old = bytes(file[place : place + mib])
        for event in target.events:
            if event.kind == "write":
                file[event.offset : event.offset + len(event.data)] = event.data
            for at in range(0, 8 * SECTOR, SECTOR):
                sector = bytes(file[place + at : place + at + SECTOR])
                assert sector in (old[at : at + SECTOR], bytes(SECTOR), written[at : at + SECTOR])
