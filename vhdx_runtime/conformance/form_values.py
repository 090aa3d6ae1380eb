"""The small values of the recipe form: integers with units and names, and bytes.

Knows the names that the layout gives to constants and enum values, and nothing of recipes. Reading and writing are
both here, so that one can be held against the other.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from vhdx_format import layout

UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
BYTES_MAX = 1 << 26  # not in the spec: a recipe is a small text, and what it spells out stays small too
COUNTS = ("zeros", "count", "offset", "size", "step")
_TERM = re.compile(r"\s*([+-]?)\s*(0[xX][0-9a-fA-F_]+|[0-9][0-9_]*|[A-Za-z][A-Za-z0-9_]*)\s*(KiB|MiB|GiB|TiB)?\s*")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Spelled(bytes):
    """Bytes that remember how a text spelled them, so that they can be written the same way.

    Attributes:
        spelling: see `bytes_of`.
    """

    spelling: Any

    def __new__(cls, data: bytes, spelling: Any = None) -> Spelled:
        """Bytes with their spelling."""
        made = super().__new__(cls, data)
        made.spelling = spelling
        return made


@cache
def names() -> dict[str, int]:
    """Every name that may stand for an integer: constants and enum values of the layout."""
    found = {key: item.value for key, item in layout.CONSTANTS.items() if isinstance(item.value, int)}
    for values in layout.ENUMS.values():
        found |= {value.id: number for number, value in values.items()}
    return found


def integer(text: str) -> int:
    """The integer that a text stands for.

    Args:
        text: decimal or hexadecimal numbers, with or without a unit, and names of the layout, added and subtracted.

    Returns:
        The integer.

    Raises:
        ValueError: it is something else.

    >>> integer("64 TiB - 512") == (64 << 40) - 512
    True
    >>> integer("block_size_min + 0x10"), integer("fully_present")
    (1048592, 6)
    """
    total, position = 0, 0
    while position < len(text) or not text:
        match = _TERM.match(text, position)
        if match is None or (position and not match[1]):
            raise ValueError(f"{text!r} is no integer")
        total += (-1 if match[1] == "-" else 1) * _number(match[2]) * UNITS.get(match[3] or "", 1)
        position = match.end()
    return total


def _number(text: str) -> int:
    if text[0].isdigit():
        return int(text, 0)
    if text.lower() not in names():
        raise ValueError(f"no constant or state is called {text}")
    return names()[text.lower()]


def is_guid(text: str) -> bool:
    """True for the text of a GUID, without braces."""
    return _GUID.fullmatch(text) is not None


def guid_of(name: str) -> str | None:
    """Text of a GUID that the layout names, or None."""
    known = layout.GUIDS.get(name)
    return known.value.lower() if known is not None else None


def bytes_of(value: Any) -> bytes:
    """The bytes that a value of the form stands for.

    Args:
        value: {hex: …}, {text: …, encoding: …} (UTF-8 unless said), {zeros: count}, {repeat: value, count: …}, or a
            list of these, one behind the other. A `repeat` may have `counters`, each {offset: …, size: …, step: …}: in
            copy i the little-endian integer of `size` bytes at `offset` is larger by i * step.

    Returns:
        The bytes.

    Raises:
        ValueError: it is something else, or more than 64 MiB.
    """
    if isinstance(value, list):
        data = b"".join(bytes_of(part) for part in value)
    elif not isinstance(value, dict):
        raise ValueError("bytes are written {hex: …}, {text: …}, {zeros: …}, {repeat: …, count: …} or a list of these")
    else:
        data = _bytes_of_mapping(dict(value))
    if len(data) > BYTES_MAX:
        raise ValueError(f"{len(data)} bytes, at most {BYTES_MAX}")
    return data


def _bytes_of_mapping(value: dict[str, Any]) -> bytes:
    keys = frozenset(value)
    if keys == {"hex"}:
        return bytes.fromhex(str(value["hex"]))
    if keys in ({"text"}, {"text", "encoding"}):
        try:
            return str(value["text"]).encode(value.get("encoding", "utf-8"), "surrogatepass")
        except LookupError as error:
            raise ValueError(str(error)) from error
    if keys == {"zeros"}:
        return bytes(_count(value["zeros"]))
    if keys in ({"repeat", "count"}, {"repeat", "count", "counters"}):
        return _repeated(bytes_of(value["repeat"]), _count(value["count"]), value.get("counters", []))
    raise ValueError(
        f"bytes with the keys {', '.join(map(str, value)) or '(none)'}: expected hex, text, zeros or repeat"
    )


def _repeated(data: bytes, count: int, counters: Any) -> bytes:
    if len(data) * count > BYTES_MAX:
        raise ValueError(f"{len(data) * count} bytes, at most {BYTES_MAX}")
    result = bytearray(data * count)
    for counter in counters:
        if not isinstance(counter, dict) or counter.keys() != {"offset", "size", "step"}:
            raise ValueError("a counter has the keys offset, size and step")
        offset, size, step = (_count(counter[key]) for key in ("offset", "size", "step"))
        if not size or offset + size > len(data):
            raise ValueError(f"a counter of {size} bytes at {offset} in {len(data)} bytes")
        first = int.from_bytes(data[offset : offset + size], "little")
        for index in range(count):
            start = index * len(data) + offset
            result[start : start + size] = ((first + index * step) % (1 << 8 * size)).to_bytes(size, "little")
    return bytes(result)


def _count(value: Any) -> int:
    count = value if isinstance(value, int) else integer(str(value))
    if not 0 <= count <= BYTES_MAX:
        raise ValueError(f"a count of {count}, at most {BYTES_MAX}")
    return count
