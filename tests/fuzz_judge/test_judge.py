"""Readers that crash, hang and lie, in front of a corpus: each becomes the cluster that it should."""

from __future__ import annotations

import shlex
import struct
from pathlib import Path

import pytest

from tests.fuzz_judge.support import BROKEN, GOOD, LABELS, LARGER, MIB, RECIPES, SCRIPTS, shell, write_corpus
from tests.support.patience import slowness
from vhdx_runtime.conformance import Bat, Block, Geometry, Recipe, expand
from vhdx_runtime.conformance.judge.worker import Limits
from vhdx_runtime.conformance.release.packed_image import packed
from vhdx_runtime.fuzz.judge import judge, subjects
from vhdx_runtime.fuzz.judge.judge import Cluster, Judged

pytestmark = pytest.mark.xdist_group("labelled")  # one worker makes it once

FAST = Limits(seconds=max(2.0, 0.7 * slowness()), memory=1 << 30)
ALL = [recipe.name for recipe in RECIPES]
Row = tuple[str, str, str, list[str]]


def judged(folder: Path, *names: str, jobs: int = 2) -> list[Judged]:
    """Everything that some readers make of a corpus."""
    return list(judge.run(subjects.load(folder), names, jobs=jobs, limits=FAST))


def rows(clusters: tuple[Cluster, ...], reader: str) -> list[Row]:
    """The clusters of a reader: kind, rule, basis of the smallest, images."""
    found = [one for one in clusters if one.reader == reader]
    return [(one.kind, one.rule, one.smallest[1].basis, list(one.images)) for one in found]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cluster, ...]:
    """The clusters of all fake readers and ours on the corpus with labels."""
    folder = tmp_path_factory.mktemp("labelled")
    home = write_corpus(folder, RECIPES, LABELS)
    before = {path: path.read_bytes() for path in home.iterdir()}
    readers = ["vhdx-runtime", *(shell(script, name, folder) for name, script in SCRIPTS.items())]
    every = judged(home, *readers)
    assert {path: path.read_bytes() for path in home.iterdir()} == before, "the corpus was changed"
    return judge.clusters(every)


WRONG: dict[str, list[Row]] = {
    "vhdx-runtime": [],
    "right": [],
    "crash": [
        ("crash", "BAT-004", "itself", ["damaged"]),
        ("crash", "HDR-003", "itself", ["broken"]),
        ("crash", "HDR-004", "itself", ["open"]),
        ("crash", "none", "itself", ["larger", "good", "dirty"]),
    ],
    "hang": [("hang", "none", "itself", ["larger"])],
    "appends": [
        ("changed-file", "BAT-004", "itself", ["damaged"]),
        ("changed-file", "HDR-004", "itself", ["open"]),
        ("changed-file", "none", "itself", ["larger", "good", "dirty"]),
    ],
    "removes": [("changed-file", "none", "itself", ["dirty"])],
    "flips": [("wrong-bytes", "none", "label", ["good"])],
    "cuts": [
        ("wrong-bytes", "none", "label", ["larger", "good", "dirty"]),
    ],
    "eager": [
        ("wrong-bytes", "none", "label", ["larger", "good", "dirty"]),
        ("wrong-accept", "HDR-003", "label", ["broken"]),
    ],
    "strict": [("wrong-reject", "none", "label", ["larger", "good", "dirty"])],
}


@pytest.mark.parametrize("reader", WRONG)
def test_what_a_reader_does_wrong_is_a_cluster(reader: str, labelled: tuple[Cluster, ...]) -> None:
    assert rows(labelled, reader) == WRONG[reader]


def test_the_first_wrong_byte_is_said(labelled: tuple[Cluster, ...]) -> None:
    (cluster,) = [one for one in labelled if one.reader == "flips"]
    wrong = cluster.smallest[1]
    model = expand(GOOD).expected
    assert "byte 0x100400 in reading from end to end: 78" in wrong.detail
    assert f"expected {model.read(0x100400, 16).hex()}; 1 sectors wrong" in wrong.detail
    assert wrong.command.startswith("sh -c ")
    assert " sh good.vhdx " in wrong.command


