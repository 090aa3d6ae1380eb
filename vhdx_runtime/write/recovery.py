"""Opening a file to write it: what forbids that, and the replay of a log that whoever wrote before left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vhdx_format.layout import SEQUENCE_NUMBER_MAX

from ..check import check_image
from ..check.report import Report
from ..codec.overlay import Overlay
from ..disk.image import Image, load_image
from ..errors import IntegrityError, UnsupportedError, VhdxError, file_error
from ..findings import Finding
from ..wording import counted, path_word
from .entry import capacity
from .headers import NIL, pair_of, updated
from .log import replayed
from .operation import run
from .target import Target

SECTORS_MIN: Final = 32
"""Sectors that an entry must have room for: a block's bits, its entry and its bitmap's change together."""

_FORBIDDING: Final = ("refuse", "degrade")
_SHOWN: Final = "`vhdx repair {file}` shows what can be mended, and what that gives up"
_SAVED: Final = "`vhdx convert --salvage {file} new.vhdx` saves what is left of the disk"
_HOW: Final = {
    "auto": "`vhdx repair {file}` shows how that is mended, and with --apply does it",
    "offered": f"{_SAVED}; {_SHOWN}",
    "lossy": f"{_SAVED}; {_SHOWN}",
}
_ORPHANED: Final = f"{_SAVED}; what belongs to nothing is in the file alone: keep it"
_NEW_FILE: Final = "`vhdx convert` copies its disk into a new file"
_PLACE_FIELDS: Final = ("log_offset", "log_length", "log_version")
_UPDATES: Final = 16  # of the headers, more than a session makes


def require_undamaged(image: Image, refusal: str) -> Report:
    """Refuse a container that reads in part only, or that whoever builds upon it could damage further.

    Args:
        image: the container.
        refusal: what it is not for: "cannot be written".

    Returns:
        What a full check says of it.

    Raises:
        VhdxError: it has findings with verdict refuse or degrade, or entries of its table seem to be lost; the message
            says which, and what helps.
    """
    report = check_image(image)
    wrong = [finding for finding in report.findings if finding.verdict in _FORBIDDING or _is_about_log(finding)]
    if wrong:
        raise _refusal(image, wrong, refusal)
    if report.failure:
        raise IntegrityError(f"{image.name}: {refusal}, as it cannot be checked: {report.failure}")
    if loss := report.possible_loss:
        text = f"{image.name}: {refusal}, as parts of its disk seem to be lost: {loss.sentence}"
        raise IntegrityError(text, hint=_ORPHANED.replace("{file}", path_word(image.name)))
    return report


def require_sound(image: Image) -> None:
    """Refuse a container that may not be written.

    Raises:
        VhdxError: as `require_undamaged`.
        UnsupportedError: its log has no room for what must change together.
    """
    require_undamaged(image, "cannot be written")
    if capacity(image.log.length) < SECTORS_MIN:
        found = f"a log of {image.log.length} bytes has no room for an entry of {SECTORS_MIN} sectors"
        raise UnsupportedError(f"{image.name}: cannot be written: {found}; {_NEW_FILE}")
    current = image.headers.current
    if current and current.fields.sequence_number > SEQUENCE_NUMBER_MAX - _UPDATES:
        found = f"sequence number {current.fields.sequence_number:#x} cannot be raised often enough"
        text = (
            f"{image.name}: cannot be written: {current.placed.label}: {found} (HDR-019, MS-VHDX 2.2.2.1); {_NEW_FILE}"
        )
        raise IntegrityError(text, rule="HDR-019", spec="2.2.2.1")


def _is_about_log(finding: Finding) -> bool:
    """Whether a finding, that does not matter to who only reads, is about the place of the log."""
    return finding.verdict != "note" and finding.place.field in _PLACE_FIELDS


def _refusal(image: Image, wrong: list[Finding], refusal: str) -> VhdxError:
    rules = list(dict.fromkeys(finding.rule for finding in wrong))
    first = wrong[0]
    how = _HOW.get(first.repair, _SAVED).replace("{file}", path_word(image.name))
    more = f"; {counted(len(rules) - 1, 'more rule')}: {', '.join(rules[1:])}" if rules[1:] else ""
    error = image.told(first.error())
    found = str(error).removeprefix(f"{image.name}: ")
    text = f"{image.name}: {refusal}, as it is damaged: {found}{more}"
    return type(error)(text, rule=first.rule, place=first.place, spec=first.section, hint=how)


def recover(image: Image, target: Target, new_guid: Callable[[], bytes]) -> Image:
    """Write what the replayed log says into the file, and give up the log.

    The headers get a new FileWriteGuid first, and keep LogGuid: stopped anywhere, the file is replayed again. What the
    guest sees does not change, and DataWriteGuid neither.

    Args:
        image: a container whose log was replayed in memory.
        target: its file.
        new_guid: gives a GUID.

    Returns:
        The container as it is now.

    Raises:
        FileError: it could not be written.

    Spec: MS-VHDX 2.3.3
    """
    view = image.view
    if not isinstance(view, Overlay):
        raise ValueError(f"{image.name}: nothing to replay")
    pair, operations = updated(pair_of(image.headers), {"file_write_guid": new_guid()})
    giving_up = updated(pair, {"log_guid": NIL})[1]
    try:
        for steps in (operations, replayed(view), giving_up):
            run(target, steps)
    except VhdxError:
        raise
    except OSError as error:
        message = f"{image.name}: its log could not be replayed: {error.strerror or error}; nothing is lost, try again"
        raise file_error(message, error, image.name) from error
    return load_image(target)
