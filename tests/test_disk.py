"""The virtual disk as a file object, from several threads, closed, shortened and salvaged."""

from __future__ import annotations

import errno
import io
import os
import random
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.benchmarks.images import Sample, scrambled

MIB = 1 << 20


class Failing(io.BytesIO):
    """A file whose medium cannot be read in one place."""

    bad = range(0)

    def read(self, size: int | None = -1, /) -> bytes:
        self._check(size if size is not None and size >= 0 else len(self.getbuffer()))
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        self._check(memoryview(buffer).nbytes)
        return super().readinto(buffer)

    def _check(self, size: int) -> None:
        if self.tell() < self.bad.stop and self.tell() + size > self.bad.start:
            raise OSError(errno.EIO, "Input/output error")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return scrambled(tmp_path_factory.mktemp("disk"), "scrambled.vhdx", data_blocks=12, empty_blocks=5)


def test_it_is_a_seekable_raw_file(sample: Sample) -> None:
    with vhdx.open(sample.path) as disk:
        assert isinstance(disk, io.RawIOBase)
        assert (disk.readable(), disk.seekable(), disk.writable()) == (True, True, False)
        assert disk.seek(-10, io.SEEK_END) == sample.size - 10
        assert disk.read(100) == sample.expected(sample.size - 10, 10)
        assert disk.read(1) == b""
        assert disk.seek(3 * MIB - 5) == 3 * MIB - 5
        assert io.BufferedReader(disk).read(10) == sample.expected(3 * MIB - 5, 10)


def test_seeking_before_the_start_or_from_nowhere_is_a_misuse(sample: Sample) -> None:
    with vhdx.open(sample.path) as disk:
        with pytest.raises(ValueError, match="negative"):
            disk.seek(-1)
        with pytest.raises(ValueError, match="whence"):
            disk.seek(0, 9)


@pytest.mark.parametrize(("offset", "length"), [(-1, 10), (0, -1), (-5, 3)])
def test_negative_arguments_are_a_misuse(sample: Sample, offset: int, length: int) -> None:
    with vhdx.open(sample.path) as disk, pytest.raises(ValueError, match="negative"):
        disk.read_at(offset, length)


def test_reads_past_the_end_are_cut(sample: Sample) -> None:
    with vhdx.open(sample.path) as disk:
        assert disk.read_at(sample.size - 3, 10) == sample.expected(sample.size - 3, 3)
        assert disk.read_at(sample.size + 3, 10) == b""
        assert disk.readinto_at(sample.size, bytearray(4)) == 0


def test_small_reads_stay_right_when_repeated(sample: Sample) -> None:
    chance = random.Random(5)
    with vhdx.open(sample.path) as disk:
        for _ in range(3000):
            offset, length = chance.randrange(sample.size), chance.choice((1, 512, 4096, 70_000))
            length = min(length, sample.size - offset)
            assert disk.read_at(offset, length) == sample.expected(offset, length)


def test_threads_read_the_same_bytes(sample: Sample) -> None:
    wrong: list[int] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(400):
            offset = chance.randrange(sample.size - 8192)
            if disk.read_at(offset, 8192) != sample.expected(offset, 8192):
                wrong.append(offset)

    with vhdx.open(sample.path) as disk:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_large_reads_are_right_whatever_their_border(sample: Sample) -> None:
    chance = random.Random(6)
    with vhdx.open(sample.path) as disk:
        for _ in range(30):
            offset, length = chance.randrange(sample.size - 1), chance.randrange(2 * MIB, 9 * MIB)
            assert disk.read_at(offset, length) == sample.expected(offset, min(length, sample.size - offset))


@pytest.mark.parametrize("bad", [0, -1])
def test_an_error_in_either_half_of_a_large_read_is_raised(sample: Sample, bad: int) -> None:
    file = Failing(sample.path.read_bytes())
    block = sorted(sample.blocks)[bad]
    with vhdx.open(file) as disk:
        file.bad = range(sample.blocks[block] + 5, sample.blocks[block] + 6)
        with pytest.raises(vhdx.VhdxError):
            disk.read_at(0, sample.size)


def test_a_closed_disk_refuses_every_read(sample: Sample) -> None:
    disk = vhdx.open(sample.path)
    assert disk.read_at(0, 4096) == sample.expected(0, 4096)
    disk.close()
    disk.close()
    for read in (lambda: disk.read_at(0, 4096), lambda: disk.readinto_at(0, bytearray(1)), lambda: list(disk.ranges())):
        with pytest.raises(ValueError, match="closed"):
            read()


