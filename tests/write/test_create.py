"""`vhdx.create`: new containers are healthy, hold zeros and are what was asked for, for our own reader and others."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vhdx_runtime as vhdx
from tests.cli.support import DIRTY, MIB, TIB, listing, make, make_chain
from tests.support.patience import assert_quick
from vhdx_runtime import portable
from vhdx_runtime.check import check_image
from vhdx_runtime.write import child
from vhdx_runtime.write.layout import Layout, Table, plan
from vhdx_runtime.write.recording import Recording

GIB = 1 << 30
NOT_PRESENT, ZERO, FULL = 0, 2, 6


def findings(path: Path | bytes) -> list[str]:
    """What a full check says of a file, alone."""
    with vhdx.open_image(path) as image:
        return [finding.message for finding in check_image(image).findings]


def part_of(path: Path, offset: int, length: int) -> bytes:
    """Bytes of a file, which may be too large to be read whole."""
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(length)


def table_of(path: Path, count: int) -> list[int]:
    """The words of the table of a file with the usual log: behind header section, log and metadata, 1 MiB each."""
    return list(struct.unpack(f"<{count}Q", part_of(path, 3 * MIB, 8 * count)))


def disk_id(path: Path) -> bytes:
    """The virtual disk ID of a file with the usual log, found by the identifier of its item."""
    raw = part_of(path, 2 * MIB, MIB)
    entry = raw.index(bytes.fromhex("ab12cabee6b2234593efc309e000c746"))
    offset, length = struct.unpack_from("<II", raw, entry + 16)
    return raw[offset : offset + length]


@pytest.mark.parametrize(
    "options",
    [
        {"size": 3 * MIB},
        {"size": 10 * GIB},
        {"size": 64 * TIB},
        {"size": 64 * TIB, "block_size": MIB},
        {"size": 512, "block_size": 256 * MIB},
        {"size": 9 * GIB, "block_state": "zero", "block_size": MIB},
        {"size": 40 * GIB, "logical_sector_size": 4096, "block_state": "zero"},
        {"size": 3 * MIB, "type": "fixed"},
        {"size": 9 * GIB, "type": "fixed", "block_size": MIB},
        {"size": 5 * GIB, "type": "fixed", "logical_sector_size": 4096, "physical_sector_size": 4096},
        {"size": 3 * MIB, "log_size": 5 * MIB, "physical_sector_size": 512, "creator": "Größe"},
    ],
    ids=lambda options: " ".join(f"{name}={value}" for name, value in options.items()),
)
def test_a_new_image_is_healthy_and_what_was_asked_for(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "new.vhdx"
    vhdx.create(path, **options)
    assert findings(path) == []
    with vhdx.open(path) as disk:
        geometry = disk.image.geometry
        assert geometry
        assert disk.size == options["size"]
        assert geometry.disk_type == options.get("type", "dynamic")
        usual = 2 * MIB if options.get("type") == "fixed" else 32 * MIB
        assert geometry.block_size == options.get("block_size", usual)
        assert geometry.logical_sector_size == options.get("logical_sector_size", 512)
        assert geometry.physical_sector_size == options.get("physical_sector_size", 4096)
        assert disk.image.log.length == options.get("log_size", MIB)
        assert disk.image.log.state == "clean"
        assert disk.image.creator == options.get("creator", f"vhdx-runtime {vhdx.__version__}")
        assert not any(disk.read_at(0, 4096))
        assert not any(disk.read_at(max(0, disk.size - 4096), 4096))
    assert listing(tmp_path) == ["new.vhdx"]


def test_the_blocks_of_a_fixed_image_lie_in_a_row_and_skip_the_places_of_bitmaps(tmp_path: Path) -> None:
    vhdx.create(tmp_path / "fixed", size=9 * GIB, type="fixed", block_size=32 * MIB)
    words = table_of(tmp_path / "fixed", 290)
    ratio = 128  # blocks of 32 MiB in 4 GiB
    payload = [word for index, word in enumerate(words) if index % (ratio + 1) != ratio]
    first = 4 * MIB  # behind header section, log, metadata and table
    assert payload == [first + number * 32 * MIB | FULL for number in range(288)]
    assert [words[ratio], words[2 * ratio + 1]] == [0, 0]
    assert (tmp_path / "fixed").stat().st_size == first + 288 * 32 * MIB


@pytest.mark.parametrize(("state", "word"), [(None, NOT_PRESENT), ("not-present", NOT_PRESENT), ("zero", ZERO)])
def test_blocks_of_a_dynamic_image_begin_in_the_state_asked_for(tmp_path: Path, state: str | None, word: int) -> None:
    vhdx.create(tmp_path / "new", size=5 * GIB, block_state=state)
    assert table_of(tmp_path / "new", 161) == [0 if index == 128 else word for index in range(161)]


def test_both_headers_are_valid_and_the_second_is_current_with_new_identities(tmp_path: Path) -> None:
    seen: set[bytes] = set()
    for name in ("one", "two"):
        vhdx.create(tmp_path / name, size=MIB)
        raw = part_of(tmp_path / name, 0, MIB)
        first, second = raw[64 << 10 : 68 << 10], raw[128 << 10 : 132 << 10]
        assert [struct.unpack_from("<Q", header, 8)[0] for header in (first, second)] == [1, 2]
        assert first[16:] == second[16:]
        assert not any(first[48:64]), "LogGuid is set"
        seen |= {first[16:32], first[32:48], disk_id(tmp_path / name)}
    assert len(seen) == 6
    assert bytes(16) not in seen


def test_a_64_tib_image_takes_no_time_and_no_room(tmp_path: Path) -> None:
    vhdx.create(tmp_path / "warm", size=MIB)
    start = time.process_time()
    vhdx.create(tmp_path / "huge", size=64 * TIB)
    assert_quick(time.process_time() - start, 0.3)
    assert (tmp_path / "huge").stat().st_blocks * 512 < 4 * MIB


def test_all_its_room_can_be_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("system", "by hand"):
        vhdx.create(tmp_path / name, size=5 * MIB, type="fixed", allocate=True)
        status = (tmp_path / name).stat()
        assert status.st_blocks * 512 >= status.st_size > 5 * MIB
        assert findings(tmp_path / name) == []
        monkeypatch.setattr(portable, "_posix_fallocate", None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "size is missing"),
        ({"size": 0}, "size must be from 1"),
        ({"size": 64 * TIB + 1}, "64 TiB"),
        ({"size": MIB, "block_size": 3 * MIB}, "power of two"),
        ({"size": MIB, "block_size": 512 << 10}, "from 1 MiB to 256 MiB"),
        ({"size": MIB, "block_size": 512 * MIB}, "from 1 MiB to 256 MiB"),
        ({"size": MIB, "logical_sector_size": 1024}, "512 or 4096"),
        ({"size": MIB, "physical_sector_size": 8192}, "512 or 4096"),
        ({"size": MIB, "log_size": MIB + 4096}, "whole number of MiB"),
        ({"size": MIB, "type": "differencing"}, "needs a parent"),
        ({"size": MIB, "type": "sparse"}, "dynamic, fixed, differencing"),
        ({"size": MIB, "type": "fixed", "block_state": "zero"}, "all blocks of a fixed disk"),
        ({"size": MIB, "block_state": "undefined"}, "not-present, zero"),
        ({"size": MIB, "creator": "x" * 257}, "room for 256"),
    ],
)
def test_what_the_format_does_not_allow_is_refused_and_nothing_is_made(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        vhdx.create(tmp_path / "new", **options)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("options", [{"size": "10G"}, {"size": 1e9}, {"size": MIB, "block_size": "1M"}])
def test_a_size_that_is_no_whole_number_is_a_type_error(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="sizes are whole numbers of bytes, not "):
        vhdx.create(tmp_path / "new", **options)
    assert listing(tmp_path) == []


def test_a_size_is_rounded_up_to_whole_sectors(tmp_path: Path) -> None:
    made = vhdx.create(tmp_path / "new", size=1000)
    assert made.geometry.virtual_disk_size == 1024
    assert vhdx.create(tmp_path / "4k", size=1000, logical_sector_size=4096).geometry.virtual_disk_size == 4096


def test_an_existing_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("precious")
    with pytest.raises(FileExistsError) as caught:
        vhdx.create(path, size=MIB)
    assert isinstance(caught.value, vhdx.TakenFileError)
    assert path.read_text() == "precious"
    vhdx.create(path, size=MIB, force=True)
    assert findings(path) == []


def test_an_image_can_be_made_in_memory() -> None:
    target = Recording(b"")
    vhdx.create(target, size=40 * MIB, type="fixed")
    assert findings(target.content()) == []
    *rest, last = target.events
    assert last.kind == "flush"
    kinds = [event.kind if not 64 << 10 <= event.offset < 192 << 10 else "header" for event in rest]
    assert kinds[-3:] == ["flush", "header", "header"], "the headers come when all else is on the medium"
    assert "header" not in kinds[:-2]


# Children.


def parent_in(folder: Path, **options: Any) -> Path:
    path = folder / "base.vhdx"
    vhdx.create(path, **{"size": 64 * MIB, "block_size": 2 * MIB} | options)
    return path


def test_a_child_has_its_parents_sizes_and_identity_and_names_it(tmp_path: Path) -> None:
    base = parent_in(tmp_path, logical_sector_size=4096, physical_sector_size=4096)
    vhdx.create(tmp_path / "child.avhdx", parent=base)
    with vhdx.open(tmp_path / "child.avhdx") as disk:
        own, other = disk.images
        assert [finding.message for finding in check_image(own).findings] == []
        assert own.geometry
        assert other.geometry
        assert own.geometry.disk_type == "differencing"
        assert own.geometry.block_size == 2 * MIB
        assert (own.size, own.geometry.logical_sector_size) == (64 * MIB, 4096)
        assert disk_id(tmp_path / "child.avhdx") == disk_id(base) != bytes(16)
        assert own.locator
        linkage = UUID(bytes_le=base.read_bytes()[128 << 10 :][32:48])
        assert [(pair.key, pair.value) for pair in own.locator.pairs] == [
            ("parent_linkage", f"{{{linkage}}}"),
            ("relative_path", ".\\base.vhdx"),
        ]


def test_what_is_in_the_parent_is_read_through_a_new_child(tmp_path: Path) -> None:
    made = make_chain(tmp_path)["middle"]
    vhdx.create(tmp_path / "new.avhdx", parent=made.path, size=16 * MIB)
    with vhdx.open(tmp_path / "new.avhdx") as disk:
        assert disk.read_at(0, 16 * MIB) == made.disk.ljust(16 * MIB, b"\0")


@pytest.mark.parametrize(
    ("where", "path"), [("deep/er", "..\\..\\base.vhdx"), (".", ".\\base.vhdx"), ("base/..", ".\\base.vhdx")]
)
def test_the_relative_path_leads_from_the_childs_folder(tmp_path: Path, where: str, path: str) -> None:
    base = parent_in(tmp_path)
    (tmp_path / "base").mkdir()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    out = tmp_path / where / "child.avhdx"
    vhdx.create(out, parent=base)
    with vhdx.open(out, parent_dirs=[tmp_path]) as disk:
        assert disk.image.locator
        assert disk.image.locator.get("relative_path") == path
        assert disk.chain.links[0].state == "matches"


def test_paths_for_windows_are_written_in_its_form(tmp_path: Path) -> None:
    volume = r"\\?\Volume{12345678-1234-1234-1234-123456789abc}\vm\base.vhdx"
    vhdx.create(tmp_path / "c", parent=parent_in(tmp_path), parent_paths=[volume, r"D:\vm\base.vhdx"])
    with vhdx.open_image(tmp_path / "c") as image:
        assert image.locator
        keys = [pair.key for pair in image.locator.pairs]
        assert keys == ["parent_linkage", "absolute_win32_path", "relative_path", "volume_path"]
        assert image.locator.get("absolute_win32_path") == r"\\?\D:\vm\base.vhdx"
        assert image.locator.get("volume_path") == volume
        assert image.locator.findings == ()
    with pytest.raises(ValueError, match="no absolute Windows path"):
        vhdx.create(tmp_path / "d", parent=tmp_path / "base.vhdx", parent_paths=["vm/base.vhdx"])


def test_on_windows_the_system_tells_both_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With stand-ins for the system: nobody has run this on Windows."""
    with vhdx.open_image(parent_in(tmp_path)) as image:
        volume = "\\\\?\\Volume{12345678-1234-1234-1234-123456789abc}\\vm\\base.vhdx"
        monkeypatch.setattr(child, "_of_system", lambda parent: ["C:\\vm\\base.vhdx", volume])
        found = dict(child.pairs(image, str(tmp_path)))
    assert found["absolute_win32_path"] == "\\\\?\\C:\\vm\\base.vhdx"
    assert found["volume_path"] == volume
    assert portable.volume_path("C:\\vm\\base.vhdx") is None


