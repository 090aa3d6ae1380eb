"""Writes `clauses.py`: every obligation of the specification, as plain data."""

from __future__ import annotations

from collections.abc import Iterable

from formats.compiler.clauses import Clause
from formats.compiler.literals import Call, module, render


def emit_clauses(clauses: Iterable[Clause]) -> str:
    """`clauses.py`."""
    rows = tuple(Call("Clause", {key: value for key, value in vars(one).items() if value}) for one in clauses)
    body = f"CLAUSES: Final[tuple[Clause, ...]] = {render(rows)}\n"
    return module("What MS-VHDX demands, as plain data.", "clauses_records.py", body)
