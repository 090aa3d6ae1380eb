"""The images that the tests of the page work on; a page taken apart; a browser that tells what it was asked for."""

from __future__ import annotations

import base64
import json
import re
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import run
from tests.support.extras import need
from tests.support.patience import HANG
from vhdx_runtime.conformance import (
    Bat,
    Block,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    ParentLocator,
    Recipe,
    Zeros,
    expand,
    make_guid,
)

KIB, MIB, TIB = 1 << 10, 1 << 20, 1 << 40
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
    "--disable-component-update", "--disable-sync", "--no-default-browser-check",
)  # fmt: skip

_TELL = "addEventListener('securitypolicyviolation', event => console.error('violation', event.violatedDirective))"

SCRIPT = "<script>document.title='owned'</script>"
BREAKOUT = "</script><img src=x onerror=document.title='owned'>"
BIDI = "\u202egnp.exe\u2066\u200f"
LONG = "<b>long</b>" + "A" * 32_000

DIRTY = Recipe(
    name="dirty",
    geometry=Geometry(virtual_disk_size=16 * MIB),
    headers=(HeaderCopy(8, damage="torn"), HeaderCopy(7)),
    bat=Bat((Block(0), Block(1), Block(3), Block(4, fills=(Fill(0, 100),)), Block(8, 2), Block(15)), order="scrambled"),
    log=Log(
        (
            LogEntry((Hide("bat"),), sequence_number=9),
            LogEntry((Hide("payload[0]", 4096, 8192, "noise"), Zeros("payload[1]", 0, 16 * KIB))),
        )
    ),
)
CHILD = Recipe(
    name="child",
    geometry=Geometry("differencing", 8 * MIB),
    bat=Bat((Block(1, 7, sectors=((0, 1), (2000, 48))), Block(2), Block(5, 2))),
    parent=ParentLocator(
        (("parent_linkage", "{11111111-1111-1111-1111-111111111111}"), ("relative_path", "base.vhdx"))
    ),
)
BROKEN = Recipe(
    name="broken",
    geometry=Geometry(virtual_disk_size=8 * MIB),
    bat=Bat((Block(0), Block(1, 4), Block(2), Block(6, 4))),
)
HOSTILE = Recipe(
    name="hostile",
    creator=f"{SCRIPT}{BREAKOUT}{BIDI}",
    geometry=Geometry("differencing"),
    metadata=Metadata(extra=(Item(make_guid("user"), f"{SCRIPT}{BREAKOUT}".encode(), is_user=True),)),
    parent=ParentLocator(
        (
            ("parent_linkage", "{11111111-1111-1111-1111-111111111111}"),
            ("relative_path", f"{BREAKOUT}\0{BIDI}"),
            ("volume_path", f"\ud800 lone {SCRIPT}"),
            ("absolute_win32_path", LONG),
            (f"key{BIDI}", "x"),
        )
    ),
)


@cache
def contents(recipe: Recipe) -> Any:
    """A recipe, expanded."""
    return expand(recipe)


def written(folder: Path, recipe: Recipe) -> Path:
    """The image of a recipe."""
    path: Path = contents(recipe).write(folder)
    return path


def page_of(image: Path, *options: str, code: int = 0) -> Path:
    """The page of an image, as the command writes it."""
    page = image.with_suffix(".html")
    run("inspect", image, "--html", page, *options, code=code)
    return page


def facts_of(page: Path) -> dict[str, Any]:
    """What a page holds, taken out of it by other means than its own script."""
    found: dict[str, Any] = json.loads(unpacked(page, "facts"))
    return found


def unpacked(page: Path, name: str) -> bytes:
    """One of the compressed parts of a page."""
    match = re.search(rf'<script type="text/plain" id="{name}">([A-Za-z0-9+/=]*)</script>', page.read_text())
    assert match, f"{page} has no part called {name}"
    return zlib.decompress(base64.b64decode(match[1])) if match[1] else b""


