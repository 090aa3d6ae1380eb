"""A metadata item that is only declared is read, checked, repaired, shown, written, fuzzed and described."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from formats.compiler import generate as generator
from formats.compiler.outputs import write

pytestmark = pytest.mark.slow

GUID = "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"
DECLARED = f"""  - id: rotation_rate
    value: {GUID}
    required: true
    owner: disk
    missing: ITM-099
    default: sector_size_512
    info: rotations
    doc: What the guest is told of the medium; openvmm knows nothing of it.
"""
TYPE = """  rotation_rate:
    doc: What the guest is told of the medium.
    doc-ref: MS-VHDX 2.6.2
    seq:
      - id: rotation_rate
        type: u2
        doc: Rotations.
"""
RULE = """  - id: ITM-099
    slug: itm-rotation-present
    severity: must
    basis: impl
    scope: file
    section: 2.6.2
    structure: rotation_rate
    fields: [rotation_rate]
    text: The rotation rate is there.
    verdict: warn
    stage: open
    repair: auto
    repair-how: Add the item.
    error: integrity
    reader: Go on.
    provable: alone
    why: It searches the metadata table for an entry.
"""
PROGRAM = """
import json, sys
from pathlib import Path
from vhdx_runtime.conformance import Geometry, Metadata, Recipe, expand, standard_items
from vhdx_runtime.book.build import emit, registry
from vhdx_runtime.fuzz.corpus.subject import roots
from vhdx_format import layout

folder = Path(sys.argv[1])
without = tuple(item for item in standard_items(Geometry()) if item.item_id != "rotation_rate")
expand(Recipe(name="without", metadata=Metadata(items=without))).write(folder)
made = expand(Recipe(name="with"))
made.write(folder)
data = {name.lower(): emit.plain(getattr(layout, name)) for name in ("GUIDS", "ITEMS")}
print(json.dumps([[root.target for root in roots(made)], registry.guid_page(data).text]))
"""


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the schemas with one more item, generated; and an image with it, and one without."""
    if not shutil.which("node") or not (generator.COMPILER / "node_modules" / "kaitai-struct-compiler").is_dir():
        pytest.skip("schema compiler: not installed (npm ci in formats/compiler, or make generate)")
    folder = tmp_path_factory.mktemp("scratch")
    shutil.copytree(generator.FORMATS, folder / "formats", ignore=shutil.ignore_patterns("compiler", "__pycache__"))
    for name, before, added in (
        ("metadata_table.ksy", "  - id: parent_locator\n    value: A8D3", DECLARED),
        ("metadata_items.ksy", "  chs_parameters:\n", TYPE),
        ("rules.yaml", "  - id: ITM-016\n", RULE),
    ):
        path = folder / "formats" / name
        text = path.read_text("utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, added + before), "utf-8")
    write(generator.generate(folder / "formats"), folder / "generated")
    return folder


def python(scratch: Path, *words: object) -> str:
    """What a program prints that finds the generated package of the scratch copy first."""
    path = os.pathsep.join([str(scratch / "generated"), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def vhdx(scratch: Path, *words: object) -> str:
    return python(scratch, "-c", "from vhdx_runtime.cli import main; main()", *words)


def test_an_item_that_is_only_declared_is_known_everywhere(scratch: Path, tmp_path: Path) -> None:
    objects, page = json.loads(python(scratch, "-c", PROGRAM, tmp_path))
    assert "rotation_rate" in objects  # what the fuzzer changes, and names in its labels
    assert "`rotation_rate`" in page and "rules.md#itm-099" in page
    raw = (tmp_path / "with.vhdx").read_bytes()
    entry = UUID(GUID).bytes_le
    assert raw.count(entry) == 1
    assert int.from_bytes(raw[raw.index(entry) + 20 :][:4], "little") == 2  # its length
    assert raw[raw.index(entry) + 24] == 6  # IsVirtualDisk, IsRequired
    whole, lacking = tmp_path / "with.vhdx", tmp_path / "without.vhdx"
    assert json.loads(vhdx(scratch, "info", "--json", whole))["rotations"] == 512
    assert "rotations         512" in vhdx(scratch, "info", whole)
    shown = vhdx(scratch, "inspect", whole, "metadata.items.rotation_rate")
    assert "rotation_rate" in shown and "512" in shown
    totals = [json.loads(vhdx(scratch, "check", "--json", one)) for one in (whole, lacking)]
    assert ["ITM-099" in json.dumps(one) for one in totals] == [False, True]
    vhdx(scratch, "repair", "--apply", lacking)
    assert json.loads(vhdx(scratch, "info", "--json", lacking))["rotations"] == 512
    vhdx(scratch, "fuzz", "generate", tmp_path / "out", "--rules", "ITM-099")
    labels = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    assert any(one["rules"] == ["ITM-099"] for one in labels)
    vhdx(scratch, "create", "--size", "16M", tmp_path / "new.vhdx")
    assert json.loads(vhdx(scratch, "info", "--json", tmp_path / "new.vhdx"))["rotations"] == 512


def test_an_item_of_another_length_breaks_the_rule_of_lengths(scratch: Path) -> None:
    program = (
        "from vhdx_runtime.codec import decode, encode; from uuid import UUID\n"
        f"fields = dict(item_id=UUID('{GUID}').bytes_le, offset=65536, is_required=1, is_virtual_disk=1)\n"
        "for length in (2, 3):\n"
        "    raw = encode.build('metadata_table_entry', fields | dict(length=length))\n"
        "    print([one.rule for one in decode.findings(decode.structure('metadata_table_entry', raw, 0))])\n"
    )
    assert python(scratch, "-c", program).split("\n")[:2] == ["[]", "['ITM-018']"]
