"""One line of manifest.jsonl, as far as it is believed: names of a small alphabet, digests, sizes within bounds.

A manifest comes with a corpus, from whoever made that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from vhdx_format import layout

Verdict = Literal["valid", "needs-replay", "open-but-damaged", "reject", "reader's-choice"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
_UNKNOWN: Final = "unknown"
_LINE_MAX: Final = 1 << 20  # bytes; not in the spec: the longest line of our own corpus has a fifth of that
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_RULE: Final = re.compile(r"[A-Z]{2,8}-[0-9]{1,6}")
_BY: Final = re.compile(f"{_RULE.pattern}|check")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_FOLDERS_MAX: Final = 8


class CorpusError(ValueError):
    """A corpus that cannot be understood; the message names the file, and the line of a manifest."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a manifest says of one image.

    Attributes:
        number: of the line, from 1.
        id: of the image.
        file: its path in the corpus; it leads nowhere else.
        verdict: what a correct reader does, None where nobody says.
        deliberate: the first rule that it breaks on purpose, else "".
        by: the rule by which that is decided, or "check", else "".
        neighbour_of: id of the image that it is the nearest legal neighbour of, else "".
        parent: id of the image that must stand beside it, else "".
        size: of the disk in bytes, None where it is not said.
        guest: digest of the disk, hexadecimal, None where it is not said.
        is_sparse: the digest is over the 64 KiB units that are not zero, each behind its offset.
        packed: its path in packed form, else "".
    """

    number: int
    id: str
    file: str
    verdict: Verdict | None
    deliberate: str = ""
    by: str = ""
    neighbour_of: str = ""
    parent: str = ""
    size: int | None = None
    guest: str | None = None
    is_sparse: bool = False
    packed: str = ""


def lines(manifest: Path) -> Iterator[Line]:
    """The lines of a manifest.

    Raises:
        CorpusError: one is not of the form.
        OSError: the file cannot be read.
    """
    with manifest.open("rb") as file:
        number = 0
        while text := file.readline(_LINE_MAX + 1):
            number += 1
            try:
                if len(text) > _LINE_MAX:
                    raise ValueError(f"a line of more than {_LINE_MAX} bytes")
                found = _line(number, json.loads(text.decode()))
            except RecursionError as error:
                raise CorpusError(f"{manifest}, line {number}: no label: nested too deeply") from error
            except (KeyError, TypeError, ValueError) as error:
                raise CorpusError(f"{manifest}, line {number}: no label: {error}") from error
            yield found


def _line(number: int, record: Mapping[str, Any]) -> Line:
    name, file, said = _text(record["id"], _NAME, "id"), _path(record["file"]), record["expected"]
    verdict, guest = _verdict(said["verdict"]), record.get("guest") or {}
    deliberate = [_text(rule, _RULE, "deliberate") for rule in record.get("deliberate") or ()]
    by = _text(said.get("by") or "", _BY, "by", is_optional=True)
    beside, parent = (_text(record.get(key) or "", _NAME, key, is_optional=True) for key in ("neighbour_of", "parent"))
    size, digest = guest.get("size"), guest.get("sha256") or guest.get("sparse_sha256")
    if size is not None and not (type(size) is int and 0 <= size <= layout.VIRTUAL_DISK_SIZE_MAX):
        raise ValueError(f"size {size!r}, expected bytes, at most {layout.VIRTUAL_DISK_SIZE_MAX}")
    if digest is not None:
        _text(digest, _DIGEST, "digest")
    first = deliberate[0] if deliberate else ""
    packed = _path(record["packed"]) if "packed" in record else ""
    return Line(number, name, file, verdict, first, by, beside, parent, size, digest, "sparse_sha256" in guest, packed)


def _text(value: object, form: re.Pattern[str], key: str, *, is_optional: bool = False) -> str:
    if not isinstance(value, str) or not (form.fullmatch(value) or (is_optional and not value)):
        raise ValueError(f"{key} {value!r}, expected {form.pattern}")
    return value


def _path(value: object) -> str:
    parts = value.split("/") if isinstance(value, str) else []
    if not 1 <= len(parts) <= _FOLDERS_MAX or not all(_NAME.fullmatch(part) for part in parts):
        raise ValueError(f"no image {value}: expected a path of names {_NAME.pattern}")
    return "/".join(parts)


def _verdict(said: object) -> Verdict | None:
    found = next((one for one in VERDICTS if one == said), None)
    if found is None and said != _UNKNOWN:
        raise ValueError(f"verdict {said}, expected one of {', '.join(VERDICTS)}, {_UNKNOWN}")
    return found
