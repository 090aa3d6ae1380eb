# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
from . import ms_guid
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class RegionTable(KaitaiStruct):
    """Says where the BAT, the metadata and any further region lie. Stored twice, 64 KiB each, alike in a healthy file.
    
    .. seealso::
       MS-VHDX 2.2.3
    """
    SEQ_FIELDS = ["header", "entries", "unused"]
    def __init__(self, _io, _parent=None, _root=None):
        super(RegionTable, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['header']['start'] = self._io.pos()
        self.header = RegionTable.RegionTableHeader(self._io, self, self._root)
        self.header._read()
        self._debug['header']['end'] = self._io.pos()
        self._debug['entries']['start'] = self._io.pos()
        self._debug['entries']['arr'] = []
        self.entries = []
        for i in range((self.header.entry_count if self.header.entry_count < self.header.entries_max else self.header.entries_max)):
            self._debug['entries']['arr'].append({'start': self._io.pos()})
            _t_entries = RegionTable.RegionTableEntry(self._io, self, self._root)
            try:
                _t_entries._read()
            finally:
                self.entries.append(_t_entries)
            self._debug['entries']['arr'][i]['end'] = self._io.pos()

        self._debug['entries']['end'] = self._io.pos()
        self._debug['unused']['start'] = self._io.pos()
        self.unused = self._io.read_bytes_full()
        self._debug['unused']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass
        self.header._fetch_instances()
        for i in range(len(self.entries)):
            pass
            self.entries[i]._fetch_instances()


    class RegionTableEntry(KaitaiStruct):
        """Names one region and says where it lies.
        
        .. seealso::
           MS-VHDX 2.2.3.2
        """
        SEQ_FIELDS = ["guid", "file_offset", "length", "required", "reserved"]
        def __init__(self, _io, _parent=None, _root=None):
            super(RegionTable.RegionTableEntry, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['guid']['start'] = self._io.pos()
            self.guid = ms_guid.MsGuid(self._io)
            self.guid._read()
            self._debug['guid']['end'] = self._io.pos()
            self._debug['file_offset']['start'] = self._io.pos()
            self.file_offset = self._io.read_u8le()
            self._debug['file_offset']['end'] = self._io.pos()
            self._debug['length']['start'] = self._io.pos()
            self.length = self._io.read_u4le()
            self._debug['length']['end'] = self._io.pos()
            self._debug['required']['start'] = self._io.pos()
            self.required = self._io.read_bits_int_le(1) != 0
            self._debug['required']['end'] = self._io.pos()
            self._debug['reserved']['start'] = self._io.pos()
            self.reserved = self._io.read_bits_int_le(31)
            self._debug['reserved']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            self.guid._fetch_instances()

        @property
        def bat_guid(self):
            if hasattr(self, '_m_bat_guid'):
                return self._m_bat_guid

            self._m_bat_guid = b"\x66\x77\xC2\x2D\x23\xF6\x00\x42\x9D\x64\x11\x5E\x9B\xFD\x4A\x08"
            return getattr(self, '_m_bat_guid', None)

        @property
        def file_offset_is_after_header_section(self):
            """A region starts behind the header section, at 1 MiB or later."""
            if hasattr(self, '_m_file_offset_is_after_header_section'):
                return self._m_file_offset_is_after_header_section

            self._m_file_offset_is_after_header_section = self.file_offset >= self.header_section_size
            return getattr(self, '_m_file_offset_is_after_header_section', None)

        @property
        def file_offset_is_aligned(self):
            """A region starts at a whole number of MiB."""
            if hasattr(self, '_m_file_offset_is_aligned'):
                return self._m_file_offset_is_aligned

            self._m_file_offset_is_aligned = self.file_offset % self.object_alignment == 0
            return getattr(self, '_m_file_offset_is_aligned', None)

        @property
        def header_section_size(self):
            if hasattr(self, '_m_header_section_size'):
                return self._m_header_section_size

            self._m_header_section_size = 1048576
            return getattr(self, '_m_header_section_size', None)

        @property
        def is_bat(self):
            """The entry names the BAT region."""
            if hasattr(self, '_m_is_bat'):
                return self._m_is_bat

            self._m_is_bat = self.guid.raw == self.bat_guid
            return getattr(self, '_m_is_bat', None)

        @property
        def is_known(self):
            """The entry names a region that the specification defines."""
            if hasattr(self, '_m_is_known'):
                return self._m_is_known

            self._m_is_known =  ((self.is_bat) or (self.is_metadata)) 
            return getattr(self, '_m_is_known', None)

        @property
        def is_metadata(self):
            """The entry names the metadata region."""
            if hasattr(self, '_m_is_metadata'):
                return self._m_is_metadata

            self._m_is_metadata = self.guid.raw == self.metadata_guid
            return getattr(self, '_m_is_metadata', None)

        @property
        def known_is_required(self):
            """The BAT and the metadata are marked as required. QEMU leaves the mark out."""
            if hasattr(self, '_m_known_is_required'):
                return self._m_known_is_required

            self._m_known_is_required =  (((not (self.is_known))) or (self.required)) 
            return getattr(self, '_m_known_is_required', None)

        @property
        def length_is_aligned(self):
            """A region's size is a whole number of MiB."""
            if hasattr(self, '_m_length_is_aligned'):
                return self._m_length_is_aligned

            self._m_length_is_aligned = self.length % self.object_alignment == 0
            return getattr(self, '_m_length_is_aligned', None)

        @property
        def length_is_not_zero(self):
            """A region is not empty."""
            if hasattr(self, '_m_length_is_not_zero'):
                return self._m_length_is_not_zero

            self._m_length_is_not_zero = self.length > 0
            return getattr(self, '_m_length_is_not_zero', None)

        @property
        def metadata_guid(self):
            if hasattr(self, '_m_metadata_guid'):
                return self._m_metadata_guid

            self._m_metadata_guid = b"\x06\xA2\x7C\x8B\x90\x47\x9A\x4B\xB8\xFE\x57\x5F\x05\x0F\x88\x6E"
            return getattr(self, '_m_metadata_guid', None)

        @property
        def metadata_holds_its_table(self):
            """The metadata region has room for its table of 64 KiB. Other regions are not asked."""
            if hasattr(self, '_m_metadata_holds_its_table'):
                return self._m_metadata_holds_its_table

            self._m_metadata_holds_its_table =  (((not (self.is_metadata))) or (self.length >= self.metadata_table_size)) 
            return getattr(self, '_m_metadata_holds_its_table', None)

        @property
        def metadata_table_size(self):
            if hasattr(self, '_m_metadata_table_size'):
                return self._m_metadata_table_size

            self._m_metadata_table_size = 65536
            return getattr(self, '_m_metadata_table_size', None)

        @property
        def object_alignment(self):
            if hasattr(self, '_m_object_alignment'):
                return self._m_object_alignment

            self._m_object_alignment = 1048576
            return getattr(self, '_m_object_alignment', None)

        @property
        def required_is_known(self):
            """A region marked as required is one that we know."""
            if hasattr(self, '_m_required_is_known'):
                return self._m_required_is_known

            self._m_required_is_known =  (((not (self.required))) or (self.is_known)) 
            return getattr(self, '_m_required_is_known', None)

        @property
        def required_is_one_bit(self):
            """The word that holds Required is 0 or 1."""
            if hasattr(self, '_m_required_is_one_bit'):
                return self._m_required_is_one_bit

            self._m_required_is_one_bit = self.reserved == 0
            return getattr(self, '_m_required_is_one_bit', None)


    class RegionTableHeader(KaitaiStruct):
        """The first 16 bytes of a region table.
        
        .. seealso::
           MS-VHDX 2.2.3.1
        """
        SEQ_FIELDS = ["signature", "checksum", "entry_count", "reserved"]
        def __init__(self, _io, _parent=None, _root=None):
            super(RegionTable.RegionTableHeader, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['signature']['start'] = self._io.pos()
            self.signature = self._io.read_bytes(4)
            self._debug['signature']['end'] = self._io.pos()
            self._debug['checksum']['start'] = self._io.pos()
            self.checksum = self._io.read_u4le()
            self._debug['checksum']['end'] = self._io.pos()
            self._debug['entry_count']['start'] = self._io.pos()
            self.entry_count = self._io.read_u4le()
            self._debug['entry_count']['end'] = self._io.pos()
            self._debug['reserved']['start'] = self._io.pos()
            self.reserved = self._io.read_u4le()
            self._debug['reserved']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass

        @property
        def entries_max(self):
            if hasattr(self, '_m_entries_max'):
                return self._m_entries_max

            self._m_entries_max = 2047
            return getattr(self, '_m_entries_max', None)

        @property
        def entry_count_fits(self):
            """The table lists no more entries than fit into its 64 KiB, 2047."""
            if hasattr(self, '_m_entry_count_fits'):
                return self._m_entry_count_fits

            self._m_entry_count_fits = self.entry_count <= self.entries_max
            return getattr(self, '_m_entry_count_fits', None)

        @property
        def expected_signature(self):
            if hasattr(self, '_m_expected_signature'):
                return self._m_expected_signature

            self._m_expected_signature = b"\x72\x65\x67\x69"
            return getattr(self, '_m_expected_signature', None)

        @property
        def reserved_is_zero(self):
            """The reserved word of the table header is zero."""
            if hasattr(self, '_m_reserved_is_zero'):
                return self._m_reserved_is_zero

            self._m_reserved_is_zero = self.reserved == 0
            return getattr(self, '_m_reserved_is_zero', None)

        @property
        def signature_is_regi(self):
            """The region table begins with the four characters "regi"."""
            if hasattr(self, '_m_signature_is_regi'):
                return self._m_signature_is_regi

            self._m_signature_is_regi = self.signature == self.expected_signature
            return getattr(self, '_m_signature_is_regi', None)



