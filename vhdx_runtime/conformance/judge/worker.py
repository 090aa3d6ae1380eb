"""The process in which a reader runs: prepares it once, then forks for each image, under limits.

Started by the runner as `python -m vhdx_runtime.conformance.judge.worker READER`, and of use by hand too: the first
line that it prints says which version it found; for each request in a line of JSON on stdin it prints the answer in
one. What a reader does to its process (signals, memory, endless loops) ends a fork and becomes the verdict of an
answer.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
from dataclasses import asdict, dataclass, replace
from typing import Any, NoReturn

from ..readers import Absent, Answer, FailedRead, Reader, Request, ShortRead, find
from ..readers.library import describe
from ..readers.program import peak_of

SECONDS = 30.0
MEMORY = 2 << 30
_FILE_SIZE = 8 << 30
_GRACE_SECONDS = 5
_KIB = 1 << 10
_PIPE_READ = 1 << 15


@dataclass(frozen=True, slots=True)
class Limits:
    """What one image may cost a reader: seconds that pass, and memory of its own in bytes (mapped files cost none)."""

    seconds: float = SECONDS
    memory: int = MEMORY


def answer_in_fork(reader: Reader, request: Request, limits: Limits) -> Answer:
    """Run a reader in a fork of this process."""
    start = time.monotonic()
    receiving, sending = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(receiving)
        _run_and_exit(reader, request, limits, sending)
    os.close(sending)
    try:
        text = _receive(receiving, start + limits.seconds)
    finally:
        os.close(receiving)
        _end_group(pid)
        _, status, usage = os.wait4(pid, 0)
    return _answer(text, status, limits, time.monotonic() - start, usage.ru_maxrss * _KIB)


def _run_and_exit(reader: Reader, request: Request, limits: Limits, sending: int) -> NoReturn:
    """What the fork does; nothing of this process's own may run in it after that."""
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        _limit(limits)
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nothing, fd)
        with os.fdopen(sending, "wb") as pipe:
            pipe.write(json.dumps(asdict(_safely(reader, request))).encode())
        code = 0
    finally:
        os._exit(code)


def _safely(reader: Reader, request: Request) -> Answer:
    try:
        answer = reader.run(request)
    except MemoryError as error:
        answer = Answer("memory", describe(error))
    except Exception as error:  # noqa: BLE001 - a fault of the reader is a result
        answer = Answer("crash", describe(error))
    return answer if answer.peak else replace(answer, peak=peak_of(os.getpid()))


def _limit(limits: Limits) -> None:
    seconds = int(limits.seconds) + _GRACE_SECONDS
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS  # elsewhere mapped files count too
    resource.setrlimit(kind, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_SIZE, _FILE_SIZE))


def _receive(fd: int, deadline: float) -> bytes | None:
    """Everything that the fork sends; None where it has not ended in time, or nobody waits for the answer any more."""
    parts: list[bytes] = []
    parent = os.getppid()
    while os.getppid() == parent and (left := deadline - time.monotonic()) > 0:
        if select.select([fd], [], [], min(left, 1))[0]:
            part = os.read(fd, _PIPE_READ)
            if not part:
                return b"".join(parts)
            parts.append(part)
    return None


def _end_group(pid: int) -> None:
    """End the fork and all that it started, unless it has not yet a group of its own."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _answer(text: bytes | None, status: int, limits: Limits, seconds: float, peak: int) -> Answer:
    if text is None:
        return Answer("hang", f"not done after {limits.seconds:g} s", peak=peak, seconds=seconds)
    if text:
        return replace(answer_of(json.loads(text)), seconds=seconds)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return Answer("hang" if name == "SIGXCPU" else "crash", name, peak=peak, seconds=seconds)
    return Answer("crash", f"exit code {os.waitstatus_to_exitcode(status)}", peak=peak, seconds=seconds)


def answer_of(record: dict[str, Any]) -> Answer:
    """An answer out of its JSON."""
    failed = tuple(FailedRead(**one) for one in record["failed"])
    short = tuple(ShortRead(**one) for one in record["short"])
    return Answer(**record | {"failed": failed, "short": short, "warnings": tuple(record["warnings"])})


def request_of(record: dict[str, Any]) -> Request:
    """A request out of its JSON."""
    lists = {key: tuple(value) for key, value in record.items() if isinstance(value, list)}
    ranges = {key: tuple((o, n) for o, n in lists.get(key, ())) for key in ("reads", "random_reads")}
    return Request(**record | lists | ranges)


def main(arguments: list[str]) -> int:
    """Serve a reader until stdin ends: `worker READER [SECONDS [MEMORY]]`, memory in bytes."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that a running fork is ended too
    reader = find(arguments[0])
    limits = Limits(*(kind(text) for kind, text in zip((float, int), arguments[1:], strict=False)))
    try:
        version, problem = reader.prepare(), ""
    except Absent as error:
        version, problem = "", str(error)
    _say({"reader": reader.name, "version": version, "absent": problem})
    while not problem and (line := sys.stdin.buffer.readline()):
        _say(asdict(answer_in_fork(reader, request_of(json.loads(line)), limits)))
    return 0


def _say(record: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # nobody waits for the answer any more
        os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
