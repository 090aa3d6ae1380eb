"""Random reads of a small disk. The disks themselves are drawn by `vhdx_runtime.fuzz.strategies`."""

from __future__ import annotations

from hypothesis import strategies as st

MIB = 1 << 20


@st.composite
def reads(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Offsets and lengths, near borders of sectors and blocks and anywhere, also past the end."""
    near = st.builds(
        lambda base, by: max(base + by, 0), st.sampled_from([n * MIB for n in range(7)]), st.integers(-700, 700)
    )
    offsets = st.one_of(st.integers(0, 6 * MIB + 10), near)
    lengths = st.one_of(st.integers(0, 5000), st.integers(0, 3 * MIB), st.sampled_from((512, 4096, MIB, 6 * MIB)))
    return draw(st.lists(st.tuples(offsets, lengths), min_size=1, max_size=12))
