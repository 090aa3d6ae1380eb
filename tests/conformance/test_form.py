"""The text form: what is written is what is built, and what is wrong is said with file, line and field."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from itertools import pairwise
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cases import all_cases
from vhdx_runtime.conformance import (
    Bat,
    Block,
    BytesOverride,
    FieldOverride,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    ParentLocator,
    Recipe,
    RecipeError,
    RegionTables,
    Write,
    Zeros,
    form_schema,
)
from vhdx_runtime.conformance.cases import Case, read_cases
from vhdx_runtime.conformance.recipes import form, form_nodes, form_writer
from vhdx_runtime.conformance.recipes.form_nodes import FormError

KIB, MIB = 1 << 10, 1 << 20
CASES = all_cases()

EVERYTHING = """\
name: base
file_name: sub/base.avhdx
geometry: {disk_type: differencing, virtual_disk_size: 64 TiB - 512, block_size: 2 MiB, logical_sector_size: 4 KiB}
headers:
  - {sequence_number: 0xffffffffffffffff, log_guid: 00000000-0000-0000-0000-000000000000}
  - 7
regions: {order: [metadata, bat], damage: [none, torn], bat_length: block_size_max}
metadata:
  extra:
    - {item_id: 11111111-2222-3333-4444-555555555555, content: {text: ab, encoding: utf-16-le}, is_user: true}
parent:
  pairs:
    - [parent_linkage, "{x}"]
    - [{hex: "00d8"}, [{text: a}, {zeros: 2}, {repeat: {hex: 0f}, count: 3}]]
bat:
  blocks:
    - 3
    - {number: 4, state: partially_present, sectors: [[0, 1], [5, 2]], fills: [{offset: 0, length: 1 KiB}]}
  default_state: unmapped
log:
  entries:
    - updates:
        - zeros: {target: bat}
        - write: {target: bat, offset: 0, data: {repeat: {text: x}, count: 4 KiB}}
        - hide: bat
      tail: self
    - {tail: 8 KiB, torn: [0, 2]}
overrides:
  - set: {target: header_2, field: version, value: 7}
  - set: {target: region_table_1, field: "entries[0].guid", value: bat_region}
  - bytes: {target: file, offset: 4 KiB, data: {hex: ff}, is_sealed: false}
"""
BUILT = Recipe(
    name="base",
    file_name="sub/base.avhdx",
    geometry=Geometry("differencing", (64 << 40) - 512, 2 * MIB, 4096),
    headers=(HeaderCopy(2**64 - 1, log_guid="00000000-0000-0000-0000-000000000000"), HeaderCopy(7)),
    regions=RegionTables(order=("metadata", "bat"), damage=("none", "torn"), bat_length=256 * MIB),
    metadata=Metadata(extra=(Item("11111111-2222-3333-4444-555555555555", b"a\0b\0", is_user=True),)),
    parent=ParentLocator((("parent_linkage", "{x}"), (b"\0\xd8", b"a\0\0\x0f\x0f\x0f"))),
    bat=Bat(blocks=(Block(3), Block(4, 7, (Fill(0, KIB),), ((0, 1), (5, 2)))), default_state=3),
    log=Log(
        (
            LogEntry((Zeros("bat"), Write("bat", 0, b"x" * 4096), Hide("bat")), tail="self"),
            LogEntry(tail=8192, torn=(0, 2)),
        )
    ),
    overrides=(
        FieldOverride("header_2", "version", 7),
        FieldOverride("region_table_1", "entries[0].guid", "2dc27766-f623-4200-9d64-115e9bfd4a08"),
        BytesOverride("file", 4096, b"\xff", is_sealed=False),
    ),
)
CASE = """\
- id: one
  title: A title
  probes: Something
  expect: read
  files:
    - headers:
        - {sequence_number: 1, damage: torn}
        - 2
      bat: {blocks: [0, {number: 2, state: zero}]}
