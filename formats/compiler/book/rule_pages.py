"""The catalogue of rules, and what the page of a structure says of its rules."""

from __future__ import annotations

from typing import Any

from formats.compiler.book.pages import Page, Topic, anchor, code, link, section_text, structure_path, table

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


def rule_page(data: dict[str, Any], rules: dict[str, Any]) -> Page:
    """The catalogue: every rule in full, each under its own anchor."""
    page = Page(PATH, "Rules", "Rules", _INTRODUCTION.format(count=len(rules)))
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
    about = link(f"`{structure}`", structure_path(structure), PATH) if structure in data["structures"] else structure
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
        (link(rule["id"], PATH, page, rule["id"].lower()), code(rule["fields"]), rule["text"], rule["verdict"])
        for rule in own
    ]
    return table(("Rule", "About", "What must hold", "Verdict"), rows)
