"""The record types of `rules.py`; their text is copied into it."""

from typing import Final, NamedTuple


class Provable(NamedTuple):
    """How a file can show that a rule is broken.

    `kind` is "alone" (by itself), "with" (only together with the rules `ids`) or "no" (not at all, for the `reason`).
    """

    kind: str
    ids: tuple[str, ...] = ()
    reason: str = ""


class Rule(NamedTuple):
    """One rule.

    `kind` says what decides it: "instance" (the boolean instances of `instances`), "zero" (every byte of the field is
    zero), "checksum", or "function" (written by hand; `why` says why no schema can express it). `when` maps conditions
    to the verdict that they call for instead of `verdict`. `counts_as` names the rule of which it is a case once
    nothing else is left of what it is about, or is empty. `error` is the kind of error raised where the verdict is
    refuse. `applies` lists the circumstances that must all be given. `reader` is what a tolerant reader does.
    """

    id: str
    slug: str
    severity: str
    basis: str
    scope: str
    section: str
    structure: str
    fields: tuple[str, ...]
    verdict: str
    when: dict[str, str]
    counts_as: str
    stage: str
    repair: str
    repair_how: str
    error: str
    applies: tuple[str, ...]
    reader: str
    text: str
    kind: str
    why: str
    instances: tuple[str, ...]
    provable: Provable


class Claim(NamedTuple):
    """A boolean instance that must hold: its rule, its name, and the fields that must have been read to evaluate it.

    `positions` names the instances of kind "position" that it reads as well.
    """

    rule: str
    instance: str
    needs: tuple[str, ...]
    positions: tuple[str, ...] = ()


__all__ = ["Claim", "Final", "Provable", "Rule"]
