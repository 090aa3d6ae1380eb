"""One case for each combination of parameters: how `matrix` and `exclude` multiply a case before it is read.

Works on YAML nodes, so that errors still name the line that was written. `"{name}"` as a whole text becomes the value
itself, whatever its kind; inside a longer text it becomes the value's text. A value that is a mapping also gives
`"{name.key}"`, and stands in a longer text for its `id`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .form_nodes import STR, Where, elements, kind_of, pairs, plain, scalar, shown, text_of

if TYPE_CHECKING:
    from yaml.nodes import Node

_NAME = re.compile(r"\{([a-z_][a-z0-9_]*)(?:\.([a-z_][a-z0-9_]*))?\}")
_KEYS = ("matrix", "exclude")
COMBINATIONS_MAX = 200  # not in the spec: more than that is a mistake


def multiply(node: Node, where: Where) -> Iterator[Node]:
    """The cases that a node stands for: itself, or one for each combination of its matrix.

    Raises:
        FormError: an unknown name, an exclusion that excludes nothing, no combination or too many.
    """
    found = {text_of(key): value for key, value in pairs(node, where)}
    if "matrix" not in found:
        yield node
        return
    rest = [(key, value) for key, value in pairs(node, where) if text_of(key) not in _KEYS]
    place = where.key("matrix")
    parameters = {text_of(key): elements(value, place) for key, value in pairs(found["matrix"], place)}
    excluded = _exclusions(found.get("exclude"), parameters, where.key("exclude"))
    count = 0
    used: set[int] = set()
    for combination in itertools.product(*parameters.values()):
        values = dict(zip(parameters, combination, strict=True))
        hits = [i for i, exclusion in enumerate(excluded) if all(_is(values[n], exclusion[n]) for n in exclusion)]
        used.update(hits)
        if hits:
            continue
        count += 1
        if count > COMBINATIONS_MAX:
            raise place.error(found["matrix"], f"more than {COMBINATIONS_MAX} combinations")
        yield _mapping(node, [(key, _replaced(value, values, where)) for key, value in rest])
    if not count:
        raise place.error(found["matrix"], "no combination is left")
    for index in set(range(len(excluded))) - used:
        raise where.key("exclude").index(index).error(found["exclude"].value[index], "it excludes nothing")


def _exclusions(node: Node | None, parameters: dict[str, list[Node]], where: Where) -> list[dict[str, Node]]:
    result = []
    for index, exclusion in enumerate(elements(node, where) if node is not None else []):
        place = where.index(index)
        for key, _ in pairs(exclusion, place):
            if text_of(key) not in parameters:
                raise place.error(key, f"the matrix has no {text_of(key)}")
        result.append({text_of(key): value for key, value in pairs(exclusion, place)})
    return result


def _is(value: Node, excluded: Node) -> bool:
    """True where an exclusion's value names a parameter's value: the same, the same `id`, or one of a list."""
    if kind_of(excluded) == "sequence" and kind_of(value) != "sequence":
        return any(_is(value, one) for one in excluded.value)
    if kind_of(value) == "mapping" and kind_of(excluded) == "scalar":
        return _id_of(value) == scalar(excluded)
    return bool(plain(value, Where("")) == plain(excluded, Where("")))


def _id_of(node: Node) -> str | None:
    return next((scalar(value) for key, value in node.value if text_of(key) == "id"), None)


def _replaced(node: Node, values: dict[str, Node], where: Where) -> Node:
    if kind_of(node) == "mapping":
        return _mapping(node, [(key, _replaced(value, values, where)) for key, value in node.value])
    if kind_of(node) == "sequence":
        return _copy(node, node.tag, [_replaced(value, values, where) for value in node.value])
    text = scalar(node) or ""
    whole = _NAME.fullmatch(text)
    if whole:
        return _value(whole, node, values, where)
    if not _NAME.search(text):
        return node
    return _copy(node, STR, _NAME.sub(lambda match: _in_text(match, node, values, where), text))


def _value(match: re.Match[str], node: Node, values: dict[str, Node], where: Where) -> Node:
    name, key = match[1], match[2]
    if name not in values:
        raise where.error(node, f"the matrix has no {name}")
    value = values[name]
    if key is None:
        return value
    inner = {text_of(k): v for k, v in pairs(value, where.key(f"matrix.{name}"))}
    if key not in inner:
        raise where.error(value, f"matrix.{name}: no key is called {key}, and {match[0]} asks for it")
    return inner[key]


def _in_text(match: re.Match[str], node: Node, values: dict[str, Node], where: Where) -> str:
    value = _value(match, node, values, where)
    text = _id_of(value) if kind_of(value) == "mapping" else scalar(value)
    if text is None:
        raise where.error(node, f"{match[0]} inside a text: {shown(value)} has no text")
    return text


def _mapping(node: Node, content: list[tuple[Node, Node]]) -> Node:
    return _copy(node, node.tag, content)


def _copy(node: Node, tag: str, value: object) -> Node:
    return type(node)(tag, value, node.start_mark, node.end_mark)
