"""The whole corpus: its labels, its sizes, what it holds, and the small part of it that covers most."""

from __future__ import annotations

import io
import json
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import vhdx_runtime as vhdx
from tests.fuzz_generate.reading import checked
from vhdx_runtime.conformance.packed_image import packed
from vhdx_runtime.fuzz.corpus import Made
from vhdx_runtime.fuzz.distil import distil

pytestmark = pytest.mark.xdist_group("fuzz-corpus")

MIB = 1 << 20
UNLINKED = {
    "PLC-006",
    "PLC-014",
}  # by a linkage that is none no parent is found: one more reason, in no byte of the file
SCHEMA = json.loads(files("vhdx_runtime.cli").joinpath("schemas/fuzz-manifest.json").read_text("utf-8"))


def test_it_has_at_most_600_images_all_different(whole: list[Made]) -> None:
    assert 300 < len(whole) <= 600
    digests = [one.label.get("sha256") or one.label["sparse_sha256"] for one in whole if one.entry.profile != "valid"]
    assert len(set(digests)) == len(digests)


def test_every_label_is_of_the_form_of_its_schema(whole: list[Made]) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for one in whole:
        assert validator.is_valid(json.loads(json.dumps(one.label))), one.entry.id


def test_edits_say_what_was_there_and_what_is_there_now(whole: list[Made]) -> None:
    changed = [one for one in whole if one.entry.edits]
    assert changed
    for one in changed:
        assert one.label["edits"], one.entry.id
        assert all(edit["old"] != edit["new"] for edit in one.label["edits"]), one.entry.id


def test_the_expected_verdict_of_a_single_fault_is_what_the_declared_verdicts_give(
    whole: list[Made], tmp_path: Path
) -> None:
    """Which verdict a rule has in a file, the labels tell from its fields; a check tells it independently."""
    wrong = []
    chosen = [one for one in whole if one.entry.profile == "single-fault"]
    for one in whole:
        if one.entry.id.startswith("parent"):
            one.image.write(tmp_path)
    for one in chosen[::3]:
        path = one.image.write(tmp_path)
        state = checked(path)[0].state
        said = one.label["expected"]["verdict"]
        if (state == "unreadable") != (said == "reject") and not UNLINKED & set(one.entry.deliberate):
            wrong.append(f"{one.entry.id}: {said}, {state}")
        path.unlink() if not one.entry.id.startswith("parent") else None
    assert not wrong, "\n".join(wrong)


def test_images_that_ask_for_much_stand_apart(whole: list[Made]) -> None:
    for one in whole:
        assert one.label["file"].startswith("heavy/") == bool(one.label["flags"])
    flags = {flag for one in whole for flag in one.label["flags"]}
    assert {"large-log", "large-region", "large-replay"} <= flags


def test_what_the_guest_must_see_is_what_it_sees(whole: list[Made], tmp_path: Path) -> None:
    for one in whole:
        if one.entry.id.startswith("parent"):
            one.image.write(tmp_path)
    seen = 0
    for one in [one for one in whole if one.label["guest"]][::4]:
        guest = one.label["guest"]
        with vhdx.open(one.image.write(tmp_path)) as disk:
            assert disk.size == guest["size"], one.entry.id
            if "sha256" in guest:
                seen += 1
                assert digest(disk) == guest["sha256"], one.entry.id
    assert seen > 10


def digest(disk: vhdx.VirtualDisk) -> str:
    from hashlib import sha256

    found = sha256()
    for offset in range(0, disk.size, MIB):
        found.update(disk.read_at(offset, MIB))
    return found.hexdigest()


def test_tiny_images_are_tiny_and_say_what_their_size_breaks(whole: list[Made]) -> None:
    tiny = [one for one in whole if one.entry.profile == "tiny"]
    assert len(tiny) > 20
    for one in tiny:
        assert one.image.length <= 448 << 10, one.entry.id
        assert "FTI-002" in one.label["rules"], one.entry.id
        assert set(one.label["deliberate"]) <= set(one.label["rules"])


