"""Parents are found where the policy allows, recognised by what they are, and nothing else is ever opened."""

from __future__ import annotations

import io
import os
import socket
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from crc32c import crc32c

import vhdx_runtime as vhdx
from tests.conftest import RealImages
from vhdx_runtime.chain import Chain, Link, open_chain
from vhdx_runtime.codec.confined import open_confined, places
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.image import Image, load_image, open_image

MIB = 1 << 20
NIL = "00000000-0000-0000-0000-000000000000"
LOCATOR_TYPE = "B04AEFB7-D19E-4A81-B789-25B8E9445913"
REGIONS = {"bat": "2DC27766-F623-4200-9D64-115E9BFD4A08", "metadata": "8B7CA206-4790-4B9A-B8FE-575F050F886E"}
ITEMS = {
    "parameters": "CAA16737-FA36-4D43-B3B6-33F0AA44E76B",
    "size": "2FA54224-CD1B-4876-B211-5DBED83BF4B8",
    "id": "BECA12AB-B2E6-4523-93EF-C309E000C746",
    "logical": "8141BF1D-A96F-4709-BA47-F233A8FAAB5F",
    "physical": "CDA348C7-445D-4471-9CC9-E9885251C556",
    "locator": "A8D35F2D-B30B-454D-ABF7-D3D84834AB0C",
}
Pairs = list[tuple[str, str]]


def guid(name: str) -> str:
    """A GUID of its own for each name."""
    return str(uuid5(UUID(int=1), name))


def raw_guid(text: str) -> bytes:
    return UUID(text).bytes_le


def sealed(data: bytes, size: int) -> bytes:
    """`data` in `size` bytes with the checksum in its second four."""
    whole = bytearray(data.ljust(size, b"\0"))
    whole[4:8] = struct.pack("<I", crc32c(bytes(whole)))
    return bytes(whole)


def header(sequence: int, data_write: str) -> bytes:
    fields = raw_guid(guid("file write")) + raw_guid(data_write) + bytes(16)
    return sealed(struct.pack("<4sIQ", b"head", 0, sequence) + fields + struct.pack("<HHIQ", 0, 1, MIB, MIB), 4096)


def region_table() -> bytes:
    entries = raw_guid(REGIONS["bat"]) + struct.pack("<QII", 3 * MIB, MIB, 1)
    entries += raw_guid(REGIONS["metadata"]) + struct.pack("<QII", 2 * MIB, MIB, 1)
    return sealed(struct.pack("<4sIII", b"regi", 0, 2, 0) + entries, 65536)


def locator_item(pairs: Pairs, kind: str = LOCATOR_TYPE) -> bytes:
    position, entries, strings = 20 + 12 * len(pairs), b"", b""
    for key, value in ((key.encode("utf-16-le"), value.encode("utf-16-le", "surrogatepass")) for key, value in pairs):
        entries += struct.pack("<IIHH", position, position + len(key), len(key), len(value))
        strings += key + value
        position += len(key) + len(value)
    return raw_guid(kind) + struct.pack("<HH", 0, len(pairs)) + entries + strings


def metadata(items: dict[str, tuple[bytes, int]]) -> bytes:
    table, body, position = struct.pack("<8sHH", b"metadata", 0, len(items)).ljust(32, b"\0"), b"", 65536
    for name, (value, flags) in items.items():
        table += raw_guid(ITEMS[name]) + struct.pack("<IIII", position, len(value), flags, 0)
        body += value
        position += len(value)
    return table.ljust(65536, b"\0") + body


