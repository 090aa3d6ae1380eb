"""Queries in the language of jq: what stands before the first `|` is walked in the tree, the rest is run on the nodes.

So no document is made of what is not asked for, nor one of millions of entries.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from .documents import ENTRIES, LIMIT, Members, TooLarge, brief, document, entry_texts, member, text
from .node import Node, number

_BATCH: Final = 4096  # documents that are given to jq at once
_TEXT_AT_ONCE: Final = 1 << 20  # characters after which a batch ends all the same
_STEP: Final = re.compile(r'\.([A-Za-z_]\w*)|\.?\["([^"\\]+)"\]|\[(-?\d+)\]|(\[\])|\[(\d*):(\d*)\]\[\]')
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)
_ENDING: Final = re.compile(r"(?<![\w.$])(?:halt_error|halt)\b(?!\s*:)")
_NO_INPUT: Final = "break"  # all that jq says where `input` finds nothing more
_REST: Final = re.compile(r"\s*(?:\|(?!=)(.*))?", re.S)

QueryStep: TypeAlias = "str | int | range | None"
"""A name, an index, some of the members, or None for all of them."""


class NoSuchNode(LookupError):
    """A query begins with a name that nothing has.

    Attributes:
        node: as far as it leads.
        name: the name.
    """

    def __init__(self, node: Node, name: str) -> None:
        super().__init__(name)
        self.node = node
        self.name = name


@dataclass(frozen=True, slots=True)
class Query:
    """A query, taken apart.

    Attributes:
        steps: what is walked; empty where the query needs the whole document.
        rest: a program for what is found there, or "".
    """

    steps: tuple[QueryStep, ...]
    rest: str


def parse(expression: str) -> Query:
    """Take a query apart.

    Raises:
        ValueError: it has an index without end.

    >>> parse(".bat.entries[] | select(.state==7)")
    Query(steps=('bat', 'entries', None), rest=' select(.state==7)')
    >>> parse("[.header_1, .header_2]")
    Query(steps=(), rest='[.header_1, .header_2]')
    """
    position, steps = len(expression) - len(expression.lstrip()), list[QueryStep]()
    while match := _STEP.match(expression, position):
        if not steps and not (match[1] or match[2]):
            break
        steps.append(_step(match))
        position = match.end()
    rest = _REST.fullmatch(expression, position)
    if not steps or rest is None:
        return Query((), expression)
    return Query(tuple(steps), rest[1] or "")


def _step(match: re.Match[str]) -> QueryStep:
    name, quoted, index, everything, start, stop = match.groups()
    if everything:
        return None
    if start is not None:
        return range(number(start or "0"), number(stop) if stop else sys.maxsize)
    return name or quoted or number(index)


def run(root: Node, query: Query) -> Iterator[Any]:
    """The answers of a query.

    Raises:
        ModuleNotFoundError: the package jq is not installed.
        ValueError: jq does not understand the query, or cannot carry it out.
        TooLarge: the query needs a document of more nodes than one may have.
        NoSuchNode: it begins with a name that nothing has.
    """
    import jq

    if used := _ENDING.search(_TEXT.sub('""', query.rest)):
        raise ValueError(f"{used[0]} would end the query without an answer")
    programs: dict[tuple[QueryStep, ...], Any] = {}
    jq.compile(query.rest or ".")
    for left, batch in _batches(root, query.steps):
        program = programs.get(left)
        if program is None:
            program = programs[left] = jq.compile(f"{_written(left)} | ({query.rest or '.'}\n)")
        try:
            with _ended_by_ctrl_c():
                yield from program.input_text("\n".join(batch))
        except ValueError as error:
            if str(error) == _NO_INPUT:
                raise ValueError("there is no other input for `input`") from error
            raise


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """Have Ctrl-C end the process at once: Python's own handler would wait for a program of jq that has no end."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _written(steps: Sequence[QueryStep]) -> str:
    """Steps in the language of jq."""
    return f".{''.join(map(_written_step, steps))}"


def _written_step(step: QueryStep) -> str:
    if isinstance(step, range):
        return f"[{step.start}:{step.stop}][]"
    return "[]" if step is None else f"[{json.dumps(step)}]"


def _batches(root: Node, steps: tuple[QueryStep, ...]) -> Iterator[tuple[tuple[QueryStep, ...], list[str]]]:
    """Documents, many at once, each with the steps that are left to jq."""
    if steps[:3] == ("bat", ENTRIES, None) and "bat" in root.series:
        for texts in entry_texts(root.series["bat"]):
            for at in range(0, len(texts), _BATCH):
                yield steps[3:], texts[at : at + _BATCH]
        return
    batch: list[str] = []
    before: tuple[QueryStep, ...] = ()
    size = 0
    for left, found in _walk(root, root, steps, is_named=True):
        if batch and (left != before or len(batch) == _BATCH or size > _TEXT_AT_ONCE):
            yield before, batch
            batch, size = [], 0
        before = left
        batch.append("null" if found is None else text(document(root, found)))
        size += len(batch[-1])
    if batch:
        yield before, batch


_Found: TypeAlias = "tuple[tuple[QueryStep, ...], Node | Members | None]"


def _walk(root: Node, at: Node | Members, steps: tuple[QueryStep, ...], *, is_named: bool) -> Iterator[_Found]:
    """What some steps lead to, as far as the tree has them; `is_named` while no index was among them."""
    if not steps:
        yield (), at
        return
    step, rest = steps[0], steps[1:]
    if isinstance(at, Members):
        if step is None or isinstance(step, range):
            for one in at.all() if step is None else at.some(step):
                yield from _walk(root, one, rest, is_named=False)
        elif isinstance(step, int):
            found = at.at(step)
            if found is None:
                yield rest, None
            else:
                yield from _walk(root, found, rest, is_named=False)
        else:
            yield steps, at
        return
    inner = member(root, at, step) if isinstance(step, str) else None
    if inner is not None:
        yield from _walk(root, inner, rest, is_named=is_named)
    elif is_named and isinstance(step, str) and step not in brief(at):
        raise NoSuchNode(at, step)
    else:
        yield steps, at


__all__ = ["LIMIT", "NoSuchNode", "Query", "TooLarge", "parse", "run"]
