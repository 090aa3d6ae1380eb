"""Mutants: changed, deterministic, bounded, with checksums that are right, and fast."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from crc32c import crc32c

from tests.support.campaign import CASES_A_BLOCK, judged, mutant, run_block
from tests.support.modules import ROOT
from tests.support.patience import assert_quick, patiently
from tests.support.sampling import sampled
from tests.support.specimens import SPECIMENS
from vhdx_runtime.conformance import Recipe, expand
from vhdx_runtime.fuzz.mutate import file_edits
from vhdx_runtime.fuzz.mutate.mutate import Specimen, changed, crossover, mutate, sealed, specimen
from vhdx_runtime.fuzz.mutate.structures import find, seals
from vhdx_runtime.fuzz.mutate.values import Around

pytestmark = pytest.mark.slow

KIB, MIB = 1 << 10, 1 << 20
SECTOR = 4096
LARGEST = 16 * MIB


@pytest.fixture(scope="module")
def zoo() -> list[bytes]:
    return [expand(recipe).to_bytes() for recipe in SPECIMENS.values()]


def stored_checksums(raw: bytes | bytearray) -> Iterator[bool]:
    """Whether each checksum that a file of this zoo has is right, by plain arithmetic."""
    covered = [(place, SECTOR) for place in (64 * KIB, 128 * KIB)]
    covered += [(place, 64 * KIB) for place in (192 * KIB, 256 * KIB)]
    for place in range(MIB, min(2 * MIB, len(raw)), SECTOR):  # the zoo's logs
        if raw[place : place + 4] == b"loge":
            size = struct.unpack_from("<I", raw, place + 8)[0]
            if size >= 64 and place + size <= 2 * MIB:
                covered.append((place, size))
    for place, size in covered:
        whole = bytearray(raw[place : place + size])
        if len(whole) == size:
            computed = crc32c(bytes(whole[:4]) + bytes(4) + bytes(whole[8:]))
            yield struct.unpack_from("<I", whole, 4)[0] == computed


def test_95_of_100_mutants_have_right_checksums(zoo: list[bytes]) -> None:
    right = sum(all(stored_checksums(mutate(zoo[seed % 6], seed, LARGEST))) for seed in range(300))
    assert 0.95 * 300 <= right < 300, "some are left wrong on purpose"


def test_mutants_differ_from_the_file_and_from_one_another(zoo: list[bytes]) -> None:
    made = [bytes(mutate(zoo[1], seed, LARGEST)) for seed in range(120)]
    assert sum(one != zoo[1] for one in made) > 100
    assert len(set(made)) > 90


def test_a_seed_says_everything(zoo: list[bytes]) -> None:
    assert mutate(zoo[2], 77, LARGEST, zoo[3]) == mutate(zoo[2], 77, LARGEST, zoo[3])
    assert crossover(zoo[2], zoo[3], 77, LARGEST) == crossover(zoo[2], zoo[3], 77, LARGEST)


@pytest.mark.slow
def test_mutants_are_the_same_with_any_hash_seed() -> None:
    code = (
        "from hashlib import sha256; from tests.support.specimens import SPECIMENS\n"
        "from vhdx_runtime.conformance import expand; from vhdx_runtime.fuzz.mutate.mutate import crossover, mutate\n"
        "zoo = [expand(SPECIMENS[name]).to_bytes() for name in ('dirty child', 'items')]\n"
        "made = [mutate(zoo[n % 2], n, 8 << 20, zoo[0]) + crossover(*zoo, n, 8 << 20) for n in range(16)]\n"
        "print(sha256(b''.join(made)).hexdigest())\n"
    )
    digests = set()
    for seed in ("0", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        digests.add(done.stdout)
    assert len(digests) == 1


@pytest.mark.parametrize("largest", [1, 512, 70_000, 300_000, 2 * MIB])
def test_nothing_grows_beyond_what_is_asked(largest: int, zoo: list[bytes]) -> None:
    for seed in range(40):
        assert len(mutate(zoo[seed % 6], seed, largest, zoo[0])) <= largest
        assert len(crossover(zoo[seed % 6], zoo[3], seed, largest)) <= largest


@pytest.mark.parametrize("raw", [b"", b"v", b"vhdxfile", bytes(400_000), random.Random(5).randbytes(400_000)])
def test_anything_can_be_changed(raw: bytes, zoo: list[bytes]) -> None:
    for seed in range(40):
        assert len(mutate(raw, seed, MIB)) <= MIB
        assert len(crossover(raw, zoo[3], seed, MIB)) <= MIB
        assert len(crossover(zoo[3], raw, seed, MIB)) <= MIB


@pytest.mark.slow
def test_in_place_a_mutant_is_the_same_and_the_file_comes_back(zoo: list[bytes]) -> None:
    for seed in range(120):
        raw = zoo[seed % 6]
        buffer, base = bytearray(raw), specimen(raw)
        with changed(buffer, base, base, seed, LARGEST) as view:
            assert view == mutate(raw, seed, LARGEST)
        assert buffer == raw, f"seed {seed}"


def test_a_file_comes_back_also_where_its_user_fails_and_keeps_it_open(zoo: list[bytes]) -> None:
    buffer, base = bytearray(zoo[3]), specimen(zoo[3])
    kept = []
    for seed in range(60):
        with suppress(KeyError), changed(buffer, base, base, seed, LARGEST) as view:
            kept.append(memoryview(view))
            raise KeyError(seed)
        assert buffer == zoo[3], f"seed {seed}"


def test_sealing_makes_all_checksums_right_and_changes_nothing_else() -> None:
    raw = bytearray(expand(SPECIMENS["dirty"]).to_bytes())
    for place in (64 * KIB + 4, 192 * KIB + 700, MIB + 70):
        raw[place] ^= 0xFF
    assert sum(stored_checksums(raw)) == 3
    made = sealed(raw)
    assert all(stored_checksums(made))
    differing = {place for place in range(len(raw)) if raw[place] != made[place]}
    places = [64 * KIB + 4, 192 * KIB + 4, MIB + 4]
    assert differing <= {place + byte for place in places for byte in range(4)}


def around(recipe: Recipe) -> Around:
    base: Specimen = specimen(expand(recipe).to_bytes())
    return Around(base.raw, base.places, base.raw, base.places)


def after(offered: Around, change: file_edits.Change) -> bytearray:
    raw = bytearray(offered.raw)
    for start, data in change.patches:
        raw[start : start + len(data)] = data
    return sealed(raw)


def test_every_kind_of_change_does_something_on_some_file() -> None:
    kinds = [file_edits.change_fields, file_edits.change_bytes, file_edits.copy_structure, file_edits.copy_object]
    kinds += [file_edits.edit_table, file_edits.change_length, file_edits.splice_entry, file_edits.rotate_log]
    offered = around(SPECIMENS["dirty child"])
    for kind in kinds:
        at = random.Random(kind.__name__)
        made = [kind(at, offered) for _ in range(20)]
        assert any(
            bytes(offered.raw[start : start + len(data)]) != data for one in made for start, data in one.patches
        ) or any(one.length is not None for one in made), kind.__name__


def test_tables_get_and_lose_entries() -> None:
    offered = around(SPECIMENS["items"])
    counts = set()
    for seed in range(300):
        raw = after(offered, file_edits.edit_table(random.Random(seed), offered))
        metadata = next(place.offset for place in offered.places if place.structure == "metadata_table_header")
        counts.add(("metadata", struct.unpack_from("<H", raw, metadata + 10)[0]))
        counts.add(("regions", struct.unpack_from("<I", raw, 192 * KIB + 8)[0]))
    assert {("metadata", 6), ("metadata", 7), ("metadata", 8), ("regions", 1), ("regions", 2), ("regions", 3)} <= counts


def test_a_turned_ring_still_replays() -> None:
    offered = around(SPECIMENS["dirty"])
    import vhdx_runtime as vhdx

    with vhdx.open(offered.raw) as disk:
        expected = disk.read_at(0, disk.size)
    turned = wrapped = 0
    for seed in range(40):
        raw = after(offered, file_edits.rotate_log(random.Random(seed), offered))
        wrapped += any(len(seal.parts) == 2 for seal in seals(raw))
        try:
            with vhdx.open(bytes(raw)) as disk:
                turned += disk.read_at(0, disk.size) == expected
        except vhdx.VhdxError:
            continue  # the tails stayed as they were
    assert turned > 20
    assert wrapped > 5


def test_a_spliced_entry_counts_sometimes() -> None:
    from vhdx_runtime.codec.source import BytesSource
    from vhdx_runtime.disk.image import load_image

    offered = around(SPECIMENS["dirty"])
    active = set()
    for seed in range(60):
        raw = bytes(after(offered, file_edits.splice_entry(random.Random(seed), offered)))
        with load_image(BytesSource(raw)) as image:
            active.add(len(image.log.active))
    assert {1, 2, 3} <= active


@pytest.mark.slow
def test_the_mutators_are_fast_enough() -> None:
    raw = expand(SPECIMENS["items"]).to_bytes()
    for data, wanted in ((raw[: 4 * MIB], 300), (raw[: 448 * KIB], 300)):
        start = time.process_time()
        for seed in range(100):
            mutate(data, seed, LARGEST)
        assert_quick(time.process_time() - start, 100 / wanted)


@pytest.mark.parametrize("first", sampled(range(0, 240, 60), 0))
def test_mutants_of_the_campaign_are_judged_and_leave_no_trace(first: int) -> None:
    outcomes = {judged(seed) for seed in range(first, first + 60)}
    assert {"read", "refused"} <= outcomes
    with mutant(first) as (name, view):
        one = bytes(view)
    with mutant(first) as (again, view):
        assert (again, bytes(view)) == (name, one)
    assert len(find(one)) > 2


def test_what_is_too_slow_is_tried_again_and_what_is_wrong_is_not() -> None:
    answers = iter(["inspect took 2.1 s", "open took 3 s", ""])

    def judgement() -> str:
        answer = next(answers)
        assert not answer, answer
        return "read"

    assert patiently(judgement) == "read"
    answers = iter(["it took 9 s"] * 3)
    with pytest.raises(AssertionError, match="took"):
        patiently(judgement)
    answers = iter(["KeyError", ""])
    with pytest.raises(AssertionError, match="KeyError"):
        patiently(judgement)


def test_a_block_of_the_campaign_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.campaign.BLOCK", 20)
    record = run_block(1)
    assert sum(record.outcomes.values()) == 20
    assert record.failures == []
    assert record.slowest_seed in range(20, 40)
    assert CASES_A_BLOCK > 0
    assert record.seconds >= record.slowest > 0
