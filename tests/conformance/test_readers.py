"""Every reader that is here answers like itself: right on plain files, no for what is no VHDX, and nothing changed."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from vhdx_runtime.conformance import Bat, Block, BytesOverride, Geometry, Hide, Log, LogEntry, Recipe
from vhdx_runtime.conformance.cases import Case, write_files
from vhdx_runtime.conformance.judge import runner
from vhdx_runtime.conformance.readers import READERS, Reader, find
from vhdx_runtime.conformance.readers.interface import WrongRead

MIB = 1 << 20
BLOCKS = Bat((Block(0), Block(1), Block(3)), order="descending")
PEERS = ("pyvhdi", "dissect", "refinery")


def case(name: str, *files: Recipe, refuse: str = "") -> Case:
    """A case of these files, to be read, or to be refused by a rule."""
    return Case(id=name, title=name, probes=name, expect="refuse" if refuse else "read", by=refuse, files=files)


PLAIN = case("plain", Recipe(geometry=Geometry("fixed"), bat=Bat((Block(0), Block(1)))))
SCRAMBLED = case("scrambled", Recipe(bat=BLOCKS))
NO_VHDX = case("no-vhdx", Recipe(overrides=(BytesOverride("file", 0, b"conectix"),)), refuse="FTI-001")
DIRTY = case("dirty", Recipe(bat=BLOCKS, log=Log((LogEntry((Hide("bat"),)),))))
CHAIN = case(
    "chain",
    Recipe(name="base", bat=BLOCKS),
    Recipe(
        name="top",
        geometry=Geometry("differencing"),
        bat=Bat((Block(2), Block(3, state=7, sectors=((1, 5), (9, 3))))),
    ),
)
HUGE = case(
    "huge",
    Recipe(geometry=Geometry(virtual_disk_size=8 << 40, block_size=32 * MIB), bat=Bat((Block(1), Block(200_000)))),
)
ZERO_OVER_DATA = case(
    "zero",
    Recipe(name="base", bat=BLOCKS),
    Recipe(name="top", geometry=Geometry("differencing"), bat=Bat((Block(0, state=2),))),
)


@cache
def found(name: str) -> runner.Found:
    return runner.survey([name])[0]


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> Reader:
    """Each reader that is installed."""
    return present(request.param)


def present(name: str) -> Reader:
    """A reader; skips where it is absent."""
    if found(name).absent:
        pytest.skip(f"{name}: {found(name).absent}")
    return READERS[name]


def result(one: Case, name: str) -> runner.Result:
    ((_, (got,)),) = runner.run([one], [name], jobs=1)
    return got


def test_a_plain_file_is_read_right_and_left_alone(reader: Reader) -> None:
    got = result(PLAIN, reader.name)
    assert got.outcome.kind == "pass", got
    assert got.answer is not None
    assert got.answer.has_bytes
    assert 0 < got.answer.seconds < 30
    assert got.answer.peak == 0 or MIB < got.answer.peak < 1 << 30
    assert found(reader.name).version


def test_what_is_no_vhdx_is_refused(reader: Reader) -> None:
    got = result(NO_VHDX, reader.name)
    assert (got.outcome.kind, got.answer and got.answer.verdict) == ("pass", "refused"), got


def test_a_huge_disk_is_read_where_there_is_data_or_only_opened(reader: Reader) -> None:
    got = result(HUGE, reader.name)
    is_program = reader.name in ("qemu-img", "qemu-img-repair", "7zip")
    assert got.outcome.kind == "skipped" if is_program else got.outcome.kind in ("pass", "wrong-bytes")
    assert got.answer is not None
    assert got.answer.verdict == "opened"


@pytest.mark.parametrize(
    ("name", "one", "kind"),
    [
        ("vhdx-runtime", DIRTY, "pass"),
        ("vhdx-runtime", CHAIN, "pass"),
        ("qemu-img", DIRTY, "unsupported"),
        ("qemu-img", CHAIN, "unsupported"),
        ("qemu-img-repair", DIRTY, "pass"),
        ("qemu-nbd", DIRTY, "unsupported"),
        ("pyvhdi", CHAIN, "pass"),
        ("pyvhdi", DIRTY, "wrong-bytes"),
        ("pyvhdi", ZERO_OVER_DATA, "wrong-bytes"),
        ("dissect", SCRAMBLED, "wrong-bytes"),
        ("dissect", DIRTY, "wrong-bytes"),
        ("7zip", CHAIN, "pass"),
        ("7zip", DIRTY, "unsupported"),
        ("binary-refinery", CHAIN, "unsupported"),
        ("binary-refinery", DIRTY, "unsupported"),
    ],
    ids=lambda value: value.id if isinstance(value, Case) else str(value),
)
def test_readers_do_what_they_are_known_to_do(name: str, one: Case, kind: str) -> None:
    present(name)
    got = result(one, name)
    assert got.outcome.kind == kind, got


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("pyvhdi", ZERO_OVER_DATA),
        ("pyvhdi", DIRTY),
        ("dissect", SCRAMBLED),
        ("dissect", DIRTY),
        ("qemu-img", SCRAMBLED),
        ("7zip", PLAIN),
    ],
    ids=lambda value: value.id if isinstance(value, Case) else str(value),
)
def test_the_command_of_a_failure_shows_the_bytes_that_the_reader_got(name: str, one: Case, tmp_path: Path) -> None:
    present(name)
    got = result(one, name)
    assert got.answer is not None
    folder = tmp_path / one.id
    folder.mkdir()
    model = write_files(one.expand(), folder).expected
    command = got.command.replace("python3 ", f"{shlex.quote(sys.executable)} ")
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if got.outcome.kind == "wrong-bytes":
        assert f": {done.stdout.strip()}, expected" in got.outcome.detail
    else:
        assert model.read(0, 16).hex(" ", 2) in done.stdout


@pytest.mark.parametrize("reader_name", READERS)
def test_a_command_names_the_files_where_they_were_built(reader_name: str) -> None:
    shown = READERS[reader_name].show(WrongRead("id/top.vhdx", ("id/base.vhdx",), (4096, 512), 4100))
    assert "id/top.vhdx" in shown
    assert "\n" not in shown


def test_reading_knows_no_reader_until_it_is_asked() -> None:
    program = "import sys, vhdx_runtime.conformance.judge.runner; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "vhdx_runtime.conformance.readers.pyvhdi" in loaded
    assert not loaded & {"pyvhdi", "dissect", "refinery"}


def test_the_worker_serves_by_hand_too(tmp_path: Path) -> None:
    image = write_files(PLAIN.expand(), tmp_path).opened
    paths = {"image": str(image), "out": str(tmp_path / "out"), "random_out": str(tmp_path / "random")}
    request = json.dumps(paths | {"reads": [[0, 512], [MIB, 512]], "random_reads": [[5, 7]]})
    command = [sys.executable, "-m", "vhdx_runtime.conformance.judge.worker", "vhdx-runtime"]
    done = subprocess.run(command, input=request + "\n", capture_output=True, text=True, check=True)
    hello, answer = map(json.loads, done.stdout.splitlines())
    assert hello["reader"] == "vhdx-runtime"
    assert (answer["verdict"], answer["size"]) == ("opened", 4 * MIB)
    model = PLAIN.expand()[0].expected
    assert (tmp_path / "out").read_bytes() == model.read(0, 512) + model.read(MIB, 512)
    assert (tmp_path / "random").read_bytes() == model.read(5, 7)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tool {image}", "tool"),
        ("/opt/x/tool -r {image} {out}", "tool"),
        ("mine=a=b {image}", "mine"),
        ("x=1 y {image}", "x"),
    ],
)
def test_a_command_line_is_a_reader(text: str, name: str) -> None:
    assert find(f"command {text}").name == name


@pytest.mark.parametrize("text", ["nobody", "command ", "command tool", "command tool 'unclosed {image}"])
def test_what_is_no_reader_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        find(text)
