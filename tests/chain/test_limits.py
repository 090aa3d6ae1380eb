"""Chains end, their files fit together, and nothing stays open that is not used."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.chain.containers import MIB, Folder, chain_of, image, links, open_descriptors, refusal, to
from vhdx_runtime.disk.chain import open_chain
from vhdx_runtime.disk.image import open_image


def test_a_file_that_names_itself_is_a_loop(folder: Folder) -> None:
    assert refusal(folder.put("self", to("self"))).rule == "CHN-004"
    assert refusal(folder.put("alias", to("base", ("relative_path", "ALIAS.vhdx")))).rule == "CHN-004"
    child = folder.put("again", to("again"))
    os.link(child, folder.path / "hard.vhdx")
    (folder.path / "soft.vhdx").symlink_to("again.vhdx")
    for name in ("hard", "soft"):
        assert refusal(folder.path / f"{name}.vhdx").rule == "CHN-004"
    own = image("own", to("own"))
    assert refusal(own, parents=[own]).rule == "CHN-004"


def test_two_files_that_name_each_other_are_a_loop(folder: Folder) -> None:
    folder.put("one", to("two"))
    folder.put("two", to("one"))
    before = open_descriptors()
    assert refusal(folder.path / "one.vhdx").rule == "CHN-004"
    assert open_descriptors() == before


def test_a_loop_of_explicit_files_ends(folder: Folder) -> None:
    one, two = image("one", to("two")), image("two", to("one"))
    assert refusal(one, parents=[two, one]).rule == "CHN-004"
    assert refusal(one, parents=[two, two, one, one]).rule == "CHN-004"


def test_copies_of_a_file_that_names_itself_end_where_the_copies_do() -> None:
    copies = [bytearray(image("self", to("self"))) for _ in range(3)]
    with open_image(copies[0]) as child, pytest.raises(vhdx.ChainError, match="no parent found"):
        open_chain(child, parents=copies[1:])


def test_a_chain_longer_than_256_files_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    import vhdx_runtime.disk.chain as chain_module

    assert chain_module.CHAIN_DEPTH_MAX == 256
    monkeypatch.setattr(chain_module, "CHAIN_DEPTH_MAX", 4)
    folder.put("d0")
    for depth in range(1, 5):
        folder.put(f"d{depth}", to(f"d{depth - 1}"))
    assert len(links(folder.path / "d3.vhdx")) == 3
    before = open_descriptors()
    assert refusal(folder.path / "d4.vhdx").rule == "CHN-004"
    assert open_descriptors() == before


def test_other_logical_sectors_are_refused(folder: Folder) -> None:
    folder.put("base", logical=4096)
    child = folder.put("child", to("base"))
    before = open_descriptors()
    assert refusal(child).rule == "CHN-003"
    assert open_descriptors() == before


def test_other_sizes_are_noted(folder: Folder) -> None:
    folder.put("base", block=2 * MIB, size=6 * MIB)
    with chain_of(folder.put("child", to("base"))) as chain:
        assert [(finding.rule, finding.verdict) for finding in chain.findings] == [
            ("CHN-005", "note"),
            ("CHN-006", "note"),
        ]


def test_nothing_stays_open_after_a_failure_and_the_child_does(folder: Folder) -> None:
    folder.put("one", to("base"))
    folder.put("stranger", where="base.vhdx")
    child = open_image(folder.put("child", to("one")))
    before = open_descriptors()
    with pytest.raises(vhdx.ChainError):
        open_chain(child, parents=[folder.path / "base.vhdx", folder.path / "one.vhdx"])
    assert open_descriptors() == before
    assert child.source.read_at(0, 8) == b"vhdxfile"
    child.close()


def test_unused_explicit_parents_are_closed(folder: Folder) -> None:
    base, stranger = folder.put("base"), folder.put("stranger")
    before = open_descriptors()
    chain = open_chain(open_image(folder.put("child", to("base"))), parents=[stranger, base])
    assert open_descriptors() == before + 2
    chain.close()
    assert open_descriptors() == before


@pytest.mark.parametrize(
    "given", ["base.vhdx", Path("base.vhdx"), b"bytes", io.BytesIO()], ids=lambda v: type(v).__name__
)
def test_a_single_file_instead_of_a_list_is_the_callers_mistake(folder: Folder, given: Any) -> None:
    with open_image(folder.put("base")) as opened:
        with pytest.raises(ValueError, match="must be a list"):
            open_chain(opened, parents=given)
        with pytest.raises(ValueError, match="must be a list"):
            open_chain(opened, parent_dirs=given)
