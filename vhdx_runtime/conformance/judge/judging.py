"""Our own library against a case: is the verdict, and every byte, what the case says?

The only module of this package that imports the reader. Of a disk that opens, every range of `sampling` is compared
with the flat model, and so are small unaligned reads.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import vhdx_runtime

from ...errors import VhdxError
from ..build.model import GuestModel
from ..cases import Built, Case
from . import sampling

_END = 1 << 20  # bytes read at each end of a long range that is lost


def judge_ours(case: Case) -> str:
    """Build a case, open it with our library and compare.

    Returns:
        What is not as the case says, in one line, or "".
    """
    with tempfile.TemporaryDirectory(prefix="vhdx-case-") as folder:
        return judge_built(case, case.build(Path(folder)))


def judge_built(case: Case, built: Built) -> str:
    """The same for a case whose files are on disk.

    Returns:
        What is not as the case says, in one line, or "".
    """
    try:
        disk = _open(case, built, salvage=case.expect == "read-degraded")
    except VhdxError as error:
        return _judge_refusal(case, error)
    with disk:
        if case.expect == "refuse":
            return f"opens, must be refused by {case.by}"
        if disk.size != built.expected.size:
            return f"{disk.size} bytes of disk, {built.expected.size} expected"
        if case.expect == "either":
            return _judge_either(case, built.expected, disk)
        if case.expect == "read":
            return _judge_read(disk, built.expected)
        return _judge_degraded(case, built, disk)


def _open(case: Case, built: Built, *, salvage: bool) -> vhdx_runtime.VirtualDisk:
    folder = built.paths[0].parents[len(Path(case.files[0].path).parts) - 1]
    return vhdx_runtime.open(
        built.opened,
        parents=[folder / name for name in case.open.parents],
        parent_dirs=[folder / name for name in case.open.parent_dirs],
        log=case.open.log,
        header=case.open.header,
        without_parent=case.open.without_parent,
        salvage=salvage,
    )


def _judge_refusal(case: Case, error: VhdxError) -> str:
    if case.expect == "refuse" and error.rule == case.by:
        return ""
    if case.expect == "either" and (not case.by or error.rule == case.by):
        return ""
    wanted = f"by {case.by}" if case.by else "not at all"
    return f"refused by {error.rule}, expected {wanted}: {error}"


def _judge_either(case: Case, model: GuestModel, disk: vhdx_runtime.VirtualDisk) -> str:
    """A read may fail; one that does not gives the guest's bytes, but where they are left open."""
    for offset, length in sampling.ranges(model):
        try:
            disk.read_at(offset, length)
        except VhdxError as error:
            if case.by and error.rule != case.by:
                return f"reading {offset:#x} fails by {error.rule}, not {case.by}: {error}"
    for wanted in _without(sampling.ranges(model), sorted(case.unspecified)):
        try:
            if problem := _compare(disk, model, [wanted]):
                return problem
        except VhdxError:
            continue
    return ""


def _judge_read(disk: vhdx_runtime.VirtualDisk, model: GuestModel) -> str:
    if model.lost():
        return f"the model itself says that {model.lost()} cannot be read: expect read-degraded or refuse"
    try:
        return _compare(disk, model, sampling.ranges(model)) or _compare(disk, model, sampling.small_reads(model))
    except VhdxError as error:
        return f"reading fails by {error.rule}: {error}"


def _judge_degraded(case: Case, built: Built, salvaging: vhdx_runtime.VirtualDisk) -> str:
    model = built.expected
    healthy = list(_without(sampling.ranges(model), sorted(case.lost)))
    with _open(case, built, salvage=False) as disk:
        for offset, length in case.lost:
            for start in {offset, offset + length - 1, offset + length // 2}:
                try:
                    disk.read_at(start, 1)
                except VhdxError:
                    continue
                return f"byte {start:#x} can be read and is said to be lost"
        try:
            problem = _compare(disk, model, healthy)
        except VhdxError as error:
            return f"reading what is not lost fails by {error.rule}: {error}"
    mapped = _joined((piece.virtual_offset, piece.length) for piece in salvaging.ranges() if piece.kind == "unreadable")
    if mapped != _joined(case.lost):
        return f"unreadable are {mapped}, the case says {_joined(case.lost)}"
    wanted = [end for lost in case.lost for end in _ends(*lost)]
    for offset, length in (*healthy, *wanted):
        salvaging.read_at(offset, length)
    found = _joined((piece.virtual_offset, piece.length) for piece in salvaging.lost)
    if found != _joined(wanted):
        return f"lost are {found}, the case says {_joined(wanted)}"
    return problem


def _ends(offset: int, length: int) -> Iterator[tuple[int, int]]:
    """A range, or its first and last bytes where it is too long to be read as a whole."""
    if length <= 2 * _END:
        yield offset, length
    else:
        yield offset, _END
        yield offset + length - _END, _END


def _compare(disk: vhdx_runtime.VirtualDisk, model: GuestModel, wanted: Iterable[tuple[int, int]]) -> str:
    for offset, length in wanted:
        found, expected = disk.read_at(offset, length), model.read(offset, length)
        if found != expected:
            at = next((i for i, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), len(found))
            what = f"{_around(found, at)}, expected {_around(expected, at)}"
            return f"byte {offset + at:#x} (in a read of {length} at {offset:#x}): {what}"
    return ""


def _around(data: bytes, at: int) -> str:
    return data[at : at + 16].hex() or "nothing"


def _without(ranges: Iterator[tuple[int, int]], lost: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The ranges less those that are lost."""
    for offset, length in ranges:
        end = offset + length
        for start, size in lost:
            if start < end and offset < start + size:
                if offset < start:
                    yield offset, start - offset
                offset = min(start + size, end)
        if offset < end:
            yield offset, end - offset


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same bytes as (offset, length), in order, neighbours and overlaps joined."""
    result: list[tuple[int, int]] = []
    for offset, length in sorted(ranges):
        if result and offset <= sum(result[-1]):
            first = result[-1][0]
            result[-1] = (first, max(sum(result[-1]), offset + length) - first)
        else:
            result.append((offset, length))
    return result
