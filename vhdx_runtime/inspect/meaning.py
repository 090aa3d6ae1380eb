"""What differs between two containers by what it means: facts of the two, side by side, and findings of only one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from ..disk.image import Image
from ..disk.summary import describe, summarise
from ..findings import Finding
from .node import Node, find

_LEFT_OUT: Final = ("file", "findings", "hint", "foreign", "cut", "possible_loss")  # names, and what findings say
_IN_WORDS: Final = re.compile(r"\.reason$|\.problems\b")  # what other facts and findings say
_REPLAY: Final = "log.replay."  # of no meaning where only one of two logs is replayed
_ENTRIES: Final = 1 << 14  # of a log, as many as are looked at


def facts(first: Image, second: Image, trees: tuple[Node, Node]) -> list[dict[str, Any]]:
    """What `vhdx info` says of two containers, and of their logs' entries, where that is not the same.

    Args:
        first: one container.
        second: the other one.
        trees: of both.

    Returns:
        For each fact its `name`, and the values `a` and `b`; None where it does not apply.
    """
    one, other = (dict(_flat(_described(image))) | dict(_entries(root))
                  for image, root in zip((first, second), trees, strict=True))  # fmt: skip
    names = [*one, *(name for name in other if name not in one)]
    values = ((name, one.get(name), other.get(name)) for name in names if not _IN_WORDS.search(name))
    return [{"name": name, "a": old, "b": new} for name, old, new in values
            if old != new and not (name.startswith(_REPLAY) and None in (old, new))]  # fmt: skip


def _described(image: Image) -> dict[str, Any]:
    return {name: value for name, value in summarise(image, None).items() if name not in _LEFT_OUT}


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _flat(part, f"{name}[{number}]")
    else:
        yield name, value


def _entries(root: Node) -> Iterator[tuple[str, Any]]:
    """The state of each entry of the log: live, stale or broken."""
    log = find(root, "log")
    for node in islice(log.children() if log is not None and log.children else (), _ENTRIES):
        if "status" in node.details:
            yield f"{node.path}.status", node.details["status"]


def came_and_went(
    before: Iterable[Finding], after: Collection[Finding]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Findings of only the second of two containers, and of only the first, as plain values."""
    old, new = ({_key(finding): finding for finding in found} for found in (before, after))
    came = [describe(finding) for key, finding in new.items() if key not in old]
    went = [describe(finding) for key, finding in old.items() if key not in new]
    return came, went


def _key(finding: Finding) -> tuple[Any, ...]:
    place = finding.place
    return finding.rule, finding.verdict, place.structure, place.field, place.file_offset
