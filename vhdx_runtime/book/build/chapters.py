"""The chapters that are neither a structure nor a table: written by hand, or put together around a figure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from formats.compiler.schema import SchemaError, load_yaml, text

from .figures import TYPES
from .pages import BookPage, Topic, code, link_to, structure_path, table
from .registry import dictionary

_TITLE = re.compile(r"\A# (.+)\n")


def finished(path: str, text: str, also: Iterable[str] = ()) -> BookPage:
    """A page that is written by hand, from its text; `also` are other names of what it is about.

    Raises:
        SchemaError: it does not begin with a title.
    """
    title = _TITLE.match(text)
    if title is None:
        raise SchemaError(f"{path} does not begin with a title")
    topic = Topic(Path(path).stem, "chapter", title[1], path, also=tuple(also))
    return BookPage(path, title[1], "", text, [topic], is_written_by_hand=True)


def hand_written(folder: Path) -> list[BookPage]:
    """The pages of `semantics/` and `pages/`, as they are written, with the names of `data/names.yaml`.

    Raises:
        SchemaError: one does not begin with a title, or a name is for a page that is not there.
    """
    names = load_yaml(folder / "data" / "names.yaml")
    paths = [path for name in ("semantics", "pages") for path in sorted((folder / name).glob("*.md"))]
    if unknown := names.keys() - {path.name for path in paths}:
        raise SchemaError(f"names.yaml: there is no page {', '.join(sorted(unknown))}")
    return [finished(path.name, path.read_text("utf-8"), names.get(path.name, ())) for path in paths]


def file_map_page(data: dict[str, Any], sample: dict[str, Any]) -> BookPage:
    """The file map: figure, fixed places, and who owns what in the file that the book looks into."""
    path = "file-map.md"
    places = [
        (f"{one['offset']:#x}", f"`{one['id']}`", link_to(one["structure"], structure_path(one["structure"]), path))
        for one in data["places"]
    ]
    owners = [(f"{offset:#x}", f"{offset + length:#x}", name) for name, offset, length in sample["owners"]]
    body = (
        "# File map\n\nA VHDX file begins with a header section of 1 MiB, in which five things have a fixed place. "
        "Behind it come the log, the regions and the blocks, in any order, each at a multiple of 1 MiB. "
        "The header that is "
        f"{link_to('current', 'headers.md', path)} says where the log is, the "
        f"{link_to('region table', structure_path('region_table'), path)} where BAT and metadata are, and the "
        f"{link_to('BAT', 'bat.md', path)} where the blocks are.\n\n![File map](file-map.svg)\n\n## Fixed places\n\n"
    )
    body += table(("File offset", "Place", "Structure"), places)
    body += f"## A whole file\n\nEverything in `{sample['file']}`, the file whose bytes this book shows:\n\n"
    body += table(("From", "To", "What"), [("0x0", owners[0][0], "header section"), *owners])
    return _page(path, "File map", body)


def states_page(data: dict[str, Any], states: dict[str, list[dict[str, Any]]]) -> BookPage:
    """What each state of a block means, drawn for each type of disk."""
    path = "block-states.md"
    body = (
        "# Block states\n\nThree bits of a BAT entry say what a payload block is. What that means for a read "
        "depends on the type of the disk. The figures show what this project's reader makes of three small disks "
        "whose block *n* has state *n*; where a rule is broken or has something to remark, it stands in the box.\n\n"
    )
    for name in TYPES:
        body += f"## {name.capitalize()}\n\n![Block states of a {name} disk](block-states-{name}.svg)\n\n"
        rules = dict.fromkeys(rule for one in states[name] for rule in one["rules"])
        listed = ", ".join(link_to(rule, "rules.md", path, rule.lower()) for rule in rules)
        body += f"Rules here: {listed}.\n\n" if listed else ""
    body += "## The states in words\n\n"
    for enum, values in data["enums"].items():
        rows = [(value, f"`{item['id']}`", item["doc"]) for value, item in values.items()]
        body += f"{link_to(enum.replace('_', ' ').capitalize(), 'enums.md', path, enum)}:\n\n"
        body += table(("State", "Name", "Meaning"), rows)
    return _page(path, "Block states", body)


def qemu_page(data: dict[str, Any], comments: list[dict[str, Any]]) -> BookPage:
    """QEMU's header: its comments that mislead, and where each of its names is described here.

    Raises:
        SchemaError: a comment is about a field or constant that is not there.
    """
    path = "qemu-header.md"
    rows = [(one["about"], text(one["gives"]), text(one["holds"]), _place(one["at"], data, path)) for one in comments]
    body = (
        "# QEMU's header, corrected\n\nMany readers learned the format from `block/vhdx.h` of QEMU. Its layout "
        "is right. Some of its comments are not, or say something that only holds in part:\n\n"
        + table(("About", "The comment gives", "What holds", "Here"), rows)
        + "## Every name, and where it is here\n\nStructures, constants, GUIDs and values by the names of the "
        "specification and of QEMU's header, fields by those of the header, as the schemas record them. What is in "
        "that header and not in this table belongs to its driver; `formats/README.md` says what became of each.\n\n"
    )
    return _page(path, "QEMU's header, corrected", body + dictionary(data, path))


def _place(name: str, data: dict[str, Any], page: str) -> str:
    structure, _, field = name.partition(".")
    if not field and name in data["constants"]:
        return link_to(f"`{name}`", "constants.md", page, name)
    known = data["structures"].get(structure, {"fields": ()})["fields"]
    if field not in {item["id"] for item in known}:
        raise SchemaError(f"qemu.yaml: nothing is called {name}")
    return link_to(f"`{name}`", structure_path(structure), page, field)


def cheat_sheet_page() -> BookPage:
    """The layout on one page."""
    path = "cheat-sheet.md"
    body = (
        "# Cheat sheet\n\nEvery structure on one page, to print: offset and size in bytes, field. The same with "
        f"words is in the {link_to('file map', 'file-map.md', path)} and on the page of each structure.\n\n"
        "![Cheat sheet](cheat-sheet.svg)\n"
    )
    return _page(path, "Cheat sheet", body)


def scoreboard_page() -> BookPage:
    """Where the scoreboard is."""
    body = (
        "# Scoreboard\n\nEight readers in front of all conformance cases, with versions and date: "
        "[tests/results/scoreboard.md](../../tests/results/scoreboard.md). `make scoreboard` makes it anew; "
        f"{link_to('Write a reader in an afternoon', 'write-a-reader.md', 'scoreboard.md')} shows how to put your own "
        "reader on it. Why they differ is listed in "
        f"{link_to('Where readers differ', 'divergences.md', 'scoreboard.md')}.\n"
    )
    return _page("scoreboard.md", "Scoreboard", body)


def contents(groups: list[dict[str, Any]], pages: Iterable[BookPage]) -> list[dict[str, Any]]:
    """The table of contents: groups, each with paths and titles of its pages.

    Args:
        groups: as `contents.yaml` has them.
        pages: pages of the book; one that is in no list stands at the end of its group, or of the last.
    """
    known = {page.path: page for page in pages}
    listed = {path for group in groups for path in group["pages"]}
    names = [group["group"] for group in groups]
    found = []
    for group in groups:
        own = [path for path in group["pages"] if path in known]
        for path, page in known.items():
            home = page.group if page.group in names else names[-1]
            own += [path] if path not in listed and home == group["group"] else []
        entries = [{"path": path, "title": known[path].title} for path in own]
        found.append({"group": group["group"], "pages": entries})
    return found


def with_contents(index: BookPage, groups: list[dict[str, Any]]) -> Iterator[str]:
    """The index, and behind it the table of contents."""
    yield index.text.rstrip() + "\n\n## Contents\n\n"
    for group in groups:
        links = ", ".join(
            link_to(one["title"], one["path"], index.path) for one in group["pages"] if one["path"] != index.path
        )
        if links:
            yield f"- **{group['group']}**: {links}\n"


def _page(path: str, title: str, body: str) -> BookPage:
    return BookPage(path, title, "", body, [Topic(Path(path).stem, "chapter", title, path)])


def owners(data: dict[str, Any], page: str, name: str) -> str:
    """Where structures of a kind stand: fixed places, and the structures that hold them."""
    fixed = [f"`{one['id']}` at {one['offset']:#x}" for one in data["places"] if one["structure"] == name]
    wanted = {"guid"} if name == "ms_guid" else {name}
    inside = [
        link_to(structure["name"], structure_path(structure["name"]), page)
        for structure in data["structures"].values()
        if any(item["type"] in wanted for item in structure["fields"])
    ]
    said = [f"Fixed places: {', '.join(fixed)}."] if fixed else []
    said += [f"Part of: {', '.join(inside)}."] if inside else []
    guid = data["guids"].get(name)
    said += [f"Metadata item {code([guid['value']])}."] if guid and name in data["structures"] else []
    return " ".join(said) + "\n\n" if said else ""
