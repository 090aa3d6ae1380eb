"""Who is wrong about an image: by its label, else by what most implementations say, else by what ours says.

What a reader is documented to lack is no disagreement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ...conformance.judge import outcomes
from ...conformance.judge.compare import WrongBytes
from ...portable import pread
from ...wording import agreeing, counted
from .. import sparse_copies
from .observations import Knowledge, Reading, ReadPlan
from .subjects import Label

Kind = Literal["crash", "hang", "memory", "changed-file", "wrong-bytes", "wrong-accept", "wrong-reject"]
Basis = Literal["label", "majority", "ours", "itself"]
KINDS: Final[dict[Kind, str]] = {
    "crash": "was ended by a signal, or by an error of its own",
    "hang": "was not done in time",
    "memory": "ran out of memory",
    "changed-file": "changed the file that it was to read",
    "wrong-bytes": "delivered other bytes than the guest's, without a sign",
    "wrong-accept": "opened and read a file that must be refused",
    "wrong-reject": "refused a file, or a read, that must work",
}
BASES: Final[dict[Basis, str]] = {
    "label": "the image's label says what is right",
    "majority": "no label says; most implementations say otherwise",
    "ours": "neither a label nor a majority says; vhdx-runtime says otherwise",
    "itself": "wrong whatever the image is",
}
_DEATHS: Final = ("crash", "hang", "memory")
_SHOWN: Final = 16
_PIECE: Final = 512
_REFUSE: Final = -1

Stance = int  # _REFUSE, or the number of a group of readings with the same bytes


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A reader that is wrong about an image.

    Attributes:
        reading: the reader and what it did.
        kind: how it is wrong.
        basis: by what it is called wrong.
        detail: what happened, in words.
        at: virtual offset of the first wrong byte, 0 where there is none.
        read: virtual offset and length of the read that shows it.
    """

    reading: Reading
    kind: Kind
    basis: Basis
    detail: str
    at: int = 0
    read: tuple[int, int] = (0, _SHOWN)


@dataclass(frozen=True, slots=True)
class _Truth:
    """What is right.

    Attributes:
        basis: by what.
        stance: refuse, or the group whose bytes are right (a number that no group has, where none is right); None
            where it is not known.
        opens: the file must open; not so where it is damaged or left to the reader.
        bytes_basis: by what the bytes are judged.
    """

    basis: Basis
    stance: Stance | None
    opens: bool = True
    bytes_basis: Basis = "label"


def disagreements(
    readings: Sequence[Reading], wanted: ReadPlan, label: Label | None, known: Knowledge
) -> Iterator[Disagreement]:
    """Everyone who is wrong.

    Args:
        readings: of one image; the first is ours.
        wanted: what they were asked for.
        label: what is right, None where that is not known.
        known: what the image needs of a reader.

    Yields:
        One for each reader that is wrong, in their order.
    """
    groups = _groups([one for one in readings if one.is_complete and one.answer.size in (None, wanted.size)])
    truth = _labelled(label, wanted, groups, readings) if label else _voted(readings, groups, known)
    for reading in readings:
        found = _own_fault(reading) or (_against(reading, truth, groups, wanted) if truth else None)
        if found is not None and not (found.kind in ("wrong-reject", "wrong-bytes") and _is_documented(reading, known)):
            yield found


