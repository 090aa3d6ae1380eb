"""Words for people: sizes, counts, and texts of strangers that are safe to print, to paste and to publish.

Whatever comes from a file, a name or an argument passes `shown`, whose result has nothing in it that a terminal obeys,
that turns the line round, ends it, or pads it to the next one.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import fields
from typing import Any, Final

_UNITS: Final = ("KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024
_LONG: Final = 120  # characters; longer texts are cut, so that none reaches the start of another line
_BRIEF: Final = 400  # characters of a repr
_BLANKS: Final = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols by their class, but nothing is seen
_PADDING: Final = re.compile(rf"  +|[{_BLANKS}]")
_MARKUP: Final = re.compile(r"[\\`*\[\]|~#>]|(?<![^\W_])_|_(?![^\W_])")


def short_size(size: int) -> str:
    """A number of bytes in the largest unit of which there is one, rounded to two decimals.

    >>> short_size(1), short_size(1000), short_size(6 << 20), short_size(3 << 19), short_size(2_500_511_326_208)
    ('1 byte', '1000 bytes', '6 MiB', '1.5 MiB', '2.27 TiB')

    Zeros behind the point say that it is not exactly that.

    >>> short_size(3_150_080)
    '3.00 MiB'
    """
    if size < _STEP:
        return counted(size, "byte")
    power = 1
    while power < len(_UNITS) and size >= _STEP ** (power + 1):
        power += 1
    hundredths = (size * 200 // _STEP**power + 1) // 2
    text = f"{hundredths // 100}.{hundredths % 100:02}"
    if not size * 100 % _STEP**power:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {_UNITS[power - 1]}"


def size_text(size: int) -> str:
    """A number of bytes for people, exact.

    >>> size_text(1000), size_text(6 << 20), size_text(3 << 19)
    ('1000 bytes', '6 MiB (6291456 bytes)', '1.5 MiB (1572864 bytes)')
    """
    return short_size(size) if size < _STEP else f"{short_size(size)} ({size} bytes)"


def counted(count: int, one: str, many: str = "") -> str:
    """A number of things.

    >>> counted(1, "block"), counted(2, "block"), counted(0, "entry", "entries")
    ('1 block', '2 blocks', '0 entries')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"


def agreeing(quantity: str, one: str, many: str) -> str:
    """A quantity as `counted`, `short_size` or `size_text` have it, and the verb that agrees with it.

    >>> agreeing("1 KiB", "is", "are"), agreeing("1 of 3 blocks", "is", "are"), agreeing("1.5 MiB", "is", "are")
    ('1 KiB is', '1 of 3 blocks is', '1.5 MiB are')
    """
    return f"{quantity} {one if quantity.startswith('1 ') else many}"


def brief(value: Any) -> str:
    """The repr of a dataclass on one short line: of a field that holds much, only what it is."""
    text = ", ".join(f"{field.name}={_brief(getattr(value, field.name))}" for field in fields(value) if field.repr)
    return f"{type(value).__name__}({text[:_BRIEF]}{'…' if len(text) > _BRIEF else ''})"


def _brief(value: Any) -> str:
    if value is None or isinstance(value, (bool, int)):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= _LONG else value[:_LONG] + "…")
    if isinstance(value, (bytes, tuple, list, dict, set, frozenset)):
        return f"<{type(value).__name__} of {len(value)}>"
    return f"<{type(value).__name__}>"


def shown(text: str) -> str:
    r"""A text of a stranger, safe to print on one line: what cannot be seen is escaped, two spaces in a row as well.

    >>> print(shown("disk\x1b[2J\u202e.vhdx"), shown("a\nb"), shown("x   findings"))
    disk\x1b[2J\u202e.vhdx a\nb x\x20\x20\x20findings
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escaped(c) for c in text)
    return _PADDING.sub(lambda found: "".join(_escaped(c) for c in found[0]), text)


def _escaped(character: str) -> str:
    return r"\x20" if character == " " else character.encode("unicode_escape").decode("ascii")


def quoted(text: str) -> str:
    r"""A text of a stranger as a value: in quotes where it is padded, and cut where it is long.

    >>> print(quoted("Hyper-V"), quoted("Hyper-V "), quoted("ab" * 300)[-24:])
    Hyper-V "Hyper-V " babab…" (600 characters)
    """
    safe = shown(text)
    if len(safe) > _LONG:
        return f'"{safe[:_LONG]}…" ({len(text)} characters)'
    return safe if safe == safe.strip() and "  " not in text else f'"{safe}"'


def shell_word(text: str) -> str:
    r"""A text of a stranger as one word of a command that is printed: it can be pasted, and `shown` leaves it alone.

    >>> print(shell_word("a b"), shell_word("it's"), shell_word("$(id)"), shell_word("a\nb"), shell_word("x  y"))
    'a b' 'it'"'"'s' '$(id)' $'a\x0ab' $'x\x20\x20y'
    """
    if shown(text) == text:
        return shlex.quote(text)
    safe = (c if c.isprintable() and c not in f"\\' {_BLANKS}" else _bytes(c) for c in text)
    return f"$'{''.join(safe)}'"


def shell_text(word: str) -> str:
    r"""The text that `shell_word` gave as one word.

    >>> [shell_text(shell_word(text)) for text in ("a b", "it's", "a\nb", "x  y")]
    ['a b', "it's", 'a\nb', 'x  y']
    """
    if not word.startswith("$'"):
        return shlex.split(word)[0]
    return os.fsdecode(re.sub(rb"\\x(..)", lambda found: bytes((int(found[1], 16),)), os.fsencode(word[2:-1])))


def _bytes(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))


def path_word(path: str) -> str:
    """The same for a path, which is never taken for an option.

    >>> path_word("disk.vhdx"), path_word("--apply")
    ('disk.vhdx', './--apply')
    """
    return shell_word(f"./{path}" if path.startswith("-") else path)


def markdown(text: str) -> str:
    r"""A text of a stranger inside Markdown, as text and nothing else.

    >>> print(markdown("a|b <c> *d* snake_case"))
    a\|b &lt;c\> \*d\* snake_case
    """
    return _MARKUP.sub(r"\\\g<0>", shown(text)).replace("&", "&amp;").replace("<", "&lt;")


def code(text: str) -> str:
    r"""A text of a stranger as code inside Markdown, outside of tables.

    >>> print(code("ls"), code("a`b"))
    `ls` `` a`b ``
    """
    safe = shown(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", safe)), default=0) + 1)
    return f"{fence}{safe}{fence}" if fence == "`" else f"{fence} {safe} {fence}"
