"""The schemas and rules.yaml declare each of the 185 rules once and in full, and describe every field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.yamls import load_yaml

FORMATS = Path(__file__).resolve().parents[2] / "formats"
SCHEMAS = {path.stem: load_yaml(path) for path in sorted(FORMATS.glob("*.ksy"))}
APART: list[dict[str, Any]] = load_yaml(FORMATS / "rules.yaml")["rules"]

RULES_PER_FAMILY = {
    "FTI": 7, "HDR": 23, "LOG": 35, "RGN": 20, "MDT": 20, "ITM": 19,
    "BAT": 22, "SBM": 3, "PLC": 19, "CHN": 9, "LAY": 4, "WRT": 4,
}  # fmt: skip
RULE_KEYS = [
    "id", "field", "size", "size-field", "doc", "slug", "severity", "basis", "scope", "section", "structure", "fields",
    "text", "broken", "verdict", "when", "counts-as", "stage", "repair", "repair-when", "repair-how", "error",
    "applies", "reader", "next", "provable", "why",
]  # fmt: skip
NEEDED = {"id", "slug", "severity", "basis", "scope", "section", "verdict", "stage", "repair", "error", "reader"}
PROVABLE = {"alone": 135, "with": 19, "no": 31}
ALLOWED = {
    "severity": {"must", "should", "info"},
    "basis": {"spec", "derived", "impl"},
    "scope": {"file", "log", "chain", "writer"},
    "verdict": {"refuse", "degrade", "ignore-object", "warn", "note"},
    "stage": {"open", "access", "sweep", "none"},
    "repair": {"no", "auto", "offered", "manual", "lossy"},
    "error": {"format", "integrity", "unsupported", "chain"},
}
CONDITIONS = {
    "salvage", "block_unknown", "log_guid_set", "log_guid_nil", "known", "unknown", "copies_differ",
    "copies_identical", "other_copy", "longer", "shorter",
    "no_explicit_parent", "explicit_parent", "parent_not_accepted", "accepted", "nothing_left", "used_part_inside",
    "beyond_budget", "bat", "metadata", "required",
}  # fmt: skip
REPAIR_CONDITIONS = {
    "block_unknown", "copies_differ", "cut_off", "far", "holds_data", "lists_differ", "log_guid_set", "log_left",
    "log_unaligned", "names_place",
    "needed", "no_disk", "no_guid", "no_header", "no_linkage", "no_table", "not_free", "not_needed", "not_text",
    "nowhere", "one_needed", "outside", "over_block", "over_region", "place_taken", "section_cut", "shared",
    "table_lost", "unmapped_v095", "unrecognised", "used_part_inside",
}  # fmt: skip
TAGS = {"payload", "sector_bitmap", "has_parent", "no_parent", "fixed"}
OWN_KEYS = {
    "-orig-id", "-unit", "-encoding", "-size", "-checksum", "-constants", "-guids", "-is", "-places", "-zero", "-rule",
}  # fmt: skip
TYPE_KEYS = [
    "meta", "doc", "doc-ref", "-orig-id", "-size", "-checksum", "-constants", "-guids", "-places", "params", "seq",
    "instances", "types", "enums",
]  # fmt: skip
ITEM_KEYS = [
    "id", "value", "io", "pos", "size", "size-eos", "type", "repeat", "repeat-expr", "if", "enum", "-is", "-orig-id",
    "-unit", "-encoding", "doc", "-zero", "-rule",
]  # fmt: skip
MEASURES = ("offset", "length", "size")


def types() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema and every type in it, with a name for messages."""
    for name, schema in SCHEMAS.items():
        yield name, schema
        for inner, data in schema.get("types", {}).items():
            yield f"{name}::{inner}", data


