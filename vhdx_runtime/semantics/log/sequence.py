"""Which entries of the log are the active sequence.

Knows how entries follow one another round the ring. Works on positions and numbers only; reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .entries import LogEntry


def runs(entries: Iterable[LogEntry], log_length: int) -> list[list[LogEntry]]:
    """The maximal runs of valid entries in which each starts where the one before ends, one sequence number later.

    Args:
        entries: candidates; those that are not valid are left out.
        log_length: size of the log in bytes, round which a run may go.

    Returns:
        Every valid entry in exactly one run.

    Spec: MS-VHDX 2.3.2
    """
    valid = {entry.log_offset: entry for entry in entries if not entry.broken}
    following: dict[int, LogEntry] = {}
    for entry in valid.values():
        after = valid.get((entry.log_offset + entry.length) % log_length)
        if after is not None and after.sequence_number == entry.sequence_number + 1:
            following[entry.log_offset] = after
    continued = {entry.log_offset for entry in following.values()}
    found = []
    for entry in valid.values():
        if entry.log_offset not in continued:
            run = [entry]
            while run[-1].log_offset in following:
                run.append(following[run[-1].log_offset])
            found.append(run)
    return found


def active(entries: Iterable[LogEntry], log_length: int) -> list[LogEntry]:
    """The entries to replay, in order: from the one that the head's Tail names to the head.

    A run counts when its last entry, the head, names an entry of the run as tail; of those that count, the one whose
    head has the largest sequence number is active.

    Args:
        entries: candidates, as `scan` returns them.
        log_length: size of the log in bytes.

    Returns:
        The entries, or an empty list where no run counts.

    Spec: MS-VHDX 2.3.3
    """
    best: list[LogEntry] = []
    for run in runs(entries, log_length):
        head = run[-1]
        start = next((i for i, entry in enumerate(run) if entry.log_offset == head.tail), None)
        if start is not None and (not best or head.sequence_number > best[-1].sequence_number):
            best = run[start:]
    return best


def broken(
    entries: Sequence[LogEntry], chosen: Sequence[LogEntry], log_length: int
) -> Iterator[tuple[str, LogEntry, str, str]]:
    """What keeps newer entries than the active sequence's head from counting.

    Older entries that lie about in the ring are no fault, so only two things are looked at: runs whose head is newer
    than the active one but names no entry of the run as tail, and the entry expected directly after the active head.
    Where no sequence is active, every entry with the right LogGuid is.

    Args:
        entries: candidates, as `scan` returns them.
        chosen: the active sequence, perhaps empty.
        log_length: size of the log in bytes.

    Yields:
        Rule, entry, what was found, what was expected.

    Spec: MS-VHDX 2.3.2, 2.3.3
    """
    newest = chosen[-1].sequence_number if chosen else 0
    for run in runs(entries, log_length):
        head = run[-1]
        if head.sequence_number > newest and all(entry.log_offset != head.tail for entry in run):
            yield "LOG-023", head, f"tail {head.tail:#x}", f"the place of one of the {len(run)} entries of its sequence"
    if not chosen:
        for entry in entries:
            if entry.broken not in ("", "LOG-012"):
                yield entry.broken, entry, entry.reason, "a valid entry"
        return
    after = (chosen[-1].log_offset + chosen[-1].length) % log_length
    for entry in entries:
        if entry.log_offset != after or entry.log_offset == chosen[0].log_offset:
            continue
        if entry.broken not in ("", "LOG-012"):
            yield entry.broken, entry, entry.reason, "a valid entry after the head, or none"
        elif not entry.broken and entry.sequence_number > newest + 1:
            yield "LOG-022", entry, f"sequence number {entry.sequence_number}", f"{newest + 1}"
