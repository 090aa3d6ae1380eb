# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
from enum import IntEnum
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class BatEntry(KaitaiStruct):
    """One 64-bit word of the block allocation table. After each chunk's payload block entries stands one entry for the
    chunk's sector bitmap block; the word is the same, the meaning of its state is not.
    
    .. seealso::
       MS-VHDX 2.5.1
    """

    class PayloadBlockState(IntEnum):
        not_present = 0
        undefined = 1
        zero = 2
        unmapped = 3
        unmapped_v095 = 5
        fully_present = 6
        partially_present = 7

    class SectorBitmapBlockState(IntEnum):
        not_present = 0
        present = 6
    SEQ_FIELDS = ["state", "reserved", "file_offset_mb_low", "file_offset_mb_high"]
    def __init__(self, _io, _parent=None, _root=None):
        super(BatEntry, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['state']['start'] = self._io.pos()
        self.state = self._io.read_bits_int_le(3)
        self._debug['state']['end'] = self._io.pos()
        self._debug['reserved']['start'] = self._io.pos()
        self.reserved = self._io.read_bits_int_le(17)
        self._debug['reserved']['end'] = self._io.pos()
        self._debug['file_offset_mb_low']['start'] = self._io.pos()
        self.file_offset_mb_low = self._io.read_bits_int_le(12)
        self._debug['file_offset_mb_low']['end'] = self._io.pos()
        self._debug['file_offset_mb_high']['start'] = self._io.pos()
        self.file_offset_mb_high = self._io.read_bits_int_le(32)
        self._debug['file_offset_mb_high']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass

    @property
    def allocated_offset_is_set(self):
        """A block that is in the file lies at 1 MiB or later; offset 0 is no place."""
        if hasattr(self, '_m_allocated_offset_is_set'):
            return self._m_allocated_offset_is_set

        self._m_allocated_offset_is_set =  (((not (self.is_allocated))) or (self.file_offset_mb >= 1)) 
        return getattr(self, '_m_allocated_offset_is_set', None)

    @property
    def file_offset_mb(self):
        """File offset of the block in MiB; reserved in states that hold no data."""
        if hasattr(self, '_m_file_offset_mb'):
            return self._m_file_offset_mb

        self._m_file_offset_mb = self.file_offset_mb_high * 4096 + self.file_offset_mb_low
        return getattr(self, '_m_file_offset_mb', None)

    @property
    def fixed_is_present(self):
        """In a fixed file every block is fully present. Others are tolerated; qemu-img makes them."""
        if hasattr(self, '_m_fixed_is_present'):
            return self._m_fixed_is_present

        self._m_fixed_is_present = self.state == int(BatEntry.PayloadBlockState.fully_present)
        return getattr(self, '_m_fixed_is_present', None)

    @property
    def is_allocated(self):
        """The entry's file offset counts. State 6 means so of both kinds of entry."""
        if hasattr(self, '_m_is_allocated'):
            return self._m_is_allocated

        self._m_is_allocated =  ((self.state == int(BatEntry.PayloadBlockState.fully_present)) or (self.state == int(BatEntry.PayloadBlockState.partially_present))) 
        return getattr(self, '_m_is_allocated', None)

    @property
    def not_partially_present(self):
        """Only a differencing file has partially present blocks."""
        if hasattr(self, '_m_not_partially_present'):
            return self._m_not_partially_present

        self._m_not_partially_present = self.state != int(BatEntry.PayloadBlockState.partially_present)
        return getattr(self, '_m_not_partially_present', None)

    @property
    def payload_state(self):
        """The state, where the entry belongs to a payload block."""
        if hasattr(self, '_m_payload_state'):
            return self._m_payload_state

        self._m_payload_state = KaitaiStream.resolve_enum(BatEntry.PayloadBlockState, self.state)
        return getattr(self, '_m_payload_state', None)

    @property
    def payload_state_is_defined(self):
        """The state of a payload block is one that the specification defines: 4 and 5 are not."""
        if hasattr(self, '_m_payload_state_is_defined'):
            return self._m_payload_state_is_defined

        self._m_payload_state_is_defined =  ((self.state != 4) and (self.state != int(BatEntry.PayloadBlockState.unmapped_v095))) 
        return getattr(self, '_m_payload_state_is_defined', None)

    @property
    def reserved_is_zero(self):
        """Bits 3 to 19 of an entry are zero."""
        if hasattr(self, '_m_reserved_is_zero'):
            return self._m_reserved_is_zero

        self._m_reserved_is_zero = self.reserved == 0
        return getattr(self, '_m_reserved_is_zero', None)

    @property
    def sector_bitmap_is_absent(self):
        """Only a differencing file has sector bitmap blocks."""
        if hasattr(self, '_m_sector_bitmap_is_absent'):
            return self._m_sector_bitmap_is_absent

        self._m_sector_bitmap_is_absent = self.state == int(BatEntry.SectorBitmapBlockState.not_present)
        return getattr(self, '_m_sector_bitmap_is_absent', None)

    @property
    def sector_bitmap_state(self):
        """The state, where the entry belongs to a sector bitmap block."""
        if hasattr(self, '_m_sector_bitmap_state'):
            return self._m_sector_bitmap_state

        self._m_sector_bitmap_state = KaitaiStream.resolve_enum(BatEntry.SectorBitmapBlockState, self.state)
        return getattr(self, '_m_sector_bitmap_state', None)

    @property
    def sector_bitmap_state_is_defined(self):
        """The state of a sector bitmap block is 0 or 6."""
        if hasattr(self, '_m_sector_bitmap_state_is_defined'):
            return self._m_sector_bitmap_state_is_defined

        self._m_sector_bitmap_state_is_defined =  ((self.state == int(BatEntry.SectorBitmapBlockState.not_present)) or (self.state == int(BatEntry.SectorBitmapBlockState.present))) 
        return getattr(self, '_m_sector_bitmap_state_is_defined', None)

    @property
    def unused_offset_is_zero(self):
        """An entry of a block that is not present, or zero, has no file offset."""
        if hasattr(self, '_m_unused_offset_is_zero'):
            return self._m_unused_offset_is_zero

        self._m_unused_offset_is_zero =  ((self.file_offset_mb == 0) or ( ((self.state != int(BatEntry.PayloadBlockState.not_present)) and (self.state != int(BatEntry.PayloadBlockState.zero))) )) 
        return getattr(self, '_m_unused_offset_is_zero', None)


