"""YAML nodes with their places: what the text forms are read from, and the error that names file, line and field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from vhdx_format import layout

from .recipe import RecipeError

if TYPE_CHECKING:
    from yaml.nodes import Node


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

    Raises:
        ValueError: it is something else, or more than 64 MiB.
    """
    if isinstance(value, list):
        data = b""
        for part in value:
            data += bytes_of(part)
            _require_few(len(data))
    elif not isinstance(value, dict):
        raise ValueError("bytes are written {hex: …}, {text: …}, {zeros: …}, {repeat: …, count: …} or a list of these")
    else:
        data = _bytes_of_mapping(dict(value))
    _require_few(len(data))
    return data


def _require_few(count: int) -> None:
    if count > BYTES_MAX:
        raise ValueError(f"{count} bytes, at most {BYTES_MAX}")


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
    _require_few(len(data) * count)
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


DEPTH_MAX = 60  # not in the spec: deeper than any form goes
NODES_MAX = 1 << 20  # not in the spec: with all that aliases stand for
STR, BOOL, NULL = (f"tag:yaml.org,2002:{name}" for name in ("str", "bool", "null"))


class FormError(RecipeError):
    """A text is not of the form; the message starts with file, line and path.

    Attributes:
        file: name of the file.
        line: from 1.
        path: of the field, such as "headers[0].damage".
    """

    def __init__(self, file: str, line: int, path: str, reason: str) -> None:
        super().__init__(f"{file}:{line}: {path}: {reason}" if path else f"{file}:{line}: {reason}")
        self.file, self.line, self.path = file, line, path


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a node, for errors: name of the file, path of the field, and the bytes that may still be spelled."""

    file: str
    path: str = ""
    left: list[int] = field(default_factory=lambda: [BYTES_MAX], compare=False)

    def key(self, name: str) -> Where:
        """The place of a key's value."""
        return Where(self.file, f"{self.path}.{name}" if self.path else name, self.left)

    def index(self, number: int) -> Where:
        """The place of an element."""
        return Where(self.file, f"{self.path}[{number}]", self.left)

    def spend(self, count: int) -> None:
        """Note that so many bytes were spelled out.

        Raises:
            ValueError: they are more than a text may spell.
        """
        self.left[0] -= count
        if self.left[0] < 0:
            raise ValueError(f"more than {BYTES_MAX} bytes are spelled out in all")

    def error(self, node: Node, reason: str) -> FormError:
        """An error about a node here."""
        return FormError(self.file, line_of(node), self.path, reason)


def line_of(node: Node) -> int:
    """Line of a node, from 1."""
    return node.start_mark.line + 1 if node.start_mark is not None else 1


def compose(text: str, file: str) -> Node:
    """Parse a text to YAML nodes.

    Raises:
        FormError: it is no YAML, is empty, or an anchor contains itself.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _require_small(yaml.parse(text, Loader=loader), file)
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise FormError(file, mark.line + 1 if mark else 1, "", error.problem or "no YAML") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise FormError(file, 1, "", str(error)) from error
    if node is None:
        raise FormError(file, 1, "", "the file is empty")
    return node


def _require_small(events: Iterable[Any], file: str) -> None:
    """Refuse a text before it becomes nodes: a parser takes stack for each level, a reader time for each alias."""
    weights, anchors, open_ones = [0], dict[str, int](), list[str | None]()
    for event in events:
        kind, anchor = type(event).__name__, getattr(event, "anchor", None)
        if kind in ("SequenceStartEvent", "MappingStartEvent"):
            weights.append(1)
            open_ones.append(anchor)
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            anchor, weight = open_ones.pop(), weights.pop()
            weights[-1] += weight
            anchors |= {anchor: weight} if anchor else {}
        elif kind == "ScalarEvent":
            weights[-1] += 1
            anchors |= {anchor: 1} if anchor else {}
        elif kind == "AliasEvent":
            weights[-1] += anchors.get(anchor or "", 1)
        if len(weights) > 2 * DEPTH_MAX or weights[-1] > NODES_MAX:
            reason = "nested too deeply" if len(weights) > 2 * DEPTH_MAX else f"more than {NODES_MAX} values"
            raise FormError(file, event.start_mark.line + 1, "", reason)


def kind_of(node: Node) -> str:
    """The kind: "scalar", "sequence" or "mapping"."""
    return str(getattr(node, "id", ""))


def scalar(node: Node) -> str | None:
    """Text of a scalar node, None for a list or mapping."""
    return node.value if kind_of(node) == "scalar" else None


def elements(node: Node, where: Where) -> list[Node]:
    """Nodes of a list."""
    if kind_of(node) != "sequence":
        raise where.error(node, f"expected a list, found {shown(node)}")
    found: list[Node] = node.value
    return found


def pairs(node: Node, where: Where) -> list[tuple[Node, Node]]:
    """Keys and values of a mapping; no key twice."""
    if kind_of(node) != "mapping":
        raise where.error(node, f"expected a mapping, found {shown(node)}")
    seen: set[str] = set()
    for key, _ in node.value:
        if text_of(key) in seen:
            raise where.error(key, f"the key {text_of(key)} is there twice")
        seen.add(text_of(key))
    found: list[tuple[Node, Node]] = node.value
    return found


def plain(node: Node, where: Where, depth: int = 0) -> Any:
    """A node as plain lists, mappings, integers and text."""
    if depth > DEPTH_MAX:
        raise where.error(node, "nested too deeply")
    if kind_of(node) == "sequence":
        return [plain(element, where.index(i), depth + 1) for i, element in enumerate(node.value)]
    if kind_of(node) == "mapping":
        return {text_of(key): plain(value, where.key(text_of(key)), depth + 1) for key, value in pairs(node, where)}
    return node.value


def text_of(node: Node) -> str:
    """Text of a key, for names and errors."""
    return node.value if kind_of(node) == "scalar" else "(a list or mapping)"


def shown(node: Node) -> str:
    """A node in few words, for errors."""
    if kind_of(node) == "mapping":
        return f"a mapping with the keys {', '.join(text_of(key) for key, _ in node.value) or '(none)'}"
    if kind_of(node) == "sequence":
        return f"a list of {len(node.value)}"
    return node.value or "nothing"
