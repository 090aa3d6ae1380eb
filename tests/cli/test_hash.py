"""`vhdx hash` digests what the guest sees."""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import BROKEN, DIRTY, HUGE, LONE, MIB, SAMPLE, make, make_chain, run, run_json
from tests.support.patience import assert_quick
from vhdx_runtime import __version__
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Recipe

# Data that starts and ends inside units of 64 KiB, and a last unit that is short.
EDGES = Recipe(
    name="edges",
    geometry=Geometry(virtual_disk_size=3 * MIB - 512),
    bat=Bat(
        (
            Block(0, fills=(Fill(65_535, 2),)),
            Block(1, fills=(Fill(1000, 10),)),
            Block(2, fills=(Fill(MIB - 1024, 512),)),
        )
    ),
)


def flat_digests(disk: bytes) -> dict[str, str]:
    return {name: hashlib.new(name, disk).hexdigest() for name in ("md5", "sha1", "sha256")}


@pytest.mark.parametrize("recipe", [SAMPLE, DIRTY, LONE, EDGES], ids=lambda recipe: recipe.name)
def test_digests_are_those_of_the_flat_disk(tmp_path: Path, recipe: Recipe) -> None:
    made = make(tmp_path, recipe)
    assert run_json("hash", made.path)["digests"] == flat_digests(made.disk)
    sparse = run_json("hash", "--sparse-digest", made.path)["digests"]
    assert sparse["nonzero_64k_digest"] == made.expanded.expected.sparse_digest()


def test_digests_go_through_the_chain(tmp_path: Path) -> None:
    made = make_chain(tmp_path)["child"]
    found = run_json("hash", made.path)
    assert found["digests"] == flat_digests(made.disk)
    assert [Path(name).name for name in found["chain"]] == ["child.vhdx", "middle.vhdx", "base.vhdx"]
    sparse = run_json("hash", "--sparse-digest", made.path)["digests"]
    assert sparse["nonzero_64k_digest"] == made.expanded.expected.sparse_digest()


def test_the_sparse_digest_of_64_tib_is_instant(tmp_path: Path) -> None:
    made = make(tmp_path, HUGE)
    start = time.process_time()
    digests = run_json("hash", "--sparse-digest", made.path)["digests"]
    assert_quick(time.process_time() - start, 5)
    assert digests["nonzero_64k_digest"] == made.expanded.expected.sparse_digest()
    assert digests["nonzero_64k_units"] == 3


def test_the_record_says_how_the_digests_came_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere/vhdx", "hash", "--json", "x.vhdx"])
    made = make(tmp_path, DIRTY)
    found = run_json("hash", made.path)
    assert found["source"]["file"] == str(made.path)
    assert found["source"]["file_size"] == made.path.stat().st_size
    assert found["source"]["data_write_guid"] == DIRTY.data_write_guid
    assert (found["version"], found["log"]) == (f"vhdx {__version__}", "replayed")
    assert found["command"] == ["vhdx", "hash", "--json", "x.vhdx"]
    ended = datetime.fromisoformat(found["time"])
    assert abs(datetime.now(ended.tzinfo) - ended) < timedelta(minutes=1)
    assert found["unreadable"] == {"count": 0, "bytes": 0, "is_complete": True, "ranges": []}


def test_people_get_a_line_for_each_digest(tmp_path: Path) -> None:
    made = make(tmp_path, LONE)
    lines = run("hash", made.path).stdout.splitlines()
    assert dict(line.split() for line in lines) == flat_digests(made.disk)


def test_unreadable_ranges_fail_or_are_recorded(tmp_path: Path) -> None:
    made = make(tmp_path, BROKEN)
    for more in ([], ["--sparse-digest"]):
        assert run("hash", *more, made.path, code=1).stdout == ""
        unreadable = run_json("hash", *more, "--salvage", made.path, code=1)["unreadable"]
        assert [(part["start"], part["length"]) for part in unreadable["ranges"]] == [(MIB, 2 * MIB), (6 * MIB, MIB)]
    assert run_json("hash", "--salvage", made.path, code=1)["digests"] == flat_digests(made.disk)


@pytest.mark.images
def test_real_images_have_the_sparse_digests_of_the_manifest(real_images: Any) -> None:
    readable = {name: r for name, r in real_images.records.items() if r["expected"]["outcome"].startswith("readable")}
    assert len(readable) > 30
    for name, record in readable.items():
        chain = [real_images.path(parent) for parent in record.get("parent", {}).get("chain", [])]
        named = [word for parent in chain for word in ("--parent", parent)]
        digests = run_json("hash", "--sparse-digest", *named, real_images.path(name))["digests"]
        assert digests["nonzero_64k_digest"] == record["expected"]["nonzero_64k_digest"], name
        assert digests["nonzero_64k_units"] == record["expected"]["nonzero_64k_units"], name


@pytest.mark.parametrize("name", ["sha512", "blake2b", "sha3_256", "md5"])
def test_any_algorithm_of_fixed_length_can_be_asked_for(tmp_path: Path, name: str) -> None:
    made = make(tmp_path, SAMPLE)
    found = run_json("hash", "--algorithm", name, "--algorithm", "sha256", made.path)["digests"]
    assert found == {each: hashlib.new(each, made.disk).hexdigest() for each in (name, "sha256")}


@pytest.mark.parametrize("name", ["shake_128", "sha-nothing", ""])
def test_what_is_no_such_algorithm_is_wrong_usage(tmp_path: Path, name: str) -> None:
    result = run("hash", "--algorithm", name, make(tmp_path, SAMPLE).path, code=2)
    assert "no algorithm is called" in result.stderr
    assert "sha256" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("size", [0, 1, (4 << 20) - 1, 4 << 20, (9 << 20) + 5])
def test_a_container_is_digested_as_it_is_whatever_it_holds(tmp_path: Path, size: int) -> None:
    path = tmp_path / "evidence.bin"
    path.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    found = run_json("hash", "--container", path)
    assert found["digests"] == flat_digests(path.read_bytes())
    assert (found["of"], found["virtual_size"], found["source"]["file_size"]) == ("container", None, size)


def test_a_container_is_not_its_disk(tmp_path: Path) -> None:
    made = make(tmp_path, DIRTY)
    before = made.path.read_bytes()
    assert run_json("hash", "--container", made.path)["digests"] == flat_digests(before)
    assert run_json("hash", made.path)["of"] == "disk"
    run("hash", "--container", "--sparse-digest", made.path, code=2)
    run("hash", "--container", tmp_path / "nowhere", code=3)
