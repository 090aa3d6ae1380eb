"""Conditions of claims taken apart: what each part of an `and`, an `or` or a `not` comes to by itself.

The expression of a claim is that of the generated parser's property, in which other properties stand for their own.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from textwrap import dedent
from types import CodeType
from typing import Any


def outcomes(parsed: Any, instance: str) -> tuple[bool | None, ...]:
    """What the parts of a claim come to, in the order in which they are written.

    Args:
        parsed: a structure as the generated parser reads it.
        instance: name of the claim.

    Returns:
        True or False for each part that is no `and`, `or` or `not`; None where it cannot be said.
    """
    owner: Any = type(parsed)
    names = vars(sys.modules[owner.__module__])
    return tuple(_evaluated(part, names, parsed) for part in _parts(owner, instance))


def _evaluated(part: CodeType, names: dict[str, Any], parsed: Any) -> bool | None:
    try:
        return bool(eval(part, names, {"self": parsed}))  # of our own generated parser
    except (AttributeError, TypeError, ArithmeticError):
        return None


@cache
def _parts(owner: Any, instance: str) -> tuple[CodeType, ...]:
    found = _split(owner, _expression(owner, instance))
    return tuple(compile(ast.fix_missing_locations(ast.Expression(one)), instance, "eval") for one in found)


@cache
def _expression(owner: Any, instance: str) -> ast.expr:
    """The expression of a property of a generated parser; it is assigned to what remembers it."""
    getter = getattr(owner, instance).fget
    tree = ast.parse(dedent(inspect.getsource(getter)))
    return next(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == f"self._m_{instance}"
    )


def _split(owner: Any, expression: ast.expr) -> Iterator[ast.expr]:
    if isinstance(expression, ast.BoolOp):
        for part in expression.values:
            yield from _split(owner, part)
    elif isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.Not):
        yield from _split(owner, expression.operand)
    elif _is_condition(owner, expression):
        yield from _split(owner, _expression(owner, ast.unparse(expression).removeprefix("self.")))
    else:
        yield expression


def _is_condition(owner: Any, expression: ast.expr) -> bool:
    """Whether an expression is another property of the same structure that is true or false."""
    name = ast.unparse(expression).removeprefix("self.")
    if not isinstance(getattr(owner, name, None), property):
        return False
    return isinstance(_expression(owner, name), ast.BoolOp | ast.Compare | ast.UnaryOp)
