"""A corpus with every kind of label, and readers that do every kind of wrong."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

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
    Recipe,
    expand,
)

MIB = 1 << 20
GOOD = Recipe(name="good", geometry=Geometry(virtual_disk_size=2 * MIB), bat=Bat((Block(1, fills=(Fill(512, 9000),)),)))
LARGER = replace(GOOD, name="larger", bat=Bat((Block(0), Block(1))))
BROKEN = Recipe(name="broken", headers=(HeaderCopy(1, damage="torn"), HeaderCopy(2, damage="torn")))
OPEN = replace(GOOD, name="open")
DAMAGED = replace(GOOD, name="damaged")
DIRTY = replace(GOOD, name="dirty", log=Log((LogEntry((Hide("bat"),)),)))
LABELS = {
    "larger": ("valid", []),
    "good": ("valid", []),
    "broken": ("reject", ["HDR-003"]),
    "open": ("reader's-choice", ["HDR-004"]),
    "damaged": ("open-but-damaged", ["BAT-004"]),
    "dirty": ("needs-replay", []),
}
RECIPES = (LARGER, GOOD, BROKEN, OPEN, DAMAGED, DIRTY)
# n is the image's name without ending, $1 its path, $2 the path of the raw file to write.
SCRIPTS = {
    "right": "RIGHT",
    "crash": "kill -SEGV $$",
    "hang": "[ $n != larger ] || sleep 60; RIGHT",
    "appends": "RIGHT; printf x >> $1",
    "removes": "[ $n != dirty ] || rm $1; RIGHT",
    "flips": "RIGHT; [ $n != good ] || printf x | dd of=$2 bs=1 seek=1049600 conv=notrunc",
    "cuts": "RIGHT; [ $n = broken ] || truncate -s 512 $2",
    "eager": "head -c 2097152 /dev/zero > $2",
    "strict": "exit 7",
}


def shell(script: str, name: str, folder: Path) -> str:
    """The command line of a reader, RIGHT in whose script is what a correct reader does."""
    right = f'[ $n != broken ] || exit 1; cp {shlex.quote(str(folder / "raw"))}/$n "$2"'
    text = 'n=$(basename "$1" .vhdx); ' + script.replace("RIGHT", right)
    return f"command {name}=sh -c {shlex.quote(text)} sh {{image}} {{out}}"


def write_corpus(folder: Path, recipes: tuple[Recipe, ...], labels: Mapping[str, tuple[str, list[str]]] | None) -> Path:
    """A corpus of images in `folder/corpus`, and the raw disk of each in `folder/raw`; returns the corpus."""
    home, lines = folder / "corpus", []
    home.mkdir(parents=True)
    (folder / "raw").mkdir()
    for recipe in recipes:
        made = expand(recipe)
        made.write(home)
        (folder / "raw" / recipe.name).write_bytes(made.expected.read(0, made.expected.size))
        if labels is not None:
            lines.append(json.dumps(record(made, *labels[recipe.name])) + "\n")
    if labels is not None:
        (home / "manifest.jsonl").write_text("".join(lines))
    return home


def record(made: Expanded, verdict: str, rules: list[str]) -> dict[str, object]:
    """A line of a manifest."""
    guest = {"size": made.expected.size, "sha256": made.expected.sha256()}
    return {
        "id": made.recipe.name,
        "file": made.recipe.path,
        "rules": rules,
        "deliberate": rules,
        "expected": {"verdict": verdict, "by": rules[0] if rules else None},
        "guest": guest if verdict in ("valid", "needs-replay") else None,
    }
