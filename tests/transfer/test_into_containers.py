"""Conversions to VHDX, VHD and raw: guest bytes as in a flat model, zeros take no room, nothing is lost."""

from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vhdx_runtime as vhdx
from tests.cli.support import BROKEN, DIRTY, KIB, MIB, listing, make, make_chain
from tests.support.extras import need
from tests.transfer.support import Pipe, Thing, guest, sparse, stored
from vhdx_runtime.check import check_image
from vhdx_runtime.transfer.convert import convert
from vhdx_runtime.transfer.form import Converted, ResultForm
from vhdx_runtime.write.recording import Recording

GIB = 1 << 30


@pytest.mark.parametrize("block_size", [MIB, 2 * MIB, 32 * MIB, 256 * MIB])
@pytest.mark.parametrize("disk_type", ["dynamic", "fixed"])
@pytest.mark.parametrize("state", [None, "zero"])
def test_the_guest_sees_what_is_in_the_raw_image(
    raw: tuple[Path, bytes], tmp_path: Path, block_size: int, disk_type: str, state: str | None
) -> None:
    if disk_type == "fixed" and state:
        return
    path, flat = raw
    made = convert(
        path, tmp_path / "out.vhdx", ResultForm("vhdx", disk_type, block_size, block_state=state), verify=True
    )
    assert guest(tmp_path / "out.vhdx") == flat
    assert (made.size, made.virtual_size) == (len(flat), len(flat))
    assert stored(tmp_path / "out.vhdx") < 5 * MIB


def test_only_blocks_with_data_are_allocated(raw: tuple[Path, bytes], tmp_path: Path) -> None:
    convert(raw[0], tmp_path / "out.vhdx", ResultForm(block_size=MIB))
    with_data = {number for number in range(41) if any(raw[1][number * MIB : (number + 1) * MIB])}
    with open(tmp_path / "out.vhdx", "rb") as file:
        file.seek(3 * MIB)
        words = struct.unpack("<41Q", file.read(41 * 8))
    assert {number for number, word in enumerate(words) if word} == with_data
    assert [word for word in words if word] == [(4 + n) * MIB | 6 for n in range(len(with_data))]
    assert (tmp_path / "out.vhdx").stat().st_size == (4 + len(with_data)) * MIB


@pytest.mark.parametrize(
    "form", [ResultForm(), ResultForm(disk_type="fixed"), ResultForm("vhd", "fixed"), ResultForm("raw")]
)
def test_zeros_that_are_stored_become_holes_also_inside_a_block(tmp_path: Path, form: ResultForm) -> None:
    flat = b"a" * 64 * KIB + bytes(7 * MIB - 64 * KIB) + b"b" * 64 * KIB + bytes(MIB)
    (tmp_path / "dense").write_bytes(flat)
    assert stored(tmp_path / "dense") >= 8 * MIB
    made = convert(tmp_path / "dense", tmp_path / "out", form)
    assert made.written == 128 * KIB
    assert stored(tmp_path / "out") < MIB


def test_room_that_is_taken_and_holds_nothing_stays_a_hole(tmp_path: Path) -> None:
    """ext4 and tmpfs take room without writing to it: such a file has no holes by its size, and is one all the same."""
    vhdx.create(tmp_path / "in.vhdx", size=16 * MIB, type="fixed", allocate=True)
    with open(tmp_path / "in.raw", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 16 * MIB)
    for source in (tmp_path / "in.raw", vhdx.open(tmp_path / "in.vhdx")):
        for form in (ResultForm(), ResultForm("raw")):
            assert convert(source, tmp_path / "out", form, force=True).written == 0
            assert stored(tmp_path / "out") < MIB


@pytest.mark.parametrize("kind", ["path", "bytes", "object", "file", "memory file", "pipe", "disk"])
@pytest.mark.parametrize(
    "form",
    [ResultForm(block_size=2 * MIB), ResultForm(disk_type="fixed"), ResultForm("raw"), ResultForm("vhd", "fixed")],
)
def test_whatever_can_be_read_can_be_converted(
    raw: tuple[Path, bytes], tmp_path: Path, kind: str, form: ResultForm
) -> None:
    path, flat = raw
    out = tmp_path / "out"
    with open(path, "rb") as file:
        given: dict[str, Callable[[], Any]] = {
            "path": lambda: path,
            "bytes": lambda: flat,
            "object": lambda: Thing(flat),
            "file": lambda: file,
            "memory file": lambda: io.BytesIO(flat),
            "pipe": lambda: Pipe(flat),
            "disk": lambda: disk_of(path, tmp_path),
        }
        convert(given[kind](), out, form, size=len(flat) if kind == "pipe" else None, verify=True)
    if form.format == "vhdx":
        assert guest(out) == flat
    else:
        assert out.read_bytes()[: len(flat)] == flat
        assert form.format == "vhd" or out.stat().st_size == len(flat)


