"""A parent that changed is found and named so, and read over only where the caller accepts that very file."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.chain.containers import (
    MIB,
    NIL,
    Folder,
    chain_of,
    guid,
    image,
    links,
    open_descriptors,
    opened_files,
    refusal,
    to,
)
from tests.support.children import BASE, LINK, PATH, child_with
from tests.support.reading import assert_reads, write_chain
from vhdx_runtime.conformance import Bat, Block, Geometry, HeaderCopy, Hide, Log, LogEntry, Recipe, make_guid
from vhdx_runtime.disk.chain import load_chain
from vhdx_runtime.disk.image import open_image

NEW = make_guid("written to since")
AGAIN = (HeaderCopy(1, data_write_guid=NEW), HeaderCopy(2, data_write_guid=NEW))
CHANGED = replace(BASE, headers=AGAIN, bat=Bat((Block(0, 2), Block(1), Block(3, fills=()))))
OLD_CHILD = child_with(LINK, PATH)


def middle_and_top(changed: Sequence[str]) -> list[Recipe]:
    """A base, a child and a grandchild; those named have another DataWriteGuid than the file over them says."""
    middle = replace(OLD_CHILD, name="middle")
    link = ("parent_linkage", f"{{{middle.data_write_guid}}}")
    top = replace(child_with(link, ("relative_path", ".\\middle.vhdx")), name="top", bat=Bat((Block(2), Block(3, 2))))
    base = CHANGED if "base" in changed else BASE
    return [base, replace(middle, headers=AGAIN) if "middle" in changed else middle, top]


def test_it_is_found_but_changed_and_never_missing(folder: Folder) -> None:
    base = folder.put("base", data_write=guid("later"))
    child = folder.put("child", to("base"))
    error = refusal(child)
    assert error.rule == "CHN-002"
    message = str(error)
    assert f"{base} has changed since the child was made: DataWriteGuid is {guid('later')}" in message
    assert f"the child expects {guid('base')}" in message
    assert f"`accept_parents=['{base}']`" in error.hint
    assert f"`vhdx repair --parent {base} --offer CHN-002 {child}`" in error.hint
    assert "not found" not in message
    assert "no parent" not in message
    with open_image(child) as opened:
        chain = load_chain(opened)
    assert (chain.images, chain.links) == ((opened,), ())
    assert chain.rejected
    assert (chain.rejected.path, chain.rejected.state) == (str(base), "changed")
    assert (chain.rejected.data_write_guid, chain.rejected.found_by) == (guid("later"), "relative_path")


def test_naming_it_is_not_accepting_it(folder: Folder, tmp_path: Path) -> None:
    away = folder.put("base", where=str(tmp_path / "base.vhdx"), data_write=guid("later"))
    child = folder.put("child", to("base"))
    assert "has changed since the child was made" in str(refusal(child, parents=[away]))
    assert refusal(child, parents=[away], parent_dirs=[tmp_path]).rule == "CHN-002"


@pytest.mark.parametrize("named", [False, True], ids=["accepted", "named and accepted"])
def test_an_accepted_parent_is_read_as_it_is_now(tmp_path: Path, named: bool) -> None:
    chain = write_chain([CHANGED, OLD_CHILD], tmp_path)
    base = tmp_path / "base.vhdx"
    with vhdx.open(tmp_path / "child.vhdx", accept_parents=[base], parents=[base] if named else []) as disk:
        assert_reads(disk, chain[-1].expected)
        (finding,) = disk.chain.findings
        assert (finding.rule, finding.verdict) == ("CHN-002", "degrade")
        assert NEW in finding.found
        assert BASE.data_write_guid in finding.expected
        (link,) = disk.chain.links
        assert (link.found_by, link.path, link.data_write_guid) == ("explicit", str(base), NEW)
        assert link.state == "accepted"


def test_a_parent_of_that_name_in_another_folder_may_be_accepted(folder: Folder, tmp_path: Path) -> None:
    away = folder.put("base", where=str(tmp_path / "BASE.vhdx"), data_write=guid("later"))
    child = folder.put("child", to("base"))
    assert links(child, accept_parents=[away])[0].state == "accepted"
    folder.put("base", data_write=guid("even later"))  # what the caller names comes before what the locator names
    assert links(child, accept_parents=[away])[0].path == str(away)


def test_the_file_that_a_locator_leads_to_by_a_link_may_be_accepted(folder: Folder) -> None:
    real = folder.put("base", where="store/other.vhdx", data_write=guid("later"))
    (folder.path / "base.vhdx").symlink_to("store/other.vhdx")
    assert links(folder.put("child", to("base")), accept_parents=[real])[0].state == "accepted"


def test_to_accept_takes_nothing_from_a_parent_that_matches(folder: Folder, tmp_path: Path) -> None:
    changed = folder.put("base", where=str(tmp_path / "base.vhdx"), data_write=guid("later"))
    right = folder.put("base", where=str(tmp_path / "named" / "renamed.vhdx"))
    child = folder.put("child", to("base"))
    error = refusal(child, accept_parents=[changed], parent_dirs=[tmp_path / "named"])
    assert "none of the files named as parents belongs to the chain" in str(error)
    assert links(child, parent_dirs=[tmp_path / "named"])[0].path == str(right)
    (link,) = links(child, accept_parents=[right])
    assert link.state == "matches"


def test_nothing_is_accepted_by_default_or_for_another_file(folder: Folder, tmp_path: Path) -> None:
    folder.put("base", data_write=guid("later"))
    other = folder.put("other", where=str(tmp_path / "other.vhdx"))
    child = folder.put("child", to("base"))
    error = refusal(child, accept_parents=[other])
    assert error.rule == "CHN-002"
    assert "the child calls its parent 'base.vhdx'" in str(error)


def test_consent_to_the_grandparent_makes_it_nobody_elses_parent(tmp_path: Path) -> None:
    write_chain(middle_and_top(["base"]), tmp_path)
    top, base, middle = (tmp_path / f"{name}.vhdx" for name in ("top", "base", "middle"))
    middle.unlink()
    with pytest.raises(vhdx.ChainError, match=r"middle\.vhdx'?: is not there"):
        vhdx.open(top, accept_parents=[base])
    with pytest.raises(vhdx.ChainError, match=r"no parent found"):
        vhdx.open(top, accept_parents=[base], parent_dirs=[tmp_path])


@pytest.mark.parametrize(
    ("changed", "accepted", "refused_for"),
    [
        (["base"], ["base"], ""),
        (["middle"], ["middle"], ""),
        (["base", "middle"], ["base", "middle"], ""),
        (["base", "middle"], ["base"], "middle"),
        (["base", "middle"], ["middle"], "base"),
        (["base"], ["middle"], "base"),
        (["middle"], ["base"], "middle"),
    ],
)
def test_each_link_of_a_longer_chain_needs_its_own_consent(
    tmp_path: Path, changed: list[str], accepted: list[str], refused_for: str
) -> None:
    recipes = middle_and_top(changed)
    made = write_chain(recipes, tmp_path)
    files = [tmp_path / f"{name}.vhdx" for name in accepted]
    if refused_for:
        with pytest.raises(vhdx.ChainError, match=rf"{refused_for}\.vhdx has changed since the child was made"):
            vhdx.open(tmp_path / "top.vhdx", accept_parents=files)
        return
    with vhdx.open(tmp_path / "top.vhdx", accept_parents=files) as disk:
        assert_reads(disk, made[-1].expected)
        states = [link.state for link in disk.chain.links]
        assert states == ["accepted" if name in changed else "matches" for name in ("middle", "base")]
        assert [finding.rule for finding in disk.chain.findings] == ["CHN-002"] * len(changed)


def test_the_child_itself_is_never_its_parent(folder: Folder) -> None:
    child = folder.put("child", to("base"))
    os.link(child, folder.path / "base.vhdx")
    for file in (child, folder.path / "base.vhdx"):
        assert refusal(child, accept_parents=[file]).rule == "CHN-004"
    own = folder.put("own", to("other", ("relative_path", "own.vhdx")))
    assert refusal(own, accept_parents=[own]).rule == "CHN-004"


def test_a_loop_of_accepted_files_ends(folder: Folder) -> None:
    one = folder.put("one", to("two"), data_write=guid("a"))
    two = folder.put("two", to("one"), data_write=guid("b"))
    assert refusal(one, accept_parents=[one, two]).rule == "CHN-004"


def test_sectors_of_another_size_are_no_change_of_the_parent(folder: Folder) -> None:
    base = folder.put("base", data_write=guid("later"), logical=4096)
    child = folder.put("child", to("base"))
    for named in ([], [base]):
        error = refusal(child, accept_parents=[base], parents=named)
        assert error.rule == "CHN-003"
    with open_image(child) as opened:
        chain = load_chain(opened, accept_parents=[base])
    assert chain.links == ()
    assert chain.rejected
    assert chain.rejected.state == "unusable"


def test_a_parent_named_with_sectors_of_another_size_is_said_to_be_taken_all_the_same(folder: Folder) -> None:
    base = folder.put("base", logical=4096)
    with chain_of(folder.put("child", to("base")), parents=[base]) as chain:
        (finding,) = chain.findings
    assert (finding.rule, finding.verdict) == ("CHN-003", "degrade")
    assert "(--parent)" in finding.found


@pytest.mark.parametrize(
    "content", [b"no disk" * 100_000, b"", b"vhdxfile" + bytes(4 * MIB)], ids=["text", "0", "stub"]
)
def test_what_is_no_vhdx_is_never_accepted(folder: Folder, content: bytes) -> None:
    path = folder.path / "base.vhdx"
    path.write_bytes(content)
    child = folder.put("child", to("base"))
    error = refusal(child, accept_parents=[path])
    assert not isinstance(error.__cause__, vhdx.ChainError)
    assert isinstance(error.__cause__, vhdx.VhdxError)
    assert "accept-parent" not in str(error)


def test_a_file_that_is_not_there_is_never_accepted(folder: Folder) -> None:
    error = refusal(folder.put("child", to("base")), accept_parents=[folder.path / "base.vhdx"])
    assert "No such file" in str(error)
    assert "changed" not in str(error)


def test_a_dirty_parent_is_replayed_in_memory_and_accepted(tmp_path: Path) -> None:
    log = Log((LogEntry((Hide("bat"),)),))
    dirty = replace(CHANGED, log=log, headers=tuple(replace(copy, log_guid=None) for copy in AGAIN))
    made = write_chain([dirty, OLD_CHILD], tmp_path)
    before = (tmp_path / "base.vhdx").read_bytes()
    with vhdx.open(tmp_path / "child.vhdx", accept_parents=[tmp_path / "base.vhdx"]) as disk:
        assert_reads(disk, made[-1].expected)
        assert [finding.rule for finding in disk.chain.findings] == ["CHN-002", "CHN-007"]
    assert (tmp_path / "base.vhdx").read_bytes() == before


def test_a_nil_guid_may_be_accepted_and_links_nothing_by_itself(folder: Folder) -> None:
    base = folder.put("base", data_write=NIL)
    child = folder.put("child", to("base"))
    assert refusal(child).rule == "CHN-002"
    assert links(child, accept_parents=[base])[0].state == "accepted"


def test_of_two_accepted_files_that_could_be_it_none_is_taken(folder: Folder, tmp_path: Path) -> None:
    files = [folder.put("base", where=str(tmp_path / name / "base.vhdx"), data_write=guid(name)) for name in ("a", "b")]
    child = folder.put("child", to("base"))
    assert "another one that could be it" in str(refusal(child, accept_parents=files))
    assert links(child, accept_parents=[files[1], files[1]])[0].path == str(files[1])


@pytest.mark.parametrize("wrap", [bytes, io.BytesIO], ids=["bytes", "object"])
def test_bytes_and_file_objects_may_be_accepted_too(wrap: Any) -> None:
    base, other = image("base", data_write=guid("later")), image("other")
    child = image("child", to("base"))
    (link,) = links(child, accept_parents=[wrap(base)])
    assert (link.state, link.path) == ("accepted", "")
    assert refusal(child, accept_parents=[wrap(base), wrap(other)]).rule == "CHN-002"


def test_a_child_that_names_nothing_takes_the_only_accepted_file(folder: Folder) -> None:
    base = folder.put("base", data_write=guid("later"))
    nameless = folder.put("nameless", [("parent_linkage", f"{{{guid('base')}}}")])
    assert links(nameless, accept_parents=[base])[0].state == "accepted"
    speechless = folder.put("speechless", has_parent=True)
    assert links(speechless, accept_parents=[base])[0].state == "unverified"


def test_a_hostile_locator_accepts_nothing(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = folder.put("secret", where=str(tmp_path / "secret.vhdx"))
    folder.put("base", data_write=guid("later"))
    pairs = [
        *to("base"),
        ("accept_parent", str(secret)),
        ("accept_parents", "base.vhdx"),
        ("absolute_win32_path", str(secret)),
        ("parent_linkage2", "*"),
    ]
    child = folder.put("child", pairs)
    with open_image(child) as opened, opened_files(monkeypatch) as found:
        chain = load_chain(opened)
    assert isinstance(chain.error, vhdx.ChainError)
    assert found == [str(folder.path / "base.vhdx")]


def test_consent_for_a_path_the_locator_leaves_its_folder_by_opens_that_file_only(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = folder.put("base", where=str(tmp_path / "base.vhdx"), data_write=guid("later"))
    child = folder.put("child", to("base", ("relative_path", "..\\base.vhdx")))
    with open_image(child) as opened, opened_files(monkeypatch) as found:
        chain = load_chain(opened, accept_parents=[away])
        chain.close_parents()
    assert [link.state for link in chain.links] == ["accepted"]
    assert found == [str(away)]


def test_nothing_stays_open_after_any_of_it(folder: Folder) -> None:
    base = folder.put("base", data_write=guid("later"), logical=4096)
    other = folder.put("other")
    child = open_image(folder.put("child", to("base")))
    before = open_descriptors()
    for accepted in ([], [base], [other], [base, other], [child.source.name]):
        chain = load_chain(child, accept_parents=accepted)
        assert chain.error
        assert open_descriptors() == before
    child.close()


def test_a_chain_is_loaded_as_far_as_it_goes(tmp_path: Path) -> None:
    write_chain(middle_and_top(["base"]), tmp_path)
    with open_image(tmp_path / "top.vhdx") as top:
        chain = load_chain(top)
        chain.close_parents()
    assert [(Path(link.path).name, link.state) for link in chain.links] == [("middle.vhdx", "matches")]
    assert chain.rejected
    assert (Path(chain.rejected.path).name, chain.rejected.state) == ("base.vhdx", "changed")
    (tmp_path / "base.vhdx").unlink()
    with open_image(tmp_path / "top.vhdx") as top:
        chain = load_chain(top)
        chain.close_parents()
    assert (len(chain.links), chain.rejected) == (1, None)
    assert isinstance(chain.error, vhdx.ChainError)


def test_a_single_accepted_file_instead_of_a_list_is_the_callers_mistake(folder: Folder) -> None:
    with open_image(folder.put("base")) as opened, pytest.raises(ValueError, match="accept_parents must be a list"):
        load_chain(opened, accept_parents="base.vhdx")


def test_a_larger_geometry_of_the_changed_parent_is_read_by_bytes(tmp_path: Path) -> None:
    larger = replace(CHANGED, geometry=Geometry(virtual_disk_size=6 * MIB, block_size=2 * MIB), bat=Bat((Block(0),)))
    made = write_chain([larger, OLD_CHILD], tmp_path)
    with vhdx.open(tmp_path / "child.vhdx", accept_parents=[tmp_path / "base.vhdx"]) as disk:
        assert_reads(disk, made[-1].expected)
        assert [finding.rule for finding in disk.chain.findings] == ["CHN-002", "CHN-005", "CHN-006"]


def test_what_cannot_be_accepted_for_its_name_is_not_advised_to_be(folder: Folder) -> None:
    renamed = folder.put("base", where="renamed.vhdx", data_write=guid("later"))
    child = folder.put("child", to("base", ("relative_path", "x" * 30_000 + ".vhdx"), ("absolute_win32_path", "C:\\b")))
    named, accepted = refusal(child, parents=[renamed]), refusal(child, accept_parents=[renamed])
    for error in (named, accepted):
        assert "has changed since the child was made" not in str(error)
        assert error.hint.endswith("it must have the name that the child gives to its parent")
        assert len(str(error)) < 3_000
    (folder.path / "b").symlink_to(renamed)
    assert links(child, accept_parents=[folder.path / "b"])[0].path == str(renamed)