def items(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field (`seq`) or instance (`instances`) of every type."""
    for where, data in types():
        if kind == "seq":
            yield from ((f"{where}.{item['id']}", item) for item in data.get("seq", ()))
        else:
            yield from ((f"{where}.{name}", item) for name, item in data.get("instances", {}).items())


def rules_in_schemas(key: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Rules declared in full under a key: where, the thing they stand on, the rule."""
    owners = {"-checksum": types(), "-zero": items("seq"), "-rule": items("instances")}[key]
    return [(where, data, data[key]) for where, data in owners if isinstance(data.get(key), dict)]


def all_rules() -> list[dict[str, Any]]:
    return [rule for key in ("-checksum", "-zero", "-rule") for _, _, rule in rules_in_schemas(key)] + APART


def by_id() -> dict[str, dict[str, Any]]:
    return {rule["id"]: rule for rule in all_rules()}


def test_there_are_schemas_to_look_at() -> None:
    assert len(SCHEMAS) == 12
    assert sum(1 for _ in items("seq")) > 60


def test_185_rules_are_declared_and_none_twice() -> None:
    ids = [rule["id"] for rule in all_rules()]
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert len(ids) == 185
    assert len({rule["slug"] for rule in all_rules()}) == 185


def test_every_family_is_numbered_without_gaps() -> None:
    numbers: dict[str, list[int]] = {}
    for rule in all_rules():
        family, number = rule["id"].split("-")
        numbers.setdefault(family, []).append(int(number))
    assert {family: sorted(found) for family, found in numbers.items()} == {
        family: list(range(1, count + 1)) for family, count in RULES_PER_FAMILY.items()
    }


def test_at_least_70_rules_are_boolean_instances() -> None:
    assert len(rules_in_schemas("-rule")) >= 70


def test_readme_counts_the_rules_as_they_are() -> None:
    instances, sums, zeros = (len(rules_in_schemas(key)) for key in ("-rule", "-checksum", "-zero"))
    sentence = f"Of the 185 rules {instances} are such instances, {sums} are checksums and {zeros} reserved fields"
    assert sentence in (FORMATS / "README.md").read_text("utf-8")
    assert f"`rules.yaml` has the other {len(APART)}." in (FORMATS / "README.md").read_text("utf-8")


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: str(rule["id"]))
def test_rule_has_all_its_keys_in_order(rule: dict[str, Any]) -> None:
    assert NEEDED <= set(rule) <= set(RULE_KEYS)
    assert list(rule) == sorted(rule, key=RULE_KEYS.index)
    assert ("repair-how" in rule) == (rule["repair"] != "no" or "repair-when" in rule)
    assert all(isinstance(rule[key], str) and rule[key] for key in NEEDED)
    assert "provable" in rule


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: str(rule["id"]))
def test_rule_uses_allowed_values(rule: dict[str, Any]) -> None:
    for key, allowed in ALLOWED.items():
        assert rule[key] in allowed, key
    assert set(rule.get("when", {})) <= CONDITIONS
    assert set(rule.get("when", {}).values()) <= ALLOWED["verdict"]
    assert set(rule.get("repair-when", {})) <= REPAIR_CONDITIONS
    assert set(rule.get("repair-when", {}).values()) <= ALLOWED["repair"]
    assert set(rule.get("applies", ())) <= TAGS
    assert rule.get("counts-as") in {None, *(other["id"] for other in all_rules() if other is not rule)}


def test_rules_for_writers_and_no_others_have_no_stage() -> None:
    assert {rule["id"] for rule in all_rules() if rule["stage"] == "none"} == {
        rule["id"] for rule in all_rules() if rule["scope"] == "writer"
    }


def how_provable(rule: dict[str, Any]) -> str:
    provable = rule["provable"]
    return next(iter(provable)) if isinstance(provable, dict) else provable


def test_every_rule_says_whether_a_file_can_break_it() -> None:
    assert Counter(map(how_provable, all_rules())) == PROVABLE
    known = by_id()
    for rule in all_rules():
        if how_provable(rule) == "with":
            assert all(how_provable(known[other]) != "no" for other in rule["provable"]["with"]), rule["id"]
        if how_provable(rule) == "no":
            assert rule["provable"]["no"].endswith("."), rule["id"]
    assert {rule["id"] for rule in all_rules() if rule["scope"] == "writer"} <= {
        rule["id"] for rule in all_rules() if how_provable(rule) == "no"
    }


def test_every_rule_states_its_claim() -> None:
    for key in ("-checksum", "-zero"):
        assert all(rule["doc"].endswith(".") for _, _, rule in rules_in_schemas(key))
    assert all(data["doc"].endswith(".") and "value" in data for _, data, _ in rules_in_schemas("-rule"))
    assert all(rule["text"].rstrip(")").endswith(".") and rule["why"].endswith(".") for rule in APART)


def test_rules_apart_name_fields_that_exist() -> None:
    on_disk = ((where, data) for where, data in types() if "seq" in data and not where.startswith("vhdx::"))
    known = {where.split("::")[-1]: data for where, data in on_disk}
    for rule in APART:
        assert all((rule["structure"], rule["fields"])), rule["id"]
        if rule["structure"] in known:
            structure = known[rule["structure"]]
            names = {item["id"] for item in structure["seq"]} | set(structure.get("instances", {}))
            extra = {"parent_locator": {value["value"] for value in SCHEMAS["parent_locator"]["-constants"]}}
            if rule["structure"] == "log_descriptor":
                names |= {item["id"] for item in known["zero_descriptor"]["seq"]}
            assert set(rule["fields"]) <= names | extra.get(rule["structure"], set()), rule["id"]


def test_a_rule_named_by_text_is_declared_elsewhere() -> None:
    named = [data["-rule"] for _, data in items("instances") if isinstance(data.get("-rule"), str)]
    assert named
    assert set(named) <= {rule["id"] for _, _, rule in rules_in_schemas("-rule")}


