"""What to do next about what a check found: one sentence, the most important thing first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vhdx_format.rules import STEPS

from ..disk.foreign import file_word
from ..disk.image import Image
from ..findings import Finding, first_refusing
from ..hints import SALVAGE

REPLAYED: Final = "replayed"
"""State of a log that has to be replayed, and can be."""

_ORPHANED: Final = (
    "write nothing to the file, which alone holds the data that belong to nothing; `vhdx convert {file} out.raw` "
    "copies what can be read of the disk"
)
_DIRTY: Final = (
    "`vhdx repair --apply {file}` writes what the log holds to its place and ends that; so does any program that opens "
    "the file for writing, as Mount-VHD does without -ReadOnly"
)
_OF_LOSS: Final = {name for name, step in STEPS.items() if SALVAGE in step.options}
_MEND: Final = "mend"


def advice(image: Image, findings: Sequence[Finding], *, is_less: bool, may_be_less: bool) -> str:
    """What to do next about a container.

    Args:
        image: with whatever is wrong with it.
        findings: what is wrong, each with the repair that is possible here.
        is_less: guest bytes cannot be read.
        may_be_less: entries of its table seem to be lost.

    Returns:
        One sentence, "" where nothing needs to be done.
    """
    if image.foreign:
        return image.foreign.hint
    first = first_refusing(findings)
    if first is None and is_less:
        first = next((one for one in findings if _OF_LOSS.intersection(one.declaration.next)), None)
    first = first or next((one for one in findings if one.declaration.next and one.verdict == "degrade"), None)
    if first:
        return image.advice(first.rule, first.repair, as_command=True)
    if may_be_less:
        return _ORPHANED.replace("{file}", file_word(image.source))
    if any(one.repair in STEPS[_MEND].consents and one.verdict != "note" for one in findings):
        return STEPS[_MEND].text.replace("{file}", file_word(image.source))
    return _DIRTY.replace("{file}", file_word(image.source)) if image.log.state == REPLAYED else ""
