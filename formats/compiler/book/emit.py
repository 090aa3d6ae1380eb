"""Writes the book: Markdown, figures, and `book.json`, from which the package answers questions by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from formats.compiler.book import chapters, practice, registry, states
from formats.compiler.book.byte_map import byte_map, has_map
from formats.compiler.book.file_map import file_map
from formats.compiler.book.log_pictures import replay_figure, ring_figure
from formats.compiler.book.pages import Page, structure_path
from formats.compiler.book.rule_pages import rule_page
from formats.compiler.book.structure_pages import structure_page
from formats.compiler.model import Model
from formats.compiler.rulebook import Rulebook, rules_data
from formats.compiler.schema import SchemaError, load_yaml

ROOT = Path(__file__).resolve().parents[3]
HAND = ROOT / "vhdx_runtime" / "book"
INDEX = "index.md"


def take_samples(package: Path) -> dict[str, Any]:
    """What the book shows of real files, made with a package that was just generated.

    Args:
        package: the folder that holds it.

    Raises:
        SchemaError: the runtime cannot make or read its images with these schemas.
    """
    path = os.pathsep.join([str(package), str(ROOT)])
    environment = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "formats.compiler.book.samples"]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=environment, cwd=package)
    if done.returncode:
        raise SchemaError(f"the images of the book cannot be made: {done.stderr.strip()[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def emit_book(
    model: Model, book: Rulebook, data: dict[str, Any], samples: dict[str, Any], others: Mapping[str, str]
) -> tuple[dict[str, str], str]:
    """Every file of the book, and `book.json`.

    Args:
        model: the schemas.
        book: the rules.
        data: the layout.
        samples: see `take_samples`.
        others: pages that another emitter writes into the same folder: name and content.

    Returns:
        Name and content of every file, and the content of `book.json`.
    """
    rules = rules_data(book)
    own = _pages(model, data, rules, samples)
    pages = [*own, *(chapters.finished(path, content) for path, content in others.items())]
    groups = chapters.contents(load_yaml(HAND / "data" / "contents.yaml"), pages)
    index = next(page for page in pages if page.path == INDEX)
    index.text = "".join(chapters.with_contents(index, groups))
    files = {page.path: page.content() for page in own} | _figures(data, rules, samples)
    return files, _json(pages, groups)


def _pages(model: Model, data: dict[str, Any], rules: dict[str, Any], samples: dict[str, Any]) -> list[Page]:
    folder = HAND / "data"
    known = practice.load(folder, rules, data["structures"])
    pages = chapters.hand_written(HAND)
    pages += [
        chapters.file_map_page(data, samples["file_map"]),
        chapters.states_page(data, samples["states"]),
        registry.guid_page(data),
        registry.enum_page(data),
        registry.constant_page(model.schemas, data),
        rule_page(data, rules),
        *known.pages(),
        chapters.qemu_page(data, load_yaml(folder / "qemu.yaml")),
        chapters.scoreboard_page(),
    ]
    for name, structure in data["structures"].items():
        owner = chapters.owners(data, structure_path(name), name)
        pages.append(structure_page(structure, rules, samples["dumps"].get(name, []), known, owner))
    return pages


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
        found[f"block-states-{name}.svg"] = states.state_figure(name, told, enum)
    found["file-map.svg"] = file_map(data, samples["file_map"])
    found["log-wrapped.svg"] = ring_figure(samples["log"])
    found["log-replay.svg"] = replay_figure(samples["replay"])
    return found


def _json(pages: list[Page], groups: list[dict[str, Any]]) -> str:
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
