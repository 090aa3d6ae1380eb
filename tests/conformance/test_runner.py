"""The runner: what a reader does to its process or to its files becomes an outcome, and the right one."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.patience import HANG, slowness
from vhdx_runtime.conformance import Bat, Block, Expanded, Fill, Geometry, Recipe, expand
from vhdx_runtime.conformance.cases import Case, Opening
from vhdx_runtime.conformance.judge import compare, hosts, outcomes, runner
from vhdx_runtime.conformance.judge.worker import Limits
from vhdx_runtime.conformance.readers import Answer, FailedRead, Limit, Reader, Request, ShortRead, find

MIB = 1 << 20
SMALL = Recipe(
    name="small", geometry=Geometry(virtual_disk_size=2 * MIB), bat=Bat((Block(1, fills=(Fill(512, 9000),)),))
)
SAMPLE = Case(id="sample", title="A small file", probes="Is it read?", expect="read", files=(SMALL,))
FAST = Limits(seconds=max(2.0, 0.7 * slowness()), memory=1 << 30)


def shell(script: str, name: str = "tool") -> str:
    """A command line that runs a script of a shell with the image as $1 and the raw file as $2."""
    return f"command {name}=sh -c {shlex.quote(script)} sh {{image}} {{out}}"


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk of the sample as a raw file."""
    path = tmp_path_factory.mktemp("raw") / "disk.raw"
    model = expand(SMALL).expected
    path.write_bytes(model.read(0, model.size))
    return path


def run_one(command: str, case: Case = SAMPLE, limits: Limits = FAST) -> runner.Result:
    """The result of one case in the hands of one reader."""
    ((_, (result,)),) = runner.run([case], [command], jobs=1, limits=limits)
    return result


@pytest.mark.parametrize(
    ("script", "kind", "part"),
    [
        ("cp RAW $2", "pass", ""),
        ("cp RAW $2; echo fine >&2", "pass", ""),
        ("echo no such file >&2; exit 3", "refused", "no such file"),
        ("true", "refused", "no file was written"),
        ("cp RAW $2; printf x | dd of=$2 bs=1 seek=1049600 conv=notrunc", "wrong-bytes", "byte 0x100400 in reading"),
        ("cp RAW $2; truncate -s -1 $2", "wrong-bytes", "a disk of 2097151 bytes, expected 2097152"),
        ("cp RAW $2; truncate -s +512 $2", "wrong-bytes", "a disk of 2097664 bytes, expected 2097152"),
        ("kill -SEGV $$", "crash", "SIGSEGV"),
        ("sleep 60", "hang", "not done after "),
        ("while true; do true; done", "hang", "not done after "),
        ("cp RAW $2; printf x >> $1", "changed-file", "opens, with the bytes of the model"),
        ("cp RAW $2; rm $1", "changed-file", "opens"),
        ("cp RAW $2; printf x | dd of=$1 bs=1 seek=70000 conv=notrunc", "changed-file", "opens"),
    ],
)
def test_what_a_program_does_becomes_an_outcome(script: str, kind: str, part: str, raw: Path) -> None:
    result = run_one(shell(script.replace("RAW", shlex.quote(str(raw)))))
    assert (result.outcome.kind, result.answer is not None) == (kind, True), result
    assert part in result.outcome.detail


def test_a_program_that_takes_too_much_memory_runs_out_of_it() -> None:
    script = f"{shlex.quote(sys.executable)} -c 'bytes(3 << 30)'"
    assert run_one(shell(script)).outcome.kind == "memory"


def test_a_program_may_write_the_disk_to_its_output_and_no_more_than_that(raw: Path) -> None:
    good = f"command cat=sh -c 'cat {shlex.quote(str(raw))}' sh {{image}}"
    assert run_one(good).outcome.kind == "pass"
    endless = "command yes=sh -c 'yes' sh {image}"
    assert run_one(endless).outcome.kind == "wrong-bytes"


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    run_one(shell(f"sleep 300 & echo $! > {shlex.quote(str(note))}; wait"))
    pid = int(note.read_text())
    wait_until(lambda: not is_running(pid))
    assert not is_running(pid)


def test_a_process_that_misses_the_first_request_to_end_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    deafness = "import signal, time; signal.signal(15, lambda *_: signal.signal(15, signal.SIG_DFL)); print(flush=True)"
    program = [sys.executable, "-c", f"{deafness}; [time.sleep(1) for _ in range(60)]"]
    with (
        hosts.Host("vhdx-runtime", FAST) as host,
        subprocess.Popen(program, stdout=subprocess.PIPE) as deaf,
        monkeypatch.context() as patch,
    ):
        assert deaf.stdout is not None
        deaf.stdout.readline()
        patch.setattr(host, "_process", deaf)
        host.end()
    assert deaf.returncode == -signal.SIGTERM


