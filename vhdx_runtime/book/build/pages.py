"""What a page of the book is made of: Markdown tables, links, topics that can be asked for by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from posixpath import dirname, relpath

NOTE = "<!-- Machine-written by `make book`; do not edit. -->\n"


@dataclass(frozen=True)
class Topic:
    """Something of which the book says something: `kind` is structure, field, rule, guid, value, constant or chapter.

    `text` is Markdown that stands on its own, with links as on `page`; empty where the whole page is about the topic.
    """

    name: str
    kind: str
    title: str
    page: str
    anchor: str = ""
    text: str = ""
    also: tuple[str, ...] = ()


@dataclass
class BookPage:
    """One page: path below the book's folder, title, group in the table of contents, Markdown without the note."""

    path: str
    title: str
    group: str
    text: str
    topics: list[Topic] = field(default_factory=list)
    is_written_by_hand: bool = False

    def content(self) -> str:
        """The file's content."""
        note = "" if self.is_written_by_hand else NOTE
        return f"{note}{self.text.rstrip()}\n"


def cell(value: object) -> str:
    """Text that fits a table cell."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table with an empty line behind it; columns that are empty in every row are left out."""
    titles, lines = list(head), [list(row) for row in rows]
    kept = [index for index in range(len(titles)) if any(str(line[index]) for line in lines)]
    body: list[list[object]] = [[line[index] for index in kept] for line in lines]
    shown: list[list[object]] = [[titles[index] for index in kept], ["---"] * len(kept), *body]
    return "".join("| " + " | ".join(cell(item) for item in line) + " |\n" for line in shown) + "\n"


def structure_path(name: str) -> str:
    """The page of a structure."""
    return f"structures/{name}.md"


def link_to(text: str, target: str, page: str, anchor: str = "") -> str:
    """A link from one page to another; both are paths below the book's folder."""
    there = "" if target == page else relpath(target, dirname(page) or ".")
    return f"[{text}]({there}{'#' + anchor if anchor else ''})"


def code(names: Iterable[str]) -> str:
    """Names in code type, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def section_text(number: str) -> str:
    """Write "MS-VHDX 2.2", or "" for what the specification does not have."""
    return f"MS-VHDX {number}" if number[:1].isdigit() else ""


def anchor(identifier: str) -> str:
    """A place that links can lead to."""
    return f'<a id="{identifier}"></a>'
