"""A header update leaves a current header at every moment, and never counts on from the largest number."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from crc32c import crc32c
from hypothesis import given
from hypothesis import strategies as st

from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.errors import IntegrityError
from vhdx_runtime.semantics import headers as headers_module
from vhdx_runtime.write.headers import NIL, HeaderPair, pair_of, updated
from vhdx_runtime.write.operation import run
from vhdx_runtime.write.recording import Event, Recording, crashes

KIB, MIB = 1 << 10, 1 << 20
SLOTS = (64 * KIB, 128 * KIB)
LARGEST = 2**64 - 1
GUIDS = st.binary(min_size=16, max_size=16)


def header(sequence_number: int, write: bytes, data: bytes, log: bytes) -> bytes:
    """A valid header, built by hand."""
    raw = b"head" + bytes(4) + struct.pack("<Q", sequence_number) + write + data + log
    raw = (raw + struct.pack("<HHIQ", 0, 1, MIB, MIB)).ljust(4 * KIB, b"\0")
    return raw[:4] + struct.pack("<I", crc32c(raw)) + raw[8:]


def fields(image: bytes, slot: int) -> dict[str, Any]:
    """A slot taken apart by hand; {} where signature or checksum is wrong."""
    raw = image[SLOTS[slot] : SLOTS[slot] + 4 * KIB]
    if raw[:4] != b"head" or struct.unpack_from("<I", raw, 4)[0] != crc32c(raw[:4] + bytes(4) + raw[8:]):
        return {}
    return {
        "sequence_number": struct.unpack_from("<Q", raw, 8)[0],
        "guids": (raw[16:32], raw[32:48], raw[48:64]),
        "rest": struct.unpack_from("<HHIQ", raw, 64),
        "reserved": raw[80:],
    }


def current(image: bytes) -> dict[str, Any]:
    """The valid slot with the larger sequence number."""
    return max((found for found in (fields(image, 0), fields(image, 1)) if found), key=lambda f: f["sequence_number"])


def image_of(*slots: bytes) -> bytes:
    """The start of a file with two header slots."""
    image = bytearray(MIB)
    for offset, raw in zip(SLOTS, slots, strict=True):
        image[offset : offset + len(raw)] = raw
    return bytes(image)


@st.composite
def images(draw: st.DrawFn) -> bytes:
    """Two headers, of which at least one is valid, in either order."""
    first = header(draw(st.integers(0, LARGEST - 3)), draw(GUIDS), draw(GUIDS), draw(GUIDS))
    number = struct.unpack_from("<Q", first, 8)[0]
    second = header(number + 1, draw(GUIDS), draw(GUIDS), draw(GUIDS))
    first = draw(st.sampled_from([first, bytes(4 * KIB), first[:2048] + b"\xff" * 2048]))
    return image_of(*draw(st.permutations([first, second])))


@given(images(), GUIDS)
def test_an_update_ends_with_two_headers_that_say_the_same(image: bytes, guid: bytes) -> None:
    before, recording = current(image), Recording(image)
    pair = pair_of(headers_module.load(BytesSource(image)))
    after, operations = updated(pair, {"file_write_guid": guid})
    run(recording, operations)
    found = [fields(recording.content(), slot) for slot in (0, 1)]
    assert {one["sequence_number"] - before["sequence_number"] for one in found} == {1, 2}
    assert {one["guids"] for one in found} == {(guid, *before["guids"][1:])}
    assert {one["rest"] for one in found} == {before["rest"]}
    assert not any(any(one["reserved"]) for one in found)
    assert after == pair_of(headers_module.load(recording))


@given(images(), GUIDS)
def test_after_a_crash_the_current_header_is_the_old_one_or_the_new_one(image: bytes, guid: bytes) -> None:
    before, recording = current(image), Recording(image)
    run(recording, updated(pair_of(headers_module.load(recording)), {"log_guid": guid})[1])
    for label, left in crashes(image, recording.events):
        found = current(left.content())
        assert found["guids"] in (before["guids"], (*before["guids"][:2], guid)), label
        assert found["sequence_number"] >= before["sequence_number"], label


@pytest.mark.parametrize("number", [LARGEST, LARGEST - 1])
def test_a_sequence_number_that_cannot_be_raised_is_refused(number: int) -> None:
    with pytest.raises(IntegrityError, match="HDR-019") as caught:
        updated(HeaderPair(1, {"sequence_number": number}), {})
    assert caught.value.rule == "HDR-019"


def test_the_last_two_sequence_numbers_can_still_be_used() -> None:
    pair, _ = updated(HeaderPair(1, {"sequence_number": LARGEST - 2}), {})
    assert pair.fields["sequence_number"] == LARGEST


def test_a_restarted_count_never_leaves_the_old_header_current() -> None:
    image = image_of(header(LARGEST, b"a" * 16, b"b" * 16, NIL), header(LARGEST - 1, b"c" * 16, b"d" * 16, NIL))
    recording = Recording(image)
    run(recording, updated(pair_of(headers_module.load(recording)), {"sequence_number": 1})[1])
    assert sorted(fields(recording.content(), slot)["sequence_number"] for slot in (0, 1)) == [1, 2]
    for label, left in crashes(image, recording.events):
        assert current(left.content())["guids"] == (b"a" * 16, b"b" * 16, NIL), label


def test_two_headers_are_made_where_there_was_none() -> None:
    recording = Recording(bytes(MIB))
    pair = pair_of(headers_module.load(recording))
    run(recording, updated(pair, {"data_write_guid": b"x" * 16, "version": 1, "log_length": MIB})[1])
    found = [fields(recording.content(), slot) for slot in (0, 1)]
    assert [one["sequence_number"] for one in found] == [1, 2]
    assert {one["guids"] for one in found} == {(NIL, b"x" * 16, NIL)}
    assert {one["rest"] for one in found} == {(0, 1, MIB, 0)}


class Forgetful(Recording):
    """A medium that says it has written and has not."""

    def write_at(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.events.append(Event("lost", offset, data))


def test_a_header_that_reads_otherwise_stops_the_update_before_the_other_is_touched() -> None:
    target = Forgetful(image_of(header(1, b"a" * 16, b"b" * 16, NIL), header(2, b"c" * 16, b"d" * 16, NIL)))
    with pytest.raises(IntegrityError, match="reads otherwise"):
        run(target, updated(pair_of(headers_module.load(target)), {})[1])
    assert [event.offset for event in target.events if event.kind == "lost"] == [SLOTS[0]]