def image(
    name: str,
    pairs: Pairs | None = None,
    *,
    data_write: str | None = None,
    locator: bytes | None = None,
    has_parent: bool | None = None,
    logical: int = 512,
    block: int = MIB,
    size: int = 4 * MIB,
    other_header: str | None = None,
) -> bytes:
    """An empty disk of the format's own bytes: dynamic, or differencing where there are pairs."""
    child = (pairs is not None or locator is not None) if has_parent is None else has_parent
    items = {
        "parameters": (struct.pack("<II", block, 2 if child else 0), 4),
        "size": (struct.pack("<Q", size), 6),
        "id": (raw_guid(guid("disk")), 6),
        "logical": (struct.pack("<I", logical), 6),
        "physical": (struct.pack("<I", 4096), 6),
    }
    found = locator if locator is not None else locator_item(pairs) if pairs is not None else None
    if found is not None:
        items["locator"] = (found, 4)
    current = header(8, data_write or guid(name))
    file = bytearray(4 * MIB)
    for offset, data in (
        (0, b"vhdxfile"),
        (65536, header(7, other_header) if other_header else current),
        (131072, current),
        (196608, region_table()),
        (262144, region_table()),
        (2 * MIB, metadata(items)),
    ):
        file[offset : offset + len(data)] = data
    return bytes(file)


def to(parent: str, *paths: tuple[str, str]) -> Pairs:
    """Pairs that name a parent by its linkage and where it should be."""
    return [("parent_linkage", f"{{{guid(parent)}}}"), *(paths or [("relative_path", f".\\{parent}.vhdx")])]


class Folder:
    """A folder to put images in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, name: str, pairs: Pairs | None = None, *, where: str = "", **options: Any) -> Path:
        path = self.path / (where or f"{name}.vhdx")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image(name, pairs, **options))
        return path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "vm").mkdir()
    return Folder(tmp_path / "vm")


@contextmanager
def chain_of(file: Any, **options: Any) -> Iterator[Chain]:
    child = open_image(file)
    try:
        chain = open_chain(child, **options)
    except BaseException:
        child.close()
        raise
    yield chain
    chain.close()


def links(file: Any, **options: Any) -> tuple[Link, ...]:
    with chain_of(file, **options) as chain:
        return chain.links


def refusal(file: Any, **options: Any) -> vhdx.ChainError:
    with pytest.raises(vhdx.ChainError) as caught, chain_of(file, **options):
        pass
    return caught.value


@contextmanager
def opened_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Paths that are opened meanwhile."""
    found: list[str] = []
    real = os.open

    def remember(path: Any, *arguments: Any, **options: Any) -> int:
        found.append(os.fspath(path))
        return real(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", remember)
        yield found


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_disk_without_parent_is_a_chain_of_one(folder: Folder) -> None:
    with chain_of(folder.put("base")) as chain:
        assert len(chain.images) == 1
        assert chain.links == ()
        assert chain.findings == ()


def test_a_chain_of_four_is_followed_by_relative_paths(folder: Folder) -> None:
    names = ["base", "one", "two", "three"]
    folder.put("base")
    for parent, name in pairwise(names):
        folder.put(name, to(parent))
    with chain_of(folder.path / "three.vhdx") as chain:
        assert [Path(each.name).stem for each in chain.images] == ["three", "two", "one", "base"]
        assert [link.found_by for link in chain.links] == ["relative_path"] * 3
        assert chain.links[0] == Link(
            str(folder.path / "three.vhdx"),
            str(folder.path / "two.vhdx"),
            "relative_path",
            str(folder.path / "two.vhdx"),
        )
        assert chain.findings == ()


@pytest.mark.parametrize(
    "path",
    [
        "base.vhdx",
        ".\\base.vhdx",
        ".\\.\\\\base.vhdx",
        "./base.vhdx",
        "sub\\..\\base.vhdx",
        "nothing\\..\\base.vhdx",
        "..\\vm\\base.vhdx",
        "..\\elsewhere\\base.vhdx",
        "..\\..\\..\\..\\..\\..\\base.vhdx",
        "missing\\base.vhdx",
        "BASE.VHDX",
        ".\\Base.vhdx",
    ],
)
def test_a_relative_path_leads_to_the_parent_in_the_childs_folder(folder: Folder, path: str) -> None:
    base = folder.put("base")
    (link,) = links(folder.put("child", to("base", ("relative_path", path))))
    assert link.found_by == "relative_path"
    assert link.path == str(base)


def test_a_relative_path_may_lead_into_the_childs_subfolders(folder: Folder) -> None:
    base = folder.put("base", where="sub/deep/base.vhdx")
    assert links(folder.put("child", to("base", ("relative_path", "sub\\deep\\base.vhdx"))))[0].path == str(base)
    assert links(folder.put("other", to("base", ("relative_path", "sub\\deep\\BASE.vhdx"))))[0].path == str(base)


def test_parents_in_subfolders_may_lead_back_to_the_childs_folder(folder: Folder) -> None:
    folder.put("base")
    folder.put("middle", to("base", ("relative_path", "..\\base.vhdx")), where="sub/middle.vhdx")
    child = folder.put("child", to("middle", ("relative_path", "sub\\middle.vhdx")))
    assert [Path(link.parent).name for link in links(child)] == ["middle.vhdx", "base.vhdx"]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("volume_path", f"\\\\?\\Volume{{{NIL}}}\\vm\\base.vhdx"),
        ("absolute_win32_path", "C:\\vm\\base.vhdx"),
        ("absolute_win32_path", "\\\\?\\C:\\vm\\BASE.vhdx"),
        ("absolute_win32_path", "\\\\?\\UNC\\server\\share\\base.vhdx"),
        ("absolute_win32_path", "/etc/base.vhdx"),
        ("absolute_win32_path", "C:base.vhdx"),
    ],
)
def test_of_other_paths_the_last_name_counts(folder: Folder, key: str, path: str) -> None:
    base = folder.put("base")
    (link,) = links(folder.put("child", to("base", (key, path))))
    assert link == Link(link.child, str(base), key, str(base))


