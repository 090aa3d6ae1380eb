"""YAML nodes with their places: what the text forms are read from, and the error that names file, line and field.

Knows YAML nodes and nothing of recipes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .recipe import RecipeError

if TYPE_CHECKING:
    from yaml.nodes import Node

DEPTH_MAX = 60  # not in the spec: deeper than any form goes
STR, BOOL, NULL = (f"tag:yaml.org,2002:{name}" for name in ("str", "bool", "null"))


class FormError(RecipeError):
    """A text is not of the form; the message starts with file, line and path.

    Attributes:
        file: name of the file.
        line: from 1.
        path: of the field, such as "headers[0].damage".
    """

    def __init__(self, file: str, line: int, path: str, reason: str) -> None:
        super().__init__(f"{file}:{line}: {path}: {reason}" if path else f"{file}:{line}: {reason}")
        self.file, self.line, self.path = file, line, path


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a node, for errors: name of the file and path of the field."""

    file: str
    path: str = ""

    def key(self, name: str) -> Where:
        """The place of a key's value."""
        return Where(self.file, f"{self.path}.{name}" if self.path else name)

    def index(self, number: int) -> Where:
        """The place of an element."""
        return Where(self.file, f"{self.path}[{number}]")

    def error(self, node: Node, reason: str) -> FormError:
        """An error about a node here."""
        return FormError(self.file, line_of(node), self.path, reason)


def line_of(node: Node) -> int:
    """Line of a node, from 1."""
    return node.start_mark.line + 1 if node.start_mark is not None else 1


def compose(text: str, file: str) -> Node:
    """Parse a text to YAML nodes.

    Raises:
        FormError: it is no YAML, is empty, or an anchor contains itself.
    """
    import yaml

    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise FormError(file, mark.line + 1 if mark else 1, "", error.problem or "no YAML") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise FormError(file, 1, "", str(error)) from error
    if node is None:
        raise FormError(file, 1, "", "the file is empty")
    return node


def kind_of(node: Node) -> str:
    """The kind: "scalar", "sequence" or "mapping"."""
    return str(getattr(node, "id", ""))


def scalar(node: Node) -> str | None:
    """Text of a scalar node, None for a list or mapping."""
    return node.value if kind_of(node) == "scalar" else None


def elements(node: Node, where: Where) -> list[Node]:
    """Nodes of a list."""
    if kind_of(node) != "sequence":
        raise where.error(node, f"expected a list, found {shown(node)}")
    found: list[Node] = node.value
    return found


def pairs(node: Node, where: Where) -> list[tuple[Node, Node]]:
    """Keys and values of a mapping; no key twice."""
    if kind_of(node) != "mapping":
        raise where.error(node, f"expected a mapping, found {shown(node)}")
    seen: set[str] = set()
    for key, _ in node.value:
        if text_of(key) in seen:
            raise where.error(key, f"the key {text_of(key)} is there twice")
        seen.add(text_of(key))
    found: list[tuple[Node, Node]] = node.value
    return found


def plain(node: Node, where: Where, depth: int = 0) -> Any:
    """A node as plain lists, mappings, integers and text."""
    if depth > DEPTH_MAX:
        raise where.error(node, "nested too deeply")
    if kind_of(node) == "sequence":
        return [plain(element, where.index(i), depth + 1) for i, element in enumerate(node.value)]
    if kind_of(node) == "mapping":
        return {text_of(key): plain(value, where.key(text_of(key)), depth + 1) for key, value in pairs(node, where)}
    return node.value


def text_of(node: Node) -> str:
    """Text of a key, for names and errors."""
    return node.value if kind_of(node) == "scalar" else "(a list or mapping)"


def shown(node: Node) -> str:
    """A node in few words, for errors."""
    if kind_of(node) == "mapping":
        return f"a mapping with the keys {', '.join(text_of(key) for key, _ in node.value) or '(none)'}"
    if kind_of(node) == "sequence":
        return f"a list of {len(node.value)}"
    return node.value or "nothing"