EXPECTED = {
    # id: (verdict, when, stage, error)
    "FTI-001": ("refuse", {}, "open", "format"),
    "FTI-002": ("refuse", {}, "open", "format"),
    "HDR-002": ("ignore-object", {}, "open", "integrity"),
    "HDR-004": ("refuse", {"copies_identical": "warn", "copies_differ": "refuse"}, "open", "integrity"),
    "HDR-006": ("refuse", {}, "open", "unsupported"),
    "HDR-007": ("refuse", {"log_guid_set": "refuse", "log_guid_nil": "warn"}, "open", "unsupported"),
    "HDR-011": (
        "degrade",
        {"salvage": "degrade", "log_guid_set": "refuse", "log_guid_nil": "warn"},
        "open",
        "integrity",
    ),
    "LOG-024": ("refuse", {}, "open", "integrity"),
    "LOG-029": ("warn", {}, "sweep", "integrity"),
    "RGN-008": ("refuse", {"known": "refuse", "unknown": "warn"}, "open", "integrity"),
    "RGN-012": ("degrade", {"metadata": "refuse", "bat": "degrade", "unknown": "warn"}, "open", "integrity"),
    "RGN-014": ("refuse", {}, "open", "unsupported"),
    "MDT-009": ("refuse", {"known": "warn", "required": "refuse", "unknown": "warn"}, "open", "integrity"),
    "MDT-015": ("refuse", {}, "open", "unsupported"),
    "ITM-018": ("refuse", {"longer": "warn", "shorter": "refuse"}, "open", "integrity"),
    "BAT-005": ("degrade", {}, "access", "integrity"),
    "BAT-008": ("degrade", {}, "sweep", "integrity"),
    "BAT-012": ("degrade", {}, "access", "integrity"),
    "PLC-001": ("degrade", {"no_explicit_parent": "refuse"}, "open", "chain"),
    "PLC-004": ("degrade", {"no_explicit_parent": "refuse"}, "open", "unsupported"),
    "CHN-002": ("degrade", {"parent_not_accepted": "refuse"}, "open", "chain"),
    "CHN-004": ("refuse", {}, "open", "chain"),
    "WRT-001": ("note", {}, "none", "integrity"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_rule_decides_as_expected(name: str) -> None:
    rule = by_id()[name]
    assert (rule["verdict"], rule.get("when", {}), rule["stage"], rule["error"]) == EXPECTED[name]


def test_every_field_and_instance_has_a_doc() -> None:
    undocumented = [where for where, data in items("seq") if not data.get("doc")]
    undocumented += [where for where, data in items("instances") if not data.get("doc") and "-is" not in data]
    undocumented += [where for where, data in types() if not data.get("doc")]
    assert undocumented == []


def test_every_type_constant_and_enum_value_has_section_and_doc() -> None:
    assert [where for where, data in types() if not isinstance(data.get("doc-ref"), str)] == []
    for name, schema in SCHEMAS.items():
        for entry in (*schema.get("-constants", ()), *schema.get("-guids", ())):
            assert entry["doc"], f"{name}: {entry['id']}"
            assert isinstance(entry.get("section", ""), str), f"{name}: {entry['id']}"
            assert "section" in entry or "openvmm" in entry["doc"], f"{name}: {entry['id']}"
        for values in schema.get("enums", {}).values():
            assert all(value["doc"] and value["-orig-id"] for value in values.values())


def test_sizes_offsets_and_counts_have_units() -> None:
    measured = [
        (where, data)
        for where, data in items("seq")
        if where.rsplit(".", 1)[1].endswith((*MEASURES, "_count")) and data.get("type") in ("u2", "u4", "u8")
    ]
    assert len(measured) >= 20
    assert [where for where, data in measured if "-unit" not in data] == []
    bytes_only = [data["-unit"] for where, data in measured if where.endswith(MEASURES)]
    assert set(bytes_only) == {"bytes"}


def test_only_documented_keys_in_the_documented_order() -> None:
    readme = (FORMATS / "README.md").read_text("utf-8")
    assert [key for key in OWN_KEYS if f"| `{key}` |" not in readme] == []
    for order, found in ((TYPE_KEYS, types()), (ITEM_KEYS, (*items("seq"), *items("instances")))):
        for where, data in found:
            assert set(data) <= set(order), where
            assert list(data) == sorted(data, key=order.index), where


def test_named_values_equal_their_declarations() -> None:
    declared = {
        entry["id"] for schema in SCHEMAS.values() for key in ("-constants", "-guids") for entry in schema.get(key, ())
    }
    constants = {entry["id"]: entry["value"] for schema in SCHEMAS.values() for entry in schema.get("-constants", ())}
    named = [(where, data) for where, data in items("instances") if "-is" in data]
    assert len(named) > 30
    for where, data in named:
        assert data["-is"] in declared, where
        value = constants.get(data["-is"])
        if isinstance(value, int):
            stated = data["value"]  # as text where a tool that reads YAML in JavaScript would round it
            assert (int(stated, 0) if isinstance(stated, str) else stated) == value, where
        elif isinstance(value, str):
            assert bytes(int(byte, 16) for byte in data["value"].strip("[]").split(",")) == value.encode("ascii"), where
