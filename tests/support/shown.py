"""What a document shows of commands and programs, and whether it is what happens."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

ANY_LINES = "…"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.M)


def fits(shown: str, found: str) -> bool:
    """Whether `found` is what is shown; a line with only "…" stands for any lines, and "…" in a line for any text."""
    escaped = re.sub(r"[\[*?]", r"[\g<0>]", shown).replace(ANY_LINES, "*")
    return fnmatchcase(found, escaped)
