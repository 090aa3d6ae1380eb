"""Check a container, or a chain, against every rule of the format.

Opening stops at what makes reading impossible; checking goes through everything: the findings of opening, the
reserved bytes, the whole block allocation table, every extent against every other, the sector bitmaps.
"""

from .parents import check_with_parents
from .report import Guest, Report, check_chain, check_image, table_size, without_chain

__all__ = ["Guest", "Report", "check_chain", "check_image", "check_with_parents", "table_size", "without_chain"]