def test_the_paths_are_tried_in_the_order_of_the_specification(folder: Folder) -> None:
    for name in ("r", "v", "a"):
        folder.put("base", where=f"{name}.vhdx")
    order = [
        ("absolute_win32_path", "C:\\a.vhdx"),
        ("volume_path", f"\\\\?\\Volume{{{NIL}}}\\v.vhdx"),
        ("relative_path", "r.vhdx"),
    ]
    for gone in ("r", "v", "a"):
        child = folder.put("child", to("base", *order))
        assert Path(links(child)[0].path).stem == gone
        (folder.path / f"{gone}.vhdx").unlink()
    message = str(refusal(folder.path / "child.vhdx"))
    assert 0 < message.index("r.vhdx") < message.index("v.vhdx") < message.index("a.vhdx")


def test_a_candidate_that_does_not_match_is_passed_over(folder: Folder) -> None:
    folder.put("stranger", where="r.vhdx")
    folder.put("base", where="a.vhdx")
    child = folder.put("child", to("base", ("relative_path", "r.vhdx"), ("absolute_win32_path", "C:\\a.vhdx")))
    assert links(child)[0].found_by == "absolute_win32_path"


def test_the_exact_name_comes_before_one_that_differs_by_case(folder: Folder) -> None:
    folder.put("base", where="BASE.vhdx")
    exact = folder.put("base", where="base.vhdx")
    assert links(folder.put("child", to("base")))[0].path == str(exact)


def test_of_names_that_differ_by_case_the_one_that_matches_is_taken(folder: Folder) -> None:
    folder.put("stranger", where="BASE.vhdx")
    right = folder.put("base", where="Base.vhdx")
    assert links(folder.put("child", to("base")))[0].path == str(right)


def test_a_moved_parent_is_found_in_a_named_folder_only(folder: Folder, tmp_path: Path) -> None:
    moved = folder.put("base", where=str(tmp_path / "elsewhere" / "base.vhdx"))
    child = folder.put("child", to("base", ("relative_path", "..\\elsewhere\\base.vhdx")))
    error = refusal(child)
    assert "outside the allowed folders" in str(error)
    assert "is not there" in str(error)
    for name in (tmp_path / "elsewhere", str(tmp_path / "vm" / ".." / "elsewhere")):
        (link,) = links(child, parent_dirs=[tmp_path / "nowhere", name])
        assert link.path == str(moved)


