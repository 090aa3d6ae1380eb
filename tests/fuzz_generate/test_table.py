"""The table of what the search found: complete and small enough."""

from __future__ import annotations

import pytest
from vhdx_format.rules import RULES

from vhdx_runtime.fuzz.corpus.entries import from_line, lookup, table, to_line
from vhdx_runtime.fuzz.corpus.search import provable

TABLE = list(table())
FAULTS = [entry for entry in TABLE if entry.profile == "single-fault"]


def test_the_ids_of_the_table_are_unique() -> None:
    assert len(TABLE) > 300
    assert len({entry.id for entry in TABLE}) == len(TABLE)


@pytest.mark.parametrize("rule", provable())
def test_a_provable_rule_has_an_image_that_breaks_it_and_a_legal_neighbour(rule: str) -> None:
    mine = [entry for entry in FAULTS if rule in entry.deliberate]
    assert mine, f"nothing breaks {rule}; run python -m vhdx_runtime.fuzz.corpus.search"
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


def test_an_entry_reads_back_as_it_was_written() -> None:
    for entry in TABLE:
        assert from_line(to_line(entry)) == entry
    assert lookup(TABLE[-1].id) == TABLE[-1]
    assert lookup("no-such-id") is None
