"""Operations tried in memory leave the file that they leave when they are run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.write.operation import Copy, Flush, Operation, Resize, Write, run
from vhdx_runtime.write.recording import Recording
from vhdx_runtime.write.trial import Trial

ORIGINAL = bytes(range(256)) * 40
OTHER = BytesSource(bytes(reversed(range(251))) * 120)
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Write, st.integers(0, 12_000), st.binary(min_size=1, max_size=3000)),
        st.builds(Copy, st.just(OTHER), st.integers(0, 12_000), st.integers(1, 6000)),
        st.builds(Resize, st.integers(0, 15_000)),
        st.just(Flush()),
    ),
    max_size=12,
)


@given(OPERATIONS, st.integers(0, 16_000), st.integers(0, 16_000))
def test_a_trial_reads_as_the_file_does_afterwards(operations: list[Operation], offset: int, length: int) -> None:
    recording = Recording(ORIGINAL)
    run(recording, operations)
    trial = Trial(BytesSource(ORIGINAL), operations)
    assert trial.size == recording.size
    assert trial.read_at(0, trial.size) == recording.content()
    assert trial.read_at(offset, length) == recording.read_at(offset, length)


def test_copies_in_a_row_are_held_as_one() -> None:
    trial = Trial(BytesSource(b""), [Copy(OTHER, offset, 100) for offset in range(0, 20_000, 100)])
    assert len(trial._spans) == 1
