"""What is no VHDX is named, with what to do next, in one line, by every command and by the library.

The bytes are made by other programs where they are at hand, else from what the formats' own documents say.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from vhdx_format.foreign import FOREIGN

import vhdx_runtime as vhdx
from tests.cli.support import SAMPLE, make, run, run_json
from tests.support.yamls import load_yaml
from vhdx_runtime.cli import main
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.disk.foreign import recognise
from vhdx_runtime.disk.image import load_image

DATA = b"vhdxfile" + bytes(range(256)) * 600
DECLARED = load_yaml(Path(__file__).parents[1] / "formats" / "foreign.yaml")


def padded(size: int, *pieces: tuple[int, bytes]) -> bytes:
    """A file of noise-free filling that is not zero, with pieces at offsets; negative ones count from the end."""
    data = bytearray(b"\x11\x22" * (size // 2))
    for at, piece in pieces:
        start = at % size
        data[start : start + len(piece)] = piece
    return bytes(data)


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("disk.vhdx", DATA)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("disk.ovf")
        entry.size = len(DATA)
        archive.addfile(entry, io.BytesIO(DATA))
    return out.getvalue()


MBR = (446, bytes([0x80]) + bytes(15) + bytes(48) + b"\x55\xaa")
FOOTER = b"conectix" + bytes([0, 0, 0, 2]) + bytes(500)
BYTES: dict[str, bytes] = {
    "vhd-fixed": padded(1 << 16) + FOOTER,
    "vhd 511": padded(1 << 16) + FOOTER[:511],
    "vhd dynamic": FOOTER + padded(1 << 16),
    "vdi": padded(1024, (0, b"<<< Oracle VM VirtualBox Disk Image >>>\n"), (64, bytes([0x7F, 0x10, 0xDA, 0xBE]))),
    "vmdk": padded(4096, (0, b"KDMV\x01\x00\x00\x00")),
    "vmdk COWD": padded(4096, (0, b"COWD\x01\x00\x00\x00")),
    "vmdk-descriptor": b'# Disk DescriptorFile\nversion=1\nCID=fffffffe\nRW 4192256 FLAT "disk-flat.vmdk" 0\n',
    "qcow": padded(4096, (0, b"QFI\xfb\x00\x00\x00\x03")),
    "ewf": padded(4096, (0, b"EVF\x09\x0d\x0a\xff\x00\x01\x01\x00\x00\x00")),
    "ewf logical": padded(4096, (0, b"LVF\x09\x0d\x0a\xff\x00\x01\x01\x00\x00\x00")),
    "ewf2": padded(4096, (0, b"EVF2\x0d\x0a\x81\x00")),
    "gzip": gzip.compress(DATA),
    "xz": lzma.compress(DATA),
    "zstd": padded(256, (0, bytes([0x28, 0xB5, 0x2F, 0xFD]))),
    "bzip2": bz2.compress(DATA),
    "zip": zipped(),
    "7z": padded(256, (0, b"7z\xbc\xaf\x27\x1c\x00\x04")),
    "tar": tarred(),
    "git-lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
    "html": b"\xef\xbb\xbf\r\n<!DOCTYPE HTML>\n<title>404</title>",
    "html bare": b"<HTML><body>",
    "xml": b'<?xml version="1.0"?><Error><Code>BlobNotFound</Code></Error>',
    "iso": padded(1 << 16, (0x8000, b"\x01CD001\x01")),
    "gpt": padded(1 << 16, MBR, (512, b"EFI PART\x00\x00\x01\x00")),
    "gpt 4096": padded(1 << 16, MBR, (4096, b"EFI PART\x00\x00\x01\x00")),
    "ntfs": padded(1 << 16, (3, b"NTFS    "), (510, b"\x55\xaa")),
    "fat": padded(1 << 16, (82, b"FAT32   "), (510, b"\x55\xaa")),
    "mbr": padded(1 << 16, MBR),
    "empty": b"",
    "zeros": bytes(3 << 20),
    "zeros few": bytes(9),
    "one-byte": b"\xff" * (2 << 20),
    "stub": b"vhdxfile\x00",
    "unknown": padded(2 << 20),
}
SUFFIXES = {".rct": "change-tracking", ".mrt": "change-tracking", ".RCT": "change-tracking", ".vhds": "vhd-set"}


@pytest.mark.parametrize("kind", BYTES)
def test_a_file_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "disk.vhdx"
    path.write_bytes(BYTES[kind])
    with pytest.raises(vhdx.FormatError, match=r"disk\.vhdx: is no VHDX: it ") as caught:
        vhdx.open(path)
    assert caught.value.hint
    assert caught.value.rule in ("FTI-001", "FTI-002")
    with load_image(open_source(path)) as image:
        assert image.foreign is not None
        assert image.foreign.id == kind.split(" ")[0]
        assert f"it {image.foreign.text}" in str(caught.value)


def test_every_entry_of_the_table_is_met() -> None:
    assert len(DECLARED["foreign"]) > 25
    ids = {entry["id"] for entry in DECLARED["foreign"]}
    assert ids == {known.id for known in FOREIGN}
    assert ids - {kind.split(" ")[0] for kind in BYTES} == set(SUFFIXES.values())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_only_the_name_tells(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"disk{suffix}"
    path.write_bytes(bytes(8192))
    assert recognise(open_source(path)).id == SUFFIXES[suffix]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_start_of_a_mark_is_not_the_mark(size: int) -> None:
    assert recognise(open_source(b"conectix"[:size] + b"\x00\x01")).id == ("vhd" if size == 8 else "unknown")


@pytest.mark.parametrize("command", ["info", "check", "repair", "hash", "map"])
@pytest.mark.parametrize("kind", ["qcow", "zeros", "stub", "unknown"])
def test_every_command_says_it_in_one_line_and_what_to_do_in_another(tmp_path: Path, command: str, kind: str) -> None:
    path = tmp_path / "disk.vhdx"
    path.write_bytes(BYTES[kind])
    result = run(command, path, code=3)
    lines = result.output.splitlines()
    assert len(lines) == 2, result.output
    assert "is no VHDX: it " in lines[0]
    assert lines[1].startswith("hint: ")


def test_json_names_it(tmp_path: Path) -> None:
    path = tmp_path / "disk.vhdx"
    path.write_bytes(BYTES["xz"])
    assert run_json("check", path, code=3)["images"][0]["foreign"]["id"] == "xz"
    assert run_json("check", make(tmp_path, SAMPLE).path)["images"][0]["foreign"] is None


def command_of(path: Path) -> str:
    with pytest.raises(vhdx.VhdxError) as caught:
        vhdx.open(path)
    return caught.value.hint.split("`")[1]


@pytest.mark.parametrize("kind", ["gzip", "xz", "bzip2", "zip", "tar"])
def test_the_command_unpacks_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it's a disk.vhdx"
    path.write_bytes(BYTES[kind])
    line = command_of(path)
    if shutil.which(line.split(" ")[0]) is None:
        pytest.skip(f"{line.split(' ')[0]} is not there")
    if kind == "zip":  # it would ask before it replaces a file of the same name
        (tmp_path / "out").mkdir()
        line = f"cd out && {line}"
    subprocess.run(line, shell=True, check=True, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True)
    assert any(found.read_bytes() == DATA for found in tmp_path.rglob("*") if found.is_file() and found != path)


@pytest.mark.parametrize(
    ("kind", "make_it"),
    [("vhd", "vpc"), ("vdi", "vdi"), ("vmdk", "vmdk"), ("qcow", "qcow2"), ("vhd-fixed", "vpc -o subformat=fixed")],
)
def test_the_command_makes_a_vhdx_of_it(tmp_path: Path, kind: str, make_it: str) -> None:
    if shutil.which("qemu-img") is None:
        pytest.skip("qemu-img is not there")
    path = tmp_path / "disk.vhdx"
    subprocess.run(["qemu-img", "create", "-q", "-f", *make_it.split(" "), path, "4M"], check=True)
    with load_image(open_source(path)) as image:
        assert image.foreign is not None
        assert image.foreign.id == kind
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # vhdx stands beside this Python
    subprocess.run(command_of(path), shell=True, check=True, cwd=tmp_path, env=os.environ | {"PATH": here})
    with vhdx.open(tmp_path / "new.vhdx") as disk:
        assert disk.size >= 4 << 20


def test_a_vhdx_with_the_footer_of_a_vhd_behind_it_is_a_vhdx(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    path.write_bytes(path.read_bytes() + FOOTER)
    found = run_json("info", path)
    assert found["foreign"] is None
    assert [f["rule"] for f in found["findings"] if "the footer of a VHD" in f["message"]] == ["LAY-003"]
    path.write_bytes(path.read_bytes()[:-512] + bytes(512))
    assert "the footer of a VHD" not in json.dumps(run_json("info", path))


@pytest.mark.parametrize("kind", ["zeros", "one-byte"])
def test_a_vhdx_whose_header_section_is_gone_is_no_download_that_failed(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path, SAMPLE).path
    data = path.read_bytes()
    path.write_bytes(BYTES[kind][: 1 << 20] + data[1 << 20 :])
    with load_image(open_source(path)) as image:
        assert image.foreign is None


def counted_reads(data: bytes) -> tuple[list[tuple[int, int]], Callable[[int, int], bytes]]:
    seen: list[tuple[int, int]] = []

    def read_at(offset: int, length: int) -> bytes:
        seen.append((offset, length))
        return data[offset : offset + length]

    return seen, read_at


def test_little_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_source(BYTES["one-byte"])
    seen, read_at = counted_reads(BYTES["one-byte"])
    monkeypatch.setattr(type(source), "read_at", lambda _, offset, length: read_at(offset, length))
    recognise(source)
    assert sum(length for _, length in seen) <= (64 << 10) + 512


@pytest.mark.skipif(not shutil.which("gzip"), reason="gzip is not there")
def test_the_name_of_a_hostile_file_stays_one_word(tmp_path: Path) -> None:
    path = tmp_path / "a;touch owned\n$(x).vhdx"
    path.write_bytes(BYTES["gzip"])
    result = CliRunner().invoke(main, ["info", str(path)], prog_name="vhdx")
    assert all(line.isprintable() for line in result.output.splitlines())
    subprocess.run(command_of(path), shell=True, cwd=tmp_path, executable=shutil.which("bash") or "/bin/sh", check=True)
    assert not (tmp_path / "owned").exists()
    assert (tmp_path / "unpacked.vhdx").read_bytes() == DATA


@pytest.mark.parametrize("kind", ["qcow", "vmdk", "gzip", "iso", "mbr", "unknown"])
def test_a_container_that_is_called_raw_is_not_taken_for_a_disk(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "cloud.img"
    path.write_bytes(BYTES[kind])
    words = ["convert", str(path), str(tmp_path / "new.vhdx")]
    result = CliRunner().invoke(main, words)
    if kind in ("iso", "mbr", "unknown"):
        assert result.exit_code == 0
        return
    assert (result.exit_code, (tmp_path / "new.vhdx").exists()) == (3, False)
    assert "is called raw, but is " in result.stderr
    assert "hint: " in result.stderr
    assert CliRunner().invoke(main, [*words, "--from", "raw"]).exit_code == 0
    compared = CliRunner().invoke(main, ["compare", str(path), str(tmp_path / "new.vhdx")])
    assert (compared.exit_code, "is no VHDX" in compared.stderr) == (2, True)


@pytest.mark.parametrize("words", [("inspect",), ("explain", "--file", "0"), ("inspect", "--json")])
def test_what_shows_bytes_names_the_file_and_goes_on(tmp_path: Path, words: tuple[str, ...]) -> None:
    path = tmp_path / "disk.vhdx"
    path.write_bytes(BYTES["gzip"])
    result = CliRunner().invoke(main, [*words, str(path)])
    assert result.exit_code == 3
    assert result.stderr.startswith(f"vhdx: warning: {path}: is no VHDX: it is compressed with gzip")
    assert "\nhint: " in result.stderr
    assert "0x1f" in result.stdout or "1f8b" in result.stdout or "1f 8b" in result.stdout


@pytest.mark.parametrize("kind", sorted(BYTES)[:5])
def test_a_file_that_is_to_be_written_is_named_too(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "disk.vhdx"
    path.write_bytes(BYTES[kind])
    with pytest.raises(vhdx.FormatError) as to_read:
        vhdx.open(path)
    with pytest.raises(vhdx.FormatError) as to_write:
        vhdx.open(path, mode="r+")
    assert (str(to_write.value), to_write.value.hint) == (str(to_read.value), to_read.value.hint)
