"""`vhdx fuzz judge` and `vhdx fuzz reduce`: what they print and write, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import listing, run, schema
from tests.fuzz_judge.support import BROKEN, GOOD, LABELS, shell, write_corpus
from vhdx_runtime.conformance import Recipe, expand
from vhdx_runtime.conformance.build.pattern import noise
from vhdx_runtime.conformance.release.packed_image import packed
from vhdx_runtime.conformance.release.unpackers.unpack import unpack


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path, (GOOD, BROKEN), LABELS)


def test_a_table_names_clusters_and_readers(corpus: Path, tmp_path: Path) -> None:
    lines = run("fuzz", "judge", corpus, "--reader", shell("exit 7", "strict", tmp_path), code=1).stdout.splitlines()
    assert lines[0].split() == ["kind", "reader", "rule", "by", "images", "smallest"]
    assert lines[1].split() == ["wrong-reject", "strict", "none", "label", "1", "good"]
    assert lines[2].strip() == "exit code 7"
    assert lines[3].startswith("strict  1 wrong-reject, in ")
    assert lines[4] == "2 images, 2 with a label, 1 cluster"
    assert len(lines) == 5


def test_who_is_right_ends_with_0(corpus: Path, tmp_path: Path) -> None:
    lines = run("fuzz", "judge", corpus, "--reader", shell("RIGHT", "fine", tmp_path), "--jobs", 1).stdout.splitlines()
    assert lines[0] == "no disagreement"
    assert lines[-1] == "2 images, 2 with a label, 0 clusters"


def test_json_is_what_the_schema_says_and_the_smallest_images_are_kept(corpus: Path, tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    readers = [word for script in ("crash", "eager") for word in ("--reader", shell(SCRIPTS[script], script, tmp_path))]
    found = json.loads(run("fuzz", "judge", corpus, *readers, "--keep", keep, "--json", code=1).stdout)
    schema("fuzz-judge").validate(found)
    assert (found["images"], found["labelled"]) == (2, 2)
    assert [(row["kind"], row["reader"], row["rule"]) for row in found["clusters"]] == [
        ("crash", "crash", "HDR-003"),
        ("crash", "crash", "none"),
        ("wrong-bytes", "eager", "none"),
        ("wrong-accept", "eager", "HDR-003"),
    ]
    assert {"format_version": 1} | json.loads((keep / "clusters.json").read_text()) == found
    assert listing(keep) == sorted(["clusters.json", *(row["smallest"]["kept"] for row in found["clusters"])])
    for row in found["clusters"]:
        data = (keep / row["smallest"]["kept"]).read_bytes()
        assert len(data) == row["smallest"]["packed"]
        with (tmp_path / "unpacked").open("w+b") as out:
            unpack(noise(), data, out)
        assert (tmp_path / "unpacked").read_bytes() == (corpus / f"{row['smallest']['id']}.vhdx").read_bytes()


def test_a_packed_corpus_is_judged_as_it_was_generated(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    run("fuzz", "generate", "--packed", "--profile", "single-fault", "--rules", "SBM-00[1-3]", corpus)
    assert any(path.suffix == ".packed" for path in (corpus / "seeds").iterdir())
    lines = run("fuzz", "judge", corpus, "--reader", "vhdx-runtime").stdout.splitlines()
    count = len((corpus / "manifest.jsonl").read_text().splitlines())
    assert lines[0] == "no disagreement"
    assert lines[-1] == f"{count} images, {count} with a label, 0 clusters"


SCRIPTS = {"crash": "kill -SEGV $$", "eager": "head -c 99 /dev/zero > $2"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--reader", "nobody"], 2, "no reader is called nobody"),
        (["--reader", "command x=no-such-program {image}"], 3, "x is absent: no program is called no-such-program"),
        (["--seconds", "0"], 2, "--seconds"),
    ],
)
def test_wrong_usage_of_judge(arguments: list[str], code: int, words: str, corpus: Path) -> None:
    assert words in run("fuzz", "judge", corpus, *arguments, code=code).stderr


def test_a_folder_without_images_and_a_manifest_that_is_wrong(tmp_path: Path) -> None:
    assert "no image is in it" in run("fuzz", "judge", tmp_path, code=3).stderr
    (tmp_path / "manifest.jsonl").write_text("{}\n")
    assert "manifest.jsonl, line 1: no label: 'id'" in run("fuzz", "judge", tmp_path, code=2).stderr
    assert "does not exist" in run("fuzz", "judge", tmp_path / "gone", code=2).stderr


def test_a_reduced_image_is_a_new_file(tmp_path: Path) -> None:
    image = expand(Recipe(name="x")).write(tmp_path)
    before = image.read_bytes()
    done = run("fuzz", "reduce", image, "--exit-code", 0, "--", "grep", "-qa", "regi")
    out = tmp_path / "x.reduced.vhdx"
    assert out.read_bytes().strip(b"\0") == b"regi"
    assert image.read_bytes() == before
    lines = done.stdout.splitlines()
    assert lines[0] == f"{out}: the command still ends with exit code 0"
    assert lines[3].split() == ["bytes", "not", "zero", str(sum(map(bool, before))), "->", "4"]
    assert listing(tmp_path) == ["x.reduced.vhdx", "x.vhdx"]
    again = run("fuzz", "reduce", image, "--exit-code", 0, "--", "grep", "-qa", "regi", code=2)
    assert "exists\nhint: `--force` replaces it" in again.stderr
    same = run("fuzz", "reduce", image, "--force", "-o", image, "--exit-code", 0, "--", "grep", "-qa", "regi", code=2)
    assert "is one of the files that are read" in same.stderr
    assert image.read_bytes() == before


def test_the_json_of_reduce_is_what_the_schema_says(tmp_path: Path) -> None:
    image = tmp_path / "small.bin"
    image.write_bytes(b"abcX")
    words = ("--", "sh", "-c", 'grep -q X "$1" && { echo "it is X" >&2; exit 4; }; exit 0', "sh", "{}")
    options = ("--stderr", "is X$", "--timeout", 5, "--seconds", 60, "--no-seal", "-o", tmp_path / "out")
    found = json.loads(run("fuzz", "reduce", image, *options, "--json", *words).stdout)
    schema("fuzz-reduce").validate(found)
    assert (found["ending"], found["after"]["nonzero"], found["is_complete"]) == ("exit code 4", 1, True)
    assert (tmp_path / "out").read_bytes() == b"\0\0\0X"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--", "true"], 2, "the command succeeds on the image\nhint: say what counts as a failure with --exit-code"),
        (["--exit-code", "9", "--", "false"], 2, "ends with exit code 1, and not in the way asked for"),
        (["--", "no-such-program"], 3, "no-such-program: cannot be run: No such file"),
        (["--stderr", "(", "--", "false"], 2, "invalid value for --stderr"),
        ([], 2, "missing argument"),
    ],
)
def test_wrong_usage_of_reduce(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    image = tmp_path / "x.vhdx"
    image.write_bytes(b"x")
    assert words in run("fuzz", "reduce", image, *arguments, code=code).stderr
    assert listing(tmp_path) == ["x.vhdx"], "nothing is left behind"


@pytest.mark.parametrize("name", ["judge", "reduce"])
def test_help_has_examples(name: str) -> None:
    text = run("fuzz", name, "--help").stdout
    assert "Examples:" in text
    assert f"vhdx fuzz {name} " in text


def test_the_report_names_every_cluster_with_its_command(corpus: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    reader = shell("[ $n = good ] && kill -SEGV $$; head -c 99 /dev/zero > $2", "odd", tmp_path)
    found = json.loads(run("fuzz", "judge", corpus, "--reader", reader, "--markdown", report, "--json", code=1).stdout)
    text = report.read_text()
    assert text.startswith(f"# Differential run, {found['date']}\n")
    assert "- **odd**, none, good: SIGSEGV\n  `sh -c " in text
    assert "| odd | HDR-003 | label | 1 | broken | opens and reads without an error |" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## crash", "## wrong-accept"]


def test_a_packed_corpus_is_judged_like_a_plain_one(tmp_path: Path) -> None:
    made = expand(GOOD)
    (tmp_path / "a.vhdx.packed").write_bytes(packed(made.extents, made.length))
    assert "no disagreement" in run("fuzz", "judge", tmp_path, "--reader", "vhdx-runtime").stdout
