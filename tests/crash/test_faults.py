"""The laboratory has teeth: every fault that writers have is caught when this writer has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash import faults_headers, faults_log, faults_space
from tests.crash.campaign import laboratory
from tests.crash.fault import FAULTS, Fault
from tests.crash.laboratory import Outcome
from tests.crash.session import RAISED

STATES = 20_000  # distinct ones, as the longer test has them
SLOW = {9, 13, 14, 18, 19, 20, 31, 35, 37, 38, 43, 44, 103, 104, 107, 110, 116}  # are caught within seconds only
OWN = 101  # numbers from here on are faults of our own
NAMED = [*range(1, 45)]


def parameters() -> Iterator[object]:
    """The faults; those that take longer to be caught belong to the long part."""
    for _, one in sorted(FAULTS.items()):
        marks = [pytest.mark.slow] if one.number in SLOW else []
        yield pytest.param(one, id=f"{one.number} {one.name}", marks=marks)


@pytest.mark.parametrize("one", list(parameters()))
def test_a_fault_is_caught(one: Fault) -> None:
    outcome, here, number = Outcome(), laboratory(), 0
    here.judge, here.most = None, 4  # the mass of the states has to be enough; that the writer raises is not
    with one.applied():
        while len(outcome.keys) < STATES and not caught(outcome):
            here.trial(number, outcome)
            number += 1
    assert caught(outcome), f"{len(outcome.keys)} states: {outcome.findings}"


def caught(outcome: Outcome) -> bool:
    """Whether a state shows it: that the writer raises is not enough."""
    return any(RAISED not in finding for finding in outcome.findings)


def test_every_named_fault_is_applied_and_many_more() -> None:
    assert [number for number in sorted(FAULTS) if number < OWN] == NAMED
    assert len([number for number in FAULTS if number >= OWN]) >= 10
    assert all(one.__doc__ for one in (faults_headers, faults_log, faults_space))
