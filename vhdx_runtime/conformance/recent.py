"""A few values kept for a while, by the very parts that they were made from.

Knows nothing of what it keeps. Parts are compared by identity, which costs the same however much is in them. What is
asked for once only is not kept: most values are, and keeping them would cost more than it saves.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The values that were asked for last, within bounds of number and of weight."""

    def __init__(self, count: int, weight: int) -> None:
        """Nothing yet.

        Args:
            count: how many values are kept at most.
            weight: how much they may weigh together; a value of more than a quarter of it is not kept.
        """
        self._count, self._weight = count, weight
        self._held = 0
        self._kept: OrderedDict[tuple[int, ...], tuple[Value, int, tuple[Any, ...]]] = OrderedDict()
        self._missed: OrderedDict[tuple[int, ...], None] = OrderedDict()

    def get(self, parts: tuple[Any, ...]) -> Value | None:
        """What was made from these parts; None where it is not kept."""
        key = tuple(map(id, parts))
        found = self._kept.pop(key, None)
        if found is None:
            return None
        self._kept[key] = found
        return found[0]

    def keep(self, parts: tuple[Any, ...], value: Value, weigh: Callable[[Value], int]) -> bool:
        """Keep a value if it has been missed before, and forget those asked for longest ago where there are too many.

        Args:
            parts: what it was made from; kept too, so that nothing else can have their identity.
            value: the value.
            weigh: says how much it weighs.

        Returns:
            False where it is not kept: it was missed for the first time, or is too heavy.
        """
        key = tuple(map(id, parts))
        if key not in self._missed:
            self._missed[key] = None
            if len(self._missed) > self._count:
                self._missed.popitem(last=False)
            return False
        weight = weigh(value)
        if weight > self._weight // 4:
            return False
        self._held += weight - self._kept.pop(key, (value, 0, ()))[1]
        self._kept[key] = value, weight, parts
        while len(self._kept) > self._count or self._held > self._weight:
            self._held -= self._kept.popitem(last=False)[1][1]
        return True