def test_a_dirty_parent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(vhdx.IntegrityError, match="not closed cleanly") as caught:
        vhdx.create(tmp_path / "child", parent=make(tmp_path, DIRTY).path)
    assert "vhdx repair --apply" in caught.value.hint
    assert listing(tmp_path) == ["dirty.vhdx"]


def test_a_parent_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    base = parent_in(tmp_path, type="fixed")
    os.truncate(base, 20 * MIB)
    with pytest.raises(vhdx.IntegrityError, match="damaged"):
        vhdx.create(tmp_path / "child", parent=base)


def test_a_parent_without_its_own_parent_is_refused(tmp_path: Path) -> None:
    made = make_chain(tmp_path)
    made["base"].path.unlink()
    with pytest.raises(vhdx.ChainError, match="no parent found"):
        vhdx.create(tmp_path / "new", parent=made["child"].path)


def test_sectors_of_another_size_than_the_parents_are_refused(tmp_path: Path) -> None:
    with pytest.raises(vhdx.UnsupportedError, match="logical sectors of 512 bytes"):
        vhdx.create(tmp_path / "child", parent=parent_in(tmp_path), logical_sector_size=4096)


def test_a_child_never_replaces_its_parent(tmp_path: Path) -> None:
    base = parent_in(tmp_path)
    before = base.read_bytes()
    with pytest.raises(vhdx.TakenFileError, match="one of the files that are read"):
        vhdx.create(base, parent=base, force=True)
    assert base.read_bytes() == before


