"""Whatever a locator says, nothing outside the allowed folders is ever opened, and no file twice as another one."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.chain.containers import NIL, Folder, links, open_descriptors, opened_files, refusal, to
from vhdx_runtime.chain import open_chain
from vhdx_runtime.codec.confined import open_confined, places
from vhdx_runtime.image import open_image

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
    with open_image(child) as opened, monkeypatch.context() as patch:
        for name in ("open", "stat", "lstat", "scandir", "listdir", "readlink"):
            real = getattr(os, name)
            patch.setattr(os, name, lambda path, *a, real=real, **k: asked.append(str(path)) or real(path, *a, **k))
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
        patch.setattr(os, "open", lambda path, *rest: real(other if path == str(base) else path, *rest))
        with pytest.raises(vhdx.ChainError, match="replaced"):
            open_chain(opened)
    assert open_descriptors() == before


def test_places_never_leave_the_folders_but_by_two_dots() -> None:
    assert list(places("a\\b.vhdx", "/vm", ["/vm", "/x"])) == ["/vm/a/b.vhdx", "/vm/b.vhdx", "/x/b.vhdx"]
    assert list(places("..\\..\\..\\b.vhdx", "/vm/child", ["/x"])) == ["/b.vhdx", "/x/b.vhdx"]
    assert list(places("\\\\server\\share\\b.vhdx", None, ["/x"])) == ["/x/b.vhdx"]
