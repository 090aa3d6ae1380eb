"""A file is written only when it is a plain file that nobody else writes, and a new file never replaces one."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vhdx_runtime import portable
from vhdx_runtime.errors import FileError, ForbiddenFileError, FormatError, MissingFileError, VhdxError
from vhdx_runtime.write import target as target_module
from vhdx_runtime.write.target import FileTarget, create


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of 10 000 bytes."""
    made = tmp_path / "file"
    made.write_bytes(bytes(range(250)) * 40)
    return made


def test_what_is_written_is_what_the_file_holds(path: Path) -> None:
    expected = bytearray(path.read_bytes())
    with FileTarget(path) as target:
        target.write_at(9_990, b"x" * 20)
        target.flush()
        expected[9_990:] = b"x" * 20
        assert target.size == 10_010
        assert target.read_at(9_980, 100) == expected[9_980:]
        target.resize(20_000)
        target.resize(15_000)
        buffer = bytearray(b"\xff" * 10)
        assert target.readinto_at(14_995, memoryview(buffer)) == 5
        assert buffer == bytes(5) + b"\xff" * 5
    assert path.read_bytes() == expected.ljust(15_000, b"\0")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="locks: this system has none that are tested here")
def test_a_second_writer_is_refused_until_the_first_is_done(path: Path) -> None:
    attempt = f"from vhdx_runtime.write.target import FileTarget; FileTarget({str(path)!r})"
    with FileTarget(path):
        with pytest.raises(FileError, match=rf"in use by .+ \(process {os.getpid()}\)"):
            FileTarget(path)
        other = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True)
        assert f"(process {os.getpid()})" in other.stderr
        path.read_bytes()  # a reader that closes the file does not give up the lock
        with pytest.raises(FileError, match=rf"in use by .+ \(process {os.getpid()}\)"):
            FileTarget(path)
    assert subprocess.run([sys.executable, "-c", attempt], capture_output=True).returncode == 0


def test_qemu_keeps_away_from_a_file_that_is_written(sample_image: Path, tmp_path: Path, qemu_img: Any) -> None:
    image = tmp_path / "image.vhdx"
    image.write_bytes(sample_image.read_bytes())
    with FileTarget(image):
        done = qemu_img("check", image, check=False)
        assert done.returncode
        assert "lock" in done.stderr
    assert not qemu_img("check", image).returncode


def test_a_file_marked_read_only_is_refused_even_for_an_administrator(path: Path) -> None:
    path.chmod(0o444)
    with pytest.raises(ForbiddenFileError, match="marked read-only") as caught:
        FileTarget(path)
    assert (caught.value.errno, caught.value.filename) == (errno.EACCES, str(path))
    path.chmod(0o644)


@pytest.mark.parametrize("kind", ["folder", "missing", "fifo", "device"])
def test_what_is_no_plain_file_is_refused(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    if kind == "folder":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    elif kind == "device":
        place = Path("/dev/null")
    kinds: dict[str, type[VhdxError]] = {"missing": MissingFileError}
    with pytest.raises(kinds.get(kind, FormatError)):
        FileTarget(place)


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOENT, MissingFileError), (errno.EPERM, ForbiddenFileError), (errno.EIO, FileError)]
)
def test_what_the_system_refuses_to_open_is_a_file_error(
    number: int, kind: type[FileError], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(kind, match="cannot be opened for writing") as caught:
        FileTarget(path)
    assert type(caught.value) is kind
    assert (caught.value.errno, caught.value.filename) == (number, str(path))
    assert isinstance(caught.value.__cause__, OSError)


def test_a_failed_read_is_a_file_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(target_module, "pread", fail)
    with FileTarget(path) as target, pytest.raises(FileError, match="cannot be read at 0x10") as caught:
        target.read_at(16, 4)
    assert caught.value.errno == errno.EIO


def test_a_block_device_is_refused_before_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(os.stat(path))
    found[0] = stat.S_IFBLK | 0o660
    monkeypatch.setattr(target_module.os, "stat", lambda _: os.stat_result(found))
    monkeypatch.setattr(target_module.os, "open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(FormatError, match="block device"):
        FileTarget(path)


def test_a_symbolic_link_is_followed_and_hard_links_are_counted(path: Path, tmp_path: Path) -> None:
    link, other = tmp_path / "link", tmp_path / "other"
    link.symlink_to(path)
    os.link(path, other)
    with FileTarget(link) as target:
        assert target.links == 2
        target.write_at(0, b"through")
    assert path.read_bytes().startswith(b"through")
    assert other.read_bytes().startswith(b"through")
    assert link.is_symlink()


def test_a_failed_write_names_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(target_module, "pwrite", fail)
    with FileTarget(path) as target, pytest.raises(OSError, match="No space") as caught:
        target.write_at(0, b"x")
    assert caught.value.filename == str(path)


def test_a_new_file_holds_its_parts_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    create(tmp_path / "new", [b"one", b"", b"two" * 100_000])
    assert (tmp_path / "new").read_bytes() == b"one" + b"two" * 100_000
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_a_new_file_never_replaces_anything(kind: str, path: Path, tmp_path: Path) -> None:
    before, place = path.read_bytes(), path
    if kind != "file":
        place = tmp_path / "place"
        place.symlink_to(path if kind == "link" else tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        create(place, [b"x"])
    assert path.read_bytes() == before
    assert not (tmp_path / "nowhere").exists()


def test_half_a_new_file_is_removed(tmp_path: Path) -> None:
    def parts() -> Any:
        yield b"half"
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output") as caught:
        create(tmp_path / "new", parts())
    assert caught.value.filename == str(tmp_path / "new")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["fcntl", "open file locks", "full flush"])
def test_a_system_that_lacks_a_call_can_still_write(missing: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing == "fcntl":
        monkeypatch.setattr(portable, "_FCNTL", None)
    elif missing == "open file locks":
        monkeypatch.delattr(portable._FCNTL, "F_OFD_SETLK", raising=False)
    else:
        monkeypatch.setattr(portable._FCNTL, "F_FULLFSYNC", 9999, raising=False)
    with FileTarget(path) as target:
        target.write_at(0, b"written")
        target.flush()
        if missing == "open file locks":
            with pytest.raises(FileError, match="in use"):
                FileTarget(path)
    assert path.read_bytes().startswith(b"written")