def test_the_folder_is_that_of_the_real_file(folder: Folder, tmp_path: Path) -> None:
    base = folder.put("base")
    child = folder.put("child", to("base"))
    (tmp_path / "desk").mkdir()
    shortcut = tmp_path / "desk" / "shortcut.vhdx"
    shortcut.symlink_to(child)
    assert links(shortcut)[0].path == str(base)


def test_a_relative_name_of_the_child_works_from_anywhere(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = folder.put("base")
    folder.put("child", to("base"))
    monkeypatch.chdir(folder.path)
    child = open_image("child.vhdx")
    monkeypatch.chdir(tmp_path)
    with open_chain(child).images[1] as parent:
        assert parent.name == str(base)
    child.close()


def test_a_child_without_a_folder_has_only_the_named_ones(folder: Folder) -> None:
    base = folder.put("base")
    for child in (image("child", to("base")), io.BytesIO(image("child", to("base")))):
        assert refusal(child).rule == "CHN-001"
        assert links(child, parent_dirs=[folder.path])[0].path == str(base)
        assert links(child, parents=[base])[0].found_by == "explicit"


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


def test_a_wrong_linkage_is_refused_with_what_was_found(folder: Folder) -> None:
    folder.put("stranger", where="base.vhdx")
    error = refusal(folder.put("child", to("base")))
    assert error.rule == "CHN-002"
    assert guid("stranger") in str(error)
    assert guid("base") in str(error)


def test_only_the_current_header_of_a_parent_speaks(folder: Folder) -> None:
    folder.put("base", other_header=guid("old"))
    assert len(links(folder.put("child", to("base")))) == 1
    assert refusal(folder.put("late", to("old", ("relative_path", "base.vhdx")))).rule == "CHN-002"


def test_the_second_linkage_matches_too(folder: Folder) -> None:
    folder.put("next", where="base.vhdx")
    child = folder.put("child", [*to("base"), ("parent_linkage2", f"{{{guid('next')}}}")])
    assert len(links(child)) == 1


def test_nil_never_links(folder: Folder) -> None:
    folder.put("base", data_write=NIL)
    child = folder.put("child", [*to("base"), ("parent_linkage2", f"{{{NIL}}}")])
    assert refusal(child).rule == "CHN-002"
    nothing = folder.put("nothing", [("parent_linkage", f"{{{NIL}}}"), ("relative_path", "base.vhdx")])
    assert refusal(nothing).rule == "CHN-002"


def test_linkage_is_compared_without_regard_to_case_and_braces(folder: Folder) -> None:
    folder.put("base")
    child = folder.put("child", [("parent_linkage", guid("base").upper()), ("relative_path", "base.vhdx")])
    assert len(links(child)) == 1


def test_explicit_parents_are_matched_in_any_order_and_of_any_kind(folder: Folder, tmp_path: Path) -> None:
    base = image("base")
    one = folder.put("one", to("base"), where=str(tmp_path / "a"))
    two = io.BytesIO(image("two", to("one")))
    stranger = folder.put("stranger", where=str(tmp_path / "b"))
    child = folder.put("child", to("two"))
    for parents in ([base, one, two, stranger], [stranger, two, base, str(one)], iter([one, two, base, child])):
        found = links(child, parents=parents)
        assert [link.found_by for link in found] == ["explicit"] * 3
        assert [link.path for link in found] == ["", str(one), ""]
    assert not two.closed


def test_explicit_parents_come_before_the_folders(folder: Folder, tmp_path: Path) -> None:
    folder.put("base")
    copy = folder.put("base", where=str(tmp_path / "copy.vhdx"))
    (link,) = links(folder.put("child", to("base")), parents=[copy])
    assert link == Link(link.child, str(copy), "explicit", str(copy))


def test_an_explicit_parent_may_stand_higher_in_the_chain(folder: Folder, tmp_path: Path) -> None:
    base = folder.put("base", where=str(tmp_path / "far" / "x.vhdx"))
    folder.put("one", to("base"))
    found = links(folder.put("two", to("one")), parents=[base])
    assert [link.found_by for link in found] == ["relative_path", "explicit"]


def test_an_explicit_parent_with_wrong_linkage_is_refused(folder: Folder, tmp_path: Path) -> None:
    stranger = folder.put("stranger", where=str(tmp_path / "stranger.vhdx"))
    child = folder.put("child", to("base"))
    assert refusal(child, parents=[stranger]).rule == "CHN-002"
    folder.put("base")  # and not silently replaced by the one in the folder
    error = refusal(child, parents=[stranger])
    assert error.rule == "CHN-002"
    assert str(stranger) in str(error)


def test_an_explicit_parent_that_cannot_be_read_is_refused_with_its_own_error(folder: Folder, tmp_path: Path) -> None:
    child = folder.put("child", to("base"))
    (tmp_path / "text.vhdx").write_bytes(b"no disk" * 100_000)
    error = refusal(child, parents=[tmp_path / "text.vhdx"])
    assert isinstance(error.__cause__, vhdx.VhdxError)
    assert error.rule == error.__cause__.rule == "FTI-001"
    missing = refusal(child, parents=[tmp_path / "missing.vhdx"])
    assert isinstance(missing.__cause__, vhdx.FormatError)
    assert "No such file" in str(missing)


def test_a_damaged_parent_is_refused_with_its_own_error(folder: Folder) -> None:
    path = folder.put("base")
    raw = bytearray(path.read_bytes())
    raw[65536:139264] = bytes(139264 - 65536)
    path.write_bytes(raw)
    error = refusal(folder.put("child", to("base")))
    assert error.rule == "HDR-003"
    assert isinstance(error.__cause__, vhdx.VhdxError)
    assert not isinstance(error.__cause__, vhdx.ChainError)


UNVERIFIABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no locator": ({"has_parent": True}, "PLC-001"),
    "cut short": ({"locator": raw_guid(LOCATOR_TYPE) + b"\0\0\7\0"}, "PLC-003"),
    "other type": ({"locator": locator_item(to("base"), guid("vhd"))}, "PLC-004"),
    "no pairs": ({"locator": locator_item([])}, "PLC-006"),
    "no linkage": ({"pairs": [("relative_path", "base.vhdx")]}, "PLC-013"),
    "bad linkage": ({"pairs": [("parent_linkage", "base"), ("relative_path", "base.vhdx")]}, "PLC-014"),
}