def is_running(pid: int) -> bool:
    """True for a process that is there and no zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_what_one_reader_does_to_the_files_no_other_reader_meets(raw: Path) -> None:
    names = [shell(f"cp {raw} $2; : > $1", "first"), shell(f"test $(stat -c %s $1) -gt 1000 && cp {raw} $2", "second")]
    ((_, results),) = runner.run([SAMPLE], names, jobs=1, limits=FAST)
    assert [result.outcome.kind for result in results] == ["changed-file", "pass"]


def test_a_run_leaves_no_files_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    run_one("vhdx-runtime")
    run_one(shell("sleep 60"), limits=Limits(seconds=1))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_ends_its_readers_and_leaves_no_files(number: int, tmp_path: Path) -> None:
    note, scratch = tmp_path / "pid", tmp_path / "scratch"
    scratch.mkdir()
    slow = shell(f"echo $$ > {shlex.quote(str(note))}; sleep 300")
    program = "from vhdx_runtime.cli import main; main(['conformance', 'run', '--reader', *__import__('sys').argv[1:]])"
    process = subprocess.Popen(
        [sys.executable, "-c", program, slow],
        env=os.environ | {"TMPDIR": str(scratch)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: note.exists() and note.read_text().endswith("\n"))
    pid = int(note.read_text())
    process.send_signal(number)
    assert process.wait(HANG) in (1, 128 + number, -number)
    wait_until(lambda: not is_running(pid))
    assert not list(scratch.iterdir())


def wait_until(condition: Callable[[], bool], seconds: float = HANG) -> None:
    """Wait for something, and fail where it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_results_come_in_the_order_of_the_cases_whatever_takes_longest() -> None:
    cases = [replace(SAMPLE, id=f"case-{index}") for index in range(6)]
    found = list(runner.run(cases, ["vhdx-runtime"], jobs=3, limits=FAST))
    assert [case.id for case, _ in found] == [case.id for case in cases]
    assert {result.outcome.kind for _, results in found for result in results} == {"pass"}


def test_a_reader_sees_names_of_the_case_not_of_its_private_copy() -> None:
    result = run_one(shell("echo cannot open $1 >&2; exit 1"))
    assert result.outcome.detail == "cannot open small.vhdx"


def test_an_absent_reader_is_reported_and_not_run() -> None:
    (found,) = runner.survey(["command no-such-program-anywhere {image} {out}"])
    assert (found.version, found.absent) == ("", "no program is called no-such-program-anywhere")
    assert run_one("command no-such-program-anywhere {image} {out}").outcome.kind == "absent"


def test_a_case_that_asks_for_what_a_reader_cannot_be_told_is_skipped() -> None:
    case = replace(SAMPLE, open=Opening(log="ignore", header=2))
    result = run_one(shell("exit 1"), case)
    assert result.outcome == outcomes.ReaderOutcome("skipped", "the case needs a reader that can be told: log, header")
    assert run_one("vhdx-runtime", case).outcome.kind == "pass"


def chain_case(**more: object) -> Case:
    """A child over a parent over a base."""
    geometry = Geometry("differencing", 2 * MIB)
    files = (
        SMALL,
        Recipe(name="middle", geometry=geometry),
        Recipe(name="top", geometry=geometry, bat=Bat((Block(0),))),
    )
    return Case(id="chain", title="A chain", probes="Is it read?", expect="read", files=files, **more)  # type: ignore[arg-type]


def test_the_chain_of_a_case_is_what_its_reads_are_delegated_to() -> None:
    assert runner.chain_of(SAMPLE) == ()
    assert runner.chain_of(chain_case()) == ("middle.vhdx", "small.vhdx")
    assert runner.chain_of(chain_case(over={"top.vhdx": "small.vhdx"})) == ("small.vhdx",)
    assert runner.chain_of(chain_case(over={"middle.vhdx": None})) == ("middle.vhdx",)
    assert run_one("vhdx-runtime", chain_case()).outcome.kind == "pass"


