"""A small part of the corpus that covers most: rules and shapes, by the labels alone.

Takes next what adds most to what is there, so that the first images are the most different ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from zlib import compress

from vhdx_format.rules import RULES

from .corpus import Made

FILES_MAX: Final = 128
SIZE_MAX: Final = 6 << 20
ALLOCATED_MAX: Final = 16 << 20
ZIPPED_MAX: Final = 1 << 20
_RULE, _BASE, _PATH, _OTHER = 100, 60, 10, 4
_ZERO_RATIO: Final = 1000  # of bytes that deflate makes one byte of where all are zero
_OVERHEAD: Final = 160  # of a zip, for each file
_INDEX: Final = re.compile(r"\[\d+\]")


def distil(images: Iterable[Made]) -> tuple[list[Made], list[str]]:
    """Choose the images that cover most.

    Returns:
        At most 128 images of 6 MiB at most each, 16 MiB allocated and 1 MiB zipped together, ordered by what each adds,
        an image's parent before it; and the ids of the rules that images have and these have not.
    """
    given = list(images)
    rules = {rule for one in given for rule in one.label["rules"]}
    fitting = {one.entry.id: one for one in given if one.label["size"] <= SIZE_MAX and not one.label["flags"]}
    features = {name: dict(_features(one.label)) for name, one in fitting.items()}
    chosen: dict[str, Made] = {}
    covered: set[str] = set()
    room = [ALLOCATED_MAX, ZIPPED_MAX]
    while features and len(chosen) < FILES_MAX:
        gains = {name: gain for name, found in features.items() if (gain := _gain(found, covered))}
        if not gains:
            break
        name = max(gains, key=lambda one: (gains[one], -fitting[one].label["allocated"]))
        features = {one: features[one] for one in gains if one != name}
        group = [fitting[one] for one in (fitting[name].entry.parent, name) if one in fitting and one not in chosen]
        costs = [sum(_cost(one)[index] for one in group) for index in range(2)]
        if len(chosen) + len(group) > FILES_MAX or any(cost > left for cost, left in zip(costs, room, strict=True)):
            continue
        room = [left - cost for left, cost in zip(room, costs, strict=True)]
        chosen |= {one.entry.id: one for one in group}
        covered |= {feature for one in group for feature, _ in _features(one.label)}
    kept = {rule for one in chosen.values() for rule in one.label["rules"]}
    return list(chosen.values()), sorted(rules - kept)


def _gain(features: dict[str, int], covered: set[str]) -> int:
    return sum(weight for name, weight in features.items() if name not in covered)


def _features(label: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """What an image is about, with weights. Behind a rule that refuses, others may never be looked at."""
    refusing = {rule for rule in label["rules"] if RULES[rule].verdict == "refuse"}
    for rule in label["rules"]:
        is_seen = label["profile"] == "single-fault" and refusing <= {rule}
        yield f"rule {rule}", _RULE if is_seen else _RULE // 4
    for edit in label["edits"]:
        yield f"path {_INDEX.sub('[]', edit['path'])}", _PATH
    yield f"base {label['base']}", _BASE
    yield f"base {label['base']} {label['expected']['verdict']}", _OTHER
    yield f"profile {label['profile']}", _OTHER
    yield f"verdict {label['expected']['verdict']} {label['expected']['section']}", _OTHER


def _cost(image: Made) -> tuple[int, int]:
    """Bytes allocated, and about how many in a zip."""
    packed = sum(len(compress(data, 6)) for _, data in image.image.extents)
    return image.label["allocated"], packed + image.label["size"] // _ZERO_RATIO + _OVERHEAD
