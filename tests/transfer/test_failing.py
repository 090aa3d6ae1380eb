"""Conversions that fail, are verified, or take another way: a clear error, nothing left, the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.cli.support import KIB, MIB, listing
from tests.transfer.support import Pipe, Thing, guest, stored
from vhdx_runtime.transfer import filling
from vhdx_runtime.transfer.convert import convert
from vhdx_runtime.transfer.form import ResultForm
from vhdx_runtime.write import create
from vhdx_runtime.write.recording import Recording


def test_verifying_notices_what_reads_otherwise(
    raw: tuple[Path, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = create.write

    def spoilt(out: Any, *arguments: Any, **options: Any) -> None:
        real(out, *arguments, **options)
        out.write_at(4 * MIB + 50, b"!")

    monkeypatch.setattr("vhdx_runtime.transfer.convert.write", spoilt)
    with pytest.raises(vhdx.IntegrityError, match="reads otherwise"):
        convert(raw[0], tmp_path / "out.vhdx", verify=True)
    assert listing(tmp_path) == ["in.raw"]
    convert(raw[0], tmp_path / "out.vhdx")  # it is --verify that notices


class Failing(Recording):
    """A target of which one call fails."""

    def __init__(self, fails_at: int) -> None:
        super().__init__(b"")
        self.left = fails_at

    def _call(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(28, "No space left on device")

    def write_at(self, offset: int, data: bytes) -> None:
        self._call()
        super().write_at(offset, data)

    def resize(self, size: int) -> None:
        self._call()
        super().resize(size)

    def flush(self) -> None:
        self._call()
        super().flush()


def test_whatever_call_fails_the_error_comes_out_and_no_header_is_valid(raw: tuple[Path, bytes]) -> None:
    calls = 0
    while True:
        calls += 1
        target = Failing(calls)
        try:
            convert(raw[0], target, ResultForm(block_size=2 * MIB))
        except OSError:
            written = [event.offset for event in target.events if event.kind == "write"]
            if not any(64 * KIB <= offset < 192 * KIB for offset in written):
                with pytest.raises(vhdx.VhdxError):
                    vhdx.open(target.content())
        else:
            break
    assert calls > 15


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without room: neither the kernel's copy nor a write finds any."""

    def refuse(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(filling, "copy_range", refuse)
    monkeypatch.setattr("vhdx_runtime.write.target.pwrite", refuse)


def test_a_full_disk_names_the_file_and_leaves_nothing(raw: tuple[Path, bytes], tmp_path: Path, full: None) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        convert(raw[0], tmp_path / "out.vhdx")
    assert caught.value.filename == str(tmp_path / "out.vhdx")
    assert listing(tmp_path) == ["in.raw"]


def test_a_source_that_cannot_be_read_is_named_and_no_zeros(
    raw: tuple[Path, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad sector: neither a look at it nor a copy nor a read gets anything."""

    def refuse(*_: Any) -> int:
        raise OSError(5, "Input/output error")

    for place in ("origin.pread", "filling.copy_range"):
        monkeypatch.setattr(f"vhdx_runtime.transfer.{place}", refuse)
    monkeypatch.setattr("vhdx_runtime.codec.source.preadv_into", refuse)
    with pytest.raises(vhdx.FileError, match=r"in\.raw: cannot be read") as caught:
        convert(raw[0], tmp_path / "out.vhdx")
    assert caught.value.errno == 5
    assert listing(tmp_path) == ["in.raw"]


def test_where_the_kernel_cannot_copy_memory_does(
    raw: tuple[Path, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vhdx_runtime.portable._copy_file_range", None)
    monkeypatch.setattr("vhdx_runtime.portable._SEEK_DATA", None)
    convert(raw[0], tmp_path / "out.vhdx", verify=True)
    assert guest(tmp_path / "out.vhdx") == raw[1]
    assert stored(tmp_path / "out.vhdx") < 5 * MIB


def test_the_progress_never_goes_back_and_ends_at_the_end(raw: tuple[Path, bytes], tmp_path: Path) -> None:
    seen = [0]
    convert(raw[0], tmp_path / "out.vhdx", advance=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(raw[1])


def test_small_steps_change_nothing(raw: tuple[Path, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vhdx_runtime.transfer.origin._RUN", 100_000)
    monkeypatch.setattr("vhdx_runtime.transfer.origin._STEP", 2 * 64 * KIB)
    monkeypatch.setattr(filling, "_STEP", 10_001)
    for source in (raw[0], Thing(raw[1]), Pipe(raw[1])):
        convert(
            source, tmp_path / "out", ResultForm(block_size=MIB), size=len(raw[1]) if isinstance(source, Pipe) else None
        )
        assert guest(tmp_path / "out") == raw[1]
        (tmp_path / "out").unlink()
