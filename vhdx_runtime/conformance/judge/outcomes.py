"""Whether what a reader did is right: a case, an answer and a comparison become an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vhdx_format import layout

from ..build.model import GuestModel
from ..build.structures import current_log_guid
from ..cases import Case
from ..readers import Answer, FailedRead, Reader, Request
from ..recipes.recipe import NIL_GUID, Recipe
from .compare import WrongBytes, overlaps

Kind = Literal[
    "pass",
    "partly",
    "wrong-bytes",
    "accepted",
    "refused",
    "crash",
    "hang",
    "memory",
    "changed-file",
    "unsupported",
    "skipped",
    "absent",
]
RIGHT: frozenset[Kind] = frozenset(("pass", "partly"))
NOT_JUDGED: frozenset[Kind] = frozenset(("skipped", "absent"))
KINDS: dict[Kind, str] = {
    "pass": "as the case says, or in a way that the specification leaves open",
    "partly": "refused as a whole, although only part of the disk is lost: allowed",
    "wrong-bytes": "delivered other bytes than the guest's, without a sign",
    "accepted": "opened a file that must be refused",
    "refused": "refused a file, or a read, that must work",
    "crash": "was ended by a signal, or by an error of its own",
    "hang": "was not done in time",
    "memory": "ran out of memory",
    "changed-file": "changed the file that it was to read",
    "unsupported": "refused what its authors say that it lacks",
    "skipped": "not judged, for the reason given",
    "absent": "is not installed here",
}
_OPTIONS = ("parents", "parent_dirs", "log", "header", "without_parent")


@dataclass(frozen=True, slots=True)
class ReaderOutcome:
    """What became of a case in the hands of a reader: the kind, and in words what happened."""

    kind: Kind
    detail: str = ""


def features(recipes: Sequence[Recipe]) -> frozenset[str]:
    """What a reader must be able to do for these files: "differencing", "sector-4096", "dirty-log"."""
    found = set()
    for recipe in recipes:
        if recipe.geometry.disk_type == "differencing":
            found.add("differencing")
        if recipe.geometry.logical_sector_size == layout.SECTOR_SIZE_4096:
            found.add("sector-4096")
        guids = {current_log_guid(recipe), *(copy.log_guid for copy in recipe.headers)}
        if guids - {None, NIL_GUID}:
            found.add("dirty-log")
    return frozenset(found)


def cannot_be_asked(case: Case, reader: Reader) -> str:
    """What the case asks of a reader that this one has no way to be asked for, in words, or ""."""
    wanted = {
        "parents": bool(case.open.parents),
        "parent_dirs": bool(case.open.parent_dirs),
        "log": case.open.log != "replay",
        "header": case.open.header is not None,
        "without_parent": case.open.without_parent,
    }
    lacking = [name for name in _OPTIONS if wanted[name] and name not in reader.options]
    return f"the case needs a reader that can be told: {', '.join(lacking)}" if lacking else ""


def judge(
    case: Case,
    reader: Reader,
    request: Request,
    answer: Answer,
    model: GuestModel,
    found: WrongBytes | None,
    *,
    is_changed: bool,
) -> ReaderOutcome:
    """Judge one run.

    Args:
        case: the case.
        reader: who ran.
        request: what it was asked.
        answer: what it did.
        model: the guest's disk.
        found: the first wrong byte, where its bytes were compared.
        is_changed: one of the files is not what it was before.
    """
    if answer.verdict in ("crash", "hang", "memory", "skipped"):
        return ReaderOutcome(answer.verdict, answer.message)
    if is_changed and not reader.changes_files:
        return ReaderOutcome("changed-file", _happened(answer, model, found))
    outcome = _judge_verdict(case, request, answer, model, found)
    evidence = _documented(case, reader)
    if evidence and outcome.kind in ("refused", "wrong-bytes") and (answer.verdict == "refused" or answer.warnings):
        return ReaderOutcome("unsupported", f"{outcome.detail} (known: {evidence})")
    return outcome


def _judge_verdict(
    case: Case, request: Request, answer: Answer, model: GuestModel, found: WrongBytes | None
) -> ReaderOutcome:
    if case.expect == "either":
        is_wrong = found is not None and answer.size in (None, model.size)
        return ReaderOutcome("wrong-bytes" if is_wrong else "pass", _happened(answer, model, found))
    if case.expect == "refuse":
        return _judge_refusal(case, answer)
    if answer.verdict == "refused":
        return ReaderOutcome("partly" if case.expect == "read-degraded" else "refused", answer.message)
    if answer.size not in (None, model.size):
        return ReaderOutcome("wrong-bytes", f"a disk of {answer.size} bytes, expected {model.size}")
    if found is not None:
        return ReaderOutcome("wrong-bytes", describe(found))
    if not answer.has_bytes:
        return ReaderOutcome("skipped", "opens the file; the disk is too large to be written out")
    failed = [one for one in answer.failed if not overlaps(range_of(request, one), case.lost)]
    if failed:
        offset, length = range_of(request, failed[0])
        count = len(request.reads) + len(request.random_reads)
        detail = f"{len(failed)} of {count} reads fail, the first of {length} at {offset:#x}: {failed[0].message}"
        return ReaderOutcome("partly" if case.expect == "read-degraded" else "refused", detail)
    return ReaderOutcome("pass", _in_lost(case, request, answer))


def _judge_refusal(case: Case, answer: Answer) -> ReaderOutcome:
    if answer.verdict == "refused":
        if answer.rule and answer.rule != case.by:
            return ReaderOutcome("refused", f"by {answer.rule} instead of {case.by}: {answer.message}")
        return ReaderOutcome("pass", answer.message)
    if answer.failed:
        return ReaderOutcome("pass", f"opens the file, but refuses a read: {answer.failed[0].message}")
    how = "reads end early, without an error" if answer.short else "opens and reads without an error"
    return ReaderOutcome("accepted", f"{how}; must be refused by {case.by}")


def _in_lost(case: Case, request: Request, answer: Answer) -> str:
    if not case.lost:
        return ""
    failing = {one.index for one in answer.failed if not one.is_random}
    inside = {i for i, read in enumerate(request.reads) if overlaps(read, case.lost)}
    is_silent = bool(inside - failing)
    return "delivers bytes where they are lost, without a sign" if is_silent else "an error where bytes are lost"


def _happened(answer: Answer, model: GuestModel, found: WrongBytes | None) -> str:
    if answer.verdict == "refused":
        return f"refuses: {answer.message}"
    if answer.failed:
        return f"opens, {len(answer.failed)} reads fail: {answer.failed[0].message}"
    if answer.size not in (None, model.size):
        return f"opens, with a disk of {answer.size} bytes"
    if found is not None:
        return f"opens, with bytes of its own: {describe(found)}"
    return "opens, with the bytes of the model" if answer.has_bytes else "opens"


def _documented(case: Case, reader: Reader) -> str:
    needed = features(case.recipes)
    return "; ".join(limit.evidence for limit in reader.limits if limit.feature in needed)


def range_of(request: Request, failed: FailedRead) -> tuple[int, int]:
    """Virtual offset and length of a read that failed."""
    return (request.random_reads if failed.is_random else request.reads)[failed.index]


def describe(found: WrongBytes) -> str:
    """A difference in words."""
    offset, length = found.read
    read = f"in a read of {length} at {offset:#x} (from end to end all is right)"
    how = read if found.is_random else "in reading from end to end"
    return (
        f"byte {found.offset:#x} {how}: {found.found.hex() or 'nothing'}, expected {found.expected.hex()}; "
        f"{found.sectors} sectors wrong"
    )
