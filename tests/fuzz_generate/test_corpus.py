"""The whole corpus: its labels, its sizes, what it holds, and the small part of it that covers most."""

from __future__ import annotations

import io
import json
import zipfile
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

import vhdx_runtime as vhdx
from tests.fuzz_generate.judged import opinion, write_parents
from vhdx_runtime.conformance.release.packed_image import packed
from vhdx_runtime.fuzz.corpus.corpus import Made, write
from vhdx_runtime.fuzz.corpus.distil import distil

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fuzz-corpus")]

MIB = 1 << 20
SCHEMA = json.loads(files("vhdx_runtime.cli").joinpath("schemas/fuzz-manifest.json").read_text("utf-8"))


def test_it_has_at_most_900_images_all_different(whole: list[Made]) -> None:
    assert 800 < len(whole) <= 900
    assert sum(one.label["allocated"] for one in whole) <= 64 * MIB
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


def test_images_that_ask_for_much_stand_apart(whole: list[Made]) -> None:
    for one in whole:
        assert one.label["file"].startswith("heavy/") == bool(one.label["flags"])
    flags = {flag for one in whole for flag in one.label["flags"]}
    assert {"large-log", "large-region", "large-replay"} <= flags


def test_what_the_guest_must_see_is_what_it_sees(whole: list[Made], tmp_path: Path) -> None:
    write_parents(whole, tmp_path)
    seen = 0
    for one in [one for one in whole if one.label["guest"]]:
        guest = one.label["guest"]
        path = one.image.write(tmp_path)
        with vhdx.open(path) as disk:
            assert disk.size == guest["size"], one.entry.id
            if "sha256" in guest:
                seen += 1
                assert digest(disk) == guest["sha256"], one.entry.id
        path.unlink() if not one.entry.id.startswith("parent") else None
    assert seen > 100


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
        assert "FTI-002" in one.label["inherent"], one.entry.id
        assert set(one.label["deliberate"]) <= set(one.label["rules"]) - set(one.label["inherent"])
        assert set(one.label["inherent"]) <= set(one.label["rules"])
    plain = next(one.label for one in tiny if one.entry.id == "tiny-tight")
    below_a_mib = {"FTI-002", "LAY-003", "RGN-008", "RGN-009", "RGN-010", "RGN-013"}
    assert set(plain["inherent"]) == below_a_mib | {"HDR-011"}  # and a log behind the file's end
    assert not any(one.label["inherent"] for one in whole if one.entry.profile != "tiny")


def test_tiny_images_stand_in_a_folder_with_nothing_but_seeds(whole: list[Made], tmp_path: Path) -> None:
    tiny = [one for one in whole if one.entry.profile == "tiny"]
    write(tmp_path, tiny)
    assert {path.name for path in tmp_path.iterdir()} == {"tiny", "manifest.jsonl"}
    files = [path for path in (tmp_path / "tiny").rglob("*") if path.is_file()]
    assert len(files) == len(tiny)
    assert all(path.stat().st_size <= 448 << 10 for path in files)
    child = next(path for path in files if path.stem == "tiny-tight-child")
    assert [path.name for path in (child.parent / "parents").iterdir()] == ["parent-tight.vhdx"]
    assert opinion(child).rules == {"FTI-002", "LAY-003", "RGN-008", "RGN-009", "RGN-010", "RGN-013", "HDR-011"}


def test_nineteen_of_twenty_images_are_small_when_packed(whole: list[Made]) -> None:
    sizes = sorted(len(packed(one.image.extents, one.image.length)) for one in whole[::4])
    assert sizes[len(sizes) * 95 // 100] <= 8 << 10


@pytest.mark.slow
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
