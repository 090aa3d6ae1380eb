"""What to do next about the errors that are the commands' own: one table, by what went wrong.

What is wrong with an image says itself what to do next, see `vhdx_runtime.hints`.
"""

from __future__ import annotations

from typing import Final

NEXT: Final = {
    "exists": "`--force` replaces it; or name another file",
    "not empty": "--force writes into it all the same; or name another folder",
    "same output": "name another file for the mapfile",
    "format": "end it in .vhdx, .vhd, .raw or .img, or say --format; for others --format raw, which qemu-img converts",
    "of a container": "leave out that option, or make a VHDX with --format vhdx",
    "fixed VHD": "leave out --type, or make a VHDX with --format vhdx",
    "of a VHD": "`--from raw` takes the whole file for the disk, footer and all",
    "of an image": "leave out that option; or, if it is a VHDX under another name, say --from vhdx",
    "size of a pipe": "leave out --size",
    "into a pipe": "leave out that option, or name a file",
    "a pipe": "a VHDX is read from here and there, so no pipe will do: save it to a file first, and name that",
    "sizes": "`vhdx create --help` says what each size may be",
    "possible": "`vhdx convert --help` says what can be made of what; of a pipe, --size says how long it is",
    "name of a VHDX": "end it in .vhdx; of that, `vhdx convert` makes raw images and VHDs",
    "undo exists": "it may be needed, so name another one with --undo",
    "plan or apply": "leave out --plan, or leave out --apply and --undo",
    "force alone": "leave out --force, or take the repair back with --undo FILE --force",
    "put back": "nothing has changed; `vhdx check` shows what is wrong, and a smaller plan (--select) may do",
    "stopped": "the same command does it from the start",
    "target": "see that it is a regular file which you may write, and that no other program has it open",
    "set": "write --set NAME=VALUE as the plan shows it, with a size such as 4096 or 2M",
    "rule": "`vhdx rules` lists the ids; in patterns * stands for anything: 'BAT-*'",
    "book": "`vhdx book` lists what is in it",
    "case": "`vhdx conformance list` lists the cases and their areas",
    "recipe": "mend the recipe at the place that is named",
    "no fork": "run it on Linux, in WSL or in a container",
    "reader names": "give one of them another name: 'command NAME=PROGRAM …'",
    "reader": "`vhdx conformance run --help` says how readers are named",
    "no reader": "install one of them, or name a reader that is here",
    "no image": "name the folder of a corpus, as `vhdx fuzz generate` makes it",
    "corpus": "make the corpus again with `vhdx fuzz generate`",
    "fuzz image": "manifest.jsonl of a corpus lists the names",
    "fuzz wish": "`vhdx fuzz generate --help` says what can be asked for",
    "max size": "give at least 1",
    "empty": "name an image that has bytes",
    "not failing": "say what counts as a failure with --exit-code or --stderr",
    "not run": "check the name of the program and that it may be executed",
    "sparse digest": "leave out --sparse-digest, or leave out --container and --algorithm",
    "raw and json": "leave out one of the two; --json shows bytes as hexadecimal",
    "no bytes": "name one of the nodes below it; the command without --raw lists them",
    "html": "leave out PATH, --raw and --json",
    "node": "the command without a path shows the names",
    "file or disk": "--file OFFSET is a byte of the file, --disk OFFSET one of the guest's disk",
    "offset": "name an offset before that; `vhdx info` shows both sizes",
    "too long for JSON": "-o FILE writes the bytes to a file",
    "ranges": "--limit 0 lists all, --offset and --length a part",
    "picture and json": "leave out one of the two; --json has the ranges themselves",
    "schema": "`vhdx schema NAME` takes one of these",
}
