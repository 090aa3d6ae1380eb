"""Random images: the same whatever was made before them, quick to make, and rightly labelled with either digest."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import time
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from vhdx_format import layout
from vhdx_format.rules import CLAIMS

from tests.fuzz_generate.judged import Opinion, opinion_of, write_parents
from tests.fuzz_generate.raw import Raw
from tests.support.patience import assert_quick
from vhdx_runtime.cli import main
from vhdx_runtime.codec import decode
from vhdx_runtime.conformance import expand
from vhdx_runtime.conformance.build import digests
from vhdx_runtime.conformance.recipes import form_writer
from vhdx_runtime.fuzz.corpus import claims, corpus, random_images, second
from vhdx_runtime.fuzz.corpus.bases import bases
from vhdx_runtime.fuzz.corpus.corpus import Made
from vhdx_runtime.fuzz.corpus.entries import parents
from vhdx_runtime.fuzz.corpus.fields import LAYOUT, Fields
from vhdx_runtime.fuzz.corpus.recipe_edits import changed
from vhdx_runtime.fuzz.corpus.subject import VHDX, roots
from vhdx_runtime.fuzz.engine.boundaries import representatives, value_of, width
from vhdx_runtime.fuzz.engine.format import FieldPlace, places

COUNT = 60
UNIT = 64 << 10
SCHEMA = json.loads(files("vhdx_runtime.cli").joinpath("schemas/fuzz-manifest.json").read_text("utf-8"))
ENTRIES = tuple(random_images.random_entries(11, COUNT))


def manifest(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same images with either digest in their labels."""
    found = {}
    for kind in ("whole", "sparse"):
        found[kind] = tmp_path_factory.mktemp("random") / kind
        options = ["--profile", "random", "--seed", "11", "--count", str(COUNT), "--digest", kind]
        done = CliRunner().invoke(main, ["fuzz", "generate", str(found[kind]), *options])
        assert done.exit_code == 0, done.output
    return found


def sparse_digest(raw: bytes) -> str:
    """As the schema of the manifest defines it, from the bytes of the file."""
    found = sha256()
    for start in range(0, len(raw), UNIT):
        if any(raw[start : start + UNIT]):
            found.update(start.to_bytes(8, "little") + raw[start : start + UNIT])
    return found.hexdigest()


@pytest.mark.slow
def test_sparse_digests_are_of_the_units_that_are_not_zero(folders: dict[str, Path]) -> None:
    labels = manifest(folders["sparse"])
    assert len(labels) > COUNT // 2
    for one in [one for one in labels if one["size"] <= 16 << 20]:
        raw = (folders["sparse"] / one["file"]).read_bytes()
        assert one["sparse_sha256"] == sparse_digest(raw), one["id"]
        assert "sha256" not in one


def test_without_the_option_digests_are_of_all_bytes(folders: dict[str, Path]) -> None:
    for one in manifest(folders["whole"])[::4]:
        raw = (folders["whole"] / one["file"]).read_bytes()
        assert one["sha256"] == sha256(raw).hexdigest(), one["id"]


def test_the_digest_is_all_that_the_option_changes(folders: dict[str, Path]) -> None:
    whole, sparse = ([one | {"sha256": "", "sparse_sha256": ""} for one in manifest(folders[kind])] for kind in folders)
    assert whole == sparse
    names = sorted(path.relative_to(folders["whole"]) for path in folders["whole"].rglob("*.vhdx"))
    assert names == sorted(path.relative_to(folders["sparse"]) for path in folders["sparse"].rglob("*.vhdx"))
    assert all((folders["whole"] / one).read_bytes() == (folders["sparse"] / one).read_bytes() for one in names[::5])


def test_labels_with_sparse_digests_are_of_the_form_of_their_schema(folders: dict[str, Path]) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for one in manifest(folders["sparse"]):
        assert validator.is_valid(one), one["id"]


@pytest.mark.parametrize(
    "extents",
    [
        (),
        ((0, b"x"),),
        ((UNIT - 1, b"ab"),),
        ((5, bytes(10)), (UNIT + 5, bytes(10) + b"z"), (3 * UNIT, b"q" * 2 * UNIT)),
        ((UNIT, bytes(UNIT) + b"y"), (2 * UNIT + 9, b"n" * 7), (9 * UNIT, b"e")),
    ],
)
def test_a_sparse_digest_does_not_depend_on_how_the_parts_are_cut(extents: tuple[tuple[int, bytes], ...]) -> None:
    raw = bytearray(9 * UNIT + 1)
    for offset, data in extents:
        raw[offset : offset + len(data)] = data
    found = digests.of_file(extents, len(raw), is_sparse=True)
    assert found == {"sparse_sha256": sparse_digest(bytes(raw))}
    assert digests.of_file(extents, len(raw)) == {"sha256": sha256(raw).hexdigest()}


SCRIPT = """
from vhdx_runtime.fuzz.corpus.random_images import random_entries
from hashlib import sha256
found = sha256()
for entry in list(random_entries(11, 60))[::-3]:
    for offset, data in entry.expand().extents:
        found.update(b"%d:" % offset + data)
print(found.hexdigest())
"""


def test_images_are_the_same_in_any_order_and_in_another_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | {"PYTHONHASHSEED": "77"}, capture_output=True, text=True
    )
    found = sha256()
    made = {entry.id: entry.expand() for entry in ENTRIES}
    for entry in ENTRIES[::-3]:
        for offset, data in made[entry.id].extents:
            found.update(b"%d:" % offset + data)
    assert done.stdout.strip() == found.hexdigest(), done.stderr