@pytest.mark.parametrize("lost", [(), ((MIB, MIB),), ((512, 512), (4096, 70_000))])
def test_a_small_disk_is_asked_for_once_from_end_to_end(lost: tuple[tuple[int, int], ...], tmp_path: Path) -> None:
    made = expand(SMALL)
    case = replace(SAMPLE, lost=lost, expect="read-degraded" if lost else "read")
    request = runner.request_for(case, made, tmp_path)
    position = 0
    for offset, length in request.reads:
        assert offset == position
        position += length
        inside = [start <= offset and offset + length <= start + size for start, size in lost]
        assert any(inside) or not compare.overlaps((offset, length), lost), "a read is lost in part"
    assert position == made.expected.size
    assert request.is_whole
    assert len(request.random_reads) > 20
    assert not any(compare.overlaps(read, lost) for read in request.random_reads)


def answered(made: Expanded, folder: Path, change: int | None = None, **more: object) -> tuple[Request, Answer]:
    """A request, and an answer with the model's bytes, of which one may be another."""
    request = runner.request_for(SAMPLE, made, folder)
    for path, reads in ((request.out, request.reads), (request.random_out, request.random_reads)):
        data = bytearray(b"".join(made.expected.read(*read) for read in reads))
        if change is not None and path == request.out:
            data[change] ^= 1
        Path(path).write_bytes(data)
    size = made.expected.size
    return request, Answer("opened", size=size, has_bytes=True, has_random=True, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("at", [0, 1, 511, 512, MIB + 511, MIB + 512, MIB + 9511, 2 * MIB - 1])
def test_the_first_wrong_byte_is_found_wherever_it_is(at: int, tmp_path: Path) -> None:
    made = expand(SMALL)
    request, answer = answered(made, tmp_path, at)
    found = compare.difference(request, answer, made.expected, ())
    assert found is not None
    assert (found.offset, found.sectors, found.is_random) == (at, 1, False)
    assert found.expected == made.expected.read(at, 16)
    assert found.found[0] == found.expected[0] ^ 1
    assert compare.difference(request, answer, made.expected, ((at, 1),)) is None


def test_a_read_that_ends_early_is_wrong_from_there_on_even_where_zeros_follow(tmp_path: Path) -> None:
    made = expand(SMALL)
    request, answer = answered(made, tmp_path, short=(ShortRead(False, 0, 5000),))
    found = compare.difference(request, answer, made.expected, ())
    assert found is not None
    assert (found.offset, found.found) == (5000, b"")


def test_a_read_that_fails_is_not_compared(tmp_path: Path) -> None:
    made = expand(SMALL)
    request, answer = answered(made, tmp_path, 7, failed=(FailedRead(False, 0, "no"),))
    assert compare.difference(request, answer, made.expected, ()) is None


@pytest.mark.parametrize("at", [0, 100, 70_000, 3 * MIB, None])
def test_any_change_of_a_file_is_seen(at: int | None, tmp_path: Path) -> None:
    made = expand(SMALL)
    path = made.write(tmp_path)
    assert compare.is_unchanged(path, made)
    with path.open("r+b") as file:
        if at is None:
            file.truncate(made.length - 1)
        else:
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 0x80]))
    assert not compare.is_unchanged(path, made)


def test_zeros_written_into_a_hole_are_no_change(tmp_path: Path) -> None:
    made = expand(SMALL)
    path = made.write(tmp_path)
    path.write_bytes(made.to_bytes())
    assert compare.is_unchanged(path, made)


REFUSED = Answer("refused", "no")
OPENED = Answer("opened", size=2 * MIB, has_bytes=True)
READER = replace(find("vhdx-runtime"), limits=(Limit("dirty-log", "they say so"),))
WRONG = compare.WrongBytes(7, b"a", b"b", (0, 512), False, 1)
DIRTY = replace(SMALL, log=replace(SMALL.log, is_dirty=True))


def judged(
    case: Case,
    answer: Answer,
    found: compare.WrongBytes | None = None,
    *,
    reader: Reader = READER,
    is_changed: bool = False,
) -> str:
    """The kind of an outcome."""
    request = Request("x", reads=((0, MIB), (MIB, MIB)), is_whole=True)
    model = expand(SMALL).expected
    return outcomes.judge(case, reader, request, answer, model, found, is_changed=is_changed).kind


def test_a_readable_file_must_be_read() -> None:
    assert judged(SAMPLE, OPENED) == "pass"
    assert judged(SAMPLE, REFUSED) == "refused"
    assert judged(SAMPLE, OPENED, WRONG) == "wrong-bytes"
    assert judged(SAMPLE, replace(OPENED, size=MIB)) == "wrong-bytes"
    assert judged(SAMPLE, replace(OPENED, failed=(FailedRead(False, 1, "no"),))) == "refused"
    assert judged(SAMPLE, replace(OPENED, has_bytes=False)) == "skipped"