def test_ranges_tile_the_disk_and_name_the_bytes(sample: Sample) -> None:
    raw = sample.path.read_bytes()
    with vhdx.open(sample.path) as disk:
        position = 0
        for piece in disk.ranges():
            assert piece.virtual_offset == position
            position += piece.length
            if piece.kind == "data":
                assert piece.file_offset is not None
                found = raw[piece.file_offset : piece.file_offset + piece.length]
                assert found == sample.expected(piece.virtual_offset, piece.length)
            else:
                assert (piece.kind, piece.file_offset) == ("hole", None)
                assert sample.expected(piece.virtual_offset, piece.length) == bytes(piece.length)
        assert position == sample.size


def test_a_truncated_block_is_an_error_and_salvage_lists_it(sample: Sample, tmp_path: Path) -> None:
    cut = tmp_path / "cut.vhdx"
    shutil.copy(sample.path, cut)
    last = max(sample.blocks, key=lambda block: sample.blocks[block])
    os.truncate(cut, sample.blocks[last] + MIB // 2)
    with vhdx.open(cut) as disk:
        assert disk.read_at(last * MIB, MIB // 2) == sample.expected(last * MIB, MIB // 2)
        with pytest.raises(vhdx.IntegrityError) as caught:
            disk.read_at(last * MIB, MIB)
        assert caught.value.rule == "BAT-006"
    with vhdx.open(cut, salvage=True) as disk:
        assert disk.read_at(last * MIB, MIB) == sample.expected(last * MIB, MIB // 2) + bytes(MIB // 2)
        assert [(lost.virtual_offset, lost.length, lost.kind) for lost in disk.lost] == [
            (last * MIB + MIB // 2, MIB // 2, "unreadable")
        ]


def test_a_failing_medium_raises_and_salvage_gives_up_that_place_only(sample: Sample) -> None:
    file = Failing(sample.path.read_bytes())
    block = min(sample.blocks)
    place = sample.blocks[block]
    with vhdx.open(file, salvage=True) as salvaged, vhdx.open(file) as disk:
        file.bad = range(place + 10_000, place + 10_001)
        with pytest.raises(vhdx.VhdxError):
            disk.read_at(block * MIB, MIB)
        expected = bytearray(sample.expected(block * MIB, MIB))
        expected[8192:12288] = bytes(4096)
        assert salvaged.read_at(block * MIB, MIB) == bytes(expected)
        assert [(lost.virtual_offset, lost.length) for lost in salvaged.lost] == [(block * MIB + 8192, 4096)]


def test_a_file_cut_off_while_open_raises(sample: Sample, tmp_path: Path) -> None:
    cut = tmp_path / "cut.vhdx"
    shutil.copy(sample.path, cut)
    block = max(sample.blocks, key=lambda number: sample.blocks[number])
    with vhdx.open(cut) as disk:
        assert disk.read_at(block * MIB, 4096) == sample.expected(block * MIB, 4096)
        assert disk.read_at(block * MIB + 4096, 4096) == sample.expected(block * MIB + 4096, 4096)
        os.truncate(cut, sample.blocks[block])
        with pytest.raises(vhdx.IntegrityError, match="shorter"):
            disk.read_at(block * MIB, 4096)


def test_a_mapping_is_asked_for_and_gives_the_same_bytes(sample: Sample) -> None:
    block = min(sample.blocks)
    with vhdx.open(sample.path, mapped=True) as mapped, vhdx.open(sample.path) as disk:
        for inside in (0, 4096, 12_345):
            expected = sample.expected(block * MIB + inside, 4096)
            assert mapped.read_at(block * MIB + inside, 4096) == disk.read_at(block * MIB + inside, 4096) == expected


def test_paths_file_objects_and_bytes_give_the_same_disk(sample: Sample) -> None:
    raw = sample.path.read_bytes()
    with open(sample.path, "rb") as file:
        for opened in (sample.path, str(sample.path), file, raw, memoryview(raw), io.BytesIO(raw)):
            with vhdx.open(opened) as disk:
                assert disk.read_at(MIB - 100, 5000) == sample.expected(MIB - 100, 5000)
        assert not file.closed


def test_nothing_is_written(sample: Sample) -> None:
    before = sample.path.read_bytes(), sample.path.stat().st_mtime_ns
    with vhdx.open(sample.path) as disk:
        disk.read_at(0, sample.size)
    assert (sample.path.read_bytes(), sample.path.stat().st_mtime_ns) == before


def test_a_disk_that_is_opened_read_only_refuses_to_write_and_says_what_writes(sample: Sample) -> None:
    with vhdx.open(sample.path) as disk:
        writes: list[Any] = [
            lambda: disk.write(b"x"),
            lambda: disk.write_at(0, b"x"),
            lambda: disk.writefrom_at(0, io.BytesIO(b"x")),
            lambda: disk.trim(0, MIB),
            lambda: disk.zero(0, MIB),
            lambda: disk.truncate(0),
        ]
        for write in writes:
            with pytest.raises(io.UnsupportedOperation, match='mode="r\\+"'):
                write()
        disk.flush()  # as of any file that is read
    for write in [*writes, disk.flush]:
        with pytest.raises(ValueError, match="closed"):
            write()