def test_nineteen_of_twenty_images_are_small_when_packed(whole: list[Made]) -> None:
    sizes = sorted(len(packed(one.image.extents, one.image.length)) for one in whole[::4])
    assert sizes[len(sizes) * 95 // 100] <= 8 << 10


def edits(whole: list[Made], field: str) -> set[Any]:
    return {edit["new"] for one in whole for edit in one.label["edits"] if edit["path"].endswith(field)}


# What readers are known to get wrong, as values of fields that some image must have.
WRAPPING = [
    ("file_parameters.block_size", lambda value: value == 0),
    ("logical_sector_size.logical_sector_size", lambda value: value == 0),
    ("virtual_disk_size.virtual_disk_size", lambda value: value == 0),
    ("virtual_disk_size.virtual_disk_size", lambda value: value >> 20 == (1 << 32) + 1),
    ("descriptor_count", lambda value: value * 32 >= 1 << 32),
    ("entry_length", lambda value: value >= 1 << 31),
    ("zero_length", lambda value: value >= 1 << 60),
    ("entries[0].file_offset", lambda value: value + MIB >= 1 << 64),
    ("header_1.sequence_number", lambda value: value == (1 << 64) - 1),
    ("header_2.log_offset", lambda value: value + MIB >= 1 << 64),
    ("key_value_count", lambda value: value == 65535),
    ("bat[512].state", lambda value: value in range(8)),
    ("entries[0].offset", lambda value: value + 8 >= 1 << 32),
]


@pytest.mark.parametrize(("field", "holds"), WRAPPING, ids=[f"{i}-{field}" for i, (field, _) in enumerate(WRAPPING)])
def test_there_is_an_image_for_arithmetic_that_fails(whole: list[Made], field: str, holds: Any) -> None:
    values = edits(whole, field)
    assert any(isinstance(value, int) and holds(value) for value in values), sorted(map(str, values))


@pytest.mark.parametrize(
    ("rules", "base"),
    [
        ({"HDR-004"}, None),  # equal sequence numbers, headers alike
        ({"BAT-012"}, None),  # partially present without bitmap
        ({"CHN-004"}, None),  # its own parent
        ({"RGN-002", "RGN-004"}, None),  # one copy of the region table, the other to be used
        ({"LOG-024"}, None),
        ({"LOG-023"}, None),
        ({"LOG-027"}, None),
        ({"HDR-003", "HDR-002"}, None),
        ({"PLC-010"}, None),
        ({"FTI-003"}, None),
        ({"BAT-005"}, None),
        ({"BAT-009"}, None),
        ({"RGN-013"}, None),
        (set(), "log-full"),  # a log full of valid one-sector entries
        (set(), "log-wrapped"),
        (set(), "log-grows"),  # blocks past the end of the file until replay
        (set(), "chunks"),  # more than one chunk, entries between them
        (set(), "child-two-chunks"),
        (set(), "odd-end"),
        (set(), "parent-shorter"),
    ],
)
def test_there_is_an_image_of_each_known_kind(whole: list[Made], rules: set[str], base: str | None) -> None:
    assert any(set(one.label["rules"]) == rules and base in (None, one.label["base"]) for one in whole)


def test_there_are_headers_that_are_alike_to_the_byte(whole: list[Made]) -> None:
    def headers(one: Made) -> list[bytes]:
        raw = dict(one.image.extents)
        return [raw.get(offset, b"")[:4096] for offset in (64 << 10, 128 << 10)]

    assert any(first == second != b"" for first, second in map(headers, whole))


def test_the_distilled_part_keeps_within_its_bounds_and_covers_most_rules(whole: list[Made]) -> None:
    kept, dropped = distil(whole)
    assert len(kept) <= 128
    assert all(one.image.length <= 6 * MIB and not one.label["flags"] for one in kept)
    assert sum(one.label["allocated"] for one in kept) <= 16 * MIB
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for one in kept:
            archive.writestr(one.label["file"], one.image.to_bytes())
    assert len(out.getvalue()) <= MIB
    rules = {rule for one in whole for rule in one.label["rules"]}
    covered = {rule for one in kept for rule in one.label["rules"]}
    assert set(dropped) == rules - covered
    assert len(covered) > 110


def test_the_first_ten_distilled_images_are_different_in_kind(whole: list[Made]) -> None:
    first = distil(whole)[0][:10]
    assert len({one.label["base"] for one in first}) >= 5
    assert len({rule.partition("-")[0] for one in first for rule in one.label["rules"]}) >= 5
    ids = [one.entry.id for one in first]
    assert all(one.entry.parent in ("", *ids) for one in first)
