"""A parent is recognised by what it is: its DataWriteGuid, or the word of the caller."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.chain.containers import (
    LOCATOR_TYPE,
    NIL,
    Folder,
    chain_of,
    guid,
    image,
    links,
    locator_item,
    raw_guid,
    refusal,
    to,
)
from vhdx_runtime.disk.chain import Link


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
    assert link == Link(link.child, str(copy), "explicit", str(copy), guid("base"), "matches")


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
    assert isinstance(missing.__cause__, vhdx.FileError)
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


def test_a_locator_without_paths_needs_a_parent_or_a_folder_that_the_caller_names(folder: Folder) -> None:
    base = folder.put("base")
    child = folder.put("child", [("parent_linkage", f"{{{guid('base')}}}")])
    assert refusal(child).rule == "PLC-016"
    assert len(links(child, parents=[base])) == 1
    assert links(child, parent_dirs=[folder.path])[0].found_by == "identity"
