"""Writes `rules.py`: every rule and every claim, as plain data."""

from __future__ import annotations

from typing import Any

from formats.compiler.literals import Call, module, render
from formats.compiler.rulebook import Claim, Rulebook, rules_data


def emit_rules(book: Rulebook) -> str:
    """`rules.py`."""
    rules = {name: Call("Rule", _rule(data)) for name, data in rules_data(book).items()}
    claims = {name: tuple(_claim(claim) for claim in items) for name, items in book.claims.items()}
    body = (
        f"RULES: Final[dict[str, Rule]] = {render(rules)}\n\n"
        f"CLAIMS: Final[dict[str, tuple[Claim, ...]]] = {render(claims)}\n"
    )
    return module("The rules of VHDX as plain data.", "rules_records.py", body)


def _rule(data: dict[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in data["provable"].items() if value}
    return data | {"provable": Call("Provable", given)}


def _claim(claim: Claim) -> Call:
    data = {"rule": claim.rule, "instance": claim.instance, "needs": claim.needs}
    return Call("Claim", data | ({"positions": claim.positions} if claim.positions else {}))
