"""What follows from declarations alone, on a format that is not VHDX; what is expected is written out here."""

from __future__ import annotations

import shutil

import pytest

from formats.compiler import generate as generator
from tests.fuzz_generate import tape
from tests.fuzz_generate.tape import Cut
from vhdx_runtime.fuzz.engine.conditions import outcomes
from vhdx_runtime.fuzz.engine.format import Edit, Format
from vhdx_runtime.fuzz.engine.ideas import Idea, ideas

BORDERS = {0, 64, 512, 536, 560, 584, 1024, 2048, 4080, 4096}  # starts and ends of what is in the archive
UNIT_AT, UNIT = 12, 512


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Format:
    if not shutil.which("node") or not (generator.COMPILER / "node_modules" / "kaitai-struct-compiler").is_dir():
        pytest.skip("schema compiler: not installed (npm ci in formats/compiler, or make generate)")
    return tape.compiled(tmp_path_factory.mktemp("tape-ideas"))


@pytest.fixture(scope="module")
def found(form: Format) -> list[Idea]:
    return list(ideas(form, tape.Tape(form)))


def of(found: list[Idea], kind: str) -> list[Idea]:
    chosen = [idea for idea in found if idea.kind == kind]
    assert chosen
    return chosen


def values(found: list[Idea], kind: str, path: str) -> set[int | bytes]:
    """What some field is changed to, in any object."""
    edits = [edit for idea in of(found, kind) for edit in idea.edits if isinstance(edit, Edit)]
    return {edit.value for edit in edits if edit.path == path}


def with_unit(value: int) -> bytes:
    head = tape.sound()[:64]
    return head[:UNIT_AT] + value.to_bytes(4, "little") + head[UNIT_AT + 4 :]


@pytest.mark.parametrize(
    ("unit", "parts"),
    [
        (512, (True, True, True)),
        (256, (False, True, True)),
        (1 << 17, (True, False, True)),
        (768, (True, True, False)),
        (3, (False, True, False)),
    ],
)
def test_every_part_of_a_condition_has_an_outcome_of_its_own(
    form: Format, unit: int, parts: tuple[bool, bool, bool]
) -> None:
    parsed = form.parse("tape", with_unit(unit))
    assert outcomes(parsed, "storage_unit_is_sound") == parts
    assert parsed.storage_unit_is_sound == all(parts)


def test_each_part_of_an_and_is_broken_alone(form: Format, found: list[Idea]) -> None:
    units = [value for value in values(found, "apart", "storage_unit") if isinstance(value, int)]
    broken = {(unit < UNIT, unit > 1 << 16, unit & (unit - 1) != 0) for unit in units}
    assert {(True, False, False), (False, True, False), (False, False, True)} <= broken


def test_an_or_is_broken_where_no_part_of_it_holds(form: Format, found: list[Idea]) -> None:
    assert any(value not in (3, 4) for value in values(found, "apart", "version"))
    levels = [idea for idea in of(found, "apart") if idea.about.startswith("TAP-005")]
    assert {"TAP-005"} in [tape.judged(form, tape.Tape(form).build(idea.edits)) for idea in levels]


def test_the_archive_is_cut_at_every_border_and_around_it(found: list[Idea]) -> None:
    cuts = {one.length for idea in of(found, "cut") for one in idea.edits if isinstance(one, Cut)}
    near = {border + step for border in BORDERS for step in (-512, -1, 0, 1, 512)}
    assert cuts == {length for length in near if 0 <= length < 4096}


def test_every_element_of_a_list_is_repeated(form: Format, found: list[Idea]) -> None:
    repeated = set()
    for idea in of(found, "twice"):
        image = tape.Tape(form).build(idea.edits)
        entries = [image[at : at + 24] for at in range(512, 584, 24)]
        repeated |= {entry[:8].rstrip(b"\0") for entry in entries if entries.count(entry) > 1}
    assert repeated == {b"one", b"two", b"none"}


def test_a_content_ends_with_the_archive_and_one_byte_behind_it(form: Format, found: list[Idea]) -> None:
    lengths = values(found, "past", "entries[0].content_length")
    assert {4096 - 1024, 4096 - 1024 + 1} <= lengths
    assert {4096 - 100, 4096 - 100 + 1} <= values(found, "past", "entries[0].content_offset")


def test_only_the_archive_that_is_changed_is_not_sound(form: Format, found: list[Idea]) -> None:
    changed = [idea for idea in found if idea.kind != "cut"]
    broken = [tape.judged(form, tape.Tape(form).build(idea.edits)) for idea in changed]
    assert {rule for rules in broken for rule in rules} >= {"TAP-003", "TAP-005", "TAP-006", "TAP-016", "TAP-017"}
