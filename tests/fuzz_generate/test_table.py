"""The table of what the search found: complete, small enough, and right about every sample."""

from __future__ import annotations

from pathlib import Path

import pytest
from vhdx_format.rules import RULES

from tests.fuzz_generate.reading import broken, wrong_seals
from vhdx_runtime.fuzz import corpus
from vhdx_runtime.fuzz.entries import Entry, from_line, lookup, table, to_line
from vhdx_runtime.fuzz.search import provable

TABLE = list(table())
FAULTS = [entry for entry in TABLE if entry.profile == "single-fault"]
SOUND = [entry for entry in TABLE if entry.profile in ("valid", "boundary")]
SAMPLE = 8
SEALS = {"HDR-002", "HDR-003", "RGN-002", "RGN-003", "LOG-003"}


def build(entries: list[Entry], folder: Path) -> list[tuple[Entry, Path]]:
    """Write entries, and what they are put over, into a folder."""
    made = []
    for entry in corpus.with_parents(entries):
        made.append((entry, entry.expand().write(folder)))
    return [one for one in made if one[0] in entries]


def test_the_table_is_of_bounded_size_and_its_ids_are_unique() -> None:
    assert 300 < len(TABLE) + corpus.RANDOM_COUNT <= 600
    assert len({entry.id for entry in TABLE}) == len(TABLE)


@pytest.mark.parametrize("rule", provable())
def test_a_provable_rule_has_an_image_that_breaks_it_and_a_legal_neighbour(rule: str) -> None:
    mine = [entry for entry in FAULTS if rule in entry.deliberate]
    assert mine, f"nothing breaks {rule}; run python -m vhdx_runtime.fuzz.search"
    assert all(rule in entry.broken for entry in mine)
    neighbours = {entry.neighbour_of for entry in TABLE}
    bases = {entry.id for entry in TABLE if entry.profile == "valid"}
    assert any(entry.id in neighbours or entry.base in bases for entry in mine)


def test_nearly_every_rule_is_broken_by_itself_or_with_what_its_declaration_names() -> None:
    exact = {
        rule for entry in FAULTS for rule in entry.deliberate if set(entry.broken) <= {rule, *RULES[rule].provable.ids}
    }
    others = set(provable()) - exact
    assert len(others) <= 4, sorted(others)


@pytest.mark.parametrize("part", range(SAMPLE))
def test_check_reports_of_a_single_fault_exactly_what_its_label_says(part: int, tmp_path: Path) -> None:
    entries = FAULTS[part :: SAMPLE * 2]
    assert entries
    wrong = []
    for entry, path in build(entries, tmp_path):
        if broken(path) != set(entry.broken):
            wrong.append(f"{entry.id}: {sorted(broken(path))}, label {entry.broken}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("part", range(SAMPLE))
def test_check_reports_nothing_of_valid_and_boundary_images(part: int, tmp_path: Path) -> None:
    entries = SOUND[part :: SAMPLE * 2]
    assert entries
    wrong = [f"{entry.id}: {sorted(found)}" for entry, path in build(entries, tmp_path) if (found := broken(path))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("part", range(4))
def test_every_checksum_is_right_where_the_rule_is_not_that_checksum(part: int, tmp_path: Path) -> None:
    entries = [entry for entry in TABLE if entry.base not in ("items-2047", "log-full")][part::12]
    for entry, path in build(entries, tmp_path):
        found = set(wrong_seals(path))
        assert not found or set(entry.broken) & SEALS, f"{entry.id}: {found}"


def test_a_wrong_checksum_is_seen(tmp_path: Path) -> None:
    entry = next(entry for entry in FAULTS if entry.deliberate == ("RGN-002",))
    ((_, path),) = build([entry], tmp_path)
    assert set(wrong_seals(path)) == {"RGN-002"}


def test_an_entry_reads_back_as_it_was_written() -> None:
    for entry in TABLE:
        assert from_line(to_line(entry)) == entry
    assert lookup(TABLE[-1].id) == TABLE[-1]
    assert lookup("no-such-id") is None
