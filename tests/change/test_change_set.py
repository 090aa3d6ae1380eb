"""The change engine by itself: changes that no repair made are carried out, refused, put back and undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from vhdx_runtime.change import script, undo
from vhdx_runtime.change.apply import apply, tried
from vhdx_runtime.change.change_set import AUTO, LOSSY, OFFERED, Alteration, ChangeSet, change_set
from vhdx_runtime.change.preview import begun, joined, loaded
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Bat, Block, Fill, Recipe, expand
from vhdx_runtime.disk.image import Image, load_image
from vhdx_runtime.write.patch import Patch
from vhdx_runtime.write.recording import Recording

MIB = 1 << 20
PAYLOAD = 4 * MIB  # where the block of this recipe lies
LENGTH = 512
NEW = b"\xff" * LENGTH
MADE = expand(Recipe(bat=Bat((Block(0, fills=(Fill(0, 5000),)),))))
DATA = MADE.to_bytes()


def overwriting(changed: tuple[tuple[int, int], ...], consent: str) -> ChangeSet:
    """Changes that write other bytes over the first sector of the disk, and say so or not."""
    image = load_image(BytesSource(DATA))
    draft = joined(begun(image, bytes(range(16))), [Alteration(patches=(Patch(PAYLOAD, NEW),))])
    preview = loaded(draft)
    return change_set(image, preview, script.operations(draft, preview, {}, bytes(range(1, 17))), changed, consent)


def content(image: Image) -> str:
    """A judge that wants to see the new bytes, and everything behind them as the model has it."""
    raw = image.source.read_at(PAYLOAD, MIB)
    is_right = raw == NEW + MADE.expected.read(LENGTH, MIB - LENGTH)
    return "" if is_right else "the bytes are wrong"


def test_the_block_lies_where_these_tests_say() -> None:
    assert DATA[PAYLOAD : PAYLOAD + MIB] == MADE.expected.read(0, MIB)
    assert DATA[PAYLOAD : PAYLOAD + LENGTH] != NEW


def test_changes_that_say_what_they_change_are_carried_out_and_taken_back(tmp_path: Path) -> None:
    changes, target = overwriting(((0, LENGTH),), LOSSY), Recording(DATA)
    assert tried(changes, content) == ""
    assert apply(changes, target, tmp_path / "undo", content) == ""
    assert target.content()[PAYLOAD : PAYLOAD + MIB] == NEW + DATA[PAYLOAD + LENGTH : PAYLOAD + MIB]
    undo.restore(undo.load(tmp_path / "undo"), target)
    assert target.content() == DATA


def test_changes_that_say_nothing_of_it_are_put_back(tmp_path: Path) -> None:
    changes, target = overwriting((), AUTO), Recording(DATA)
    failure = "the guest would read something else from 0x0 to 0x200 on"
    assert tried(changes, content) == failure
    assert apply(changes, target, tmp_path / "undo", content) == failure
    assert target.content() == DATA
    assert [event for event in target.events if event.kind == "write"], "put back without having been written"


def test_the_judge_has_the_last_word(tmp_path: Path) -> None:
    changes, target = overwriting(((0, LENGTH),), LOSSY), Recording(DATA)
    assert tried(changes, lambda image: "not so") == "not so"
    assert apply(changes, target, tmp_path / "undo", lambda image: "not so") == "not so"
    assert target.content() == DATA


@pytest.mark.parametrize("consent", [AUTO, OFFERED])
def test_nothing_is_given_up_without_a_word(consent: str) -> None:
    with pytest.raises(ValueError, match="reads something else from 0x0"):
        overwriting(((0, LENGTH),), consent)
