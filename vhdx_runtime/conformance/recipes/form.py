"""The text form of recipes: YAML whose keys are the fields of the dataclasses, read by their annotations.

Every error names the file, the line and the path of the field.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union

from . import form_nodes
from .form_nodes import BOOL, DEPTH_MAX, NULL, STR, Where, compose, elements, pairs, plain, scalar, shown, text_of
from .recipe import Recipe

if TYPE_CHECKING:
    from yaml.nodes import Node

_T = TypeVar("_T")
_TAGS = {"FieldOverride": "set", "BytesOverride": "bytes"}


def load_recipe(text: str, file: str = "recipe") -> Recipe:
    """Read one recipe.

    Raises:
        FormError: a key or value that the form does not have.
    """
    return convert(Recipe, compose(text, file), Where(file))


def convert(kind: type[_T], node: Node, where: Where) -> _T:
    """Read a node as a value of an annotated type.

    Raises:
        FormError: a key or value that the form does not have.
    """
    value: _T = _read(kind, node, where, 0)
    return value


def _read(kind: Any, node: Node, where: Where, depth: int) -> Any:
    if depth > DEPTH_MAX:
        raise where.error(node, "nested too deeply")
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _read_union(arguments, node, where, depth)
    if origin is Literal:
        return _read_literal(arguments, node, where)
    if origin is tuple:
        return _read_tuple(arguments, node, where, depth)
    if origin is dict or origin is Mapping:
        return {text_of(key): _read(arguments[1], value, where, depth + 1) for key, value in pairs(node, where)}
    if is_dataclass(kind):
        return _read_dataclass(kind, node, where, depth)
    return _READERS[kind](node, where)


def _read_dataclass(kind: Any, node: Node, where: Where, depth: int) -> Any:
    known = form_fields(kind)
    if scalar(node) is not None:
        return kind(**_short(kind, known, node, where, depth))
    found: dict[str, Any] = {}
    for key, value in pairs(node, where):
        name = text_of(key)
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
            raise where.error(key, f"no key is called {name}: {hint}")
        found[name] = _read(known[name][1], value, where.key(name), depth + 1)
    for name, (declared, _) in known.items():
        if name not in found and declared.default is MISSING and declared.default_factory is MISSING:
            raise where.error(node, f"{name} is missing")
    return kind(**found)


def _short(kind: Any, known: dict[str, tuple[Field[Any], Any]], node: Node, where: Where, depth: int) -> dict[str, Any]:
    """A dataclass with one required field, its first, may be given by the value of that field alone."""
    required = required_fields(kind)
    if required != list(known)[:1]:
        raise where.error(node, f"expected keys ({', '.join(known)}), found {shown(node)}")
    return {required[0]: _read(known[required[0]][1], node, where, depth + 1)}


def required_fields(kind: Any) -> list[str]:
    """Names of the fields that have no default."""
    return [
        name
        for name, (declared, _) in form_fields(kind).items()
        if declared.default is MISSING and declared.default_factory is MISSING
    ]


@cache
def form_fields(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    """Fields of a dataclass that the form has, with their annotations resolved; others say {"form": False}."""
    hints = typing.get_type_hints(kind)
    return {f.name: (f, hints[f.name]) for f in fields(kind) if f.init and f.metadata.get("form", True)}


def tag_of(kind: type) -> str:
    """The key that tells a dataclass of a union from the others."""
    return _TAGS.get(kind.__name__, kind.__name__.lower())


def _read_union(kinds: tuple[Any, ...], node: Node, where: Where, depth: int) -> Any:
    if type(None) in kinds:
        if node.tag == NULL:
            return None
        kinds = tuple(kind for kind in kinds if kind is not type(None))
    if len(kinds) == 1:
        return _read(kinds[0], node, where, depth)
    if is_dataclass(kinds[0]):
        return _read_tagged(kinds, node, where, depth)
    if scalar(node) is None:
        if bytes not in kinds:
            raise where.error(node, f"expected {_kinds(kinds)}, found {shown(node)}")
        return _read(bytes, node, where, depth)
    return _scalar_of_union(kinds, node, where)


def _read_tagged(kinds: tuple[Any, ...], node: Node, where: Where, depth: int) -> Any:
    tags = {tag_of(kind): kind for kind in kinds}
    found = pairs(node, where)
    if len(found) != 1 or text_of(found[0][0]) not in tags:
        raise where.error(node, f"expected a mapping with one key of {', '.join(tags)}, found {shown(node)}")
    tag = text_of(found[0][0])
    return _read(tags[tag], found[0][1], where.key(tag), depth + 1)


def _scalar_of_union(kinds: tuple[Any, ...], node: Node, where: Where) -> Any:
    """An integer where the text is one, else text; where bytes are possible too, names of the layout stand for both."""
    text = scalar(node) or ""
    if int in kinds and not form_nodes.is_guid(text) and (bytes in kinds or text[:1].isdigit()):
        try:
            return form_nodes.integer(text)
        except ValueError:
            if node.tag != STR:
                raise where.error(node, f"expected {_kinds(kinds)}, found {shown(node)}") from None
    if str not in kinds:
        raise where.error(node, f"expected {_kinds(kinds)}, found {shown(node)}")
    found = _read_str(node, where)
    return (form_nodes.guid_of(found) or found) if {int, bytes} <= set(kinds) else found


def _read_literal(values: tuple[Any, ...], node: Node, where: Where) -> Any:
    text = scalar(node)
    for value in values:
        if text == str(value) and node.tag not in (BOOL, NULL):
            return value
    raise where.error(node, f"expected one of {', '.join(map(str, values))}, found {shown(node)}")


def _read_tuple(kinds: tuple[Any, ...], node: Node, where: Where, depth: int) -> tuple[Any, ...]:
    nodes = elements(node, where)
    if kinds[-1] is not Ellipsis and len(nodes) != len(kinds):
        raise where.error(node, f"expected {len(kinds)} elements, found {len(nodes)}")
    each = [kinds[0]] * len(nodes) if kinds[-1] is Ellipsis else kinds
    return tuple(_read(kind, n, where.index(i), depth + 1) for i, (kind, n) in enumerate(zip(each, nodes, strict=True)))


def _read_str(node: Node, where: Where) -> str:
    text = scalar(node)
    if text is None or node.tag != STR:
        raise where.error(node, f"expected text, found {shown(node)} (put it in quotes if it is text)")
    return text


def _read_int(node: Node, where: Where) -> int:
    text = scalar(node)
    if text is None or node.tag in (BOOL, NULL):
        raise where.error(node, f"expected an integer, found {shown(node)}")
    try:
        return form_nodes.integer(text)
    except ValueError as error:
        raise where.error(node, f"expected an integer: {error}") from None


def _read_bool(node: Node, where: Where) -> bool:
    if node.tag != BOOL or scalar(node) not in ("true", "false"):
        raise where.error(node, f"expected true or false, found {shown(node)}")
    return scalar(node) == "true"


def _read_bytes(node: Node, where: Where) -> bytes:
    try:
        spelling = plain(node, where)
        data = form_nodes.bytes_of(spelling)
        where.spend(len(data))
        return form_nodes.Spelled(data, spelling)
    except ValueError as error:
        raise where.error(node, str(error)) from None


_READERS: dict[Any, Callable[[Node, Where], Any]] = {
    str: _read_str,
    int: _read_int,
    bool: _read_bool,
    bytes: _read_bytes,
}


def _kinds(kinds: tuple[Any, ...]) -> str:
    words = {int: "an integer", str: "text", bytes: "bytes"}
    return " or ".join(words.get(kind, str(kind)) for kind in kinds)
