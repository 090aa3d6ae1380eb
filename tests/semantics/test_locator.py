"""A parent locator, sound, damaged or hostile, is read as far as it makes sense, and says what is wrong with it."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc
from collections.abc import Sequence
from uuid import UUID

import pytest

from tests.support.patience import assert_quick
from tests.support.sampling import sampled
from vhdx_runtime.semantics import locator
from vhdx_runtime.semantics.locator import Locator

TYPE = bytes.fromhex("b7ef4ab09ed1814ab78925b8e9445913")
AT = 0x210028
GUID = "f88d4d92-6fcc-408d-9bef-9b7c89f15c89"
RAW = bytes.fromhex("924d8df8cc6f8d409bef9b7c89f15c89")
OTHER = "0b1e5d2c-9a3f-4d6e-8c7b-a1b2c3d4e5f6"
OTHER_RAW = bytes.fromhex("2c5d1e0b3f9a6e4d8c7ba1b2c3d4e5f6")
NIL = "00000000-0000-0000-0000-000000000000"
VOLUME = "\\\\?\\Volume{5e0bd954-71b2-4bff-a928-082af7ab0f8f}\\vm\\a.vhdx"

Text = str | bytes


def utf16(text: Text) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-16-le", "surrogatepass")


def item(*pairs: tuple[Text, Text], kind: bytes = TYPE, reserved: int = 0, count: int | None = None) -> bytes:
    """The item as Hyper-V lays it out: header, entries, then key, value, key, value."""
    position = 20 + 12 * len(pairs)
    entries, strings = b"", b""
    for key, value in ((utf16(k), utf16(v)) for k, v in pairs):
        entries += struct.pack("<IIHH", position, position + len(key), len(key), len(value))
        strings += key + value
        position += len(key) + len(value)
    return kind + struct.pack("<HH", reserved, len(pairs) if count is None else count) + entries + strings


def linked(*pairs: tuple[Text, Text]) -> bytes:
    """A sound item but for the pairs given."""
    sound = (("parent_linkage", f"{{{GUID}}}"), ("relative_path", ".\\a.vhdx"))
    keys = {key for key, _ in pairs}
    return item(*(pair for pair in sound if pair[0] not in keys), *pairs)


def rules(found: Locator) -> list[str]:
    return sorted(finding.rule for finding in found.findings)


def verdicts(found: Locator, rule: str) -> list[str]:
    return [finding.verdict for finding in found.findings if finding.rule == rule]


def test_what_hyper_v_writes_is_read_whole() -> None:
    absolute = "C:\\vm\\a.vhdx"
    found = locator.parse(
        item(
            ("parent_linkage", f"{{{GUID}}}"),
            ("absolute_win32_path", absolute),
            ("relative_path", ".\\a.vhdx"),
            ("volume_path", VOLUME),
            ("parent_linkage2", f"{{{NIL}}}"),
        ),
        AT,
    )
    assert found.usable
    assert found.linkage == (RAW,)
    assert found.paths == (
        ("relative_path", ".\\a.vhdx"),
        ("volume_path", VOLUME),
        ("absolute_win32_path", absolute),
    )
    assert [pair.key for pair in found.pairs] == [
        "parent_linkage",
        "absolute_win32_path",
        "relative_path",
        "volume_path",
        "parent_linkage2",
    ]
    assert not any(pair.skipped for pair in found.pairs)
    assert found.get("relative_path") == ".\\a.vhdx"
    assert found.get("no such key") is None
    assert [(finding.rule, finding.verdict) for finding in found.findings] == [("PLC-018", "note")]


def test_findings_stand_at_their_bytes() -> None:
    raw = linked(("Absolute_win32_path", "C:\\a"), ("odd", b"abc"))
    found = {finding.rule: finding for finding in locator.parse(raw, AT).findings}
    start = raw.index(utf16("Absolute_win32_path"))
    assert found["PLC-012"].place.file_offset == AT + start
    assert found["PLC-018"].place.file_offset == AT + start + 2 * len("Absolute_win32_path")
    assert found["PLC-010"].place.file_offset == AT + len(raw) - 3
    assert found["PLC-010"].place.structure == "parent locator entry 3"
    broken = locator.parse(item(("parent_linkage", f"{{{GUID}}}"), ("", "x"), ("relative_path", "a")), AT)
    (finding,) = broken.findings
    assert finding.rule == "PLC-008"
    assert finding.place.file_offset == AT + 20 + 12 + 8


def test_the_order_of_paths_is_the_specifications() -> None:
    paths = [("absolute_win32_path", "\\\\?\\C:\\a"), ("volume_path", VOLUME), ("relative_path", "a")]
    for seed in range(5):
        random.Random(seed).shuffle(paths)
        found = locator.parse(item(("parent_linkage", f"{{{GUID}}}"), *paths), AT)
        assert [key for key, _ in found.paths] == ["relative_path", "volume_path", "absolute_win32_path"]
        assert not found.findings


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (item(("a", "b"), count=3), "PLC-003"),
        (b"", "PLC-003"),
        (TYPE + b"\0\0\1", "PLC-003"),
        (linked().replace(TYPE, bytes(16)), "PLC-004"),
        (item(), "PLC-006"),
    ],
    ids=["count too large", "empty", "cut in the header", "other type", "no pairs"],
)
def test_an_unusable_locator_links_to_nothing(raw: bytes, rule: str) -> None:
    found = locator.parse(raw, AT)
    assert rules(found) == [rule]
    assert verdicts(found, rule) == ["degrade"]
    assert not found.usable
    assert found.linkage == ()
    assert found.paths == ()


def test_pairs_of_an_unusable_locator_are_still_shown() -> None:
    found = locator.parse(linked().replace(TYPE, bytes(16)), AT)
    assert found.get("relative_path") == ".\\a.vhdx"


def test_a_reserved_word_is_mentioned_and_no_more() -> None:
    found = locator.parse(item(("parent_linkage", f"{{{GUID}}}"), ("relative_path", "a"), reserved=7), AT)
    assert rules(found) == ["PLC-005"]
    assert found.usable
    assert found.linkage == (RAW,)


def with_entry(**changes: int) -> bytes:
    """A sound item whose third entry is changed."""
    raw = bytearray(linked(("creator", "me")))
    start = 20 + 2 * 12
    names = ("key_offset", "value_offset", "key_length", "value_length")
    values = dict(zip(names, struct.unpack_from("<IIHH", raw, start), strict=True)) | changes
    struct.pack_into("<IIHH", raw, start, *(values[name] for name in names))
    return bytes(raw)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"key_offset": 0}, ["PLC-007"]),
        ({"value_offset": 0}, ["PLC-007"]),
        ({"key_length": 0}, ["PLC-008"]),
        ({"value_length": 0}, ["PLC-008"]),
        ({"key_offset": 0xFFFFFFFF}, ["PLC-009"]),
        ({"value_offset": 0xFFFFFFFE}, ["PLC-009"]),
        ({"key_length": 0xFFFE}, ["PLC-009"]),
        ({"value_length": 6}, ["PLC-009"]),
        ({"key_offset": 0, "value_length": 0, "key_length": 0xFFFF}, ["PLC-007", "PLC-008", "PLC-009"]),
        ({"key_length": 3}, ["PLC-010"]),
        ({"value_length": 3}, ["PLC-010"]),
    ],
    ids=str,
)
def test_a_broken_pair_is_left_out_with_its_reason(changes: dict[str, int], expected: list[str]) -> None:
    found = locator.parse(with_entry(**changes), AT)
    assert rules(found) == expected
    assert set(verdicts(found, expected[0])) == {"ignore-object"}
    assert found.pairs[2].skipped == expected[0]
    assert found.get("creator") is None
    assert found.usable
    assert found.linkage == (RAW,)


def test_a_string_may_end_with_the_item() -> None:
    assert not locator.parse(with_entry(value_length=4), AT).findings


@pytest.mark.parametrize(
    ("value", "text", "verdict"),
    [
        (".\\a.vhdx\0", ".\\a.vhdx", "warn"),
        ("a\ud800b", "a\ud800b", "warn"),
        ("\udc00", "\udc00", "warn"),
        (".\\a\0b", None, "ignore-object"),
        ("a\0\0", None, "ignore-object"),
        ("\0", None, "ignore-object"),
        ("\0a", None, "ignore-object"),
        (b"a\0b", None, "ignore-object"),
    ],
    ids=ascii,
)
def test_bad_text_is_mended_or_left_out(value: Text, text: str | None, verdict: str) -> None:
    found = locator.parse(linked(("relative_path", value)), AT)
    assert verdicts(found, "PLC-010") == [verdict]
    assert found.get("relative_path") == text
    assert found.paths == ((("relative_path", text),) if text else ())


def test_text_beyond_the_basic_plane_is_sound() -> None:
    found = locator.parse(linked(("relative_path", "\U0001f4be\U0001f4bf.vhdx")), AT)
    assert not found.findings
    assert found.paths == (("relative_path", "\U0001f4be\U0001f4bf.vhdx"),)


def test_of_a_key_that_is_there_twice_the_first_counts() -> None:
    found = locator.parse(linked(("relative_path", "first"), ("relative_path", "second")), AT)
    assert rules(found) == ["PLC-011"]
    assert verdicts(found, "PLC-011") == ["warn"]
    assert found.paths == (("relative_path", "first"),)


def test_a_first_pair_that_is_left_out_does_not_hide_the_second() -> None:
    found = locator.parse(linked(("relative_path", "a\0b"), ("relative_path", "second")), AT)
    assert rules(found) == ["PLC-010"]
    assert found.get("relative_path") == "second"


def test_keys_that_differ_by_case_are_two_and_the_exact_one_counts() -> None:
    found = locator.parse(linked(("Relative_Path", "wrong"), ("relative_path", "right")), AT)
    assert rules(found) == ["PLC-012"]
    assert found.get("relative_path") == "right"


def test_a_key_with_capitals_is_found_where_there_is_no_other() -> None:
    found = locator.parse(item(("PARENT_LINKAGE", f"{{{GUID}}}"), ("Relative_Path", "a")), AT)
    assert rules(found) == ["PLC-012", "PLC-012"]
    assert found.linkage == (RAW,)
    assert found.paths == (("relative_path", "a"),)


@pytest.mark.parametrize(
    ("value", "accepted", "expected"),
    [
        (f"{{{GUID}}}", True, []),
        (f"{{{GUID.upper()}}}", True, [("PLC-014", "warn")]),
        (GUID, True, [("PLC-014", "warn")]),
        (f"{{{GUID}", False, [("PLC-014", "degrade")]),
        (f"{GUID}}}", False, [("PLC-014", "degrade")]),
        (f" {{{GUID}}}", False, [("PLC-014", "degrade")]),
        (f"{{{GUID}}}\n", False, [("PLC-014", "degrade")]),
        (GUID.replace("-", ""), False, [("PLC-014", "degrade")]),
        (f"urn:uuid:{GUID}", False, [("PLC-014", "degrade")]),
        (GUID[:-1] + "g", False, [("PLC-014", "degrade")]),
        (f"{{{GUID[:-1]}٣}}", False, [("PLC-014", "degrade")]),
        ("x" * 30_000, False, [("PLC-014", "degrade")]),
        (f"{{{NIL}}}", False, []),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_a_linkage_is_a_guid_in_braces(value: str, accepted: bool, expected: list[tuple[str, str]]) -> None:
    found = locator.parse(linked(("parent_linkage", value)), AT)
    assert found.linkage == ((RAW,) if accepted else ())
    assert [(finding.rule, finding.verdict) for finding in found.findings] == expected
    assert all(len(finding.message) < 400 for finding in found.findings)


def test_the_bytes_of_a_linkage_are_those_of_the_header() -> None:
    for seed in range(20):
        guid = UUID(bytes=random.Random(seed).randbytes(16))
        assert locator.parse(linked(("parent_linkage", f"{{{guid}}}")), AT).linkage == (guid.bytes_le,)


@pytest.mark.parametrize(
    ("value", "linkage", "expected"),
    [
        (f"{{{NIL}}}", (RAW,), []),
        (f"{{{OTHER}}}", (RAW, OTHER_RAW), ["PLC-015"]),
        (OTHER.upper(), (RAW, OTHER_RAW), ["PLC-014", "PLC-015"]),
        ("nothing", (RAW,), ["PLC-014"]),
    ],
)
def test_a_second_linkage_counts_unless_it_is_nil(value: str, linkage: Sequence[bytes], expected: list[str]) -> None:
    found = locator.parse(linked(("parent_linkage2", value)), AT)
    assert found.linkage == linkage
    assert rules(found) == expected


def test_a_second_linkage_alone_still_links() -> None:
    found = locator.parse(item(("parent_linkage2", f"{{{OTHER}}}"), ("relative_path", "a")), AT)
    assert found.linkage == (OTHER_RAW,)
    assert rules(found) == ["PLC-013", "PLC-015"]


def test_a_locator_without_linkage_or_paths_says_so() -> None:
    found = locator.parse(item(("creator", "me")), AT)
    assert rules(found) == ["PLC-013", "PLC-016"]
    assert found.linkage == ()
    assert found.paths == ()


@pytest.mark.parametrize(
    ("key", "value", "rule", "worth"),
    [
        ("volume_path", VOLUME, "", True),
        ("volume_path", VOLUME.upper(), "", True),
        ("volume_path", "C:\\vm\\a.vhdx", "PLC-017", False),
        ("volume_path", "\\\\?\\Volume{5e0bd954}\\a.vhdx", "PLC-017", False),
        ("volume_path", VOLUME.partition("vm")[0], "PLC-017", False),
        ("absolute_win32_path", "\\\\?\\C:\\vm\\a.vhdx", "", True),
        ("absolute_win32_path", "\\\\?\\UNC\\server\\share\\a.vhdx", "", True),
        ("absolute_win32_path", "C:\\vm\\a.vhdx", "PLC-018", True),
        ("absolute_win32_path", "\\\\server\\share\\a.vhdx", "PLC-018", True),
        ("absolute_win32_path", "a.vhdx", "PLC-018", True),
        ("relative_path", ".\\a.vhdx", "", True),
        ("relative_path", "a.vhdx", "", True),
        ("relative_path", "..\\..\\vm\\a.vhdx", "", True),
        ("relative_path", "../vm/a.vhdx", "PLC-019", True),
        ("relative_path", "C:\\vm\\a.vhdx", "PLC-019", False),
        ("relative_path", "C:a.vhdx", "PLC-019", False),
        ("relative_path", "\\vm\\a.vhdx", "PLC-019", False),
        ("relative_path", "/vm/a.vhdx", "PLC-019", False),
        ("relative_path", "\\\\server\\share\\a.vhdx", "PLC-019", False),
    ],
)
def test_paths_of_another_form_are_noted(key: str, value: str, rule: str, worth: bool) -> None:
    found = locator.parse(item(("parent_linkage", f"{{{GUID}}}"), (key, value)), AT)
    assert rules(found) == ([rule] if rule else [])
    assert set(verdicts(found, rule)) <= {"note"}
    assert found.paths == (((key, value),) if worth else ())


def cost(raw: bytes) -> tuple[Locator, float, int]:
    """The locator, seconds of processor time without tracing, and peak bytes of memory with it."""
    locator.parse(linked(), AT)  # the parsers are imported once
    start = time.process_time()
    found = locator.parse(raw, AT)
    seconds = time.process_time() - start
    tracemalloc.start()
    try:
        locator.parse(raw, AT)
        return found, seconds, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def crowd(make_entry: object, fill: bytes) -> bytes:
    """1 MiB of item with 65,535 pairs."""
    entries = b"".join(struct.pack("<IIHH", *make_entry(index)) for index in range(65_535))  # type: ignore[operator]
    head = TYPE + struct.pack("<HH", 0, 65_535) + entries
    return (head + fill * ((1 << 20) // len(fill) + 1))[: 1 << 20]


TABLE = 20 + 12 * 65_535
CROWDS = {
    "sound": lambda n: (TABLE + 2 * n, TABLE + 2, 2, 2),
    "all broken": lambda _: (0, 1 << 20, 0, 1),
    "overlapping, longest": lambda n: (n * 2 + 20, 40, 0xFFFE, 0xFFFE),
    "same key": lambda _: (TABLE, TABLE, 40, 40),
}


@pytest.mark.parametrize(
    "fill",
    sampled([b"a\0", b"\0\xd8", b"A\0", b"\0\xd8\0\xdc"], b"\0\xd8"),
    ids=["text", "halves", "capitals", "pairs"],
)
@pytest.mark.parametrize("make_entry", CROWDS.values(), ids=CROWDS.keys())
def test_a_crowd_of_pairs_costs_little(make_entry: object, fill: bytes) -> None:
    raw = crowd(make_entry, fill)
    found, seconds, memory = cost(raw)
    assert_quick(seconds, 0.5)
    assert memory < 50 << 20
    assert len(found.pairs) == 1024
    assert "PLC-006" in rules(found)
    assert found.usable
    assert sum(len(finding.message) for finding in found.findings) < 5 << 20


def test_sound_pairs_as_many_as_anybody_takes_are_all_read() -> None:
    pairs = [(f"key{number}", f"value{number}") for number in range(254)]
    found = locator.parse(item(*pairs, ("relative_path", "a"), ("parent_linkage", f"{{{GUID}}}")), AT)
    assert not found.findings
    assert len(found.pairs) == 256
    assert found.get("key253") == "value253"
    assert found.linkage == (RAW,)


def test_any_bytes_give_a_locator() -> None:
    for seed in range(3000):
        at = random.Random(seed)
        raw = bytearray(linked(("volume_path", VOLUME), ("parent_linkage2", f"{{{OTHER}}}")))
        for _ in range(at.randrange(1, 12)):
            raw[at.randrange(16, len(raw))] = at.choice((0, 1, 0xD8, 0xDC, 0xFF, at.randrange(256)))
        cut = raw[: at.randrange(len(raw) + 1)] if at.random() < 0.3 else raw
        found = locator.parse(bytes(cut), AT)
        assert all(len(guid) == 16 and any(guid) for guid in found.linkage), f"seed {seed}"
        for finding in found.findings:
            finding.message.encode("utf-8")