def disk_of(path: Path, folder: Path) -> vhdx.VirtualDisk:
    convert(path, folder / "first.vhdx")
    return vhdx.open(folder / "first.vhdx")


def test_a_stream_without_a_size_becomes_what_needs_none() -> None:
    for flat in (b"x" * 3 * MIB + bytes(2 * MIB), b"", bytes(5), bytes(MIB) + b"y"):
        target = Recording(b"")
        assert convert(Pipe(flat), target, ResultForm("raw"), verify=True) == Converted(
            len(flat), len(flat), target_bytes(flat)
        )
        assert target.content() == flat
    with pytest.raises(ValueError, match="size is missing"):
        convert(Pipe(b"x"), Recording(b""), ResultForm())


def target_bytes(flat: bytes) -> int:
    """How many bytes are written: those of units of 64 KiB that are not zero."""
    units = [flat[start : start + 64 * KIB] for start in range(0, len(flat), 64 * KIB)]
    return sum(len(unit) for unit in units if any(unit))


@pytest.mark.parametrize(
    ("size", "said"), [(MIB + 1, "has only 1048576 of the 1048577 bytes"), (MIB - 1, "has more than")]
)
def test_a_stream_that_is_not_as_long_as_it_is_said_to_be_is_an_error(tmp_path: Path, size: int, said: str) -> None:
    with pytest.raises(vhdx.FormatError, match=said):
        convert(Pipe(b"x" * MIB), tmp_path / "out.vhdx", size=size)
    assert listing(tmp_path) == []


def test_a_chain_and_a_log_that_was_not_replayed_become_one_image(tmp_path: Path) -> None:
    for made in (make_chain(tmp_path)["child"], make(tmp_path, DIRTY)):
        with vhdx.open(made.path) as disk:
            convert(disk, tmp_path / "out.vhdx", ResultForm(block_size=2 * MIB), verify=True, force=True)
        assert guest(tmp_path / "out.vhdx") == made.disk


def test_what_cannot_be_read_stops_the_conversion_and_leaves_nothing(tmp_path: Path) -> None:
    made = make(tmp_path, BROKEN)
    with vhdx.open(made.path) as disk, pytest.raises(vhdx.VhdxError) as caught:
        convert(disk, tmp_path / "out.vhdx")
    assert caught.value.rule == "BAT-003"
    assert listing(tmp_path) == ["broken.vhdx"]


def test_a_source_that_becomes_shorter_is_an_error_and_no_zeros(tmp_path: Path) -> None:
    path = tmp_path / "in.raw"
    path.write_bytes(b"x" * 4 * MIB)

    with CutShort(path) as file, pytest.raises(vhdx.IntegrityError, match="became shorter"):
        convert(file, tmp_path / "out.vhdx")
    assert listing(tmp_path) == ["in.raw"]


