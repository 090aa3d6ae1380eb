"""The pages of what has a name and a value: GUIDs, enumerations, constants, and the names of QEMU's header."""

from __future__ import annotations

from typing import Any

from formats.compiler.literals import number
from formats.compiler.schema import Schema

from .pages import BookPage, Topic, anchor, code, link_to, section_text, structure_path, table

_OF_ITEMS = ("Describes", "If missing", "Default")


def guid_page(data: dict[str, Any]) -> BookPage:
    """The registry of GUIDs."""
    page = BookPage("guids.md", "GUIDs", "Reference", "")
    rows = []
    for item in data["guids"].values():
        known = data["items"].get(item["id"]) or {"owner": None, "missing": None, "default": None}
        row = {
            "GUID": f"`{item['value']}`",
            "As stored": f"`{item['raw'].hex(' ')}`",
            "Required": {True: "yes", False: "no", None: ""}[item["required"]],
            "Describes": known["owner"] or "",
            "If missing": link_to(known["missing"], "rules.md", page.path, known["missing"].lower())
            if known["missing"]
            else "",
            "Default": "" if known["default"] is None else str(known["default"]),
            "Section": item["section"],
            "Meaning": item["doc"],
            "Other names": code(item["orig_ids"]),
        }
        rows.append((f"{anchor(item['id'])}`{item['id']}`", *row.values()))
        also = (item["value"].lower(), *item["orig_ids"])
        page.topics.append(_topic(item["id"], "guid", page.path, row, also))
    head = ("Name", "GUID", "As stored", "Required", *_OF_ITEMS, "Section", "Meaning", "Other names")
    guid = link_to("GUID", structure_path("ms_guid"), page.path)
    page.text = (
        "# GUIDs\n\nEvery GUID that the format, or a program that writes it, gives a meaning. On disk the first three "
        f"parts of a {guid} are little-endian, so the bytes are not in the order of the text: compare sixteen raw "
        "bytes. *Required* is the flag that the object's table entry carries. A metadata item "
        "*describes* the file or the disk; the latter is marked IsVirtualDisk. Where every disk has one, a rule says "
        "what follows if it is *missing*; a writer may take the *default*.\n\n" + table(head, rows)
    )
    return page


def enum_page(data: dict[str, Any]) -> BookPage:
    """The enumerations with all their values."""
    page = BookPage("enums.md", "Enumerations", "Reference", "# Enumerations\n\n")
    for name, values in data["enums"].items():
        users = [
            link_to(f"`{structure['name']}.{item['id']}`", structure_path(structure["name"]), page.path, item["id"])
            for structure in data["structures"].values()
            for item in (*structure["fields"], *structure["instances"])
            if item["enum"] == name
        ]
        rows = [
            (value, f"{anchor(name + '-' + item['id'])}`{item['id']}`", item["doc"], code(_known(item)))
            for value, item in values.items()
        ]
        used = f"Values of {', '.join(users)}. " if users else ""
        pictured = f"What each means for a read is drawn in {link_to('Block states', 'block-states.md', page.path)}."
        page.text += f"{anchor(name)}\n\n## `{name}`\n\n{used}{pictured}\n\n"
        page.text += table(("Value", "Name", "Meaning", "Other name"), rows)
        for value, item in values.items():
            row = {"Value": str(value), "Of": f"`{name}`", "Meaning": item["doc"]}
            also = (item["id"], *_known(item))
            page.topics.append(_topic(f"{name}.{item['id']}", "value", page.path, row, also, f"{name}-{item['id']}"))
    return page


def _known(value: dict[str, Any]) -> tuple[str, ...]:
    """Other names of a value of an enumeration."""
    return (value["orig_id"],) if value["orig_id"] else ()


def constant_page(schemas: tuple[Schema, ...], data: dict[str, Any]) -> BookPage:
    """The constants, schema by schema."""
    page = BookPage(
        "constants.md", "Constants", "Reference", "# Constants\n\nNumbers and texts with a name: limits, sizes, "
    )
    page.text += "fixed places, signatures, and the defaults of programs that write VHDX.\n\n"
    for schema in schemas:
        rows = []
        for declared in schema.data.get("-constants", ()):
            item = data["constants"][declared["id"]]
            row = {
                "Value": value_text(item["value"]),
                "Unit": item["unit"] or "",
                "Meaning": item["doc"],
                "Section": item["section"],
                "Other names": code(item["orig_ids"]),
            }
            rows.append((f"{anchor(item['id'])}`{item['id']}`", *row.values()))
            page.topics.append(_topic(item["id"], "constant", page.path, row, item["orig_ids"]))
        if rows:
            head = ("Name", "Value", "Unit", "Meaning", "Section", "Other names")
            page.text += f"## {schema.data['meta']['title']}\n\n{table(head, rows)}"
    return page


def value_text(value: int | bytes) -> str:
    """A constant's value in code type."""
    return f"`{number(value)}`" if isinstance(value, int) else f'`"{value.decode("ascii")}"`'


def _topic(name: str, kind: str, page: str, row: dict[str, str], also: tuple[str, ...], identifier: str = "") -> Topic:
    said = dict(row)
    meaning = said.pop("Meaning")
    listed = "".join(f"- {key}: {value}\n" for key, value in said.items() if value)
    return Topic(name, kind, name, page, identifier or name, f"### `{name}`\n\n{meaning}\n\n{listed}", also)


def dictionary(data: dict[str, Any], page: str) -> str:
    """Every name of QEMU's header that is on disk, and where it is described here."""
    rows = []
    for structure in data["structures"].values():
        target = structure_path(structure["name"])
        for name in structure["orig_ids"]:
            rows.append(
                (f"`{name}`", link_to(f"`{structure['name']}`", target, page), section_text(structure["section"]))
            )
        for item in (*structure["fields"], *structure["instances"]):
            for name in item["orig_ids"][1:]:
                here = link_to(f"`{structure['name']}.{item['id']}`", target, page, item["id"])
                rows.append(
                    (f"`{name}` of {code(structure['orig_ids'][-1:])}", here, section_text(structure["section"]))
                )
    for kind, target in (("constants", "constants.md"), ("guids", "guids.md")):
        for item in data[kind].values():
            for name in item["orig_ids"]:
                rows.append(
                    (f"`{name}`", link_to(f"`{item['id']}`", target, page, item["id"]), section_text(item["section"]))
                )
    for enum, values in data["enums"].items():
        for item in values.values():
            if item["orig_id"]:
                here = link_to(f"`{enum}.{item['id']}`", "enums.md", page, f"{enum}-{item['id']}")
                rows.append((f"`{item['orig_id']}`", here, ""))
    return table(("Name there", "Here", "Specification"), rows)
