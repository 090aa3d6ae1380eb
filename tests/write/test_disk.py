"""The writable disk from outside: what it does to the file and to the headers, what it refuses, and what it costs."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.repair.support import current_header
from tests.support.sampling import repeated
from tests.write.images import KIB, MIB, SIZE, image
from tests.write.medium import Medium
from tests.write.test_model import require_sound
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Geometry, Recipe, expand
from vhdx_runtime.write.disk import open_writable

NIL = bytes(16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "disk.vhdx"
    path.write_bytes(image("dynamic", 512)[0])
    return path


def header(content: bytes) -> dict[str, Any]:
    return current_header(BytesSource(content))


def test_opening_without_a_write_leaves_the_file_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    with vhdx.open(path, mode="r+") as disk:
        disk.read_at(0, SIZE)
        disk.flush()
        disk.write_at(0, b"")
        disk.trim(0, 100)
        disk.zero(MIB, MIB)
        disk.trim(MIB, 3 * MIB // 2)  # zero and hole
        assert not disk.visible_write
        assert not disk.replayed
    assert path.read_bytes() == before


def test_a_write_gives_new_guids_and_both_headers_the_same(path: Path) -> None:
    before = header(path.read_bytes())
    with vhdx.open(path, mode="r+") as disk:
        disk.write_at(0, b"x")
        assert disk.visible_write
        during = header(path.read_bytes())
        assert during["log"] == NIL
        disk.write_at(SIZE - MIB, b"x")
        assert header(path.read_bytes()) == during
        disk.flush()
        assert header(path.read_bytes())["log"] != NIL
    after = header(path.read_bytes())
    assert after["log"] == NIL
    assert after["data"] == during["data"] != before["data"]
    raw = path.read_bytes()
    first, second = raw[0x10000:0x11000], raw[0x20000:0x21000]
    assert first[16:48] == second[16:48]  # both GUIDs
    assert abs(int.from_bytes(first[8:16], "little") - int.from_bytes(second[8:16], "little")) == 1


def test_guids_come_from_the_given_entropy_only() -> None:
    def run() -> bytes:
        medium = Medium(image("dynamic", 512)[0])
        with open_writable(medium, entropy=random.Random(5).randbytes) as disk:
            disk.write_at(MIB, b"abc")
            disk.flush()
            disk.write_at(5 * MIB, b"abc")
        return medium.content()

    assert run() == run()
    assert uuid.UUID(bytes_le=header(run())["data"]).version == 4


def test_nothing_is_written_before_the_headers_have_new_guids() -> None:
    medium = Medium(image("dynamic", 512)[0])
    offsets: list[int] = []
    medium.fails = lambda name: (
        offsets.append(medium.last_offset if name == "write" else -1) if name != "read" else None
    )
    with open_writable(medium) as disk:
        disk.write_at(5 * MIB, b"x")
        disk.flush()
    headers = [0x10000, 0x20000]
    assert sorted(offsets[0:3:2]) == headers
    assert offsets[1] == offsets[3] == -1


def test_a_dirty_file_is_replayed_and_keeps_its_data_write_guid() -> None:
    medium = Medium(image("dynamic", 512)[0])
    disk = open_writable(medium)
    disk.write_at(5 * MIB, b"hello")
    disk.flush()
    dirty = medium.content()
    assert header(dirty)["log"] != NIL
    again = Medium(dirty)
    with open_writable(again) as opened:
        assert opened.replayed
        assert not opened.visible_write
        assert opened.read_at(5 * MIB, 5) == b"hello"
    clean = header(again.content())
    assert clean["log"] == NIL
    assert clean["data"] == header(dirty)["data"]
    assert again.content()[0x10010:0x10020] != dirty[0x10010:0x10020]  # FileWriteGuid
    require_sound(again.content(), "clean")


def test_parents_are_never_written(tmp_path: Path) -> None:
    content, parents, _ = image("child", 512)
    names = ["child.vhdx", "middle.vhdx", "base.vhdx"]
    for name, data in zip(names, (content, *parents), strict=True):
        (tmp_path / name).write_bytes(data)
    with vhdx.open(tmp_path / "child.vhdx", mode="r+", parent_dirs=[tmp_path]) as disk:
        assert len(disk.images) == 3
        disk.write_at(100, b"x" * (SIZE - 100))
        disk.trim(0, SIZE)
    assert [(tmp_path / name).read_bytes() for name in names[1:]] == list(parents)
    with vhdx.open(tmp_path / "child.vhdx", parent_dirs=[tmp_path]) as disk:
        assert disk.read_at(0, SIZE) == bytes(SIZE)


def test_it_is_a_raw_file_object(path: Path) -> None:
    guest = bytearray(image("dynamic", 512)[2])
    with vhdx.open(path, mode="r+") as disk:
        assert disk.readable()
        assert disk.writable()
        assert disk.seekable()
        disk.seek(5 * MIB)
        assert disk.write(b"abc") == 3
        assert disk.tell() == 5 * MIB + 3
        disk.seek(-2, io.SEEK_END)
        assert disk.write(b"abc") == 2
        with pytest.raises(OSError, match="the disk ends here"):
            disk.write(b"c")
        with pytest.raises(io.UnsupportedOperation, match="keeps its size"):
            disk.truncate(5)
        guest[5 * MIB : 5 * MIB + 3], guest[-2:] = b"abc", b"ab"
        buffered = io.BufferedRandom(disk)
        buffered.seek(MIB)
        buffered.write(b"buffered")
        buffered.flush()
        guest[MIB : MIB + 8] = b"buffered"
        assert disk.read_at(0, SIZE) == guest
        buffered.close()
        assert disk.closed
    with vhdx.open(path) as closed:
        assert closed.read_at(0, SIZE) == guest


def test_a_source_is_written_from_its_start_and_a_file_object_from_its_position(path: Path) -> None:
    data = random.Random(3).randbytes(3 * MIB + 5)
    with vhdx.open(path, mode="r+") as disk:
        assert disk.writefrom_at(MIB, BytesSource(data)) == len(data)
        file = io.BytesIO(data)
        file.seek(2 * MIB)
        assert disk.writefrom_at(100, file, length=MIB - 100) == MIB - 100
        assert disk.read_at(MIB, len(data)) == data
        assert disk.read_at(100, MIB - 100) == data[2 * MIB : 3 * MIB - 100]


@pytest.mark.parametrize(
    "action",
    [
        lambda disk: disk.write_at(SIZE, b"x"),
        lambda disk: disk.write_at(-1, b"x"),
        lambda disk: disk.write_at(SIZE - 1, b"xy"),
        lambda disk: disk.trim(0, SIZE + 1),
        lambda disk: disk.trim(0, 512, to="nothing"),
        lambda disk: disk.zero(-5, 2),
    ],
)
def test_a_range_outside_the_disk_is_refused_before_anything_is_written(path: Path, action: Any) -> None:
    before = path.read_bytes()
    with vhdx.open(path, mode="r+") as disk, pytest.raises(ValueError):
        action(disk)
    assert path.read_bytes() == before


def test_a_closed_disk_is_not_written(path: Path) -> None:
    disk = vhdx.open(path, mode="r+")
    disk.close()
    disk.close()
    for action in (lambda: disk.write_at(0, b"x"), lambda: disk.trim(0, MIB), lambda: disk.read_at(0, 1)):
        with pytest.raises(ValueError, match="closed"):
            action()


@pytest.mark.parametrize(
    "options", [{"salvage": True}, {"header": 1}, {"log": "ignore"}, {"mapped": True}, {"without_parent": True}]
)
def test_options_for_a_rescue_go_with_reading_only(path: Path, options: Any) -> None:
    with pytest.raises(ValueError, match="r\\+"):
        vhdx.open(path, mode="r+", **options)
    with pytest.raises(ValueError, match="mode must be"):
        vhdx.open(path, mode="w")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="needs a path"):
        vhdx.open(path.read_bytes(), mode="r+")  # type: ignore[call-overload]


def test_short_writes_of_the_system_are_gone_on_with(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = bytearray(image("dynamic", 512)[2])

    def short(fd: int, data: Any, offset: int) -> int:
        return os.pwrite(fd, memoryview(data)[:1000], offset)

    monkeypatch.setattr("vhdx_runtime.write.target.pwrite", short)
    monkeypatch.setattr("vhdx_runtime.write.disk.pwrite", short)
    chance = random.Random(4)
    with vhdx.open(path, mode="r+") as disk:
        for _ in range(40):
            offset = chance.randrange(SIZE - 70 * KIB)
            data = chance.randbytes(chance.choice((1, 1000, 4096, 70 * KIB)))
            disk.write_at(offset, data)
            guest[offset : offset + len(data)] = data
    require_sound(path.read_bytes(), "clean")
    with vhdx.open(path) as disk:
        assert disk.read_at(0, SIZE) == guest


def test_a_second_writer_is_refused_and_told_who_writes(path: Path) -> None:
    with vhdx.open(path, mode="r+") as disk:
        disk.write_at(0, b"x")
        with pytest.raises(vhdx.FileError, match=rf"in use by .*\(process {os.getpid()}\)"):
            vhdx.open(path, mode="r+")
    vhdx.open(path, mode="r+").close()


def test_a_file_that_qemu_writes_is_refused_with_its_name(path: Path, qemu_img: Any) -> None:
    command = ["qemu-io", "-f", "vhdx", "-c", "write 0 512", str(path)]
    with subprocess.Popen(["qemu-io", "-f", "vhdx", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as qemu:
        assert qemu.stdin
        assert qemu.stdout
        qemu.stdin.write(b"read 0 512\n")
        qemu.stdin.flush()
        qemu.stdout.readline()
        with pytest.raises(vhdx.FileError, match=rf"in use by qemu-io \(process {qemu.pid}\)"):
            vhdx.open(path, mode="r+")
        qemu.communicate(b"quit\n")
    with vhdx.open(path, mode="r+") as disk:
        disk.write_at(0, b"x")
        done = subprocess.run(command, capture_output=True, text=True)
        assert "lock" in done.stderr


@pytest.mark.parametrize("block", [1, 8])
@pytest.mark.parametrize("kind", ["dynamic", "fixed"])
def test_qemu_reads_what_was_written_and_goes_on(kind: str, block: int, tmp_path: Path, qemu_img: Any) -> None:
    path, raw, size = tmp_path / "disk.vhdx", tmp_path / "disk.raw", 40 * MIB
    qemu_img("create", "-f", "vhdx", "-o", f"block_size={block}M,subformat={kind}", path, size)
    model, chance = bytearray(size), random.Random(block)
    for number in range(repeated(6, 50)):
        with vhdx.open(path, mode="r+") as disk:
            for _ in range(20):
                offset = chance.randrange(size)
                data = chance.randbytes(min(size - offset, chance.choice((1, 4096, 70 * KIB, 3 * MIB))))
                disk.write_at(offset, data)
                model[offset : offset + len(data)] = data
            start = number % 8 * 5 * MIB
            disk.zero(start, 3 * MIB)
            model[start : start + 3 * MIB] = bytes(3 * MIB)
        assert not qemu_img("check", path).returncode
        start = chance.randrange(size // 512 - 8) * 512
        subprocess.run(
            ["qemu-io", "-f", "vhdx", "-c", f"write -P 0x5a {start} 4096", str(path)], check=True, capture_output=True
        )
        model[start : start + 4096] = b"\x5a" * 4096
        qemu_img("convert", "-O", "raw", path, raw)
        assert raw.read_bytes() == model
        with vhdx.open(path) as disk:
            assert disk.read_at(0, size) == model


def test_qemu_replays_a_dirty_file_to_the_same_bytes(tmp_path: Path, qemu_img: Any) -> None:
    path, raw = tmp_path / "disk.vhdx", tmp_path / "disk.raw"
    medium = Medium(image("dynamic", 512)[0])
    disk = open_writable(medium, log_start=4096 * 252)  # some entries wrap
    chance, wrapped = random.Random(9), 0
    for _ in range(repeated(12, 220)):
        disk.write_at(chance.randrange(SIZE - 5000), chance.randbytes(5000))
        disk.trim(chance.randrange(9) * MIB, MIB)
        disk.flush()
        path.write_bytes(medium.content())
        with vhdx.open(path) as opened:
            expected = opened.read_at(0, SIZE)
            active = [entry.log_offset for entry in opened.image.log.active]
        if active != sorted(active):  # QEMU takes what it meets first, the part that wrapped, for a whole sequence
            wrapped += 1
            continue
        qemu_img("check", "-r", "all", path)
        qemu_img("convert", "-O", "raw", path, raw)
        assert raw.read_bytes() == expected == disk.read_at(0, SIZE)
    assert wrapped < repeated(3, 20)


def test_a_flush_that_shows_new_zeros_costs_one_flush_of_the_file() -> None:
    size = 600 * MIB
    made = expand(Recipe("many", geometry=Geometry(virtual_disk_size=size)))
    medium = Medium(made.to_bytes())
    with open_writable(medium) as disk:
        disk.write_at(0, b"x")
        disk.flush()
        medium.calls.clear()
        for number in range(1, 500):
            disk.write_at(number * MIB, b"x")
            disk.flush()
        assert medium.calls.count("flush") <= 1.1 * 499


def test_a_disk_of_the_largest_size_takes_little_memory(tmp_path: Path, qemu_img: Any) -> None:
    path = tmp_path / "large.vhdx"
    qemu_img("create", "-f", "vhdx", "-o", "block_size=1M", path, "64T")
    code = f"""
