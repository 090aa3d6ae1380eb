"""Puts the book together: Markdown, figures, and `book.json`, from which `vhdx book` answers questions by name."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from posixpath import dirname, join
from typing import Any

from vhdx_format import layout
from vhdx_format.clauses import CLAUSES
from vhdx_format.rules import RULES

from formats.compiler.schema import Schema, load_schemas, load_yaml

from ...conformance.cases import load_cases
from ...conformance.judge import scoreboard_html
from ...conformance.recipes import form_writer
from ..dumps import as_html
from . import chapters, figures, practice, registry
from .cheat_sheet import cheat_sheet
from .drawing import SHAPES, style
from .figures import byte_map, file_map, has_map, replay_figure, ring_figure
from .pages import BookPage, structure_path
from .recordings import recordings
from .samples import samples as take_samples
from .structure_pages import rule_page, structure_page
from .traceability_page import traceability_page
from .write_pictures import lanes_figure, rings_figure

HAND = Path(__file__).resolve().parents[1]
BOOK = "book"
INDEX = "index.md"
TOPICS = "book.json"


def book(formats: Path) -> dict[str, str]:
    """Every file of the book, made with the `vhdx_format` that Python finds.

    Args:
        formats: folder of the schemas; their titles and their order are those of the page of constants.

    Returns:
        Path below `generated/` and content of every file.

    Raises:
        SchemaError: a page, or a file about readers and writers, is wrong; the message names it.
    """
    data = {
        name.lower(): plain(getattr(layout, name))
        for name in ("CONSTANTS", "GUIDS", "ITEMS", "ENUMS", "PLACES", "STRUCTURES")
    }
    rules, samples = plain(RULES), take_samples()
    pages = _pages(load_schemas(formats), data, rules, samples)
    groups = chapters.contents(load_yaml(HAND / "data" / "contents.yaml"), pages)
    index = next(page for page in pages if page.path == INDEX)
    index.text = "".join(chapters.with_contents(index, groups))
    files = {page.path: page.content() for page in pages} | _figures(data, rules, samples)
    return {f"{BOOK}/{name}": text for name, text in (files | {TOPICS: _json(pages, groups)}).items()}


def plain(value: Any) -> Any:
    """Records as dictionaries, at every depth.

    >>> plain({"a": (layout.Place("header_1", "header", 65536),)})
    {'a': ({'id': 'header_1', 'structure': 'header', 'offset': 65536},)}
    """
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return plain(value._asdict()) if hasattr(value, "_asdict") else tuple(map(plain, value))
    return value


def _pages(
    schemas: tuple[Schema, ...], data: dict[str, Any], rules: dict[str, Any], samples: dict[str, Any]
) -> list[BookPage]:
    folder = HAND / "data"
    known = practice.load(folder, rules, data["structures"])
    pages = chapters.hand_written(HAND)
    pages += [
        chapters.file_map_page(data, samples["file_map"]),
        chapters.states_page(data, samples["states"]),
        chapters.cheat_sheet_page(),
        registry.guid_page(data),
        registry.enum_page(data),
        registry.constant_page(schemas, data),
        rule_page(data, rules),
        *known.pages(),
        chapters.qemu_page(data, load_yaml(folder / "qemu.yaml")),
        chapters.scoreboard_page(),
    ]
    for name, structure in data["structures"].items():
        owner = chapters.owners(data, structure_path(name), name)
        pages.append(structure_page(structure, rules, samples["dumps"].get(name, []), known, owner))
    return [*pages, traceability_page(CLAUSES, RULES)]


def _figures(data: dict[str, Any], rules: dict[str, Any], samples: dict[str, Any]) -> dict[str, str]:
    found = {
        f"structures/{name}.svg": byte_map(structure)
        for name, structure in data["structures"].items()
        if has_map(structure)
    }
    informs = {name: rule["severity"] == "info" for name, rule in rules.items()}
    for name, shown in samples["states"].items():
        told = [one | {"informs": informs} for one in shown]
        enum = data["enums"]["payload_block_state"]
        found[f"block-states-{name}.svg"] = figures.state_figure(name, told, enum)
    found["file-map.svg"] = file_map(data, samples["file_map"])
    found["log-wrapped.svg"] = ring_figure(samples["log"])
    found["log-replay.svg"] = replay_figure(samples["replay"])
    found["cheat-sheet.svg"] = cheat_sheet(data)
    written = recordings()
    found["write-allocating.svg"] = lanes_figure(written["allocating"], "An allocating write")
    found["write-trim.svg"] = lanes_figure(written["trim"], "A trim")
    found["write-ring.svg"] = rings_figure(written["ring"], written["log_length"])
    return found


def _json(pages: list[BookPage], groups: list[dict[str, Any]]) -> str:
    """The book as data: contents, pages and topics."""
    order = {one["path"]: number for number, one in enumerate(one for group in groups for one in group["pages"])}
    ordered = sorted(pages, key=lambda page: order[page.path])
    topics = [asdict(topic) for page in ordered for topic in page.topics]
    content = {
        "contents": groups,
        "pages": {page.path: {"title": page.title, "text": page.text} for page in pages},
        "topics": topics,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


OWN = Path(__file__).parent
ROOT = HAND.parents[1]
SCOREBOARD = ROOT / "tests" / "results" / "scoreboard.json.xz"
CONFIG = "properdocs.yml"
_PAGES = "pages"
_FIGURE = re.compile(r"^!\[(?P<title>[^]]*)\]\((?P<path>[^)]+\.svg)\)$", re.M)
_DUMP = re.compile(r"^```dump\n(.*?)\n```$", re.M | re.S)
_STYLE = re.compile(r"<style>.*?</style>\n", re.S)
_API = "api.md"
_PATHS = "paths: PATHS"  # where the generator of the page of the library finds the code
_SCOREBOARD_PAGE = "scoreboard-table.html"
_SCOREBOARD_LINK = "../../tests/results/scoreboard.md"


def site(book: Mapping[str, str]) -> dict[str, str]:
    """What a generator of static sites is given: its configuration, and the folder of the pages.

    Args:
        book: every file of the book, see `emit.book`.
    """
    files = {name.removeprefix(f"{BOOK}/"): text for name, text in book.items()}
    pages = {name: _page(name, text, files) for name, text in files.items() if name.endswith(".md")}
    pages["book.css"] = style(":root", "[data-bs-theme=dark]") + SHAPES + (OWN / "site.css").read_text("utf-8")
    if SCOREBOARD.is_file():
        pages[_SCOREBOARD_PAGE] = _scoreboard(SCOREBOARD)
    pages[_API] = (OWN / _API).read_text("utf-8")
    nav = [*_contents(files[TOPICS]), {"Library": [{"The library, by name": _API}]}]
    paths = json.dumps([str(ROOT), str(ROOT / "generated")])
    config = (OWN / CONFIG).read_text("utf-8").replace(_PATHS, f"paths: {paths}") + f"nav: {json.dumps(nav)}\n"
    return {f"{_PAGES}/{name}": text for name, text in pages.items()} | {CONFIG: config}


def _scoreboard(path: Path) -> str:
    """How readers did, as the page that `vhdx conformance run --html` would have written with this record."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        record = json.load(file)
    return scoreboard_html.page(record, {case.id: form_writer.dump(case) for case in load_cases()})


def _contents(topics: str) -> list[dict[str, Any]]:
    return [
        {group["group"]: [{page["title"]: page["path"]} for page in group["pages"]]}
        for group in json.loads(topics)["contents"]
        if group["pages"]
    ]


def _page(name: str, text: str, files: Mapping[str, str]) -> str:
    def _figure(match: re.Match[str]) -> str:
        drawing = _STYLE.sub("", files[join(dirname(name), match["path"])])
        return f'<figure class="drawing">{drawing.strip()}</figure>'

    shown = _DUMP.sub(lambda match: as_html(match[1]), _FIGURE.sub(_figure, text))
    return shown.replace(_SCOREBOARD_LINK, _SCOREBOARD_PAGE)
