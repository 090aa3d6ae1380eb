"""Verdicts that depend on a condition: told from what was put into a file, and the same as reading it gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fuzz_generate.judged import opinion_of
from vhdx_runtime.conformance.build.expand import Expanded
from vhdx_runtime.fuzz.corpus.bases import bases
from vhdx_runtime.fuzz.corpus.entries import Entry, parents
from vhdx_runtime.fuzz.corpus.fields import Fields
from vhdx_runtime.fuzz.corpus.recipe_edits import AnyEdit, RecipeChange
from vhdx_runtime.fuzz.corpus.subject import roots
from vhdx_runtime.fuzz.corpus.verdicts import Expected, conditions, expected, is_dirty
from vhdx_runtime.fuzz.engine.format import Edit

MIB = 1 << 20
LINKAGE, VOLUME, SECOND = 0, 3, 4  # pairs of the base "child-full"
GUID = "{68d07e4c-11b0-4f1e-9a3d-5f2b7f0c1e77}"


class Case(NamedTuple):
    """A change of a base, the rules that it breaks, and what the specification makes of it."""

    base: str
    edits: tuple[AnyEdit, ...]
    rules: tuple[str, ...]
    verdict: str
    by: str


def pair(number: int, change: Callable[[str], str | bytes]) -> RecipeChange:
    """Another value for a pair of the locator of "child-full"."""
    locator = bases()["child-full"].recipe.parent
    assert locator is not None
    return RecipeChange("put", f"parent.pairs[{number}][1]", change(str(locator.pairs[number][1])))


def locator(rules: str, verdict: str, by: str, *edits: AnyEdit) -> Case:
    return Case("child-full", edits, tuple(rules.split()), verdict, by)


def blocks(rules: str, verdict: str, length: int, *more: AnyEdit) -> Case:
    """Two blocks of 2 MiB from 4 MiB on, of which the disk uses 3 MiB, in a file of some length."""
    edits = (
        RecipeChange("put", "geometry.virtual_disk_size", 3 * MIB),
        RecipeChange("put", "file_length", length),
        *more,
    )
    return Case("blocks-2m", edits, tuple(rules.split()), verdict, "BAT-006")


def utf_16(text: str) -> bytes:
    return text.encode("utf-16-le")


LINKED = f"{{{bases()['parent'].recipe.data_write_guid}}}"
SECOND_VALUE = f"parent.pairs[{SECOND}][1]"
CHOICE, DAMAGED, REJECT = "reader's-choice", "open-but-damaged", "reject"
CASES = {
    "a linkage without braces": locator("PLC-014", CHOICE, "PLC-014", pair(LINKAGE, lambda text: text.strip("{}"))),
    "a linkage in capitals": locator("PLC-014", CHOICE, "PLC-014", pair(LINKAGE, str.upper)),
    "a linkage that is no GUID": locator("PLC-014", REJECT, "PLC-014", pair(LINKAGE, lambda text: text[:-2] + "x}")),
    "a linkage with one brace": locator("PLC-014", REJECT, "PLC-014", pair(LINKAGE, lambda text: text[1:])),
    "a second linkage that is no GUID": locator("PLC-014", DAMAGED, "PLC-014", pair(SECOND, lambda _: "none")),
    "a second linkage without braces": locator(
        "PLC-014 PLC-015", CHOICE, "PLC-014", pair(SECOND, lambda _: GUID.strip("{}"))
    ),
    "a linkage that is no GUID, and a second one that is": locator(
        "PLC-014 PLC-015",
        DAMAGED,
        "PLC-014",
        pair(LINKAGE, lambda _: "none"),
        RecipeChange("put", SECOND_VALUE, LINKED),
    ),
    "two linkages that are no GUIDs": locator(
        "PLC-014", REJECT, "PLC-014", pair(LINKAGE, lambda _: "none"), pair(SECOND, lambda _: "none")
    ),
    "a locator without pairs": locator(
        "PLC-006", REJECT, "PLC-006", Edit("parent_locator", "header.key_value_count", 0)
    ),
    "a NUL at the end of a linkage": locator("PLC-010", CHOICE, "PLC-010", pair(LINKAGE, lambda text: text + "\0")),
    "a NUL at the end of a path": locator("PLC-010", CHOICE, "PLC-010", pair(VOLUME, lambda text: text + "\0")),
    "half a surrogate pair in a path": locator(
        "PLC-010", CHOICE, "PLC-010", pair(VOLUME, lambda text: utf_16(text) + b"\x3d\xd8")
    ),
    "a NUL inside a path": locator("PLC-010", DAMAGED, "PLC-010", pair(VOLUME, lambda text: text + "\0x")),
    "two NULs at the end of a path": locator("PLC-010", DAMAGED, "PLC-010", pair(VOLUME, lambda text: text + "\0\0")),
    "half a character in a path": locator(
        "PLC-010", DAMAGED, "PLC-010", pair(VOLUME, lambda text: utf_16(text) + b"x")
    ),
    "one text that is understood and one that is none": locator(
        "PLC-010",
        DAMAGED,
        "PLC-010",
        pair(LINKAGE, lambda text: text + "\0"),
        pair(VOLUME, lambda text: utf_16(text) + b"x"),
    ),
    "a text that is understood and a GUID that is none": locator(
        "PLC-010 PLC-014", DAMAGED, "PLC-014", pair(VOLUME, lambda text: text + "\0"), pair(SECOND, lambda _: "none")
    ),
    "a text that is none and a GUID that is understood": locator(
        "PLC-010 PLC-014", DAMAGED, "PLC-010", pair(VOLUME, lambda text: text + "\0\0"), pair(LINKAGE, str.upper)
    ),
    "the last block cut behind the disk's end": blocks("BAT-006", CHOICE, 7 * MIB),
    "the last block cut a byte before the disk's end": blocks("BAT-006 LAY-003", DAMAGED, 7 * MIB - 1),
    "the last block cut a byte behind the disk's end": blocks("BAT-006 LAY-003", CHOICE, 7 * MIB + 1),
    "the last block not there at all": blocks("BAT-006", DAMAGED, 6 * MIB),
    "another block cut than the last": blocks(
        "BAT-006", DAMAGED, 7 * MIB, RecipeChange("put", "bat.order", "descending")
    ),
    "both blocks cut": blocks("BAT-006", DAMAGED, 5 * MIB),
}


def told(made: Expanded, rules: tuple[str, ...]) -> Expected:
    """The verdict of a file, from its fields alone."""
    fields = Fields({root.target: root for root in roots(made)})
    found = {one for rule in rules for one in conditions(rule, fields, (), made.length)}
    return expected(rules, found, is_dirty=is_dirty(fields))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the parent stands."""
    found = tmp_path_factory.mktemp("chain")
    for made in parents("parent").values():
        made.write(found)
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_told_from_the_fields_is_that_of_the_specification_and_of_the_reader(
    name: str, folder: Path
) -> None:
    base, edits, rules, verdict, by = CASES[name]
    made = Entry("scratch", "single-fault", base, edits).expand()
    right = told(made, rules)
    assert (right.verdict, right.by) == (verdict, by)
    found = opinion_of(made, folder)
    assert found.rules == set(rules)
    assert found.verdict(is_dirty=False) == verdict, found.refusal


def test_without_the_length_of_the_file_a_block_that_is_cut_off_counts_as_damage() -> None:
    base, edits, rules, _, _ = CASES["the last block cut behind the disk's end"]
    made = Entry("scratch", "single-fault", base, edits).expand()
    fields = Fields({root.target: root for root in roots(made)})
    assert not conditions("BAT-006", fields, ())
    assert expected(rules, (), is_dirty=False).verdict == "open-but-damaged"
