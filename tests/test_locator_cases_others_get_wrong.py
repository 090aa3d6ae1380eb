"""Locators that readers are known to get wrong: every way to name a parent, and where it may lead."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.support.children import BASE, CHILD, LINK, MIB, PATH, child_with, deep_chain, refusal
from tests.support.reading import assert_reads, check_chain, write_chain
from vhdx_runtime.conformance import (
    NIL_GUID,
    FieldOverride,
    Geometry,
    HeaderCopy,
    Item,
    Metadata,
    expand,
    locator_for,
    make_guid,
    standard_items,
)

VOLUME = "\\\\?\\Volume{12345678-9abc-def0-1234-56789abcdef0}\\disks\\base.vhdx"


@pytest.mark.parametrize(
    "pairs",
    [
        (LINK, PATH),
        (PATH, LINK),
        (LINK, ("relative_path", "base.vhdx")),
        (LINK, ("relative_path", ".\\sub\\..\\base.vhdx")),
        (LINK, PATH, ("parent_linkage2", f"{{{NIL_GUID}}}")),
        (("parent_linkage2", f"{{{NIL_GUID}}}"), PATH, LINK),
        (("parent_linkage", f"{{{make_guid('before the merge')}}}"), ("parent_linkage2", LINK[1]), PATH),
        (("parent_linkage", LINK[1].upper()), PATH),
        (("parent_linkage", LINK[1].strip("{}")), PATH),
        (LINK, PATH, ("their_key", "their value")),
        (LINK, ("relative_path", ".\\gone.vhdx"), ("absolute_win32_path", "C:\\disks\\base.vhdx")),
        (LINK, ("absolute_win32_path", "C:\\disks\\base.vhdx")),
        (LINK, ("absolute_win32_path", "\\\\?\\C:\\disks\\base.vhdx")),
        (LINK, ("volume_path", VOLUME)),
        (LINK, ("volume_path", "nonsense"), PATH),
        (LINK, ("relative_path", ".\\base.vhdx\0")),
    ],
    ids=lambda pairs: ",".join(str(key) for key, _ in pairs),
)
def test_every_way_to_name_a_parent_in_the_same_folder(pairs: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    check_chain([BASE, child_with(*pairs)], tmp_path)


def test_a_locator_as_hyper_v_writes_it(tmp_path: Path) -> None:
    check_chain([BASE, replace(CHILD, parent=locator_for(BASE, is_full=True))], tmp_path)


def test_a_name_beyond_ascii_leads_to_the_parent(tmp_path: Path) -> None:
    base = replace(BASE, file_name="Größe 日本 𝄞.vhdx")
    check_chain([base, CHILD], tmp_path)


def test_a_path_into_a_folder_below_leads_to_the_parent(tmp_path: Path) -> None:
    chain = write_chain([BASE, child_with(LINK, ("relative_path", ".\\old\\base.vhdx"))], tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "base.vhdx").rename(tmp_path / "old" / "base.vhdx")
    with vhdx.open(tmp_path / "child.vhdx") as disk:
        assert_reads(disk, chain[-1].expected)


def test_a_parent_in_another_folder_is_found_where_the_caller_says(tmp_path: Path) -> None:
    chain = write_chain([BASE, replace(CHILD, parent=locator_for(BASE, is_full=True))], tmp_path)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (tmp_path / "base.vhdx").rename(moved / "base.vhdx")
    refusal(tmp_path)
    refusal(tmp_path, parent_dirs=[tmp_path])
    for options in ({"parent_dirs": [moved]}, {"parent_dirs": [str(moved)]}, {"parents": [moved / "base.vhdx"]}):
        with vhdx.open(tmp_path / "child.vhdx", **options) as disk:  # type: ignore[arg-type]
            assert_reads(disk, chain[-1].expected)


def test_a_renamed_parent_is_found_where_the_caller_says(tmp_path: Path) -> None:
    chain = write_chain([BASE, CHILD], tmp_path)
    (tmp_path / "base.vhdx").rename(tmp_path / "renamed.vhdx")
    refusal(tmp_path)
    with vhdx.open(tmp_path / "child.vhdx", parents=[tmp_path / "renamed.vhdx"]) as disk:
        assert_reads(disk, chain[-1].expected)


def test_parents_may_be_named_in_any_order(tmp_path: Path) -> None:
    chain = write_chain(deep_chain(4), tmp_path)
    others = [(tmp_path / made.recipe.path).rename(tmp_path / f"x{n}") for n, made in enumerate(chain[:-1])]
    for order in (others, others[::-1], others[2:] + others[:2]):
        with vhdx.open(tmp_path / "layer4.vhdx", parents=order) as disk:
            assert_reads(disk, chain[-1].expected, count=10)


def test_a_missing_parent_is_an_error_and_the_child_can_still_be_inspected(tmp_path: Path) -> None:
    chain = write_chain([BASE, CHILD], tmp_path)
    (tmp_path / "base.vhdx").unlink()
    assert "base.vhdx" in str(refusal(tmp_path))
    with vhdx.open_image(tmp_path / "child.vhdx") as image:
        assert image.size == 4 * MIB
        assert image.locator is not None
        assert image.locator.get("relative_path") == ".\\base.vhdx"
    alone = expand(replace(CHILD, parent=locator_for(BASE))).expected
    with vhdx.open(tmp_path / "child.vhdx", without_parent=True) as disk:
        assert_reads(disk, alone)
        assert {piece.kind for piece in disk.ranges(0, disk.size)} == {"data", "missing"}
    assert chain[-1].expected.sha256() != alone.sha256()


@pytest.mark.parametrize("linkage", [make_guid("somebody else"), NIL_GUID])
def test_another_disk_under_the_parents_name_is_refused(linkage: str, tmp_path: Path) -> None:
    copies = tuple(replace(copy, data_write_guid=linkage) for copy in BASE.headers)
    write_chain([replace(BASE, headers=(copies[0], copies[1])), child_with(LINK, PATH)], tmp_path)
    assert refusal(tmp_path).rule == "CHN-002"
    assert refusal(tmp_path, parents=[tmp_path / "base.vhdx"]).rule == "CHN-002"


def test_nil_links_nothing(tmp_path: Path) -> None:
    copies = tuple(replace(copy, data_write_guid=NIL_GUID) for copy in BASE.headers)
    pairs = (("parent_linkage", f"{{{NIL_GUID}}}"), ("parent_linkage2", f"{{{NIL_GUID}}}"), PATH)
    write_chain([replace(BASE, headers=(copies[0], copies[1])), child_with(*pairs)], tmp_path)
    assert refusal(tmp_path).rule == "CHN-002"


def test_the_parents_current_header_speaks_for_it(tmp_path: Path) -> None:
    stale, current = HeaderCopy(1, data_write_guid=make_guid("old")), HeaderCopy(2)
    check_chain([replace(BASE, headers=(stale, current)), CHILD], tmp_path)
    other = replace(BASE, headers=(replace(current, sequence_number=3), stale))
    check_chain([other, CHILD], tmp_path)
    wrong = replace(BASE, headers=(replace(stale, sequence_number=3), current))
    write_chain([wrong, child_with(LINK, PATH)], tmp_path)
    assert refusal(tmp_path).rule == "CHN-002"


def test_a_candidate_that_does_not_match_is_passed_over(tmp_path: Path) -> None:
    pairs = (LINK, ("relative_path", ".\\wrong.vhdx"), ("absolute_win32_path", "C:\\disks\\base.vhdx"))
    chain = write_chain([BASE, child_with(*pairs)], tmp_path)
    shutil.copy(expand(replace(BASE, name="wrong")).write(tmp_path), tmp_path / "other.vhdx")
    with vhdx.open(tmp_path / "child.vhdx", parents=[tmp_path / "other.vhdx", tmp_path / "base.vhdx"]) as disk:
        assert_reads(disk, chain[-1].expected)
    with vhdx.open(tmp_path / "child.vhdx") as disk:
        assert_reads(disk, chain[-1].expected)


def test_a_file_that_is_its_own_parent_is_refused(tmp_path: Path) -> None:
    own = (("parent_linkage", f"{{{CHILD.data_write_guid}}}"), ("relative_path", ".\\child.vhdx"))
    expand(child_with(*own)).write(tmp_path)
    assert refusal(tmp_path).rule == "CHN-004"
    os.link(tmp_path / "child.vhdx", tmp_path / "twin.vhdx")
    expand(child_with(own[0], ("relative_path", ".\\twin.vhdx"))).write(tmp_path)
    (tmp_path / "twin.vhdx").unlink()
    os.link(tmp_path / "child.vhdx", tmp_path / "twin.vhdx")
    assert refusal(tmp_path).rule == "CHN-004"


def test_a_loop_of_two_is_refused(tmp_path: Path) -> None:
    other = replace(CHILD, name="other")
    for one, two in ((CHILD, other), (other, CHILD)):
        expand(replace(one, parent=locator_for(two))).write(tmp_path)
    assert refusal(tmp_path).rule == "CHN-004"


def test_sectors_of_another_size_below_are_refused(tmp_path: Path) -> None:
    base = replace(BASE, geometry=Geometry(logical_sector_size=4096))
    write_chain([base, CHILD], tmp_path)
    assert refusal(tmp_path).rule == "CHN-003"


def test_a_child_without_a_usable_locator_needs_a_parent_by_name(tmp_path: Path) -> None:
    items = tuple(item for item in standard_items(CHILD.geometry) if item.item_id != "parent_locator")
    broken = [
        replace(CHILD, metadata=Metadata(items=items)),
        replace(CHILD, overrides=(FieldOverride("parent_locator", "header.locator_type", make_guid("iSCSI")),)),
        child_with(PATH),
        child_with(),
    ]
    for recipe in broken:
        chain = write_chain([BASE, recipe], tmp_path)
        refusal(tmp_path)
        with vhdx.open(tmp_path / "child.vhdx", parents=[tmp_path / "base.vhdx"]) as disk:
            assert_reads(disk, chain[-1].expected, count=5)


def test_a_parent_locator_without_a_parent_is_ignored() -> None:
    content = Item("parent_locator", b"\xff" * 40, is_required=True)
    made = expand(replace(BASE, metadata=Metadata(extra=(content,))))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)


def test_pairs_that_cannot_be_read_do_not_hide_the_others(tmp_path: Path) -> None:
    overrides = (
        FieldOverride("parent_locator", "entries[0].key_offset", 0),
        FieldOverride("parent_locator", "entries[1].value_offset", 0xFFFFFFFF),
        FieldOverride("parent_locator", "entries[2].value_length", 0),
        FieldOverride("parent_locator", "entries[3].key_length", 7),
    )
    bad = tuple((f"key{number}", "value") for number in range(4))
    check_chain([BASE, child_with(*bad, LINK, PATH, overrides=overrides)], tmp_path)


# Where a locator may lead


_opens: list[list[str]] = []
_folder = [""]


def _note_open(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opens and isinstance(arguments[0], str):
        path, _, flags = arguments
        if flags & os.O_DIRECTORY:  # names without a folder that follow are looked up there
            _folder[0] = path = os.path.join(_folder[0], path)
            path = os.path.join(path, "")
        _opens[-1].append(os.path.join(_folder[0], path))


@contextmanager
def watched_opens() -> Iterator[list[str]]:
    """Every path that is opened meanwhile. The hook itself cannot be taken away again, so it is installed once."""
    if not hasattr(watched_opens, "hook"):
        watched_opens.hook = _note_open  # type: ignore[attr-defined]
        sys.addaudithook(_note_open)
    _opens.append([])
    try:
        yield _opens[-1]
    finally:
        _opens.pop()


@pytest.mark.parametrize(
    "path",
    [
        "..\\outside\\base.vhdx",
        ".\\..\\outside\\base.vhdx",
        "sub\\..\\..\\outside\\base.vhdx",
        ".\\link\\base.vhdx",
        ".\\link.vhdx",
        "../outside/base.vhdx",
        "{outside}/base.vhdx",
        "{outside}\\base.vhdx",
        "\\\\server\\share\\base.vhdx",
        "//server/share/base.vhdx",
        "file://{outside}/base.vhdx",
        ".\\fifo",
        "\\dev\\zero",
        "/dev/zero",
        ".\\zero",
        "CON",
        ".",
        "..",
        "",
        ".\\child.vhdx:stream",
    ],
)
def test_a_locator_leads_to_nothing_outside_the_allowed_folders(path: str, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "sub").mkdir(parents=True)
    outside.mkdir()
    expand(BASE).write(outside)
    (inside / "link").symlink_to(outside)
    (inside / "link.vhdx").symlink_to(outside / "base.vhdx")
    (inside / "zero").symlink_to("/dev/zero")
    os.mkfifo(inside / "fifo")
    for key in ("relative_path", "absolute_win32_path", "volume_path"):
        child = expand(child_with(LINK, (key, path.format(outside=outside)))).write(inside)
        refusal(inside)  # whatever is imported late is imported now
        with watched_opens() as opened:
            refusal(inside)
        assert opened, "nothing was watched"
        folders = {name.rstrip("/") for name in opened if name.endswith("/")}
        files = {os.path.dirname(os.path.realpath(name)) for name in opened if not name.endswith("/")}
        assert {os.path.realpath(name) for name in folders} | files == {str(inside)}
        with vhdx.open(child, parents=[outside / "base.vhdx"]) as disk:
            assert disk.read_at(0, 10) == expand(BASE).expected.read(0, 10), "the parent itself is fine"
