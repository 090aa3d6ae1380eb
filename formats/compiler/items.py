"""The metadata items as `-guids` declares them, and what a metadata table entry says of them.

An item of the specification has an `owner`. The instances by which an entry tells such items apart stand in
`metadata_table.ksy` between two marks, so that any Kaitai tool can use them; they are written here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from formats.compiler.model import Model
from formats.compiler.schema import SchemaError

FILE = "metadata_table.ksy"
BEGIN = "      # The items of -guids that have an owner; `make generate` writes from here\n"
END = "      # to here.\n"
OWNERS = ("file", "disk")
RANDOM = "random"


def items(model: Model) -> dict[str, dict[str, Any]]:
    """The items that the specification defines, by name, in the order of their declaration.

    Raises:
        SchemaError: an owner or a default that there is not, or an item without a structure of its name.
    """
    found = {}
    for name, guid in model.guids.items():
        owner, default = guid.get("owner"), guid.get("default")
        if owner is None:
            continue
        if owner not in OWNERS or name not in model.structures:
            raise SchemaError(f"{FILE}: -guids {name}: owner is one of {', '.join(OWNERS)}, of a type with that name")
        if default not in (None, RANDOM):
            if default not in model.constants:
                raise SchemaError(f"{FILE}: -guids {name}: default {default} is no constant, nor {RANDOM}")
            default = model.constants[default]["value"]
        found[name] = {
            "id": name,
            "owner": owner,
            "missing": guid.get("missing"),
            "default": default,
            "info": guid.get("info"),
        }
    return found


def complete(formats: Path, model: Model) -> bool:
    """Write the instances into the schema.

    Args:
        formats: folder of the schemas.
        model: what they declare.

    Returns:
        Whether they were others.

    Raises:
        SchemaError: the marks are not there.
    """
    path = formats / FILE
    if not path.exists():
        return False
    text = path.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SchemaError(f"{FILE}: the marks around the instances of known items are missing")
    whole = "".join((before, begin, *_instances(model), end, after))
    if whole != text:
        path.write_text(whole, "utf-8")
    return whole != text


def _instances(model: Model) -> list[str]:
    known = items(model)
    lines = []
    for name in known:
        raw = ", ".join(f"{byte:#04x}" for byte in model.guids[name]["raw"])
        lines += [f"      {name}_id:", f"        value: '[{raw}]'", f"        -is: {name}"]
    for name in known:
        lines += _instance(f"is_{name}", f"not is_user and item_id.raw == {name}_id", _what(name))
    of_disk = [name for name, item in known.items() if item["owner"] == "disk"]
    lines += _instance("is_disk_property", _any(of_disk), "an item that describes the virtual disk")
    others = [name for name in known if name not in of_disk]
    lines += _instance("is_known", f"{_any(others)} or is_disk_property", "an item that the specification defines")
    by_size: dict[int, list[str]] = {}
    for name in known:
        size = model.structures[name].size
        if size is not None:
            by_size.setdefault(size, []).append(name)
    forms = [f"{f'({_any(names)})' if names[1:] else _any(names)} ? {size} :" for size, names in by_size.items()]
    lines += ["      form_length:", "        value: >-", *(f"          {form}" for form in forms), "          length"]
    lines += [
        "        -unit: bytes",
        "        doc: Length of the form that the item has, or its own where it has none.",
    ]
    return [f"{line}\n" for line in lines]


def _instance(name: str, value: str, what: str) -> list[str]:
    return [f"      {name}:", f"        value: {value}", f"        doc: The entry names {what}."]


def _any(names: list[str]) -> str:
    return " or ".join(f"is_{name}" for name in names)


def _what(name: str) -> str:
    """
    >>> _what("virtual_disk_id"), _what("file_parameters")
    ('the virtual disk id', 'the file parameters')
    """
    return f"the {name.replace('_', ' ')}"
