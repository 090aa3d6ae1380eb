"""`inspect --query`: the answers are those of a naive evaluation over the whole file, made of no more than needed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import BROKEN, SAMPLE, make, run
from tests.inspect.naive import whole
from tests.inspect.support import SPECIMENS, loaded, made
from tests.support.extras import need
from tests.support.patience import HANG
from tests.support.sampling import repeated
from vhdx_runtime.conformance import Geometry, Recipe, expand
from vhdx_runtime.inspect import tree
from vhdx_runtime.inspect.query import TooLarge, parse
from vhdx_runtime.inspect.query import run as answers

SIGNS = ("==", "!=", "<", "<=", ">", ">=")
MIB = 1 << 20


@pytest.fixture(autouse=True)
def jq() -> None:
    need("jq")


def ask(image: Any, query: str) -> list[Any]:
    return list(answers(tree(image), parse(query)))


def arrays(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Every array of objects in a document, with its path."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key.isidentifier() and key not in ("details", "runs"):
                yield from arrays(one, f"{path}.{key}")
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        yield path, value
        for number, one in enumerate(value):
            yield from arrays(one, f"{path}[{number}]")


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document that can be reached by names and indices, with its path."""
    if isinstance(value, dict):
        if path:
            yield path, value
        for key, one in value.items():
            if key.isidentifier():
                yield from objects(one, f"{path}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from objects(one, f"{path}[{number}]")


def is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def compared(value: Any, sign: str, other: int) -> bool:
    """As jq compares with a number: null and booleans are less than any number, all else is more."""
    order = 0 if value is None or isinstance(value, bool) else 1 if isinstance(value, (int, float)) else 2
    if order != 1:
        return {"==": False, "!=": True, "<": order < 1, "<=": order < 1, ">": order > 1, ">=": order > 1}[sign]
    return {
        "==": value == other, "!=": value != other, "<": value < other,
        "<=": value <= other, ">": value > other, ">=": value >= other,
    }[sign]  # fmt: skip


@pytest.mark.parametrize("name", SPECIMENS)
def test_answers_are_those_of_a_naive_evaluation(name: str) -> None:
    rng = random.Random(f"query {name}")
    with loaded(made(name).to_bytes()) as image:
        document = whole(image)
        known, single = list(arrays(document)), list(objects(document))
        assert ask(image, ".") == [document]
        for _ in range(repeated(6, 20)):
            path, members = rng.choice(known)
            keys = sorted({key for one in members for key, value in one.items() if is_number(value)})
            field, sign, wanted = rng.choice(keys), rng.choice(SIGNS), rng.choice(keys)
            number = next(one[field] for one in members if is_number(one.get(field)))
            query = f"{path}[] | select(.{field} {sign} {number}) | .{wanted}"
            expected = [one.get(wanted) for one in members if compared(one.get(field), sign, number)]
            assert ask(image, query) == expected, query
            path, one = rng.choice(single)
            key = rng.choice([key for key in one if key.isidentifier()])
            assert ask(image, path) == [one], path
            assert ask(image, f"{path}.{key}") == [one[key]], (path, key)
            assert ask(image, f"[{path}]|length") == [1]


@pytest.mark.parametrize("name", ["dynamic", "wrapped", "overlapping blocks"])
@pytest.mark.parametrize(
    "query",
    [
        "[.bat.entries[] | select(.state == 6)] | length",
        ".bat.entries | map(.state) | unique",
        ".bat.entries[-1].index",
        ".log.entries | length",
        ".log.entries[]?.status",
        ".log.entries[].descriptors[]?.file_offset.value",
        ".bat.entries[] | . as $one | $one.index + 1",
        ".header_1.sequence_number.value, .header_2.sequence_number.value",
        ".bat.entries[].state == 6",
        '.metadata.items["virtual_disk_size"] | keys',
        ".unclaimed[] | .kind",
        ".blocks[].virtual_offset",
        ".bat.entries[0] # the first",
        ".bat.entries[99999]",
        ".bat.entries[1:3][] | .index",
        ".bat.entries[:2][].state",
        ".log.entries[0:1][].descriptors[0].target",
        ".unclaimed[1:][]",
        "def f: .index; .bat.entries[] | f",
        ".. | objects | select(.findings) | .path",
    ],
)
def test_a_query_gives_what_jq_gives_of_the_whole_document(name: str, query: str) -> None:
    import jq

    with loaded(made(name).to_bytes()) as image:
        expected = jq.compile(query).input_text(json.dumps(whole(image))).all()
        assert ask(image, query) == expected


def test_entries_that_break_rules_or_come_from_the_log_say_so(tmp_path: Path) -> None:
    with loaded(make(tmp_path, BROKEN).path) as image:
        assert ask(image, ".bat.entries[] | select(.findings) | .index") == [1, 2, 6]
        assert ask(image, ".bat.entries[]") == whole(image)["bat"]["entries"]
    with loaded(made("wrapped").to_bytes()) as image:
        assert ask(image, ".bat.entries[0].from_log") == [True]


def test_addresses_work_too() -> None:
    with loaded(made("differencing").to_bytes()) as image:
        assert ask(image, ".block[1].state") == [6]
        assert ask(image, ".block[] | select(.state == 7) | .first_block") == [0]
        assert ask(image, ".parent_locator.parent_linkage.kind") == ["text"]


def test_numbers_that_jq_would_round_are_text() -> None:
    raw = bytearray(made("dynamic").to_bytes())
    raw[3 * MIB : 3 * MIB + 8] = (2**64 - 2).to_bytes(8, "little")
    with loaded(bytes(raw)) as image:
        assert ask(image, ".bat.entries[0].value") == [str(2**64 - 2)]
        assert ask(image, ".bat.entries[] | select(.value > 0) | .index")[0] == 0


@pytest.mark.parametrize("name", ["dynamic", "wrapped", "torn", "overlapping blocks", "fixed"])
def test_damaged_files_are_asked_like_sound_ones(name: str) -> None:
    rng = random.Random(f"damaged {name}")
    places = (
        range(0x10000, 0x40100),
        range(MIB, MIB + 0x5000),
        range(2 * MIB, 2 * MIB + 200),
        range(3 * MIB, 3 * MIB + 64),
    )
    for number in range(repeated(3, 20)):
        raw = bytearray(made(name).to_bytes())
        for _ in range(rng.randrange(1, 6)):
            raw[rng.choice(rng.choice(places))] = rng.randrange(256)
        with loaded(bytes(raw)) as image:
            document = whole(image)
            assert ask(image, ".") == [document], number
            if "entries" in document.get("bat", {}):
                assert ask(image, ".bat.entries[]") == document["bat"]["entries"], number


def test_a_document_that_is_too_large_is_refused_and_a_path_is_not(tmp_path: Path) -> None:
    path = expand(Recipe("many", geometry=Geometry(virtual_disk_size=70_000 * MIB))).write(tmp_path)
    with loaded(path) as image:
        for query in (".", ".bat", ".bat.entries | length", "[.header_1]"):
            with pytest.raises(TooLarge):
                ask(image, query)
        assert ask(image, ".bat.entries[] | select(.index == 69000) | .state") == [0]
        assert ask(image, ".bat.entries[69000].index") == [69000]
        assert ask(image, ".bat.entries[69000:69002][].index") == [69000, 69001]
        assert ask(image, ".header_1.version.value") == [1]
    result = run("inspect", path, "--query", ".bat.entries | length", code=2)
    assert "more than 64,000 nodes" in result.stderr
    assert "hint: begin it with a path" in result.stderr


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("foo(", "syntax error"),
        (".bat.entries[] | foo", "foo/0 is not defined"),
        (".bat.entries[] | .state.x", "Cannot index number"),
        (".nothing", "nothing in the file is called 'nothing'"),
        (".header_1.nothing | .x", "nothing in header_1 is called 'nothing'"),
        (".bat.entries.x", "Cannot index array"),
    ],
)
def test_a_query_that_cannot_be_carried_out_is_told_with_what_to_do(query: str, message: str, tmp_path: Path) -> None:
    result = run("inspect", make(tmp_path, SAMPLE).path, "--query", query, code=2)
    assert result.stdout == ""
    assert message in result.stderr
    assert "hint: " in result.stderr


