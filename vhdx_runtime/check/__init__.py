"""Check a container, or a chain, against every rule of the format.

Opening stops at what makes reading impossible; checking goes through everything: the findings of opening, the
reserved bytes, the whole block allocation table, every extent against every other, the sector bitmaps.

The package is loaded with `vhdx_runtime`, whose function `check` has its name; what checks is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .parents import check_in_chain, check_with_parents
    from .report import Guest, Report, check_chain, check_image, table_size, without_chain

__all__ = [
    "Guest",
    "Report",
    "check_chain",
    "check_image",
    "check_in_chain",
    "check_with_parents",
    "table_size",
    "without_chain",
]


def __getattr__(name: str) -> Any:
    """What is asked for by a name of `__all__`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import parents, report

    return getattr(report if hasattr(report, name) else parents, name)