def test_zero_blocks_that_would_hide_the_parent_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hide its parent"):
        vhdx.create(tmp_path / "child", parent=parent_in(tmp_path), block_state="zero")


@pytest.mark.skipif(os.sep == "\\", reason="a backslash is no part of a name there")
def test_a_parent_whose_name_no_path_can_hold_is_refused(tmp_path: Path) -> None:
    base = parent_in(tmp_path)
    for name in (b"a\\b.vhdx", b"\xff.vhdx"):
        odd = os.path.join(os.fsencode(tmp_path), name)
        os.rename(base, odd)
        with pytest.raises(vhdx.ChainError):
            vhdx.create(tmp_path / "child", parent=os.fsdecode(odd))
        os.rename(odd, base)


# Others.


@pytest.mark.parametrize("disk_type", ["dynamic", "fixed"])
@pytest.mark.parametrize("block_size", [MIB, 2 * MIB, 32 * MIB, 256 * MIB])
def test_qemu_img_finds_nothing_wrong(
    tmp_path: Path, qemu_img: Callable[..., Any], disk_type: str, block_size: int
) -> None:
    path = tmp_path / "new.vhdx"
    vhdx.create(path, size=5 * GIB, type=disk_type, block_size=block_size)
    assert "No errors were found" in qemu_img("check", "-f", "vhdx", path).stdout
    assert f'"cluster-size": {block_size}' in qemu_img("info", "--output=json", path).stdout
    assert f'"virtual-size": {5 * GIB}' in qemu_img("info", "--output=json", path).stdout