@pytest.mark.parametrize(("options", "rule"), UNVERIFIABLE.values(), ids=UNVERIFIABLE.keys())
def test_without_a_usable_linkage_only_a_single_explicit_parent_is_taken(
    folder: Folder, options: dict[str, Any], rule: str
) -> None:
    base, other = folder.put("base"), folder.put("other")
    child = folder.put("child", **options)
    assert refusal(child).rule == rule
    assert refusal(child, parent_dirs=[folder.path]).rule == rule
    assert refusal(child, parents=[base, other]).rule == rule
    with chain_of(child, parents=[base]) as chain:
        assert [link.found_by for link in chain.links] == ["explicit"]
        (finding,) = chain.findings
        assert finding.rule == "CHN-002"
        assert finding.verdict == "degrade"
        assert rule in finding.found


def test_an_unverified_parent_must_still_be_readable_and_another_file(folder: Folder) -> None:
    child = folder.put("child", has_parent=True)
    assert refusal(child, parents=[child]).rule == "CHN-004"
    error = refusal(child, parents=[b"no disk"])
    assert error.rule == "FTI-001"
    assert isinstance(error.__cause__, vhdx.FormatError)
    large = folder.put("large", logical=4096)
    with chain_of(child, parents=[large]) as chain:
        assert {finding.rule: finding.verdict for finding in chain.findings}["CHN-003"] == "degrade"


