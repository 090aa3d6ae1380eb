"""The log as a writer uses it: what is committed is what the model says, and a crash at any moment does no harm."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from crc32c import crc32c

import vhdx_runtime as vhdx
from tests.support.cases import all_cases
from tests.support.reading import assert_reads
from vhdx_runtime.codec.overlay import Overlay
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Bat, Block, Expanded, Fill, Hide, Log, LogEntry, Recipe, Zeros, expand
from vhdx_runtime.disk.image import Image, load_image
from vhdx_runtime.findings import raise_first
from vhdx_runtime.write.entry import build_entry
from vhdx_runtime.write.headers import NIL, pair_of, updated
from vhdx_runtime.write.log import Space, replayed, transaction
from vhdx_runtime.write.operation import Operation, run
from vhdx_runtime.write.recording import Recording, crashes

KIB, MIB = 1 << 10, 1 << 20
SECTOR = 4 * KIB
GUID = bytes(range(16))
METADATA_SLACK, BAT_SLACK = 2 * MIB + 256 * KIB, 3 * MIB + 64 * KIB
CLEAN = Recipe(name="clean", bat=Bat((Block(0), Block(2))))
DIRTY = Recipe(
    name="dirty",
    bat=Bat((Block(0), Block(2, fills=(Fill(16 * KIB, 100 * KIB),)))),
    log=Log((LogEntry((Hide("bat"),)), LogEntry((Zeros("payload[2]", 0, 16 * KIB), Hide("payload[0]", 0, SECTOR))))),
)
SIZE_MAX = 16 * MIB


def dirty_cases(area: str) -> Iterator[tuple[str, Expanded]]:
    """The single files among the cases of an area whose log has something to replay, small enough to hold."""
    for case in all_cases():
        if case.area == area and case.expect == "read" and len(case.files) == 1 and case.open.log == "replay":
            made = case.expand()[-1]
            if made.length <= SIZE_MAX and load_image(BytesSource(made.to_bytes())).log.state == "replayed":
                yield case.id, made


def commit(image: Image) -> list[Operation]:
    """What writes a replayed log home and gives it up."""
    assert isinstance(image.view, Overlay)
    return [*replayed(image.view), *updated(pair_of(image.headers), {"log_guid": NIL})[1]]


@pytest.mark.parametrize("area", ["log-entries", "log-shapes", "log-sequences"])
def test_a_committed_log_leaves_the_bytes_of_the_model_without_any_replay(area: str) -> None:
    count = 0
    for name, made in dirty_cases(area):
        recording = Recording(made.to_bytes())
        image = load_image(recording)
        run(recording, commit(image))
        assert recording.size >= image.view.size, name
        with vhdx.open(recording.content(), log="ignore") as disk:
            assert_reads(disk, made.expected, count=5)
        assert load_image(recording).log.state == "clean", name
        count += 1
    assert count >= 5


def test_a_commit_that_is_cut_off_is_finished_by_the_next_replay() -> None:
    made = expand(DIRTY)
    recording = Recording(made.to_bytes())
    run(recording, commit(load_image(recording)))
    disk, count = made.expected.read(0, made.expected.size), 0
    for label, left in crashes(made.to_bytes(), recording.events):
        with vhdx.open(left.content()) as opened:
            assert opened.read_at(0, opened.size) == disk, label
        count += 1
    assert count > 10


def test_qemu_reads_a_committed_log_as_the_model_says(qemu_img: Callable[..., Any], tmp_path: Path) -> None:
    made = expand(DIRTY)
    ours, theirs = made.write(tmp_path), tmp_path / "theirs.vhdx"
    theirs.write_bytes(ours.read_bytes())
    recording = Recording(ours.read_bytes())
    run(recording, commit(load_image(recording)))
    ours.write_bytes(recording.content())
    assert "No errors" in qemu_img("check", ours).stdout
    qemu_img("check", "-r", "all", theirs)  # replays the log into the file
    for path in (ours, theirs):
        qemu_img("convert", "-O", "raw", path, path.with_suffix(".raw"))
        assert path.with_suffix(".raw").read_bytes() == made.expected.read(0, made.expected.size), path


def update(offset: int, mark: int) -> tuple[int, bytes]:
    """A sector whose every eighth byte is a mark."""
    return offset, (bytes([mark]) * 8 + bytes(8)) * (SECTOR // 16)


@pytest.mark.parametrize("count", [0, 1, 126, 127, 300])
def test_an_entry_is_what_the_specification_says(count: int) -> None:
    size = 10 * MIB + 5
    updates = [update(3 * MIB + n * SECTOR, n % 251 + 1) for n in range(count)]
    number = 7 << 32 | 9
    raw = build_entry(updates, tail=8 * SECTOR, sequence_number=number, log_guid=GUID, flushed_size=size, size=size)
    fields = struct.unpack_from("<4sIIIQII16sQQ", raw)
    first = -(-(64 + 32 * count) // SECTOR) * SECTOR
    assert fields[:1] + fields[2:] == (
        b"loge", first + count * SECTOR, 8 * SECTOR, 7 << 32 | 9, count, 0, GUID, 10 * MIB, 11 * MIB,
    )  # fmt: skip
    assert len(raw) == fields[2]
    assert fields[1] == crc32c(raw[:4] + bytes(4) + raw[8:])
    for number, (offset, data) in enumerate(updates):
        descriptor = struct.unpack_from("<4s4s8sQQ", raw, 64 + 32 * number)
        assert descriptor == (b"desc", data[-4:], data[:8], offset, 7 << 32 | 9)
        sector = raw[first + number * SECTOR :][:SECTOR]
        assert sector == b"data" + struct.pack("<I", 7) + data[8:-4] + struct.pack("<I", 9)


def write(recording: Recording, groups: list[list[tuple[int, bytes]]], length: int = MIB) -> None:
    """Run a transaction over a file without a log to replay."""
    image = load_image(recording)
    space = Space(MIB, length, recording.size)
    _, operations = transaction(pair_of(image.headers), space, groups, GUID)
    run(recording, operations)


def clean() -> bytes:
    """A file with nothing in its log."""
    return expand(CLEAN).to_bytes()


@pytest.mark.parametrize("count", [1, 126, 127, 300])
def test_a_transaction_writes_every_update_home(count: int) -> None:
    recording, before = Recording(clean()), clean()
    updates = [update(METADATA_SLACK + n * SECTOR, n % 251 + 1) for n in range(count)]
    write(recording, [updates[n : n + 10] for n in range(0, count, 10)])
    after = bytearray(recording.content())
    for offset, data in updates:
        assert after[offset : offset + SECTOR] == data
        after[offset : offset + SECTOR] = before[offset : offset + SECTOR]
    for untouched in (slice(0, 64 * KIB), slice(192 * KIB, MIB), slice(2 * MIB, None)):
        assert after[untouched] == before[untouched]
    assert load_image(recording).log.state == "clean"


def test_after_a_crash_the_updates_of_an_entry_are_there_in_full_or_not_at_all() -> None:
    before = clean()
    recording = Recording(before)
    groups = [[update(METADATA_SLACK + (3 * n + i) * SECTOR, n + 1) for i in range(3)] for n in range(4)]
    write(recording, groups, length=9 * SECTOR)  # room for three updates in each half: every group is an entry
    seen = set()
    for label, left in crashes(before, recording.events):
        image = load_image(left)
        raise_first(image.findings)
        done = []
        for group in groups:
            found = [image.view.read_at(offset, SECTOR) for offset, _ in group]
            old = [before[offset : offset + SECTOR] for offset, _ in group]
            assert found in (old, [data for _, data in group]), label
            done.append(found != old)
        assert done == sorted(done, reverse=True), f"{label}: a later group without an earlier one"
        seen.add(sum(done))
    assert seen == {0, 1, 2, 3, 4}


def test_entries_that_need_replay_have_been_left_behind_by_some_crash() -> None:
    before = clean()
    recording = Recording(before)
    write(recording, [[update(BAT_SLACK, 1)]])
    states = {load_image(left).log.state for _, left in crashes(before, recording.events)}
    assert states == {"clean", "replayed"}


def test_a_log_without_room_is_refused() -> None:
    image = load_image(BytesSource(clean()))
    with pytest.raises(ValueError, match="no room"):
        transaction(pair_of(image.headers), Space(MIB, SECTOR, 8 * MIB), [[update(BAT_SLACK, 1)]], GUID)