def test_seven_zip_reads_a_new_image(tmp_path: Path) -> None:
    from shutil import which

    program = which("7zz")
    if not program:
        pytest.skip("7zz: not installed (Debian: apt-get install 7zip)")
    vhdx.create(tmp_path / "new.vhdx", size=40 * MIB)
    done = subprocess.run([program, "l", "-slt", tmp_path / "new.vhdx"], capture_output=True, text=True, check=True)
    assert "Type = VHDX" in done.stdout
    assert f"\nSize = {40 * MIB}" in done.stdout


# The table, on made-up layouts: whatever is placed over whatever all blocks begin with.


@given(st.data())
def test_a_table_has_each_entry_where_the_specification_puts_it(data: st.DataObject) -> None:
    disk_type = data.draw(st.sampled_from(["dynamic", "fixed"]))
    made: Layout = plan(data.draw(st.integers(1, 70 * GIB)), disk_type, block_size=256 * MIB)
    state = FULL if disk_type == "fixed" else data.draw(st.sampled_from([NOT_PRESENT, ZERO]))
    blocks = -(-made.geometry.virtual_disk_size // (256 * MIB))
    placed = data.draw(st.dictionaries(st.integers(0, blocks - 1), st.integers(5, 1 << 20)))
    table = Table(made, state)
    for block, mib in placed.items():
        table.place(block, mib * MIB)
    raw = bytearray(made.bat_length)
    for part in table.parts():
        raw[part.file_offset - made.bat_offset : part.file_offset - made.bat_offset + len(part.data)] = part.data
    expected = [0] * (made.bat_length // 8)
    for block in range(blocks):
        start = made.bat_offset + made.bat_length + block * 256 * MIB if disk_type == "fixed" else 0
        expected[block + block // 16] = placed[block] * MIB | FULL if block in placed else start | state
    assert list(struct.unpack(f"<{len(expected)}Q", raw)) == expected
