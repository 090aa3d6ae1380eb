"""The book is whole: links lead somewhere, nothing that the schemas declare is missing, the figures are drawings."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath
from xml.etree import ElementTree

import pytest
from vhdx_format.layout import CONSTANTS, ENUMS, GUIDS, STRUCTURES
from vhdx_format.rules import RULES

from tests.book.support import ANCHOR, BOOK, LINK, PAGES, dumps, prose, structure_page
from tests.generated.engines import FIXED

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = sorted(path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*.svg"))
CHAPTERS = {
    "index.md", "file-map.md", "write-a-reader.md", "glossary.md", "headers.md", "log.md", "bat.md", "block-states.md",
    "bitmaps.md", "chains.md", "guids.md", "enums.md", "constants.md", "rules.md", "traceability.md", "divergences.md",
    "pitfalls.md", "qemu-header.md", "scoreboard.md", "languages.md",
}  # fmt: skip


def test_every_chapter_is_there() -> None:
    assert PAGES.keys() >= CHAPTERS | {f"structures/{name}.md" for name in STRUCTURES}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_an_anchor(page: str) -> None:
    inside = [link for link in LINK.findall(prose(page)) if not re.match(r"https?://", link)]
    assert inside or page == "constants.md", "a page without links"
    for link in inside:
        path, _, anchor = link.partition("#")
        target = (BOOK / page).parent / path if path else BOOK / page
        assert target.is_file(), link
        if anchor:
            name = target.resolve().relative_to(BOOK.resolve()).as_posix()
            assert anchor in ANCHOR.findall(PAGES[name]), link


@pytest.mark.parametrize("page", PAGES)
def test_every_anchor_stands_once(page: str) -> None:
    counts = Counter(ANCHOR.findall(PAGES[page]))
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_page_can_be_reached_from_the_first() -> None:
    reached, new = {"index.md"}, ["index.md"]
    while new:
        page = new.pop()
        for link in LINK.findall(prose(page)):
            parts = PurePosixPath(page).parent.joinpath(link.partition("#")[0]).parts
            name = "/".join(parts).replace("structures/../", "")
            if name in PAGES and name not in reached:
                reached.add(name)
                new.append(name)
    assert reached == set(PAGES)


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_field_and_value_is_on_the_page_of_its_structure(name: str) -> None:
    structure, page = STRUCTURES[name], structure_page(name)
    assert structure.doc in page
    for field in structure.fields:
        (row,) = [line for line in page.splitlines() if f'<a id="{field.id}"></a>`{field.id}`' in line]
        assert field.doc.replace("|", "\\|") in row
        assert field.offset is None or row.startswith(f"| {field.offset:#x} |")
        assert field.unit is None or f"| {field.unit} |" in row
        assert all(f"`{other}`" in row for other in field.orig_ids)
    for instance in structure.instances:
        assert instance.rule or instance.constant or f"`{instance.id}` |" in page


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_in_the_catalogue_and_on_the_page_of_its_structure(name: str) -> None:
    rule = RULES[name]
    part = PAGES["rules.md"].split(f'<a id="{name.lower()}"></a>')[1].split('<a id="')[0]
    for text in (rule.slug, rule.text, rule.reader, rule.repair_how, rule.why, rule.verdict, rule.provable.reason):
        assert text in part
    if rule.structure in STRUCTURES:
        assert f"[{name}](../rules.md#{name.lower()})" in structure_page(rule.structure)


def test_every_guid_constant_and_value_is_in_the_registries() -> None:
    for name, guid in GUIDS.items():
        (row,) = [line for line in PAGES["guids.md"].splitlines() if f"`{name}` |" in line]
        assert guid.value in row
        assert guid.raw.hex(" ") in row
        assert guid.doc in row
    for name, constant in CONSTANTS.items():
        (row,) = [line for line in PAGES["constants.md"].splitlines() if f"`{name}` |" in line]
        assert constant.doc.replace("|", "\\|") in row
    for enum, values in ENUMS.items():
        part = PAGES["enums.md"].split(f"## `{enum}`")[1].split("\n## ")[0]
        for value in values.values():
            assert re.search(rf"^\| {value.value} \| .*`{value.id}` \| {re.escape(value.doc)} \|", part, re.M)


def test_every_structure_is_shown_on_real_bytes() -> None:
    assert {structure for structure, _, _ in dumps()} == set(STRUCTURES)


def test_every_divergence_and_pitfall_has_its_number() -> None:
    assert re.findall(r"^### (D-\d\d): ", PAGES["divergences.md"], re.M) == [f"D-{n:02}" for n in range(1, 48)]
    assert re.findall(r"^### (P-\d\d): ", PAGES["pitfalls.md"], re.M) == [f"P-{n:02}" for n in range(1, 33)]


def test_qemus_comments_are_corrected() -> None:
    table = PAGES["qemu-header.md"].split("## ")[0]
    assert len(re.findall(r"^\| (?!About|---)", table, re.M)) == 10
    for said, holds in (("582 bytes", "80 bytes are defined"), ("multiple of 1 MiB", "A multiple of 4 KiB")):
        assert f"| {said} | {holds}" in table


def test_every_other_name_of_the_schemas_is_in_the_dictionary() -> None:
    names = [*STRUCTURES.values(), *CONSTANTS.values(), *GUIDS.values()]
    for item in names:
        assert all(f"`{name}`" in PAGES["qemu-header.md"] for name in item.orig_ids)


def test_there_are_figures() -> None:
    assert {"file-map.svg", "log-wrapped.svg", "log-replay.svg", "block-states-fixed.svg"} <= set(FIGURES)
    assert {f"structures/{name}.svg" for name in FIXED} <= set(FIGURES)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_stays_inside_its_frame_and_is_shown(figure: str) -> None:
    root = ElementTree.fromstring((BOOK / figure).read_text("utf-8"))
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    shapes = list(root.iter(f"{SVG}rect"))
    assert len(shapes) > 1
    for shape in shapes:
        x, y = int(shape.attrib["x"]), int(shape.attrib["y"])
        assert 0 <= x < x + int(shape.attrib["width"]) <= width
        assert 0 <= y < y + int(shape.attrib["height"]) <= height
    for text in root.iter(f"{SVG}text"):
        assert 0 < int(text.attrib["x"]) <= width
        assert 0 < int(text.attrib["y"]) <= height
    name = PurePosixPath(figure).name
    assert any(f"]({name})" in content for content in PAGES.values())


def test_the_cheat_sheet_has_every_structure_and_the_bits_of_an_entry() -> None:
    root = ElementTree.fromstring((BOOK / "cheat-sheet.svg").read_text("utf-8"))
    words = [text.text for text in root.iter(f"{SVG}text")]
    for name, structure in STRUCTURES.items():
        assert any(str(word).split(",")[0] == name for word in words), name
        assert {field.id for field in structure.fields} <= set(words)
    at = words.index("file_offset_mb_high")
    assert words[at - 1] == "b32-63"  # MS-VHDX 2.5.1: FileOffsetMB is bits 20 to 63, here in two parts


@pytest.mark.parametrize("name", FIXED)
def test_the_byte_map_of_a_structure_names_its_fields(name: str) -> None:
    root = ElementTree.fromstring((BOOK / f"structures/{name}.svg").read_text("utf-8"))
    titles = {title.text for title in root.iter(f"{SVG}title")}
    assert {field.id for field in STRUCTURES[name].fields} <= titles


def test_no_page_names_the_place_where_it_was_made() -> None:
    for content in PAGES.values():
        assert not re.search(r"(?<![\w.])/(?:root|home|tmp|work)/", content)
