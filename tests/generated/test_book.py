"""The layout documentation is whole: its links lead somewhere, its figures are drawings, nothing is left out."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from vhdx_format.layout import CONSTANTS, GUIDS, STRUCTURES
from vhdx_format.rules import RULES

from tests.generated.engines import FIXED

BOOK = Path(__file__).resolve().parents[2] / "generated" / "book"
PAGES = {path.name: path.read_text("utf-8") for path in sorted(BOOK.glob("*.md"))}


def test_every_link_leads_to_a_page_and_an_anchor() -> None:
    links = [(page, link) for page, text in PAGES.items() for link in re.findall(r"\]\(([^)]+)\)", text)]
    assert len(links) > 200
    for page, link in links:
        name, _, anchor = link.partition("#")
        assert (BOOK / (name or page)).is_file(), (page, link)
        assert not anchor or f'<a id="{anchor}"></a>' in PAGES[name or page], (page, link)


def test_every_anchor_stands_once() -> None:
    anchors = [anchor for text in PAGES.values() for anchor in re.findall(r'<a id="([^"]+)">', text)]
    assert len(anchors) == len(set(anchors))
    assert {name.lower() for name in RULES} | set(STRUCTURES) == set(anchors)


@pytest.mark.parametrize("name", sorted(STRUCTURES))
def test_every_field_is_on_the_page_of_its_structure(name: str) -> None:
    structure = STRUCTURES[name]
    page = PAGES[f"{structure.schema}.md"]
    part = page.split(f'<a id="{name}"></a>')[1].split("\n## ", 2)[1]
    for field in structure.fields:
        assert f"| `{field.id}` |" in part
    for rule in RULES.values():
        if rule.structure == name:
            assert f"**{rule.id}**" in part
            assert rule.text in part


def test_every_constant_and_every_guid_is_somewhere() -> None:
    everything = "".join(PAGES.values())
    for name in [*CONSTANTS, *GUIDS]:
        assert f"| `{name}` |" in everything


@pytest.mark.parametrize("name", FIXED)
def test_every_fixed_structure_has_a_figure_that_names_its_fields(name: str) -> None:
    text = (BOOK / f"{name}.svg").read_text("utf-8")
    root = ElementTree.fromstring(text)
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    for shape in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y = int(shape.attrib.get("x", "0")), int(shape.attrib.get("y", "0"))
        assert 0 <= x < x + int(shape.attrib["width"]) <= width
        assert 0 <= y < y + int(shape.attrib["height"]) <= height
    titles = {title.text for title in root.iter("{http://www.w3.org/2000/svg}title")}
    assert {field.id for field in STRUCTURES[name].fields} <= titles
    assert f"{name}.svg)" in PAGES[f"{STRUCTURES[name].schema}.md"]
