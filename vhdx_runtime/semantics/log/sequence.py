"""Which entries of the log are the active sequence.

Knows how entries follow one another round the ring. Works on positions and numbers only; reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

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
