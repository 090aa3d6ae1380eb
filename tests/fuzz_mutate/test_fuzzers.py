"""What other fuzzers load: the module for AFL++, functions for libFuzzer, the dictionary; and our use of Atheris."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest
from click.testing import CliRunner, Result

from tests.support import campaign
from tests.support.fuzz_atheris import keep, seeds, unpacked
from tests.support.fuzz_input import judged_input
from tests.support.fuzz_report import report
from tests.support.modules import ROOT
from tests.support.patience import HANG
from tests.support.sectors import from_sectors, to_sectors
from tests.support.specimens import SPECIMENS
from vhdx_runtime.cli import main
from vhdx_runtime.conformance import Recipe, expand
from vhdx_runtime.fuzz.mutate import afl, libfuzzer
from vhdx_runtime.fuzz.mutate.dictionary import entries
from vhdx_runtime.fuzz.mutate.structures import seals

KIB, MIB = 1 << 10, 1 << 20
LINE = re.compile(r'[A-Za-z0-9_]+="((?:[^"\\\x00-\x1f\x7f-\xff]|\\\\|\\"|\\x[0-9a-fA-F]{2})+)"')


@pytest.fixture(scope="module")
def dirty() -> bytes:
    return expand(SPECIMENS["dirty"]).to_bytes()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="vhdx")


# AFL++


def test_the_module_for_afl_gives_the_same_run_for_the_same_seed(dirty: bytes) -> None:
    runs = []
    for _ in range(2):
        afl.init(4711)
        runs.append([afl.fuzz(bytearray(dirty), bytearray(dirty) if n % 2 else None, MIB) for n in range(6)])
        afl.deinit()
    assert runs[0] == runs[1]
    assert len({bytes(one) for one in runs[0]}) > 4
    assert all(type(one) is bytearray and 0 < len(one) <= MIB for one in runs[0])
    afl.init(4712)
    assert afl.fuzz(bytearray(dirty), None, MIB) != runs[0][0]


def test_afl_gets_bytes_as_a_description_and_never_an_empty_file() -> None:
    afl.init(1)
    assert all(len(afl.fuzz(bytearray(b"x"), None, 1)) == 1 for _ in range(30))
    assert afl.describe(64) == b"vhdx-30"
    assert len(afl.describe(3)) == 3


def test_what_afl_made_by_itself_gets_right_checksums_mostly(dirty: bytes) -> None:
    sealed = 0
    for number in range(64):
        raw = bytearray(dirty[: 448 * KIB])
        raw[64 * KIB + 80] = number + 1
        made = bytes(afl.post_process(raw))
        assert made == bytes(afl.post_process(bytearray(raw))), "always the same"
        sealed += all(seal.is_right(made) for seal in seals(made))
    assert 48 <= sealed <= 63, "one of 32 stays as it is"


# libFuzzer


def test_libfuzzer_gets_bytes_of_at_most_its_size(dirty: bytes) -> None:
    other = expand(SPECIMENS["items"]).to_bytes()
    for seed in range(20):
        changed = libfuzzer.custom_mutator(dirty, 2 * MIB, seed)
        crossed = libfuzzer.custom_crossover(dirty, other, 2 * MIB, seed)
        assert type(changed) is type(crossed) is bytes
        assert len(changed) <= 2 * MIB >= len(crossed)
        assert changed == libfuzzer.custom_mutator(dirty, 2 * MIB, seed)


def test_a_crossover_takes_from_the_second_file() -> None:
    first, second = expand(SPECIMENS["dynamic"]).to_bytes(), expand(Recipe("another")).to_bytes()
    write_guid = second[64 * KIB + 16 : 64 * KIB + 32]
    assert write_guid not in first
    found = [write_guid in libfuzzer.custom_crossover(first, second, 8 * MIB, seed)[: 192 * KIB] for seed in range(100)]
    assert sum(found) > 3


# The dictionary


def test_the_dictionary_is_one_that_both_fuzzers_read() -> None:
    lines = run("fuzz", "dictionary").output.splitlines()
    assert 50 < len(lines) <= 200
    for line, entry in zip(lines, entries(), strict=True):
        match = LINE.fullmatch(line)
        assert match, line
        value = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes.fromhex(m[1].decode()), match[1].encode())
        assert value == entry.value
        assert 2 <= len(value) <= 64, "libFuzzer drops longer words"
    assert len(set(lines)) == len({entry.value for entry in entries()}) == len(lines)


def test_the_dictionary_has_what_a_file_is_made_of() -> None:
    values = {entry.value for entry in entries()}
    assert {b"vhdxfile", b"head", b"regi", b"loge", b"zero", b"desc", b"data", b"metadata"} <= values
    assert UUID("2DC27766-F623-4200-9D64-115E9BFD4A08").bytes_le in values
    assert UUID("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C").bytes_le in values
    assert "absolute_win32_path".encode("utf-16-le") in values
    assert {struct.pack("<Q", MIB | state) for state in range(8)} <= values
    assert {struct.pack("<I", number) for number in (4096, 2047, MIB, 2**31, 2**32 - 1)} <= values
    assert struct.pack("<Q", 2**64 - 1) in values


def test_the_dictionary_as_json_follows_its_schema() -> None:
    found = json.loads(run("fuzz", "dictionary", "--json").output)
    jsonschema.validate(found, json.loads(run("schema", "fuzz-dictionary").output))
    assert found["entries"][0] == {"name": "file_signature", "kind": "signature", "value": b"vhdxfile".hex()}


@pytest.mark.skipif(shutil.which("afl-fuzz") is None, reason="afl-fuzz is not installed (apt-get install afl++)")
def test_afl_fuzz_takes_the_dictionary_and_the_module(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one").write_bytes(expand(SPECIMENS["dirty"]).to_bytes()[: 320 * KIB])
    (tmp_path / "vhdx.dict").write_text(run("fuzz", "dictionary").output)
    (tmp_path / "target").write_text(f"cat > /dev/null; echo run >> {tmp_path / 'runs'}")
    packages = [path for path in sys.path if path.endswith("site-packages")]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "generated"), *packages])
    names = "AFL_SKIP_CPUFREQ AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES AFL_NO_AFFINITY AFL_NO_UI AFL_BENCH_UNTIL_CRASH"
    environment = dict.fromkeys(names.split(), "1") | {"PATH": "/usr/bin:/bin", "PYTHONPATH": paths}
    environment |= {"AFL_PYTHON_MODULE": "vhdx_runtime.fuzz.mutate.afl"}
    command = ["afl-fuzz", "-n", "-V", "2", "-i", "in", "-o", "out", "-x", "vhdx.dict", "--", "/bin/sh", "target"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=HANG)
    if "libpython" in done.stderr or "ModuleNotFoundError" in done.stderr:
        pytest.skip("afl-fuzz has a Python of another version than this one")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert f"Loaded {len(entries())} extra tokens" in done.stdout
    assert len((tmp_path / "runs").read_text().splitlines()) > 10


# vhdx fuzz mutate


def test_a_changed_copy_is_written_and_the_image_stays(tmp_path: Path, dirty: bytes) -> None:
    image, out = tmp_path / "a.vhdx", tmp_path / "b.vhdx"
    image.write_bytes(dirty)
    result = run("fuzz", "mutate", str(image), str(out), "--seed", "7")
    assert result.exit_code == 0, result.output
    assert image.read_bytes() == dirty != out.read_bytes()
    assert out.read_bytes() == libfuzzer.custom_mutator(dirty, 256 * MIB, 7)
    again = run("fuzz", "mutate", str(image), str(out), "--seed", "7", "--other", str(image), "--force", "--json")
    jsonschema.validate(json.loads(again.output), json.loads(run("schema", "fuzz-mutate").output))
    expected = {"format_version": 1, "file": str(out), "size": out.stat().st_size, "seed": 7}
    assert json.loads(again.output) == expected
    assert run("fuzz", "mutate", str(image), str(out)).exit_code == 2, "no file is replaced unasked"
    assert run("fuzz", "mutate", str(image), str(image), "--force").exit_code == 2
    assert image.read_bytes() == dirty


def test_a_changed_copy_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert run("fuzz", "mutate", str(tmp_path / "empty"), str(tmp_path / "b")).exit_code == 3
    assert run("fuzz", "mutate", str(tmp_path / "absent"), str(tmp_path / "b")).exit_code == 3
    assert not (tmp_path / "b").exists()


# Our own campaign


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_file_comes_back_from_its_sectors(name: str) -> None:
    raw = expand(SPECIMENS[name]).to_bytes()
    for data in (raw, raw[:70_001], b"", b"x"):
        assert from_sectors(to_sectors(data), len(raw)) == data
    assert len(to_sectors(raw)) < len(raw) // 10


@pytest.mark.parametrize("data", [b"", b"abc", b"\xff" * 5000, bytes(8), struct.pack("<QI", 70_000, 5) + b"xyz"])
def test_any_sectors_make_some_file(data: bytes) -> None:
    assert len(from_sectors(data, 100_000)) <= 100_000


def test_a_finding_of_atheris_is_kept_small_and_can_be_judged_again(tmp_path: Path, dirty: bytes) -> None:
    (tmp_path / "crash-1").write_bytes(to_sectors(dirty))
    kept = keep(tmp_path / "crash-1", tmp_path / "kept")
    assert kept.stat().st_size < 64 * KIB
    assert unpacked(kept.read_bytes()) == dirty
    assert judged_input(unpacked(kept.read_bytes())) == "read"
    command = [sys.executable, "-m", "tests.fuzz", "--file", str(kept)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "read\n"


def test_seeds_are_small_and_of_every_kind(tmp_path: Path) -> None:
    folder = seeds(tmp_path / "corpus")
    names = {path.name for path in folder.iterdir()}
    assert len(names) > 12
    assert {name.replace(" ", "-") for name in SPECIMENS} <= names
    assert max(path.stat().st_size for path in folder.iterdir()) <= 512 * KIB


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed (make fuzz does it)")
def test_atheris_runs_our_target_with_the_mutators(tmp_path: Path) -> None:
    (tmp_path / "vhdx.dict").write_text("\n".join(entry.line for entry in entries()) + "\n")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "one").write_bytes(to_sectors(expand(SPECIMENS["items"]).to_bytes()))
    options = ["-runs=15", "-seed=1", "-max_len=524288", f"-dict={tmp_path / 'vhdx.dict'}"]
    command = [sys.executable, "-m", "tests.support.fuzz_target", str(tmp_path / "corpus"), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Dictionary: {len(entries())} entries" in done.stderr
    assert "Done 15 runs" in done.stderr
    assert "Custom" in done.stderr


@pytest.mark.slow
def test_a_campaign_is_taken_up_where_it_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "BLOCK", 10)
    first = next(campaign.run(tmp_path, 30))
    (tmp_path / "000001.claim").write_text("1")  # somebody else, who is there
    rest = list(campaign.run(tmp_path, 30))
    assert [first.block, *(record.block for record in rest)] == [0, 2]
    (tmp_path / "000001.claim").write_text(str(2**22 + 1))  # no such process
    assert [record.block for record in campaign.run(tmp_path, 30)] == [1]
    found = campaign.records(tmp_path)
    assert [record.block for record in found] == [0, 1, 2]
    assert f"| **all** | **{sum(sum(record.outcomes.values()) for record in found)}** |" in report(found)
    assert "Wrong (anything but a VhdxError, a contradiction, too dear): **0**" in report(found)


def test_a_defect_is_recorded_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str, raw: memoryview, seed: int) -> str:
        raise AssertionError("seed 1: ZeroDivisionError: by nothing")

    monkeypatch.setattr(campaign, "BLOCK", 2)
    monkeypatch.setattr(campaign, "judge", broken)
    record = campaign.run_block(3)
    assert record.outcomes == {"wrong": 2}
    assert [failure["seed"] for failure in record.failures] == [6, 7]
    assert "## Seed 6" in report([record])
    assert "ZeroDivisionError" in report([record])
