"""What to do next about a broken rule: of the steps that the rule names, the first one that helps.

Knows how a step is put into words, with the options of the commands or with the arguments of `vhdx_runtime.open`.
Whether a step helps, the caller tries.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from vhdx_format.rules import RULES, STEPS

from .wording import shell_text

SALVAGE: Final = "--salvage"

_LISTS: Final = {"parent": "parents", "parent_dir": "parent_dirs", "accept_parent": "accept_parents"}
_OPTION: Final = re.compile(r"""`(--[a-z-]+(?: (?:[^`'" ]+|\$?'[^`]*'))?)`""")
_WITH_COMMAND: Final = "`vhdx convert {option} {file} out.raw`"


def choose(rule: str, repair: str, helps: Callable[[str], bool], file: str, *, as_command: bool = False) -> str:
    """The first step for a rule that helps, in words.

    Args:
        rule: id of the broken rule; several with commas, where they are mended together only.
        repair: how it is mended: no, auto, offered, manual or lossy.
        helps: whether the file opens with an option, such as "--log ignore".
        file: the file, as one word of a command.
        as_command: an option is named with a command that takes it.

    Returns:
        One sentence; "" for a rule that stops nobody, and where no step helps.

    >>> choose("LOG-024", "offered", lambda option: True, "disk.vhdx")
    '`--log ignore` reads the file as if it had no log; what the log holds is then missing'
    >>> choose("LOG-024", "offered", lambda option: False, "disk.vhdx")
    '`vhdx repair --offer LOG-024 disk.vhdx` shows how this is mended if you agree, and what else it asks for'
    """
    for step in (STEPS[name] for name in RULES[rule.partition(",")[0]].next):
        if step.consents and repair not in step.consents:
            continue
        if all(helps(option) for option in step.options):
            option = step.options[0] if step.options else ""
            named = _WITH_COMMAND if as_command else "`{option}`"
            text = step.text.replace("{option}", named.replace("{option}", option))
            return text.replace("{rule}", rule).replace("{file}", file)
    return ""


def argument(option: str) -> tuple[str, Any]:
    """What an option of the commands is in a call of `vhdx_runtime.open`.

    Returns:
        The name of the argument, and its value.

    >>> argument("--salvage"), argument("--header 2"), argument("--parent 'my disk.vhdx'")
    (('salvage', True), ('header', 2), ('parents', ['my disk.vhdx']))
    """
    words, _, value = option.removeprefix("--").partition(" ")
    name = words.replace("-", "_")
    if name in _LISTS:
        return _LISTS[name], [shell_text(value)]
    return name, int(value) if value.isdigit() else value or True


def in_python(hint: str) -> str:
    """A hint of the commands for who calls from Python: options as arguments; commands stay commands.

    >>> in_python("`--log ignore` reads it without its log; `vhdx repair --offer LOG-024 a.vhdx` mends it")
    "`log='ignore'` reads it without its log; `vhdx repair --offer LOG-024 a.vhdx` mends it"
    """
    return _OPTION.sub(lambda found: "`{}={!r}`".format(*argument(found[1])), hint)
