"""A node as plain values and as JSON, line by line.

Keeps no more than one branch of a tree in memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, TypeAlias

from vhdx_format.layout import STRUCTURES, Field
from vhdx_format.rules import CLAIMS, RULES, Rule

from ..disk.summary import describe
from ..findings import Finding
from .node import Bit, Node

Seen: TypeAlias = "Callable[[Finding], None]"

_ALWAYS: Final = ("name", "path", "kind", "offset", "size", "extents")
_ALSO_ZERO: Final = ("value", "zero", "hex_in_file")


def record(node: Node, *, doc: bool = False) -> dict[str, Any]:
    """One node without its children.

    Returns:
        Strings, integers, lists and dictionaries; what does not apply is left out.
    """
    found = {key: value for key, value in _facts(node).items() if value or key in _ALWAYS or _is_told(key, value)}
    return found | (words(node.structure, node.field) if doc else {})


def _is_told(key: str, value: Any) -> bool:
    """Whether a fact that is 0, False or empty says something."""
    return key in _ALSO_ZERO and value is not None


def _facts(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "path": node.path,
        "kind": node.kind,
        "offset": node.offset,
        "size": node.size,
        "extents": None if node.extents is None else [list(extent) for extent in node.extents],
        "structure": node.structure,
        "field": node.field,
        "section": section(node.structure, node.field),
        "meaning": node.meaning,
        "hex": node.raw.hex(),
        "bits": [_bit(bit) for bit in node.bits],
        "shared_with": list(node.shared_with),
        "beyond_end_of_file": node.missing,
        "from_log": node.from_log,
        "note": node.note,
        "details": dict(node.details),
        "findings": [describe(finding) for finding in node.findings],
        "value": node.value,
        "unit": node.unit,
        "zero": node.zero,
        "hex_in_file": None if node.stored is None or node.stored == node.raw else node.stored.hex(),
    }


def _bit(bit: Bit) -> dict[str, Any]:
    found: dict[str, Any] = {"name": bit.name, "bit_offset": bit.bit_offset, "bits": bit.bits, "value": bit.value}
    return found | {key: value for key, value in (("meaning", bit.meaning), ("unit", bit.unit)) if value}


def lines(
    node: Node, *, depth: int | None = None, doc: bool = False, seen: Seen = lambda _: None, end: str = ""
) -> Iterator[str]:
    """A node and what is below it as JSON, one node a line.

    Args:
        node: the node.
        depth: levels below it, or None for all; `children_left_out` is true where that cuts something off.
        doc: add what the schema says.
        seen: is told of each finding that is shown.
        end: what follows the last line.
    """
    for finding in node.findings:
        seen(finding)
    text = json.dumps(record(node, doc=doc))[:-1]
    if node.children is None:
        yield text + "}" + end
        return
    if depth == 0:
        yield text + ', "children_left_out": true}' + end
        return
    yield text + ', "children": ['
    below = None if depth is None else depth - 1
    previous: Node | None = None
    for child in node.children():
        if previous is not None:
            yield from lines(previous, depth=below, doc=doc, seen=seen, end=",")
        previous = child
    if previous is not None:
        yield from lines(previous, depth=below, doc=doc, seen=seen)
    yield "]}" + end


@cache
def _field(structure: str, field: str) -> Field | None:
    declared = STRUCTURES.get(structure)
    return next((item for item in declared.fields if item.id == field), None) if declared else None


def is_text(structure: str, field: str) -> bool:
    """True for a field whose bytes are text, a signature say."""
    found = _field(structure, field)
    return found is not None and found.type == "bytes"


@cache
def section(structure: str, field: str) -> str:
    """Section of MS-VHDX that describes a structure, or a field of it; "" where there is none."""
    if structure not in STRUCTURES:
        return ""
    found = _field(structure, field)
    return (found.section if found else "") or STRUCTURES[structure].section


def words(structure: str, field: str) -> dict[str, Any]:
    """What the schema says of a structure or a field: `doc`, `orig_ids` and the `rules` that speak of it."""
    declared, found = STRUCTURES.get(structure), _field(structure, field)
    if declared is None:
        return {}
    source = found or declared
    said: dict[str, Any] = {"doc": source.doc, "orig_ids": list(source.orig_ids)}
    said["rules"] = [{"id": rule, "text": RULES[rule].text} for rule in rules(structure, field)]
    return {key: value for key, value in said.items() if value}


@cache
def rules(structure: str, field: str) -> tuple[str, ...]:
    """Ids of the rules about a file that speak of a field, or of any field where `field` is empty."""
    declared = STRUCTURES.get(structure)
    if declared is None:
        return ()
    found = {claim.rule for claim in CLAIMS.get(structure, ()) if not field or field in claim.needs}
    found |= {item.zero_rule for item in declared.fields if item.zero_rule and field in ("", item.id)}
    found |= {name for name, rule in RULES.items() if rule.structure == structure and _speaks(rule, field)}
    if declared.checksum and field in ("", declared.checksum.field):
        found.add(declared.checksum.rule)
    return tuple(name for name in RULES if name in found and RULES[name].scope != "writer")


def _speaks(rule: Rule, field: str) -> bool:
    """True where the rule names the field, or a field of which it is a part ("file_offset_mb")."""
    return not field or any(field == name or field.startswith(f"{name}_") for name in rule.fields)


NAMES: Final = frozenset(_facts(Node("", "", ""))) - {"bits", "details"}
"""What any node may have a fact of, whether or not one at hand has."""
