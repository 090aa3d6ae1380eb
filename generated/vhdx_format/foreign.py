"""What is no VHDX, told by its bytes, as plain data.

Machine-written from formats/ by `make generate`; do not edit.
"""

from typing import Final, NamedTuple


class Mark(NamedTuple):
    """Bytes at a place of a file.

    `offset` is a file offset in bytes, counted from the end where it is negative. `is_loose` is for text: blanks before
    it and the case of letters do not count.
    """

    offset: int
    data: bytes
    is_loose: bool = False


class Foreign(NamedTuple):
    """What people take for a VHDX and is none.

    `marks` are alternatives, each a row of places that must all fit; `suffixes` are ends of file names that tell it;
    `fill` is the one byte, or with "any" whatever byte, that is all there is, in hexadecimal, "" for an empty file, or
    None. `is_raw` where the bytes are those of a disk or volume. `name` says what the file is, `next` what to do with
    it: `{file}` stands for its path.
    """

    id: str
    name: str
    next: str
    marks: tuple[tuple[Mark, ...], ...] = ()
    suffixes: tuple[str, ...] = ()
    fill: str | None = None
    is_raw: bool = False


HEAD: Final = 65536
TAIL: Final = 512
"""Bytes at the start and at the end of a file in which all marks lie."""

FOREIGN: Final[tuple[Foreign, ...]] = (
    Foreign(
        id="vhd",
        name="is a VHD, the format before VHDX",
        next="`qemu-img convert -f vpc -O vhdx {file} new.vhdx` makes a VHDX of it",
        marks=((Mark(offset=0, data=b"conectix"),), (Mark(offset=-511, data=b"conectix"),)),
    ),
    Foreign(
        id="vhd-fixed",
        name="is a fixed VHD, the format before VHDX",
        next="`vhdx convert --from vhd {file} new.vhdx` makes a VHDX of it",
        marks=((Mark(offset=-512, data=b"conectix"),),),
    ),
    Foreign(
        id="vdi",
        name="is a VDI, the disk of VirtualBox",
        next="`qemu-img convert -f vdi -O vhdx {file} new.vhdx` makes a VHDX of it",
        marks=((Mark(offset=64, data=b"\x7f\x10\xda\xbe"),),),
    ),
    Foreign(
        id="vmdk",
        name="is a VMDK, the disk of VMware",
        next="`qemu-img convert -f vmdk -O vhdx {file} new.vhdx` makes a VHDX of it",
        marks=((Mark(offset=0, data=b"KDMV"),), (Mark(offset=0, data=b"COWD"),)),
    ),
    Foreign(
        id="vmdk-descriptor",
        name="is the text of a VMDK, which names other files that hold the disk",
        next="have those files beside it; `qemu-img convert -f vmdk -O vhdx {file} new.vhdx` makes a VHDX of them",
        marks=((Mark(offset=0, data=b"# disk descriptorfile", is_loose=True),),),
    ),
    Foreign(
        id="qcow",
        name="is a QCOW2, the disk of QEMU",
        next="`qemu-img convert -O vhdx {file} new.vhdx` makes a VHDX of it",
        marks=((Mark(offset=0, data=b"QFI\xfb"),),),
    ),
    Foreign(
        id="ewf",
        name="is an EWF image (E01), as EnCase writes it",
        next="`ewfexport -t disk -f raw {file}` makes a raw image of it",
        marks=((Mark(offset=0, data=b"EVF\t\r\n\xff\x00"),), (Mark(offset=0, data=b"LVF\t\r\n\xff\x00"),)),
    ),
    Foreign(
        id="ewf2",
        name="is an EWF image of the second version (Ex01), as EnCase writes it",
        next="`ewfexport -t disk -f raw {file}` makes a raw image of it",
        marks=((Mark(offset=0, data=b"EVF2\r\n\x81\x00"),), (Mark(offset=0, data=b"LEF2\r\n\x81\x00"),)),
    ),
    Foreign(
        id="gzip",
        name="is compressed with gzip",
        next="`gzip -dc {file} > unpacked.vhdx` unpacks it",
        marks=((Mark(offset=0, data=b"\x1f\x8b\x08"),),),
    ),
    Foreign(
        id="xz",
        name="is compressed with xz",
        next="`xz -dc {file} > unpacked.vhdx` unpacks it",
        marks=((Mark(offset=0, data=b"\xfd7zXZ\x00"),),),
    ),
    Foreign(
        id="zstd",
        name="is compressed with zstd",
        next="`zstd -dc {file} > unpacked.vhdx` unpacks it",
        marks=((Mark(offset=0, data=b"(\xb5/\xfd"),),),
    ),
    Foreign(
        id="bzip2",
        name="is compressed with bzip2",
        next="`bzip2 -dc {file} > unpacked.vhdx` unpacks it",
        marks=((Mark(offset=0, data=b"BZh"), Mark(offset=4, data=b"1AY&SY")),),
    ),
    Foreign(
        id="zip",
        name="is a zip archive",
        next="`unzip {file}` unpacks it",
        marks=(
            (Mark(offset=0, data=b"PK\x03\x04"),),
            (Mark(offset=0, data=b"PK\x05\x06"),),
            (Mark(offset=0, data=b"PK\x07\x08"),),
        ),
    ),
    Foreign(
        id="7z",
        name="is a 7z archive",
        next="`7z x {file}` unpacks it",
        marks=((Mark(offset=0, data=b"7z\xbc\xaf'\x1c"),),),
    ),
    Foreign(
        id="tar",
        name="is a tar archive, as an OVA is",
        next="`tar -xf {file}` unpacks it",
        marks=((Mark(offset=257, data=b"ustar"),),),
    ),
    Foreign(
        id="git-lfs",
        name="is a pointer of Git LFS, which stands for the file until that is fetched",
        next="`git lfs pull` in its repository fetches the file",
        marks=((Mark(offset=0, data=b"version https://git-lfs.github.com/spec/"),),),
    ),
    Foreign(
        id="html",
        name="is a web page, such as a server sends instead of a file",
        next="download the file again; the page says why that failed",
        marks=(
            (Mark(offset=0, data=b"<!doctype html", is_loose=True),),
            (Mark(offset=0, data=b"<html", is_loose=True),),
        ),
    ),
    Foreign(
        id="xml",
        name="is XML, such as a server sends with an error",
        next="download the file again, if it was downloaded; the text says why that failed",
        marks=((Mark(offset=0, data=b"<?xml", is_loose=True),),),
    ),
    Foreign(
        id="iso",
        name="is an ISO 9660 image, of a CD or DVD",
        next="use it as a drive of the machine, as it is; it holds no VHDX",
        marks=((Mark(offset=32769, data=b"CD001"),),),
        is_raw=True,
    ),
    Foreign(
        id="gpt",
        name="is a raw disk image with a GPT",
        next="it can be read as it is; `vhdx convert --from raw {file} new.vhdx` makes a VHDX of it",
        marks=((Mark(offset=512, data=b"EFI PART"),), (Mark(offset=4096, data=b"EFI PART"),)),
        is_raw=True,
    ),
    Foreign(
        id="ntfs",
        name="is a raw image of an NTFS volume",
        next="it can be read as it is, as a volume without a disk around it",
        marks=((Mark(offset=3, data=b"NTFS    "), Mark(offset=510, data=b"U\xaa")),),
        is_raw=True,
    ),
    Foreign(
        id="fat",
        name="is a raw image of a FAT volume",
        next="it can be read as it is, as a volume without a disk around it",
        marks=(
            (Mark(offset=54, data=b"FAT"), Mark(offset=510, data=b"U\xaa")),
            (Mark(offset=82, data=b"FAT32"), Mark(offset=510, data=b"U\xaa")),
        ),
        is_raw=True,
    ),
    Foreign(
        id="mbr",
        name="is a raw disk image with an MBR",
        next="it can be read as it is; `vhdx convert --from raw {file} new.vhdx` makes a VHDX of it",
        marks=(
            (
                Mark(offset=446, data=b"\x00"),
                Mark(offset=462, data=b"\x00"),
                Mark(offset=478, data=b"\x00"),
                Mark(offset=494, data=b"\x00"),
                Mark(offset=510, data=b"U\xaa"),
            ),
            (
                Mark(offset=446, data=b"\x80"),
                Mark(offset=462, data=b"\x00"),
                Mark(offset=478, data=b"\x00"),
                Mark(offset=494, data=b"\x00"),
                Mark(offset=510, data=b"U\xaa"),
            ),
            (
                Mark(offset=446, data=b"\x00"),
                Mark(offset=462, data=b"\x80"),
                Mark(offset=478, data=b"\x00"),
                Mark(offset=494, data=b"\x00"),
                Mark(offset=510, data=b"U\xaa"),
            ),
        ),
        is_raw=True,
    ),
    Foreign(
        id="change-tracking",
        name="is a change tracking file of Hyper-V, to judge by its name; the disk stands beside it",
        next="name the disk, whose name is the same without the last suffix",
        suffixes=(".rct", ".mrt"),
    ),
    Foreign(
        id="vhd-set",
        name="is a VHD Set, to judge by its name; it only names the .avhdx that holds the disk",
        next="name the .avhdx beside it",
        suffixes=(".vhds",),
    ),
    Foreign(id="empty", name="is empty", next="copy or download the file again; nothing of it has arrived", fill=""),
    Foreign(
        id="zeros",
        name="holds nothing but zeros where a VHDX begins and where the file ends",
        next=(
            "copy or download the file again; most likely only its length has arrived; if it is a raw image, `vhdx "
            "convert --from raw {file} new.vhdx` makes a VHDX of it"
        ),
        fill="00",
        is_raw=True,
    ),
    Foreign(
        id="one-byte",
        name="holds one and the same byte throughout its start and its end",
        next="copy the file again; this is how erased flash memory and the stand-in for unreadable sectors look",
        fill="any",
        is_raw=True,
    ),
)
