"""How the expressions of the schemas are spelled in C-like languages; each has an emitter that lays its file out."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from formats.compiler.declared import BYTES, Declared

OPERATORS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "/",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: "&&",
    ast.Or: "||",
}


class Language(ABC):
    """How a C-like language spells things; a subclass says what is different in it, and lays the file out."""

    size_name = "stream_size"

    def name(self, one: Declared, name: str) -> str:
        """A field or value, as it is used in expressions."""
        return name

    @abstractmethod
    def constant(self, kind: str, name: str) -> str:
        """A constant or GUID, as expressions use it."""

    def number(self, value: int) -> str:
        """An integer of 64 bits."""
        return number(value)

    def raw(self, value: bytes) -> str:
        """Bytes that have no name."""
        raise ValueError(f"{value!r}: this language has no spelling for bytes without a name")

    def equal(self, left: str, right: str, is_equal: bool) -> str:
        """Bytes are equal, or are not."""
        return f"{left} {self.operator(ast.Eq if is_equal else ast.NotEq)} {right}"

    def operator(self, kind: type) -> str:
        """A binary operator."""
        return OPERATORS[kind]

    def choice(self, test: str, yes: str, no: str) -> str:
        """One of two values."""
        return f"{test} ? {yes} : {no}"

    def spell(self, one: Declared, node: ast.expr, depth: int = 0) -> str:
        """An expression over local names."""
        if isinstance(node, ast.Constant):
            return self.raw(node.value) if isinstance(node.value, bytes) else self.number(int(str(node.value)))
        if isinstance(node, ast.Call):
            return self.size_name
        if isinstance(node, ast.Subscript):
            return self._named(one, node)
        if isinstance(node, ast.UnaryOp):
            return f"!{self.spell(one, node.operand, 1)}"
        if isinstance(node, ast.IfExp):
            text = self.choice(*(self.spell(one, part, 0) for part in (node.test, node.body, node.orelse)))
        elif isinstance(node, ast.Compare):
            text = self._compared(one, node)
        elif isinstance(node, ast.BinOp):
            left, right = (self.spell(one, part, 1) for part in (node.left, node.right))
            text = f"{left} {self.operator(type(node.op))} {right}"
        elif isinstance(node, ast.BoolOp):
            text = f" {self.operator(type(node.op))} ".join(self.spell(one, part, 1) for part in node.values)
        else:
            raise ValueError(f"{one.name}: no C-like language has a spelling for {ast.unparse(node)}")
        return f"({text})" if depth else text

    def _named(self, one: Declared, node: ast.Subscript) -> str:
        if isinstance(node.value, ast.Subscript):  # the bytes of a GUID
            return self._named(one, node.value)
        name = str(ast.literal_eval(node.slice))
        return self.constant(*one.constants[name]) if name in one.constants else self.name(one, name)

    def _compared(self, one: Declared, node: ast.Compare) -> str:
        left, right = (self.spell(one, part, 1) for part in (node.left, node.comparators[0]))
        if not self._is_bytes(one, node.left):
            return f"{left} {self.operator(type(node.ops[0]))} {right}"
        return self.equal(left, right, isinstance(node.ops[0], ast.Eq))

    def _is_bytes(self, one: Declared, node: ast.expr) -> bool:
        while isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
            node = node.value
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
            return False
        name = str(node.slice.value)
        return name in one.readers and one.readers[name].kind == BYTES


def number(value: int) -> str:
    """Decimal where it is small, else hexadecimal."""
    return str(value) if value < 1 << 16 else f"0x{value:X}"


def camel(name: str, *, is_local: bool = False) -> str:
    """An id in CamelCase, or in camelCase."""
    words = [part[:1].upper() + part[1:] for part in name.split("_")]
    return words[0].lower() + "".join(words[1:]) if is_local else "".join(words)


def upper(kind: str, name: str) -> str:
    """A constant in capitals; `kind` as in `Constant.owner`."""
    return {"guids": f"{name}_guid", "places": f"place_of_{name}"}.get(kind, name).upper()


def comment(text: str, mark: str, indent: str = "") -> str:
    """A comment of as many lines as the text has."""
    return "".join(f"{indent}{mark} {line}".rstrip() + "\n" for line in text.splitlines())
