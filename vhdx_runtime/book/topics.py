"""Finding things in the book by name: chapters, structures, fields, rules, GUIDs, values, constants.

Reads `book.json` of the generated book.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from typing import Any

_SUGGESTIONS = 5
_LINK = re.compile(r"\[([^\]\[]*)\]\([^)\s]*\)")
_FIGURE_SECTION = re.compile(r"^#+ [^\n]*\n\n!\[[^\n]*\n\n(?=#|\Z)", re.M)
_TABLE = re.compile(r"(?:^\|.*\|\n)+", re.M)
_COLUMN = re.compile(r"(?<!\\)\|")
_WIDE = "Other names"
_IMAGE = re.compile(r"^!\[.*\n\n?", re.M)
_ANCHOR = re.compile(r'<a id="[^"]*"></a>(?:\n\n)?')


@dataclass(frozen=True, slots=True)
class Match:
    """One thing that the book speaks of.

    Attributes:
        name: "header", "header.log_guid", "LOG-023", "bat_region", "log".
        kind: chapter, structure, rule, field, value, guid, constant or practice.
        title: for people.
        page: path of its page below the book's folder, with the anchor where there is one.
        markdown: what the book says, as on that page; links lead to other pages.
    """

    name: str
    kind: str
    title: str
    page: str
    markdown: str

    @property
    def text(self) -> str:
        """The same Markdown for a terminal: without links, figures and anchors, and with narrower tables."""
        plain = _ANCHOR.sub("", _IMAGE.sub("", _FIGURE_SECTION.sub("", self.markdown)))
        return _TABLE.sub(lambda match: _narrowed(match[0]), _LINK.sub(r"\1", plain))


class Book:
    """The whole book.

    Args:
        data: content of `book.json`.
    """

    KINDS = ("chapter", "structure", "rule", "field", "value", "guid", "constant", "practice")

    def __init__(self, data: dict[str, Any]) -> None:
        self.contents: list[dict[str, Any]] = data["contents"]
        self._pages: dict[str, dict[str, str]] = data["pages"]
        self._topics: list[dict[str, Any]] = data["topics"]

    def find(self, name: str, kind: str = "") -> list[Match]:
        """Everything that is called `name`, of the first kind of which there is any.

        The name itself comes first ("header.log_guid", "LOG-023"), then other names of the same thing ("log_guid",
        "LogGuid", "VHDXHeader"), each also with other capitals, and with spaces or hyphens for underscores. A chapter
        comes before a structure, a structure before a field.

        Args:
            name: as typed.
            kind: one of `KINDS`, or "" for all.

        Returns:
            What was found; empty where nothing is called that.
        """
        wanted = _plain(name)
        topics = [topic for topic in self._topics if kind in ("", topic["kind"])]
        exact = [topic for topic in topics if _plain(topic["name"]) == wanted]
        alike = exact or [topic for topic in topics if wanted in map(_plain, topic["also"])]
        ordered = sorted(alike, key=lambda topic: self.KINDS.index(topic["kind"]))
        best = [topic for topic in ordered if topic["kind"] == ordered[0]["kind"]]
        return [self._found(topic) for topic in best]

    def suggestions(self, name: str) -> list[str]:
        """Names that look like one that is nowhere, the nearest first; those that it is a part of come at the end."""
        names: dict[str, str] = {}
        for topic in self._topics:
            for known in (topic["name"], *topic["also"]):
                names.setdefault(_plain(known), topic["name"])
        wanted = _plain(name)
        close = [names[known] for known in get_close_matches(wanted, list(names), _SUGGESTIONS, 0.6)]
        close += [shown for known, shown in names.items() if wanted and wanted in known]
        return list(dict.fromkeys(close))[:_SUGGESTIONS]

    def names(self, kind: str) -> list[str]:
        """Names of all things of a kind, in the order of the book."""
        return [topic["name"] for topic in self._topics if topic["kind"] == kind]

    def all(self) -> Iterator[Match]:
        """Everything that can be asked for."""
        return (self._found(topic) for topic in self._topics)

    def _found(self, topic: dict[str, Any]) -> Match:
        anchor = f"#{topic['anchor']}" if topic["anchor"] else ""
        markdown = topic["text"] or self._pages[topic["page"]]["text"]
        return Match(topic["name"], topic["kind"], topic["title"], topic["page"] + anchor, markdown)


def _narrowed(table: str) -> str:
    """A table without the column of other names; each topic lists its own."""
    rows = [_COLUMN.split(line)[1:-1] for line in table.splitlines()]
    left_out = [index for index, title in enumerate(rows[0]) if title.strip() == _WIDE]
    kept = [[cell for index, cell in enumerate(row) if index not in left_out] for row in rows]
    return "".join(f"|{'|'.join(row)}|\n" for row in kept)


def _plain(name: str) -> str:
    """A name without what people leave out or write otherwise.

    >>> _plain("BAT Entry"), _plain("log-guid"), _plain("LOG-023")
    ('bat_entry', 'log_guid', 'log_023')
    """
    return name.strip().lower().removesuffix(".md").replace("-", "_").replace(" ", "_")


def load() -> Book:
    """The book that came with the package; in a checkout, the one beside the generated package."""
    installed = resources.files(__package__).joinpath("book.json")
    made = resources.files("vhdx_format").joinpath("..", "book", "book.json")
    return Book(json.loads((installed if installed.is_file() else made).read_text("utf-8")))
