"""What planners write into headers, region tables, metadata and locators, byte for byte where it matters."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from crc32c import crc32c
from hypothesis import given
from hypothesis import strategies as st

from tests.repair.planners import Outcome, settled
from tests.support.cases import all_cases
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Bat, Block, Log, LogEntry, Recipe, Write, expand
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.repair.planners import headers, metadata, regions
from vhdx_runtime.repair.planners import locator as locator_planner
from vhdx_runtime.semantics import locator

MIB = 1 << 20
GUID = "{040a92eb-ddc5-96e8-e7b7-ce25bb08f9a5}"  # the DataWriteGuid of every case's base


def outcome(case_id: str, folder: Path, name: str, consents: tuple[str, ...] = ("auto", "offered")) -> Outcome:
    return settled(next(case for case in all_cases() if case.id == case_id), folder, name, consents)


CONSENT = {  # case and planner: what its repairs ask for
    ("header-1-zeroed", "headers"): ["auto"],
    ("both-headers-torn", "headers"): ["offered"],
    ("nil-data-write-guid", "headers"): ["offered"],
    ("region-copy-1-torn", "regions"): ["auto"],
    ("region-copies-in-other-order", "regions"): ["auto"],
    ("region-copies-name-two-bats", "regions"): ["offered"],
    ("region-copies-both-zeroed", "regions"): ["offered"],
    ("file-one-byte-longer", "layout"): ["auto"],
    ("last-block-cut-behind-the-disk", "layout"): ["auto"],
    ("last-block-one-sector-short", "layout"): ["lossy"],
    ("bitmap-cut-off", "layout"): ["lossy"],
    ("fixed-without-its-space", "layout"): ["auto"],
    ("region-bat-slack-cut-off", "layout"): ["lossy"],
    ("locator-nul-behind-path", "locator"): ["auto"],
    ("locator-text-odd-length", "locator"): ["offered"],
    ("locator-linkage-in-capitals", "locator"): ["auto"],
    ("locator-missing", "locator"): ["offered"],
    ("item-missing-physical-sector-size", "metadata"): ["auto"],
    ("disk-id-nil", "metadata"): ["offered"],
    ("state-5-dynamic-512-first", "bat"): ["auto"],
    ("state-4-dynamic-512-first", "bat"): ["lossy"],
    ("bitmap-bad-not-needed-at-0", "bat"): ["auto"],
    ("bitmap-nowhere-at-0", "bat"): ["lossy"],
}


@pytest.mark.parametrize(("case_id", "name"), sorted(CONSENT))
def test_a_repair_asks_for_the_consent_that_it_needs(case_id: str, name: str, tmp_path: Path) -> None:
    done = outcome(case_id, tmp_path, name, ("auto", "offered", "lossy"))
    assert [repair.consent for repair in done.repairs] == CONSENT[case_id, name]


@pytest.mark.parametrize(
    "case_id",
    [
        "region-copy-1-torn",
        "region-copy-2-zeroed",
        "region-header-reserved",
        "region-known-not-required",
        "region-required-word-bat",
        "region-copies-both-flipped",
        "region-bat-length-unaligned",
    ],
)
def test_both_region_tables_are_written_equal_and_sealed(case_id: str, tmp_path: Path) -> None:
    view = outcome(case_id, tmp_path, "regions").mended.view
    first, second = (view.read_at(offset, 0x10000) for offset in (0x30000, 0x40000))
    assert first == second
    assert struct.unpack_from("<I", first, 4)[0] == crc32c(first[:4] + bytes(4) + first[8:])


def test_a_table_found_by_search_names_the_two_regions_where_they_are(tmp_path: Path) -> None:
    case = next(case for case in all_cases() if case.id == "region-copies-both-zeroed")
    data = bytearray(expand(Recipe("full", bat=Bat(blocks=(Block(0), Block(2))))).to_bytes())
    data[0x30000:0x50000] = bytes(0x20000)
    assert case.findings == ("RGN-001", "RGN-002", "RGN-003")
    image = load_image(BytesSource(bytes(data)))
    (repair,) = regions.repairs(image, check_image(image))
    table = bytearray(0x10000)
    for patch in repair.patches:
        if patch.file_offset < 0x40000:
            table[patch.file_offset - 0x30000 : patch.end - 0x30000] = patch.data
    entries = {bytes(table[at : at + 16]): struct.unpack_from("<QI", table, at + 16) for at in (16, 48)}
    assert set(entries.values()) == {(2 * MIB, MIB), (3 * MIB, MIB)}
    assert entries[bytes.fromhex("6677c22d23f600429d64115e9bfd4a08")] == (3 * MIB, MIB)


def test_no_table_is_made_where_two_places_could_hold_it() -> None:
    data = bytearray(expand(Recipe("full", bat=Bat(blocks=(Block(0),)))).to_bytes())
    data[0x30000:0x50000] = bytes(0x20000)
    data += data[2 * MIB : 3 * MIB]  # a second metadata region
    image = load_image(BytesSource(bytes(data)))
    (repair,) = regions.repairs(image, check_image(image))
    assert repair.lacks  # somebody has to say which
    assert not repair.patches


def without_headers(recipe: Recipe) -> bytes:
    data = bytearray(expand(recipe).to_bytes())
    for offset in (0x10000, 0x20000):
        data[offset : offset + 4096] = bytes(4096)
    return bytes(data)


def test_new_headers_are_made_only_where_no_log_entry_is_left() -> None:
    blocks = Bat(blocks=(Block(0), Block(1)))
    image = load_image(BytesSource(without_headers(Recipe("clean", bat=blocks))))
    (repair,) = headers.repairs(image, check_image(image))
    assert (repair.header["log_offset"], repair.header["log_length"]) == (MIB, MIB)
    assert repair.new_size is None
    stale = Log(entries=(LogEntry((Write("bat", 0, bytes(4096)),)),))
    image = load_image(BytesSource(without_headers(Recipe("stale", bat=blocks, log=stale))))
    (repair,) = headers.repairs(image, check_image(image))
    assert repair.asks or repair.lacks  # not by a pattern: it gives up what the log may hold


def test_headers_under_a_wrong_signature_keep_what_their_checksum_proves(tmp_path: Path) -> None:
    done = outcome("no-valid-header-signatures", tmp_path, "headers")
    raw = [done.image.source.read_at(offset, 4096) for offset in (0x10000, 0x20000)]
    newest = max(raw, key=lambda header: struct.unpack_from("<Q", header, 8)[0])
    current = done.mended.headers.current
    assert current is not None
    assert current.placed.raw[32:80] == newest[32:80]


@pytest.mark.parametrize(("case_id", "pairs"), [
    ("locator-missing", {"parent_linkage": GUID, "relative_path": ".\\base.vhdx"}),
    ("locator-path-missing", {"parent_linkage": GUID, "relative_path": ".\\base.vhdx"}),
    ("locator-linkage-missing", {"parent_linkage": GUID, "relative_path": ".\\base.vhdx"}),
    ("chain-wrong-linkage", {"parent_linkage": GUID}),
    ("locator-linkage-no-guid-cut-short", {"parent_linkage": GUID, "relative_path": ".\\base.vhdx"}),
    ("locator-linkage-in-capitals", {"parent_linkage": GUID, "relative_path": ".\\base.vhdx"}),
    ("locator-nul-behind-key", {"parent_linkage": GUID, "relative_path": ".\\base.vhdx"}),
    ("locator-path-volume-malformed", {"parent_linkage": GUID, "volume_path": None}),
    ("locator-linkage2-no-guid", {"parent_linkage": GUID, "parent_linkage2": None}),
])  # fmt: skip
def test_a_mended_locator_says(case_id: str, pairs: dict[str, str | None], tmp_path: Path) -> None:
    found = outcome(case_id, tmp_path, "locator").mended.locator
    assert found is not None
    assert {key: found.get(key) for key in pairs} == pairs


@pytest.mark.parametrize("case_id", ["locator-missing", "chain-wrong-linkage", "locator-path-missing"])
def test_without_a_parent_named_no_linkage_and_no_path_is_made_up(case_id: str, tmp_path: Path) -> None:
    case = next(case for case in all_cases() if case.id == case_id)
    assert settled(case, tmp_path, "locator", with_parent=False).repairs == ()


TEXTS = st.text(st.characters(codec="utf-16", exclude_characters="\0"), min_size=1, max_size=9)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=6, unique_by=lambda pair: pair[0])
EDITS = st.lists(st.tuples(st.sampled_from(("add", "drop", "set")), st.integers(0, 9), TEXTS), max_size=8)


def parsed(raw: bytes) -> list[tuple[str | None, str | None]]:
    return [(pair.key, pair.value) for pair in locator.parse(raw, 0).pairs]


@given(PAIRS, EDITS)
def test_editing_a_locator_is_editing_a_list_of_pairs(
    pairs: list[tuple[str, str]], edits: list[tuple[str, int, str]]
) -> None:
    edited, model = locator_planner.empty(), list[tuple[str, str]]()
    for key, value in pairs:
        edited, model = locator_planner.with_pair(edited, key, value), [*model, (key, value)]
    for kind, number, text in edits:
        raw = locator_planner.emitted(edited)
        again = locator_planner.opened(locator.parse(raw, 0), raw)
        assert again is not None
        index = number % len(model) if model else 0
        if kind == "add":
            edited, model = (
                locator_planner.with_pair(again, f"new{len(model)}", text),
                [*model, (f"new{len(model)}", text)],
            )
        elif model and kind == "drop":
            edited, model = locator_planner.without(again, index), model[:index] + model[index + 1 :]
        elif model:
            model[index] = (model[index][0], text)
            edited = locator_planner.with_value(again, index, text)
    assert parsed(locator_planner.emitted(edited)) == model


def test_a_pair_that_cannot_be_read_stays_as_it_is(tmp_path: Path) -> None:
    case = next(case for case in all_cases() if case.id == "locator-pair-value-past-the-end")
    built = case.build(tmp_path)
    image = load_image(BytesSource(built.opened.read_bytes()))
    item = image.metadata.get("parent_locator")
    assert image.locator is not None
    assert item is not None
    raw = image.view.read_at(item.file_offset, item.length)
    opened = locator_planner.opened(image.locator, raw)
    assert opened is not None
    assert locator_planner.emitted(opened) == raw
    more = locator_planner.emitted(locator_planner.with_pair(opened, "a", "b"))
    skipped = [pair.skipped for pair in locator.parse(more, 0).pairs]
    assert skipped == ["PLC-009", "", "", ""]


@given(st.integers(1, 400))
def test_room_in_the_metadata_region_is_behind_the_table_and_on_no_item(length: int) -> None:
    image = load_image(BytesSource(expand(Recipe("room")).to_bytes()))
    offset = metadata.free_offset(image, length)
    taken = {at for item in image.metadata.items for at in range(item.offset, item.offset + item.length)}
    assert offset is not None
    assert offset >= 0x10000
    assert not taken & set(range(offset, offset + length))
    assert metadata.free_offset(image, MIB) is None