def test_of_a_cluster_the_image_with_the_least_data_is_kept(labelled: tuple[Cluster, ...]) -> None:
    (cluster,) = [one for one in labelled if one.reader == "strict"]
    assert cluster.smallest[0].subject.id == "good"
    made = expand(GOOD)
    assert judge.kept(cluster) == packed(made.extents, made.length)
    assert cluster.smallest[0].allocated == sum(len(data) for _, data in made.extents)


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A corpus without labels, and the folder it is in."""
    folder = tmp_path_factory.mktemp("unlabelled")
    return folder, write_corpus(folder, (GOOD, BROKEN), None)


def test_without_a_label_whoever_differs_from_most_is_named_so(unlabelled: tuple[Path, Path]) -> None:
    folder, home = unlabelled
    readers = [shell("RIGHT", "one", folder), shell("RIGHT", "two", folder), shell("exit 7", "three", folder)]
    clusters = judge.clusters(judged(home, *readers))
    assert rows(clusters, "three") == [("wrong-reject", "none", "majority", ["good.vhdx"])]
    assert len(clusters) == 1


@pytest.mark.slow
def test_without_a_label_most_can_be_against_ours(unlabelled: tuple[Path, Path]) -> None:
    folder, home = unlabelled
    readers = [shell("exit 7", name, folder) for name in ("one", "two", "three")]
    clusters = judge.clusters(judged(home, "vhdx-runtime", *readers))
    assert rows(clusters, "vhdx-runtime") == [("wrong-accept", "none", "majority", ["good.vhdx"])]


def test_without_a_label_and_a_majority_ours_decides_and_a_check_names_the_rule(unlabelled: tuple[Path, Path]) -> None:
    folder, home = unlabelled
    clusters = judge.clusters(judged(home, shell("head -c 4096 /dev/zero > $2", "eager", folder)))
    assert rows(clusters, "eager") == [
        ("wrong-bytes", "none", "ours", ["good.vhdx"]),
        ("wrong-accept", "HDR-003", "ours", ["broken.vhdx"]),
    ]


def test_a_packed_image_is_read_like_a_plain_one(tmp_path: Path) -> None:
    made = expand(GOOD)
    (tmp_path / "good.vhdx.packed").write_bytes(packed(made.extents, made.length))
    (one,) = judged(tmp_path, shell("[ $n = good ] && exit 7; kill -SEGV $$", "tool", tmp_path))
    assert [(wrong.kind, wrong.basis) for wrong in one.wrong] == [("wrong-reject", "ours")]
    assert (one.apparent, one.allocated) == (made.length, sum(len(data) for _, data in made.extents))


def test_a_child_is_read_with_its_parent(tmp_path: Path) -> None:
    home = tmp_path / "corpus"
    home.mkdir()
    base = expand(LARGER)
    child = expand(Recipe(name="child", geometry=Geometry("differencing", 2 * MIB), bat=Bat((Block(0),))), base)
    base.write(home)
    child.write(home)
    (tmp_path / "disk").write_bytes(child.expected.read(0, child.expected.size))
    same = f'cmp {shlex.quote(str(home))}/larger.vhdx "$(dirname "$1")/larger.vhdx" || exit 9'
    children = [one for one in subjects.load(home) if one.id == "child.vhdx"]
    reader = shell(f"{same}; cp {shlex.quote(str(tmp_path))}/disk $2", "tool", tmp_path)
    (one,) = judge.run(children, ["vhdx-runtime", reader], jobs=1, limits=FAST)
    assert one.wrong == ()
    assert one.unread == ()


def test_what_nobody_opens_and_what_claims_to_be_huge_gives_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a-empty").write_bytes(b"")
    (tmp_path / "b-noise").write_bytes(b"vhdxfile" + b"\xff" * ((1 << 20) - 8))
    raw = bytearray(expand(GOOD).to_bytes())
    place = raw.index(struct.pack("<Q", 2 * MIB), MIB)
    raw[place : place + 8] = struct.pack("<Q", (1 << 64) - 512)
    (tmp_path / "c-hostile.vhdx").write_bytes(raw)
    huge = Recipe(name="d-huge", geometry=Geometry(virtual_disk_size=1 << 42, block_size=32 * MIB))
    expand(huge).write(tmp_path)
    every = judged(tmp_path, "vhdx-runtime", shell("exit 7", "tool", tmp_path))
    assert [(one.rule, one.wrong, one.unread) for one in every] == [
        ("FTI-001", (), ()),
        ("HDR-003", (), ()),
        ("ITM-008", (), ()),
        ("none", (), ("tool",)),
    ]


@pytest.mark.slow
def test_the_order_does_not_depend_on_the_number_of_jobs(unlabelled: tuple[Path, Path]) -> None:
    folder, home = unlabelled
    reader = shell("exit 7", "tool", folder)
    one, three = ([(it.subject.id, it.wrong) for it in judged(home, reader, jobs=jobs)] for jobs in (1, 3))
    assert one == three
    assert len(one) == 2


def test_an_absent_reader_reads_nothing(unlabelled: tuple[Path, Path]) -> None:
    _, home = unlabelled
    for one in judged(home, "command gone=no-such-program {image} {out}", jobs=1):
        assert (one.wrong, one.seconds) == ((), {})


def test_what_hangs_only_in_company_is_no_hang(tmp_path: Path) -> None:
    home = write_corpus(tmp_path, RECIPES, LABELS)
    busy = shlex.quote(str(tmp_path / "busy"))
    once = f"[ $n != larger ] || [ -e {busy} ] || {{ touch {busy}; sleep 60; }}; RIGHT"
    found = judged(home, "vhdx-runtime", shell(once, "late", tmp_path), shell("RIGHT", "right", tmp_path))
    assert (tmp_path / "busy").exists(), "nothing was late"
    assert [one.subject.id for one in found] == ALL
    assert judge.clusters(found) == ()
