"""Spans: lists of half-open ranges (start, end), sorted, disjoint, neighbours joined."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Any ranges as spans; empty ones are dropped.

    >>> merged([(4, 6), (0, 2), (2, 3), (9, 9)])
    [(0, 3), (4, 6)]
    """
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What of some ranges lies outside others.

    >>> without([(0, 10)], [(2, 4), (8, 12)])
    [(0, 2), (4, 8)]
    """
    found, holes, at = [], merged(taken), 0
    for start, end in merged(spans):
        while at < len(holes) and holes[at][1] <= start:
            at += 1
        next_hole = at
        while next_hole < len(holes) and holes[next_hole][0] < end:
            low, high = holes[next_hole]
            found.append((start, low))
            start = high
            next_hole += 1
        found.append((start, end))
    return [(start, end) for start, end in found if start < end]


def common(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What lies in both.

    >>> common([(0, 10)], [(2, 4), (8, 12)])
    [(2, 4), (8, 10)]
    """
    spans = merged(spans)
    return without(spans, without(spans, others))


def total(spans: Iterable[Span]) -> int:
    """Bytes in all of them."""
    return sum(end - start for start, end in spans)
