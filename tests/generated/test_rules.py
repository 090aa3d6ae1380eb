"""The rule table is whole, and what it says of its claims is so."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from vhdx_format.layout import GUIDS, STRUCTURES
from vhdx_format.rules import CLAIMS, RULES, Claim

from tests.generated.engines import FIXED, kaitai, parser

ALL_CLAIMS = [(name, claim) for name, claims in CLAIMS.items() for claim in claims]
IDS = [f"{name}.{claim.instance}" for name, claim in ALL_CLAIMS]


def test_all_185_rules_are_there_and_at_least_70_stand_in_a_schema() -> None:
    kinds = Counter(rule.kind for rule in RULES.values())
    assert len(RULES) == 185
    assert set(kinds) == {"instance", "zero", "checksum", "function"}
    assert kinds["instance"] >= 70
    assert kinds["checksum"] == 3


def test_every_rule_says_everything_that_is_to_be_said() -> None:
    for name, rule in RULES.items():
        assert rule.id == name
        assert rule.slug, name
        assert rule.text, name
        assert rule.reader, name
        assert rule.section, name
        assert rule.structure, name
        assert rule.severity in ("must", "should", "info")
        assert rule.basis in ("spec", "derived", "impl")
        assert rule.scope in ("file", "log", "chain", "writer")
        assert rule.stage in ("open", "access", "sweep", "none")
        assert {rule.verdict, *rule.when.values()} <= {"refuse", "degrade", "ignore-object", "warn", "note"}
        assert rule.error in ("format", "integrity", "unsupported", "chain")
        assert bool(rule.repair_how) or rule.repair == "no", name
        assert bool(rule.why) == (rule.kind == "function"), name
        assert bool(rule.instances) or rule.kind != "instance", name
    assert len({rule.slug for rule in RULES.values()}) == len(RULES)


def test_claims_and_rules_name_one_another() -> None:
    claimed = {(claim.rule, f"{name}.{claim.instance}") for name, claim in ALL_CLAIMS}
    named = {(rule.id, instance) for rule in RULES.values() for instance in rule.instances}
    assert claimed == named
    for name, structure in STRUCTURES.items():
        assert {(item.id, item.rule) for item in structure.instances if item.rule} == {
            (claim.instance, claim.rule) for claim in CLAIMS.get(name, ())
        }


def test_zero_rules_and_checksums_name_their_field() -> None:
    zeros = {
        field.zero_rule: (name, field.id)
        for name, item in STRUCTURES.items()
        for field in item.fields
        if field.zero_rule
    }
    assert {rule.id: (rule.structure, *rule.fields) for rule in RULES.values() if rule.kind == "zero"} == zeros
    sums = {item.checksum.rule: (name, item.checksum.field) for name, item in STRUCTURES.items() if item.checksum}
    assert {rule.id: (rule.structure, *rule.fields) for rule in RULES.values() if rule.kind == "checksum"} == sums


def _samples(name: str) -> list[Any]:
    """Parsed structures: zeros, ones, random bytes, bytes mostly zero, and each known GUID where one comes first."""
    size = STRUCTURES[name].size
    assert size is not None
    generator = random.Random(name)
    raws = [bytes(size), b"\xff" * size]
    for index in range(60):
        raw = generator.randbytes(size)
        raws.append(bytes(byte if generator.random() < 0.1 * (index % 5) else 0 for byte in raw) if index % 2 else raw)
    if STRUCTURES[name].fields[0].type == "guid":
        raws += [guid.raw + rest for guid in GUIDS.values() for rest in (bytes(size - 16), b"\xfe" * (size - 16))]
    return [kaitai(name, raw) for raw in raws]


def _with_only(name: str, whole: Any, fields: tuple[str, ...]) -> Any:
    """A structure of which nothing was read but some fields."""
    partial = parser(name)(whole._io)
    for field in fields:
        setattr(partial, field, getattr(whole, field))
    return partial


@pytest.mark.parametrize(("name", "claim"), ALL_CLAIMS, ids=IDS)
def test_a_claim_needs_exactly_the_fields_that_it_names(name: str, claim: Claim) -> None:
    if name not in FIXED:
        assert (name, claim.needs, claim.positions) == ("log_descriptor", (), ("signature",))
        return
    samples = _samples(name)
    for whole in samples:
        assert getattr(_with_only(name, whole, claim.needs), claim.instance) is getattr(whole, claim.instance)
    for missing in claim.needs:
        rest = tuple(field for field in claim.needs if field != missing)
        assert any(_fails(_with_only(name, whole, rest), claim.instance) for whole in samples), missing


def _fails(parsed: Any, instance: str) -> bool:
    try:
        getattr(parsed, instance)
    except AttributeError:
        return True
    return False
