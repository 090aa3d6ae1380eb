"""A page for each structure: what it is for, its fields, how it looks on disk, its rules, and what writers do."""

from __future__ import annotations

from typing import Any

from .figures import has_map
from .pages import BookPage, Topic, anchor, code, link_to, section_text, structure_path, table
from .practice import Practice

PATH = "rules.md"
_GROUPS = {
    "FTI": "File type identifier and header section", "HDR": "Headers", "LOG": "Log and replay",
    "RGN": "Region tables", "MDT": "Metadata table", "ITM": "Metadata items", "BAT": "Block allocation table",
    "SBM": "Sector bitmaps", "PLC": "Parent locator", "CHN": "Chains", "LAY": "Layout", "WRT": "Order of writing",
}  # fmt: skip
_INTRODUCTION = """# The rules

All {count} rules that hold for a VHDX file, and for the programs that write one. Errors and reports carry the ids,
which never change; `vhdx rules ID` and `vhdx book ID` print what stands here.

- **Severity**: *must*, *should*, *info*. **Basis**: *spec* (the specification says so), *derived* (it follows from
  that, or from safe arithmetic), *impl* (only implementations say so).
- **Verdict**: what breaking the rule means for a reader. *refuse* the file; *degrade* (read only, or one block fails);
  *ignore-object* (use the other copy, drop the entry); *warn*; *note*.
- **Stage**: when it is decided. *open*: on opening; *access*: when a BAT entry or a bitmap is used; *sweep*: by a check
  of the whole file; *none*: never, as a file at rest does not show it.

"""


def rule_page(data: dict[str, Any], rules: dict[str, Any]) -> BookPage:
    """The catalogue: every rule in full, each under its own anchor."""
    page = BookPage(PATH, "Rules", "Rules", _INTRODUCTION.format(count=len(rules)))
    parts = []
    for prefix in dict.fromkeys(name.partition("-")[0] for name in [*_GROUPS, *rules]):
        own = [rule for name, rule in rules.items() if name.startswith(f"{prefix}-")]
        if not own:
            continue
        parts.append(f"## {_GROUPS.get(prefix, prefix)}\n\n")
        for rule in own:
            full = _rule(rule, data)
            parts.append(full)
            title = f"{rule['id']} {rule['slug']}"
            identifier = rule["id"].lower()
            page.topics.append(Topic(rule["id"], "rule", title, PATH, identifier, full, (rule["slug"],)))
    page.text += "".join(parts)
    return page


def _rule(rule: dict[str, Any], data: dict[str, Any]) -> str:
    structure = rule["structure"]
    about = link_to(f"`{structure}`", structure_path(structure), PATH) if structure in data["structures"] else structure
    verdict = rule["verdict"] + "".join(f"; {verdict} if {_words(name)}" for name, verdict in rule["when"].items())
    rows = [
        ("About", f"{about}: {code(rule['fields'])}"),
        ("Section", section_text(rule["section"]) or "none"),
        ("Severity", f"{rule['severity']}, {rule['basis']}, {rule['scope']}"),
        ("Stage", rule["stage"]),
        ("Verdict", verdict),
        ("Counts as", _counts_as(rule["counts_as"])),
        ("Only for", ", ".join(map(_words, rule["applies"]))),
        ("Reader", rule["reader"]),
        ("Repair", f"*{rule['repair']}*. {rule['repair_how']}" if rule["repair_how"] else ""),
        ("Decided by", _decided(rule)),
        ("Broken by a file", _provable(rule["provable"])),
    ]
    listed = "".join(f"- **{name}**: {text}\n" for name, text in rows if text)
    return f"{anchor(rule['id'].lower())}\n\n### {rule['id']} `{rule['slug']}`\n\n{rule['text']}\n\n{listed}\n"


def _counts_as(other: str) -> str:
    return f"[{other}](#{other.lower()}), where nothing else is left of what it is about" if other else ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _decided(rule: dict[str, Any]) -> str:
    if rule["kind"] == "instance":
        return f"the schema, {code(rule['instances'])}"
    if rule["kind"] == "function":
        also = f" ({code(rule['instances'])} for one structure alone)" if rule["instances"] else ""
        return f"a function{also}. {rule['why']}"
    return {"checksum": "the schema, as a checksum", "zero": "the schema, as a field of zeros"}[rule["kind"]]


def _provable(provable: dict[str, Any]) -> str:
    if provable["kind"] == "with":
        return f"only together with {', '.join(f'[{name}](#{name.lower()})' for name in provable['ids'])}"
    return f"never. {provable['reason']}" if provable["kind"] == "no" else ""


def rules_of(structure: str, rules: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules that speak of a structure."""
    return [
        rule
        for rule in rules.values()
        if structure in {rule["structure"], *(instance.split(".")[0] for instance in rule["instances"])}
    ]


def rule_table(own: list[dict[str, Any]], page: str) -> str:
    """The rules of a structure, short, with links to the catalogue."""
    rows = [
        (link_to(rule["id"], PATH, page, rule["id"].lower()), code(rule["fields"]), rule["text"], rule["verdict"])
        for rule in own
    ]
    return table(("Rule", "About", "What must hold", "Verdict"), rows)


_SHORT = {"bat": "BAT", "chs": "CHS", "guid": "GUID", "id": "ID", "ms": "Microsoft", "pmem": "PMEM"}


def structure_page(
    structure: dict[str, Any], rules: dict[str, Any], dumps: list[dict[str, str]], practice: Practice, owner: str
) -> BookPage:
    """The page of one structure."""
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
    page = BookPage(path, title, "Structures", "".join(parts))
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
        said = link_to(item["type"], structure_path(structure), page)
    said += f", {item['encoding']}" if item["encoding"] else ""
    said += f", {link_to(item['enum'], 'enums.md', page, item['enum'])}" if item["enum"] else ""
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
