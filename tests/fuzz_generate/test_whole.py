"""Every image of the corpus is what its label says: to a check, to who opens it, and in its checksums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.fuzz_generate.judged import Judged
from tests.fuzz_generate.raw import KIB, Raw

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fuzz-corpus")]

PROFILES = ("valid", "boundary", "single-fault", "pairwise", "tiny")
LEAST = {"valid": 35, "boundary": 100, "single-fault": 280, "pairwise": 25, "tiny": 50}
OF = {"HDR-002": "header", "RGN-002": "region table", "LOG-003": "log entry"}


def of(judged: Sequence[Judged], profile: str) -> list[Judged]:
    """The images of a profile, of which there are some."""
    found = [one for one in judged if one.raw.made.entry.profile == profile]
    assert len(found) >= LEAST[profile]
    return found


def test_every_image_but_the_random_ones_is_held_to_its_label(judged: list[Judged]) -> None:
    assert {one.raw.made.entry.profile for one in judged} == set(PROFILES)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_check_reports_exactly_the_rules_of_the_label(judged: list[Judged], profile: str) -> None:
    wrong = [
        f"{one.name}: {sorted(one.opinion.rules)}, label {one.raw.made.label['rules']}"
        for one in of(judged, profile)
        if one.opinion.rules != set(one.raw.made.label["rules"])
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("profile", ["valid", "boundary"])
def test_a_check_reports_nothing_of_a_sound_image(judged: list[Judged], profile: str) -> None:
    for one in of(judged, profile):
        assert not one.opinion.rules, one.name
        assert one.opinion.state == "healthy", one.name
        assert not one.raw.made.label["rules"], one.name


@pytest.mark.parametrize("profile", ["single-fault", "pairwise", "tiny"])
def test_an_image_with_faults_breaks_what_it_is_about(judged: list[Judged], profile: str) -> None:
    for one in of(judged, profile):
        assert one.opinion.rules, one.name
        assert set(one.raw.made.label["deliberate"]) <= one.opinion.rules, one.name


@pytest.mark.parametrize("profile", PROFILES)
def test_the_expected_verdict_is_what_opening_and_a_check_come_to(judged: list[Judged], profile: str) -> None:
    """The label tells it from the values put into the file, the reader from reading it."""
    wrong = []
    for one in of(judged, profile):
        found = one.opinion.verdict(is_dirty=one.is_dirty)
        said = one.raw.made.label["expected"]
        if found != said["verdict"]:
            wrong.append(f"{one.name}: {found}, label {said}, {sorted(one.opinion.rules)} {one.opinion.refusal}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_check_calls_unreadable_what_does_not_open(judged: list[Judged], profile: str) -> None:
    for one in of(judged, profile):
        assert (one.opinion.state == "unreadable") == bool(one.opinion.refusal), one.name


def test_every_verdict_is_there(judged: list[Judged]) -> None:
    counts = Counter(one.raw.made.label["expected"]["verdict"] for one in judged)
    assert set(counts) == {"valid", "needs-replay", "reader's-choice", "open-but-damaged", "reject"}
    assert min(counts.values()) >= 50, counts


@pytest.mark.parametrize("profile", PROFILES)
def test_every_checksum_is_right_where_no_rule_is_about_it(labelled: list[Raw], profile: str) -> None:
    wrong, seen = [], Counter[str]()
    for raw in labelled:
        if raw.made.entry.profile == profile:
            for rule, place, is_right in raw.seals():
                seen[rule] += 1
                if not is_right and rule not in raw.rules:
                    wrong.append(f"{raw.made.entry.id}: {OF[rule]} at {place:#x}")
    assert not wrong, "\n".join(wrong)
    assert set(seen) == set(OF), seen
    assert min(seen["HDR-002"], seen["RGN-002"]) >= 2 * LEAST[profile] * 9 // 10, seen


@pytest.mark.parametrize("rule", OF)
def test_a_checksum_is_wrong_where_the_rule_is_about_it(labelled: list[Raw], rule: str) -> None:
    about = [raw for raw in labelled if rule in raw.rules and raw.length >= 320 * KIB]
    about = [raw for raw in about if not any(start < 320 * KIB for start in updated(raw))]  # wrong after replay
    assert about
    for raw in about:
        assert (rule, False) in {(found, is_right) for found, _, is_right in raw.seals()}, raw.made.entry.id


def updated(raw: Raw) -> list[int]:
    """Where in the file live log entries write."""
    return [target for entry in raw.live for _, _, target in entry.descriptors()]
