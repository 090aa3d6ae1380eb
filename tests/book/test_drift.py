"""A change in a schema reaches the book, `vhdx book` and the page of `vhdx inspect`, and nothing is edited by hand."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from formats.compiler import generate as generator
from formats.compiler.outputs import write
from tests.generated.test_generate import compiler
from tests.support.modules import ROOT
from vhdx_runtime.conformance import HeaderCopy, Recipe, expand

__all__ = ["compiler"]  # a fixture

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("book drift")]  # one worker builds it once

FIELD_DOC = "File offset of the log area, a multiple of 1 MiB."
NEW_DOC = "Where the log begins, said in a new way."
RESERVED = "  - id: reserved\n    size: 4016\n"
INSERTED = "  - id: novelty\n    type: u4\n    -unit: furlongs\n    doc: A field that was put in.\n"
RULE_DOC = "The file format is version 1."
NEW_RULE = "The version of the format is still one."


@dataclass(frozen=True)
class Scratch:
    """A generated tree made from changed schemas."""

    folder: Path

    def page(self, name: str) -> str:
        """A page of its book."""
        return (self.folder / "book" / name).read_text("utf-8")

    def run(self, *arguments: object) -> str:
        """`vhdx` with its package instead of the installed one."""
        return self.python("-c", "from vhdx_runtime.cli import main; main()", *arguments)

    def python(self, *arguments: object) -> str:
        """Python with its package instead of the installed one."""
        path = os.pathsep.join([str(self.folder), str(ROOT)])
        environment = os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def scratch(compiler: Path, tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """Generated from a copy of the schemas in which a doc, a layout and a rule are others."""
    folder = tmp_path_factory.mktemp("scratch")
    (folder / "formats").mkdir()
    for path in [*generator.FORMATS.glob("*.ksy"), *generator.FORMATS.glob("*.yaml")]:
        shutil.copy(path, folder / "formats")
    schema = folder / "formats" / "header.ksy"
    text = schema.read_text("utf-8")
    changed = RESERVED.replace("4016", "4012")
    for old, new in ((FIELD_DOC, NEW_DOC), (RESERVED, INSERTED + changed), (RULE_DOC, NEW_RULE)):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    schema.write_text(text, "utf-8")
    write(generator.generate(folder / "formats"), folder / "generated")
    made = Scratch(folder / "generated")
    made.python("-m", "vhdx_runtime.book.build", "--formats", folder / "formats", "--out", made.folder)
    return made


def test_the_pages_say_what_the_schema_says(scratch: Scratch) -> None:
    page = scratch.page("structures/header.md")
    assert FIELD_DOC not in page
    assert f"| u64 | bytes | {NEW_DOC} |" in page
    assert '| 0x50 | 4 | <a id="novelty"></a>`novelty` | u32 | furlongs | A field that was put in. |' in page
    assert '| 0x54 | 4012 | <a id="reserved"></a>`reserved` |' in page
    assert "  50  00 00 00 00              novelty          0 furlongs" in page
    assert "  54  00 00 00 00 00 00 00 00  reserved         4012 zero bytes" in page
    assert NEW_RULE in page
    rules = scratch.page("rules.md")
    assert RULE_DOC not in rules
    assert NEW_RULE in rules
    assert ">novelty</text>" in scratch.page("structures/header.svg")


def test_the_terminal_says_what_the_schema_says(scratch: Scratch) -> None:
    assert NEW_DOC in scratch.run("book", "header.log_offset")
    field = scratch.run("book", "novelty")
    assert "offset 0x50, 4 bytes, u32, furlongs" in field
    assert NEW_RULE in scratch.run("book", "HDR-006")
    (record,) = json.loads(scratch.run("book", "header", "--json"))["entries"]
    assert NEW_DOC in record["markdown"]


def unpacked(html: str) -> str:
    """What a page of `vhdx inspect --html` holds, with its compressed parts unpacked."""
    parts = [html]
    for token in re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", html):
        try:
            parts.append(zlib.decompress(base64.b64decode(token)).decode("utf-8", "replace"))
        except (ValueError, zlib.error):
            continue
    return "\n".join(parts)


def test_inspect_and_explain_say_what_the_schema_says(scratch: Scratch, tmp_path: Path) -> None:
    recipe = Recipe(name="seven", headers=(HeaderCopy(1, version=7), HeaderCopy(2, version=7)))
    image = expand(recipe).write(tmp_path)
    assert NEW_DOC in scratch.run("inspect", "--doc", image, "header_1")
    assert "A field that was put in." in scratch.run("explain", "--doc", "--file", "0x10050", image)
    scratch.run("inspect", image, "--html", tmp_path / "page.html")
    page = unpacked((tmp_path / "page.html").read_text("utf-8"))
    assert NEW_DOC in page
    assert "A field that was put in." in page
    assert NEW_RULE in page
    assert FIELD_DOC not in page
    assert RULE_DOC not in page