def test_answers_are_lines_of_json_or_csv(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    result = run("inspect", path, "--query", ".bat.entries[] | select(.state == 6) | {index, path}")
    assert [json.loads(line)["index"] for line in result.stdout.splitlines()] == [0, 2, 5, 7]
    result = run("inspect", path, "--query", ".bat.entries[] | select(.state == 6)", "--columns", "index,path")
    assert result.stdout.splitlines() == ["index,path", "0,bat[0]", "2,bat[2]", "5,bat[5]", "7,bat[7]"]
    result = run("inspect", path, "--query", ".bat.entries[].index", "--columns", "index", code=2)
    assert "for answers that are objects" in result.stderr


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (".bat|halt_error", "halt_error would end the query without an answer"),
        (".bat.entries[0:2][] | halt", "halt would end the query without an answer"),
        (".bat.entries[] | input", "there is no other input for `input`"),
    ],
)
def test_what_jq_says_nothing_of_is_an_error(query: str, said: str, tmp_path: Path) -> None:
    need("jq")
    image = make(tmp_path, SAMPLE).path
    assert said in run("inspect", image, "--query", query, code=2).stderr
    assert run("inspect", image, "--query", '.header_1 | {halt: "halt"}').stdout == '{"halt": "halt"}\n'


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_a_query_without_an_end_is_ended_by_ctrl_c(tmp_path: Path) -> None:
    need("jq")
    words = [sys.executable, "-m", "vhdx_runtime", "inspect", make(tmp_path, SAMPLE).path, "--query"]
    with subprocess.Popen([*words, ".header_1 | ., (def f: f; f)"], stdout=subprocess.PIPE) as process:
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG) == -signal.SIGINT
