"""The functions over arrays say what the parser's properties say."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from vhdx_format.bulk import BULK
from vhdx_format.rules import CLAIMS, RULES

from tests.generated.engines import kaitai

STRUCTURES = sorted(BULK)
SIZES = {"bat_entry": 8, "zero_descriptor": 32, "data_descriptor": 32, "data_sector": 4096}
ARGUMENTS = {
    "bat_entry": ("state", "reserved", "file_offset_mb"),
    "zero_descriptor": ("reserved", "zero_length", "file_offset", "sequence_number"),
    "data_descriptor": ("file_offset", "sequence_number"),
    "data_sector": ("signature",),
}


def _random_entries(name: str) -> list[Any]:
    """Random structures, every other one with most bits zero so that every claim holds and breaks."""
    generator = random.Random(name)
    found = []
    for index in range(400):
        raw = generator.randbytes(SIZES[name])
        if index % 2:
            raw = bytes(byte if generator.random() < 0.15 else 0 for byte in raw)
        if name == "data_sector" and index % 3:
            raw = b"data" + raw[4:]
        if name == "bat_entry" and index % 4 == 1:
            raw = bytes([raw[0] & 7]) + raw[1:]
        found.append(kaitai(name, raw))
    return found


def test_every_claim_of_these_structures_has_a_function() -> None:
    assert sorted(SIZES) == STRUCTURES
    for name in STRUCTURES:
        assert set(BULK[name]) == {claim.rule for claim in CLAIMS[name]}
        assert set(BULK[name]) <= set(RULES)


@pytest.mark.parametrize("name", STRUCTURES)
def test_on_single_numbers_they_equal_the_properties(name: str) -> None:
    answers = set()
    for entry in _random_entries(name):
        arguments = {argument: getattr(entry, argument) for argument in ARGUMENTS[name]}
        for claim in CLAIMS[name]:
            found = BULK[name][claim.rule](**arguments)
            assert found is getattr(entry, claim.instance), (claim, arguments)
            answers.add((claim.rule, found))
    assert answers == {(claim.rule, answer) for claim in CLAIMS[name] for answer in (True, False)}


@pytest.mark.parametrize("name", STRUCTURES)
def test_on_arrays_they_equal_the_properties(name: str) -> None:
    entries = _random_entries(name)
    kind = "S4" if name == "data_sector" else np.uint64
    arrays = {key: np.array([getattr(entry, key) for entry in entries], dtype=kind) for key in ARGUMENTS[name]}
    for claim in CLAIMS[name]:
        found = BULK[name][claim.rule](**arrays)
        assert found.dtype == np.bool_
        assert found.tolist() == [getattr(entry, claim.instance) for entry in entries], claim


def test_on_narrow_arrays_they_equal_the_properties() -> None:
    entries = _random_entries("bat_entry")
    state = np.array([entry.state for entry in entries], dtype=np.uint8)
    offset = np.array([entry.file_offset_mb for entry in entries], dtype=np.uint64)
    found = BULK["bat_entry"]["BAT-005"](state=state, file_offset_mb=offset)
    assert found.tolist() == [entry.allocated_offset_is_set for entry in entries]
