"""The images that the tests of the commands work on, made from recipes; how a command is run and its JSON judged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from click.testing import CliRunner, Result

import vhdx_runtime.cli
from tests.support.children import BASE, CHILD
from vhdx_runtime.cli import main
from vhdx_runtime.conformance import (
    Bat,
    Block,
    Expanded,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Log,
    LogEntry,
    ParentLocator,
    Recipe,
    Zeros,
    expand,
    expand_chain,
    locator_for,
    make_guid,
)

KIB, MIB, TIB = 1 << 10, 1 << 20, 1 << 40
SECTOR = 512
BAD_STATE = 4  # reserved: nobody can say what such a block holds
SCHEMAS = Path(vhdx_runtime.cli.__file__).parent / "schemas"

SAMPLE = Recipe(
    name="sample",
    geometry=Geometry(virtual_disk_size=8 * MIB),
    bat=Bat(
        (Block(0), Block(2, fills=(Fill(64 * KIB, 4096),)), Block(3, state=2), Block(5), Block(7)), order="scrambled"
    ),
)
DIRTY = Recipe(
    name="dirty",
    bat=Bat((Block(0), Block(2, fills=(Fill(16 * KIB, 100 * KIB),)))),
    log=Log(
        (
            LogEntry((Hide("bat"),), sequence_number=9),
            LogEntry((Hide("payload[0]", 4096, 8192, "noise"), Zeros("payload[2]", 0, 16 * KIB))),
        )
    ),
)
BROKEN = Recipe(
    name="broken",
    geometry=Geometry(virtual_disk_size=8 * MIB),
    bat=Bat((Block(0), Block(1, BAD_STATE), Block(2, BAD_STATE), Block(4), Block(6, BAD_STATE))),
)
TORN = Recipe(name="torn", headers=(HeaderCopy(1), HeaderCopy(2, damage="torn")), bat=Bat((Block(1),)))
LONE = Recipe(name="lone", geometry=Geometry(virtual_disk_size=1 * MIB), bat=Bat((Block(0, fills=(Fill(0, 512),)),)))
HUGE = Recipe(
    name="huge",
    geometry=Geometry(virtual_disk_size=64 * TIB, block_size=256 * MIB),
    bat=Bat((Block(0, fills=(Fill(MIB, 100_000),)), Block(200_000, fills=(Fill(0, 1),)))),
)
UNEVEN = Recipe(  # the size is no whole number of sectors
    name="uneven",
    geometry=Geometry(virtual_disk_size=2_000_000_000, logical_sector_size=4096),
    bat=Bat((Block(0),)),
)


def differencing(name: str, *blocks: Block, size: int = 8 * MIB) -> Recipe:
    """A differencing recipe with blocks of 1 MiB."""
    return Recipe(name=name, geometry=Geometry("differencing", size), bat=Bat(blocks))


CHAIN = (
    Recipe(
        name="base", geometry=Geometry(virtual_disk_size=8 * MIB), bat=Bat((Block(0), Block(1), Block(3, 2), Block(5)))
    ),
    differencing("middle", Block(1, 7, sectors=((8, 16), (100, 3))), Block(5, 2), Block(7)),
    differencing("child", Block(1, 7, sectors=((0, 1), (2000, 48))), Block(2)),
)
NEW = make_guid("mounted and written to")
CHANGED = (
    replace(
        BASE,
        headers=(HeaderCopy(1, data_write_guid=NEW), HeaderCopy(2, data_write_guid=NEW)),
        bat=Bat((Block(0), Block(2, 2), Block(3))),
    ),
    replace(
        CHILD,
        file_name="base_1A2B3C4D-0000-4000-8000-000000000001.avhdx",
        parent=locator_for(BASE, is_full=True),
    ),
)
HOSTILE_NAME = "evil\x1b]0;owned\x07\u202egnp.vhdx"
HOSTILE = Recipe(
    name="hostile",
    creator="\x1b[2Jme\x00",
    geometry=Geometry("differencing"),
    parent=ParentLocator(
        (("parent_linkage", f"{{{'1' * 8}-1111-1111-1111-{'1' * 12}}}"), ("relative_path", HOSTILE_NAME))
    ),
)


@dataclass(frozen=True)
class Made:
    """An image in a folder, and what it was expanded to."""

    path: Path
    expanded: Expanded

    @property
    def disk(self) -> bytes:
        """What its guest must see."""
        return self.expanded.expected.read(0, self.expanded.expected.size)


@cache
def _expanded(recipe: Recipe) -> Expanded:
    return expand(recipe)


@cache
def _chain() -> tuple[Expanded, ...]:
    return expand_chain(CHAIN)


def make(folder: Path, recipe: Recipe) -> Made:
    """Write one image."""
    made = _expanded(recipe)
    return Made(made.write(folder), made)


def make_chain(folder: Path, *names: str) -> dict[str, Made]:
    """Write the members of CHAIN with these names, all without any."""
    wanted = names or tuple(recipe.name for recipe in CHAIN)
    return {made.recipe.name: Made(made.write(folder), made) for made in _chain() if made.recipe.name in wanted}


def make_changed(folder: Path) -> tuple[Made, Made]:
    """Write a parent that somebody mounted and changed, and a checkpoint over it made before."""
    parent, child = expand_chain(CHANGED)
    return Made(parent.write(folder), parent), Made(child.write(folder), child)


def run(*arguments: object, code: int = 0) -> Result:
    """Run a command in this process; it must end with the given exit code, and never with a traceback."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="vhdx")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def run_json(*arguments: object, code: int = 0) -> Any:
    """Run a command with --json and check what it prints against its schema."""
    result = run(*arguments, "--json", code=code)
    value = json.loads(result.stdout)
    schema(str(arguments[0])).validate(value)
    if isinstance(value, dict):
        assert value.pop("format_version") == 1
    return value


def run_failing(*arguments: object, code: int) -> Any:
    """Run a command with --json that fails; what it says of the error."""
    value = json.loads(run(*arguments, "--json", code=code).stdout)
    schema("error").validate(value)
    return value["error"]


@cache
def schema(name: str) -> Any:
    """A validator of what a command prints."""
    declared = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(declared)
    return jsonschema.Draft202012Validator(declared)


def listing(folder: Path) -> list[str]:
    """Names of all files in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def unlike(first: bytes, second: bytes) -> Sequence[tuple[int, int]]:
    """Differing sectors of two disks, joined, the slow and obvious way; the shorter one is zero behind its end."""
    size = max(len(first), len(second))
    first, second = first.ljust(size, b"\0"), second.ljust(size, b"\0")
    found: list[tuple[int, int]] = []
    for start in range(0, size, SECTOR):
        if first[start : start + SECTOR] != second[start : start + SECTOR]:
            length = min(SECTOR, size - start)
            if found and sum(found[-1]) == start:
                found[-1] = (found[-1][0], found[-1][1] + length)
            else:
                found.append((start, length))
    return found
