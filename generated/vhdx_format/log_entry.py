# This is a generated file! Please edit source .ksy file and use kaitai-struct-compiler to rebuild
# type: ignore

import kaitaistruct
from kaitaistruct import KaitaiStruct, KaitaiStream, BytesIO
from . import ms_guid
import collections


if getattr(kaitaistruct, 'API_VERSION', (0, 9)) < (0, 11):
    raise Exception("Incompatible Kaitai Struct Python API: 0.11 or later is required, but you have %s" % (kaitaistruct.__version__))

class LogEntry(KaitaiStruct):
    """One entry of the log, as a contiguous piece: descriptor sectors, then one data sector for each data descriptor. On disk
    an entry starts at a multiple of 4 KiB of the log and may wrap past the log's end; whoever parses it joins the parts
    first.
    
    .. seealso::
       MS-VHDX 2.3.1
    """
    SEQ_FIELDS = ["header", "descriptors", "padding", "data_sectors"]
    def __init__(self, _io, _parent=None, _root=None):
        super(LogEntry, self).__init__(_io)
        self._parent = _parent
        self._root = _root or self
        self._debug = collections.defaultdict(dict)

    def _read(self):
        self._debug['header']['start'] = self._io.pos()
        self.header = LogEntry.LogEntryHeader(self._io, self, self._root)
        self.header._read()
        self._debug['header']['end'] = self._io.pos()
        self._debug['descriptors']['start'] = self._io.pos()
        self._debug['descriptors']['arr'] = []
        self._raw_descriptors = []
        self.descriptors = []
        for i in range(self.header.descriptor_count):
            self._debug['descriptors']['arr'].append({'start': self._io.pos()})
            self._raw_descriptors.append(self._io.read_bytes(self.header.log_descriptor_size))
            _io__raw_descriptors = KaitaiStream(BytesIO(self._raw_descriptors[i]))
            _t_descriptors = LogEntry.LogDescriptor(_io__raw_descriptors, self, self._root)
            try:
                _t_descriptors._read()
            finally:
                self.descriptors.append(_t_descriptors)
            self._debug['descriptors']['arr'][i]['end'] = self._io.pos()

        self._debug['descriptors']['end'] = self._io.pos()
        self._debug['padding']['start'] = self._io.pos()
        self.padding = self._io.read_bytes((self.header.descriptor_area_size - self.header.log_entry_header_size) - self.header.log_descriptor_size * self.header.descriptor_count)
        self._debug['padding']['end'] = self._io.pos()
        self._debug['data_sectors']['start'] = self._io.pos()
        self._debug['data_sectors']['arr'] = []
        self._raw_data_sectors = []
        self.data_sectors = []
        for i in range((self.header.entry_length - self.header.descriptor_area_size) // self.header.log_sector_size):
            self._debug['data_sectors']['arr'].append({'start': self._io.pos()})
            self._raw_data_sectors.append(self._io.read_bytes(self.header.log_sector_size))
            _io__raw_data_sectors = KaitaiStream(BytesIO(self._raw_data_sectors[i]))
            _t_data_sectors = LogEntry.DataSector(_io__raw_data_sectors, self, self._root)
            try:
                _t_data_sectors._read()
            finally:
                self.data_sectors.append(_t_data_sectors)
            self._debug['data_sectors']['arr'][i]['end'] = self._io.pos()

        self._debug['data_sectors']['end'] = self._io.pos()


    def _fetch_instances(self):
        pass
        self.header._fetch_instances()
        for i in range(len(self.descriptors)):
            pass
            self.descriptors[i]._fetch_instances()

        for i in range(len(self.data_sectors)):
            pass
            self.data_sectors[i]._fetch_instances()


    class DataDescriptor(KaitaiStruct):
        """Replaces 4 KiB of the file. The first 8 and last 4 of the new bytes are here, the rest is in the data sector.
        
        .. seealso::
           MS-VHDX 2.3.1.3
        """
        SEQ_FIELDS = ["signature", "trailing_bytes", "leading_bytes", "file_offset", "sequence_number"]
        def __init__(self, _io, _parent=None, _root=None):
            super(LogEntry.DataDescriptor, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['signature']['start'] = self._io.pos()
            self.signature = self._io.read_bytes(4)
            self._debug['signature']['end'] = self._io.pos()
            self._debug['trailing_bytes']['start'] = self._io.pos()
            self.trailing_bytes = self._io.read_bytes(4)
            self._debug['trailing_bytes']['end'] = self._io.pos()
            self._debug['leading_bytes']['start'] = self._io.pos()
            self.leading_bytes = self._io.read_bytes(8)
            self._debug['leading_bytes']['end'] = self._io.pos()
            self._debug['file_offset']['start'] = self._io.pos()
            self.file_offset = self._io.read_u8le()
            self._debug['file_offset']['end'] = self._io.pos()
            self._debug['sequence_number']['start'] = self._io.pos()
            self.sequence_number = self._io.read_u8le()
            self._debug['sequence_number']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass

        @property
        def file_offset_is_aligned(self):
            """What a descriptor updates starts at a multiple of 4 KiB."""
            if hasattr(self, '_m_file_offset_is_aligned'):
                return self._m_file_offset_is_aligned

            self._m_file_offset_is_aligned = self.file_offset % self.log_sector_size == 0
            return getattr(self, '_m_file_offset_is_aligned', None)

        @property
        def file_offset_is_past_headers(self):
            """No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log."""
            if hasattr(self, '_m_file_offset_is_past_headers'):
                return self._m_file_offset_is_past_headers

            self._m_file_offset_is_past_headers = self.file_offset >= self.region_table_1_offset
            return getattr(self, '_m_file_offset_is_past_headers', None)

        @property
        def log_sector_size(self):
            if hasattr(self, '_m_log_sector_size'):
                return self._m_log_sector_size

            self._m_log_sector_size = 4096
            return getattr(self, '_m_log_sector_size', None)

        @property
        def region_table_1_offset(self):
            if hasattr(self, '_m_region_table_1_offset'):
                return self._m_region_table_1_offset

            self._m_region_table_1_offset = 196608
            return getattr(self, '_m_region_table_1_offset', None)


    class DataSector(KaitaiStruct):
        """The 4084 middle bytes of an update between two halves of the sequence number, so that a torn write shows.
        
        .. seealso::
           MS-VHDX 2.3.1.4
        """
        SEQ_FIELDS = ["signature", "sequence_high", "data", "sequence_low"]
        def __init__(self, _io, _parent=None, _root=None):
            super(LogEntry.DataSector, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['signature']['start'] = self._io.pos()
            self.signature = self._io.read_bytes(4)
            self._debug['signature']['end'] = self._io.pos()
            self._debug['sequence_high']['start'] = self._io.pos()
            self.sequence_high = self._io.read_u4le()
            self._debug['sequence_high']['end'] = self._io.pos()
            self._debug['data']['start'] = self._io.pos()
            self.data = self._io.read_bytes(4084)
            self._debug['data']['end'] = self._io.pos()
            self._debug['sequence_low']['start'] = self._io.pos()
            self.sequence_low = self._io.read_u4le()
            self._debug['sequence_low']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass

        @property
        def expected_signature(self):
            if hasattr(self, '_m_expected_signature'):
                return self._m_expected_signature

            self._m_expected_signature = b"\x64\x61\x74\x61"
            return getattr(self, '_m_expected_signature', None)

        @property
        def sequence_number(self):
            """The two halves joined."""
            if hasattr(self, '_m_sequence_number'):
                return self._m_sequence_number

            self._m_sequence_number = self.sequence_high * 4294967296 + self.sequence_low
            return getattr(self, '_m_sequence_number', None)

        @property
        def signature_is_data(self):
            """A data sector begins with the four characters "data"."""
            if hasattr(self, '_m_signature_is_data'):
                return self._m_signature_is_data

            self._m_signature_is_data = self.signature == self.expected_signature
            return getattr(self, '_m_signature_is_data', None)


    class LogDescriptor(KaitaiStruct):
        """A slot of 32 bytes that holds a zero descriptor or a data descriptor.
        
        .. seealso::
           MS-VHDX 2.3.1
        """
        SEQ_FIELDS = ["zero", "data"]
        def __init__(self, _io, _parent=None, _root=None):
            super(LogEntry.LogDescriptor, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            if self.is_zero:
                pass
                self._debug['zero']['start'] = self._io.pos()
                self.zero = LogEntry.ZeroDescriptor(self._io, self, self._root)
                self.zero._read()
                self._debug['zero']['end'] = self._io.pos()

            if self.is_data:
                pass
                self._debug['data']['start'] = self._io.pos()
                self.data = LogEntry.DataDescriptor(self._io, self, self._root)
                self.data._read()
                self._debug['data']['end'] = self._io.pos()



        def _fetch_instances(self):
            pass
            if self.is_zero:
                pass
                self.zero._fetch_instances()

            if self.is_data:
                pass
                self.data._fetch_instances()

            _ = self.signature
            if hasattr(self, '_m_signature'):
                pass


        @property
        def data_signature(self):
            if hasattr(self, '_m_data_signature'):
                return self._m_data_signature

            self._m_data_signature = b"\x64\x65\x73\x63"
            return getattr(self, '_m_data_signature', None)

        @property
        def is_data(self):
            """The slot holds a data descriptor."""
            if hasattr(self, '_m_is_data'):
                return self._m_is_data

            self._m_is_data = self.signature == self.data_signature
            return getattr(self, '_m_is_data', None)

        @property
        def is_zero(self):
            """The slot holds a zero descriptor."""
            if hasattr(self, '_m_is_zero'):
                return self._m_is_zero

            self._m_is_zero = self.signature == self.zero_signature
            return getattr(self, '_m_is_zero', None)

        @property
        def signature(self):
            """What decides the kind."""
            if hasattr(self, '_m_signature'):
                return self._m_signature

            _pos = self._io.pos()
            self._io.seek(0)
            self._debug['_m_signature']['start'] = self._io.pos()
            self._m_signature = self._io.read_bytes(4)
            self._debug['_m_signature']['end'] = self._io.pos()
            self._io.seek(_pos)
            return getattr(self, '_m_signature', None)

        @property
        def signature_is_known(self):
            """A descriptor begins with "zero" or "desc"."""
            if hasattr(self, '_m_signature_is_known'):
                return self._m_signature_is_known

            self._m_signature_is_known =  ((self.is_zero) or (self.is_data)) 
            return getattr(self, '_m_signature_is_known', None)

        @property
        def zero_signature(self):
            if hasattr(self, '_m_zero_signature'):
                return self._m_zero_signature

            self._m_zero_signature = b"\x7A\x65\x72\x6F"
            return getattr(self, '_m_zero_signature', None)


    class LogEntryHeader(KaitaiStruct):
        """Says how long the entry is, where in the sequence it stands and how far back the sequence reaches.
        
        .. seealso::
           MS-VHDX 2.3.1.1
        """
        SEQ_FIELDS = ["signature", "checksum", "entry_length", "tail", "sequence_number", "descriptor_count", "reserved", "log_guid", "flushed_file_offset", "last_file_offset"]
        def __init__(self, _io, _parent=None, _root=None):
            super(LogEntry.LogEntryHeader, self).__init__(_io)
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
            self._debug['entry_length']['start'] = self._io.pos()
            self.entry_length = self._io.read_u4le()
            self._debug['entry_length']['end'] = self._io.pos()
            self._debug['tail']['start'] = self._io.pos()
            self.tail = self._io.read_u4le()
            self._debug['tail']['end'] = self._io.pos()
            self._debug['sequence_number']['start'] = self._io.pos()
            self.sequence_number = self._io.read_u8le()
            self._debug['sequence_number']['end'] = self._io.pos()
            self._debug['descriptor_count']['start'] = self._io.pos()
            self.descriptor_count = self._io.read_u4le()
            self._debug['descriptor_count']['end'] = self._io.pos()
            self._debug['reserved']['start'] = self._io.pos()
            self.reserved = self._io.read_u4le()
            self._debug['reserved']['end'] = self._io.pos()
            self._debug['log_guid']['start'] = self._io.pos()
            self.log_guid = ms_guid.MsGuid(self._io)
            self.log_guid._read()
            self._debug['log_guid']['end'] = self._io.pos()
            self._debug['flushed_file_offset']['start'] = self._io.pos()
            self.flushed_file_offset = self._io.read_u8le()
            self._debug['flushed_file_offset']['end'] = self._io.pos()
            self._debug['last_file_offset']['start'] = self._io.pos()
            self.last_file_offset = self._io.read_u8le()
            self._debug['last_file_offset']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass
            self.log_guid._fetch_instances()

        @property
        def descriptor_area_size(self):
            """Size of the sectors that hold the header and the descriptors; the data sectors follow."""
            if hasattr(self, '_m_descriptor_area_size'):
                return self._m_descriptor_area_size

            self._m_descriptor_area_size = ((((self.log_entry_header_size + self.log_descriptor_size * self.descriptor_count) + self.log_sector_size) - 1) // self.log_sector_size) * self.log_sector_size
            return getattr(self, '_m_descriptor_area_size', None)

        @property
        def descriptors_fit(self):
            """Header and descriptors fit into the entry. An entry without descriptors is fine."""
            if hasattr(self, '_m_descriptors_fit'):
                return self._m_descriptors_fit

            self._m_descriptors_fit =  ((self.entry_length >= self.log_entry_header_size) and (self.descriptor_count <= (self.entry_length - self.log_entry_header_size) // self.log_descriptor_size)) 
            return getattr(self, '_m_descriptors_fit', None)

        @property
        def entry_length_is_aligned(self):
            """An entry's length is a multiple of 4 KiB."""
            if hasattr(self, '_m_entry_length_is_aligned'):
                return self._m_entry_length_is_aligned

            self._m_entry_length_is_aligned = self.entry_length % self.log_sector_size == 0
            return getattr(self, '_m_entry_length_is_aligned', None)

        @property
        def expected_signature(self):
            if hasattr(self, '_m_expected_signature'):
                return self._m_expected_signature

            self._m_expected_signature = b"\x6C\x6F\x67\x65"
            return getattr(self, '_m_expected_signature', None)

        @property
        def flushed_file_offset_is_aligned(self):
            """FlushedFileOffset is a whole number of MiB."""
            if hasattr(self, '_m_flushed_file_offset_is_aligned'):
                return self._m_flushed_file_offset_is_aligned

            self._m_flushed_file_offset_is_aligned = self.flushed_file_offset % self.object_alignment == 0
            return getattr(self, '_m_flushed_file_offset_is_aligned', None)

        @property
        def last_file_offset_is_aligned(self):
            """LastFileOffset is a whole number of MiB."""
            if hasattr(self, '_m_last_file_offset_is_aligned'):
                return self._m_last_file_offset_is_aligned

            self._m_last_file_offset_is_aligned = self.last_file_offset % self.object_alignment == 0
            return getattr(self, '_m_last_file_offset_is_aligned', None)

        @property
        def log_descriptor_size(self):
            if hasattr(self, '_m_log_descriptor_size'):
                return self._m_log_descriptor_size

            self._m_log_descriptor_size = 32
            return getattr(self, '_m_log_descriptor_size', None)

        @property
        def log_entry_header_size(self):
            if hasattr(self, '_m_log_entry_header_size'):
                return self._m_log_entry_header_size

            self._m_log_entry_header_size = 64
            return getattr(self, '_m_log_entry_header_size', None)

        @property
        def log_sector_size(self):
            if hasattr(self, '_m_log_sector_size'):
                return self._m_log_sector_size

            self._m_log_sector_size = 4096
            return getattr(self, '_m_log_sector_size', None)

        @property
        def object_alignment(self):
            if hasattr(self, '_m_object_alignment'):
                return self._m_object_alignment

            self._m_object_alignment = 1048576
            return getattr(self, '_m_object_alignment', None)

        @property
        def reserved_is_zero(self):
            """The reserved word of an entry header is zero."""
            if hasattr(self, '_m_reserved_is_zero'):
                return self._m_reserved_is_zero

            self._m_reserved_is_zero = self.reserved == 0
            return getattr(self, '_m_reserved_is_zero', None)

        @property
        def sequence_number_is_positive(self):
            """Sequence numbers of entries start above 0."""
            if hasattr(self, '_m_sequence_number_is_positive'):
                return self._m_sequence_number_is_positive

            self._m_sequence_number_is_positive = self.sequence_number > 0
            return getattr(self, '_m_sequence_number_is_positive', None)

        @property
        def signature_is_loge(self):
            """An entry begins with the four characters "loge"."""
            if hasattr(self, '_m_signature_is_loge'):
                return self._m_signature_is_loge

            self._m_signature_is_loge = self.signature == self.expected_signature
            return getattr(self, '_m_signature_is_loge', None)

        @property
        def tail_is_aligned(self):
            """Tail is a multiple of 4 KiB."""
            if hasattr(self, '_m_tail_is_aligned'):
                return self._m_tail_is_aligned

            self._m_tail_is_aligned = self.tail % self.log_sector_size == 0
            return getattr(self, '_m_tail_is_aligned', None)


    class ZeroDescriptor(KaitaiStruct):
        """Sets a range of the file to zero.
        
        .. seealso::
           MS-VHDX 2.3.1.2
        """
        SEQ_FIELDS = ["signature", "reserved", "zero_length", "file_offset", "sequence_number"]
        def __init__(self, _io, _parent=None, _root=None):
            super(LogEntry.ZeroDescriptor, self).__init__(_io)
            self._parent = _parent
            self._root = _root
            self._debug = collections.defaultdict(dict)

        def _read(self):
            self._debug['signature']['start'] = self._io.pos()
            self.signature = self._io.read_bytes(4)
            self._debug['signature']['end'] = self._io.pos()
            self._debug['reserved']['start'] = self._io.pos()
            self.reserved = self._io.read_u4le()
            self._debug['reserved']['end'] = self._io.pos()
            self._debug['zero_length']['start'] = self._io.pos()
            self.zero_length = self._io.read_u8le()
            self._debug['zero_length']['end'] = self._io.pos()
            self._debug['file_offset']['start'] = self._io.pos()
            self.file_offset = self._io.read_u8le()
            self._debug['file_offset']['end'] = self._io.pos()
            self._debug['sequence_number']['start'] = self._io.pos()
            self.sequence_number = self._io.read_u8le()
            self._debug['sequence_number']['end'] = self._io.pos()


        def _fetch_instances(self):
            pass

        @property
        def file_offset_is_aligned(self):
            """What a descriptor updates starts at a multiple of 4 KiB."""
            if hasattr(self, '_m_file_offset_is_aligned'):
                return self._m_file_offset_is_aligned

            self._m_file_offset_is_aligned = self.file_offset % self.log_sector_size == 0
            return getattr(self, '_m_file_offset_is_aligned', None)

        @property
        def file_offset_is_past_headers(self):
            """No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log."""
            if hasattr(self, '_m_file_offset_is_past_headers'):
                return self._m_file_offset_is_past_headers

            self._m_file_offset_is_past_headers = self.file_offset >= self.region_table_1_offset
            return getattr(self, '_m_file_offset_is_past_headers', None)

        @property
        def log_sector_size(self):
            if hasattr(self, '_m_log_sector_size'):
                return self._m_log_sector_size

            self._m_log_sector_size = 4096
            return getattr(self, '_m_log_sector_size', None)

        @property
        def region_table_1_offset(self):
            if hasattr(self, '_m_region_table_1_offset'):
                return self._m_region_table_1_offset

            self._m_region_table_1_offset = 196608
            return getattr(self, '_m_region_table_1_offset', None)

        @property
        def reserved_is_zero(self):
            """The reserved word of a zero descriptor is zero."""
            if hasattr(self, '_m_reserved_is_zero'):
                return self._m_reserved_is_zero

            self._m_reserved_is_zero = self.reserved == 0
            return getattr(self, '_m_reserved_is_zero', None)

        @property
        def zero_length_is_aligned(self):
            """The length of a zeroed range is a multiple of 4 KiB."""
            if hasattr(self, '_m_zero_length_is_aligned'):
                return self._m_zero_length_is_aligned

            self._m_zero_length_is_aligned = self.zero_length % self.log_sector_size == 0
            return getattr(self, '_m_zero_length_is_aligned', None)



