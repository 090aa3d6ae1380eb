"""The rules: those that stand in the schemas and those of `rules.yaml`, as one table, checked for completeness.

A rule is declared in full exactly once. In a schema that is a mapping under `-rule` (a boolean value instance), `-zero`
(a field of zeros) or `-checksum` (a structure); a text under `-rule` names a rule declared elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from formats.compiler.expressions import Parsers, context, needs
from formats.compiler.literals import Call, module, render
from formats.compiler.model import Model, Structure, constant_value, doc, structure_of
from formats.compiler.schema import Schema, SchemaError, load_yaml, section, text, words

ALLOWED = {
    "severity": ("must", "should", "info"),
    "basis": ("spec", "derived", "impl"),
    "scope": ("file", "log", "chain", "writer"),
    "verdict": ("refuse", "degrade", "ignore-object", "warn", "note"),
    "stage": ("open", "access", "sweep", "none"),
    "repair": ("no", "auto", "offered", "manual", "lossy"),
    "error": ("format", "integrity", "unsupported", "chain"),
}
REQUIRED = ("slug", *ALLOWED, "section", "reader", "provable")
OPTIONAL = ("when", "counts-as", "repair-when", "repair-how", "applies", "next", "broken")
STOPPING = ("refuse", "degrade")  # verdicts after which somebody has to know what to do next
BY_CONDITION = {"verdict": "when", "repair": "repair-when"}
APART = ("structure", "fields", "text", "why")
CHECKSUM_KEYS = ("field", "size", "size-field")
TAGS = ("payload", "sector_bitmap", "has_parent", "no_parent", "fixed")


@dataclass
class Rule:
    """One rule with everything that is declared of it."""

    id: str
    kind: str
    where: str
    structure: str
    fields: tuple[str, ...]
    claim: str
    data: dict[str, Any]
    instances: tuple[str, ...] = ()


@dataclass
class Claim:
    """A boolean instance that must hold."""

    rule: str
    instance: str
    needs: tuple[str, ...]
    positions: tuple[str, ...]


@dataclass
class Rulebook:
    """All rules by id, sorted, the claims of every structure that has any, and what can be done next."""

    rules: dict[str, Rule]
    claims: dict[str, list[Claim]]
    steps: dict[str, dict[str, Any]]


def build(model: Model, parsers: Parsers, formats: Path) -> Rulebook:
    """Collects and checks the rules.

    Raises:
        SchemaError: a rule declared twice or not at all, a key missing or with an unknown value, an instance whose
            value is not that of the constant it stands for.
    """
    rules: dict[str, Rule] = {}
    for rule in (*_declared_in_schemas(model, parsers), *_declared_apart(formats)):
        if rule.id in rules:
            raise SchemaError(f"{rule.where}: rule {rule.id} is declared twice, first in {rules[rule.id].where}")
        _check_keys(rule)
        rules[rule.id] = rule
    for rule in rules.values():
        _check_provable(rule, rules)
        _check_counts_as(rule, rules)
    steps = _steps(formats, rules)
    claims: dict[str, list[Claim]] = {}
    for structure in model.structures.values():
        _check_names(model, parsers, structure)
        for name, data in structure.instances.items():
            if "-rule" in data:
                claim = _claim(parsers, structure, name, data["-rule"])
                _attach(rules, structure, claim)
                claims.setdefault(structure.name, []).append(claim)
    return Rulebook(dict(sorted(rules.items())), claims, steps)


def _declared_in_schemas(model: Model, parsers: Parsers) -> Iterator[Rule]:
    for structure in model.structures.values():
        checksum = structure.data.get("-checksum")
        if checksum is not None:
            kept = {key: value for key, value in checksum.items() if key not in CHECKSUM_KEYS}
            where = structure.where(checksum["field"])
            yield Rule(kept["id"], "checksum", where, structure.name, (checksum["field"],), _claim_text(kept), kept)
        for item in structure.fields:
            zero = item.data.get("-zero")
            if zero is not None:
                yield Rule(
                    zero["id"], "zero", structure.where(item.id), structure.name, (item.id,), _claim_text(zero), zero
                )
        for name, data in structure.instances.items():
            rule = data.get("-rule")
            if isinstance(rule, dict):
                fields = _claim(parsers, structure, name, rule).needs
                yield Rule(rule["id"], "instance", structure.where(name), structure.name, fields, doc(data), rule)


def _declared_apart(formats: Path) -> Iterator[Rule]:
    path = formats / "rules.yaml"
    if not path.exists():
        return
    for rule in load_yaml(path)["rules"]:
        fields = words(rule.get("fields"))
        yield Rule(rule["id"], "function", path.name, str(rule.get("structure", "")), fields, _claim_text(rule), rule)


def _claim_text(rule: dict[str, Any]) -> str:
    return text(rule.get("text", rule.get("doc")))


def _claim(parsers: Parsers, structure: Structure, name: str, rule: str | dict[str, Any]) -> Claim:
    expression = parsers.value(structure, name, context())
    fields, positions = needs(structure, expression)
    return Claim(rule if isinstance(rule, str) else rule["id"], name, fields, positions)


def _attach(rules: dict[str, Rule], structure: Structure, claim: Claim) -> None:
    rule = rules.get(claim.rule)
    if rule is None:
        raise SchemaError(f"{structure.where(claim.instance)}: rule {claim.rule} is declared nowhere")
    rule.instances = (*rule.instances, f"{structure.name}.{claim.instance}")


def _check_keys(rule: Rule) -> None:
    where = f"{rule.where}: rule {rule.id}"
    data = rule.data
    own = APART if rule.kind == "function" else () if rule.kind == "instance" else ("doc",)
    missing = [key for key in ("id", *REQUIRED, *own) if key not in data]
    missing += ["repair-how"] if data.get("repair", "no") != "no" and "repair-how" not in data else []
    missing += [] if rule.claim else ["the claim"]
    if missing:
        raise SchemaError(f"{where}: missing: {', '.join(missing)}")
    unknown = set(data).difference(("id", *REQUIRED, *OPTIONAL, *own))
    if unknown:
        raise SchemaError(f"{where}: unknown keys: {', '.join(sorted(unknown))}")
    for key, allowed in ALLOWED.items():
        for value in (data[key], *(data.get(BY_CONDITION.get(key, "")) or {}).values()):
            if value not in allowed:
                raise SchemaError(f"{where}: {key} is {value!r}, not one of {', '.join(allowed)}")
    strange = set(words(data.get("applies"))).difference(TAGS)
    if strange:
        raise SchemaError(f"{where}: applies to {', '.join(sorted(strange))}, which is not one of {', '.join(TAGS)}")


def _check_provable(rule: Rule, rules: dict[str, Rule]) -> None:
    where = f"{rule.where}: rule {rule.id}"
    kind, ids, reason = _provable(rule)
    if (kind, bool(ids), bool(reason)) not in (("alone", False, False), ("with", True, False), ("no", False, True)):
        raise SchemaError(f"{where}: provable is neither alone, nor with: and rules, nor 'no': and a reason")
    if rule.data["scope"] == "writer" and kind != "no":
        raise SchemaError(f"{where}: provable is {kind}, but no file shows how a writer behaves")
    for other in ids:
        if other not in rules or other == rule.id or _provable(rules[other])[0] == "no":
            raise SchemaError(f"{where}: provable with {other}, which is no other rule that can be proved")


def _check_counts_as(rule: Rule, rules: dict[str, Rule]) -> None:
    other = rule.data.get("counts-as", "")
    if other and (other == rule.id or other not in rules or "counts-as" in rules[other].data):
        raise SchemaError(f"{rule.where}: rule {rule.id} counts as {other}, which is no other rule that stands alone")


def _steps(formats: Path, rules: dict[str, Rule]) -> dict[str, dict[str, Any]]:
    """What can be done next, by id; every rule that stops somebody names a step, and every step is named."""
    path = formats / "rules.yaml"
    declared = load_yaml(path).get("steps", []) if path.exists() else []
    steps = {str(step["id"]): step for step in declared}
    for step in declared:
        if set(step).difference(("id", "option", "consent", "text")) or not step.get("text"):
            raise SchemaError(f"{path.name}: step {step['id']} has a text, and perhaps option and consent")
    for rule in rules.values():
        named = words(rule.data.get("next"))
        stops = {rule.data["verdict"], *(rule.data.get("when") or {}).values()}.intersection(STOPPING)
        if (declared and bool(stops) != bool(named)) or set(named).difference(steps):
            raise SchemaError(f"{rule.where}: rule {rule.id}: next names steps exactly where a verdict stops somebody")
    unused = set(steps).difference(*(words(rule.data.get("next")) for rule in rules.values()))
    if unused:
        raise SchemaError(f"{path.name}: no rule names the steps {', '.join(sorted(unused))}")
    return steps


def _provable(rule: Rule) -> tuple[str, tuple[str, ...], str]:
    """How a file can show that the rule is broken: kind, rules that it breaks as well, reason why not."""
    declared = rule.data["provable"]
    if not isinstance(declared, dict):
        return str(declared), (), ""
    return next(iter(declared), ""), words(declared.get("with")), text(declared.get("no"))


def _check_names(model: Model, parsers: Parsers, structure: Structure) -> None:
    """Every `-is` must have the value of the constant or GUID that it names."""
    for name, data in structure.instances.items():
        declared = data.get("-is")
        if declared is None:
            continue
        values = [constant_value(model.constants[declared])] if declared in model.constants else []
        values += [model.guids[declared]["raw"]] if declared in model.guids else []
        if not values:
            raise SchemaError(f"{structure.where(name)}: -is names {declared}, which is no constant and no GUID")
        found = getattr(parsers.value(structure, name, context()), "value", None)
        if found not in values:
            raise SchemaError(f"{structure.where(name)}: the value is {found!r}, but {declared} is {values[0]!r}")


def rules_data(book: Rulebook) -> dict[str, dict[str, Any]]:
    """The rules as data, keys in the order in which they are written."""
    return {name: _rule_data(rule) for name, rule in book.rules.items()}


def steps_data(book: Rulebook) -> dict[str, dict[str, Any]]:
    """What can be done next, as data."""
    return {
        name: {
            "id": name,
            "text": text(step["text"]),
            "options": words(step.get("option")),
            "consents": words(step.get("consent")),
        }
        for name, step in book.steps.items()
    }


def _rule_data(rule: Rule) -> dict[str, Any]:
    data = rule.data
    return {
        "id": rule.id,
        "slug": data["slug"],
        "severity": data["severity"],
        "basis": data["basis"],
        "scope": data["scope"],
        "section": section(data["section"]),
        "structure": rule.structure,
        "fields": rule.fields,
        "verdict": data["verdict"],
        "when": dict(data.get("when") or {}),
        "counts_as": text(data.get("counts-as")),
        "stage": data["stage"],
        "repair": data["repair"],
        "repair_when": dict(data.get("repair-when") or {}),
        "repair_how": text(data.get("repair-how")),
        "error": data["error"],
        "applies": words(data.get("applies")),
        "reader": text(data["reader"]),
        "next": words(data.get("next")),
        "text": rule.claim,
        "broken": text(data.get("broken")),
        "kind": rule.kind,
        "why": text(data.get("why")),
        "instances": rule.instances,
        "provable": dict(zip(("kind", "ids", "reason"), _provable(rule), strict=True)),
    }


ALL_FIELDS = "all"


def check(model: Model, book: Rulebook) -> None:
    """Checks everything that the schemas declare.

    Raises:
        SchemaError: something has no `doc`; a rule names a field that its structure does not have, or a slug that
            another rule has.
    """
    for where, data in _declarations(model):
        if not data.get("doc"):
            raise SchemaError(f"{where} has no doc")
    slugs: dict[str, str] = {}
    for rule in book.rules.values():
        first = slugs.setdefault(rule.data["slug"], rule.id)
        if first != rule.id:
            raise SchemaError(f"{rule.where}: rule {rule.id} has the slug of {first}")
        structure = model.structures.get(rule.structure)
        strange = set(rule.fields).difference(_members(model, structure)) if structure else set()
        if strange:
            raise SchemaError(f"{rule.where}: rule {rule.id}: {rule.structure} has no {', '.join(sorted(strange))}")


def _members(model: Model, structure: Structure) -> set[str]:
    """What a rule may name of a structure: fields, also of structures inside, instances, texts (keys) of its schema."""
    names = {ALL_FIELDS, *structure.instances}
    names |= {data["value"] for data in structure.schema.data.get("-constants", ()) if isinstance(data["value"], str)}
    for item in structure.fields:
        inner = structure_of(model, item)
        inside = _members(model, inner) if inner else set()
        names |= {item.id} | inside | {f"{item.id}.{name}" for name in inside}
    return names


def _declarations(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in model.schemas:
        yield f"{schema.file}: the schema", schema.data
        for kind in ("-constants", "-guids"):
            for data in schema.data.get(kind, ()):
                yield f"{schema.file}: {kind} {data['id']}", data
        yield from _of_type(schema, schema.id, schema.data)
        for name, data in (schema.data.get("types") or {}).items():
            yield f"{schema.file}: {name}", data
            yield from _of_type(schema, name, data)


def _of_type(schema: Schema, name: str, data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in data.get("seq", ()):
        yield f"{schema.file}: {name}.{item['id']}", item
    for instance, item in (data.get("instances") or {}).items():
        if "-is" not in item:
            yield f"{schema.file}: {name}.{instance}", item
    for enum, values in (data.get("enums") or {}).items():
        for value, item in values.items():
            yield f"{schema.file}: {enum} {value}", item


def emit_rules(book: Rulebook) -> str:
    """`rules.py`."""
    rules = {name: Call("Rule", _rule(data)) for name, data in rules_data(book).items()}
    steps = {name: Call("Step", data) for name, data in steps_data(book).items()}
    claims = {name: tuple(_claim_call(claim) for claim in items) for name, items in book.claims.items()}
    body = (
        f"RULES: Final[dict[str, Rule]] = {render(rules)}\n\n"
        f"STEPS: Final[dict[str, Step]] = {render(steps)}\n\n"
        f"CLAIMS: Final[dict[str, tuple[Claim, ...]]] = {render(claims)}\n"
    )
    return module("The rules of VHDX as plain data.", "rules_records.py", body)


def _rule(data: dict[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in data["provable"].items() if value}
    return data | {"provable": Call("Provable", given)}


def _claim_call(claim: Claim) -> Call:
    data = {"rule": claim.rule, "instance": claim.instance, "needs": claim.needs}
    return Call("Claim", data | ({"positions": claim.positions} if claim.positions else {}))
