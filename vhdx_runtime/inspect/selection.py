"""The nodes whose addresses match a pattern, and of these the ones of which conditions hold.

Goes into no branch in which nothing can match; of a large table it makes nodes only for entries that may be meant.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

from .facts import Condition, facts
from .node import Node, child, number
from .node import steps as names

_ANY_DEPTH = "**"
_INDEXED = re.compile(r"([^\[\]]*)\[(?:(\*)|(\d+)(?:\.\.(\d+))?)\]")
_INDEX = re.compile(r".*\[(\d+)\]")
_WILD = "*?"


class _Step(NamedTuple):
    """One step of a pattern.

    Attributes:
        text: as written.
        base: what stands before an index; with wildcards, where it has some.
        indices: the indices that are meant; None where none is spoken of.
        names: matches the names of nodes.
    """

    text: str
    base: str
    indices: range | None
    names: re.Pattern[str]

    @property
    def is_literal(self) -> bool:
        """It is the name of one node."""
        return not set(_WILD) & set(self.text) and (self.indices is None or ".." not in self.text)

    def matches(self, name: str) -> bool:
        """True for the name of a node that is meant: "sectors[4..9]" itself, and what is in it."""
        if name == self.text or self.indices is None or len(self.indices) == sys.maxsize:
            return self.names.fullmatch(name) is not None
        index = _INDEX.fullmatch(name)
        return index is not None and int(index[1]) in self.indices and self.names.fullmatch(name) is not None


def select(root: Node, pattern: str, conditions: Sequence[Condition] = ()) -> Iterator[Node]:
    """The nodes at addresses that match, in the order of the tree; behind `**` first those nearer to where it stands.

    Args:
        root: of the file.
        pattern: names joined by dots, in which `*` and `?` stand for others; `[*]` and `[100..200]` for indices, and
            `**` for any number of names. "bat[*]" are the entries one by one, as "block[*]" are the blocks.
        conditions: all of them hold for what is given.

    Raises:
        ValueError: a range of indices ends before it starts, or `**` is there twice.
    """
    steps = [_step(text) for text in names(pattern)]
    if sum(step.text == _ANY_DEPTH for step in steps) > 1:
        raise ValueError(f"{pattern!r}: ** can stand there once")
    for node in _walk(root, steps, conditions):
        if not conditions:
            yield node
        else:
            known = facts(node)
            if all(one.holds(known) for one in conditions):
                yield node


def _step(text: str) -> _Step:
    match = _INDEXED.fullmatch(text)
    if match is None:
        return _Step(text, text, None, re.compile(_expression(text), re.S))
    base, star, first, last = match.groups()
    if star:
        return _Step(text, base, range(sys.maxsize), re.compile(rf"{_expression(base)}\[[^\]]*\]", re.S))
    start, stop = number(first), number(last or first) + 1
    if stop <= start:
        raise ValueError(f"{text!r} ends before it starts")
    names = rf"{_expression(base)}\[\d+\]|{re.escape(text)}"
    return _Step(text, base, range(start, min(stop, sys.maxsize - 1)), re.compile(names, re.S))


def _expression(pattern: str) -> str:
    """What a pattern matches; what a star has taken is not given back, as the next part matches nowhere sooner."""
    first, *rest = ("".join("." if one == "?" else re.escape(one) for one in part) for part in pattern.split("*"))
    return first + "".join(f"(?>.*?{part})" for part in rest[:-1]) + "".join(f".*{part}" for part in rest[-1:])


def _walk(node: Node, steps: Sequence[_Step], conditions: Sequence[Condition], *, deep: bool = False) -> Iterator[Node]:
    """The nodes below one that match.

    Args:
        node: where the steps start.
        steps: what is left of the pattern.
        conditions: they may keep some nodes away, and need not.
        deep: a `**` stands before the steps, so only names in the tree count, and each node is given once.
    """
    if not steps:
        yield node
        return
    step, rest = steps[0], steps[1:]
    if step.text == _ANY_DEPTH:
        yield from _walk(node, rest, conditions, deep=True)
        for one in node.children() if node.children else ():
            yield from _walk(one, steps, conditions, deep=True)
        return
    for one in _children(node, step) if deep else _matching(node, step, _known_before(rest, conditions)):
        yield from _walk(one, rest, conditions)


def _known_before(rest: Sequence[_Step], conditions: Sequence[Condition]) -> Sequence[Condition]:
    """What must hold of a node if the conditions hold of what the rest leads to, as far as that is known."""
    if not rest:
        return conditions
    if len(rest) > 1 or not rest[0].is_literal:
        return ()
    return [one._replace(field=rest[0].text) for one in conditions if one.field == "value" and one.number is not None]


def _children(node: Node, step: _Step) -> Iterator[Node]:
    return (one for one in (node.children() if node.children else ()) if step.matches(one.name))


def _matching(node: Node, step: _Step, conditions: Sequence[Condition]) -> Iterator[Node]:
    """The nodes that one step leads to; also those that only have an address."""
    if step.indices is not None and step.base in node.series:
        yield from node.series[step.base].nodes(step.indices, conditions)
        return
    if step.is_literal:
        found = child(node, step.text)
        if found is not None:
            yield found
        return
    if node.lookup is not None and step.indices is not None and not set(_WILD) & set(step.base):
        made = map(partial(_member, node, step.base), step.indices)
        first = next(made, None)
        if first is not None:
            yield from chain([first], _up_to_none(made))
            return
    yield from _children(node, step)


def _up_to_none(nodes: Iterator[Node | None]) -> Iterator[Node]:
    for one in nodes:
        if one is None:
            return
        yield one


def _member(node: Node, base: str, index: int) -> Node | None:
    name = f"{base}[{index}]"
    found = node.lookup(name) if node.lookup is not None else None
    return found if found is not None and found.name == name else None
