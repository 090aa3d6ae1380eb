"""What is known of a node by name, flat; and conditions on it, as people write them.

Knows the names of a node's record, its details and its bit fields, and what the values of a state are called.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from vhdx_format.layout import ENUMS

from .node import Node
from .record import record

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = re.compile(r"\s*([A-Za-z_][\w]*)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*", re.S)
_EQUAL, _UNEQUAL = "=", "!="
_STATE = "state"
_STATES = ("payload_block_state", "sector_bitmap_block_state")
_NAMED = ("value", _STATE)
"""What `meaning` is the meaning of."""


def facts(node: Node) -> dict[str, Any]:
    """All that is known of a node, by name.

    Returns:
        The node's record, then the values of its bit fields, then its details; of two of one name the first counts.
        `findings` are the ids of the rules.
    """
    found = record(node)
    said = found.pop("details", {})
    bits = {bit["name"]: bit["value"] for bit in found.pop("bits", ())}
    if node.findings:
        found["findings"] = [finding.rule for finding in node.findings]
    return {**said, **bits, **found}


class Condition(NamedTuple):
    """One condition.

    Attributes:
        field: name of a fact.
        operator: "=", "!=", "<", "<=", ">" or ">=".
        text: what it is compared with.
        number: the same as a number, or None.
    """

    field: str
    operator: str
    text: str
    number: int | None

    @property
    def compare(self) -> Callable[[Any, Any], Any]:
        """Compares two numbers, or arrays of them, as the operator says."""
        return _OPERATORS[self.operator]

    def holds(self, known: Mapping[str, Any]) -> bool:
        """True where the condition holds; never for a fact that is not known.

        >>> condition("state=fully_present").holds({"state": 6, "meaning": "PAYLOAD_BLOCK_FULLY_PRESENT"})
        True
        """
        value = known.get(self.field)
        if value is None:
            return False
        if isinstance(value, list):
            return any(map(self._is_called, value)) is (self.operator == _EQUAL)
        if isinstance(value, int) and not isinstance(value, bool) and self.number is not None:
            return bool(self.compare(value, self.number))
        called = self._is_called(value)
        if not called and self.field in _NAMED:
            called = self._is_called(known.get("meaning"))
        return called is (self.operator == _EQUAL) if self.operator in (_EQUAL, _UNEQUAL) else False

    def _is_called(self, value: Any) -> bool:
        if isinstance(value, bool):
            return self.text.casefold() == str(value).casefold() or self.number == int(value)
        return self.text.casefold() in _names(value) if isinstance(value, str) else value == self.number


@cache
def _spellings() -> Mapping[str, str]:
    """From the specification's name of a value to the schema's."""
    values = [value for known in ENUMS.values() for value in known.values()]
    return {value.orig_id: value.id for value in values if value.orig_id}


def _names(text: str) -> tuple[str, ...]:
    return (text.casefold(), _spellings().get(text, text).casefold())


def states() -> list[str]:
    """What the states of blocks are called, in the schema's spelling."""
    found = [value.id for name in _STATES for value in ENUMS[name].values()]
    return list(dict.fromkeys(found))


def is_no_state(one: Condition) -> bool:
    """True where a condition asks for a state by a name that none has."""
    known = {*states(), *(name.casefold() for name in _spellings())}
    return one.field == _STATE and one.number is None and one.text.casefold() not in known


def condition(text: str) -> Condition:
    """Read a condition such as "state=FULLY_PRESENT" or "offset>=0x300000".

    Raises:
        ValueError: it is none, or puts what is no number in order.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no condition")
    field, sign, value = match.groups()
    try:
        number = int(value, 0)
    except ValueError:
        number = None
    if number is None and sign not in (_EQUAL, _UNEQUAL):
        raise ValueError(f"{text!r}: {sign} compares numbers, and {value!r} is none")
    return Condition(field, sign, value, number)
