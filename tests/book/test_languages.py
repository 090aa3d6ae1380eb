"""The JavaScript parsers, compiled from the same schemas, read the same from generated images as the Python ones."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from vhdx_format.layout import HEADER_SIZE, PLACES, STRUCTURES

from formats.compiler import generate as generator
from formats.compiler import languages
from tests.generated.engines import parser
from tests.generated.test_generate import compiler
from tests.support.cases import all_cases
from vhdx_runtime.book import scenes
from vhdx_runtime.conformance import Expanded

__all__ = ["compiler"]  # a fixture

SCRIPT = Path(__file__).with_name("javascript.js")
EXACT = 1 << 53
BAT_SHOWN = 64
Sample = tuple[str, bytes]


def samples() -> Iterator[Sample]:
    """Structures of generated images as they lie there: every structure of the book's, some of each area's cases."""
    files: list[Expanded] = [*scenes.chain(), scenes.journal()]
    chosen: dict[str, int] = {}
    for case in all_cases():
        chosen[case.area] = chosen.get(case.area, 0) + 1
        if chosen[case.area] in (1, 9) and all(recipe.log.length <= 1 << 20 for recipe in case.recipes):
            files += case.expand()
    for file in files:
        yield from structures(file)
    noise = random.Random(26)
    for name, structure in STRUCTURES.items():
        yield name, noise.randbytes(structure.size or 200)


def structures(file: Expanded) -> Iterator[Sample]:
    """The structures of one file, found by the recipe's plan and the signatures; no reader is asked."""

    def read(offset: int, length: int) -> bytes:
        raw = bytearray(length)
        for start, data in file.extents:
            low, high = max(start, offset), min(start + len(data), offset + length)
            if low < high:
                raw[low - offset : high - offset] = data[low - start : high - start]
        return bytes(raw[: max(0, min(length, file.length - offset))])

    for place in PLACES:
        size = STRUCTURES[place.structure].size or 0
        yield place.structure, read(place.offset, HEADER_SIZE if place.structure == "header" else size)
    metadata, bat = file.plan.extents["metadata"][0], file.plan.extents["bat"][0]
    yield "metadata_table", read(metadata, STRUCTURES["metadata_table"].size or 0)
    yield from (("bat_entry", read(bat + 8 * index, 8)) for index in range(BAT_SHOWN))
    yield "parent_locator", read(metadata + 65536 + 40, 400)
    log, length = file.plan.extents["log"]
    for offset in range(log, log + length, 4096):
        raw = read(offset, 64)
        if raw[:4] == b"loge":
            size = int.from_bytes(raw[8:12], "little")
            yield "log_entry", read(offset, min(size, log + length - offset))


def by_python(name: str, raw: bytes) -> dict[str, Any]:
    """The same for the Python parser."""
    from io import BytesIO

    from kaitaistruct import KaitaiStream, KaitaiStructError

    parsed = parser(name)(KaitaiStream(BytesIO(raw)))
    with suppress(EOFError, KaitaiStructError, ValueError):
        parsed._read()
    return fields(parsed)


def fields(parsed: Any) -> dict[str, Any]:
    found = {}
    for name, place in parsed._debug.items():
        if not name.startswith("_") and name in vars(parsed):
            found[camel(name)] = {"start": place["start"], "end": place.get("end"), "value": plain(vars(parsed)[name])}
    return found


def plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return fields(value) if hasattr(value, "_debug") else value


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def differences(ours: Any, theirs: Any, where: str) -> Iterator[str]:
    """Where JavaScript read something else; integers above 53 bits may be rounded, as a double rounds them."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in ours.keys() | theirs.keys():
            yield from differences(ours.get(name), theirs.get(name), f"{where}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(*pair, f"{where}[{index}]")
    elif isinstance(ours, int) and not isinstance(ours, bool) and ours > EXACT:
        if not isinstance(theirs, int) or float(theirs) != float(ours):
            yield f"{where}: {ours}, JavaScript {theirs} (rounded: {int(float(ours))})"
    elif ours != theirs:
        yield f"{where}: {ours}, JavaScript {theirs}"


def test_javascript_reads_what_python_reads(compiler: Path, tmp_path: Path) -> None:
    modules = compiler / "node_modules"
    if not (modules / "kaitai-struct").is_dir():
        pytest.skip("JavaScript: kaitai-struct is not installed (npm ci in formats/compiler, or make generate)")
    generator.compile_schemas(generator.FORMATS, tmp_path, "javascript", positions=True)
    shutil.copy(SCRIPT, tmp_path)
    chosen = list(dict.fromkeys(samples()))
    with (tmp_path / "input").open("w") as out:
        for name, raw in chosen:
            module, _, path = STRUCTURES[name].parser.partition(":")
            names = [part.capitalize() for part in module.split("_")]
            request = {"module": "".join(names), "path": path.split(".")[1:], "hex": raw.hex()}
            out.write(json.dumps(request) + "\n")
    done = subprocess.run(
        ["node", SCRIPT.name, "input"],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=os.environ | {"NODE_PATH": str(modules)},
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(chosen)
    wrong, large = [], 0
    for (name, raw), answer in zip(chosen, answers, strict=True):
        ours = by_python(name, raw)
        assert ours or not raw or name == "log_descriptor", name
        wrong += list(differences(ours, answer, name))
        large += name == "header" and ours.get("sequenceNumber", {"value": 0})["value"] > EXACT
    assert wrong == []
    assert {name for name, _ in chosen} == set(STRUCTURES)
    assert large, "no sample has a number above 53 bits"


@pytest.mark.parametrize(
    ("ours", "theirs", "agrees"),
    [
        (EXACT - 1, EXACT - 1, True),
        (EXACT - 1, EXACT - 2, False),
        (EXACT + 1, EXACT, True),
        (EXACT + 3, EXACT, False),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 2], False),
    ],
)
def test_a_difference_is_seen(ours: object, theirs: object, agrees: bool) -> None:
    assert (not list(differences(ours, theirs, ""))) is agrees


def test_the_compiler_has_every_language_that_the_page_names(compiler: Path) -> None:
    page = (Path(scenes.__file__).parent / "pages" / "languages.md").read_text("utf-8").partition("## ")[0]
    names = {"C++": "cpp_stl", "C#": "csharp", "Go": "go", "Java": "java", "JavaScript": "javascript", "Lua": "lua"}
    names |= {name: name.lower() for name in ("Nim", "Perl", "PHP", "Python", "Ruby", "Rust")}
    assert all(name in page for name in names)
    assert {*names.values(), "graphviz", "html"} == set(languages.languages())