def _groups(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Readings with the same bytes."""
    groups: list[list[Reading]] = []
    for reading in readings:
        for group in groups:
            if sparse_copies.first_difference(group[0].out, reading.out) is None:
                group.append(reading)
                break
        else:
            groups.append([reading])
    return groups


def _labelled(label: Label, wanted: ReadPlan, groups: list[list[Reading]], readings: Sequence[Reading]) -> _Truth:
    if label.verdict == "reject":
        return _Truth("label", _REFUSE)
    if label.verdict == "reader's-choice":
        return _Truth("label", None, opens=False)
    opens = label.verdict != "open-but-damaged"
    if label.guest is None or not wanted.is_whole:
        return _undefined(groups, readings, opens)
    digest = sparse_copies.sparse_sha256 if label.is_sparse else sparse_copies.digest
    right = [number for number, group in enumerate(groups) if digest(group[0].out) == label.guest]
    return _Truth("label", right[0] if right else len(groups), opens)


def _undefined(groups: list[list[Reading]], readings: Sequence[Reading], opens: bool) -> _Truth:
    """The file must open (or may be damaged), and its label does not say what bytes the guest sees.

    What is left of a damaged disk nobody can say; else ours has the word: most readers ignore a log without a sign.
    """
    ours = _stance(readings[0], groups) if opens else None
    return _Truth("label", None if ours == _REFUSE else ours, opens, "ours")


def _voted(readings: Sequence[Reading], groups: list[list[Reading]], known: Knowledge) -> _Truth | None:
    """What most implementations say, else what ours says.

    Programs of one project count once; who is documented to lack what the image needs has no vote.
    """
    votes: dict[str, Stance] = {}
    for reading in readings:
        stance = _stance(reading, groups)
        if stance is not None and not _is_lacking(reading, known):
            votes.setdefault(reading.reader.url or reading.reader.name, stance)
    if not votes:
        return None
    stance, count = Counter(votes.values()).most_common(1)[0]
    if 2 * count > len(votes) and count > 1:
        return _Truth("majority", stance, bytes_basis="majority")
    ours = _stance(readings[0], groups)
    return None if ours is None else _Truth("ours", ours, bytes_basis="ours")


def _stance(reading: Reading, groups: list[list[Reading]]) -> Stance | None:
    if reading.answer.verdict == "refused" or reading.answer.failed:
        return _REFUSE
    return next((number for number, group in enumerate(groups) if reading in group), None)


def _is_lacking(reading: Reading, known: Knowledge) -> bool:
    """The image needs what the reader's authors say that it lacks."""
    return any(limit.feature in known.features for limit in reading.reader.limits)


def _is_documented(reading: Reading, known: Knowledge) -> bool:
    """The reader gives a sign of what its authors say that it lacks."""
    return _is_lacking(reading, known) and (reading.answer.verdict == "refused" or bool(reading.answer.warnings))


def _own_fault(reading: Reading) -> Disagreement | None:
    answer = reading.answer
    for kind in _DEATHS:
        if answer.verdict == kind:
            return Disagreement(reading, kind, "itself", answer.message)
    if reading.is_changed and not reading.reader.changes_files:
        return Disagreement(reading, "changed-file", "itself", answer.message or answer.verdict)
    return None


def _against(reading: Reading, truth: _Truth, groups: list[list[Reading]], wanted: ReadPlan) -> Disagreement | None:
    answer = reading.answer
    if answer.verdict == "skipped":
        return None
    if truth.stance == _REFUSE:
        if answer.verdict == "refused" or answer.failed:
            return None
        return Disagreement(reading, "wrong-accept", truth.basis, "opens and reads without an error")
    if answer.verdict == "refused" or answer.failed:
        return _refusal(reading, truth) if truth.opens else None
    return _bytes(reading, truth, groups, wanted)


def _refusal(reading: Reading, truth: _Truth) -> Disagreement:
    if reading.answer.verdict == "refused":
        return Disagreement(reading, "wrong-reject", truth.basis, reading.answer.message)
    failed = reading.answer.failed[0]
    read = outcomes.range_of(reading.request, failed)
    reads = agreeing(counted(len(reading.answer.failed), "read"), "fails", "fail")
    detail = f"{reads}, the first of {read[1]} at {read[0]:#x}: {failed.message}"
    return Disagreement(reading, "wrong-reject", truth.basis, detail, read[0], read)


def _bytes(reading: Reading, truth: _Truth, groups: list[list[Reading]], wanted: ReadPlan) -> Disagreement | None:
    answer, basis = reading.answer, truth.bytes_basis
    if truth.stance is None or wanted.size is None:
        return None
    if answer.size not in (None, wanted.size):
        detail = f"a disk of {answer.size} bytes, expected {wanted.size}"
        return Disagreement(reading, "wrong-bytes", truth.basis, detail)
    if not answer.has_bytes:
        return None
    right = groups[truth.stance][0] if truth.stance < len(groups) else None
    if right is None:
        detail = f"a disk with sha256 {sparse_copies.digest(reading.out)}, which is not that of the label"
        return Disagreement(reading, "wrong-bytes", basis, detail)
    found = _difference(reading, right)
    if found is None:
        return None
    return Disagreement(reading, "wrong-bytes", basis, outcomes.describe(found), found.offset, found.read)


def _difference(reading: Reading, right: Reading) -> WrongBytes | None:
    """The first wrong byte of a reading, in the reads from end to end, else in the random ones."""
    at = sparse_copies.first_difference(reading.out, right.out)
    if at is not None:
        position = 0
        for offset, length in reading.request.reads:
            if at < position + length:
                return _shown(reading.out, right.out, at, offset + at - position, (offset, length))
            position += length
    return _random_difference(reading, right) if reading.answer.has_random else None


def _random_difference(reading: Reading, right: Reading) -> WrongBytes | None:
    """Against the reads from end to end where these are the whole disk, else against the other's random reads."""
    request, is_whole, position = reading.request, reading.request.is_whole, 0
    if not is_whole and not right.answer.has_random:
        return None
    other, out = right.out if is_whole else Path(right.request.random_out), Path(request.random_out)
    with out.open("rb") as mine, other.open("rb") as theirs:
        for offset, length in request.random_reads:
            start = offset if is_whole else position
            one = pread(mine.fileno(), length, position)
            two = pread(theirs.fileno(), length, start)
            if one != two:
                at = next(i for i in range(length) if one[i : i + 1] != two[i : i + 1])
                found, expected = one[at : at + _SHOWN], two[at : at + _SHOWN]
                return WrongBytes(offset + at, found, expected, (offset, length), True, _wrong_pieces(one, two))
            position += length
    return None


def _shown(mine: Path, right: Path, at: int, virtual_offset: int, read: tuple[int, int]) -> WrongBytes:
    with mine.open("rb") as one, right.open("rb") as two:
        found, expected = pread(one.fileno(), _SHOWN, at), pread(two.fileno(), _SHOWN, at)
    return WrongBytes(virtual_offset, found, expected, read, False, sparse_copies.different_pieces(mine, right, _PIECE))


def _wrong_pieces(one: bytes, two: bytes) -> int:
    return sum(one[s : s + _PIECE] != two[s : s + _PIECE] for s in range(0, max(len(one), len(two)), _PIECE))