def runs_of(page: Path) -> list[tuple[int, int, int, int]]:
    """The runs of a page, the slow and obvious way: first entry, entries, low bits of the word, MiB (0 for nowhere)."""
    facts = facts_of(page)
    data, rows = unpacked(page, "runs"), facts["runs"]["count"]
    step = facts["geometry"]["block_size"] // MIB

    def numbers(at: int, count: int, width: int) -> list[int]:
        planes = [data[at + plane * count : at + (plane + 1) * count] for plane in range(width)]
        return [int.from_bytes(number, "little") for number in zip(*planes, strict=True)]

    lengths, lows = numbers(0, rows, 4), numbers(4 * rows, rows, 3)
    distances = iter(numbers(7 * rows, sum(low >> 20 for low in lows), 6))
    found, first, end = [], 0, 0
    for length, low in zip(lengths, lows, strict=True):
        place = 0
        if low >> 20:
            coded = next(distances)
            place = end + (-(coded + 1) // 2 if coded % 2 else coded // 2)
            end = place + (length if low & 7 >= 6 else 1) * step
        found.append((first, length, low & (1 << 20) - 1, place))
        first += length
    return found


def million_runs(folder: Path) -> Path:
    """A disk of 64 TiB whose two million blocks lie in pairs in random order: a million runs of its table."""
    import numpy

    block, ratio, count = 32 * MIB, 128, 64 * TIB // (32 * MIB)
    made = expand(Recipe(name="million", geometry=Geometry(virtual_disk_size=64 * TIB, block_size=block)))
    path: Path = made.write(folder)
    with open(path, "r+b") as file:
        file.seek(192 * KIB + 16)
        entries = [struct.unpack("<16sQII", file.read(32)) for _ in range(2)]
        table = next(offset for guid, offset, _, _ in entries if guid[:4] == bytes.fromhex("6677c22d"))
        first = -(-path.stat().st_size // MIB)
        order = numpy.arange(count, dtype="<u8").reshape(-1, 2)
        order = order[numpy.random.default_rng(2026).permutation(len(order))].reshape(-1)
        words = ((order * numpy.uint64(block // MIB) + numpy.uint64(first)) << numpy.uint64(20)) | numpy.uint64(6)
        chunks = numpy.zeros((count // ratio, ratio + 1), "<u8")
        chunks[:, :ratio] = words.reshape(-1, ratio)
        file.seek(table)
        file.write(chunks.reshape(-1)[:-1].tobytes())
        file.truncate(first * MIB + count * block)
    return path


@contextmanager
def roomy_folder(usual: Path) -> Iterator[Path]:
    """A folder on a file system that takes a sparse file of 65 TiB: the usual one, or one in memory; else skips."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else usual) as memory:
        for folder in (usual, Path(memory)):
            probe = folder / "probe"
            try:
                with open(probe, "wb") as file:
                    file.truncate(65 * TIB)
            except OSError:
                continue
            finally:
                probe.unlink(missing_ok=True)
            yield folder
            return
        pytest.skip("a file of 64 TiB: no folder takes one (a tmpfs does, and there is no /dev/shm)")


@dataclass
class Tab:
    """A page in a browser, and everything that it should not have done.

    Attributes:
        page: of Playwright.
        troubles: messages of the console, errors, violations of the page's policy.
        requests: what it asked for, itself excepted.
    """

    page: Any
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def show(self, path: Path, fragment: str = "") -> None:
        """Load a page and wait until it is complete."""
        self.page.goto("about:blank")
        self.requests.clear()
        self.page.goto(f"file://{path}{fragment}")
        self.page.wait_for_selector("body[data-ready=yes]", timeout=HANG * 1000)
        self.requests[:] = [url for url in self.requests if url.partition("#")[0] != f"file://{path}"]

    def text(self, selector: str) -> str:
        """What an element shows."""
        return str(self.page.inner_text(selector))

    def lit(self) -> list[int]:
        """File offsets of the bytes that are marked as selected, those in sight."""
        cells = self.page.eval_on_selector_all("#hex .b.on", "cells => cells.map(cell => Number(cell.dataset.o))")
        return [int(offset) for offset in cells]

    def click_node(self, name: str) -> None:
        """Click a row of the tree by its name."""
        self.page.click(f'#tree [role=treeitem]:has(.name:text-is("{name}"))')

    def open_node(self, name: str) -> None:
        """Open a branch of the tree by its name."""
        self.page.click(f'#tree [role=treeitem]:has(.name:text-is("{name}")) .twist')


@contextmanager
def browser() -> Iterator[Tab]:
    """A browser with one empty page; skips where there is none."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("browser: no chromium is installed (Debian: apt-get install chromium)")
    need("playwright")
    from playwright import sync_api

    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        page = started.new_page(viewport={"width": 1440, "height": 900})
        tab = Tab(page)
        page.on("console", lambda message: tab.troubles.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: tab.troubles.append(f"error: {error}"))
        page.on("request", lambda request: tab.requests.append(request.url))
        page.add_init_script(_TELL)
        yield tab
        started.close()
