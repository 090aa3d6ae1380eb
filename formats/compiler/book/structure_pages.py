"""A page for each structure: what it is for, its fields, how it looks on disk, its rules, and what writers do."""

from __future__ import annotations

from typing import Any

from formats.compiler.book.byte_map import has_map
from formats.compiler.book.pages import Page, Topic, anchor, code, link, section_text, structure_path, table
from formats.compiler.book.practice import Practice
from formats.compiler.book.rule_pages import rule_table, rules_of

_SHORT = {"bat": "BAT", "chs": "CHS", "guid": "GUID", "id": "ID", "ms": "Microsoft", "pmem": "PMEM"}


def structure_page(
    structure: dict[str, Any], rules: dict[str, Any], dumps: list[dict[str, str]], practice: Practice, owner: str
) -> Page:
    """The page of one structure.

    Args:
        structure: one entry of the layout's structures.
        rules: all rules.
        dumps: what it looks like in the book's images.
        practice: what is known of readers and writers.
        owner: where structures of this kind stand, Markdown.
    """
    name = structure["name"]
    path = structure_path(name)
    own = rules_of(name, rules)
    words = [_SHORT.get(word, word) for word in name.split("_")]
    title = " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
    parts = [f"# {title}\n\n{structure['doc']}\n\n{_facts(structure)}{owner}"]
    parts.append(f"## Fields\n\n{field_table(structure, path)}{_values(structure)}")
    if has_map(structure):
        parts.append(f"## Byte by byte\n\n![Byte map of {name}]({name}.svg)\n\n")
    parts.append(_dumps(dumps))
    if own:
        parts.append(f"## Rules\n\n{rule_table(own, path)}")
    parts.append(practice.of_structure(name, path))
    page = Page(path, title, "Structures", "".join(parts))
    page.topics.append(Topic(name, "structure", title, path, also=structure["orig_ids"]))
    page.topics += [_field_topic(structure, item, own, path) for item in structure["fields"]]
    page.topics += [_value_topic(structure, item, own, path) for item in _shown(structure)]
    return page


def _facts(structure: dict[str, Any]) -> str:
    size = structure["size"]
    lines = [f"- Size: {f'{size} bytes' if size is not None else 'varies'}"]
    lines += [f"- Specification: {text}" for text in [section_text(structure["section"])] if text]
    lines += [f"- Other names: {code(structure['orig_ids'])}"] if structure["orig_ids"] else []
    checksum = structure["checksum"]
    if checksum:
        span = f"{checksum['size']} bytes" if checksum["size"] else f"as many bytes as `{checksum['size_field']}` says"
        lines.append(f"- Checksum: CRC-32C in `{checksum['field']}` over {span}, its own four taken as zero")
    lines.append(f"- Schema: `formats/{structure['schema']}.ksy`")
    return "\n".join(lines) + "\n\n"


def field_table(structure: dict[str, Any], page: str) -> str:
    """The table of a structure's fields, each with an anchor."""
    rows = [
        (
            "behind" if item["offset"] is None else f"{item['offset']:#x}",
            length(item),
            f"{anchor(item['id'])}`{item['id']}`",
            kind(item, page),
            item["unit"] or "",
            item["doc"],
            item["section"] if item["section"] != structure["section"] else "",
            code(item["orig_ids"]),
        )
        for item in structure["fields"]
    ]
    return table(("Offset", "Size", "Field", "Type", "Unit", "Meaning", "Section", "Other names"), rows)


def length(item: dict[str, Any]) -> str:
    """Size of a field in bytes, or its bits, in words."""
    if item["type"] == "bits":
        low, high = item["bit_offset"], item["bit_offset"] + item["bits"] - 1
        return f"bit {low}" if low == high else f"bits {low} to {high}"
    if item["size"] is None:
        return "varies"
    return f"{item['size']} each" if item["repeat"] else str(item["size"])


def kind(item: dict[str, Any], page: str) -> str:
    """Type of a field, with a link where it is a structure."""
    names = {"u1": "u8", "u2": "u16", "u4": "u32", "u8": "u64", "bytes": "bytes"}
    if item["type"] == "bits":
        said = f"{item['bits']} bits" if item["bits"] > 1 else "flag"
    elif item["type"] in names:
        said = names[item["type"]]
    else:
        structure = "ms_guid" if item["type"] == "guid" else item["type"]
        said = link(item["type"], structure_path(structure), page)
    said += f", {item['encoding']}" if item["encoding"] else ""
    said += f", {link(item['enum'], 'enums.md', page, item['enum'])}" if item["enum"] else ""
    said += ", repeated" if item["repeat"] else ""
    return f"{said}, if `{item['condition']}`" if item["condition"] else said


def _shown(structure: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in structure["instances"] if not item["rule"] and not item["constant"]]


def _values(structure: dict[str, Any]) -> str:
    rows = [
        (f"{anchor(item['id'])}`{item['id']}`", item["unit"] or "", item["doc"], code(item["orig_ids"]))
        for item in _shown(structure)
    ]
    head = ("Value", "Unit", "Meaning", "Other names")
    return f"Computed from the fields, or read elsewhere in the structure:\n\n{table(head, rows)}" if rows else ""


def _dumps(dumps: list[dict[str, str]]) -> str:
    if not dumps:
        return ""
    parts = ["## On disk\n\n"]
    for one in dumps:
        parts.append(f"{one['caption']}:\n\n```dump\n{one['text'].rstrip(chr(10))}\n```\n\n")
    return "".join(parts)


def _field_topic(structure: dict[str, Any], item: dict[str, Any], own: list[dict[str, Any]], path: str) -> Topic:
    name = f"{structure['name']}.{item['id']}"
    place = "behind what stands before it" if item["offset"] is None else f"offset {item['offset']:#x}"
    size = length(item) if item["type"] == "bits" or item["size"] is None else f"{length(item)} bytes"
    facts = [place, size, kind(item, path), *([item["unit"]] if item["unit"] else [])]
    return _topic(name, ", ".join(facts), item, own, path, item["section"])


def _value_topic(structure: dict[str, Any], item: dict[str, Any], own: list[dict[str, Any]], path: str) -> Topic:
    name = f"{structure['name']}.{item['id']}"
    facts = "computed" if item["kind"] == "value" else "read elsewhere in the structure"
    return _topic(name, f"{facts}{', ' + item['unit'] if item['unit'] else ''}", item, own, path, "")


def _topic(name: str, facts: str, item: dict[str, Any], own: list[dict[str, Any]], path: str, section: str) -> Topic:
    rules = [rule for rule in own if item["id"] in rule["fields"]]
    listed = "".join(f"- **{rule['id']}** {rule['text']} ({rule['verdict']})\n" for rule in rules)
    lines = [f"### `{name}`\n\n{item['doc']}\n\n- {facts}\n"]
    lines += [f"- {section_text(section)}\n"] if section_text(section) else []
    lines += [f"- other names: {code(item['orig_ids'])}\n"] if item["orig_ids"] else []
    lines += [f"\nRules:\n\n{listed}"] if listed else []
    return Topic(name, "field", name, path, item["id"], "".join(lines), (item["id"], *item["orig_ids"]))
