"""What the schemas' expressions mean, taken from the Python that the official compiler made of them.

Nothing here reads the expression language of the schemas. A value instance is a property of a generated parser; its
expression is a Python syntax tree, in which other value instances are put in place until only fields are left.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

from formats.compiler.literals import quoted
from formats.compiler.model import Model, Structure, structure_of
from formats.compiler.schema import SchemaError

STREAM_SIZE = "_stream_size"
CONTEXT = "ctx"


@dataclass
class ParserClass:
    """One generated class: the expressions of its value instances, its positioned instances, how it reads fields."""

    values: dict[str, ast.expr] = field(default_factory=dict)
    positioned: dict[str, tuple[ast.expr, ast.expr]] = field(default_factory=dict)  # position and size
    conditions: dict[str, ast.expr] = field(default_factory=dict)
    counts: dict[str, ast.expr] = field(default_factory=dict)
    sizes: dict[str, ast.expr] = field(default_factory=dict)


class Parsers:
    """The generated parsers of a model, by structure name."""

    def __init__(self, model: Model, folder: Path) -> None:
        self.model = model
        self.enums: dict[tuple[str, str], int] = {}
        self._classes: dict[str, ParserClass] = {}
        trees = {schema.id: ast.parse((folder / f"{schema.id}.py").read_text("utf-8")) for schema in model.schemas}
        for tree in trees.values():
            self._collect_enums(tree)
        for structure in model.structures.values():
            self._classes[structure.name] = _read_class(_find(trees[structure.schema.id], structure.class_path))

    def of(self, structure: Structure) -> ParserClass:
        """The generated class of a structure."""
        return self._classes[structure.name]

    def value(
        self, structure: Structure, instance: str, base: ast.expr | None, kept: frozenset[str] = frozenset()
    ) -> ast.expr:
        """The expression of a value instance with all other value instances put in place.

        Args:
            structure: where the instance stands.
            instance: its id.
            base: what stands for the object; fields become `base["field"]`, or plain names where it is None.
            kept: value instances that are taken for fields and stay.

        Raises:
            SchemaError: the instance is not a value instance, or reads something outside its structure.
        """
        expression = self.of(structure).values.get(instance)
        if expression is None:
            raise SchemaError(f"{structure.where(instance)}: not a value instance")
        return self.inline(structure, expression, base, instance, kept)

    def inline(
        self,
        structure: Structure,
        expression: ast.expr,
        base: ast.expr | None,
        what: str,
        kept: frozenset[str] = frozenset(),
    ) -> ast.expr:
        """Puts value instances in place in an expression that stands in `structure`; see `value`."""
        copy = ast.parse(ast.unparse(expression), mode="eval").body
        inlined: ast.expr = _Inliner(self, structure, base, what, kept).visit(copy)
        return inlined

    def _collect_enums(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "IntEnum" for base in node.bases):
                for item in node.body:
                    if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant):
                        self.enums[node.name, ast.unparse(item.targets[0])] = int(str(item.value.value))


class _Inliner(ast.NodeTransformer):
    """Rewrites `self.x` of one structure; `self.header.y` is followed into the structure of `header`."""

    def __init__(
        self, parsers: Parsers, structure: Structure, base: ast.expr | None, what: str, kept: frozenset[str]
    ) -> None:
        self.parsers, self.structure, self.base, self.what, self.kept = parsers, structure, base, what, kept

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        found = self._resolve(node)
        if found is None:
            raise SchemaError(f"{self.structure.where(self.what)}: cannot follow {ast.unparse(node)}")
        return found[0]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = ast.unparse(node.func)
        if called == "self._io.size" and self.base is not None:
            return ast.Call(ast.Name(STREAM_SIZE), [ast.Name(CONTEXT)], [])
        if called == "int" and isinstance(node.args[0], ast.Attribute):
            path = ast.unparse(node.args[0]).split(".")
            return ast.Constant(self.parsers.enums[path[-2], path[-1]])
        raise SchemaError(f"{self.structure.where(self.what)}: cannot follow {ast.unparse(node)}")

    def _resolve(self, node: ast.expr) -> tuple[ast.expr, Structure | None] | None:
        """The expression of an attribute chain and the structure it yields (None for a scalar)."""
        if not isinstance(node, ast.Attribute):
            return None
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return self._member(self.structure, self.base, node.attr)
        outer = self._resolve(node.value)
        if outer is None or outer[1] is None:
            return None
        return self._member(outer[1], outer[0], node.attr)

    def _member(self, owner: Structure, base: ast.expr | None, name: str) -> tuple[ast.expr, Structure | None] | None:
        for item in owner.fields:
            if item.id == name:
                return _subscript(base, name), structure_of(self.parsers.model, item)
        generated = self.parsers.of(owner)
        if name in generated.positioned or (owner is self.structure and name in self.kept):
            return _subscript(base, name), None
        if name in generated.values:
            return self.parsers.value(owner, name, base, self.kept), None
        return None


def _subscript(base: ast.expr | None, name: str) -> ast.expr:
    return ast.Name(name) if base is None else ast.Subscript(base, ast.Constant(name))


def _find(tree: ast.Module, path: str) -> ast.ClassDef:
    body: list[ast.stmt] = tree.body
    for name in path.split("."):
        found = next(node for node in body if isinstance(node, ast.ClassDef) and node.name == name)
        body = found.body
    return found


def _read_class(node: ast.ClassDef) -> ParserClass:
    result = ParserClass()
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "_read":
            _read_statements(result, item.body, None)
        elif isinstance(item, ast.FunctionDef) and item.decorator_list:
            _read_property(result, item)
    return result


def _read_property(result: ParserClass, node: ast.FunctionDef) -> None:
    member = f"self._m_{node.name}"
    assigned = [item.value for item in ast.walk(node) if isinstance(item, ast.Assign) and _target(item) == member]
    seeks = [_argument(item) for item in ast.walk(node) if _calls(item, "self._io.seek")]
    if seeks:
        result.positioned[node.name] = (seeks[0], _argument(assigned[0]))
    else:
        result.values[node.name] = assigned[0]


def _read_statements(result: ParserClass, body: list[ast.stmt], condition: ast.expr | None) -> None:
    """Notes for each field under which `if` it is read, how often, and how many bytes."""
    for statement in body:
        if isinstance(statement, ast.If):
            _read_statements(result, statement.body, statement.test)
        elif isinstance(statement, ast.For):
            name = _appended(statement)
            result.counts[name] = _argument(statement.iter)
            for item in ast.walk(statement):
                if _calls(item, "self._io.read_bytes"):
                    result.sizes[name] = _argument(item)
        elif isinstance(statement, ast.Assign) and not _target(statement).startswith("self._debug"):
            name = _target(statement).removeprefix("self.").removeprefix("_raw_")
            if condition is not None:
                result.conditions[name] = condition
            if _calls(statement.value, "self._io.read_bytes"):
                result.sizes[name] = _argument(statement.value)


def _target(statement: ast.Assign) -> str:
    return ast.unparse(statement.targets[0])


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == name


def _argument(call: ast.AST) -> ast.expr:
    """The first argument of a call."""
    if not isinstance(call, ast.Call):
        raise TypeError(ast.unparse(call))
    return call.args[0]


def _appended(loop: ast.For) -> str:
    """The field whose list a loop fills."""
    names = [
        ast.unparse(item.func.value)
        for item in ast.walk(loop)
        if isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute) and item.func.attr == "append"
    ]
    plain = [name for name in names if name.startswith("self.") and not name.startswith(("self._raw_", "self._debug"))]
    return plain[0].removeprefix("self.")


def needs(structure: Structure, expression: ast.expr) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields of a structure that an inlined expression reads, and the positioned instances that it reads.

    Args:
        structure: where the expression stands.
        expression: an expression from `Parsers.value` with base `ctx`.
    """
    read = subscripts(expression)
    fields = tuple(item.id for item in structure.fields if item.id in read)
    return fields, tuple(sorted(read.difference(fields)))


def subscripts(expression: ast.expr) -> set[str]:
    """The names that an inlined expression reads of `ctx` itself."""
    return {
        str(node.slice.value)
        for node in ast.walk(expression)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == CONTEXT
        and isinstance(node.slice, ast.Constant)
    }


def context() -> ast.expr:
    """The expression that stands for the object in builders: `ctx`."""
    return ast.Name(CONTEXT)


def source(expression: ast.expr) -> str:
    """Python source of an expression, texts and bytes in double quotes."""
    copy = ast.parse(ast.unparse(expression), mode="eval").body
    return ast.unparse(_Quoter().visit(copy))


class _Quoter(ast.NodeTransformer):
    """Puts text and bytes constants as they are to be written where `ast.unparse` would write them its own way."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Name(quoted(node.value)) if isinstance(node.value, str | bytes) else node


def needs_names(structure: Structure, expression: ast.expr, kept: frozenset[str]) -> list[str]:
    """The plain names of an expression from `Parsers.value` without base: fields first, then the instances kept."""
    read = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}
    return [item.id for item in structure.fields if item.id in read] + sorted(read & kept)
