"""`vhdx fuzz generate` and `reproduce`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.sampling import sampled
from vhdx_runtime.cli import main
from vhdx_runtime.fuzz.corpus import corpus, random_images
from vhdx_runtime.fuzz.corpus.entries import lookup

PINNED = "f40d102f486f01685e31d1d0fb8d42107ecb03cf402d87686e0feb1c3a462271"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(main, [str(one) for one in arguments])
    return done.exit_code, done.output


def manifest(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def test_generate_writes_images_and_their_labels(tmp_path: Path) -> None:
    code, text = run("fuzz", "generate", tmp_path / "out", "--profile", "single-fault", "--rules", "HDR-00?")
    assert code == 0, text
    labels = manifest(tmp_path / "out")
    assert f"{len(labels)} images" in text
    assert {rule for one in labels for rule in one["rules"]} >= {f"HDR-00{digit}" for digit in range(1, 10)}
    for one in labels:
        raw = (tmp_path / "out" / str(one["file"])).read_bytes()
        assert sha256(raw).hexdigest() == one["sha256"]
        assert len(raw) == one["size"]


def test_neighbours_come_with_the_rule_that_they_nearly_break(tmp_path: Path) -> None:
    run("fuzz", "generate", tmp_path / "out", "--rules", "HDR-019")
    labels = manifest(tmp_path / "out")
    assert {one["profile"] for one in labels} >= {"boundary", "single-fault"}
    values = {edit["new"] for one in labels for edit in one["edits"] if "sequence_number" in edit["path"]}
    assert {2**64 - 1, 2**64 - 2} <= values


def test_reproduce_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("fuzz", "generate", tmp_path / "out", "--profile", "random", "--seed", 5, "--count", 6)
    monkeypatch.chdir(tmp_path)
    for one in [one for one in manifest(tmp_path / "out") if one["profile"] == "random"]:
        assert run("fuzz", "reproduce", one["id"])[0] == 0
        again = tmp_path / f"{one['id']}.vhdx"
        assert again.read_bytes() == (tmp_path / "out" / str(one["file"])).read_bytes()


def test_reproduce_replaces_nothing_and_knows_no_other_id(tmp_path: Path) -> None:
    there = tmp_path / "there.vhdx"
    there.write_bytes(b"kept")
    assert run("fuzz", "reproduce", "dynamic", "--output", there)[0] == 2
    assert there.read_bytes() == b"kept"
    assert run("fuzz", "reproduce", "dynamic", "--output", there, "--force")[0] == 0
    assert there.stat().st_size == 6 << 20
    code, text = run("fuzz", "reproduce", "nothing-like-it")
    assert (code, "no image is called" in text) == (2, True)


@pytest.mark.slow
def test_a_packed_corpus_unpacks_to_the_same_images(tmp_path: Path) -> None:
    run("fuzz", "generate", tmp_path / "out", "--profile", "valid", "--packed", "--json")
    folder = tmp_path / "out"
    labels = manifest(folder)[:5]
    names = [str(one["id"]) for one in labels]
    subprocess.run([sys.executable, folder / "unpack.py", tmp_path / "images", *names], check=True)
    for one in labels:
        assert (folder / str(one["packed"])).stat().st_size == one["packed_size"]
        assert (folder / str(one["file"])).is_file()
        assert sha256((tmp_path / "images" / str(one["image"])).read_bytes()).hexdigest() == one["sha256"]


def test_a_folder_that_is_not_empty_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    code, text = run("fuzz", "generate", tmp_path)
    assert (code, "is not empty" in text) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_pattern_that_no_rule_matches_is_an_error(tmp_path: Path) -> None:
    code, text = run("fuzz", "generate", tmp_path / "out", "--rules", "XYZ-*")
    assert (code, "no rule is called" in text) == (2, True)


def test_random_images_follow_from_their_seed_alone() -> None:
    assert list(random_images.random_entries(3, 4)) == list(random_images.random_entries(3, 9))[:4]
    assert list(random_images.random_entries(3, 4)) != list(random_images.random_entries(4, 4))
    assert random_images.by_name("random-3-2") == random_images.random_entry(3, 2)
    assert random_images.by_name("random-x") is None


SCRIPT = """
from hashlib import sha256
from vhdx_runtime.fuzz.corpus import corpus
found = sha256()
for one in corpus.made(corpus.choose(("all",))[::12]):
    found.update((one.label.get("sha256") or one.label["sparse_sha256"]).encode() + one.entry.id.encode())
print(found.hexdigest())
"""


@pytest.mark.parametrize("seed", sampled(["0", "1234"], "1234"))
def test_the_same_bytes_come_out_with_any_hash_seed(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True
    )
    assert done.stdout.strip() == PINNED, done.stderr


def test_an_entry_of_the_table_is_found_by_its_id() -> None:
    entry = lookup("hdr-006-1")
    assert entry is not None
    assert entry.broken == ("HDR-006",)
    assert corpus.find("hdr-006-1") == entry


def test_parents_are_counted_apart_from_the_images_that_were_asked_for(tmp_path: Path) -> None:
    code, text = run("fuzz", "generate", tmp_path / "out", "--profile", "random", "--seed", 3, "--count", 20, "--json")
    assert code == 0, text
    told = json.loads(text)
    assert (told["images"], told["parents"]) == (20, 2)
    assert len(manifest(tmp_path / "out")) == 22


def test_a_link_in_the_folder_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "seeds").symlink_to(tmp_path / "elsewhere")
    code, text = run("fuzz", "generate", tmp_path / "out", "--profile", "tiny", "--packed", "--force")
    assert (code, "seeds: is a symbolic link" in text) == (2, True)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_an_interrupted_run_says_what_is_left_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save, saved = corpus.sparse.save, list[Path]()

    def _save(path: Path, *others: object) -> None:
        if len(saved) == 3:
            raise KeyboardInterrupt
        saved.append(path)
        save(path, *others)

    monkeypatch.setattr(corpus.sparse, "save", _save)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "kill", lambda *_: None)  # the program ends itself by the signal
        text = run("fuzz", "generate", tmp_path / "out", "--profile", "random", "--count", 9, "--unchecked")[1]
    assert "has 1 image and 2 parents so far, and no manifest of them" in text


def test_the_unpacker_of_a_folder_says_how_it_is_used(tmp_path: Path) -> None:
    code, text = run("fuzz", "generate", tmp_path / "out", "--profile", "tiny", "--packed")
    assert code == 0, text
    script = tmp_path / "out" / "unpack.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "usage: python3 unpack.py FOLDER [ID]...\n"


def test_a_profile_without_an_image_about_a_rule_is_an_error(tmp_path: Path) -> None:
    code, text = run("fuzz", "generate", tmp_path / "out", "--profile", "tiny", "--rules", "LOG-001")
    assert code == 2
    assert "no such image is about LOG-001" in text
    assert not (tmp_path / "out").exists()
