"""The page: a template, a style, a script and the facts of one image, in one file that asks nothing of anybody.

Knows how they are put together and how much there is room for. The content security policy names style and script by
their digests and allows nothing else; the facts stand in the page compressed, as letters that mean nothing in HTML.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib import resources
from typing import Any

from ..check import Report, check_image
from ..image import Image
from ..inspect.render import safe
from . import pack, stored, table
from .facts import facts
from .nodes import Findings, Nodes

SIZE_MAX = 5 << 20
"""No page is larger, in bytes."""

# In the order in which they stand in the page; each uses only what stands before it, or runs after all of them.
_SCRIPTS = (
    "text", "facts", "runs", "owners", "bytes", "list", "select", "tree", "hex", "detail", "picture", "map",
    "effective", "disk", "findings", "search", "main",
)  # fmt: skip
# Entries and runs of the table up to which the tree also lists what nobody owns: it takes a pass over all of them.
_ENTRIES_LISTED = 1 << 21
_RUNS_LISTED = 50_000
_MARGIN = 1 << 12


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes:
        html: the text of the file, to be written as UTF-8: at most `SIZE_MAX` bytes.
        report: of the check whose findings the page shows.
    """

    html: str
    report: Report


def page(image: Image, progress: Callable[[int], None] | None = None) -> Page:
    """Describe a file as a page for browsers.

    Args:
        image: the file, loaded as far as it goes.
        progress: called now and then with the number of bytes of the block allocation table that were dealt with.

    Returns:
        The page, and the report of the check.
    """
    report = check_image(image, progress)
    findings = Findings()
    for finding in report.findings:
        findings.add(finding)
    found = table.runs(image)
    nodes = Nodes(findings)
    is_small = found is None or (found.end <= _ENTRIES_LISTED and len(found.first) <= _RUNS_LISTED)
    nodes.load(image, unclaimed=is_small)
    said = facts(image, report, nodes, findings)
    places, data = stored.gather(image, said["left_out"])
    said |= {"bytes": places, "runs": None, "overview": None}
    parts = {"STYLE": _asset("page.css"), "SCRIPT": _script(), "BYTES": pack.packed(data), "RUNS": ""}
    if found is not None:
        others = (_asset("page.html"), pack.packed(_json(said)), *parts.values())
        room = SIZE_MAX - _MARGIN - sum(len(text.encode()) for text in others)
        parts["RUNS"] = _runs(image, found, said, room)
    parts["POLICY"] = _policy(parts["STYLE"], parts["SCRIPT"])
    parts["TITLE"] = escape(safe(image.name)).encode("ascii", "xmlcharrefreplace").decode()
    parts["FACTS"] = pack.packed(_json(said))
    return Page(_filled(parts), report)


def _runs(image: Image, found: table.Runs, said: dict[str, Any], room: int) -> str:
    """The table's runs in at most `room` letters; what is left out is counted by cells, among what is said."""
    kept, letters = table.fitting(found, max(0, room))
    if image.bat is not None and kept.end < image.bat.entry_count:
        said["overview"] = table.overview(image)
        kept, letters = table.fitting(kept, max(0, room - len(pack.packed(_json(said["overview"])))))
    said["runs"] = {"count": len(kept.first), "end": kept.end, "widths": table.WIDTHS}
    return letters


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _policy(style: str, script: str) -> str:
    own = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    closed = "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    return f"default-src 'none'; {own}; {closed}"


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text("utf-8")


def _script() -> str:
    return '"use strict";\n' + "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)


def _filled(parts: dict[str, str]) -> str:
    """The template with its parts, in one pass: a part may hold what looks like the place of another."""
    pieces = re.split(r"\{\{([A-Z]+)\}\}", _asset("page.html"))
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))
