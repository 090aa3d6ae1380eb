"""What is no VHDX, told by its bytes: `foreign.yaml` as data, checked, and `foreign.py`.

Knows what an entry must say, and that all its marks lie where a reader looks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from formats.compiler.literals import Call, module, render
from formats.compiler.schema import SchemaError, load_yaml, text, words

FILE = "foreign.yaml"
_KINDS = ("marks", "suffixes", "fill")
_MARK_KEYS = ("at", "hex", "text", "loose")


def emit_foreign(formats: Path) -> str:
    """`foreign.py`.

    Raises:
        SchemaError: a key is missing or unknown, an id stands twice, or a mark lies where nobody looks.
    """
    declared = load_yaml(formats / FILE)
    head, tail = (declared["looked_at"][name] for name in ("head", "tail"))
    rows = tuple(_entry(entry, head, tail) for entry in declared["foreign"])
    if len({row.arguments["id"] for row in rows}) != len(rows):
        raise SchemaError(f"{FILE}: an id stands twice")
    body = (
        f"HEAD: Final = {head}\n"
        f"TAIL: Final = {tail}\n"
        '"""Bytes at the start and at the end of a file in which all marks lie."""\n\n'
        f"FOREIGN: Final[tuple[Foreign, ...]] = {render(rows)}\n"
    )
    return module("What is no VHDX, told by its bytes, as plain data.", "foreign_records.py", body)


def _entry(data: dict[str, Any], head: int, tail: int) -> Call:
    where = f"{FILE}: {data.get('id')}"
    unknown = set(data).difference(("id", "name", "next", "raw", *_KINDS))
    if unknown or len([kind for kind in _KINDS if kind in data]) != 1:
        raise SchemaError(f"{where}: needs exactly one of {', '.join(_KINDS)}; unknown: {', '.join(sorted(unknown))}")
    made: dict[str, Any] = {key: text(data.get(key)) for key in ("id", "name", "next")}
    if not all(made.values()):
        raise SchemaError(f"{where}: needs an id, a name and what to do next")
    if "marks" in data:
        made["marks"] = tuple(tuple(_mark(where, mark, head, tail) for mark in row) for row in data["marks"])
    elif "suffixes" in data:
        made["suffixes"] = words(data["suffixes"])
    else:
        made["fill"] = str(data["fill"])
    return Call("Foreign", made | ({"is_raw": True} if data.get("raw") else {}))


def _mark(where: str, mark: dict[str, Any], head: int, tail: int) -> Call:
    if set(mark).difference(_MARK_KEYS) or ("hex" in mark) == ("text" in mark):
        raise SchemaError(f"{where}: a mark has a place (at) and either hex or text")
    raw = bytes.fromhex(mark["hex"]) if "hex" in mark else str(mark["text"]).encode("ascii")
    at = mark["at"]
    if not (0 <= at <= head - len(raw) or -tail <= at <= -len(raw)):
        raise SchemaError(f"{where}: nobody looks at {at}")
    made: dict[str, Any] = {"offset": at, "data": raw}
    return Call("Mark", made | ({"is_loose": True} if mark.get("loose") else {}))
