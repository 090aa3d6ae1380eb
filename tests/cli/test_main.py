"""The command as a whole: help, light start, options, errors, completion, schemas."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import LONE, SAMPLE, SCHEMAS, listing, make, run, schema
from vhdx_runtime import __version__
from vhdx_runtime.cli import COMMANDS, main

OWN = ("info", "map", "read", "convert", "hash", "compare")
PROGRAM = "from vhdx_runtime.cli import main; main(prog_name='vhdx')"


def loaded_by(*arguments: object) -> set[str]:
    """Modules that a process has loaded when the command ends."""
    program = (
        "import sys\ntry:\n    from vhdx_runtime.cli import main; main(prog_name='vhdx')\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["info"], ["info", "--json"], ["map"]], ids=" ".join)
def test_a_light_command_loads_nothing_heavy_and_no_other_command(tmp_path: Path, arguments: list[str]) -> None:
    name = arguments[0]
    loaded = loaded_by(*arguments, *([] if name.startswith("-") else [make(tmp_path, SAMPLE).path]))
    assert ("vhdx_runtime.disk.image" in loaded) == (not name.startswith("-")), "nothing to judge, or too much"
    heavy = {"numpy", "construct", "rich", "concurrent", "tempfile", "yaml"}
    assert not {module.split(".")[0] for module in loaded} & heavy
    commands = loaded & {place.target.partition(":")[0] for place in COMMANDS.values()}
    assert commands <= {f"vhdx_runtime.cli.{name}"}
    assert not [module for module in loaded if module.startswith("vhdx_runtime.transfer")]


def test_convert_of_a_small_disk_loads_neither_rich_nor_numpy(tmp_path: Path) -> None:
    loaded = loaded_by("convert", make(tmp_path, LONE).path, tmp_path / "out.raw")
    assert not {module.split(".")[0] for module in loaded} & {"numpy", "construct", "rich"}


def test_help_lists_every_command_without_importing_any() -> None:
    text = run("--help").stdout
    for name, place in COMMANDS.items():
        assert f"  {name} " in text
        assert place.summary in text
    assert "_VHDX_COMPLETE=bash_source vhdx" in text
    assert "Exit codes:" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_and_its_summary_is_true(name: str) -> None:
    text = run(name, "--help").stdout
    assert "Examples:\n  " in text
    command = main.get_command(main.make_context("vhdx", [name]), name)
    assert command is not None
    assert command.name == name


@pytest.mark.parametrize("name", [*OWN, "inspect", "explain"])
def test_every_command_has_json_and_the_options_of_the_chain(name: str) -> None:
    text = run(name, "--help").stdout
    for option in ("--json", "--parent-dir DIR", "--parent FILE", "--log", "--header", "--without-parent"):
        assert option in text, option
    assert ("--salvage" in text) is (name in OWN)


def test_the_version_is_the_package_s() -> None:
    assert run("--version").stdout == f"vhdx {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["info"], ["map", "--header", "3", "x"], ["read", "--log", "no", "x"]]
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    assert run(*arguments, code=2).stdout == ""


def test_a_child_reads_through_each_of_the_ways_to_name_a_parent(tmp_path: Path) -> None:
    result = run("map", "--parent", tmp_path / "none.vhdx", "--parent-dir", tmp_path, make(tmp_path, SAMPLE).path)
    assert result.stderr == ""


@pytest.mark.parametrize("name", OWN)
def test_a_file_that_is_not_there_is_one_line(tmp_path: Path, name: str) -> None:
    more = [tmp_path / "out.raw"] if name in ("convert", "compare") else []
    result = run(name, tmp_path / "no\nwhere.vhdx", *more, code=2 if name == "compare" else 3)
    assert result.stdout == ""
    assert result.stderr.startswith("vhdx: error: ")
    assert "\nhint: " in result.stderr
    assert result.stderr.count("\n") == 2
    assert listing(tmp_path) == []


def test_a_full_device_is_one_line(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("/dev/full: this system has none")
    path = make(tmp_path, SAMPLE).path
    with open("/dev/full", "wb", buffering=0) as full:
        done = subprocess.run(
            [sys.executable, "-u", "-c", PROGRAM, "convert", path, "-"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 3
    assert done.stderr.startswith("vhdx: error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_reader_that_goes_away_is_no_finding(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "info", path], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_names_print_on_a_terminal_that_lacks_their_characters(tmp_path: Path) -> None:
    strange = make(tmp_path, SAMPLE).path.rename(tmp_path / "größe-盘.vhdx")
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "1"}  # the name is UTF-8 in any locale
    done = subprocess.run([sys.executable, "-c", PROGRAM, "info", strange], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert b"gr\xf6\xdfe-\\u76d8.vhdx" in done.stdout


@pytest.fixture
def terminal() -> Iterator[tuple[int, Callable[[], bytes]]]:
    """A terminal: what to give a process, and a function that returns what the process wrote to it."""
    pty = pytest.importorskip("pty", reason="terminals: this system has no pty")
    ours, theirs = pty.openpty()

    def written() -> bytes:
        os.close(theirs)
        parts = []
        with suppress(OSError):  # EIO: all is read
            while part := os.read(ours, 1 << 16):
                parts.append(part)
        return b"".join(parts)

    yield theirs, written
    os.close(ours)


def test_bytes_are_shown_in_hexadecimal_on_a_terminal(tmp_path: Path, terminal: Any) -> None:
    fd, written = terminal
    command = [sys.executable, "-c", PROGRAM, "read", "--offset", "16", "--length", "20", make(tmp_path, LONE).path]
    subprocess.run(command, stdout=fd, check=True)
    data = make(tmp_path, LONE).disk[16:36]
    expected = f"000000000010  {data[:16].hex(' ')}\r\n000000000020  {data[16:].hex(' ')}\r\n"
    assert written().decode() == expected


def test_progress_goes_to_the_terminal_and_nowhere_else(tmp_path: Path, terminal: Any) -> None:
    fd, written = terminal
    path = make(tmp_path, SAMPLE).path
    command = [sys.executable, "-c", PROGRAM, "compare", "--json", path, path]
    capable = os.environ | {"TERM": "xterm"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=fd, check=True, env=capable)
    assert json.loads(done.stdout)["identical"] is True
    assert b"comparing" in written()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_what_the_shell_asks_for(shell: str) -> None:
    text = run("completion", shell).stdout
    assert f"_VHDX_COMPLETE={shell}_complete" in text


def test_completion_completes_commands() -> None:
    environment = os.environ | {"_VHDX_COMPLETE": "bash_complete", "COMP_WORDS": "vhdx co", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment)
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == {
        "convert",
        "compare",
        "conformance",
        "completion",
    }


def test_every_schema_is_one_and_can_be_printed() -> None:
    names = {path.stem for path in SCHEMAS.glob("*.json")}
    assert {*OWN, "inspect", "explain"} <= names
    for name in names:
        assert json.loads(run("schema", name).stdout) == schema(name).schema
    assert "takes one of these: book, check" in run("schema", "nonsense", code=2).stderr


def test_a_schema_has_the_name_of_its_command_in_one_word_or_two() -> None:
    assert run("schema", "conformance", "list").stdout == run("schema", "conformance-list").stdout
    assert '"vhdx-conformance-list.json"' in run("schema", "conformance", "list").stdout
    assert "no schema for conformance-nix" in run("schema", "conformance", "nix", code=2).stderr


def test_the_package_runs_as_a_program(tmp_path: Path) -> None:
    path = make(tmp_path, LONE).path
    done = subprocess.run([sys.executable, "-m", "vhdx_runtime", "info", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, run("info", path).stdout)
    done = subprocess.run([sys.executable, "-m", "vhdx_runtime", "--help"], capture_output=True, text=True)
    assert done.stdout.startswith("Usage: python -m vhdx_runtime ")


def test_1_is_for_findings_alone(tmp_path: Path) -> None:
    path = make(tmp_path, LONE).path
    away = tmp_path / "nowhere" / "out"
    for arguments in (("convert", path, f"{away}.raw"), ("create", "--size", "1M", f"{away}.vhdx")):
        assert "No such file or directory" in run(*arguments, code=3).stderr
    (tmp_path / "empty").touch()
    assert "is empty" in run("fuzz", "mutate", tmp_path / "empty", tmp_path / "new", code=3).stderr


INTERRUPTING = """
import os, signal, sys
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "vhdx_runtime.cli.info":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupts())
signal.signal(signal.SIGINT, signal.default_int_handler)
from vhdx_runtime.cli import main
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_ctrl_c_while_a_command_is_imported_is_the_death_of_a_signal(tmp_path: Path) -> None:
    words = [sys.executable, "-c", INTERRUPTING, "info", str(tmp_path / "x.vhdx")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "vhdx: interrupted\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("inof",), "vhdx: error: no command is called inof\nhint: there is info\n"),
        (("fuzz", "generat"), "vhdx: error: no command is called generat\nhint: there is generate\n"),
        (("zzzzz",), "vhdx: error: no command is called zzzzz\nhint: `vhdx --help` lists the commands\n"),
        (("info",), "vhdx: error: missing argument 'IMAGE…'\nhint: `vhdx info --help` says how it is used\n"),
        (
            ("completion",),
            "vhdx: error: missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish\n"
            "hint: `vhdx completion --help` says how it is used\n",
        ),
        (("--nonsense",), "vhdx: error: no such option '--nonsense'\nhint: `vhdx --help` says how it is used\n"),
    ],
)
def test_wrong_usage_is_told_as_every_other_error(words: tuple[str, ...], said: str) -> None:
    assert run(*words, code=2).stderr == said


