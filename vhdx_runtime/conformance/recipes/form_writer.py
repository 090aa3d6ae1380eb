"""Recipes and cases as text: the canonical one, which says nothing that is a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, is_dataclass
from typing import Any, get_args

from .form import form_fields, required_fields, tag_of
from .form_nodes import COUNTS, UNITS, Spelled, integer

_WIDTH = 110
_UNIT_FROM = 1 << 12
_RUN = 16


def dump(value: Any) -> str:
    """The YAML text of a recipe, a case, or a list of them.

    Returns:
        Text that `form` reads as an equal value.
    """
    import yaml

    plain = [_plain(one, None) for one in value] if isinstance(value, list) else _plain(value, None)
    return str(
        yaml.dump(plain, Dumper=_dumper(), sort_keys=False, default_flow_style=None, width=_WIDTH, allow_unicode=True)
    )


def _dumper() -> Any:
    """A dumper that uses no anchors: every part of a recipe stands where it belongs."""
    import yaml

    return type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})


def plain_form(value: Any) -> Any:
    """A recipe or case as plain mappings, lists, integers and text: what its YAML says."""
    return _plain(value, None)


def _plain(value: Any, kind: Any) -> Any:
    if is_dataclass(value):
        return _of_dataclass(value, kind)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return with_unit(value)
    if isinstance(value, bytes):
        return of_bytes(value)
    if isinstance(value, Mapping):
        return dict(value)
    arguments = get_args(_without_none(kind))
    return [_plain(one, arguments[0] if arguments else None) for one in value]


def _of_dataclass(value: Any, kind: Any) -> Any:
    own: Any = type(value)
    known = form_fields(own)
    said = {
        name: _plain(getattr(value, name), hint)
        for name, (declared, hint) in known.items()
        if getattr(value, name) != _default(declared)
    }
    first = next(iter(known))
    if list(said) == required_fields(own) == [first] and isinstance(said[first], str | int):
        said = said[first]
    return {tag_of(own): said} if _is_tagged(kind) else said


def _is_tagged(kind: Any) -> bool:
    return sum(1 for one in get_args(kind) if is_dataclass(one)) > 1


def _without_none(kind: Any) -> Any:
    rest = [one for one in get_args(kind) if one is not type(None)]
    return rest[0] if type(None) in get_args(kind) and len(rest) == 1 else kind


def _default(declared: Field[Any]) -> Any:
    if declared.default_factory is not MISSING:
        return declared.default_factory()
    return declared.default


def with_unit(value: int) -> int | str:
    """An integer, from 4 KiB on with the largest unit that divides it.

    >>> with_unit(64 << 40), with_unit(4097)
    ('64 TiB', 4097)
    """
    if value >= _UNIT_FROM:
        for unit, size in reversed(UNITS.items()):
            if value % size == 0:
                return f"{value // size} {unit}"
    return value


def of_bytes(data: bytes) -> Any:
    """Bytes as they were written, or in a short readable form.

    >>> of_bytes(b"abc"), of_bytes(bytes(600)), of_bytes(b"ab" * 300), of_bytes(bytes([1, 2]))
    ({'text': 'abc'}, {'zeros': 600}, {'repeat': {'text': 'ab'}, 'count': 300}, {'hex': '0102'})
    """
    if isinstance(data, Spelled) and data.spelling is not None:
        return _tidy(data.spelling)
    if not data:
        return {"hex": ""}
    if not any(data):
        return {"zeros": with_unit(len(data))}
    period = next((n for n in range(1, _RUN + 1) if len(data) % n == 0 and data[:n] * (len(data) // n) == data), 0)
    if period and len(data) > max(period, _RUN):
        return {"repeat": of_bytes(data[:period]), "count": with_unit(len(data) // period)}
    body = data.rstrip(b"\0")
    if len(data) - len(body) > _RUN:
        return [_of_few(body), {"zeros": with_unit(len(data) - len(body))}]
    return _of_few(data)


def _tidy(spelling: Any, key: str = "") -> Any:
    """A spelling with its integers in canonical form."""
    if isinstance(spelling, list):
        return [_tidy(one) for one in spelling]
    if isinstance(spelling, dict):
        return {name: _tidy(one, name) for name, one in spelling.items()}
    return with_unit(integer(spelling)) if key in COUNTS else spelling


def _of_few(data: bytes) -> dict[str, str]:
    for encoding in ("ascii", "utf-16-le"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.isascii() and text.isprintable():
            return {"text": text} if encoding == "ascii" else {"text": text, "encoding": encoding}
    return {"hex": data.hex()}