def test_a_file_to_refuse_must_be_refused_and_by_the_rule_where_one_is_named() -> None:
    case = replace(SAMPLE, expect="refuse", by="HDR-003")
    assert judged(case, REFUSED) == "pass"
    assert judged(case, replace(REFUSED, rule="HDR-003")) == "pass"
    assert judged(case, replace(REFUSED, rule="HDR-002")) == "refused"
    assert judged(case, OPENED) == "accepted"
    assert judged(case, OPENED, WRONG) == "accepted"
    assert judged(case, replace(OPENED, has_bytes=False)) == "accepted"
    assert judged(case, replace(OPENED, failed=(FailedRead(False, 1, "no"),))) == "pass"
    assert judged(case, replace(OPENED, short=(ShortRead(False, 1, 5),))) == "accepted"


def test_a_degraded_file_may_be_refused_but_what_is_left_must_not_be_wrong() -> None:
    case = replace(SAMPLE, expect="read-degraded", lost=((MIB, MIB),))
    assert judged(case, REFUSED) == "partly"
    assert judged(case, OPENED) == "pass"
    assert judged(case, replace(OPENED, failed=(FailedRead(False, 1, "no"),))) == "pass"
    assert judged(case, replace(OPENED, failed=(FailedRead(False, 0, "no"),))) == "partly"
    assert judged(case, OPENED, WRONG) == "wrong-bytes"


def test_what_is_left_open_is_right_unless_it_dies_or_changes_the_file() -> None:
    case = replace(SAMPLE, expect="either", reason="nobody says")
    for answer in (REFUSED, OPENED, replace(OPENED, size=5), replace(OPENED, failed=(FailedRead(False, 1, "no"),))):
        assert judged(case, answer) == "pass"
    assert judged(case, OPENED, WRONG) == "wrong-bytes", "whoever does not refuse it reads what the guest wrote"
    assert judged(case, replace(OPENED, size=5), WRONG) == "pass"
    for verdict in ("crash", "hang", "memory"):
        assert judged(case, Answer(verdict)) == verdict  # type: ignore[arg-type]
    assert judged(case, OPENED, is_changed=True) == "changed-file"
    assert judged(case, OPENED, is_changed=True, reader=replace(READER, changes_files=True)) == "pass"


def test_bytes_that_are_left_open_are_not_compared(tmp_path: Path) -> None:
    case = replace(SAMPLE, unspecified=((MIB, MIB),), reason="nobody says")
    made = case.expand()[-1]
    request = runner.request_for(case, made, tmp_path)
    reads = [read for read in request.reads if compare.overlaps(read, case.unspecified)]
    assert reads == [(MIB, MIB)], "read by themselves"
    assert not any(compare.overlaps(read, case.unspecified) for read in request.random_reads)
    raw = bytearray(made.expected.read(0, made.expected.size))
    raw[MIB : 2 * MIB] = b"?" * MIB
    Path(request.out).write_bytes(raw)
    answer = replace(OPENED, has_bytes=True, has_random=False)
    assert compare.difference(request, answer, made.expected, case.not_compared) is None
    assert compare.difference(request, answer, made.expected, ()) is not None


def test_a_documented_lack_has_a_kind_of_its_own_where_the_reader_says_so() -> None:
    case = replace(SAMPLE, files=(DIRTY,))
    assert outcomes.features((DIRTY,)) == {"dirty-log"}
    assert judged(case, REFUSED) == "unsupported"
    assert judged(case, OPENED, WRONG) == "wrong-bytes", "silently wrong is wrong, whatever is documented"
    assert judged(case, replace(OPENED, warnings=("log not replayed",)), WRONG) == "unsupported"
    assert judged(case, OPENED) == "pass"
    assert judged(case, Answer("crash")) == "crash"
    assert judged(SAMPLE, REFUSED) == "refused"
    assert judged(replace(case, expect="refuse", by="LOG-024"), OPENED) == "accepted"


def test_features_are_those_of_every_file_of_a_case() -> None:
    assert outcomes.features((SMALL,)) == set()
    assert outcomes.features(chain_case().recipes) == {"differencing"}
    assert outcomes.features((Recipe(geometry=Geometry(logical_sector_size=4096)),)) == {"sector-4096"}