def test_an_option_gets_the_nearest() -> None:
    assert "--json" in run("info", "--jsn", "x", code=2).stderr


@pytest.mark.parametrize("words", [(), ("fuzz",), ("conformance",)])
def test_a_group_by_itself_prints_its_help(words: tuple[str, ...]) -> None:
    text = run(*words, code=2).output
    assert text.startswith(" ".join(("Usage: vhdx", *words, "[OPTIONS] COMMAND")))
    assert r"\n" not in text


def test_the_units_of_progress_are_those_of_the_rest(tmp_path: Path, terminal: Any) -> None:
    fd, written = terminal
    path = make(tmp_path, SAMPLE).path
    command = [sys.executable, "-c", PROGRAM, "hash", path]
    capable = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=fd, check=True, env=capable)
    assert b"hashing" in (text := written())
    assert not re.search(rb"\d [kMG]B/s", text)


def test_an_interrupted_command_says_so_in_json(tmp_path: Path) -> None:
    path = tmp_path / "long.raw"
    path.touch()
    os.truncate(path, 1 << 42)
    command = [sys.executable, "-c", PROGRAM, "hash", "--container", "--json", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        with suppress(subprocess.TimeoutExpired):
            running.wait(1.5)
        running.send_signal(signal.SIGINT)
        out, said = running.communicate(timeout=30)
    assert "interrupted" in said
    assert json.loads(out)["error"]["exit_code"] == 128 + signal.SIGINT
