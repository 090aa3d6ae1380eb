"""The book as the tests read it: its pages, their links and anchors, their dumps."""

from __future__ import annotations

import re
from pathlib import Path

BOOK = Path(__file__).resolve().parents[2] / "generated" / "book"
PAGES = {path.relative_to(BOOK).as_posix(): path.read_text("utf-8") for path in sorted(BOOK.rglob("*.md"))}
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)">')
DUMP = re.compile(r"^([^\n]+):\n\n```dump\n(.*?)^```$", re.M | re.S)


def prose(page: str) -> str:
    """A page without its code."""
    return FENCE.sub("", PAGES[page])


def structure_page(name: str) -> str:
    """The page of a structure."""
    return PAGES[f"structures/{name}.md"]


def dumps() -> list[tuple[str, str, str]]:
    """Structure, caption and text of every dump in the book."""
    return [
        (Path(page).stem, caption, text) for page, content in PAGES.items() for caption, text in DUMP.findall(content)
    ]
