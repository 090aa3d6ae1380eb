"""Whatever a locator says, nothing outside the allowed folders is ever opened, and no file twice as another one."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.chain.containers import NIL, Folder, links, open_descriptors, opened_files, refusal, to
from vhdx_runtime.codec.confined import open_confined, places
from vhdx_runtime.disk.chain import load_chain, open_chain
from vhdx_runtime.disk.image import open_image

HOSTILE = [
    "..\\..\\etc\\passwd",
    "..\\..\\..\\..\\..\\..\\..\\etc\\passwd",
    "/etc/passwd",
    "\\etc\\passwd",
    "C:\\Windows\\win.ini",
    "\\\\server\\share\\base.vhdx",
    "//server/share/base.vhdx",
    "\\\\?\\UNC\\server\\share\\base.vhdx",
    "\\\\.\\PhysicalDrive0",
    "\\\\.\\pipe\\name",
    "..\\..\\dev\\zero",
    "..\\..\\proc\\self\\mem",
    "sub\\..\\..\\outside.vhdx",
    "CON",
    "nul.vhdx",
    "sub\\COM1.vhdx",
    "LPT¹",
    ".",
    "..",
    ".\\",
    "...",
    " ",
    "\\",
    "/",
    "base.vhdx\n",
    "\x1b[2J",
    "a\ud800.vhdx",
    "x" * 30_000,
    "..\\" * 10_000 + "etc\\passwd",
    "a\\" * 15_000 + "b",
]


@pytest.mark.parametrize("key", ["relative_path", "absolute_win32_path", "volume_path"])
@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: ascii(path)[:30])
def test_a_hostile_path_opens_nothing(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, path: str
) -> None:
    folder.put("base", where=str(tmp_path / "outside.vhdx"))
    value = f"\\\\?\\Volume{{{NIL}}}\\{path}" if key == "volume_path" else path
    child = folder.put("child", to("base", (key, value)))
    with open_image(child) as opened, opened_files(monkeypatch) as found:
        with pytest.raises(vhdx.ChainError) as caught:
            open_chain(opened)
        assert found == []
    str(caught.value).encode("utf-8")
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize("name", ["CON", "nul.vhdx", "COM1.a.b", "..", ".", "", "a\0b", "x\ny", "aux .vhdx", "CONIN$"])
def test_a_name_that_is_none_is_refused_even_where_such_a_file_is(tmp_path: Path, name: str) -> None:
    if name.strip(".") and "\0" not in name:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(vhdx.ChainError, match="no name of a file"):
        open_confined(f"{tmp_path}/{name}", [str(tmp_path)])


def test_a_network_path_is_not_even_looked_up(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    child = folder.put("child", to("base", ("relative_path", "..\\..\\..\\net\\server\\base.vhdx")))
    asked: list[str] = []
    name_of = os.readlink
    with open_image(child) as opened, monkeypatch.context() as patch:
        for name in ("open", "stat", "lstat", "scandir", "listdir", "readlink"):
            real = getattr(os, name)

            def ask(path: Any, *arguments: Any, real: Any = real, dir_fd: int | None = None, **options: Any) -> Any:
                at = path if isinstance(path, int) else dir_fd
                known = "" if at is None else name_of(f"/proc/self/fd/{at}")
                asked.append(str(os.path.join(known, str(path))))
                return real(path, *arguments, **options, **({} if dir_fd is None else {"dir_fd": dir_fd}))

            patch.setattr(os, name, ask)
        with pytest.raises(vhdx.ChainError):
            open_chain(opened)
    assert asked
    inside = {str(folder.path), *map(str, folder.path.parents)}
    assert all(path in inside or path.startswith(f"{folder.path}/") for path in asked), asked


def test_a_link_out_of_the_folder_is_not_followed(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = folder.put("base", where=str(tmp_path / "outside.vhdx"))
    (folder.path / "base.vhdx").symlink_to(outside)
    (folder.path / "sub").symlink_to(tmp_path)
    child = folder.put(
        "child", to("base", ("relative_path", "base.vhdx"), ("absolute_win32_path", "C:\\sub\\outside.vhdx"))
    )
    through = folder.put("through", to("base", ("relative_path", "sub\\outside.vhdx")))
    for path in (child, through):
        with open_image(path) as opened, opened_files(monkeypatch) as found:
            with pytest.raises(vhdx.ChainError, match="outside the allowed folders"):
                open_chain(opened)
            assert found == []
    assert links(child, parent_dirs=[tmp_path])[0].path == str(outside)


def test_a_link_inside_the_folder_is_followed(folder: Folder) -> None:
    real = folder.put("base", where="store/real.vhdx")
    (folder.path / "base.vhdx").symlink_to("store/real.vhdx")
    assert links(folder.put("child", to("base")))[0].path == str(real)


def test_a_link_that_leads_to_itself_ends(folder: Folder) -> None:
    (folder.path / "base.vhdx").symlink_to("base.vhdx")
    assert refusal(folder.put("child", to("base"))).rule == "CHN-001"


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, Path.mkdir, make_socket, lambda path: path.symlink_to("/dev/zero")],
    ids=["FIFO", "folder", "socket", "device"],
)
def test_what_is_no_regular_file_is_never_opened(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object]
) -> None:
    with tempfile.TemporaryDirectory() as short:  # short enough for the name of a socket
        folder = Folder(Path(short))
        make(folder.path / "base.vhdx")
        child = folder.put("child", to("base"))
        for options in ({}, {"parent_dirs": ["/dev"]}):
            with open_image(child) as opened, opened_files(monkeypatch) as found:
                with pytest.raises(vhdx.ChainError, match=r"no regular file|outside the allowed"):
                    open_chain(opened, **options)
                assert found == []


def test_a_fifo_named_by_the_caller_does_not_hang(folder: Folder) -> None:
    os.mkfifo(folder.path / "pipe")
    error = refusal(folder.put("child", to("base")), parents=[folder.path / "pipe"])
    assert "a FIFO" in str(error)


def test_a_file_that_is_replaced_while_it_is_opened_is_refused(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = folder.put("base")
    other = folder.put("base", where=str(tmp_path / "other.vhdx"))
    child = folder.put("child", to("base"))
    before, real = open_descriptors(), os.open
    with open_image(child) as opened, monkeypatch.context() as patch:

        def exchange(path: Any, flags: int, *, dir_fd: int | None = None) -> int:
            return real(other, flags) if path == base.name else real(path, flags, dir_fd=dir_fd)

        patch.setattr(os, "open", exchange)
        with pytest.raises(vhdx.ChainError, match="replaced"):
            open_chain(opened)
    assert open_descriptors() == before


@pytest.mark.parametrize("exchanged", ["the folder", "the file"])
def test_a_link_that_takes_the_place_of_what_was_just_looked_at_serves_nothing_from_outside(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanged: str
) -> None:
    """The attack that a look before an open allows, made at every call of the system that is about the name."""
    folder.put("base", where=str(tmp_path / "outside" / "base.vhdx"))
    child = folder.put("child", to("base", ("relative_path", "sub\\base.vhdx")))
    name = "sub" if exchanged == "the folder" else "base.vhdx"
    for call in range(8):
        shutil.rmtree(folder.path / "sub", ignore_errors=True)
        (folder.path / "sub").mkdir()
        inside = folder.put("base", where="sub/base.vhdx")
        calls = 0

        def exchange(path: Any, *arguments: Any, real: Any = os.open, **options: Any) -> Any:
            nonlocal calls
            result = real(path, *arguments, **options)
            if str(path).endswith(name):
                calls += 1
                if calls - 1 == call:  # noqa: B023
                    target = inside.parent if exchanged == "the folder" else inside  # noqa: B023
                    target.rename(tmp_path / f"taken away {call}")  # noqa: B023
                    target.symlink_to(tmp_path / "outside" / target.name.replace("sub", ""))
            return result

        before = open_descriptors()
        with open_image(child) as opened, monkeypatch.context() as patch:
            for function in ("open", "stat", "lstat"):
                patch.setattr(os, function, partial(exchange, real=getattr(os, function)))
            chain = load_chain(opened)
            for parent in chain.images[1:]:
                assert os.fstat(parent.source.fd or -1).st_ino != (tmp_path / "outside" / "base.vhdx").stat().st_ino
            chain.close_parents()
        if (folder.path / "sub").is_symlink():
            (folder.path / "sub").unlink()
        assert open_descriptors() == before


def test_links_are_followed_by_hand_and_lead_nowhere_else(folder: Folder, tmp_path: Path) -> None:
    real = folder.put("base", where="store/deep/real.vhdx")
    (folder.path / "a").mkdir()
    (folder.path / "a" / "up").symlink_to("../store/deep/../deep")
    (folder.path / "b").symlink_to(folder.path / "a" / "up")
    for number in range(39):
        (folder.path / f"{number}.vhdx").symlink_to(f"{number + 1}.vhdx")
    (folder.path / "39.vhdx").symlink_to("b/real.vhdx")
    inside = [str(folder.path)]
    for path, links_on_it in (("b/real.vhdx", 2), ("3.vhdx", 39)):
        source = open_confined(str(folder.path / path), inside)
        assert os.path.realpath(real) == source.name, links_on_it
        source.close()
    with pytest.raises(vhdx.ChainError, match="more than 40 links"):
        open_confined(str(folder.path / "0.vhdx"), inside)
    for target in ("/", "..", "../outside.vhdx", str(tmp_path), "store/../../outside.vhdx"):
        (folder.path / "away.vhdx").symlink_to(target)
        with pytest.raises(vhdx.ChainError, match="outside the allowed folders"):
            open_confined(str(folder.path / "away.vhdx"), inside)
        (folder.path / "away.vhdx").unlink()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_system_that_has_no_more_files_is_not_called_a_missing_parent(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    folder.put("base")
    child = folder.put("child", to("base"))

    def refuse(path: Any, *_: Any, **__: Any) -> int:
        raise OSError(number, os.strerror(number), path)

    with open_image(child) as opened, monkeypatch.context() as patch:
        before = open_descriptors()
        patch.setattr(os, "open", refuse)
        with pytest.raises(vhdx.FileError, match=os.strerror(number)) as caught:
            open_chain(opened)
        patch.undo()
        assert open_descriptors() == before
    assert caught.value.errno == number
    assert "no parent found" not in str(caught.value)


def test_places_never_leave_the_folders_but_by_two_dots() -> None:
    assert list(places("a\\b.vhdx", "/vm", ["/vm", "/x"])) == ["/vm/a/b.vhdx", "/vm/b.vhdx", "/x/b.vhdx"]
    assert list(places("..\\..\\..\\b.vhdx", "/vm/child", ["/x"])) == ["/b.vhdx", "/x/b.vhdx"]
    assert list(places("\\\\server\\share\\b.vhdx", None, ["/x"])) == ["/x/b.vhdx"]
