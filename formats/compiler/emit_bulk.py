"""Writes `bulk.py`: the claims of structures that come in masses, as functions over arrays.

The expression is that of the generated property, with `and`, `or` and `not` turned into their bitwise counterparts,
which work on truth values and on arrays of them alike. Both sides are always evaluated, so an expression whose divisor
is no constant is refused.
"""

from __future__ import annotations

import ast

from formats.compiler.expressions import Parsers, needs_names, source
from formats.compiler.literals import quoted
from formats.compiler.model import Model, Structure
from formats.compiler.rulebook import Claim, Rulebook
from formats.compiler.schema import SchemaError

STRUCTURES = ("bat_entry", "zero_descriptor", "data_descriptor", "data_sector")

TITLE = '''"""The claims of structures that come in masses, as functions of integers or of numpy arrays of integers.

Arguments are named as the fields, `file_offset_mb` standing for its two halves; further ones are ignored. The result is
a truth value, or an array of them: True where the claim holds. `BULK` has the functions by structure and rule.

Machine-written from formats/ by `make generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

'''


def emit_bulk(model: Model, parsers: Parsers, book: Rulebook) -> str:
    """`bulk.py`."""
    functions, table = [], []
    for name in STRUCTURES:
        structure = model.structures[name]
        claims = book.claims[name]
        functions += [_function(parsers, structure, instance) for instance in _booleans(parsers, structure)]
        rows = "".join(f"        {quoted(claim.rule)}: {name}_{claim.instance},\n" for claim in _sorted(claims))
        table.append(f"    {quoted(name)}: {{\n{rows}    }},\n")
    body = "".join(f"\n{function}\n" for function in functions)
    return f"{TITLE}{body}\nBULK: Final[dict[str, dict[str, Callable[..., Any]]]] = {{\n{''.join(table)}}}\n"


def _sorted(claims: list[Claim]) -> list[Claim]:
    return sorted(claims, key=lambda claim: claim.rule)


def _booleans(parsers: Parsers, structure: Structure) -> list[str]:
    """The instances that are true or false, in the order of the schema."""
    found = []
    for name in structure.instances:
        expression = parsers.of(structure).values.get(name)
        if isinstance(expression, ast.BoolOp | ast.Compare | ast.UnaryOp):
            found.append(name)
    return found


def _function(parsers: Parsers, structure: Structure, instance: str) -> str:
    joined = frozenset(name for name, data in structure.instances.items() if "-orig-id" in data)
    expression = parsers.value(structure, instance, None, joined)
    arguments = needs_names(structure, expression, joined)
    body = source(_Bitwise(structure.where(instance)).visit(expression))
    text = " ".join(str(structure.instances[instance].get("doc", "")).split())
    parameters = ", ".join(f"{name}: Any" for name in arguments)
    return f'def {structure.name}_{instance}(*, {parameters}, **_: Any) -> Any:\n    """{text}"""\n    return {body}\n'


class _Bitwise(ast.NodeTransformer):
    """Turns boolean operators into bitwise ones."""

    def __init__(self, where: str) -> None:
        self.where = where

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        operator = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        result: ast.expr = self.visit(node.values[0])
        for value in node.values[1:]:
            result = ast.BinOp(result, operator, self.visit(value))
        return result

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return ast.BinOp(self.visit(node.operand), ast.BitXor(), ast.Constant(True))
        return ast.UnaryOp(node.op, self.visit(node.operand))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if isinstance(node.op, ast.Mod | ast.FloorDiv) and not isinstance(node.right, ast.Constant):
            raise SchemaError(f"{self.where}: divides by what may be zero: {ast.unparse(node)}")
        return ast.BinOp(self.visit(node.left), node.op, self.visit(node.right))

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        raise SchemaError(f"{self.where}: a choice cannot be evaluated over arrays: {ast.unparse(node)}")
