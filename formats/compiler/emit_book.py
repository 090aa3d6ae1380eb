"""Writes the layout documentation: a Markdown page a schema, a figure a structure, an index, a page of all rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from formats.compiler import svg
from formats.compiler.literals import number
from formats.compiler.model import Model
from formats.compiler.rulebook import Rulebook, rules_data
from formats.compiler.schema import Schema, section, text

NOTE = "<!-- Machine-written from formats/ by `make generate`; do not edit. -->\n"


def emit_book(model: Model, book: Rulebook, data: dict[str, Any]) -> dict[str, str]:
    """Every file of the book: name and content."""
    rules = rules_data(book)
    pages = {f"{schema.id}.md": _page(schema, data, rules) for schema in model.schemas}
    pages |= {
        f"{name}.svg": svg.byte_map(structure) for name, structure in data["structures"].items() if has_map(structure)
    }
    pages["index.md"] = _index(model, data, rules)
    pages["rules.md"] = _rules_page(data, rules)
    return pages


def has_map(structure: dict[str, Any]) -> bool:
    """True for a structure whose fields all have a place and a size of their own."""
    return structure["size"] is not None and not any(
        item["offset"] is None or item["size"] is None or item["repeat"] or item["condition"]
        for item in structure["fields"]
    )


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines) + "\n"


def _also(item: dict[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in item["orig_ids"])


def _page(schema: Schema, data: dict[str, Any], rules: dict[str, Any]) -> str:
    reference = section(schema.data.get("doc-ref"))
    parts = [NOTE, f"# {schema.data['meta']['title']}\n\n"]
    parts.append("" if schema.id in data["structures"] else f"{text(schema.data.get('doc'))}\n\n")
    parts.append(
        f"Schema: `formats/{schema.file}`. Specification: {schema.data.get('doc-ref', '')}.\n\n" if reference else ""
    )
    parts.append(_places(data) if schema.is_map else "")
    structures = [item for item in data["structures"].values() if item["schema"] == schema.id]
    parts += [_structure(item, rules) for item in structures]
    parts.append(_constants([data["constants"][item["id"]] for item in schema.data.get("-constants", ())]))
    parts.append(_guids([data["guids"][item["id"]] for item in schema.data.get("-guids", ())]))
    enums = {*(schema.data.get("enums") or {})}
    parts += [_enum(name, values) for name, values in data["enums"].items() if name in enums]
    return "".join(parts).rstrip("\n") + "\n"


def _places(data: dict[str, Any]) -> str:
    rows = [(f"{item['offset']:#x}", f"`{item['id']}`", _link(item["structure"], data)) for item in data["places"]]
    return "## Fixed places\n\n" + _table(("File offset", "Place", "Structure"), rows)


def _link(name: str, data: dict[str, Any]) -> str:
    structure = data["structures"].get("ms_guid" if name == "guid" else name)
    return f"[{name}]({structure['schema']}.md#{structure['name']})" if structure else name


def _structure(structure: dict[str, Any], rules: dict[str, Any]) -> str:
    parts = [f'<a id="{structure["name"]}"></a>\n\n## `{structure["name"]}`\n\n{structure["doc"]}\n\n']
    facts = [f"Size: {structure['size']} bytes." if structure["size"] is not None else "Size: varies."]
    facts += [f"Specification: MS-VHDX {structure['section']}."] if structure["section"][:1].isdigit() else []
    facts += [f"Also: {_also(structure)}."] if structure["orig_ids"] else []
    parts.append(" ".join(facts) + "\n\n")
    if has_map(structure):
        parts.append(f"![Byte map of {structure['name']}]({structure['name']}.svg)\n\n")
    parts.append(_fields(structure))
    parts.append(_values(structure))
    parts.append(_rules_by_field(structure, rules))
    return "".join(parts)


def _fields(structure: dict[str, Any]) -> str:
    rows = [
        (_where(item), _length(item), f"`{item['id']}`", _type(item), item["unit"] or "", _also(item), item["doc"])
        for item in structure["fields"]
    ]
    return _table(("Offset", "Size", "Field", "Type", "Unit", "Also", "Meaning"), rows)


def _where(item: dict[str, Any]) -> str:
    if item["offset"] is None:
        return "behind"
    return f"{item['offset']:#x}"


def _length(item: dict[str, Any]) -> str:
    if item["type"] == "bits":
        low, high = item["bit_offset"], item["bit_offset"] + item["bits"] - 1
        return f"bit {low}" if low == high else f"bits {low} to {high}"
    if item["size"] is None:
        return "rest"
    return f"{item['size']} each" if item["repeat"] else str(item["size"])


def _type(item: dict[str, Any]) -> str:
    name = f"b{item['bits']}" if item["type"] == "bits" else item["type"]
    if item["encoding"]:
        name += f", {item['encoding']}"
    if item["repeat"]:
        name += ", repeated"
    return f"{name}, if `{item['condition']}`" if item["condition"] else name


def _values(structure: dict[str, Any]) -> str:
    shown = [item for item in structure["instances"] if not item["rule"] and not item["constant"]]
    if not shown:
        return ""
    rows = [(f"`{item['id']}`", item["unit"] or "", _also(item), item["doc"]) for item in shown]
    return "Computed from the fields, or read elsewhere in the structure:\n\n" + _table(
        ("Value", "Unit", "Also", "Meaning"), rows
    )


def _rules_by_field(structure: dict[str, Any], rules: dict[str, Any]) -> str:
    """Each rule in full under the first of its fields, and by its id under the others."""
    name = structure["name"]
    own = [rule for rule in rules.values() if name in _structures_of(rule)]
    if not own:
        return ""
    ids = [item["id"] for item in structure["fields"]] + [item["id"] for item in structure["instances"]]
    parts = ["### Rules\n\n"]
    for field in [*ids, ""]:
        here = [rule for rule in own if _first(rule, ids) == field]
        there = [rule["id"] for rule in own if field in rule["fields"] and _first(rule, ids) != field]
        if here or (field and there):
            parts.append(f"**`{field}`**" if field else f"**{name} as a whole**")
            parts.append(f" (also {', '.join(there)})\n\n" if field and there else "\n\n")
            parts += [_rule(rule, anchor=rule["structure"] == name) for rule in here]
            parts.append("\n" if here else "")
    return "".join(parts)


def _structures_of(rule: dict[str, Any]) -> set[str]:
    return {rule["structure"], *(instance.split(".")[0] for instance in rule["instances"])}


def _first(rule: dict[str, Any], ids: list[str]) -> str:
    return next((field for field in rule["fields"] if field in ids), "")


def _rule(rule: dict[str, Any], *, anchor: bool) -> str:
    mark = f'<a id="{rule["id"].lower()}"></a>' if anchor else ""
    verdict = rule["verdict"] + "".join(f", {verdict} if {condition}" for condition, verdict in rule["when"].items())
    parts = [
        f"- {mark}**{rule['id']}** `{rule['slug']}`: {rule['text']}",
        f"{rule['severity']}, {rule['basis']}, MS-VHDX {rule['section']}; stage {rule['stage']}; verdict {verdict}.",
        f"Reader: {rule['reader']}" if rule["reader"] else "",
        f"Repair ({rule['repair']}): {rule['repair_how']}" if rule["repair_how"] else "",
        f"By hand: {rule['why']}" if rule["why"] else "",
        _provable(rule["provable"]),
    ]
    return "\n  ".join(part for part in parts if part) + "\n"


def _provable(provable: dict[str, Any]) -> str:
    """Said where it is not the usual: that a file can break this rule and no other."""
    if provable["kind"] == "with":
        return f"Broken only together with {', '.join(provable['ids'])}."
    return f"No file proves it: {provable['reason']}" if provable["kind"] == "no" else ""


def _constants(items: list[dict[str, Any]]) -> str:
    if not items:
        return ""
    rows = [
        (f"`{item['id']}`", _value(item["value"]), item["unit"] or "", _also(item), item["section"], item["doc"])
        for item in items
    ]
    return "## Constants\n\n" + _table(("Name", "Value", "Unit", "Also", "Section", "Meaning"), rows)


def _value(value: int | bytes) -> str:
    return f"`{number(value)}`" if isinstance(value, int) else f'`"{value.decode("ascii")}"`'


def _guids(items: list[dict[str, Any]]) -> str:
    if not items:
        return ""
    rows = [
        (
            f"`{item['id']}`",
            f"`{item['value']}`",
            f"`{item['raw'].hex(' ')}`",
            _also(item),
            item["section"],
            item["doc"],
        )
        for item in items
    ]
    return "## GUIDs\n\n" + _table(("Name", "GUID", "As stored", "Also", "Section", "Meaning"), rows)


def _enum(name: str, values: dict[int, dict[str, Any]]) -> str:
    rows = [(value, f"`{item['id']}`", f"`{item['orig_id'] or ''}`", item["doc"]) for value, item in values.items()]
    return f"## Values of `{name}`\n\n" + _table(("Value", "Name", "Also", "Meaning"), rows)


def _index(model: Model, data: dict[str, Any], rules: dict[str, Any]) -> str:
    rows = []
    for schema in model.schemas:
        structures = [item["name"] for item in data["structures"].values() if item["schema"] == schema.id]
        links = ", ".join(_link(name, data) for name in structures)
        rows.append((f"[{schema.data['meta']['title']}]({schema.id}.md)", links))
    counts = f"{len(data['structures'])} structures, {len(data['constants'])} constants, {len(data['guids'])} GUIDs"
    return (
        f"{NOTE}# The layout of VHDX\n\n{counts} and [{len(rules)} rules](rules.md), as `formats/` declares them.\n"
        "Offsets are hexadecimal and count from the start of the structure; integers are little-endian.\n\n"
        + _table(("Page", "Structures"), rows)
    ).rstrip("\n") + "\n"


def _rules_page(data: dict[str, Any], rules: dict[str, Any]) -> str:
    parts = [f"{NOTE}# The rules of VHDX\n\n"]
    rows = [
        (_rule_link(rule, data), rule["severity"], rule["stage"], rule["verdict"], rule["text"])
        for rule in rules.values()
    ]
    parts.append(_table(("Rule", "Severity", "Stage", "Verdict", "Claim"), rows))
    outside = sorted({rule["structure"] for rule in rules.values()} - set(data["structures"]))
    for name in outside:
        parts.append(f"## {name.replace('_', ' ').capitalize()}\n\n")
        parts += [_rule(rule, anchor=True) for rule in rules.values() if rule["structure"] == name]
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


def _rule_link(rule: dict[str, Any], data: dict[str, Any]) -> str:
    structure = data["structures"].get(rule["structure"])
    return f"[{rule['id']}]({structure['schema'] + '.md' if structure else ''}#{rule['id'].lower()})"
