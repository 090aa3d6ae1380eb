"""Selecting and asking, the slow and obvious way: everything is made, put into plain values, and looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.inspect.support import nodes
from vhdx_runtime.disk.image import Image
from vhdx_runtime.inspect import Node, find, record, tree

Row = tuple[tuple[str, ...], Node]
UNSEEN = ("name", "extents", "structure", "field", "section", "hex", "hex_in_file", "note")
EXACT = 2**53
ARRAYS = {
    "log": ("entries",),
    "log_entry": ("descriptors", "data_sectors"),
    "region_table": ("entries",),
    "metadata_table": ("entries",),
    "parent_locator": ("entries",),
}


def chains(node: Node, names: tuple[str, ...] = ()) -> Iterator[Row]:
    """Every node of the tree, with the names that lead to it."""
    yield names, node
    for child in node.children() if node.children is not None else ():
        yield from chains(child, (*names, child.name))


def singles(image: Image, root: Node) -> list[Row]:
    """Every entry, block and sector bitmap block, one by one."""
    if image.bat is None or image.geometry is None:
        return []
    counts = {
        "bat": image.bat.entry_count,
        "block": image.geometry.payload_blocks,
        "bitmap": image.geometry.bitmap_blocks,
    }
    names = [f"{kind}[{number}]" for kind, count in counts.items() for number in range(count)]
    found = [(name, find(root, name)) for name in names]
    return [((name,), node) for name, node in found if node is not None]


def matching(rows: list[Row], pattern: list[str]) -> list[Node]:
    """The nodes whose names match the steps of a pattern."""
    return [node for names, node in rows if _fits(list(names), pattern)]


def _fits(names: list[str], pattern: list[str]) -> bool:
    if not pattern:
        return not names
    if pattern[0] == "**":
        return any(_fits(names[count:], pattern[1:]) for count in range(len(names) + 1))
    return bool(names) and _is_like(names[0], pattern[0]) and _fits(names[1:], pattern[1:])


def _is_like(name: str, step: str) -> bool:
    indexed = re.fullmatch(r"(.*)\[(\d+)\.\.(\d+)\]", step)
    if indexed and name != step:
        here = re.fullmatch(r"(.*)\[(\d+)\]", name)
        return here is not None and _is_like(here[1], indexed[1]) and int(indexed[2]) <= int(here[2]) <= int(indexed[3])
    if step.endswith("[*]"):
        here = re.fullmatch(r"(.*)\[.*\]", name)
        return here is not None and _is_like(here[1], step[:-3])
    return re.fullmatch(re.escape(step).replace(r"\*", ".*").replace(r"\?", "."), name) is not None


def plain(node: Node) -> dict[str, Any]:
    """What is known of a node, by name."""
    said = record.record(node)
    found = dict(said.get("details", {}))
    found.update({bit["name"]: bit["value"] for bit in said.get("bits", ())})
    found.update({key: value for key, value in said.items() if key not in ("details", "bits")})
    if "findings" in said:
        found["findings"] = [one["rule"] for one in said["findings"]]
    return found


def holds(known: dict[str, Any], field: str, sign: str, number: int) -> bool:
    """Whether a condition on a number holds."""
    value = known.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return {
        "=": value == number, "!=": value != number, "<": value < number,
        "<=": value <= number, ">": value > number, ">=": value >= number,
    }[sign]  # fmt: skip


def seen(node: Node) -> dict[str, Any]:
    """What a program in jq sees of a node alone."""
    known = plain(node)
    found = {key: exact(value) for key, value in known.items() if key not in UNSEEN}
    for half in [key for key in found if key.endswith(("_low", "_high")) and key.rpartition("_")[0] in known]:
        del found[half]
    return found


def exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: exact(one) for key, one in value.items()}
    if isinstance(value, list):
        return [exact(one) for one in value]
    return str(value) if isinstance(value, int) and abs(value) >= EXACT else value


def whole(image: Image) -> dict[str, Any]:
    """The whole file as one document."""
    root = tree(image)
    found: dict[str, Any] = _document(root)
    if "bat" in found and image.bat is not None and image.geometry is not None:
        entries = [find(root, f"bat[{number}]") for number in range(image.bat.entry_count)]
        found["bat"]["entries"] = [seen(entry) for entry in entries if entry is not None]
    return found


def _document(node: Node) -> Any:
    children = list(node.children()) if node.children is not None else []
    if node.path in ("blocks", "bitmaps", "unclaimed"):
        return [_document(child) for child in children]
    found = seen(node)
    always = ARRAYS.get("log" if node.path == "log" else node.structure, ()) if node.children is not None else ()
    arrays: dict[str, list[Any]] = {name: [] for name in always}
    found.update(arrays)
    for child in children:
        if node.path == "bat" and child.name.startswith("bat["):
            continue
        base, _, index = child.name.partition("[")
        if index.rstrip("]") == str(len(arrays.get(base, []))):
            found[base] = arrays.setdefault(base, [])
            arrays[base].append(_document(child))
        else:
            found[child.name] = _document(child)
    return found


__all__ = ["chains", "exact", "holds", "matching", "nodes", "plain", "seen", "singles", "whole"]
