"""A rule that is only declared gets its images: no other edit anywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from formats.compiler import generate as generator
from formats.compiler.outputs import write

RULE = """  sequence_number_is_signed:
    value: sequence_number < 9223372036854775808
    doc: The sequence number is below 2^63.
    -rule:
      id: HDR-099
      slug: hdr-sequence-signed
      severity: should
      basis: impl
      scope: file
      section: 2.2.2
      verdict: warn
      stage: open
      repair: 'no'
      error: integrity
      reader: Go on.
      provable: alone
"""
ANCHOR = "  signature_is_head:\n"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the schemas with one more field rule, generated."""
    if not shutil.which("node") or not (generator.COMPILER / "node_modules" / "kaitai-struct-compiler").is_dir():
        pytest.skip("schema compiler: not installed (npm ci in formats/compiler, or make generate)")
    folder = tmp_path_factory.mktemp("scratch")
    shutil.copytree(generator.FORMATS, folder / "formats", ignore=shutil.ignore_patterns("compiler", "__pycache__"))
    header = folder / "formats" / "header.ksy"
    text = header.read_text("utf-8")
    assert ANCHOR in text
    header.write_text(text.replace(ANCHOR, RULE + ANCHOR, 1), "utf-8")
    write(generator.generate(folder / "formats"), folder / "generated")
    return folder


def test_generate_gives_a_breaking_image_and_a_neighbour_of_a_rule_that_was_only_declared(
    scratch: Path, tmp_path: Path
) -> None:
    start = "from vhdx_runtime.cli import main; main()"
    command = [sys.executable, "-c", start, "fuzz", "generate", tmp_path / "out", "--rules", "HDR-099"]
    path = os.pathsep.join([str(scratch / "generated"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    labels = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    faults = [one for one in labels if one["rules"] == ["HDR-099"]]
    neighbours = [one for one in labels if one["neighbour_of"] and not one["rules"]]
    new = {edit["new"] for one in faults for edit in one["edits"]}
    legal = {edit["new"] for one in neighbours for edit in one["edits"]}
    assert 2**63 in new
    assert 2**63 - 1 in legal
    for one in faults:
        raw = (tmp_path / "out" / one["file"]).read_bytes()
        numbers = [int.from_bytes(raw[at + 8 : at + 16], "little") for at in (65536, 131072)]
        assert max(numbers) >= 2**63
