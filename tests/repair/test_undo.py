"""An undo file gives a file back byte for byte, from any state in between, and touches no other file."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vhdx_runtime.change import undo
from vhdx_runtime.change.apply import as_before
from vhdx_runtime.codec.source import BytesSource, FileSource
from vhdx_runtime.errors import FormatError, IntegrityError
from vhdx_runtime.write.operation import Flush, Operation, Resize, Write, run, touched
from vhdx_runtime.write.recording import Recording, crashes
from vhdx_runtime.write.target import FileTarget

UNIT, SECTOR = 4096, 512
SIZE = 12 * UNIT + 700
ORIGINAL = b"".join(bytes([n % 7 * 30]) * 512 for n in range(-(-SIZE // 512)))[:SIZE]

DATA = st.sampled_from([b"ab" * 2048, b"c" * 9216, b"d" * 512])
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Write, st.integers(0, 14).map(lambda n: n * UNIT), DATA),
        st.builds(Resize, st.integers(16, 144).map(lambda n: n * SECTOR)),
        st.just(Flush()),
    ),
    max_size=8,
)
CHANGES: tuple[Operation, ...] = (
    Write(0, b"\x01" * UNIT),
    Flush(),
    Resize(20 * UNIT),
    Write(8 * UNIT, b"\x02" * 2 * UNIT),
    Write(0, b"\x03" * UNIT),
    Flush(),
    Write(19 * UNIT, b"\x04" * UNIT),
    Resize(9 * UNIT),
    Flush(),
)  # fmt: skip


def saved(folder: Path, operations: tuple[Operation, ...] = CHANGES) -> Path:
    """The undo file of some operations on ORIGINAL."""
    path = folder / f"undo-{len(list(folder.iterdir()))}"
    undo.save(path, BytesSource(ORIGINAL), "0" * 64, operations)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(OPERATIONS)
def test_any_operations_are_taken_back_from_any_state(tmp_path: Path, operations: list[Operation]) -> None:
    kept = undo.load(saved(tmp_path, tuple(operations)))
    recording = Recording(ORIGINAL)
    run(recording, operations)
    for label, left in crashes(ORIGINAL, recording.events):
        undo.restore(kept, left)
        assert left.content() == ORIGINAL, label
        assert undo.restore(kept, left) == 0
    kept.file.close()


def test_the_time_of_the_last_change_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(ORIGINAL)
    was = 1_234_567_890_123_456_789
    os.utime(path, ns=(was, was))
    with FileTarget(path) as target:
        undo.save(tmp_path / "undo", target, "0" * 64, CHANGES)
        run(target, CHANGES)
    assert path.stat().st_mtime_ns != was
    kept = undo.load(tmp_path / "undo")
    with FileTarget(path) as target:
        undo.restore(kept, target)
    kept.file.close()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (ORIGINAL, was)


def test_an_undo_that_is_cut_off_is_finished_by_another(tmp_path: Path) -> None:
    kept, recording = undo.load(saved(tmp_path)), Recording(ORIGINAL)
    run(recording, CHANGES)
    repaired = Recording(recording.content())
    undo.restore(kept, repaired)
    assert repaired.content() == ORIGINAL
    for label, left in crashes(recording.content(), repaired.events):
        undo.restore(kept, left)
        assert left.content() == ORIGINAL, label


@pytest.mark.parametrize(("place", "reason"), [(10, "neither"), (8 * UNIT + 513, "neither"), (9 * UNIT - 1, "neither")])
def test_a_file_with_other_bytes_where_it_would_write_is_left_alone(place: int, reason: str, tmp_path: Path) -> None:
    kept, recording = undo.load(saved(tmp_path)), Recording(ORIGINAL)
    run(recording, CHANGES)
    content = recording.content()
    foreign = Recording(content[:place] + b"\x99" + content[place + 1 :])
    with pytest.raises(IntegrityError, match=reason):
        undo.restore(kept, foreign)
    assert not foreign.events


@pytest.mark.parametrize("size", [9 * UNIT - 512, 20 * UNIT + 1])
def test_a_file_of_a_length_that_the_repair_never_gave_is_left_alone(size: int, tmp_path: Path) -> None:
    foreign = Recording(ORIGINAL[:size].ljust(size, b"\0"))
    with pytest.raises(IntegrityError, match=r"belongs to another file|was left with 81920"):
        undo.restore(undo.load(saved(tmp_path)), foreign)
    assert not foreign.events


GROWN: tuple[Operation, ...] = (Resize(4096 * UNIT), Write(18 * UNIT, b"\x04" * UNIT), Flush())


@pytest.mark.parametrize("place", [SIZE, SIZE + 5, 12 * UNIT + 1024, 18 * UNIT + 7, 19 * UNIT, 4096 * UNIT - 1])
def test_what_others_wrote_behind_the_old_end_is_not_cut_off(place: int, tmp_path: Path) -> None:
    kept, path = undo.load(saved(tmp_path, GROWN)), tmp_path / "image"
    path.write_bytes(ORIGINAL)
    with FileTarget(path) as target:
        run(target, GROWN)
        target.write_at(place, b"\x99")
        with pytest.raises(IntegrityError, match=f"at {place // SECTOR * SECTOR:#x} is neither"):
            undo.restore(kept, target)
    raw = path.read_bytes()
    assert (raw[:SIZE], raw[place], len(raw)) == (ORIGINAL, 0x99, 4096 * UNIT)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_the_repair_added_behind_the_old_end_is_cut_off(count: int, tmp_path: Path) -> None:
    kept, path = undo.load(saved(tmp_path, GROWN)), tmp_path / "image"
    path.write_bytes(ORIGINAL)
    with FileTarget(path) as target:
        run(target, GROWN[:count])
        undo.restore(kept, target)
    assert path.read_bytes() == ORIGINAL


def test_bytes_that_were_not_touched_stay_as_they_are_now(tmp_path: Path) -> None:
    recording = Recording(ORIGINAL)
    run(recording, CHANGES)
    recording.write_at(3 * UNIT, b"\x77" * UNIT)
    undo.restore(undo.load(saved(tmp_path)), recording)
    assert recording.content() == ORIGINAL[: 3 * UNIT] + b"\x77" * UNIT + ORIGINAL[4 * UNIT :]


def test_the_form_of_the_file_is_what_its_description_says(tmp_path: Path) -> None:
    raw = saved(tmp_path).read_bytes()
    line, _, rest = raw.partition(b"\n")
    header = json.loads(line)
    assert (header["format"], header["version"], header["size"]) == ("vhdx-runtime undo", 2, SIZE)
    assert header["sizes"] == [9 * UNIT, 20 * UNIT]
    covered = sorted((start, start + length) for name in ("saved", "zeros") for start, length in header[name])
    assert _joined(covered) == [(0, UNIT), (8 * UNIT, SIZE)]
    at = 0
    for start, length in header["saved"]:
        assert rest[at : at + length] == ORIGINAL[start : start + length]
        at += length
    sectors = sum(-(-length // 512) for _, length in header["writes"])
    assert len(rest) == at + 8 * sectors + 32
    assert raw[-32:] == sha256(raw[:-32]).digest()


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for start, end in ranges:
        if result and result[-1][1] == start:
            result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return result


@pytest.mark.parametrize("cut", [0, 1, 100, -33, -1])
def test_half_an_undo_file_is_refused(cut: int, tmp_path: Path) -> None:
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FormatError):
        undo.load(path)


@pytest.mark.parametrize("place", [3, 60, 400, -40, -1])
def test_a_damaged_undo_file_is_refused(place: int, tmp_path: Path) -> None:
    path = saved(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[place] ^= 4
    path.write_bytes(raw)
    with pytest.raises(FormatError):
        undo.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"{}\n" + bytes(40), b"x" * 5000, b'{"format": 1, "version": 1}\n' * 9]
)
def test_what_is_no_undo_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="undo file"):
        undo.load(path)


def test_the_file_before_can_be_read_over_the_file_after(tmp_path: Path) -> None:
    kept, recording = undo.load(saved(tmp_path)), Recording(ORIGINAL)
    run(recording, CHANGES)
    before = as_before(kept, recording)
    assert before.size == SIZE
    assert before.read_at(0, SIZE + 100) == ORIGINAL


def test_a_large_range_of_zeros_takes_no_room(tmp_path: Path) -> None:
    operations = (Write(0, bytes(64 * UNIT)),)
    undo.save(tmp_path / "undo", BytesSource(bytes(64 * UNIT)), "0" * 64, operations)
    assert (tmp_path / "undo").stat().st_size < 64 * UNIT // 512 * 8 + 400
    for inside in ((Write(7, b"x"),), (Write(0, b"x"),), (Resize(100),)):
        with pytest.raises(ValueError, match="sector"):
            undo.save(tmp_path / "other", BytesSource(ORIGINAL), "0" * 64, inside)
    assert touched(operations, 64 * UNIT) == [(0, 64 * UNIT)]
    with pytest.raises(FileExistsError):
        undo.save(tmp_path / "undo", BytesSource(b""), "0" * 64, ())
    FileSource(tmp_path / "undo").close()
