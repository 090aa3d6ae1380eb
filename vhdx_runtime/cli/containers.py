"""The options that say how a new container is to be, for the commands that make one, and what is said of its file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from .common import size_option, warn

_F = TypeVar("_F", bound=Callable[..., Any])


def container_options(*, of_children: bool) -> Callable[[_F], _F]:
    """Add the options; `container_sizes` takes them.

    Args:
        of_children: the command makes children, too, and says what they have of their parents.
    """
    and_children, inherited = (" and children", "; a child has its parent's") if of_children else ("", "")
    options = (
        size_option("--block-size", "Unit in which the file grows: 1M to 256M, a power of two. Default 32M, of fixed "
                    f"disks{and_children} 2M. Small blocks waste less, large ones need smaller tables; 1M suits Linux "
                    "guests."),
        size_option("--logical-sector-size", f"Sector that the guest addresses, 512 or 4096. Default 512{inherited}."),
        size_option("--physical-sector-size", "Sector that the guest is told the medium has, 512 or 4096. Default "
                    f"4096{inherited}."),
        size_option("--log-size", "Room for the log, whole MiB. Default 1M; more helps where much is written at once."),
        click.option("--block-state", type=click.Choice(["not-present", "zero"]),
                     help="How the table marks what a dynamic disk does not store. Default not-present. Both read as "
                     "zeros, zero by the letter of the specification; its table takes room."),
        click.option("--allocate", is_flag=True,
                     help="Take all room of the file from the file system now. Hyper-V and WSL refuse sparse files."),
        click.option("--creator", metavar="NAME",
                     help="Name of the program to write into the file. Default: this one."),
    )  # fmt: skip

    def _add(command: _F) -> _F:
        for option in reversed(options):
            command = option(command)
        return command

    return _add


def say_sparse(path: str) -> None:
    """Note on stderr that a new file is sparse, as Hyper-V refuses such files."""
    from ..portable import stored_bytes

    status = os.stat(path)
    stored = stored_bytes(status)
    if stored is not None and stored < status.st_size:
        hint = "Hyper-V and WSL refuse sparse or compressed files; --allocate takes all the room"
        click.echo(f"vhdx: note: the file is sparse where it lies now. {hint}", err=True)


def warn_footer(path: str, advice: str) -> None:
    """Warn that a file which is taken for a raw image ends as a fixed VHD does."""
    warn(f"{path}: ends with the footer of a VHD, which is taken for a part of the disk; {advice}")


def container_sizes(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say, by the names that the library has for it; None where nothing is said."""
    sizes = ("block_size", "logical_sector_size", "physical_sector_size", "log_size")
    return {name: options[name] for name in (*sizes, "block_state", "creator", "allocate")}
