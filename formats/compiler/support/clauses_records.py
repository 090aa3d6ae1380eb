"""The record type of `clauses.py`; its text is copied into it."""

from typing import Final, NamedTuple


class Clause(NamedTuple):
    """One obligation of the specification, in our own words, and what became of it.

    `level` is "must" or "should". `kind` is "rules" (the rules `ids` judge it), "writer" (it binds a program: the rules
    `ids` of scope writer, or the duty in `note`) or "unchecked" (nothing here can tell, for the reason in `note`).
    `see` names rules of other sections that watch over it too.
    """

    section: str
    level: str
    text: str
    kind: str
    ids: tuple[str, ...] = ()
    note: str = ""
    see: tuple[str, ...] = ()


__all__ = ["Clause", "Final"]
