"""What was tried to find a parent, and the error that tells of it.

Knows how to choose the rule and the words of a search that failed. Looks nothing up.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from vhdx_format.rules import RULES

from .codec.decode import guid_text
from .codec.source import Readable
from .errors import ChainError, Place, VhdxError
from .image import Image

EXPLICIT = "explicit"
_SHOWN_CHARACTERS = 200


class Attempt(NamedTuple):
    """A candidate that was turned down."""

    found_by: str
    where: str
    error: VhdxError


def name_of(file: Readable) -> str:
    """What to call a file that the caller named: its path, or its type."""
    return os.fsdecode(file) if isinstance(file, (str, os.PathLike)) else f"<{type(file).__name__}>"


def failure(child: Image, attempts: list[Attempt], what: str) -> ChainError:
    """The error that lists what was tried and why each was turned down; caused by the first that is damaged."""
    tried = dict.fromkeys(f"{a.found_by} {a.where[:_SHOWN_CHARACTERS]!r}: {a.error}" for a in attempts)
    damaged = next((a.error for a in attempts if not isinstance(a.error, ChainError)), None)
    followed = {a.error.rule for a in attempts if a.found_by != EXPLICIT}
    rules = {a.error.rule for a in attempts}
    locator = child.locator
    if "CHN-004" in followed:  # a loop; that the caller named a file twice, or the child itself, is none
        rule = "CHN-004"
    elif "CHN-002" in rules:
        rule = "CHN-002"
    else:
        missing = "CHN-001" if locator and locator.paths else "PLC-016"
        rule = (damaged and damaged.rule) or ("CHN-004" if "CHN-004" in rules else missing)
    wanted = " or ".join(guid_text(raw) for raw in locator.linkage) if locator else ""
    place = Place("parent locator", "", locator.header.file_offset) if locator else None
    reasons = "; ".join(tried) or "there is no place to look"
    message = f"{child.name}: {what}, expected DataWriteGuid {wanted or 'unknown'}: {reasons} ({rule})"
    error = ChainError(message, rule=rule, place=place, spec=RULES[rule].section)
    error.__cause__ = damaged
    return error
