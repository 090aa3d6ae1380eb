"""A parent of another name is found in the folders that the caller names, and nowhere else; accents match as seen."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from time import process_time
from typing import Any
from unicodedata import normalize

import pytest

import vhdx_runtime.disk.parent_search
from tests.chain.containers import Folder, guid, image, links, open_descriptors, opened_files, refusal, to
from tests.support.children import BASE, CHILD
from tests.support.patience import assert_quick
from tests.support.reading import assert_reads, write_chain
from vhdx_runtime import open as open_disk
from vhdx_runtime.disk.chain import load_chain
from vhdx_runtime.disk.image import open_image


@pytest.fixture
def away(tmp_path: Path) -> Folder:
    """A folder that the caller names."""
    (tmp_path / "away").mkdir()
    return Folder(tmp_path / "away")


def test_a_renamed_parent_is_found_by_its_identity(tmp_path: Path) -> None:
    made = write_chain([BASE, CHILD], tmp_path)
    (tmp_path / "away").mkdir()
    moved = (tmp_path / "base.vhdx").rename(tmp_path / "away" / "backup of Tuesday")
    with open_disk(tmp_path / "child.vhdx", parent_dirs=[tmp_path / "away"]) as disk:
        assert_reads(disk, made[-1].expected)
        (link,) = disk.chain.links
    assert (link.found_by, link.path, link.state) == ("identity", str(moved), "matches")
    assert link.data_write_guid == BASE.data_write_guid


def test_it_is_found_before_a_changed_one_of_the_right_name(folder: Folder, away: Folder) -> None:
    folder.put("base", data_write=guid("later"))
    right = away.put("base", where="z.vhdx")
    assert links(folder.put("child", to("base")), parent_dirs=[away.path])[0].path == str(right)


def test_each_parent_of_a_chain_may_be_renamed(folder: Folder, away: Folder) -> None:
    away.put("base", where="1")
    away.put("one", to("base"), where="2")
    found = links(folder.put("two", to("one")), parent_dirs=[away.path])
    assert [(Path(link.path).name, link.found_by) for link in found] == [("2", "identity"), ("1", "identity")]


def test_the_second_linkage_is_an_identity_too(folder: Folder, away: Folder) -> None:
    away.put("next", where="x")
    child = folder.put("child", [*to("base"), ("parent_linkage2", f"{{{guid('next')}}}")])
    assert links(child, parent_dirs=[away.path])[0].found_by == "identity"


def test_only_the_current_header_has_an_identity(folder: Folder, away: Folder) -> None:
    away.put("later", where="x", other_header=guid("base"))
    assert refusal(folder.put("child", to("base")), parent_dirs=[away.path]).rule == "CHN-001"


def test_without_a_named_folder_no_file_of_another_name_is_opened(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("base", where="renamed.vhdx")
    with open_image(folder.put("child", to("base"))) as opened, opened_files(monkeypatch) as found:
        assert load_chain(opened).error
    assert found == []


def test_folders_below_the_named_one_are_not_searched(folder: Folder, away: Folder) -> None:
    away.put("base", where="below/x.vhdx")
    error = refusal(folder.put("child", to("base")), parent_dirs=[away.path])
    assert f"identity '{away.path}': 1 file in it, none with that DataWriteGuid" in str(error)


def test_of_several_the_first_by_name_is_taken_and_a_damaged_one_passed_over(folder: Folder, away: Folder) -> None:
    for name in ("c", "b", "d"):
        away.put("base", where=name)
    damaged = bytearray(image("base"))
    damaged[196608 : 196608 + 65536 * 2] = bytes(65536 * 2)  # both region tables; the headers are whole
    (away.path / "a").write_bytes(damaged)
    child = folder.put("child", to("base"))
    assert Path(links(child, parent_dirs=[away.path])[0].path).name == "b"


def test_only_regular_files_inside_the_folder_are_opened(
    folder: Folder, away: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = folder.put("base", where=str(tmp_path / "outside.vhdx"))
    (away.path / "link").symlink_to(outside)
    (away.path / "loop").symlink_to("loop")
    (away.path / "gone").symlink_to("nothing")
    (away.path / "device").symlink_to("/dev/zero")
    (away.path / "folder").symlink_to(tmp_path)
    (away.path / "below").mkdir()
    os.mkfifo(away.path / "pipe")
    (away.path / "con").write_bytes(image("base"))
    child = folder.put("child", to("base"))
    with open_image(child) as opened, opened_files(monkeypatch) as found:
        assert load_chain(opened, parent_dirs=[away.path]).error
    assert found == []
    inside = away.put("base", where="real")
    (away.path / "link").unlink()
    (away.path / "link").symlink_to("real")
    assert links(child, parent_dirs=[away.path])[0].path == str(inside)


def test_ten_thousand_files_are_looked_at_in_a_moment_and_once(folder: Folder, away: Folder) -> None:
    for number in range(10_000):
        (away.path / f"{number:05}").write_bytes(b"vhdxfile" if number % 2 else b"")
    for number in range(0, 10_000, 100):
        os.mkfifo(away.path / f"{number:05}.pipe")
    away.put("base", where="zz")
    away.put("one", to("base"), where="zy")
    child = folder.put("two", to("one"))
    before, start = open_descriptors(), process_time()
    assert [link.found_by for link in links(child, parent_dirs=[away.path])] == ["identity"] * 2
    assert_quick(process_time() - start, 20)
    assert open_descriptors() == before


def test_the_number_of_files_is_bounded_and_said(folder: Folder, away: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vhdx_runtime.disk.parent_search, "FILES_MAX", 3)
    for name in "dacb":
        (away.path / name).write_bytes(b"")
    away.put("base", where="e")
    child = folder.put("child", to("base"))
    with open_image(child) as opened, opened_files(monkeypatch) as found:
        error = load_chain(opened, parent_dirs=[away.path]).error
    assert [Path(path).name for path in found] == ["a", "b", "c"]
    assert "3 files in it, none with that DataWriteGuid; 2 more were not looked at" in str(error)
    away.put("base", where="aa")
    assert Path(links(child, parent_dirs=[away.path])[0].path).name == "aa"


def test_files_that_cannot_be_opened_are_counted_and_not_called_missing(
    folder: Folder, away: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    away.put("base", where="x")
    (away.path / "y").write_bytes(b"")
    child = folder.put("child", to("base"))

    real = os.open

    def refuse(path: Any, flags: int, **options: Any) -> int:
        if flags & os.O_DIRECTORY:
            return real(path, flags, **options)
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    with open_image(child) as opened, monkeypatch.context() as patch:
        before = open_descriptors()
        patch.setattr(os, "open", refuse)
        chain = load_chain(opened, parent_dirs=[away.path])
        patch.undo()
        assert open_descriptors() == before
    assert "2 could not be read" in str(chain.error)
    assert "Input/output error" in str(chain.error)


def test_a_folder_that_cannot_be_listed_is_said(folder: Folder, away: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    child = folder.put("child", to("base"))

    def refuse(path: Any) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    with open_image(child) as opened, monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        chain = load_chain(opened, parent_dirs=[away.path])
    assert f"identity '{away.path}': cannot be listed: Permission denied" in str(chain.error)


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_a_folder_that_is_none_is_the_callers_mistake(folder: Folder, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    base = folder.put("base")
    for path in (base, folder.put("child", to("base"))):
        with open_image(path) as opened, pytest.raises(ValueError, match=f"{name}: given in parent_dirs"):
            load_chain(opened, parent_dirs=[tmp_path / name])


NAMES = ["B\u00e4se", "\u00e9t\u00e9 \u00c5ngstr\u00f6m", "\ud55c\uad6d\uc5b4", "caf\u00e9\u0323", "\u01d5ber"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("said", ["NFC", "NFD"])
@pytest.mark.parametrize("below", [False, True], ids=["file", "folder"])
def test_composed_and_decomposed_names_are_one(folder: Folder, name: str, stored: Any, said: Any, below: bool) -> None:
    there, named = normalize(stored, name), normalize(said, name)
    place = f"{there}/{there}.vhdx" if below else f"{there}.vhdx"
    base = folder.put("base", where=place)
    path = f".\\{named}\\{named}.VHDX" if below else f".\\{named}.VHDX"
    assert links(folder.put("child", to("base", ("relative_path", path))))[0].path == str(base)
    elsewhere = folder.put("other", to("base", ("absolute_win32_path", f"C:\\{named}.vhdx")))
    assert below or links(elsewhere)[0].path == str(base)


def test_the_exact_form_of_a_name_comes_first(folder: Folder) -> None:
    for form in ("NFC", "NFD"):
        folder.put("base", where=normalize(form, "B\u00e4se.vhdx"))
    for form in ("NFC", "NFD"):
        name = normalize(form, "B\u00e4se.vhdx")
        assert Path(links(folder.put("child", to("base", ("relative_path", name))))[0].path).name == name


def test_an_accepted_file_has_the_name_in_either_form(folder: Folder, away: Folder) -> None:
    base = away.put("base", where=normalize("NFD", "B\u00e4se.vhdx"), data_write=guid("later"))
    child = folder.put("child", to("base", ("relative_path", normalize("NFC", "b\u00e4se.vhdx"))))
    assert links(child, accept_parents=[base])[0].state == "accepted"


def test_a_long_path_of_names_that_lead_in_a_circle_costs_nothing(folder: Folder) -> None:
    (folder.path / "A").symlink_to(".")
    for depth in (60, 15_000):
        child = folder.put("child", to("base", ("relative_path", "a\\" * depth + "b.vhdx")))
        start = process_time()
        assert refusal(child).rule == "CHN-001"
        assert_quick(process_time() - start, 10)


def test_names_that_are_alike_never_lead_out_of_the_folder(folder: Folder, tmp_path: Path) -> None:
    folder.put("base", where=str(tmp_path / "outside" / "base.vhdx"))
    (folder.path / "SUB").symlink_to(tmp_path / "outside")
    child = folder.put("child", to("base", ("relative_path", "sub\\BASE.vhdx")))
    assert refusal(child).rule == "CHN-001"


def test_damaged_files_of_the_right_identity_are_tried_sixteen_times_at_most(
    folder: Folder, away: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = bytearray(image("base"))
    damaged[196608 : 196608 + 65536 * 2] = bytes(65536 * 2)
    for number in range(40):
        (away.path / f"{number:02}").write_bytes(damaged)
    with open_image(folder.put("child", to("base"))) as opened, opened_files(monkeypatch) as found:
        chain = load_chain(opened, parent_dirs=[away.path])
    assert len(found) == 40 + 16
    assert len(str(chain.error)) < 20_000
    assert chain.rejected
    assert chain.rejected.state == "unusable"
