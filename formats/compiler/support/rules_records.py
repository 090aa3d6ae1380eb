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
    to the verdict that they call for instead of `verdict`, and `repair_when` to what they call for instead of `repair`.
    `counts_as` names the rule of which it is a case once
    nothing else is left of what it is about, or is empty. `error` is the kind of error raised where the verdict is
    refuse. `applies` lists the circumstances that must all be given. `reader` is what a tolerant reader does, `next`
    the ids of the steps that a person may take, the best one first. `text` is the claim, `broken` says for people what
    is the case where it does not hold, or is empty.
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
    repair_when: dict[str, str]
    repair_how: str
    error: str
    applies: tuple[str, ...]
    reader: str
    next: tuple[str, ...]
    text: str
    broken: str
    kind: str
    why: str
    instances: tuple[str, ...]
    provable: Provable


class Step(NamedTuple):
    """What can be done next about a broken rule.

    `text` says it; `{option}`, `{file}` and `{rule}` stand for what they are called. It helps only where the file opens
    with one of `options`, or where a repair with one of `consents` mends the rule; empty where it always helps.
    """

    id: str
    text: str
    options: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()


class Claim(NamedTuple):
    """A boolean instance that must hold: its rule, its name, and the fields that must have been read to evaluate it.

    `positions` names the instances of kind "position" that it reads as well.
    """

    rule: str
    instance: str
    needs: tuple[str, ...]
    positions: tuple[str, ...] = ()


__all__ = ["Claim", "Final", "Provable", "Rule", "Step"]
