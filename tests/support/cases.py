"""The conformance cases, read once for all tests of a process."""

from __future__ import annotations

from functools import cache

from vhdx_runtime.conformance.cases import Case, load_cases


@cache
def all_cases() -> tuple[Case, ...]:
    """The cases of all areas. Nobody may change them."""
    return load_cases()