import random, vhdx_runtime as vhdx
chance = random.Random(1)
offsets = [chance.randrange((64 << 40) - 512) for _ in range(5000)]
with vhdx.open({str(path)!r}, mode="r+") as disk:
    for offset in offsets:
        disk.write_at(offset, offset.to_bytes(8, "little"))
    assert all(disk.read_at(offset, 8) == offset.to_bytes(8, "little") for offset in offsets)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 256 * KIB, f"{done.stdout} KiB"


def test_trimmed_space_is_used_again_and_the_end_cut_off(path: Path) -> None:
    with vhdx.open(path, mode="r+") as disk:
        disk.write_at(0, random.Random(1).randbytes(SIZE))
        disk.flush()
        full = path.stat().st_size
        for number in range(20):
            disk.trim(0, SIZE)
            disk.flush()
            disk.write_at(0, random.Random(number).randbytes(SIZE))
        disk.trim(4 * MIB, SIZE - 4 * MIB)
    assert path.stat().st_size < full
    require_sound(path.read_bytes(), "clean")
    with vhdx.open(path) as disk:
        assert disk.read_at(0, SIZE) == random.Random(19).randbytes(SIZE)[: 4 * MIB] + bytes(SIZE - 4 * MIB)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork: this system has none")
def test_a_process_made_by_a_fork_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "disk.vhdx"
    vhdx.create(path, size=4 * MIB, block_size=MIB)
    with vhdx.open(path, mode="r+") as disk:
        disk.write_at(0, b"A" * MIB)
        disk.flush()
        disk.write_at(0, b"A")  # the place of the block is known from now on
        child = os.fork()
        if not child:
            try:
                disk.write_at(0, b"CHILD")
            except ValueError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert disk.read_at(0, 8) == b"A" * 8


def test_what_is_written_from_may_be_bytes_and_no_length_is_negative(tmp_path: Path) -> None:
    path = tmp_path / "disk.vhdx"
    vhdx.create(path, size=4 * MIB, block_size=MIB)
    with vhdx.open(path, mode="r+") as disk:
        assert disk.writefrom_at(MIB - 3, b"abcdef") == 6
        assert disk.read_at(MIB - 4, 8) == b"\0abcdef\0"
        with pytest.raises(ValueError, match="negative"):
            disk.writefrom_at(0, io.BytesIO(b"x"), -3)