class CutShort(io.FileIO):
    """A file that somebody cuts off once its length is known."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._told = False
        self._path = path

    def seek(self, offset: int, whence: int = 0) -> int:
        found = super().seek(offset, whence)
        if whence == io.SEEK_END and not self._told:
            self._told = True
            os.truncate(self._path, 3 * MIB)
        return found


# The footer of a VHD, field by field, against the text of its specification.


@pytest.mark.parametrize(
    ("size", "geometry"),
    [
        (3 * MIB, (90, 4, 17)),
        (40 * MIB, (963, 5, 17)),
        (512 * MIB, (1040, 16, 63)),
        (127 * GIB, (65278, 16, 255)),
    ],
)
def test_a_fixed_vhd_is_the_disk_and_a_footer(tmp_path: Path, size: int, geometry: tuple[int, int, int]) -> None:
    sparse_file(tmp_path / "in", size)
    convert(tmp_path / "in", tmp_path / "out.vhd")
    assert (tmp_path / "out.vhd").stat().st_size == size + 512
    with open(tmp_path / "out.vhd", "rb") as file:
        file.seek(size)
        footer = file.read()
    fields = struct.unpack(">8sIIQI4sI4sQQHBBII16sB427s", footer)
    cookie, features, version, data_offset, _, creator, _, host, original, current = fields[:10]
    assert (cookie, features, version, data_offset) == (b"conectix", 2, 0x10000, (1 << 64) - 1)
    assert (creator, host, original, current) == (b"win ", b"Wi2k", size, size)
    assert (fields[10:13], fields[13]) == (geometry, 2)
    without = footer[:64] + bytes(4) + footer[68:]
    assert fields[14] == ~sum(without) & 0xFFFFFFFF
    assert fields[15] != bytes(16)
    assert not any(footer[84:])


def sparse_file(path: Path, size: int) -> None:
    with open(path, "wb") as file:
        file.truncate(size)


def test_a_vhd_is_a_whole_number_of_mib(tmp_path: Path, qemu_img: Callable[..., Any]) -> None:
    (tmp_path / "in").write_bytes(b"x" * (MIB + 1))
    assert convert(tmp_path / "in", tmp_path / "out.vhd", verify=True) == Converted(MIB + 1, 2 * MIB, MIB + 1)
    assert f'"virtual-size": {2 * MIB}' in qemu_img("info", "-f", "vpc", "--output=json", tmp_path / "out.vhd").stdout
    assert "identical" in qemu_img("compare", "-f", "raw", "-F", "vpc", tmp_path / "in", tmp_path / "out.vhd").stdout


@pytest.mark.parametrize(
    ("size", "sector", "said"), [(2040 * GIB + 1, None, "at most 2040 GiB"), (MIB, 4096, "sectors of 512")]
)
def test_what_a_vhd_cannot_hold_is_refused(size: int, sector: int | None, said: str) -> None:
    class Large:
        def read_at(self, offset: int, length: int) -> bytes:
            raise AssertionError("nothing is to be read")

    thing = Large()
    thing.size = size  # type: ignore[attr-defined]
    with pytest.raises(vhdx.UnsupportedError, match=said):
        convert(thing, Recording(b""), ResultForm("vhd", "fixed", logical_sector_size=sector))


# Through other programs and back.


@pytest.mark.parametrize(
    "form", [ResultForm(), ResultForm(block_size=MIB), ResultForm(disk_type="fixed"), ResultForm(block_state="zero")]
)
def test_qemu_img_converts_it_back(
    raw: tuple[Path, bytes], tmp_path: Path, form: ResultForm, qemu_img: Callable[..., Any]
) -> None:
    path, flat = raw
    convert(path, tmp_path / "out.vhdx", form)
    assert "No errors were found" in qemu_img("check", "-f", "vhdx", tmp_path / "out.vhdx").stdout
    qemu_img("convert", "-f", "vhdx", "-O", "raw", tmp_path / "out.vhdx", tmp_path / "back.raw")
    assert (tmp_path / "back.raw").read_bytes() == flat


def scattered(path: Path, size: int) -> dict[int, bytes]:
    """Write a sparse raw file with 4 KiB of data at nine places, the last one at its end."""
    places = {size // 8 * number // 4096 * 4096: bytes([number + 1]) * 4096 for number in range(8)}
    places[size - 4096] = b"z" * 4096
    with open(path, "wb") as file:
        file.truncate(size)
        for offset, data in places.items():
            os.pwrite(file.fileno(), data, offset)
    return places


@pytest.mark.parametrize("disk_type", ["dynamic", "fixed"])
@pytest.mark.parametrize("sector", [512, 4096])
def test_blocks_of_many_chunks_are_found_again(tmp_path: Path, disk_type: str, sector: int) -> None:
    """Chunks are 4 GiB, with sectors of 4096 bytes 32 GiB: the entries of their bitmaps lie between those of blocks."""
    places = scattered(tmp_path / "in.raw", 2 * sector * (1 << 23) + 3 * MIB)
    convert(tmp_path / "in.raw", tmp_path / "out.vhdx", ResultForm("vhdx", disk_type, MIB, sector))
    with vhdx.open(tmp_path / "out.vhdx") as disk:
        assert [finding.message for finding in check_image(disk.image).findings] == []
        for offset, data in places.items():
            assert disk.read_at(offset, 4096) == data
            assert not any(disk.read_at(offset + 4096, 4096))


@pytest.mark.slow
@pytest.mark.parametrize("disk_type", ["dynamic", "fixed"])
def test_qemu_img_finds_the_blocks_of_many_chunks(tmp_path: Path, disk_type: str, qemu_img: Callable[..., Any]) -> None:
    path, out = tmp_path / "in.raw", tmp_path / "out.vhdx"
    scattered(path, 9 * GIB)
    convert(path, out, ResultForm("vhdx", disk_type, MIB))
    assert qemu_img("compare", "-f", "raw", "-F", "vhdx", path, out).stdout == "Images are identical.\n"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random")


@st.composite
def disks(draw: st.DrawFn) -> tuple[int, list[tuple[int, bytes]]]:
    """A size, and parts of zeros and of data at any place of it."""
    size = draw(st.integers(1, 6 * MIB))
    parts = []
    for offset, length, seed in draw(
        st.lists(st.tuples(st.integers(0, size - 1), st.integers(1, 300 * KIB), st.integers(0, 3)), max_size=6)
    ):
        length = min(length, size - offset)
        parts.append((offset, random.Random(seed).randbytes(length) if seed else bytes(length)))
    return size, parts


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(disks(), st.sampled_from(["dynamic", "fixed"]), st.integers(0, 8), st.sampled_from([512, 4096]), st.data())
def test_any_raw_image_survives_the_way_to_vhdx_and_back(
    scratch: Path, disk: tuple[int, Any], disk_type: str, power: int, sector: int, data: st.DataObject
) -> None:
    size, parts = disk
    flat = sparse(scratch / "in", size, *parts)
    state = data.draw(st.sampled_from([None, "zero"])) if disk_type == "dynamic" else None
    form = ResultForm("vhdx", disk_type, MIB << power, sector, block_state=state)
    kind = data.draw(st.sampled_from(["path", "object", "pipe"]))
    source = {"path": scratch / "in", "object": Thing(flat), "pipe": Pipe(flat)}[kind]
    convert(source, scratch / "out", form, size=size if isinstance(source, Pipe) else None, force=True)
    padded = flat.ljust(-(-size // sector) * sector, b"\0")
    assert guest(scratch / "out") == padded
    with vhdx.open(scratch / "out") as made:
        convert(made, scratch / "back", ResultForm("raw"), force=True)
    assert hashlib.sha256((scratch / "back").read_bytes()).digest() == hashlib.sha256(padded).digest()


# Faults.


@pytest.mark.parametrize("form", [ResultForm(), ResultForm(block_size=MIB), ResultForm(disk_type="fixed")])
@pytest.mark.parametrize("reader", ["dissect", "pyvhdi", "7zz"])
def test_other_readers_see_the_same(raw: tuple[Path, bytes], tmp_path: Path, form: ResultForm, reader: str) -> None:
    flat = raw[1][: 40 * MIB]  # 7-Zip takes no disk with an odd number of sectors
    out = tmp_path / "out.vhdx"
    convert(flat, out, form)
    assert READERS[reader](out, len(flat)) == flat


def by_dissect(path: Path, size: int) -> bytes:
    need("dissect.hypervisor")
    from dissect.hypervisor.disk.vhdx import VHDX

    with open(path, "rb") as file:
        return bytes(VHDX(file).read(size))


def by_pyvhdi(path: Path, size: int) -> bytes:
    need("libvhdi-python")
    import pyvhdi

    file = pyvhdi.file()
    file.open(str(path))
    try:
        assert file.get_media_size() == size
        return bytes(file.read_buffer_at_offset(size, 0))
    finally:
        file.close()


def by_7zz(path: Path, size: int) -> bytes:
    program = shutil.which("7zz")
    if not program:
        pytest.skip("7zz: not installed (Debian: apt-get install 7zip)")
    return subprocess.run([program, "e", "-so", "-tVHDX", path], capture_output=True, check=True).stdout


READERS: dict[str, Callable[[Path, int], bytes]] = {"dissect": by_dissect, "pyvhdi": by_pyvhdi, "7zz": by_7zz}