def test_a_locator_without_paths_needs_an_explicit_parent(folder: Folder) -> None:
    base = folder.put("base")
    child = folder.put("child", [("parent_linkage", f"{{{guid('base')}}}")])
    assert refusal(child, parent_dirs=[folder.path]).rule == "PLC-016"
    assert len(links(child, parents=[base])) == 1


def test_without_parent_nothing_is_looked_for(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("base")
    child = folder.put("child", to("base"))
    with open_image(child) as opened, opened_files(monkeypatch) as found:
        chain = open_chain(opened, without_parent=True, parents=["missing.vhdx"], parent_dirs=[folder.path])
        assert chain.images == (opened,)
        assert chain.links == ()
        assert found == []


def test_a_missing_parent_is_refused_with_every_place_that_was_tried(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    child = folder.put("child", to("base", ("relative_path", ".\\base.vhdx"), ("absolute_win32_path", "C:\\x\\b.vhdx")))
    error = refusal(child, parent_dirs=[tmp_path / "more"])
    assert error.rule == "CHN-001"
    assert error.place
    assert error.place.file_offset == 2 * MIB + 65536 + 8 + 8 + 16 + 4 + 4
    for path in ("vm/base.vhdx", "more/base.vhdx", "vm/b.vhdx", "more/b.vhdx"):
        assert f"{tmp_path}/{path}" in str(error)
    assert guid("base") in str(error)


def test_a_file_that_names_itself_is_a_loop(folder: Folder) -> None:
    assert refusal(folder.put("self", to("self"))).rule == "CHN-004"
    assert refusal(folder.put("alias", to("base", ("relative_path", "ALIAS.vhdx")))).rule == "CHN-004"
    child = folder.put("again", to("again"))
    os.link(child, folder.path / "hard.vhdx")
    (folder.path / "soft.vhdx").symlink_to("again.vhdx")
    for name in ("hard", "soft"):
        assert refusal(folder.path / f"{name}.vhdx").rule == "CHN-004"
    own = image("own", to("own"))
    assert refusal(own, parents=[own]).rule == "CHN-004"


def test_two_files_that_name_each_other_are_a_loop(folder: Folder) -> None:
    folder.put("one", to("two"))
    folder.put("two", to("one"))
    before = open_descriptors()
    assert refusal(folder.path / "one.vhdx").rule == "CHN-004"
    assert open_descriptors() == before


def test_a_loop_of_explicit_files_ends(folder: Folder) -> None:
    one, two = image("one", to("two")), image("two", to("one"))
    assert refusal(one, parents=[two, one]).rule == "CHN-004"
    assert refusal(one, parents=[two, two, one, one]).rule == "CHN-004"


def test_copies_of_a_file_that_names_itself_end_where_the_copies_do() -> None:
    copies = [bytearray(image("self", to("self"))) for _ in range(3)]
    with open_image(copies[0]) as child, pytest.raises(vhdx.ChainError, match="no parent found"):
        open_chain(child, parents=copies[1:])


def test_a_chain_longer_than_256_files_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    import vhdx_runtime.chain as chain_module

    assert chain_module.CHAIN_DEPTH_MAX == 256
    monkeypatch.setattr(chain_module, "CHAIN_DEPTH_MAX", 4)
    folder.put("d0")
    for depth in range(1, 5):
        folder.put(f"d{depth}", to(f"d{depth - 1}"))
    assert len(links(folder.path / "d3.vhdx")) == 3
    before = open_descriptors()
    assert refusal(folder.path / "d4.vhdx").rule == "CHN-004"
    assert open_descriptors() == before


def test_other_logical_sectors_are_refused(folder: Folder) -> None:
    folder.put("base", logical=4096)
    child = folder.put("child", to("base"))
    before = open_descriptors()
    assert refusal(child).rule == "CHN-003"
    assert open_descriptors() == before


def test_other_sizes_are_noted(folder: Folder) -> None:
    folder.put("base", block=2 * MIB, size=6 * MIB)
    with chain_of(folder.put("child", to("base"))) as chain:
        assert [(finding.rule, finding.verdict) for finding in chain.findings] == [
            ("CHN-005", "note"),
            ("CHN-006", "note"),
        ]


def test_nothing_stays_open_after_a_failure_and_the_child_does(folder: Folder) -> None:
    folder.put("one", to("base"))
    folder.put("stranger", where="base.vhdx")
    child = open_image(folder.put("child", to("one")))
    before = open_descriptors()
    with pytest.raises(vhdx.ChainError):
        open_chain(child, parents=[folder.path / "base.vhdx", folder.path / "one.vhdx"])
    assert open_descriptors() == before
    assert child.source.read_at(0, 8) == b"vhdxfile"
    child.close()


def test_unused_explicit_parents_are_closed(folder: Folder) -> None:
    base, stranger = folder.put("base"), folder.put("stranger")
    before = open_descriptors()
    chain = open_chain(open_image(folder.put("child", to("base"))), parents=[stranger, base])
    assert open_descriptors() == before + 2
    chain.close()
    assert open_descriptors() == before


@pytest.mark.parametrize(
    "given", ["base.vhdx", Path("base.vhdx"), b"bytes", io.BytesIO()], ids=lambda v: type(v).__name__
)
def test_a_single_file_instead_of_a_list_is_the_callers_mistake(folder: Folder, given: Any) -> None:
    with open_image(folder.put("base")) as opened:
        with pytest.raises(ValueError, match="must be a list"):
            open_chain(opened, parents=given)
        with pytest.raises(ValueError, match="must be a list"):
            open_chain(opened, parent_dirs=given)


def test_an_image_that_is_broken_is_its_own_chain(folder: Folder) -> None:
    loaded: Image = load_image(open_source(b"nothing"))
    assert open_chain(loaded).images == (loaded,)


def test_places_never_leave_the_folders_but_by_two_dots() -> None:
    assert list(places("a\\b.vhdx", "/vm", ["/vm", "/x"])) == ["/vm/a/b.vhdx", "/vm/b.vhdx", "/x/b.vhdx"]
    assert list(places("..\\..\\..\\b.vhdx", "/vm/child", ["/x"])) == ["/b.vhdx", "/x/b.vhdx"]
    assert list(places("\\\\server\\share\\b.vhdx", None, ["/x"])) == ["/x/b.vhdx"]


@pytest.mark.images
def test_the_real_pair_is_found_by_name_and_by_file(real_images: RealImages, tmp_path: Path) -> None:
    child, parent = real_images.path("dfvfs-fat-differential"), real_images.path("dfvfs-fat-parent")
    (link,) = links(child)
    assert link.found_by == "relative_path"
    assert link.path == os.path.realpath(parent)
    alone = tmp_path / "child.vhdx"
    alone.write_bytes(child.read_bytes())
    assert refusal(alone).rule == "CHN-001"
    assert links(alone, parents=[parent])[0].found_by == "explicit"
    assert links(alone, parent_dirs=[parent.parent])[0].found_by == "relative_path"
    assert refusal(alone, parents=[real_images.path("dfvfs-ntfs-fixed")]).rule == "CHN-002"


@pytest.mark.images
def test_the_real_chain_of_three_and_the_real_orphan(real_images: RealImages) -> None:
    top = [real_images.path(name) for name in ("ft-base-24M", "ft-diff1-24M", "ft-diff2-24M")][-1]
    assert [Path(link.parent).name for link in links(top)] == ["ft-diff1-24M.vhdx", "ft-base-24M.vhdx"]
    assert refusal(real_images.path("dissect-differencing")).rule == "CHN-001"
