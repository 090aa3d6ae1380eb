"""Output files: there whole or not at all, on their medium, for no more eyes than what was read; nothing else hit."""

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import BROKEN, MIB, SAMPLE, Made, listing, make, run
from tests.support.patience import HANG
from vhdx_runtime.transfer import copying
from vhdx_runtime.write import newfile

LEFT_BEHIND = ".vhdx-0123456789abcdef.part"
SLOW = """
import signal, sys, time
signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # who started the tests may ignore it
from vhdx_runtime.transfer import copying
real = copying._copy
def slowly(*arguments):
    real(*arguments)
    print("copied", file=sys.stderr, flush=True)
    time.sleep(60)
copying._copy = slowly
from vhdx_runtime.cli import main
main(prog_name="vhdx")
"""

posix = pytest.mark.skipif(os.name == "nt", reason="modes, links and signals of POSIX")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make(tmp_path, SAMPLE)


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(params=["nameless", "named"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With files that have no name while they are written, and without them."""
    if request.param == "named":
        monkeypatch.setattr(newfile, "_NAMELESS", 0)
    elif not newfile._NAMELESS:
        pytest.skip("files without a name: this system has none")
    return str(request.param)


COMMANDS: dict[str, list[str]] = {
    "convert": ["convert", "--format", "raw", "IMAGE", "OUT"],
    "read": ["read", "-o", "OUT", "IMAGE"],
    "page": ["inspect", "IMAGE", "--html", "OUT"],
    "mapfile": ["convert", "--format", "raw", "--salvage", "IMAGE", "RAW", "--mapfile", "OUT"],
    "mutant": ["fuzz", "mutate", "IMAGE", "OUT"],
}


def command(name: str, image: Path, out: Path, *more: str) -> list[str]:
    words = {"IMAGE": str(image), "OUT": str(out), "RAW": str(out.with_name("raw"))}
    return [words.get(word, word) for word in COMMANDS[name]] + list(more)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_power_loss_after_the_end_finds_the_file_on_its_medium(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    """The bytes are flushed before the file gets its name, and the folder after it."""
    out, seen = tmp_path / "out", []
    flush, flush_folder = newfile.flush, newfile.flush_folder

    def seen_flush(fd: int) -> None:
        seen.append(("bytes", os.fstat(fd).st_ino, out.exists()))
        flush(fd)

    def seen_folder(path: str) -> None:
        seen.append(("folder", Path(path), out.exists()))
        flush_folder(path)

    monkeypatch.setattr(newfile, "flush", seen_flush)
    monkeypatch.setattr(newfile, "flush_folder", seen_folder)
    run(*command(name, made.path, out))
    assert ("bytes", out.stat().st_ino, False) in seen
    assert seen[-1] == ("folder", tmp_path, True)


@posix
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["new", "replaced"])
def test_a_link_to_nothing_is_not_followed(made: Made, tmp_path: Path, name: str, force: list[str]) -> None:
    out = tmp_path / "out"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out.symlink_to(elsewhere / "planted")
    assert "symbolic link to what is not there" in run(*command(name, made.path, out, *force), code=2).stderr
    assert listing(elsewhere) == []
    assert out.is_symlink()


@posix
def test_a_link_that_is_put_there_meanwhile_is_not_followed(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim"
    copy = copying._copy

    def interfere(*arguments: Any) -> None:
        copy(*arguments)
        if not out.is_symlink():
            out.symlink_to(victim)

    monkeypatch.setattr(copying, "_copy", interfere)
    assert "exists" in run("convert", "--format", "raw", made.path, out, code=2).stderr
    assert not victim.exists()
    monkeypatch.setattr(copying, "_copy", copy)
    out.unlink()
    out.write_text("old")
    victim.write_text("precious")
    flush = newfile.flush

    def swap(fd: int) -> None:
        flush(fd)
        out.unlink()
        out.symlink_to(victim)

    monkeypatch.setattr(newfile, "flush", swap)
    run("convert", "--format", "raw", "--force", made.path, out)
    assert victim.read_text() == "precious"
    assert not out.is_symlink()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("image", "old", "expected"),
    [
        (0o644, None, 0o644),
        (0o600, None, 0o600),
        (0o400, None, 0o600),
        (0o444, None, 0o644),
        (0o640, None, 0o640),
        (0o644, 0o600, 0o600),
        (0o600, 0o644, 0o600),
        (0o644, 0o666, 0o644),
        (0o755, 0o640, 0o640),
    ],
)
def test_the_stricter_mode_is_kept(
    made: Made, tmp_path: Path, name: str, image: int, old: int | None, expected: int, kind: str
) -> None:
    out = tmp_path / "out"
    made.path.chmod(image)
    if old is not None:
        out.write_text("old")
        out.chmod(old)
    run(*command(name, made.path, out, *(["--force"] if old is not None else [])))
    assert oct(mode_of(out)) == oct(expected)


@posix
def test_a_parent_that_only_its_owner_may_read_makes_the_output_so(tmp_path: Path) -> None:
    from tests.cli.support import make_chain

    members = make_chain(tmp_path)
    members["base"].path.chmod(0o600)
    run("convert", "--format", "raw", members["child"].path, tmp_path / "out")
    assert oct(mode_of(tmp_path / "out")) == oct(0o600)


@posix
def test_another_group_gets_no_more_than_everybody(made: Made, tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("a file of a group that this user is no member of: needs root")
    os.chown(made.path, -1, 12345)
    made.path.chmod(0o640)
    run("convert", "--format", "raw", made.path, tmp_path / "out")
    assert oct(mode_of(tmp_path / "out")) == oct(0o600)


@posix
def test_nothing_of_it_can_be_read_by_others_while_it_is_written(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    made.path.chmod(0o600)
    modes: list[int] = []
    copy = copying._copy

    def look(disk: Any, extent: Any, fd: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(fd).st_mode))
        copy(disk, extent, fd)

    monkeypatch.setattr(copying, "_copy", look)
    run("convert", "--format", "raw", made.path, tmp_path / "out")
    assert set(modes) == {0o600}


def start(made: Made, out: Path, program: str = SLOW) -> subprocess.Popen[str]:
    """A convert that stops after its first step until a signal comes."""
    child = subprocess.Popen(
        [sys.executable, "-c", program, "convert", "--format", "raw", str(made.path), str(out)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    assert child.stderr.readline() == "copied\n"
    return child


@posix
@pytest.mark.parametrize("name", ["SIGQUIT", "SIGKILL", "SIGABRT"])
def test_nothing_is_left_of_a_run_that_is_killed(made: Made, tmp_path: Path, name: str) -> None:
    if not newfile._NAMELESS:
        pytest.skip("files without a name: this system has none")
    child = start(made, tmp_path / "out")
    assert listing(tmp_path) == ["sample.vhdx"]
    child.send_signal(getattr(signal, name))
    child.communicate()
    assert child.returncode == -getattr(signal, name)
    assert [name for name in listing(tmp_path) if not name.startswith("core")] == ["sample.vhdx"]


@posix
def test_what_a_killed_run_left_is_removed_by_the_next(made: Made, tmp_path: Path) -> None:
    program = "from vhdx_runtime.write import newfile\nnewfile._NAMELESS = 0\n" + SLOW
    child = start(made, tmp_path / "out", program)
    assert len(listing(tmp_path)) == 2
    run("convert", "--format", "raw", made.path, tmp_path / "other")
    assert len(listing(tmp_path)) == 3, "the draft of a run that still works was removed"
    child.kill()
    child.communicate()
    run("read", "-o", tmp_path / "third", made.path)
    assert listing(tmp_path) == ["other", "sample.vhdx", "third"]


@posix
def test_only_drafts_of_its_own_are_removed(made: Made, tmp_path: Path) -> None:
    kept = ["disk.part", ".vhdx-.part", ".vhdx-0123456789ABCDEF.part", "x.vhdx-0123456789abcdef.part"]
    for name in (*kept, LEFT_BEHIND):
        (tmp_path / name).write_text("precious")
    linked, folder = ".vhdx-aaaaaaaaaaaaaaaa.part", ".vhdx-bbbbbbbbbbbbbbbb.part"
    (tmp_path / linked).symlink_to("disk.part")
    (tmp_path / folder).mkdir()
    os.mkfifo(tmp_path / ".vhdx-cccccccccccccccc.part")
    if not os.geteuid():
        theirs = tmp_path / ".vhdx-dddddddddddddddd.part"
        theirs.write_text("of somebody else")
        os.chown(theirs, 12345, -1)
        kept.append(theirs.name)
    run("convert", "--format", "raw", made.path, tmp_path / "out")
    assert listing(tmp_path) == sorted([*kept, linked, folder, ".vhdx-cccccccccccccccc.part", "out", "sample.vhdx"])


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupted_convert_says_how_far_it_came_and_leaves_nothing(made: Made, tmp_path: Path, name: str) -> None:
    child = start(made, tmp_path / "out")
    child.send_signal(getattr(signal, name))
    said = child.communicate()[1]
    assert re.fullmatch(
        r"vhdx: interrupted; ended after \S.* of 8 MiB \(8388608 bytes\), nothing of it is left\n", said
    )
    assert listing(tmp_path) == ["sample.vhdx"]


def test_a_failed_convert_says_how_far_it_came(tmp_path: Path) -> None:
    made = make(tmp_path, BROKEN)
    said, hint = run("convert", "--format", "raw", made.path, tmp_path / "out", code=1).stderr.splitlines()
    assert said.startswith(f"vhdx: error: {made.path}: bat[1] state")
    assert said.endswith("; ended after 1 MiB (1048576 bytes) of 8 MiB (8388608 bytes), nothing of it is left")
    assert hint.startswith("hint: `--salvage`")
    assert (
        "of 8 MiB (8388608 bytes), the rest is missing"
        in run("convert", "--format", "raw", made.path, "-", code=1).stderr
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_names_the_file(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    monkeypatch.setattr(copying, "pwrite", full)
    monkeypatch.setattr(copying, "copy_range", full)
    out = tmp_path / "out"
    expected = out.with_name("raw") if name == "mapfile" else out
    result = run(*command(name, made.path, out), code=3)
    assert result.stderr.startswith(f"vhdx: error: {expected}: {os.strerror(errno.ENOSPC)}")
    assert listing(tmp_path) == ["sample.vhdx"]


def test_a_disk_that_is_full_at_the_last_flush_names_the_file(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(newfile, "flush", full)
    result = run("convert", "--format", "raw", made.path, tmp_path / "out", code=3)
    assert f"{tmp_path / 'out'}: {os.strerror(errno.ENOSPC)}" in result.stderr
    assert listing(tmp_path) == ["sample.vhdx"]


def test_a_folder_that_is_not_there_is_told_by_the_name_of_the_file(made: Made, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "none" / "out"
    assert (
        f"error: {out}: {os.strerror(errno.ENOENT)}" in run("convert", "--format", "raw", made.path, out, code=3).stderr
    )


def test_a_source_that_fails_is_not_taken_for_the_output(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vhdx_runtime.codec.source as source_module

    def fails(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(copying, "copy_range", fails)
    monkeypatch.setattr(source_module, "preadv_into", fails)
    said = run("convert", "--format", "raw", made.path, tmp_path / "out", code=3).stderr
    assert f"error: {made.path}: cannot be read at" in said


@posix
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["new", "replaced"])
def test_where_nameless_files_get_no_name_the_disk_is_still_written(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: list[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "link", refuse)
    made.path.chmod(0o600)
    out = tmp_path / "out"
    if force:
        out.write_text("old")
    run("convert", "--format", "raw", *force, made.path, out)
    assert out.read_bytes() == made.disk
    assert oct(mode_of(out)) == oct(0o600)
    assert out.stat().st_blocks * 512 < 7 * MIB, "holes were written"
    assert listing(tmp_path) == ["out", "sample.vhdx"]


@posix
def test_two_runs_that_end_at_the_same_time_make_one_file(made: Made, tmp_path: Path) -> None:
    program = "from vhdx_runtime.cli import main; main(prog_name='vhdx')"
    words = [sys.executable, "-c", program, "convert", "--format", "raw", str(made.path), str(tmp_path / "out")]
    children = [subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for _ in range(4)]
    codes = sorted(child.wait() for child in children)
    assert codes == [0, 2, 2, 2]
    assert (tmp_path / "out").read_bytes() == made.disk
    assert listing(tmp_path) == ["out", "sample.vhdx"]


@posix
def test_an_interrupt_ends_a_loop_of_the_shell(made: Made, tmp_path: Path) -> None:
    """A shell whose child is ended by SIGINT ends too; one whose child says 1 or 130 by itself goes on."""
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "out").mkdir()
    words = f'"{sys.executable}" slow.py convert --format raw sample.vhdx out/$n'
    loop = f"for n in 1 2 3; do echo $n; {words}; done; echo not ended"
    shell = subprocess.Popen(
        ["bash", "-c", loop],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert shell.stderr is not None
    assert shell.stderr.readline() == "copied\n"
    time.sleep(0.1)
    os.killpg(shell.pid, signal.SIGINT)
    said = shell.communicate(timeout=HANG)[0]
    assert said == "1\n"
    assert shell.returncode == -signal.SIGINT
    assert listing(tmp_path / "out") == []
