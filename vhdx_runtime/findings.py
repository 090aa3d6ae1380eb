"""A finding: one rule that does not hold, where, what was found and what was expected.

Knows the generated rule table and turns a finding into the error that opening raises. Depends on nothing but that
table and the errors; how a rule is decided stands with the structure or idea that it is about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vhdx_format.rules import RULES, Rule

from .errors import ChainError, FormatError, IntegrityError, Place, UnsupportedError, VhdxError

_CLASSES: dict[str, type[VhdxError]] = {
    "format": FormatError,
    "integrity": IntegrityError,
    "unsupported": UnsupportedError,
    "chain": ChainError,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule.

    Attributes:
        rule: its id.
        place: structure, field and absolute file offset.
        found: what is there, in words.
        expected: what the rule asks for, in words.
        verdict: refuse, degrade, ignore-object, warn or note, the conditions of this case applied.
    """

    rule: str
    place: Place
    found: str
    expected: str
    verdict: str

    @property
    def declaration(self) -> Rule:
        """The rule as declared in the schema or in formats/rules.yaml."""
        return RULES[self.rule]

    @property
    def section(self) -> str:
        """Section of MS-VHDX that the rule comes from, or "" for a rule from elsewhere."""
        return self.declaration.section

    @property
    def message(self) -> str:
        """One line: where, found, expected, rule, section."""
        source = f", MS-VHDX {self.section}" if self.section[:1].isdigit() else ""
        return f"{self.place}: {self.found}, expected {self.expected} ({self.rule}{source})"

    def error(self) -> VhdxError:
        """The error that says the same."""
        kind = _CLASSES[self.declaration.error or "integrity"]
        return kind(self.message, rule=self.rule, place=self.place, spec=self.section)


def make(rule: str, place: Place, found: str, expected: str, conditions: Collection[str] = ()) -> Finding:
    """Build a finding whose verdict follows from what the rule declares.

    Args:
        rule: id of the broken rule.
        place: where it is broken.
        found: what is there.
        expected: what should be there.
        conditions: names of the conditions that hold, such as "log_guid_set"; the first one that the rule's `when`
            names decides the verdict, otherwise the rule's own verdict stands.

    Returns:
        The finding.
    """
    declared = RULES[rule]
    verdict = next((v for name, v in declared.when.items() if name in conditions), declared.verdict)
    return Finding(rule, place, found, expected, verdict)


def raise_first(findings: Iterable[Finding]) -> None:
    """Raise the error of the first finding of stage open whose verdict is refuse, if there is one.

    Raises:
        VhdxError: the class that the rule declares.
    """
    for finding in findings:
        if finding.verdict == "refuse" and finding.declaration.stage == "open":
            raise finding.error()
