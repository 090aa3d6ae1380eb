"""The book of the format: its text by name, from what the package brings with it.

The pages themselves, hand-written ones and generated ones, are put together when `generated/` is made; `topics` finds
things in them.
"""

from .topics import Book, Match, load

__all__ = ["Book", "Match", "load"]
