"""Rules of one structure alone that its bytes break, as the generated parser answers them; knows no file."""

from __future__ import annotations

from functools import cache
from typing import Final

from vhdx_format import layout
from vhdx_format.rules import CLAIMS, Claim

from ...codec import decode

# Not in the specification: answers remembered for each structure.
_ANSWERS_KEPT: Final = 1 << 14


def broken_claims(structure: str, raw: bytes) -> frozenset[str]:
    """Rules of one structure alone that its bytes break: claims, reserved fields and the checksum.

    Args:
        structure: its name in the layout.
        raw: its bytes, or as many of them as there are.
    """
    declared = layout.STRUCTURES[structure]
    found = _broken_claims(structure, raw)
    for field in declared.fields:
        start, size = field.offset, field.size or 0
        if field.zero_rule and start is not None and raw[start : start + size].strip(b"\0"):
            found.add(field.zero_rule)
    if declared.checksum is not None:
        placed = decode.Placed(structure, "", 0, raw, None, len(raw) == declared.size)
        found |= {declared.checksum.rule} if decode.checksum_finding(placed) is not None else set()
    return frozenset(found)


def _broken_claims(structure: str, raw: bytes) -> set[str]:
    """Rules of broken claims; an answer is remembered by the fields that it needs: few, and mostly the same."""
    answers, placed, found = _answers(structure), None, set()
    is_whole = len(raw) == layout.STRUCTURES[structure].size
    for index, (claim, spans) in enumerate(_claims(structure)):
        key = index, b"".join([raw[start:end] for start, end in spans]) if is_whole and spans else None
        is_broken = answers.get(key)
        if is_broken is None:
            placed = placed or decode.structure(structure, raw)
            is_broken = decode.answer(placed, claim) is False
            if key[1] is not None and len(answers) < _ANSWERS_KEPT:
                answers[key] = is_broken
        if is_broken:
            found.add(claim.rule)
    return found


@cache
def _answers(_structure: str) -> dict[tuple[int, bytes | None], bool]:
    return {}


@cache
def _claims(structure: str) -> tuple[tuple[Claim, tuple[tuple[int, int], ...]], ...]:
    """Claims on a structure, and where the fields are that each needs; nothing where that is not known."""
    fields = {field.id: field for field in layout.STRUCTURES[structure].fields}
    found = []
    for claim in CLAIMS.get(structure, ()):
        needs = [fields[name] for name in claim.needs if name in fields]
        spans = [(one.offset, one.offset + one.size) for one in needs if one.offset is not None and one.size]
        found.append((claim, tuple(spans) if len(spans) == len(claim.needs) else ()))
    return tuple(found)
