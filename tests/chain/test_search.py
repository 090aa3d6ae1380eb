"""Parents are found where the policy allows, in the order of the specification."""

from __future__ import annotations

import io
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.chain.containers import MIB, NIL, Folder, chain_of, guid, image, links, opened_files, refusal, to
from tests.conftest import RealImages
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.disk import parent_search
from vhdx_runtime.disk.chain import Link, open_chain
from vhdx_runtime.disk.image import Image, load_image, open_image


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
            guid("two"),
            "matches",
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
    assert link == Link(link.child, str(base), key, str(base), guid("base"), "matches")


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


def test_of_a_file_that_is_not_the_parent_the_log_is_not_replayed(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain of small files with many names that are alike could ask for the same costly replay over and over."""
    folder.put("stranger", where="BASE.vhdx")
    folder.put("base", where="Base.vhdx")
    child = folder.put("child", to("base"))
    loads: list[str] = []

    def loaded(source: Any, **options: Any) -> Image:
        loads.append(f"{Path(source.name).name} {options.get('log', 'replay')}")
        return load_image(source, **options)

    monkeypatch.setattr(parent_search, "load_image", loaded)
    with chain_of(child) as chain:
        assert Path(chain.images[1].name).name == "Base.vhdx"
    assert loads == ["BASE.vhdx ignore", "Base.vhdx replay"]


def test_a_moved_parent_is_found_in_a_named_folder_only(folder: Folder, tmp_path: Path) -> None:
    moved = folder.put("base", where=str(tmp_path / "elsewhere" / "base.vhdx"))
    child = folder.put("child", to("base", ("relative_path", "..\\elsewhere\\base.vhdx")))
    error = refusal(child)
    assert "outside the allowed folders" in str(error)
    assert "is not there" in str(error)
    for name in (tmp_path / "elsewhere", str(tmp_path / "vm" / ".." / "elsewhere")):
        (link,) = links(child, parent_dirs=[tmp_path, name])
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


def test_an_image_that_is_broken_is_its_own_chain(folder: Folder) -> None:
    loaded: Image = load_image(open_source(b"nothing"))
    assert open_chain(loaded).images == (loaded,)


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