def test_an_image_is_the_same_when_nothing_of_its_base_is_remembered() -> None:
    for entry in ENTRIES[::3]:
        base = bases()[entry.base]
        recipe = changed(replace(base.recipe, file_name=entry.file_name), entry.edits)
        new = pickle.loads(pickle.dumps(recipe))
        parent = parents(entry.parent)[entry.parent] if entry.parent else None
        assert expand(new, parent).extents == entry.expand().extents, entry.id


def test_the_label_has_the_whole_recipe() -> None:
    for one in corpus.made(ENTRIES[::2], is_sparse=True):
        said = json.dumps(one.label["recipe"])
        assert said == json.dumps(form_writer.plain_form(one.image.recipe)), one.entry.id


def test_a_field_found_by_its_path_is_the_one_that_a_search_finds() -> None:
    seen = 0
    for entry in ENTRIES[::2]:
        found = {root.target: root for root in roots(entry.expand())}
        fields = Fields(found)
        for root in found.values():
            there = {f"{root.target}.{place.path}": place for place in places(LAYOUT, root)}
            absent = [f"{root.target}.entries[{index}].length" for index in range(12)]
            absent += [
                f"{root.target}.{path}" for path in ("", "header", "x.y", "entries.length", "header[0].signature")
            ]
            for path in {*absent, *there}:
                place = there.get(path)
                seen += place is not None
                expected = value_of(place) if place and width(place.field) else None
                assert fields.number(path) == expected, f"{entry.id} {path}"
                assert fields.raw(path) == (_raw(place) if place else b""), f"{entry.id} {path}"
    assert seen > 2000


def _raw(place: FieldPlace) -> bytes:
    start = place.field.offset
    return place.owner_raw[start : start + place.field.size]


def plainly_broken(structure: str, raw: bytes) -> set[str]:
    placed = decode.structure(structure, raw)
    found = {claim.rule for claim in CLAIMS.get(structure, ()) if decode.answer(placed, claim) is False}
    for field in layout.STRUCTURES[structure].fields:
        if field.zero_rule and field.offset is not None and any(raw[field.offset : field.offset + (field.size or 0)]):
            found.add(field.zero_rule)
    declared = layout.STRUCTURES[structure].checksum
    if declared is not None and decode.checksum_finding(placed) is not None:
        found.add(declared.rule)
    return found


def test_claims_have_the_same_answers_when_they_are_remembered() -> None:
    broken: set[str] = set()
    for name in ("dynamic", "log-one", "child-full"):
        for place in random_images._places(name):
            if not width(place.field):
                continue
            for value in representatives(VHDX, place)[::4]:
                raw = VHDX.put(place.owner_raw, place.field.offset, place.field, value)
                expected = plainly_broken(place.owner, raw)
                broken |= expected
                assert claims.broken_claims(place.owner, raw) == expected, f"{name} {place.target}.{place.path} {value}"
            short = place.owner_raw[:-1]
            assert claims.broken_claims(place.owner, short) == plainly_broken(place.owner, short)
    assert len(broken) > 40


def test_hundred_images_a_second_are_made_and_labelled() -> None:
    """In processor time, with a wide margin: it is five times as many where nothing else is done."""
    list(corpus.made(ENTRIES, is_sparse=True, is_checked=False))
    start = time.process_time()
    made = list(corpus.made(ENTRIES, is_sparse=True, is_checked=False))
    assert_quick(time.process_time() - start, len(made) / 100)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Made, Opinion]]:
    """Random images, checked and opened as files beside their parents."""
    folder = tmp_path_factory.mktemp("random-judged")
    images = list(corpus.made(random_images.random_entries(21, 80), is_sparse=True))
    write_parents(corpus.made(corpus.choose(("valid", "tiny"))), folder)
    return [(one, opinion_of(one.image, folder)) for one in images]


def test_the_label_of_a_random_image_is_what_a_check_and_opening_come_to(judged: list[tuple[Made, Opinion]]) -> None:
    for one, found in judged:
        assert found.rules == set(one.label["rules"]), one.entry.id
        assert found.verdict(is_dirty=is_dirty(one)) == one.label["expected"]["verdict"], (one.entry.id, found.refusal)
    assert len({one.label["expected"]["verdict"] for one, _ in judged}) == 5


def is_dirty(one: Made) -> bool:
    current = Raw(one).current
    return current is not None and any(current.log_guid)


def test_what_a_second_opinion_refuses_does_not_open(judged: list[tuple[Made, Opinion]]) -> None:
    refused = [(one, found) for one, found in judged if one.label["expected"]["by"] not in (None, "check")]
    assert len(refused) > len(judged) // 8
    for one, found in refused:
        assert one.label["expected"]["by"] in found.rules, one.entry.id
        assert found.refusal, one.entry.id


def test_a_second_opinion_uses_nothing_that_checks_or_gives_meaning() -> None:
    seen = {"second"}
    waiting = ["second"]
    while waiting:
        source = Path(second.__file__).with_name(f"{waiting.pop()}.py").read_text("utf-8")
        beside = set(re.findall(r"^from \.(\w+) import", source, re.MULTILINE)) - seen
        above = re.findall(r"^from \.\.\.(\w+)", source, re.MULTILINE)
        assert not {"check", "semantics", "disk"} & set(above)
        seen |= beside
        waiting += beside
    assert {"claims", "fields", "verdicts"} <= seen


def test_without_a_check_only_what_the_second_opinion_says_is_said() -> None:
    made = list(corpus.made(ENTRIES, is_sparse=True, is_checked=False))
    assert {one.label["expected"]["verdict"] for one in made} == {"reject", "unknown"}
    assert not any(one.label["rules"] for one in made)
