"""Of what is long, `make test` runs a sample and `make test-all` everything: the long part is marked `slow`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

IS_QUICK = os.environ.get("HYPOTHESIS_PROFILE") == "quick"  # as `make test` has it
QUICK_EXAMPLES = 5


def sampled(values: Iterable[Any], *sample: object) -> list[Any]:
    """Parameters that belong to the long part, but for those of the sample; a tuple is known by its first element."""
    found = [(value, value[0] if isinstance(value, tuple) else value) for value in values]
    missing = [name for name in sample if name not in [key for _, key in found]]
    assert not missing, f"no such parameters: {missing}"
    return [value if key in sample else _slow(value) for value, key in found]


def _slow(value: Any) -> Any:
    return pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.slow)


def repeated(few: int, many: int) -> int:
    """How often something is repeated: `few` times in `make test`, `many` times in `make test-all`."""
    return few if IS_QUICK else many


def examples(number: int) -> settings:
    """That many examples of a property; in `make test` a few of them."""
    return settings(max_examples=min(number, QUICK_EXAMPLES) if IS_QUICK else number)