"""


def test_every_kind_of_value_is_read_as_it_is_written() -> None:
    assert form.load_recipe(EVERYTHING) == BUILT


def test_an_empty_recipe_is_the_default_one() -> None:
    assert form.load_recipe("{}") == Recipe()
    assert form_writer.dump(Recipe()) == "{}\n"


@pytest.mark.parametrize(
    "recipe", [BUILT, Recipe(), *(r for case in CASES[::9] for r in case.files)], ids=lambda recipe: recipe.path
)
def test_what_is_written_reads_back_and_is_canonical(recipe: Recipe) -> None:
    text = form_writer.dump(recipe)
    assert form.load_recipe(text) == recipe
    assert form_writer.dump(form.load_recipe(text)) == text


def test_every_case_reads_back_as_itself() -> None:
    assert CASES
    again = [replace(case, area="", source="", entry=0) for case in CASES]
    found = read_cases(form_writer.dump(list(CASES)), "again.yaml")
    assert [replace(case, source="", entry=0) for case in found] == again


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("torn", "tron", 7, "files[0].headers[0].damage: expected one of none, zeroed, bad_checksum, torn, found tron"),
        ("damage", "damege", 7, "files[0].headers[0]: no key is called damege: did you mean damage?"),
        ("sequence_number: 1, ", "", 7, "files[0].headers[0]: sequence_number is missing"),
        ("- 2\n", "- [2]\n", 8, "files[0].headers[1]: expected a mapping, found a list of 1"),
        ("- 2\n", "- true\n", 8, "files[0].headers[1]: expected an integer, found true"),
        ("- 2\n", "- 1 PiB\n", 8, "files[0].headers[1]: expected an integer: '1 PiB' is no integer"),
        ("        - 2\n", "", 7, "files[0].headers: expected 2 elements, found 1"),
        ("number: 2", "number: two", 9, "files[0].bat.blocks[1].number: expected an integer: no constant or state"),
        ("number: 2", "number: 2, number: 3", 9, "files[0].bat.blocks[1]: the key number is there twice"),
        ("state: zero", "reserved: {}", 9, "files[0].bat.blocks[1].reserved: expected an integer, found a mapping"),
        ("expect: read", "expect: reed", 4, "expect: expected one of read, read-degraded, refuse, either, found reed"),
        ("expect: read", "expect: refuse", 1, "by: names the rule by which a file is refused"),
        ("expect: read", "expect: read\n  by: HDR-001", 5, "by: names the rule"),
        ("expect: read", "expect: either", 1, "reason: says why the specification leaves it open"),
        ("expect: read", "expect: read-degraded", 1, "lost: lists what cannot be read"),
        (
            "expect: read",
            "expect: read\n  unspecified: [[0, 1]]",
            1,
            "reason: says why the specification leaves it open",
        ),
        (
            "expect: read",
            "expect: refuse\n  by: HDR-001\n  unspecified: [[0, 1]]\n  reason: r",
            6,
            "unspecified: lists",
        ),
        ("expect: read", "expect: read\n  findings: [HDR-999]", 5, "findings: no rule is called HDR-999"),
        ("expect: read", "expect: read\n  sections: [2.2]", 5, "sections[0]: expected text, found 2.2"),
        ("expect: read", "expect: read\n  over: {a.vhdx: b.vhdx}", 5, "over: no file is called a.vhdx"),
        ("id: one", "id: One", 1, "id: expected small letters"),
        ("    - headers", "    - file_name: ../x\n      headers", 6, "files: expected a plain relative file name"),
        ("A title", "[a, b]", 2, "title: expected text, found a list of 2"),
        ("A title", "{a", 3, "did not find expected ',' or '}'"),
        (CASE, "", 1, "the file is empty"),
        (CASE, "id: one", 1, "expected a list, found a mapping with the keys id"),
    ],
)
def test_a_wrong_case_is_named_by_file_line_and_field(old: str, new: str, line: int, message: str) -> None:
    assert old in CASE
    with pytest.raises(FormError) as error:
        list(read_cases(CASE.replace(old, new, 1), "cases/bad.yaml"))
    assert str(error.value).startswith(f"cases/bad.yaml:{line}: {message}")
    assert (error.value.file, error.value.line) == ("cases/bad.yaml", line)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("overrides: [{put: {}}]", "overrides[0]: expected a mapping with one key of set, bytes, found"),
        ("overrides: [{set: {}}]", "overrides[0].set: target is missing"),
        ("overrides: [{bytes: {target: file, offset: 0, data: x}}]", "overrides[0].bytes.data: bytes are written"),
        ("overrides: [{bytes: {target: file, offset: 0, data: {hex: 0x}}}]", "overrides[0].bytes.data: non-hexa"),
        ("log: {entries: [{updates: [{write: bat}]}]}", "log.entries[0].updates[0].write: expected keys"),
        ("regions: {extra: [{guid: x, content: {zeros: 65 MiB}}]}", "regions.extra[0].content: a count of 68157440"),
        ("name: 5", "name: expected text, found 5"),
        ("file_length: [1]", "file_length: expected an integer, found a list of 1"),
        ("regions: {known_required: yes}", "regions.known_required: expected true or false, found yes"),
    ],
)
def test_a_wrong_recipe_is_named_by_field(text: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        form.load_recipe(text, "x.yaml")
    assert str(error.value).startswith(f"x.yaml:1: {message}")


def test_a_form_that_contains_itself_is_refused() -> None:
    with pytest.raises(FormError):
        form.load_recipe("parent: {pairs: [[&a [*a], x]]}")


@given(st.one_of(st.integers(0, 2**64), st.integers(0, 2**22).map(lambda n: n << 20)))
def test_an_integer_keeps_its_value_with_and_without_unit(value: int) -> None:
    assert form_nodes.integer(str(form_writer.with_unit(value))) == value


@given(
    st.one_of(
        st.binary(max_size=80),
        st.binary(min_size=1, max_size=6).map(lambda part: part * 40),
        st.text(max_size=12).map(lambda text: text.encode("utf-16-le", "surrogatepass")),
        st.binary(max_size=9).map(lambda part: part + bytes(50)),
    )
)
def test_bytes_keep_their_value(data: bytes) -> None:
    written = yaml.safe_dump(form_writer.of_bytes(data), allow_unicode=True)
    assert form_nodes.bytes_of(yaml.safe_load(written)) == data


def test_bytes_are_written_as_they_were_spelled_and_can_be_copied() -> None:
    text = "regions: {extra: [{guid: x, content: [{hex: 00 ff}, {repeat: {text: ab}, count: '4096'}]}]}"
    recipe = copy.deepcopy(pickle.loads(pickle.dumps(form.load_recipe(text))))
    assert recipe.regions.extra[0].content == b"\x00\xff" + b"ab" * 4096
    assert form_writer.plain_form(recipe)["regions"]["extra"][0]["content"] == [
        {"hex": "00 ff"}, {"repeat": {"text": "ab"}, "count": "4 KiB"},
    ]  # fmt: skip


def test_counters_count_in_each_copy() -> None:
    counters = [{"offset": 1, "size": 2, "step": 255}, {"offset": 0, "size": 1, "step": 128}]
    value = {"repeat": {"hex": "80ff00"}, "count": 3, "counters": counters}
    assert form_nodes.bytes_of(value) == bytes.fromhex("80ff00 00fe01 80fd02")


def test_the_schemas_are_those_of_the_dataclasses() -> None:
    texts = form_schema.texts()
    assert len(texts) == 2
    for path, text in texts.items():
        hint = "run python -m vhdx_runtime.conformance.form_schema"
        assert path.read_text("utf-8") == text, f"{path.name} is not what the dataclasses say: {hint}"


def test_the_schema_takes_every_recipe_and_case_and_no_others() -> None:
    recipe, case = (
        jsonschema.Draft202012Validator(json.loads(path.read_text("utf-8"))) for path in form_schema.texts()
    )
    jsonschema.Draft202012Validator.check_schema(recipe.schema)
    recipe.validate(yaml.safe_load(EVERYTHING))
    for good in CASES:
        case.validate(form_writer.plain_form(good))
    for bad in ("heders: []", "headers: [1]", "bat: {blocks: [{state: 6}]}", "overrides: [{set: {}}]", "name: [x]"):
        with pytest.raises(jsonschema.ValidationError):
            recipe.validate(yaml.safe_load(bad))


def some_case(**changes: Any) -> dict[str, Any]:
    return {"id": "c-{a}", "title": "t", "probes": "p", "expect": "read", "files": [{}], **changes}


def matrix(**changes: Any) -> list[Case]:
    return list(read_cases(yaml.safe_dump([some_case(**changes)], sort_keys=False), "m.yaml"))


def test_a_matrix_makes_a_case_of_each_combination_but_those_excluded() -> None:
    found = matrix(
        id="c-{a}-{b}",
        title="{a} and {b.words}",
        matrix={
            "a": [1, 2, 3],
            "b": [{"id": "x", "words": "X", "state": "zero"}, {"id": "y", "words": "Y", "state": 3}],
        },
        exclude=[{"a": [1, 3], "b": "x"}],
        files=[{"headers": ["{a}", {"sequence_number": 9}], "bat": {"blocks": [{"number": 0, "state": "{b.state}"}]}}],
    )
    assert [case.id for case in found] == ["c-1-y", "c-2-x", "c-2-y", "c-3-y"]
    assert [case.title for case in found][:2] == ["1 and Y", "2 and X"]
    assert [case.files[0].headers[0].sequence_number for case in found] == [1, 2, 2, 3]
    assert [case.files[0].bat.blocks[0].state for case in found] == [3, 2, 3, 3]
    assert {case.entry for case in found} == {0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"matrix": {"b": [1]}}, "the matrix has no a"),
        ({"matrix": {"a": [1]}, "exclude": [{"a": 2}]}, "it excludes nothing"),
        ({"matrix": {"a": [1]}, "exclude": [{"a": 1}]}, "no combination is left"),
        ({"matrix": {"a": [1]}, "exclude": [{"c": 1}]}, "the matrix has no c"),
        ({"matrix": {"a": list(range(300))}}, "more than 200 combinations"),
        ({"matrix": {"a": [[1]]}}, "has no text"),
        ({"matrix": {"a": 1}}, "expected a list"),
        ({"matrix": {"a": [{"id": "x"}]}, "title": "{a.y}"}, "no key is called y"),
    ],
)
def test_a_wrong_matrix_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormError, match=message):
        matrix(**changes)


def test_entries_of_a_file_are_told_apart() -> None:
    entries = [case.entry for case in CASES if case.area == CASES[0].area]
    assert entries[0] == 0
    assert all(after - before in (0, 1) for before, after in pairwise(entries))
